/* Metric filters, as PutLogEvents uses them. */
#ifndef BRUME_LOGS_METRIC_FILTER_H
#define BRUME_LOGS_METRIC_FILTER_H

#include "logs.h"
#include "pattern.h"

/* What a group's filters make of events, which are in the order of time: reads alone. NULL: nothing. transformed: the same
 * events for the filters that ask for that; may be these. */
struct metric_measures;
struct metric_measures *metric_filters_measure(struct call *c, const struct log_group *group, const struct log_event *events, const struct log_event *transformed, u32 n);
/* In the writer. */
void metric_filters_put(struct call *c, const struct log_group *group, const struct metric_measures *m);
void metric_filters_forget(struct txn *t, struct arena *a, const struct log_group *group);
err metric_filter_default(struct txn *t, const struct task *task, i64 now_ms);

#endif
