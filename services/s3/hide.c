/* What services put into a bucket (logs, exports) comes in before S3 is asked how the bucket encrypts. Under SSE-KMS its
 * bytes are hidden a moment later, by a task: until then they stand as the store alone seals them. */
#include "services/s3/seal.h"
#include "services/s3/storage.h"
#include "services/s3/versions.h"

struct hiding {
    struct version_at at; /* under its own numbers */
    str seal; /* of the key, under the data key: for the row */
    str key;  /* sealed by the root key: for the worker */
};
static const struct record_field hiding_fields[] = {
    RECORD_STR(1, struct hiding, at.account), RECORD_STR(2, struct hiding, at.bucket), RECORD_U64(3, struct hiding, at.bucket_id),
    RECORD_STR(4, struct hiding, at.key), RECORD_U64(5, struct hiding, at.sequence), RECORD_I64(6, struct hiding, at.at_ms),
    RECORD_STR(7, struct hiding, seal), RECORD_STR(8, struct hiding, key),
};
static const struct record_type hiding_record = RECORD_TYPE(struct hiding, hiding_fields);

err s3_hide_begin(struct call *c, const struct bucket_row *bucket, str data_key, struct hide *hide) {
    u8 *key = arena_alloc(c->arena, AEAD_KEY, 1);
    *hide = (struct hide){0};
    if (!data_key.p) return NULL;
    random_bytes(key, AEAD_KEY);
    err e = s3_seal_end(c, (str){(char *)key, AEAD_KEY}, data_key, &hide->seal);
    hide->key = secret_seal(c->txn, c->arena, bucket->account, S("s3.hide"), (str){(char *)key, AEAD_KEY});
    explicit_bzero(key, AEAD_KEY);
    return e;
}

void s3_hide_later(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const struct hide *hide) {
    struct hiding h = {.at = s3_version_at(bucket, key, object), .seal = hide->seal, .key = hide->key};
    if (!hide->seal.p || !object->blob.p) return;
    struct task task = {.kind = S("s3.hide"), .key = s3_version_task_key(c, bucket, object), .payload = record_encode(c->arena, &hiding_record, &h),
                        .due_ms = c->now_ms};
    txn_task_set(c->txn, &task);
}

static bool wanted(const struct object_row *object) { return object->kms_key.p && !object->seal.p && object->blob.p && !object->part_count; }

err s3_hide_make(struct arena *a, const struct task *task, str *result) {
    struct bucket_row bucket;
    struct version_at at;
    struct object_row object = {0};
    struct hiding h = {0};
    struct call *c;
    struct stream *body = NULL;
    bool failed = false;
    str key;
    struct txn *t = store_snapshot(task->store, a);
    ASSERT(record_decode(a, &hiding_record, task->payload, &h));
    bool there = txn_owner(t) && s3_version_of_task(t, task, task->due_ms, &c, &bucket, &at, &object) && wanted(&object);
    if (there && secret_open(t, a, bucket.account, S("s3.hide"), h.key, &key)) {
        struct call_plan plan = {.source = blob_open(t, object.blob, a), .source_length = object.size, .zones = s3_storage_zones(c, object.storage_class),
                                 .hide = (const u8 *)key.p};
        body = stream_of_plan(task->store, a, &plan);
        failed = !body;
        explicit_bzero((void *)(uintptr_t)key.p, key.n);
    }
    store_snapshot_end(t);
    *result = (str){(const char *)body, body != NULL}; /* of this process: settled in the same flight */
    return failed ? &store_unavailable : NULL;
}

err s3_hide_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    enum { RETRY_MS = 1000 };
    struct bucket_row bucket;
    struct version_at at;
    struct object_row object = {0};
    struct hiding h = {0};
    struct call *c;
    ASSERT(record_decode(txn_arena(t), &hiding_record, task->payload, &h));
    if (!s3_version_of_task(t, task, now_ms, &c, &bucket, &at, &object) || !wanted(&object)) return NULL;
    if (outcome) {
        struct task again = *task;
        again.due_ms = now_ms + RETRY_MS;
        txn_task_set(t, &again);
        return NULL;
    }
    if (!result.p) return NULL;
    txn_blob_delete(t, object.blob);
    object.blob = stream_adopt(c, (struct stream *)(uintptr_t)result.p);
    object.seal = h.seal;
    s3_version_update(c, &bucket, at.key, &object);
    return NULL;
}
