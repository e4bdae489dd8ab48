// hls4ml's network behind a plain function: codes in, codes out, one frame of each source.
#include <cstdint>
#include <map>
#include <string>

#include "firmware/beat_core.h"
#include "firmware/ports.h"

namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = nullptr;
size_t trace_type_size = sizeof(double);
}  // namespace nnet

extern "C" void beat_step(int32_t sources, const int8_t *features, const int16_t *state, int16_t *logit,
                          int16_t *state_after) {
    FEATURE_TYPE in[FEATURE_SIZE];
    STATE_TYPE before[STATE_SIZE];
    LOGIT_TYPE out[2];
    AFTER_TYPE after[STATE_SIZE];
    for (int32_t source = 0; source < sources; source++) {
        for (int i = 0; i < FEATURE_SIZE; i++) in[i].V = *features++;
        for (int i = 0; i < STATE_SIZE; i++) before[i].V = *state++;
        beat_core(in, before, out, after);
        for (int i = 0; i < 2; i++) *logit++ = static_cast<int16_t>(static_cast<int64_t>(out[i].V));
        for (int i = 0; i < STATE_SIZE; i++) *state_after++ = static_cast<int16_t>(static_cast<int64_t>(after[i].V));
    }
}
