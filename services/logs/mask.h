/* What of a group's events is sensitive: masked when it is read, reported when it comes. A policy holds for events that
 * come while it stands; what is changed later changes nothing for them. */
#ifndef BRUME_LOGS_MASK_H
#define BRUME_LOGS_MASK_H

#include "logs.h"

struct log_protection { /* what a policy says; from the put that follows it on */
    struct record_pairs identifiers; /* names; a customer's own with its expression */
    str findings_group, findings_bucket;
};
extern const struct record_type logs_protection_record;

/* ---- mask.c ---- */
/* From now on, for the group, or (NULL) all groups of the call's account and region. No identifiers: nothing is masked. */
void log_mask_set(struct call *c, const struct log_group *group, const struct log_protection *p);
bool log_mask_of_account(struct call *c); /* is there one now? */
void log_masks_prune(struct txn *t, struct arena *a, const struct log_group *group); /* what no event of it needs */
void log_mask_forget(struct txn *t, struct arena *a, u64 group, int *left);

struct log_masks;
/* All that held for the group and holds; lives in the arena. NULL: nothing was ever masked. */
struct log_masks *log_masks_of(struct txn *t, struct arena *a, const struct log_group *group);
/* The message of an event that came by that put, as it is shown; for one that comes now LOG_PUT_NOW. */
#define LOG_PUT_NOW UINT64_MAX
str log_masked(struct log_masks *m, struct arena *a, u64 put, str message);

/* ---- findings.c: what audits find in events that come ---- */
struct log_findings;
/* NULL: nothing. */
struct log_findings *log_findings_make(struct call *c, const struct log_group *group, struct log_masks *m, const struct log_event *events, u32 n);
void log_findings_put(struct call *c, const struct log_group *group, const struct log_findings *f);
err log_findings_stage(struct arena *a, const struct task *task, str *result);
err log_findings_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
/* Each policy that holds now, for findings.c: the i-th, with its identifiers as a set. False: no more. */
struct sensitive;
bool log_mask_now(struct log_masks *m, u32 i, const struct log_protection **p, struct sensitive **set);

/* ---- protection.c: policies as they are written ---- */
MUST_USE err log_protection_read(struct call *c, str document, struct log_protection *p);

#endif
