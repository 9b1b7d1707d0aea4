/* What stands in the rows of CloudWatch. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_CLOUDWATCH_RECORDS_H
#define BRUME_CLOUDWATCH_RECORDS_H

#include "cloud/cloud.h"

struct metric {
    u64 id; /* its points stand under it */
    i64 last_ms; /* when data last came, by the cloud's clock */
    str space, name;
    struct record_pairs dimensions; /* sorted by name */
};

struct sample { /* a value, and how often it was there */
    double value, count;
};
struct samples {
    struct sample *v;
    u32 n;
    bool set;
};

/* All that was put of a metric, in one unit, within a minute (or second). Rows leave out what follows from the rest
 * (point.c). */
struct point {
    double count, sum, min, max;
    struct samples samples; /* sorted by value */
    double width;           /* 0: the samples are exact; else of the logarithmic steps they were rounded to */
    bool opaque;            /* statistic sets came: there are values that no sample tells */
};

struct roll_up { /* how far a metric's data is united */
    i64 done_ms; /* when the last run was begun that came to its end; 0: none did */
    i64 now_ms;  /* when this one was begun; 0: it begins */
    u64 rest;    /* where it goes on: the period (point_rests), the unit, and the time of its rows */
    str unit;
    i64 at_ms;
};
extern const struct record_type cloudwatch_roll_up_record;

struct alarm_query { /* one of an alarm's metrics: of MetricDataQueries */
    str id, space, metric, statistic, unit, expression, label, account_id /* unset, or the alarm's own */;
    struct record_pairs dimensions;
    i64 period_s;
    bool hidden; /* ReturnData false */
};
struct alarm_queries {
    struct alarm_query *v;
    u32 n;
    bool set;
};

/* On a metric, on expressions over metrics (queries), or over other alarms (rule). */
struct alarm {
    str description, space, metric, statistic /* also an extended one */, unit, comparison, missing, low_samples;
    bool actions_off, extended;
    struct record_pairs ok_actions, alarm_actions, insufficient_actions; /* the keys */
    struct record_pairs dimensions; /* sorted by name */
    i64 period_s, periods, to_alarm /* 0: all of them */, configured_ms, updated_ms, changed_ms;
    double threshold;
    str state, reason, reason_data;
    struct alarm_queries queries;
    str threshold_id; /* the query that is an anomaly band */
    str rule;         /* of a composite alarm */
    str suppressor;
    i64 wait_s, extension_s;
    str suppressed_by, suppressed_reason, acted_state /* for which the actions were last taken */;
    str muted_from; /* the state before mute rules held its actions back */
    str account, region, name; /* from the key */
    /* not of the row: */
    int cascade;    /* changes of other alarms that led to this one's */
    double *values; /* the datapoints of its evaluation, newest first */
    u32 value_count;
};

struct alarm_event { /* of an alarm's history */
    i64 at_ms;
    str alarm, type, summary, data;
    bool composite;
};

struct detector_hour {
    double mean, count;
};
struct detector_hours {
    struct detector_hour *v; /* of each hour of the day, or none */
    u32 n;
    bool set;
};
struct detector_model { /* of the statistic over one period */
    i64 period_s, trained_ms;
    u64 samples;
    double mean, deviation;
    struct detector_hours hours;
};
struct detector_models {
    struct detector_model *v;
    u32 n;
    bool set;
};
struct detector_range {
    i64 from_ms, to_ms;
};
struct detector_ranges {
    struct detector_range *v;
    u32 n;
    bool set;
};
struct detector { /* of anomalies in a metric */
    str id, space, metric, statistic, unit, timezone;
    struct record_pairs dimensions; /* sorted by name */
    struct detector_ranges excluded;
    struct detector_models models;
};
extern const struct record_type cloudwatch_detector_record;

struct mute_rule {
    str description, expression, duration, timezone;
    i64 start_ms, expire_ms, changed_ms;
    struct record_pairs alarms; /* the keys */
};
extern const struct record_type cloudwatch_mute_rule_record;

struct insight_span {
    i64 from_ms, to_ms; /* to 0: still */
};
struct insight_spans {
    struct insight_span *v;
    u32 n;
    bool set;
};
struct insight { /* a rule of Contributor Insights */
    str definition;
    struct insight_spans spans; /* in which it was enabled */
    str name;    /* from the key */
    str subject; /* not of the row: of a rule that a service keeps (cloud/contributors.h) */
};
extern const struct record_type cloudwatch_insight_record;

struct dashboard {
    str body;
    i64 changed_ms;
};

extern const struct record_type cloudwatch_dashboard_record;
extern const struct record_type cloudwatch_alarm_record, cloudwatch_alarm_event_record;
extern const struct record_type cloudwatch_metric_record, cloudwatch_point_record;

#endif
