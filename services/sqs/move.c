/* Message move tasks: from a dead-letter queue back to where its messages came from, or elsewhere.
 * A task is a row and a job; its rate is kept on the cloud's clock. */
#include "sqs.h"

static struct key tasks_key(struct arena *a, const struct queue *q) {
    struct key k = key_new(a, S("sqs"));
    key_str(&k, q->account);
    key_str(&k, q->region);
    key_str(&k, S("move"));
    key_str(&k, q->name);
    return k;
}

static bool load_task(struct txn *t, struct arena *a, str key, struct move_task *task) {
    str row;
    if (!txn_get(t, key, &row)) return false;
    *task = (struct move_task){0};
    ASSERT(record_decode(a, &move_task_record, arena_str(a, row), task));
    return true;
}

static void save_task(struct txn *t, struct arena *a, str key, const struct move_task *task) {
    txn_put(t, key, record_encode(a, &move_task_record, task));
}

static bool running(const struct move_task *task) { return str_eq(task->status, S("RUNNING")); }

static bool newest(struct txn *t, struct arena *a, const struct queue *q, struct move_task *task) {
    struct key k = tasks_key(a, q);
    str from = key_bytes(&k), key, row;
    struct range r = txn_range_backwards(t, from, key_after_prefix(a, from));
    return range_next(&r, &key, &row) && load_task(t, a, arena_str(a, key), task);
}

static err no_resource(struct call *c, const char *parameter) {
    return fail(c, &sqs_resource_not_found_exception, "The resource that you specified for the %s parameter doesn't exist.", parameter);
}

err sqs_start_message_move_task(struct call *c, const struct sqs_start_message_move_task_request *in, struct sqs_start_message_move_task_result *out) {
    struct queue source, destination;
    struct move_task before;
    if (!queue_load_by_arn(c->txn, c->arena, in->source_arn, &source)) return no_resource(c, "SourceArn");
    if (!redrive_has_source(c->txn, c->arena, &source))
        return fail(c, &sqs_invalid_parameter_value_exception, "Source queue must be configured as a Dead Letter Queue.");
    if (in->destination_arn.p && !queue_load_by_arn(c->txn, c->arena, in->destination_arn, &destination)) return no_resource(c, "DestinationArn");
    if (in->destination_arn.p && str_eq(in->destination_arn, in->source_arn))
        return fail(c, &sqs_invalid_parameter_value_exception, "Source queue arn and destination queue arn cannot be the same.");
    if (in->destination_arn.p && destination.fifo != source.fifo)
        return fail(c, &sqs_invalid_parameter_value_exception, "Source queue and destination queue must be of the same type.");
    TRY(redrive_may_move(c, &source, in->destination_arn.p ? &destination : NULL));
    struct opt_i32 rate = in->max_number_of_messages_per_second;
    if (rate.set && (rate.v < 1 || rate.v > 500))
        return fail(c, &sqs_invalid_parameter_value_exception, "Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided.", rate.v);
    if (newest(c->txn, c->arena, &source, &before) && running(&before))
        return fail(c, &sqs_invalid_parameter_value_exception, "There is already a task running. Only one active task is allowed for a source queue arn at a given time.");
    struct move_task task = {.source_arn = in->source_arn, .destination_arn = in->destination_arn, .status = S("RUNNING"), .rate = rate.set ? rate.v : 0,
                             .to_move = source.counts.ready, .started_ms = c->now_ms};
    struct key k = tasks_key(c->arena, &source);
    key_u64(&k, txn_sequence(c->txn));
    str key = key_bytes(&k);
    save_task(c->txn, c->arena, key, &task);
    txn_task_set(c->txn, &(struct task){.kind = S("sqs-move"), .key = key});
    out->task_handle = base64_of(c->arena, key);
    count_request(c, &source, 0);
    return NULL;
}

err sqs_list_message_move_tasks(struct call *c, const struct sqs_list_message_move_tasks_request *in, struct sqs_list_message_move_tasks_result *out) {
    struct queue q;
    u32 max = in->max_results.set ? (u32)in->max_results.v : 1;
    if (in->max_results.set && (in->max_results.v < 1 || in->max_results.v > 10))
        return fail(c, &sqs_invalid_parameter_value_exception, "Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and 10, if provided.", in->max_results.v);
    if (!queue_load_by_arn(c->txn, c->arena, in->source_arn, &q)) return no_resource(c, "SourceArn");
    struct key k = tasks_key(c->arena, &q);
    str from = key_bytes(&k), key, row;
    struct range r = txn_range_backwards(c->txn, from, key_after_prefix(c->arena, from));
    out->results.v = NEW_ARRAY(c->arena, struct sqs_list_message_move_tasks_result_entry, max);
    while (out->results.n < max && range_next(&r, &key, &row)) {
        struct move_task task;
        ASSERT(load_task(c->txn, c->arena, arena_str(c->arena, key), &task));
        struct sqs_list_message_move_tasks_result_entry *e = &out->results.v[out->results.n++];
        e->status = task.status;
        e->source_arn = task.source_arn;
        e->destination_arn = task.destination_arn;
        e->failure_reason = task.failure;
        e->approximate_number_of_messages_moved = SOME_I64(task.moved);
        e->approximate_number_of_messages_to_move = SOME_I64(task.to_move);
        e->started_timestamp = SOME_I64(task.started_ms);
        if (task.rate) e->max_number_of_messages_per_second = SOME_I32((i32)task.rate);
        if (running(&task)) e->task_handle = base64_of(c->arena, key);
    }
    out->results.set = out->results.n > 0;
    count_request(c, &q, 0);
    return NULL;
}

err sqs_cancel_message_move_task(struct call *c, const struct sqs_cancel_message_move_task_request *in, struct sqs_cancel_message_move_task_result *out) {
    struct move_task task;
    str key, part, account, rest;
    bool valid = base64_decode(c->arena, in->task_handle, &key) && key.n < KEY_MAX;
    rest = key;
    valid = valid && key_read_str(&rest, c->arena, &part) && str_eq(part, S("sqs")) && key_read_str(&rest, c->arena, &account) && key_read_str(&rest, c->arena, &part)
            && key_read_str(&rest, c->arena, &part) && str_eq(part, S("move"));
    if (!valid) return fail(c, &sqs_invalid_parameter_value_exception, "Value for parameter TaskHandle is invalid.");
    if (!str_eq(account, c->account) || !load_task(c->txn, c->arena, key, &task)) return fail(c, &sqs_resource_not_found_exception, "Task does not exist.");
    if (!running(&task)) return fail(c, &sqs_unsupported_operation, "Task is not in a state in which it can be cancelled: %.*s.", STR_ARGS(task.status));
    task.status = S("CANCELLED");
    txn_task_cancel(c->txn, S("sqs-move"), key);
    save_task(c->txn, c->arena, key, &task);
    out->approximate_number_of_messages_moved = SOME_I64(task.moved);
    count_usage(c, S("Requests-Tier1"), 1);
    return NULL;
}

/* ---- the job ---- */

/* A message that was moved is new: another id, sent now, never received. */
static const char *move_one(struct txn *t, struct arena *a, struct queue *source, struct message *m, str destination_arn, i64 now_ms) {
    struct queue to;
    str target = destination_arn.p ? destination_arn : m->source_arn;
    if (!target.p) return "CouldNotDetermineMessageSource";
    if (!queue_load_by_arn(t, a, target, &to)) return "AWS.SimpleQueueService.NonExistentQueue";
    struct message there = {.id = id_uuid(a), .body = message_body(t, a, source, m), .group = m->group, .dedup = m->dedup, .sender = m->sender, .trace = m->trace,
                            .attributes = m->attributes, .sealed = m->sealed, .sent_ms = now_ms};
    message_remove(t, a, source, m);
    there.seq = there.first_seq = txn_sequence(t);
    message_add(t, a, &to, &there);
    queue_close(t, a, &to, now_ms);
    return NULL;
}

err move_slice(struct txn *t, const struct task *job, i64 now_ms) {
    enum { AT_ONCE = 100 };
    struct arena *a = txn_arena(t);
    struct move_task task;
    struct queue q;
    struct message m;
    if (!load_task(t, a, job->key, &task) || !running(&task)) return NULL;
    i64 budget = task.rate ? task.rate : AT_ONCE;
    bool there = queue_load_by_arn(t, a, task.source_arn, &q), more = false;
    if (!there) task.status = S("FAILED"), task.failure = S("AWS.SimpleQueueService.NonExistentQueue");
    while (there && running(&task) && (more = queue_first_visible(t, a, &q, &m)) && budget-- > 0) {
        const char *problem = move_one(t, a, &q, &m, task.destination_arn, now_ms);
        if (problem) task.status = S("FAILED"), task.failure = str_of(problem);
        else task.moved++;
    }
    if (there) queue_close(t, a, &q, now_ms);
    if (running(&task) && !more) task.status = S("COMPLETED");
    save_task(t, a, job->key, &task);
    if (running(&task)) txn_task_set(t, &(struct task){.kind = S("sqs-move"), .key = job->key, .due_ms = task.rate ? now_ms + 1000 : 0});
    return NULL;
}
