/* Objects: finding the current version, replacing and removing it, deletion by call. */
#include "services/s3/s3.h"

enum { ORDER_CURRENT = 0, DELETE_ENTRIES_MAX = 1000 };

str s3_quoted(struct call *c, str etag) {
    struct buf b = buf_new(c->arena, etag.n + 2);
    buf_char(&b, '"');
    buf_add(&b, etag);
    buf_char(&b, '"');
    return buf_str(&b);
}

static bool current_get(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    str value;
    if (!s3_object_key_fits(key)) return false;
    if (!txn_get(c->txn, s3_object_key(c, bucket->id, key, ORDER_CURRENT), &value)) return false;
    *object = (struct object_row){0};
    ASSERT(record_decode(c->arena, &s3_object_record, value, object));
    return true;
}

bool s3_object_find(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    return current_get(c, bucket, key, object) && !object->delete_marker;
}

/* In a bucket that never had versions every object is the null version; any other id is malformed. */
static err version_check(struct call *c, str version_id) {
    if (!version_id.p || str_eq(version_id, S("null"))) return NULL;
    return s3_fail_argument(c, "versionId", version_id, "Invalid version id specified");
}

err s3_object_open(struct call *c, const struct bucket_row *bucket, str key, str version_id,
                   struct object_row *object) {
    TRY(version_check(c, version_id));
    if (s3_object_find(c, bucket, key, object)) return NULL;
    return s3_fail_no_key(c, bucket->name, key);
}

static void release_bytes(struct call *c, const struct bucket_row *bucket, const struct object_row *object) {
    if (object->blob.p) txn_blob_delete(c->txn, object->blob);
    if (object->part_count) s3_parts_sweep(c, bucket->id, object->upload_id, false);
}

void s3_object_replace(struct call *c, const struct bucket_row *bucket, str key,
                       struct object_row *object, str reason) {
    struct object_row old;
    if (current_get(c, bucket, key, &old)) release_bytes(c, bucket, &old);
    object->sequence = txn_sequence(c->txn);
    object->modified_ms = c->now_ms;
    s3_object_update(c, bucket, key, object);
    s3_event_created(c, bucket, key, object, reason);
}

void s3_object_update(struct call *c, const struct bucket_row *bucket, str key,
                      const struct object_row *object) {
    txn_put(c->txn, s3_object_key(c, bucket->id, key, ORDER_CURRENT),
            record_encode(c->arena, &s3_object_record, object));
}

bool s3_object_remove(struct call *c, const struct bucket_row *bucket, str key, str reason) {
    struct object_row old;
    if (!current_get(c, bucket, key, &old)) return false;
    release_bytes(c, bucket, &old);
    txn_delete(c->txn, s3_object_key(c, bucket->id, key, ORDER_CURRENT));
    s3_event_deleted(c, bucket, key, txn_sequence(c->txn), reason);
    return true;
}

/* ---- DeleteObject, DeleteObjects ---- */

/* Deleting what is absent succeeds, except under a condition. */
static err delete_one(struct call *c, const struct bucket_row *bucket, str key, str version_id,
                      str if_match, str reason) {
    struct object_row current;
    TRY(version_check(c, version_id));
    if (if_match.p) {
        bool there = s3_object_find(c, bucket, key, &current);
        TRY(s3_condition_write(c, if_match, (str){0}, bucket->name, key, there ? &current : NULL));
    }
    (void)s3_object_remove(c, bucket, key, reason);
    return NULL;
}

err s3_delete_object(struct call *c, const struct s3_delete_object_request *in,
                     struct s3_delete_object_output *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    /* These two exist for directory buckets only. */
    if (in->if_match_last_modified_time.set)
        return s3_fail_header_not_implemented(c, "x-amz-if-match-last-modified-time", NULL);
    if (in->if_match_size.set) return s3_fail_header_not_implemented(c, "x-amz-if-match-size", NULL);
    TRY(delete_one(c, &bucket, in->key, in->version_id, in->if_match, S("DeleteObject")));
    if (in->version_id.p) out->version_id = in->version_id;
    return NULL;
}

static err entry_delete(struct call *c, const struct bucket_row *bucket,
                        const struct s3_object_identifier *entry) {
    str arn = s3_object_arn(c, bucket->name, entry->key);
    if (!may(c, S("s3:DeleteObject"), arn)) return deny(c, S("s3:DeleteObject"), arn);
    if (entry->last_modified_time.set || entry->size.set)
        return s3_fail_header_not_implemented(c, "x-amz-if-match-last-modified-time", NULL);
    return delete_one(c, bucket, entry->key, entry->version_id, entry->etag, S("DeleteObject"));
}

err s3_delete_objects(struct call *c, const struct s3_delete_objects_request *in,
                      struct s3_delete_objects_output *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!in->delete || !in->delete->objects.n || in->delete->objects.n > DELETE_ENTRIES_MAX)
        return s3_fail_malformed(c);
    for (u32 i = 0; i < in->delete->objects.n; i++)
        if (!in->delete->objects.v[i].key.n) return s3_fail_malformed(c);
    bool quiet = in->delete->quiet.set && in->delete->quiet.v;
    u32 entries = in->delete->objects.n;
    out->deleted.v = NEW_ARRAY(c->arena, struct s3_deleted_object, entries);
    out->errors.v = NEW_ARRAY(c->arena, struct s3_error, entries);
    for (u32 i = 0; i < entries; i++) {
        const struct s3_object_identifier *entry = &in->delete->objects.v[i];
        size_t mark = txn_mark(c->txn);
        err failure = entry_delete(c, &bucket, entry);
        if (failure) {
            txn_undo(c->txn, mark);
            out->errors.v[out->errors.n++] = (struct s3_error){.key = entry->key,
                                                               .version_id = entry->version_id,
                                                               .code = str_of(failure->code),
                                                               .message = c->error_message};
            c->error_message = (str){0};
            c->error_details = (struct record_pairs){0};
        } else if (!quiet) {
            out->deleted.v[out->deleted.n++] =
                (struct s3_deleted_object){.key = entry->key, .version_id = entry->version_id};
        }
    }
    out->deleted.set = out->deleted.n > 0;
    out->errors.set = out->errors.n > 0;
    return NULL;
}
