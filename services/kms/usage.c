/* When a key was last used. Most uses only read: the latest stands in memory, and a task that the first of them sets
 * writes it down a minute later. What a crash takes is the end of that minute. */
#include "kms.h"

enum { FLUSH_MS = 60000, KEPT_MS = 2 * FLUSH_MS };

struct use {
    str operation, request_id, event_id;
    i64 at_ms, flush_ms; /* flush_ms: when the task is due that writes it */
};
static const struct record_field use_fields[] = {
    RECORD_STR(1, struct use, operation), RECORD_STR(2, struct use, request_id), RECORD_STR(3, struct use, event_id),
    RECORD_I64(4, struct use, at_ms),     RECORD_I64(5, struct use, flush_ms),
};
static const struct record_type use_record = RECORD_TYPE(struct use, use_fields);

static str memory_of(struct call *c, const struct kms_key *k) { return arena_concat(c->arena, S("last use of "), k->arn); }
static str row_of(struct arena *a, const struct kms_key *k) { return kms_key_row(a, k->account, k->region, "used", k->id); }

/* The latest of what stands in memory and in the row; false: none. */
static bool load(struct call *c, const struct kms_key *k, struct use *latest) {
    struct use kept = {0};
    str bytes;
    *latest = (struct use){0};
    if (txn_get(c->txn, row_of(c->arena, k), &bytes)) ASSERT(record_decode(c->arena, &use_record, arena_str(c->arena, bytes), latest));
    if (secret_kept(c, memory_of(c, k), &bytes)) ASSERT(record_decode(c->arena, &use_record, bytes, &kept));
    if (kept.at_ms >= latest->at_ms && kept.operation.p) *latest = kept;
    return latest->operation.p != NULL;
}

i64 kms_key_last_used_ms(struct call *c, const struct kms_key *k) {
    struct use latest;
    return load(c, k, &latest) ? latest.at_ms : k->created_ms;
}

void kms_key_used(struct call *c, const struct kms_key *k) {
    struct use before = {0};
    str bytes, name = memory_of(c, k);
    if (!c->event_id.p) c->event_id = id_uuid(c->arena);
    if (secret_kept(c, name, &bytes)) ASSERT(record_decode(c->arena, &use_record, bytes, &before));
    bool due = before.flush_ms > c->now_ms; /* a task will write it */
    struct use now = {.operation = wire_text(c->service->wire, c->op->name), .request_id = c->request_id, .event_id = c->event_id,
                      .at_ms = c->now_ms, .flush_ms = due ? before.flush_ms : c->now_ms + FLUSH_MS};
    str packed = record_encode(c->arena, &use_record, &now);
    secret_keep(c, name, packed, c->now_ms + KEPT_MS);
    if (!due) task_later(c, &(struct task){.kind = S("kms-used"), .key = kms_key_timer(c, k), .payload = packed, .due_ms = now.flush_ms});
}

err kms_usage_write(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct kms_key k;
    struct use first, latest;
    str row;
    if (!txn_get(t, task->key, &row)) return NULL;
    kms_key_read_row(a, task->key, arena_str(a, row), &k);
    struct call *c = call_for_task(t, &kms_service, k.account, k.region, now_ms);
    ASSERT(record_decode(a, &use_record, arena_str(a, task->payload), &first));
    if (!load(c, &k, &latest) || latest.at_ms < first.at_ms) latest = first; /* memory was needed for another */
    txn_put(t, row_of(a, &k), record_encode(a, &use_record, &latest));
    return NULL;
}

void kms_usage_forget(struct call *c, const struct kms_key *k) { txn_delete(c->txn, row_of(c->arena, k)); }

err kms_get_key_last_usage(struct call *c, const struct kms_get_key_last_usage_request *in, struct kms_get_key_last_usage_response *out) {
    struct kms_key k;
    struct use latest;
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    out->key_id = k.id;
    out->key_creation_date = out->tracking_start_date = SOME_TIME(k.created_ms);
    out->key_last_usage = NEW(c->arena, struct kms_key_last_usage_data);
    if (load(c, &k, &latest))
        *out->key_last_usage = (struct kms_key_last_usage_data){.operation = latest.operation, .timestamp = SOME_TIME(latest.at_ms),
                                                               .cloud_trail_event_id = latest.event_id, .kms_request_id = latest.request_id};
    return NULL;
}
