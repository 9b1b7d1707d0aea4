/* Private to the room of EventBridge Scheduler; README.md says how the nouns fit together. */
#ifndef BRUME_SCHEDULER_H
#define BRUME_SCHEDULER_H

#include "gen/scheduler.h"
#include "records.h"

extern const struct task_kind scheduler_task_kinds[];

enum {
    PAGE = 100,
    INPUT_MAX = 256 << 10,
    RETRY_ATTEMPTS = 185, /* where a target has no policy of its own */
    RETRY_AGE_S = 86400,
    TOKEN_KEPT_MS = 3600000, /* DIFFERS: AWS does not say how long it remembers a client token */
};

/* ---- group.c ---- */
str group_arn(struct arena *a, const struct group *group);
/* Absent: the default group. ResourceNotFoundException. */
MUST_USE err group_open(struct call *c, str name, struct group *group);
MUST_USE err list_page(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max);
err group_sweep(struct txn *t, const struct task *task, i64 now_ms);

/* ---- schedule.c ---- */
str schedule_arn(struct arena *a, const struct schedule_row *s);
bool schedule_load(struct txn *t, struct arena *a, str account, str region, str group, str name, struct schedule_row *s);
void schedule_remove(struct call *c, const struct schedule_row *s);
struct range schedules_of(struct txn *t, struct arena *a, const struct group *group, str from);
void schedule_decode(struct arena *a, str key, str row, struct schedule_row *s);

/* ---- timing.c: when a schedule is due ---- */
MUST_USE err timing_check(struct call *c, const struct schedule_row *s);
/* The first time after `after_ms`; -1: never again. */
i64 timing_next(struct arena *a, const struct schedule_row *s, i64 after_ms);
/* Sets or cancels the schedule's timer. */
void timing_set(struct txn *t, struct arena *a, const struct schedule_row *s, i64 after_ms);
str timing_task_key(struct arena *a, const struct schedule_row *s);

/* ---- target.c ---- */
MUST_USE err target_check(struct call *c, const struct scheduler_target *in);
struct target *target_stored(struct call *c, const struct scheduler_target *in);
struct scheduler_target *target_shown(struct call *c, const struct target *t);

/* ---- seal.c: an input under a key of KMS ---- */
MUST_USE err input_seal(struct call *c, str schedule_arn, str key, struct target *t);
/* By the caller's rights; with a role, by those of that role. */
MUST_USE err input_open(struct call *c, str schedule_arn, const struct target *t, str role, str *input);

/* ---- send.c: one call of a target, in its role ---- */
MUST_USE err target_send(struct call *c, const struct invocation *i, str input);
str invocation_arn(struct arena *a, const struct invocation *i);

/* ---- invoke.c: from a due time to its end ---- */
err schedule_due(struct txn *t, const struct task *task, i64 now_ms);
err invocation_run(struct txn *t, const struct task *task, i64 now_ms);

#endif
