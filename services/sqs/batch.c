/* What the three batch operations share. */
#include "sqs.h"

err batch_check(struct call *c, u32 n, const char *entry_name) {
    if (n == 0) return fail(c, &sqs_empty_batch_request, "There should be at least one %s in the request.", entry_name);
    if (n > BATCH_MAX)
        return fail(c, &sqs_too_many_entries_in_batch_request, "Maximum number of entries per request are 10. You have sent %u.", n);
    return NULL;
}

err batch_check_id(struct call *c, str id) {
    bool valid = id.n > 0 && id.n <= 80;
    for (size_t i = 0; i < id.n && valid; i++) {
        char ch = id.p[i];
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        valid = letter || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
    }
    if (valid) return NULL;
    return fail(c, &sqs_invalid_batch_entry_id,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.");
}

err batch_repeated(struct call *c, str id) { return fail(c, &sqs_batch_entry_ids_not_distinct, "Id %.*s repeated.", STR_ARGS(id)); }

/* Batch entries carry the older codes in both protocols. */
void batch_failure(struct call *c, struct sqs_batch_result_error_entry_list *failed, str id, err e) {
    failed->v[failed->n++] = (struct sqs_batch_result_error_entry){
        .id = id,
        .sender_fault = SOME_BOOL(e->sender),
        .code = str_of(e->query_code ? e->query_code : e->code),
        .message = c->error_message,
    };
    failed->set = true;
}

void count_messages(struct call *c, const struct queue *q, const char *metric, double n) {
    count_metric(c, str_of(metric), S("QueueName"), q->name, n, S("Count"));
}

void count_size(struct call *c, const struct queue *q, size_t bytes) { count_metric(c, S("SentMessageSize"), S("QueueName"), q->name, (double)bytes, S("Bytes")); }

/* How full the queue is, for its metrics. */
void sqs_gauge(struct call *c, str of);
void sqs_gauge(struct call *c, str of) {
    struct queue q;
    struct message m;
    if (!queue_load(c->txn, c->arena, c->account, c->region, of, &q)) return;
    gauge_metric(c, S("ApproximateNumberOfMessagesVisible"), S("QueueName"), of, (double)q.counts.ready, S("Count"));
    gauge_metric(c, S("ApproximateNumberOfMessagesNotVisible"), S("QueueName"), of, (double)q.counts.in_flight, S("Count"));
    gauge_metric(c, S("ApproximateNumberOfMessagesDelayed"), S("QueueName"), of, (double)q.counts.delayed, S("Count"));
    i64 oldest_ms = queue_first_visible(c->txn, c->arena, &q, &m) ? MAX(0, c->now_ms - m.sent_ms) : 0;
    gauge_metric(c, S("ApproximateAgeOfOldestMessage"), S("QueueName"), of, (double)(oldest_ms / 1000), S("Seconds"));
}

/* AWS bills each begun 64 KiB of a request. */
void count_request(struct call *c, const struct queue *q, size_t bytes) {
    enum { BILLED = 64 << 10 };
    count_usage(c, q->fifo ? S("Requests-FIFO-Tier1") : S("Requests-Tier1"), (double)MAX((bytes + BILLED - 1) / BILLED, 1));
}
