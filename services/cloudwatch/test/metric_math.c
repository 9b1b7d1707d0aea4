/* Metric math: what comes of an expression over two series, with a hole in the second. */
#include "../metric_math.h"

#include "unit.h"

static i64 times[] = {0, 60000, 120000};
static double ones[] = {2, -4, 6}, twos[] = {1, 3};
static i64 holed[] = {0, 120000};
static struct series both[] = {{times, ones, 3, 60000, {"m1", 2}}, {holed, twos, 2, 60000, {"m2", 2}}};

static bool named(void *context, str id, struct math_value *value, str *problem) {
    (void)context;
    for (int i = 0; i < 2; i++)
        if (str_eq(id, both[i].id)) {
            *value = (struct math_value){.type = MATH_SERIES, .v = &both[i], .n = 1};
            return true;
        }
    *problem = S("unknown");
    return false;
}
static bool metrics(void *context, str part, struct math_value *value, str *problem) {
    (void)context, (void)part, (void)problem;
    *value = (struct math_value){.type = MATH_ARRAY, .v = both, .n = 2};
    return true;
}
static const struct math_world world = {.named = named, .metrics = metrics, .to_ms = 180000, .period_ms = 60000};

static str result(struct arena *a, const char *text) { /* "0=1 60=2", a number, or the problem */
    struct math_value v;
    str problem;
    struct buf b = buf_new(a, 4096);
    if (!math_evaluate(a, str_of(text), &world, &v, &problem)) return problem;
    if (v.type == MATH_SCALAR) return arena_format(a, "%g", v.scalar);
    for (u32 i = 0; i < v.n; i++)
        for (u32 j = 0; j < v.v[i].n; j++) buf_format(&b, "%s%lld=%g", b.n ? " " : "", (long long)v.v[i].at[j] / 1000, v.v[i].v[j]);
    return buf_str(&b);
}
#define IS(text, expected) CHECK_STR(result(&a, text), S(expected))

static void operators_bind_as_usual(void) {
    struct arena a = {0};
    IS("1 + 2 * 3", "7");
    IS("(1 + 2) * 3", "9");
    IS("-2 ^ 2", "-4");
    IS("2 < 3 AND 1 == 2", "0");
    IS("2 >= 2 || 0", "1");
    IS("m1 / 2", "0=1 60=-2 120=3");
    IS("m1 / m2", "0=2 120=2");
    IS("m1 > 0", "0=1 60=0 120=1");
    IS("m1 / 0", "");
    IS("1.5e1*2", "30");
    arena_free(&a);
}

static void functions(void) {
    struct arena a = {0};
    IS("SUM(m1)", "4");
    IS("sum([m1,m2])", "0=3 60=-4 120=9");
    IS("MAX(METRICS())", "0=2 60=-4 120=6");
    IS("AVG(METRICS('m'))", "0=1.5 60=-4 120=4.5");
    IS("FILL(m2, 0)", "0=1 60=0 120=3");
    IS("FILL(m2, REPEAT)", "0=1 60=1 120=3");
    IS("FILL(m2, LINEAR)", "0=1 60=2 120=3");
    IS("IF(m1 > 0, m1, 0)", "0=2 60=0 120=6");
    IS("IF(m1 < 0, 9)", "60=9");
    IS("ABS(m1)", "0=2 60=4 120=6");
    IS("CEIL(m1/4)+FLOOR(m1/4)", "0=1 60=-2 120=3");
    IS("DIFF(m1)", "60=-6 120=10");
    IS("RATE(m1) * PERIOD(m1)", "60=-6 120=10");
    IS("RUNNING_SUM(m1)", "0=2 60=-2 120=4");
    IS("TIME_SERIES(7)", "0=7 60=7 120=7");
    IS("METRIC_COUNT(METRICS())", "2");
    IS("SLICE(METRICS(), 1)", "0=1 120=3");
    IS("SLICE(METRICS(), 0, 1)", "0=2 60=-4 120=6");
    IS("SORT(METRICS(), AVG, DESC, 1)", "0=1 120=3");
    IS("FIRST(SORT(METRICS(), MAX, ASC))", "0=1 120=3");
    IS("MINUTE(m1)", "0=0 60=1 120=2");
    IS("DAY(m1) + EPOCH(m1)", "0=4 60=64 120=124");
    IS("METRIC_COUNT(REMOVE_EMPTY([m1/0, m2]))", "1");
    arena_free(&a);
}

static void what_is_no_expression(void) {
    struct arena a = {0};
    IS("", "The expression is incomplete");
    IS("m1 +", "The expression is incomplete");
    IS("m1 m2", "Unexpected 'm'");
    IS("m9", "unknown");
    IS("SEARCH('x', 'Sum', 60)", "brume does not have the function SEARCH here");
    IS("SLICE(METRICS(), 2)", "SLICE takes an array, and positions that it has");
    IS("SORT(METRICS(), P99, ASC)", "SORT takes SUM, AVG, MIN, MAX, STDDEV, FIRST or LAST second");
    IS("SERVICE_QUOTA(m1)", "brume does not have the function SERVICE_QUOTA (yet)");
    IS("ANOMALY_DETECTION_BAND(m1)", "brume does not have the function ANOMALY_DETECTION_BAND here");
    struct buf b = buf_new(&a, 4096);
    for (int i = 0; i < 2000; i++) buf_char(&b, '(');
    CHECK_STR(result(&a, arena_c_string(&a, buf_str(&b))), S("The expression is nested too deeply"));
    arena_free(&a);
}

UNIT_MAIN(UNIT(operators_bind_as_usual), UNIT(functions), UNIT(what_is_no_expression))
