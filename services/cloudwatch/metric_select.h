/* Metrics Insights: SELECT MAX(NumberOfMessagesSent) FROM SCHEMA("AWS/SQS", QueueName) WHERE QueueName != 'test'
 * GROUP BY QueueName ORDER BY MAX() DESC LIMIT 10. Words may be of either case; names with other characters than letters,
 * digits and _ stand in double quotes, values in single ones. Pure. */
#ifndef BRUME_CLOUDWATCH_METRIC_SELECT_H
#define BRUME_CLOUDWATCH_METRIC_SELECT_H

#include "records.h"

enum { SELECT_NAMES_MAX = 10, SELECT_CONDITIONS_MAX = 25, SELECT_LIMIT_MAX = 500 };
enum select_function { SELECT_AVG, SELECT_COUNT, SELECT_MAX, SELECT_MIN, SELECT_SUM };

struct select_condition {
    str name, value;
    bool differs; /* != */
};
struct metric_select {
    u8 function, order; /* enum select_function */
    str metric, space;
    bool exact; /* SCHEMA: metrics with just these dimensions */
    str schema[SELECT_NAMES_MAX], groups[SELECT_NAMES_MAX];
    u32 schema_count, group_count;
    struct select_condition conditions[SELECT_CONDITIONS_MAX];
    u32 condition_count;
    bool ordered, descends;
    u32 limit;
};
/* Is it such a query at all? */
bool metric_select_begins(str text);
/* False: *problem says what is wrong with it. Names are views of the text. */
MUST_USE bool metric_select_read(struct arena *a, str text, struct metric_select *s, str *problem);
/* Is it one of the metrics that are asked for? */
bool metric_select_takes(const struct metric_select *s, const struct metric *m);

#endif
