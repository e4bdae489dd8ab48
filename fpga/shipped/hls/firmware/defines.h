#ifndef DEFINES_H_
#define DEFINES_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "nnet_utils/nnet_types.h"
#include <array>
#include <cstddef>
#include <cstdio>
#include <tuple>
#include <tuple>


// hls-fpga-machine-learning insert numbers

// hls-fpga-machine-learning insert layer-precision
typedef ap_fixed<8,3> input_t;
typedef ap_fixed<22,13> inward_accum_t;
typedef ap_fixed<32,12> layer2_t;
typedef ap_fixed<6,2> weight2_t;
typedef ap_fixed<8,3> bias2_t;
typedef ap_uint<1> layer2_index;
typedef ap_fixed<12,1> input4_t;
typedef ap_ufixed<6,1,AP_RND_CONV,AP_SAT,0> layer5_t;
typedef ap_fixed<18,8> inward_out_table_t;
typedef ap_fixed<6,1,AP_RND_CONV,AP_SAT,0> layer6_t;
typedef ap_fixed<18,8> heard_table_t;
typedef ap_fixed<32,12> layer7_t;
typedef ap_fixed<45,21> new_accum_t;
typedef ap_fixed<32,12> layer8_t;
typedef ap_fixed<6,2> weight8_t;
typedef ap_fixed<8,3> bias8_t;
typedef ap_uint<1> layer8_index;
typedef ap_fixed<45,21> gate_accum_t;
typedef ap_fixed<32,12> layer10_t;
typedef ap_fixed<6,2> weight10_t;
typedef ap_fixed<8,3> bias10_t;
typedef ap_uint<1> layer10_index;
typedef ap_fixed<10,1,AP_RND_CONV,AP_SAT,0> layer12_t;
typedef ap_fixed<18,8> new_out_table_t;
typedef ap_ufixed<5,0,AP_RND_CONV,AP_SAT,0> layer13_t;
typedef ap_fixed<18,8> gate_out_table_t;
typedef ap_fixed<32,12> layer14_t;
typedef ap_fixed<32,12> layer15_t;
typedef ap_fixed<32,12> layer16_t;
typedef ap_fixed<12,1,AP_RND_CONV,AP_SAT,0> layer17_t;
typedef ap_fixed<18,8> state_out_table_t;
typedef ap_fixed<32,12> layer18_t;
typedef ap_fixed<45,21> outward_accum_t;
typedef ap_fixed<32,12> layer19_t;
typedef ap_fixed<6,2> weight19_t;
typedef ap_fixed<8,3> bias19_t;
typedef ap_uint<1> layer19_index;
typedef ap_fixed<12,4,AP_RND_CONV,AP_SAT,0> layer21_t;
typedef ap_fixed<18,8> logit_table_t;

// hls-fpga-machine-learning insert emulator-defines


#endif
