#include <iostream>

#include "beat_core.h"
#include "parameters.h"


void beat_core(
    input_t features[126], input4_t state[24],
    layer21_t layer21_out[2], layer17_t layer17_out[24]
) {

    // hls-fpga-machine-learning insert IO
    #pragma HLS ARRAY_RESHAPE variable=features complete dim=0
    #pragma HLS ARRAY_RESHAPE variable=state complete dim=0
    #pragma HLS ARRAY_PARTITION variable=layer21_out complete dim=0
    #pragma HLS ARRAY_PARTITION variable=layer17_out complete dim=0
    #pragma HLS INTERFACE ap_vld port=features,state,layer21_out,layer17_out 
    #pragma HLS PIPELINE

    // hls-fpga-machine-learning insert load weights
#ifndef __SYNTHESIS__
    static bool loaded_weights = false;
    if (!loaded_weights) {
        nnet::load_weights_from_txt<weight2_t, 4032>(w2, "w2.txt");
        nnet::load_weights_from_txt<bias2_t, 32>(b2, "b2.txt");
        nnet::load_weights_from_txt<weight8_t, 1344>(w8, "w8.txt");
        nnet::load_weights_from_txt<bias8_t, 24>(b8, "b8.txt");
        nnet::load_weights_from_txt<weight10_t, 1344>(w10, "w10.txt");
        nnet::load_weights_from_txt<bias10_t, 24>(b10, "b10.txt");
        nnet::load_weights_from_txt<weight19_t, 112>(w19, "w19.txt");
        nnet::load_weights_from_txt<bias19_t, 2>(b19, "b19.txt");
        loaded_weights = true;    }
#endif
    // ****************************************
    // NETWORK INSTANTIATION
    // ****************************************

    // hls-fpga-machine-learning insert layers

    layer2_t layer2_out[32];
    #pragma HLS ARRAY_PARTITION variable=layer2_out complete dim=0

    layer5_t layer5_out[32];
    #pragma HLS ARRAY_PARTITION variable=layer5_out complete dim=0

    layer6_t layer6_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer6_out complete dim=0

    layer7_t layer7_out[56];
    #pragma HLS ARRAY_PARTITION variable=layer7_out complete dim=0

    layer8_t layer8_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer8_out complete dim=0

    layer10_t layer10_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer10_out complete dim=0

    layer12_t layer12_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer12_out complete dim=0

    layer13_t layer13_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer13_out complete dim=0

    layer14_t layer14_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer14_out complete dim=0

    layer15_t layer15_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer15_out complete dim=0

    layer16_t layer16_out[24];
    #pragma HLS ARRAY_PARTITION variable=layer16_out complete dim=0

    layer18_t layer18_out[56];
    #pragma HLS ARRAY_PARTITION variable=layer18_out complete dim=0

    layer19_t layer19_out[2];
    #pragma HLS ARRAY_PARTITION variable=layer19_out complete dim=0

    nnet::dense<input_t, layer2_t, config2>(features, layer2_out, w2, b2); // inward
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer2_t>(layer2_out, "inward", 32);
#endif

    nnet::relu<layer2_t, layer5_t, relu_config5>(layer2_out, layer5_out); // inward_out
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer5_t>(layer5_out, "inward_out", 32);
#endif

    nnet::linear<input4_t, layer6_t, linear_config6>(state, layer6_out); // heard
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer6_t>(layer6_out, "heard", 24);
#endif

    nnet::concatenate1d<layer5_t, layer6_t, layer7_t, config7>(layer5_out, layer6_out, layer7_out); // both
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer7_t>(layer7_out, "both", 56);
#endif

    nnet::dense<layer7_t, layer8_t, config8>(layer7_out, layer8_out, w8, b8); // new
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer8_t>(layer8_out, "new", 24);
#endif

    nnet::dense<layer7_t, layer10_t, config10>(layer7_out, layer10_out, w10, b10); // gate
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer10_t>(layer10_out, "gate", 24);
#endif

    nnet::linear<layer8_t, layer12_t, linear_config12>(layer8_out, layer12_out); // new_out
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer12_t>(layer12_out, "new_out", 24);
#endif

    nnet::relu<layer10_t, layer13_t, relu_config13>(layer10_out, layer13_out); // gate_out
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer13_t>(layer13_out, "gate_out", 24);
#endif

    nnet::subtract<layer12_t, input4_t, layer14_t, config14>(layer12_out, state, layer14_out); // change
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer14_t>(layer14_out, "change", 24);
#endif

    nnet::multiply<layer13_t, layer14_t, layer15_t, config15>(layer13_out, layer14_out, layer15_out); // moved
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer15_t>(layer15_out, "moved", 24);
#endif

    nnet::add<input4_t, layer15_t, layer16_t, config16>(state, layer15_out, layer16_out); // sum
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer16_t>(layer16_out, "sum", 24);
#endif

    nnet::linear<layer16_t, layer17_t, linear_config17>(layer16_out, layer17_out); // state_out
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer17_t>(layer17_out, "state_out", 24);
#endif

    nnet::concatenate1d<layer5_t, layer17_t, layer18_t, config18>(layer5_out, layer17_out, layer18_out); // spoken
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer18_t>(layer18_out, "spoken", 56);
#endif

    nnet::dense<layer18_t, layer19_t, config19>(layer18_out, layer19_out, w19, b19); // outward
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer19_t>(layer19_out, "outward", 2);
#endif

    nnet::linear<layer19_t, layer21_t, linear_config21>(layer19_out, layer21_out); // logit
#ifndef __SYNTHESIS__
    nnet::save_layer_output<layer21_t>(layer21_out, "logit", 2);
#endif

}

