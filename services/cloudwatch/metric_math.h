/* Metric math: an expression over time series, read and worked out in one pass. Pure: what names mean is the
 * caller's. Between series, values meet at equal times; where one has none the result has none. */
#ifndef BRUME_CLOUDWATCH_MATH_H
#define BRUME_CLOUDWATCH_MATH_H

#include "cloud/cloud.h"

struct series {
    i64 *at;   /* ms, ascending */
    double *v;
    u32 n;
    i64 period_ms;
    str id;
};

enum math_type { MATH_SCALAR, MATH_SERIES, MATH_ARRAY };
struct math_value {
    u8 type; /* enum math_type */
    double scalar;
    struct series *v; /* one, or those of an array */
    u32 n;
};

struct math_world {
    /* What an identifier stands for. False: nothing, and *problem says why. */
    bool (*named)(void *context, str id, struct math_value *value, str *problem);
    /* METRICS(): all metrics of the request whose id contains `part`. */
    bool (*metrics)(void *context, str part, struct math_value *value, str *problem);
    /* SEARCH('{AWS/SQS,QueueName} NumberOf', 'Sum', 60); period_s 0: it was left out. NULL: there is none. */
    bool (*search)(void *context, str expression, str statistic, i64 period_s, struct math_value *value, str *problem);
    /* ANOMALY_DETECTION_BAND(id, width): the upper and the lower bound. NULL: there is none. */
    bool (*band)(void *context, str id, double width, struct math_value *value, str *problem);
    /* INSIGHT_RULE_METRIC('rule', 'Sum'). NULL: there is none. */
    bool (*insight)(void *context, str rule, str metric, struct math_value *value, str *problem);
    void *context;
    i64 from_ms, to_ms, period_ms; /* the timeline of what has none of its own */
};

enum { MATH_DEPTH = 40, MATH_POINTS = 100800, MATH_MEMORY = 256 << 20 /* bytes on the way to a result */ };

/* False: *problem says what is wrong with the text. */
MUST_USE bool math_evaluate(struct arena *a, str text, const struct math_world *world, struct math_value *value, str *problem);

/* ---- metric_math_array.c ---- */
bool math_is_calendar(str name); /* MINUTE, HOUR, ... */
double math_calendar(str name, i64 at_ms);
void math_remove_empty(struct math_value *x);
MUST_USE bool math_slice(struct math_value *x, double begin, double end, bool one);
void math_sort(struct arena *a, struct math_value *x, double (*by)(const struct series *s), bool descends, u32 max);

#endif
