/* What stands in the rows of Application Auto Scaling. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_SCALING_RECORDS_H
#define BRUME_SCALING_RECORDS_H

#include "cloud/cloud.h"

/* What a scalable target, a policy and a scheduled action are about. */
struct scaled {
    str account, region, space, resource, dimension;
};

struct target {
    str id, role;
    i64 min, max, created_ms;
    bool in_suspended, out_suspended, schedule_suspended;
    i64 out_until_ms, in_until_ms; /* cooldowns */
    struct scaled of;              /* from the key */
};

struct policy_alarm { /* that the service keeps for a policy that tracks a value */
    str kind, id;     /* "AlarmHigh" */
};
struct policy_alarms {
    struct policy_alarm *v;
    u32 n;
    bool set;
};
struct policy {
    str id, type;
    i64 created_ms;
    double value;
    str predefined, label;                /* a metric that the service knows, or: */
    str metric, metric_space, statistic, unit;
    struct record_pairs dimensions;
    bool has_out_cooldown, has_in_cooldown, in_disabled;
    i64 out_cooldown_s, in_cooldown_s;
    struct policy_alarms alarms;
    struct scaled of; /* from the key */
    str name;
};

struct scheduled {
    str id, expression, zone;
    i64 created_ms, start_ms, end_ms, min, max;
    bool has_min, has_max;
    struct scaled of; /* from the key */
    str name;
};

struct activity {
    str id, resource, dimension, description, cause, status, message;
    i64 start_ms, end_ms;
    str reason;                       /* why nothing was scaled: AlreadyAtMaxCapacity */
    i64 reason_min, reason_max, reason_current;
};

extern const struct record_type scaling_target_record, scaling_policy_record, scaling_scheduled_record, scaling_activity_record;

#endif
