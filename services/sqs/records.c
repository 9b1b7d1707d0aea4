#include "records.h"

static const struct record_field queue_fields[] = {
    RECORD_U64(1, struct queue, id),
    RECORD_U64(2, struct queue, space),
    RECORD_I64(3, struct queue, created_ms),
    RECORD_I64(4, struct queue, modified_ms),
    RECORD_I64(5, struct queue, purged_ms),
    RECORD_I64(6, struct queue, visibility_s),
    RECORD_I64(7, struct queue, max_bytes),
    RECORD_I64(8, struct queue, retention_s),
    RECORD_I64(9, struct queue, delay_s),
    RECORD_I64(10, struct queue, wait_s),
    RECORD_I64(11, struct queue, kms_reuse_s),
    RECORD_STR(12, struct queue, policy),
    RECORD_STR(13, struct queue, redrive_policy),
    RECORD_STR(14, struct queue, redrive_allow_policy),
    RECORD_STR(15, struct queue, kms_key),
    RECORD_BOOL(16, struct queue, sse),
    RECORD_BOOL(17, struct queue, fifo),
    RECORD_BOOL(18, struct queue, content_dedup),
    RECORD_BOOL(19, struct queue, scope_group),
    RECORD_BOOL(20, struct queue, limit_per_group),
    RECORD_STR(21, struct queue, dlq_arn),
    RECORD_I64(22, struct queue, max_receive),
};
const struct record_type queue_record = RECORD_TYPE(struct queue, queue_fields);

static const struct record_field counts_fields[] = {
    RECORD_I64(1, struct counts, ready),    RECORD_I64(2, struct counts, in_flight), RECORD_I64(3, struct counts, delayed),
    RECORD_I64(4, struct counts, timer_ms), RECORD_I64(5, struct counts, second),    RECORD_I64(6, struct counts, sends),
    RECORD_I64(7, struct counts, receives), RECORD_I64(8, struct counts, deletes),
};
const struct record_type counts_record = RECORD_TYPE(struct counts, counts_fields);

static const struct record_field attribute_fields[] = {
    RECORD_STR(1, struct attribute, name),
    RECORD_STR(2, struct attribute, type),
    RECORD_STR(3, struct attribute, text),
    RECORD_STR(4, struct attribute, binary),
};
static const struct record_type attribute_record = RECORD_TYPE(struct attribute, attribute_fields);

static const struct record_field message_fields[] = {
    RECORD_STR(1, struct message, id),
    RECORD_STR(2, struct message, body),
    RECORD_STR(3, struct message, group),
    RECORD_STR(4, struct message, dedup),
    RECORD_STR(5, struct message, sender),
    RECORD_STR(6, struct message, trace),
    RECORD_STR(7, struct message, source_arn),
    RECORD_LIST(8, struct message, attributes, attribute_record),
    RECORD_BOOL(9, struct message, body_apart),
    RECORD_I64(10, struct message, sent_ms),
    RECORD_I64(11, struct message, due_ms),
    RECORD_I64(12, struct message, received_ms),
    RECORD_I64(13, struct message, first_received_ms),
    RECORD_I64(14, struct message, receives),
    RECORD_U64(15, struct message, nonce),
    RECORD_U64(16, struct message, first_seq),
    RECORD_BOOL(17, struct message, delayed),
    RECORD_BOOL(18, struct message, moved),
    RECORD_BOOL(19, struct message, sealed),
};
const struct record_type message_record = RECORD_TYPE(struct message, message_fields);

static const struct record_field sent_once_fields[] = {
    RECORD_STR(1, struct sent_once, message_id),
    RECORD_U64(2, struct sent_once, seq),
    RECORD_I64(3, struct sent_once, sent_ms),
};
const struct record_type sent_once_record = RECORD_TYPE(struct sent_once, sent_once_fields);

static const struct record_field taken_fields[] = {
    RECORD_STR(1, struct taken, group),
    RECORD_U64(2, struct taken, seq),
    RECORD_U64(3, struct taken, nonce),
};
static const struct record_type taken_record = RECORD_TYPE(struct taken, taken_fields);
static const struct record_field attempt_fields[] = {
    RECORD_LIST(1, struct attempt, taken, taken_record),
    RECORD_I64(2, struct attempt, made_ms),
};
const struct record_type attempt_record = RECORD_TYPE(struct attempt, attempt_fields);

static const struct record_field move_task_fields[] = {
    RECORD_STR(1, struct move_task, source_arn), RECORD_STR(2, struct move_task, destination_arn),
    RECORD_STR(3, struct move_task, status),     RECORD_STR(4, struct move_task, failure),
    RECORD_I64(5, struct move_task, rate),       RECORD_I64(6, struct move_task, moved),
    RECORD_I64(7, struct move_task, to_move),    RECORD_I64(8, struct move_task, started_ms),
};
const struct record_type move_task_record = RECORD_TYPE(struct move_task, move_task_fields);
