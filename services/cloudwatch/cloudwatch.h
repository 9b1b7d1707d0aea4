/* Private to the room of CloudWatch; README.md says how the nouns fit together. */
#ifndef BRUME_CLOUDWATCH_H
#define BRUME_CLOUDWATCH_H

#include "gen/cloudwatch.h"
#include "metric_math.h"
#include "records.h"

extern const struct task_kind cloudwatch_task_kinds[];

enum { SAMPLES_MAX = 200, UNITS_MAX = 27 };

static const i64 minute_ms = 60000, hour_ms = 3600000, day_ms = 86400000;

/* ---- metric.c ---- */
struct record_pairs dimensions_sorted(struct arena *a, const struct cloudwatch_dimensions *given);
struct cloudwatch_dimensions dimensions_shown(struct arena *a, const struct record_pairs *dimensions);
str dimensions_digest(struct arena *a, const struct record_pairs *dimensions);
struct key metrics_key(struct arena *a, str account, str region);
bool metric_load(struct txn *t, struct arena *a, str account, str region, struct metric *metric); /* by space, name, dimensions */
void metric_save(struct txn *t, struct arena *a, str account, str region, struct metric *metric);
void metric_put(struct call *c, struct metric *m, str unit, i64 at_ms, const struct point *p); /* the metric is born with its first point */
err metric_forget(struct txn *t, const struct task *task, i64 now_ms);

/* ---- point.c ---- */
void point_add(struct arena *a, struct point *p, const struct point *more);
struct key point_key(struct arena *a, u64 metric);
str point_row(struct arena *a, u64 metric, str unit, i64 at_ms);
str point_written(struct arena *a, const struct point *p);
struct point point_read(struct arena *a, str row);
/* Data that is older than `age_ms` is kept by this period, as AWS keeps it. */
enum { RESTS = 3 };
extern const struct rest {
    i64 age_ms, period_ms;
} point_rests[RESTS];
i64 point_rest_ms(i64 at_ms, i64 now_ms); /* the period by which data of that time is kept now; a second: as it came */
void point_put(struct txn *t, struct arena *a, u64 metric, str unit, i64 at_ms, const struct point *p); /* united with what is there */
/* The points of [from, to) by period, ascending. unit absent: all units together. */
struct bucket {
    i64 at_ms;
    str unit;
    struct point point;
};
struct buckets {
    struct bucket *v;
    u32 n;
};
struct span {
    i64 from_ms, to_ms, period_ms;
    i64 now_ms; /* older points count only for the periods by which they are kept then */
};
struct buckets points_of(struct txn *t, struct arena *a, u64 metric, str unit, const struct span *span);
/* The units in which the metric has points. */
u32 units_of(struct txn *t, struct arena *a, u64 metric, str *units);

/* ---- roll_up.c ---- */
void roll_up_begin(struct txn *t, str metric_row, i64 now_ms); /* unless it goes on already */
err roll_up_run(struct txn *t, const struct task *task, i64 now_ms);

/* ---- statistic.c: SampleCount, Average, ..., p99, TM(10%:90%), PR(:300) ---- */
struct statistic {
    u8 kind;
    double low, high; /* per cent, or values */
    bool has_low, has_high, percent;
};
MUST_USE bool statistic_parse(str text, struct statistic *s);
/* False: the points do not tell. */
MUST_USE bool statistic_of(const struct statistic *s, const struct point *p, double *value);

/* ---- query.c: MetricDataQueries, also of alarms ---- */
struct query_answer {
    struct series *v; /* one, or those of an array */
    u32 n;
};
struct slot {
    bool done, running;
    struct math_value value;
};
struct query_run {
    struct call *c;
    const struct cloudwatch_metric_data_queries *queries;
    struct slot *slots;
    i64 from_ms, to_ms;
    i64 period_ms; /* of the expression that is worked out */
    int depth;
};
MUST_USE err queries_open(struct call *c, const struct cloudwatch_metric_data_queries *queries, i64 from_ms, i64 to_ms, struct query_run **run);
MUST_USE err query_series(struct call *c, struct query_run *run, u32 i, struct query_answer *answer);

/* ---- series.c ---- */
struct series query_metric(struct query_run *run, struct metric *m, const struct statistic *s, str unit, i64 period_ms);

/* ---- search.c ---- */
bool metrics_search(struct query_run *run, str text, str statistic, i64 period_s, struct math_value *value, str *problem);

/* ---- select.c: Metrics Insights ---- */
bool metrics_select(struct query_run *run, str text, i64 period_ms, struct math_value *value, str *problem);

/* ---- anomaly.c: bands and detectors ---- */
bool anomaly_band(struct query_run *run, const struct cloudwatch_metric_stat *stat, double width, struct math_value *value, str *problem);
/* Of an expression: the same queries over the time before, and the band that follows from what they gave. */
struct query_run anomaly_training(const struct query_run *run);
bool anomaly_band_after(struct query_run *run, const struct series *before, double width, struct math_value *value, str *problem);
void anomaly_watch(struct call *c, const struct cloudwatch_metric_stat *stat); /* an alarm needs a trained detector */
err anomaly_train(struct arena *a, const struct task *task, str *result);
err anomaly_trained(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* ---- label.c: ${AVG} and the like in labels ---- */
str label_expand(struct call *c, str label, const struct series *s, const struct cloudwatch_metric_data_query *q, str own, str timezone);

/* ---- alarm.c ---- */
struct key alarms_key(struct arena *a, str account, str region);
str alarm_row(struct arena *a, str account, str region, str name);
bool alarm_load(struct txn *t, struct arena *a, str account, str region, str name, struct alarm *alarm);
bool alarm_next(struct call *c, struct range *r, struct alarm *alarm); /* over rows of the call's account and region */
void alarm_save(struct txn *t, struct arena *a, const struct alarm *alarm);
str alarm_arn(struct arena *a, const struct alarm *alarm);
i64 alarm_period_s(const struct alarm *alarm); /* its own, or the longest of its metrics */
i64 alarm_step_ms(const struct alarm *alarm);  /* between its evaluations: a minute, or a shorter period */
void alarm_schedule(struct txn *t, struct arena *a, const struct alarm *alarm, i64 now_ms); /* its next evaluation */
struct record_pairs keys_of(struct arena *a, const struct cloudwatch_resource_list *list);
MUST_USE err check_actions(struct call *c, const struct cloudwatch_resource_list *list, const char *member);
str alarm_name_of(str alarm); /* given by name or ARN */
str full_date(struct arena *a, i64 ms); /* 2026-11-22T06:44:43.123+0000 */

/* ---- alarm_change.c ---- */
/* Keeps the state of the alarm that was there under the name; saves, and writes the history. */
MUST_USE err alarm_put(struct call *c, struct alarm *alarm, const struct cloudwatch_tag_list *tags);

/* ---- alarm_put.c ---- */
struct cloudwatch_metric_data_queries alarm_queries_shown(struct arena *a, const struct alarm_queries *queries);

/* ---- composite.c: alarms over alarms ---- */
enum link { LINK_CHILD, LINK_SUPPRESSOR }; /* what the other alarm is to the composite one */
/* The names of composite alarms that depend so on the alarm. */
u32 composites_of(struct call *c, str alarm, enum link link, str *names, u32 max);
struct record_pairs composite_children(struct call *c, const struct alarm *alarm); /* name, ARN */
MUST_USE err composite_check_rule(struct call *c, str rule);
void composite_link(struct call *c, const struct alarm *alarm, bool there);
void composite_unlink(struct call *c, const struct alarm *alarm);
struct composite_turn {
    str state, reason, reason_data;
};
/* Whether its rule now says another state. child: whose change it was, or NULL. */
bool composite_turns(struct call *c, struct alarm *alarm, const struct alarm *child, struct composite_turn *turn);
bool composite_holds_back(struct call *c, struct alarm *alarm); /* its actions, for its suppressor */
void composite_hold_back(struct call *c, struct alarm *alarm, const char *by, i64 seconds);

/* ---- mute.c: alarm mute rules ---- */
bool mute_holds_back(struct call *c, struct alarm *alarm, str old_state); /* its actions, until a window ends */

/* ---- alarm_state.c: what follows from a new state ---- */
void alarm_becomes(struct call *c, struct alarm *alarm, str state, str reason, str reason_data);
void alarm_act(struct call *c, struct alarm *alarm, str old_state);
void alarm_act_again(struct call *c, struct alarm *alarm); /* what is repeated while it stays in the state */
void composite_evaluate(struct call *c, struct alarm *alarm, const struct alarm *child); /* as composite_turns; and then it becomes so */
err composite_resume(struct txn *t, const struct task *task, i64 now_ms);
err mute_ends(struct txn *t, const struct task *task, i64 now_ms);

/* ---- alarm_history.c ---- */
void history_add(struct call *c, const struct alarm *alarm, str type, str summary, str data);

/* ---- alarm_message.c ---- */
str region_name(str region); /* US East (N. Virginia) */
str alarm_notification(struct call *c, const struct alarm *m, str old_state);
str alarm_event_detail(struct call *c, const struct alarm *m, const struct alarm *old);
/* Tells EventBridge: create, update (`old` is what was) or delete. */
void alarm_configuration_event(struct call *c, const struct alarm *m, const char *operation, const struct alarm *old);

/* ---- alarm_evaluate.c ---- */
err alarm_evaluate(struct txn *t, const struct task *task, i64 now_ms);

/* ---- tags.c ---- */
MUST_USE err tag(struct call *c, str arn, const struct cloudwatch_tag_list *tags);

#endif
