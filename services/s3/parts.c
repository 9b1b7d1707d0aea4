/* Part rows. They belong to an upload while it is open and stay as the table of parts of the object
 * that it became; then the object owns the bytes and the rows' references are history. */
#include "services/s3/s3.h"

enum { SWEEP_SLICE = 500 };

struct part_walk s3_parts_walk(struct call *c, const struct bucket_row *bucket, str upload_id, u32 after) {
    str base = s3_parts_prefix(c, bucket, upload_id);
    str from = s3_part_key(c, bucket, upload_id, after + 1);
    return (struct part_walk){c, txn_range(c->txn, from, key_after_prefix(c->arena, base)), base.n};
}

bool s3_parts_next(struct part_walk *walk, u32 *number, struct part_row *part) {
    str key, value;
    u64 wide;
    if (!range_next(&walk->rows, &key, &value)) return false;
    str rest = str_skip(key, walk->base);
    ASSERT(key_read_u64(&rest, &wide));
    *number = (u32)wide;
    *part = (struct part_row){0};
    ASSERT(record_decode(walk->c->arena, &s3_part_record, value, part));
    return true;
}

bool s3_part_of_object(struct call *c, const struct bucket_row *bucket, const struct object_row *object,
                       u32 ordinal, struct part_row *part, u64 *offset) {
    str value;
    *offset = 0;
    if (object->part_size) { /* numbered from 1 without holes, all of one size but the last */
        if (!txn_get(c->txn, s3_part_key(c, bucket, object->upload_id, ordinal), &value)) return false;
        *part = (struct part_row){0};
        ASSERT(record_decode(c->arena, &s3_part_record, value, part));
        *offset = object->part_size * (ordinal - 1);
        return true;
    }
    struct part_walk walk = s3_parts_walk(c, bucket, object->upload_id, 0);
    u32 number;
    for (u32 i = 1; s3_parts_next(&walk, &number, part); i++) {
        if (i == ordinal) return true;
        *offset += part->size;
    }
    return false;
}

/* ---- sweeping ---- */

/* Deletes up to *budget part rows of an upload; false: more remain. */
static bool slice(struct call *c, const struct bucket_row *bucket, str upload_id, bool owns_blobs, int *budget) {
    str base = s3_parts_prefix(c, bucket, upload_id), key, value;
    struct range rows = txn_range(c->txn, base, key_after_prefix(c->arena, base));
    for (; *budget > 0; --*budget) {
        if (!range_next(&rows, &key, &value)) return true;
        struct part_row part = {0};
        ASSERT(record_decode(c->arena, &s3_part_record, value, &part));
        if (owns_blobs && part.blob.p) txn_blob_delete(c->txn, arena_str(c->arena, part.blob));
        txn_delete(c->txn, arena_str(c->arena, key));
    }
    return false;
}

static void sweep_later(struct call *c, const struct sweep *sweep) {
    str key = arena_format(c->arena, "%llx/%.*s", (unsigned long long)sweep->bucket_id,
                           STR_ARGS(sweep->upload_id));
    struct task task = {.kind = S("s3.sweep"), .key = key,
                        .payload = record_encode(c->arena, &s3_sweep_record, sweep)};
    txn_task_set(c->txn, &task);
}

void s3_parts_sweep(struct call *c, const struct bucket_row *bucket, str upload_id, bool owns_blobs) {
    int budget = SWEEP_SLICE;
    if (slice(c, bucket, upload_id, owns_blobs, &budget)) return;
    struct sweep rest = {bucket->id, upload_id, owns_blobs, bucket->account};
    sweep_later(c, &rest);
}

void s3_uploads_sweep(struct call *c, const struct bucket_row *bucket) {
    str uploads = s3_uploads_prefix(c, bucket), key, value;
    struct range rows = txn_range(c->txn, uploads, key_after_prefix(c->arena, uploads));
    if (!range_next(&rows, &key, &value)) return;
    struct sweep all = {bucket->id, {0}, true, bucket->account};
    sweep_later(c, &all);
}

/* The open uploads of a bucket that is no more: an upload's row goes when its parts are gone. */
static bool uploads_slice(struct call *c, const struct bucket_row *bucket, int *budget) {
    str uploads = s3_uploads_prefix(c, bucket), key, value, object_key, upload_id;
    struct range rows = txn_range(c->txn, uploads, key_after_prefix(c->arena, uploads));
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, uploads.n);
        ASSERT(key_read_str(&rest, c->arena, &object_key) && key_read_str(&rest, c->arena, &upload_id));
        if (!slice(c, bucket, upload_id, true, budget)) return false;
        txn_delete(c->txn, arena_str(c->arena, key));
        --*budget;
    }
    return true;
}

err s3_sweep_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct sweep sweep = {0};
    int budget = SWEEP_SLICE;
    ASSERT(record_decode(txn_arena(t), &s3_sweep_record, task->payload, &sweep));
    struct call *c = call_for_task(t, &s3_service, sweep.account, S(""), now_ms);
    struct bucket_row bucket = {.account = sweep.account, .id = sweep.bucket_id};
    bool done = sweep.upload_id.p
                    ? slice(c, &bucket, sweep.upload_id, sweep.owns_blobs, &budget)
                    : uploads_slice(c, &bucket, &budget);
    if (!done) sweep_later(c, &sweep);
    return NULL;
}
