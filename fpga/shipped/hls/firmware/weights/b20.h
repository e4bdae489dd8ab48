//Numpy array shape [2]
//Min -0.093750000000
//Max -0.062500000000
//Number of zeros 0

#ifndef B20_H_
#define B20_H_

#ifndef __SYNTHESIS__
bias20_t b20[2];
#else
bias20_t b20[2] = {-0.06250, -0.09375};

#endif

#endif
