/* DeleteMessage and ChangeMessageVisibility, alone and in batches: what a receipt handle is for. */
#include "sqs.h"

static err receipt_of(struct call *c, str handle, struct receipt *r) {
    if (!handle.n) return fail(c, &sqs_missing_required_parameter_exception, "The request must contain the parameter ReceiptHandle.");
    if (receipt_read(c->arena, handle, r)) return NULL;
    return fail(c, &sqs_receipt_handle_is_invalid, "The input receipt handle \"%.*s\" is not a valid receipt handle.", STR_ARGS(handle));
}

static err expired(struct call *c, str handle) {
    return fail(c, &sqs_invalid_parameter_value_exception, "Value %.*s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", STR_ARGS(handle));
}

/* Deleting what is gone succeeds. A standard queue takes a handle as long as the message was not
 * received anew; a FIFO queue only while the message is in flight. */
static err delete_one(struct call *c, struct queue *q, str handle) {
    struct receipt r;
    struct message m;
    TRY(receipt_of(c, handle, &r));
    if (!receipt_find(c->txn, c->arena, q, &r, &m)) return NULL;
    if (q->fifo && (m.nonce != r.nonce || m.due_ms <= c->now_ms)) return expired(c, handle);
    if (m.nonce == r.nonce) message_remove(c->txn, c->arena, q, &m);
    return NULL;
}

static err change_one(struct call *c, struct queue *q, str handle, struct opt_i32 timeout) {
    struct receipt r;
    struct message m;
    TRY(receipt_of(c, handle, &r));
    if (!timeout.set) return fail(c, &sqs_missing_required_parameter_exception, "The request must contain the parameter VisibilityTimeout.");
    if (timeout.v < 0 || timeout.v > VISIBILITY_MAX_S)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200", timeout.v);
    if (!receipt_find(c->txn, c->arena, q, &r, &m) || m.nonce != r.nonce || m.due_ms <= c->now_ms)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "Value %.*s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", STR_ARGS(handle));
    i64 due_ms = c->now_ms + (i64)timeout.v * 1000;
    if (due_ms > m.received_ms + VISIBILITY_MAX_S * 1000ll)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].", timeout.v);
    message_move(c->txn, c->arena, q, &m, timeout.v ? due_ms : 0);
    /* The timer may be set for later than this: a moved message counts as newly hidden. */
    if (timeout.v && (!q->counts.timer_ms || due_ms < q->counts.timer_ms)) q->counts_before.in_flight = -1;
    return NULL;
}

err sqs_delete_message(struct call *c, const struct sqs_delete_message_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    TRY(fifo_throttle(c, &q, FIFO_DELETES));
    TRY(delete_one(c, &q, in->receipt_handle));
    queue_close(c->txn, c->arena, &q, c->now_ms);
    count_messages(c, &q, "NumberOfMessagesDeleted", 1);
    count_request(c, &q, 0);
    return NULL;
}

err sqs_change_message_visibility(struct call *c, const struct sqs_change_message_visibility_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    TRY(change_one(c, &q, in->receipt_handle, in->visibility_timeout));
    queue_close(c->txn, c->arena, &q, c->now_ms);
    count_request(c, &q, 0);
    return NULL;
}

/* One entry fails alone. */
static bool one_of_batch(struct call *c, struct queue *q, size_t mark, const struct counts *before, err e) {
    if (!e) return true;
    txn_undo(c->txn, mark);
    q->counts = *before;
    return false;
}

err sqs_delete_message_batch(struct call *c, const struct sqs_delete_message_batch_request *in, struct sqs_delete_message_batch_result *out) {
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    TRY(batch_check(c, in->entries.n, "DeleteMessageBatchRequestEntry"));
    for (u32 i = 0; i < in->entries.n; i++) {
        TRY(batch_check_id(c, in->entries.v[i].id));
        for (u32 j = 0; j < i; j++)
            if (str_eq(in->entries.v[i].id, in->entries.v[j].id)) return batch_repeated(c, in->entries.v[i].id);
    }
    TRY(fifo_throttle(c, &q, FIFO_DELETES));
    out->successful.v = NEW_ARRAY(c->arena, struct sqs_delete_message_batch_result_entry, in->entries.n);
    out->failed.v = NEW_ARRAY(c->arena, struct sqs_batch_result_error_entry, in->entries.n);
    for (u32 i = 0; i < in->entries.n; i++) {
        struct counts before = q.counts;
        size_t mark = txn_mark(c->txn);
        err e = delete_one(c, &q, in->entries.v[i].receipt_handle);
        if (!one_of_batch(c, &q, mark, &before, e)) batch_failure(c, &out->failed, in->entries.v[i].id, e);
        else out->successful.v[out->successful.n++].id = in->entries.v[i].id;
    }
    out->successful.set = out->successful.n > 0;
    queue_close(c->txn, c->arena, &q, c->now_ms);
    if (out->successful.n) count_messages(c, &q, "NumberOfMessagesDeleted", out->successful.n);
    count_request(c, &q, 0);
    return NULL;
}

err sqs_change_message_visibility_batch(struct call *c, const struct sqs_change_message_visibility_batch_request *in,
                                        struct sqs_change_message_visibility_batch_result *out) {
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    TRY(batch_check(c, in->entries.n, "ChangeMessageVisibilityBatchRequestEntry"));
    for (u32 i = 0; i < in->entries.n; i++) {
        TRY(batch_check_id(c, in->entries.v[i].id));
        for (u32 j = 0; j < i; j++)
            if (str_eq(in->entries.v[i].id, in->entries.v[j].id)) return batch_repeated(c, in->entries.v[i].id);
    }
    out->successful.v = NEW_ARRAY(c->arena, struct sqs_change_message_visibility_batch_result_entry, in->entries.n);
    out->failed.v = NEW_ARRAY(c->arena, struct sqs_batch_result_error_entry, in->entries.n);
    for (u32 i = 0; i < in->entries.n; i++) {
        struct counts before = q.counts;
        size_t mark = txn_mark(c->txn);
        err e = change_one(c, &q, in->entries.v[i].receipt_handle, in->entries.v[i].visibility_timeout);
        if (!one_of_batch(c, &q, mark, &before, e)) batch_failure(c, &out->failed, in->entries.v[i].id, e);
        else out->successful.v[out->successful.n++].id = in->entries.v[i].id;
    }
    out->successful.set = out->successful.n > 0;
    queue_close(c->txn, c->arena, &q, c->now_ms);
    count_request(c, &q, 0);
    return NULL;
}
