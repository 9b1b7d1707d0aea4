/* Private to the room of SQS; README.md says how the nouns fit together.
 *
 * Functions that change messages work on a queue opened by queue_open_*: they move rows and keep
 * queue.counts in step; queue_close writes the counts and sets the queue's timer. */
#ifndef BRUME_SQS_H
#define BRUME_SQS_H

#include "gen/sqs.h"
#include "records.h"

extern const struct task_kind sqs_task_kinds[];
enum {
    BODY_APART = 1024, /* bytes from which a body gets its own row */
    BATCH_MAX = 10,
    VISIBILITY_MAX_S = 43200,
    DELAY_MAX_S = 900,
    MESSAGE_MAX = 1048576,
    DEDUP_MS = 300000,
    SLICE = 1000, /* rows that a job touches in one transaction */
    SOURCES_PAGE = 1000,
};

/* ---- queue.c ---- */
str queue_row_key(struct arena *a, str account, str region, const char *type, str name);
bool queue_load(struct txn *t, struct arena *a, str account, str region, str name, struct queue *q);
bool queue_load_by_key(struct txn *t, struct arena *a, str key, struct queue *q);
bool queue_load_by_arn(struct txn *t, struct arena *a, str arn, struct queue *q);
MUST_USE err queue_open(struct call *c, str url, struct queue *q); /* QueueDoesNotExist, InvalidAddress */
bool queue_url_parts(struct call *c, str url, str *account, str *name);
void queue_save(struct txn *t, struct arena *a, const struct queue *q);
void queue_close(struct txn *t, struct arena *a, struct queue *q, i64 now_ms);
void queue_set_timer(struct txn *t, struct arena *a, struct queue *q, i64 latest_ms);
str queue_arn(struct arena *a, const struct queue *q);
str queue_url(struct call *c, str account, str name);
str queue_topic(struct arena *a, const struct queue *q);
err queue_absent(struct call *c);

/* ---- attributes.c ---- */
void queue_defaults(struct queue *q);
MUST_USE err attributes_apply(struct call *c, struct queue *q, const struct sqs_queue_attribute_map *given, bool creating);
str attribute_text(struct call *c, const struct queue *q, str name); /* absent: it has none */

/* ---- redrive.c ---- */
MUST_USE err redrive_policy_apply(struct call *c, struct queue *q, str text);
MUST_USE err redrive_allow_policy_apply(struct call *c, struct queue *q, str text);
void redrive_index(struct call *c, const struct queue *q, str old_dlq_arn);
bool redrive_has_source(struct txn *t, struct arena *a, const struct queue *dlq);
/* May the caller move messages from a dead-letter queue: to `to`, or (NULL) back to where they came from? */
MUST_USE err redrive_may_move(struct call *c, const struct queue *dlq, const struct queue *to);
/* To the dead-letter queue, if it is there: true. */
bool redrive_send(struct txn *t, struct arena *a, struct queue *q, struct message *m, i64 now_ms);

/* ---- encryption.c: queues with a key of KMS ---- */
struct data_key; /* of cloud/key_use.h */
/* What the caller seals with; NULL: the queue has no key. */
MUST_USE err queue_seals(struct call *c, const struct queue *q, const struct data_key **key);
void message_seal(struct call *c, const struct data_key *key, struct message *m);
/* The body as it was sent, if the caller is let open it. */
MUST_USE err message_open(struct call *c, const struct queue *q, const struct message *m, str *body);

/* ---- policy.c ---- */
MUST_USE err policy_take(struct call *c, str text, str *policy); /* as it is stored: cloud/policy_principal.h */

/* ---- message.c: rows of a message space ---- */
struct key space_key(struct arena *a, u64 space, const char *kind);
void message_add(struct txn *t, struct arena *a, struct queue *q, struct message *m); /* seq must be set */
/* To another state: `m` stands at its old place; due_ms 0 is visible. */
void message_move(struct txn *t, struct arena *a, struct queue *q, struct message *m, i64 due_ms);
void message_remove(struct txn *t, struct arena *a, struct queue *q, struct message *m);
/* As it stands in its row: sealed, if message.sealed. */
str message_body(struct txn *t, struct arena *a, const struct queue *q, const struct message *m);
bool message_expired(const struct queue *q, const struct message *m, i64 now_ms);
/* Walks what is visible, in order of arrival (standard queues). */
struct range ready_range(struct txn *t, struct arena *a, const struct queue *q);
bool ready_next(struct range *r, struct arena *a, struct message *m);
/* Brings back up to `limit` hidden messages that are due. Returns how many; 0: none is due. */
u32 hidden_release(struct txn *t, struct arena *a, struct queue *q, i64 now_ms, u32 limit);
i64 hidden_first_due(struct txn *t, struct arena *a, const struct queue *q); /* INT64_MAX: none */
bool queue_first_visible(struct txn *t, struct arena *a, const struct queue *q, struct message *m);
bool queue_has_ready(struct txn *t, struct arena *a, const struct queue *q);

/* ---- receipts: "space seq due nonce group" ---- */
struct receipt {
    u64 space, seq, nonce;
    i64 due_ms;
    str group;
};
str receipt_handle(struct arena *a, const struct queue *q, const struct message *m);
bool receipt_read(struct arena *a, str handle, struct receipt *r);
bool receipt_find(struct txn *t, struct arena *a, const struct queue *q, const struct receipt *r, struct message *m);

/* ---- contents.c: what a message may hold, and its digests ---- */
struct contents { /* of one message, as both send operations bring it */
    str body, group, dedup;
    struct opt_i32 delay;
    const struct sqs_message_body_attribute_map *attributes;
    const struct sqs_message_body_system_attribute_map *system;
};
MUST_USE err contents_check(struct call *c, const struct queue *q, const struct contents *in);
size_t contents_bytes(const struct contents *in);
str attributes_md5(struct arena *a, const struct attributes *list); /* absent if none */

/* ---- fifo.c ---- */
u64 fifo_head(struct txn *t, struct arena *a, const struct queue *q, str group); /* 0: none visible */
void fifo_settle(struct txn *t, struct arena *a, const struct queue *q, str group, u64 head_before);
bool fifo_sent_before(struct txn *t, struct arena *a, const struct queue *q, str group, str dedup, i64 now_ms, struct sent_once *once);
void fifo_remember(struct txn *t, struct arena *a, const struct queue *q, str group, str dedup, const struct sent_once *once);
enum fifo_action { FIFO_SENDS, FIFO_RECEIVES, FIFO_DELETES };
MUST_USE err fifo_throttle(struct call *c, struct queue *q, enum fifo_action action);
bool fifo_attempt_find(struct txn *t, struct arena *a, const struct queue *q, str id, i64 now_ms, struct attempt *found);
void fifo_attempt_store(struct txn *t, struct arena *a, const struct queue *q, str id, const struct attempt *made);

/* ---- move.c ---- */
err move_slice(struct txn *t, const struct task *job, i64 now_ms);

/* ---- batches (batch.c) ---- */
MUST_USE err batch_check(struct call *c, u32 n, const char *entry_name);
MUST_USE err batch_check_id(struct call *c, str id);
MUST_USE err batch_repeated(struct call *c, str id);
void batch_failure(struct call *c, struct sqs_batch_result_error_entry_list *failed, str id, err e);

/* ---- metering ---- */
void count_size(struct call *c, const struct queue *q, size_t bytes);
void count_messages(struct call *c, const struct queue *q, const char *metric, double n);
void count_request(struct call *c, const struct queue *q, size_t bytes);

#endif
