/* Emptying an account: the rows that own bytes, in slices. A part owns its bytes while its upload is
 * open, and still when a sweep of an aborted one has not come to it; the part of a completed object
 * does not. So open uploads go first, then objects, then what parts remain. */
#include "services/s3/s3.h"

#include "gen/s3.h"

bool s3_release(struct txn *t, str account, int *budget);

static str prefix_of(struct call *c, const char *type) {
    struct key k = call_key_global(c, str_of(type));
    return key_bytes(&k);
}

static void release_part(struct call *c, str key, str value) {
    struct part_row part = {0};
    ASSERT(record_decode(c->arena, &s3_part_record, value, &part));
    if (part.blob.p) txn_blob_delete(c->txn, arena_str(c->arena, part.blob));
    txn_delete(c->txn, arena_str(c->arena, key));
}

static bool release_uploads(struct call *c, int *budget) {
    str prefix = prefix_of(c, "upload"), key, value, part_key, id, object;
    struct bucket_row bucket = {.account = c->account};
    struct range uploads = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&uploads, &key, &value)) {
        key = arena_str(c->arena, key);
        str rest = str_skip(key, prefix.n);
        ASSERT(key_read_u64(&rest, &bucket.id) && key_read_str(&rest, c->arena, &object) && key_read_str(&rest, c->arena, &id));
        str base = s3_parts_prefix(c, &bucket, id);
        struct range parts = txn_range(c->txn, base, key_after_prefix(c->arena, base));
        for (; range_next(&parts, &part_key, &value); --*budget) {
            if (!*budget) return false;
            release_part(c, part_key, value);
        }
        if (!*budget) return false;
        --*budget;
        txn_delete(c->txn, key);
    }
    return true;
}

static bool release_objects(struct call *c, int *budget) {
    str prefix = prefix_of(c, "object"), key, value;
    struct range objects = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    for (; range_next(&objects, &key, &value); --*budget) {
        struct object_row object = {0};
        if (!*budget) return false;
        ASSERT(record_decode(c->arena, &s3_object_record, value, &object));
        if (object.blob.p) txn_blob_delete(c->txn, arena_str(c->arena, object.blob));
        txn_delete(c->txn, arena_str(c->arena, key));
    }
    return true;
}

/* Who else looks for a bucket of this name shall not find it here. */
static bool release_names(struct call *c, int *budget) {
    str prefix = s3_buckets_prefix(c, c->account), key, value;
    struct range buckets = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    for (; range_next(&buckets, &key, &value); --*budget) {
        struct bucket_row bucket = {0};
        if (!*budget) return false;
        ASSERT(record_decode(c->arena, &s3_bucket_record, value, &bucket));
        txn_delete(c->txn, s3_owner_key(c, &bucket));
        txn_delete(c->txn, arena_str(c->arena, key));
    }
    return true;
}

/* Is a sweep under way that was to delete this part with its bytes? Of one upload, or of a bucket. */
static bool sweep_owns(struct call *c, u64 bucket_id, str upload_id) {
    struct task task;
    struct sweep sweep = {0};
    str one = arena_format(c->arena, "%llx/%.*s", (unsigned long long)bucket_id, STR_ARGS(upload_id));
    str all = arena_format(c->arena, "%llx/", (unsigned long long)bucket_id);
    return (txn_task_get(c->txn, S("s3.sweep"), one, &task) || txn_task_get(c->txn, S("s3.sweep"), all, &task))
           && record_decode(c->arena, &s3_sweep_record, task.payload, &sweep) && sweep.owns_blobs;
}

static bool release_parts(struct call *c, int *budget) {
    str prefix = prefix_of(c, "part"), key, value, upload_id;
    u64 bucket_id;
    struct range parts = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    for (; range_next(&parts, &key, &value); --*budget) {
        str rest = str_skip(key, prefix.n);
        if (!*budget) return false;
        ASSERT(key_read_u64(&rest, &bucket_id) && key_read_str(&rest, c->arena, &upload_id));
        if (sweep_owns(c, bucket_id, upload_id)) release_part(c, key, value);
        else txn_delete(c->txn, arena_str(c->arena, key));
    }
    return true;
}

bool s3_release(struct txn *t, str account, int *budget) {
    struct call *c = call_for_task(t, &s3_service, account, S("us-east-1"), 0);
    return release_uploads(c, budget) && release_objects(c, budget) && release_parts(c, budget)
           && release_names(c, budget);
}
