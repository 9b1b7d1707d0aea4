/* DeleteObject, DeleteObjects. Without a version id a bucket with versions gets a delete marker; with
 * one the version goes for good. */
#include "services/s3/lock.h"
#include "services/s3/versions.h"

enum { DELETE_ENTRIES_MAX = 1000 };

struct deletion {
    str key, version_id, if_match;
    bool bypass_governance;
};
struct deleted {
    bool marker;    /* one was made, or one was deleted */
    str version_id; /* of the marker made or of the version deleted */
};

/* Deleting what is absent succeeds, except under a condition. */
static err delete_version(struct call *c, const struct bucket_row *bucket, const struct deletion *d,
                          struct deleted *done) {
    struct object_row object;
    TRY(s3_version_check(c, d->version_id));
    done->version_id = d->version_id;
    bool there = s3_version_find(c, bucket, d->key, d->version_id, &object);
    if (d->if_match.p)
        TRY(s3_condition_write(c, d->if_match, (str){0}, bucket, d->key,
                               there && !object.delete_marker ? &object : NULL));
    if (!there) return NULL;
    TRY(s3_lock_check(c, bucket, d->key, &object, d->bypass_governance));
    done->marker = object.delete_marker;
    s3_object_remove(c, bucket, d->key, &object, S("DeleteObject"));
    return NULL;
}

static err delete_current(struct call *c, const struct bucket_row *bucket, const struct deletion *d,
                          struct deleted *done) {
    struct object_row current, marker;
    bool there = s3_object_find(c, bucket, d->key, &current);
    if (d->if_match.p)
        TRY(s3_condition_write(c, d->if_match, (str){0}, bucket, d->key, there ? &current : NULL));
    if (!bucket->versioning) {
        if (there) s3_object_remove(c, bucket, d->key, &current, S("DeleteObject"));
        return NULL;
    }
    s3_object_hide(c, bucket, d->key, &marker, S("DeleteObject"));
    *done = (struct deleted){true, s3_version_name(&marker)};
    return NULL;
}

static err delete_one(struct call *c, const struct bucket_row *bucket, const struct deletion *d, struct deleted *done) {
    *done = (struct deleted){0};
    TRY(s3_key_check(c, d->key));
    return d->version_id.p ? delete_version(c, bucket, d, done) : delete_current(c, bucket, d, done);
}

err s3_delete_object(struct call *c, const struct s3_delete_object_request *in,
                     struct s3_delete_object_output *out) {
    struct bucket_row bucket;
    struct deleted done;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    /* These two exist for directory buckets only. */
    if (in->if_match_last_modified_time.set)
        return s3_fail_header_not_implemented(c, "x-amz-if-match-last-modified-time", NULL);
    if (in->if_match_size.set) return s3_fail_header_not_implemented(c, "x-amz-if-match-size", NULL);
    if (in->version_id.p) TRY(s3_mfa_check(c, &bucket, in->mfa));
    struct deletion d = {.key = in->key, .version_id = in->version_id, .if_match = in->if_match,
                         .bypass_governance = in->bypass_governance_retention.set && in->bypass_governance_retention.v};
    TRY(delete_one(c, &bucket, &d, &done));
    if (done.marker) out->delete_marker = SOME_BOOL(true);
    out->version_id = done.version_id;
    return NULL;
}

static err entry_delete(struct call *c, const struct bucket_row *bucket, str name,
                        const struct s3_object_identifier *entry, bool bypass, struct deleted *done) {
    TRY(s3_allow(c, bucket, name, entry->key, NULL, entry->version_id.p ? S("s3:DeleteObjectVersion") : S("s3:DeleteObject")));
    if (entry->last_modified_time.set || entry->size.set)
        return s3_fail_header_not_implemented(c, "x-amz-if-match-last-modified-time", NULL);
    if (s3_version_check(c, entry->version_id))
        return fail(c, &s3_no_such_version, "The specified version does not exist.");
    struct deletion d = {.key = entry->key, .version_id = entry->version_id, .if_match = entry->etag,
                         .bypass_governance = bypass};
    return delete_one(c, bucket, &d, done);
}

static struct s3_deleted_object deleted_entry(const struct s3_object_identifier *entry, const struct deleted *done) {
    struct s3_deleted_object deleted = {.key = entry->key, .version_id = entry->version_id};
    if (done->marker) {
        deleted.delete_marker = SOME_BOOL(true);
        deleted.delete_marker_version_id = done->version_id;
    }
    return deleted;
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
    bool versions = false;
    for (u32 i = 0; i < in->delete->objects.n; i++) versions |= in->delete->objects.v[i].version_id.p != NULL;
    if (versions) TRY(s3_mfa_check(c, &bucket, in->mfa)); /* one code for all */
    bool bypass = in->bypass_governance_retention.set && in->bypass_governance_retention.v;
    bool quiet = in->delete->quiet.set && in->delete->quiet.v;
    u32 entries = in->delete->objects.n;
    out->deleted.v = NEW_ARRAY(c->arena, struct s3_deleted_object, entries);
    out->errors.v = NEW_ARRAY(c->arena, struct s3_error, entries);
    for (u32 i = 0; i < entries; i++) {
        const struct s3_object_identifier *entry = &in->delete->objects.v[i];
        struct deleted done;
        size_t mark = txn_mark(c->txn);
        err failure = entry_delete(c, &bucket, in->bucket, entry, bypass, &done);
        if (failure) {
            txn_undo(c->txn, mark);
            out->errors.v[out->errors.n++] = (struct s3_error){.key = entry->key,
                                                               .version_id = entry->version_id,
                                                               .code = str_of(failure->code),
                                                               .message = c->error_message};
            c->error_message = (str){0};
            c->error_details = (struct record_pairs){0};
        } else if (!quiet) {
            out->deleted.v[out->deleted.n++] = deleted_entry(entry, &done);
        }
    }
    out->deleted.set = out->deleted.n > 0;
    out->errors.set = out->errors.n > 0;
    return NULL;
}
