/* Private to the room of CloudWatch Logs; README.md says how the nouns fit together. */
#ifndef BRUME_LOGS_H
#define BRUME_LOGS_H

#include "block.h"
#include "gen/logs.h"
#include "records.h"

extern const struct task_kind logs_task_kinds[];
enum { EVENT_OVERHEAD = 26 /* bytes that AWS counts for an event beside its message */, EVENTS_MAX = 10000, RESPONSE_MAX = 1 << 20,
       LOG_AHEAD_MS = 2 * 3600000 /* so much newer than the put that brings it an event may be */ };

static const i64 second_ms = 1000, minute_ms = 60000, hour_ms = 3600000, day_ms = 86400000;

/* ---- group.c ---- */
struct key log_rows(struct arena *a, str account, str region, str type); /* logs ACCOUNT REGION type */
bool log_group_load(struct txn *t, struct arena *a, str account, str region, str name, struct log_group *group);
void log_group_save(struct txn *t, struct arena *a, const struct log_group *group);
/* ResourceNotFoundException. */
MUST_USE err log_group_open(struct call *c, str name, struct log_group *group);
/* By name, or by a name or ARN: an operation takes one of both. */
MUST_USE err log_group_identify(struct call *c, str name, str identifier, struct log_group *group);
/* The name that an identifier has, and whose group it is. False: neither name nor ARN of a group. */
MUST_USE bool log_group_names(struct call *c, str identifier, struct arn *arn, str *name);
str log_group_arn(struct arena *a, const struct log_group *group); /* without ":*" */
i64 log_horizon_ms(const struct log_group *group, i64 now_ms); /* what is older has expired; 0: nothing */
MUST_USE err log_page(struct call *c, str token, struct opt_i32 limit, u32 by_default, str *position, u32 *max);
i64 log_group_bytes(struct txn *t, struct arena *a, u64 group);
void log_group_bytes_add(struct txn *t, struct arena *a, u64 group, i64 more);
/* What is left when its streams are gone, as many rows as `left` says and counts down. At 0 there may be more. */
void log_group_forget(struct txn *t, struct arena *a, u64 group, int *left);

/* ---- tags.c ---- */
MUST_USE err log_tags_add(struct call *c, str arn, const struct logs_tags *tags, bool older);

/* ---- stream.c ---- */
struct key log_streams(struct arena *a, u64 group);
bool log_stream_load(struct txn *t, struct arena *a, u64 group, str name, struct log_stream *stream);
void log_stream_save(struct txn *t, struct arena *a, u64 group, const struct log_stream *stream);
/* A new one; the name is free and fits. */
void log_stream_make(struct call *c, const struct log_group *group, str name, struct log_stream *stream);
MUST_USE err log_stream_open(struct call *c, const struct log_group *group, str name, struct log_stream *stream);
bool log_stream_home(struct txn *t, struct arena *a, u64 stream, struct log_stream_home *home);
/* The stream is gone at once, its blocks by a job. */
void log_stream_forget(struct txn *t, struct arena *a, u64 group, const struct log_stream *stream);
/* The next of a range over log_streams(); what it holds lives in the arena. */
bool log_stream_next(struct range *r, struct arena *a, struct log_stream *stream);

/* ---- rows.c: blocks in the store ---- */
struct log_block_id {
    u64 stream;
    i64 first_ms;
    u64 put; /* and number: of its first event */
    u32 number;
};
struct key log_blocks(struct arena *a, u64 stream);
struct key log_times(struct arena *a, u64 group);
void log_block_put(struct txn *t, struct arena *a, u64 group, const struct log_block_id *id, const struct log_block *block);
bool log_block_get(struct txn *t, struct arena *a, const struct log_block_id *id, struct log_block *block);
void log_block_delete(struct txn *t, struct arena *a, u64 group, const struct log_block_id *id);
bool log_block_next(struct range *r, struct arena *a, struct log_block_id *id, struct log_block *block); /* over log_blocks() */
bool log_time_next(struct range *r, struct arena *a, struct log_block_id *id, struct log_time *time);    /* over log_times() */
/* All rows that begin so, as many as `left` says and counts down. */
void log_rows_forget(struct txn *t, struct arena *a, const struct key *of, int *left);
/* Packed bytes into the block: in the row, or staged where they are many. key: absent, or the group's data key. NULL:
 * the row has them. The stage is adopted by whoever puts the row. */
MUST_USE bool log_block_fill(struct store *s, struct arena *a, str packed, str key, struct log_block *block, struct blob_stage **stage);
/* False: damaged. Blocks on the disk. */
MUST_USE bool log_block_open(struct txn *t, struct arena *a, const struct log_block *block, str key, struct block_view *view);

/* ---- seal.c: data keys of groups that have a KMS key ---- */
MUST_USE err log_seal_new(struct call *c, struct log_group *group, str kms_key); /* from now on; saves the group */
/* 32 bytes, of the arena; absent for epoch 0. */
MUST_USE err log_seal_key(struct call *c, const struct log_group *group, i64 epoch, str *key);
void log_seal_forget(struct txn *t, struct arena *a, u64 group, int *left);

/* ---- put.c ---- */
str log_sequence_token(struct arena *a, const struct log_stream *stream);
str log_topic(struct arena *a, u64 group); /* notified when events come */

/* Events of the service itself, into a stream that is made if need be. Where the group refuses them they are lost. */
void log_write(struct call *c, str group, str stream, struct log_event *events, u32 n);

/* ---- account_policy.c: documents that stand under a type ---- */
bool log_group_policy_load(struct txn *t, struct arena *a, const struct log_group *group, str type, struct log_policy *p);
void log_group_policy_save(struct call *c, const struct log_group *group, str type, const struct log_policy *p);
void log_group_policy_delete(struct call *c, const struct log_group *group, str type);
void log_group_policies_forget(struct txn *t, struct arena *a, u64 group, int *left);
struct range log_account_policies(struct txn *t, struct arena *a, str account, str region, str type);
bool log_account_policy_next(struct range *r, struct arena *a, struct log_policy *p);
/* Which groups a policy of the account is for: LogGroupNamePrefix IN ["a", "b"]; none: all. */
MUST_USE err log_policy_selection_read(struct call *c, str selection, struct log_policy *p);

/* ---- policy.c ---- */
MUST_USE err log_may_unmask(struct call *c, const struct log_group *group); /* the caller sees what is masked */

/* ---- export.c ---- */
err log_export_make(struct arena *a, const struct task *task, str *result);
err log_export_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* ---- merge.c: small blocks of a stream become large ones ---- */
void log_merge_later(struct txn *t, struct arena *a, u64 stream);
err log_merge_make(struct arena *a, const struct task *task, str *result);
err log_merge_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

#endif
