/* Metric math as customers write it. */
#include "../metric_math.h"

static bool named(void *context, str id, struct math_value *value, str *problem) {
    struct series *s = context;
    *problem = S("Undefined");
    *value = (struct math_value){.type = MATH_SERIES, .v = s, .n = 1};
    return id.n && *id.p == 'm';
}

static bool metrics(void *context, str part, struct math_value *value, str *problem) {
    (void)part, (void)problem;
    *value = (struct math_value){.type = MATH_ARRAY, .v = context, .n = 2};
    return true;
}

static bool search(void *context, str text, str statistic, i64 period_s, struct math_value *value, str *problem) {
    (void)text, (void)statistic;
    ASSERT(period_s >= 0 && period_s <= 86400);
    return metrics(context, text, value, problem);
}

static bool band(void *context, str id, double width, struct math_value *value, str *problem) {
    ASSERT(id.n && width > 0);
    return metrics(context, id, value, problem);
}

static bool insight(void *context, str rule, str metric, struct math_value *value, str *problem) {
    (void)metric;
    return metrics(context, rule, value, problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    i64 at[] = {0, 60000};
    double v[] = {1, -2};
    struct series both[] = {{at, v, 2, 60000, {"m1", 2}}, {at, v, 1, 60000, {"m2", 2}}};
    struct math_world world = {named, metrics, search, band, insight, both, 0, 300000, 60000};
    struct math_value value;
    str problem;
    bool done = math_evaluate(&a, (str){(const char *)bytes, n}, &world, &value, &problem);
    ASSERT(done != (problem.p != NULL));
    for (u32 i = 0; done && value.type != MATH_SCALAR && i < value.n; i++)
        for (u32 j = 1; j < value.v[i].n; j++) ASSERT(value.v[i].at[j - 1] < value.v[i].at[j]);
    arena_free(&a);
    return 0;
}
