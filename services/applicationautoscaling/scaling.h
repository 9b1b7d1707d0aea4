/* Private to the room of Application Auto Scaling; README.md says how the nouns fit together. */
#ifndef BRUME_SCALING_H
#define BRUME_SCALING_H

#include "cloud/alarm_action.h"
#include "gen/applicationautoscaling.h"
#include "gen/cloudwatch.h"
#include "records.h"

extern const struct task_kind scaling_task_kinds[];

enum { PAGE = 50, POLICIES_MAX = 50, SCHEDULED_MAX = 200, ACTIVITY_DAYS = 42 };

/* ---- dimension.c: what can be scaled. A row a dimension: another service is another row and how it is read and set ---- */
struct dimension {
    const char *space, *name;     /* "dynamodb", "dynamodb:table:ReadCapacityUnits" */
    const char *words;            /* "read capacity units" */
    const char *predefined;       /* the metric type that tracks it; NULL: none */
    const char *metric_space, *consumed, *provisioned; /* that metric: what is consumed of what is provisioned, by the minute */
    const char *linked_service, *linked_role; /* the service-linked role by which it is set */
    int out_cooldown_s, in_cooldown_s; /* where a policy says nothing */
    bool (*resource_valid)(str resource, bool *index);
    MUST_USE err (*read)(struct call *c, const struct dimension *d, const struct scaled *of, i64 *capacity);
    MUST_USE err (*set)(struct call *c, const struct dimension *d, const struct scaled *of, i64 capacity);
    struct record_pairs (*metric_dimensions)(struct call *c, const struct scaled *of);
};
/* ValidationException for what cannot be scaled (here). */
MUST_USE err dimension_of(struct call *c, str space, str resource, str name, const struct dimension **d);
str linked_role_arn(struct call *c, const struct dimension *d);
struct call_other as_linked_role(struct call *c, const struct dimension *d, const struct service *service, u16 op);
extern const struct dimension dynamodb_dimensions[]; /* dynamodb.c; ends with a row without a name */

/* ---- target.c ---- */
struct scaled scaled_of(struct call *c, str space, str resource, str dimension);
/* A row of the room; parts that are absent end the key. */
str scaling_key(struct arena *a, str type, const struct scaled *of, str name);
void scaling_key_read(struct arena *a, str key, struct scaled *of, str *name);
bool target_load(struct call *c, const struct scaled *of, struct target *t);
MUST_USE err target_open(struct call *c, const struct scaled *of, struct target *t); /* ObjectNotFoundException */
void target_save(struct call *c, const struct target *t);
str target_arn(struct call *c, const struct target *t);
MUST_USE err page_of(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max);
bool one_of(const struct applicationautoscaling_resource_ids_max_len1600 *names, str name); /* none: all are */

/* ---- policy.c ---- */
str policy_arn(struct call *c, const struct policy *p);
struct range target_policies(struct call *c, const struct scaled *of);
void policy_decode(struct call *c, str key, str row, struct policy *p);
void policy_save(struct call *c, const struct policy *p);
void target_policies_drop(struct call *c, const struct scaled *of); /* with their alarms */

/* ---- alarms.c: those of policies that track a value ---- */
str alarm_name(struct arena *a, const struct policy *p, const char *kind);
MUST_USE err alarms_put(struct call *c, struct policy *p, i64 capacity); /* made, or their thresholds set anew */
void alarms_drop(struct call *c, const struct policy *p);
struct applicationautoscaling_alarms alarms_shown(struct call *c, const struct policy *p);
bool alarm_rings(struct call *c, const struct policy *p, const char *kind);

/* ---- activity.c ---- */
void activity_add(struct call *c, const struct scaled *of, struct activity *a); /* sets all but what is told of it, and when it ended */
void activity_not_scaled(struct call *c, const struct target *t, str cause, const char *reason, i64 current);

/* ---- scale.c ---- */
/* Sets the capacity, tells of it as an activity and moves the thresholds of the alarms. True: it was set. */
bool capacity_set(struct call *c, const struct dimension *d, const struct target *t, i64 capacity, str cause);
/* Brings the capacity between the target's bounds. */
void capacity_bound(struct call *c, const struct dimension *d, const struct target *t);

/* ---- scheduled.c ---- */
void target_scheduled_drop(struct call *c, const struct scaled *of);
err scheduled_run(struct txn *t, const struct task *task, i64 now_ms);

#endif
