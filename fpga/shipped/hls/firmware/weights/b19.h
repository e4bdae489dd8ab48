//Numpy array shape [2]
//Min -0.343750000000
//Max 0.031250000000
//Number of zeros 0

#ifndef B19_H_
#define B19_H_

#ifndef __SYNTHESIS__
bias19_t b19[2];
#else
bias19_t b19[2] = {0.03125, -0.34375};

#endif

#endif
