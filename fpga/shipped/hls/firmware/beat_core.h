#ifndef BEAT_CORE_H_
#define BEAT_CORE_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"


// Prototype of top level function for C-synthesis
void beat_core(
    input_t features[126], input4_t state[24],
    layer21_t layer21_out[2], layer17_t layer17_out[24]
);

// hls-fpga-machine-learning insert emulator-defines


#endif
