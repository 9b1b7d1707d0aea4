/* RestoreObject: a temporary copy out of an archive. When it is there is a time in the row; a timer only
 * tells who listens. */
#include "services/s3/storage.h"
#include "services/s3/versions.h"

/* The upper ends of what the S3 user guide says retrievals take. */
struct retrieval {
    const char *tier;
    i64 archive_ms, deep_ms; /* 0: not for this class */
    const char *usage;
};
static const struct retrieval *retrieval_of(str tier) {
    static const struct retrieval retrievals[] = {
        {"Expedited", 5 * 60000, 0, "Expedited-Retrieval-Bytes"},
        {"Standard", 5 * 3600000, 12 * 3600000, "Standard-Retrieval-Bytes"},
        {"Bulk", 12 * 3600000, 48 * 3600000ll, "Bulk-Retrieval-Bytes"},
    };
    if (!tier.p) return &retrievals[1];
    for (size_t i = 0; i < LENGTH(retrievals); i++)
        if (str_eq(tier, str_of(retrievals[i].tier))) return &retrievals[i];
    return NULL;
}

/* Which archive it is in; InvalidObjectState where it is in none. */
static err archive_of(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, bool *deep, bool *tiering) {
    const struct storage_class *class = s3_storage_of(object);
    *tiering = class && class->kind == STORAGE_TIERING;
    enum storage_tier tier = *tiering ? s3_storage_tier(c, bucket, key, object) : TIER_FREQUENT;
    *deep = *tiering ? tier == TIER_DEEP_ARCHIVE : str_eq(object->storage_class, S("DEEP_ARCHIVE"));
    if (*tiering ? tier >= TIER_ARCHIVE : class && class->kind == STORAGE_ARCHIVE) return NULL;
    fail_detail(c, S("StorageClass"), object->storage_class);
    return fail(c, &s3_invalid_object_state, "Restore is not allowed for the object's current storage class");
}

static void tell(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, i64 due_ms) {
    struct version_at at = s3_version_at(bucket, key, object);
    struct task task = {.kind = S("s3.restored"),
                        .key = s3_version_task_key(c, bucket, object),
                        .payload = record_encode(c->arena, &s3_version_at_record, &at),
                        .due_ms = due_ms};
    txn_task_set(c->txn, &task);
}

err s3_restore_object(struct call *c, const struct s3_restore_object_request *in, struct s3_restore_object_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    bool deep, tiering;
    const struct s3_restore_request *wanted = in->restore_request;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_object_open_attribute(c, &bucket, in->key, in->version_id, &object));
    if (!wanted || wanted->type.p || wanted->select_parameters || wanted->output_location) return s3_fail_malformed(c);
    TRY(archive_of(c, &bucket, in->key, &object, &deep, &tiering));
    str tier = wanted->glacier_job_parameters ? wanted->glacier_job_parameters->tier : wanted->tier;
    const struct retrieval *retrieval = retrieval_of(tier);
    if (!retrieval || tiering == wanted->days.set || (wanted->days.set && wanted->days.v < 1)) return s3_fail_malformed(c);
    i64 takes = deep ? retrieval->deep_ms : retrieval->archive_ms;
    if (!takes)
        return fail(c, &s3_invalid_argument, "The %s retrieval tier is not supported for the storage class of this object.", retrieval->tier);
    i64 ready = c->now_ms + takes;
    bool there = object.restore_ready_ms && c->now_ms < object.restore_until_ms;
    bool ongoing = there && c->now_ms < object.restore_ready_ms;
    if (ongoing && ready >= object.restore_ready_ms)
        return fail(c, &s3_restore_already_in_progress, "Object restore is already in progress");
    if (there && !ongoing) ready = object.restore_ready_ms; /* it is there: it stays longer */
    else count_usage(c, str_of(retrieval->usage), (double)object.size);
    object.restore_ready_ms = ready;
    object.restore_until_ms = s3_midnight(MAX(ready, c->now_ms) + (tiering ? 1 : wanted->days.v) * (i64)S3_DAY_MS);
    s3_version_update(c, &bucket, in->key, &object);
    c->status = there && !ongoing ? 200 : 202;
    if (c->status == 202) {
        s3_event_restore(c, &bucket, in->key, &object, RESTORE_INITIATED);
        tell(c, &bucket, in->key, &object, ready);
    }
    return NULL;
}

/* At the time when the copy is there, and again when it is gone. */
err s3_restored_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct call *c;
    struct bucket_row bucket;
    struct version_at at;
    struct object_row object;
    if (!s3_version_of_task(t, task, now_ms, &c, &bucket, &at, &object)) return NULL;
    if (now_ms < object.restore_until_ms) {
        bool tiering = str_eq(object.storage_class, S("INTELLIGENT_TIERING"));
        s3_event_restore(c, &bucket, at.key, &object, RESTORE_COMPLETED);
        if (tiering) { /* it moves back to the frequent tier for good */
            object.accessed_ms = now_ms;
            object.restore_ready_ms = object.restore_until_ms = 0;
            object.told_tier = TIER_FREQUENT;
            s3_version_update(c, &bucket, at.key, &object);
        } else tell(c, &bucket, at.key, &object, object.restore_until_ms);
    } else if (object.restore_ready_ms) {
        s3_event_restore(c, &bucket, at.key, &object, RESTORE_EXPIRED);
        object.restore_ready_ms = object.restore_until_ms = 0;
        s3_version_update(c, &bucket, at.key, &object);
    }
    return NULL;
}
