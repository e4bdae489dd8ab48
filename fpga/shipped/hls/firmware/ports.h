#define FEATURE_TYPE input_t
#define STATE_TYPE input4_t
#define LOGIT_TYPE layer21_t
#define AFTER_TYPE layer17_t
#define FEATURE_SIZE 126
#define STATE_SIZE 24
