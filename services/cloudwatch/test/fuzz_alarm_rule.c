/* Rules of composite alarms as customers write them. */
#include "../alarm_rule.h"

static str state(void *context, str alarm) {
    ++*(int *)context;
    ASSERT(alarm.n);
    return S("ALARM");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    int asked = 0;
    bool value = false;
    str problem;
    struct alarm_rule_world world = {state, &asked};
    bool done = alarm_rule_evaluate(&a, (str){(const char *)bytes, n}, &world, &value, &problem);
    ASSERT(done != (problem.p != NULL));
    ASSERT(asked <= RULE_ELEMENTS_MAX);
    arena_free(&a);
    return 0;
}
