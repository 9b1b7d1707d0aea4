/* A bucket's versioning, and the listing of all versions. */
#include "services/s3/storage.h"
#include "services/s3/versions.h"
#include "services/s3/walk.h"

err s3_get_bucket_versioning(struct call *c, const struct s3_get_bucket_versioning_request *in,
                             struct s3_get_bucket_versioning_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (bucket.versioning) /* never enabled: an empty answer */
        out->status = bucket.versioning == S3_VERSIONING_ENABLED ? S("Enabled") : S("Suspended");
    if (bucket.mfa_delete || bucket.mfa_delete_set) out->mfa_delete = bucket.mfa_delete ? S("Enabled") : S("Disabled");
    return NULL;
}

err s3_put_bucket_versioning(struct call *c, const struct s3_put_bucket_versioning_request *in,
                             struct wire_unit *out) {
    struct bucket_row bucket;
    const struct s3_versioning_configuration *wanted = in->versioning_configuration;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!wanted || !wanted->status.p)
        return fail(c, &s3_illegal_versioning_configuration_exception, "The Versioning element must be specified");
    bool enabled = str_eq(wanted->status, S("Enabled"));
    if (!enabled && !str_eq(wanted->status, S("Suspended"))) return s3_fail_malformed(c);
    TRY(s3_mfa_check(c, &bucket, in->mfa));
    TRY(s3_mfa_change(c, &bucket, wanted->mfa_delete, in->mfa));
    if (!enabled && bucket.object_lock)
        return fail(c, &s3_invalid_bucket_state,
                    "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
    if (!enabled && s3_configured(&bucket, S3_CONFIG_REPLICATION))
        return fail(c, &s3_invalid_bucket_state,
                    "A replication configuration is present on this bucket, so you cannot change the versioning state. To change the "
                    "versioning state, first delete the replication configuration.");
    bucket.versioning = enabled ? S3_VERSIONING_ENABLED : S3_VERSIONING_SUSPENDED;
    s3_bucket_update(c, &bucket);
    return NULL;
}

/* ---- ListObjectVersions ---- */

struct versions_page {
    struct s3_object_version *versions;
    struct s3_delete_marker_entry *markers;
    struct s3_common_prefix *groups;
    u32 version_count, marker_count, group_count;
    bool more;
    str last_key, last_version; /* of the last entry; a common prefix has no version */
};

static void listed_version(struct call *c, const struct object_row *row, str key, struct s3_owner *owner,
                           struct s3_object_version *out) {
    *out = (struct s3_object_version){.key = key,
                                      .version_id = s3_version_name(row),
                                      .is_latest = SOME_BOOL(!row->order),
                                      .last_modified = SOME_TIME(row->modified_ms),
                                      .etag = s3_quoted(c, row->etag),
                                      .size = SOME_I64((i64)row->size),
                                      .storage_class = row->storage_class,
                                      .owner = owner};
    if (!row->checksum_kind) return;
    out->checksum_algorithm.v = NEW(c->arena, str);
    out->checksum_algorithm.v[0] = s3_checksum_name(s3_object_checksum(row));
    out->checksum_algorithm.n = 1;
    out->checksum_algorithm.set = true;
    out->checksum_type = s3_checksum_type(row);
}

static void versions_fill(struct call *c, const struct bucket_row *bucket, struct walk *walk, u32 max, bool url, bool restores,
                          struct versions_page *page) {
    *page = (struct versions_page){.versions = NEW_ARRAY(c->arena, struct s3_object_version, (size_t)max + 1),
                                   .markers = NEW_ARRAY(c->arena, struct s3_delete_marker_entry, (size_t)max + 1),
                                   .groups = NEW_ARRAY(c->arena, struct s3_common_prefix, (size_t)max + 1)};
    struct walk_item item;
    enum walk_kind kind;
    struct s3_owner *owner = s3_owner(c, bucket->account);
    while (max && (kind = s3_walk_next(walk, &item)) != WALK_END) {
        if ((page->more = page->version_count + page->marker_count + page->group_count == max)) return;
        page->last_key = item.name;
        page->last_version = (str){0};
        str name = s3_listed(c, item.name, url);
        if (kind == WALK_GROUP) {
            page->groups[page->group_count++].prefix = name;
            continue;
        }
        struct object_row row = {0};
        str rest = item.rest;
        ASSERT(key_read_u64(&rest, &row.order));
        u64 order = row.order;
        ASSERT(record_decode(c->arena, &s3_object_record, item.value, &row));
        row.order = order;
        page->last_version = s3_version_name(&row);
        if (row.delete_marker)
            page->markers[page->marker_count++] =
                (struct s3_delete_marker_entry){.key = name, .owner = owner, .version_id = page->last_version,
                                                .is_latest = SOME_BOOL(!row.order), .last_modified = SOME_TIME(row.modified_ms)};
        else {
            struct s3_object_version *version = &page->versions[page->version_count++];
            listed_version(c, &row, name, owner, version);
            if (restores) version->restore_status = s3_restore_status(c, &row);
        }
    }
}

/* Behind the version that the markers name; it may be gone since, but its id tells where it stood. */
static struct walk versions_walk(struct call *c, const struct bucket_row *bucket,
                                 const struct s3_list_object_versions_request *in) {
    str base = s3_objects_prefix(c, bucket);
    struct object_row marker;
    u64 sequence;
    if (!in->key_marker.n || !in->version_id_marker.n || !s3_object_key_fits(in->key_marker))
        return s3_walk(c, base, in->prefix, in->delimiter, in->key_marker);
    if (s3_version_find(c, bucket, in->key_marker, in->version_id_marker, &marker))
        return s3_walk_from(c, base, in->prefix, in->delimiter, s3_object_key(c, bucket, in->key_marker, marker.order + 1));
    if (!s3_version_id_read(in->version_id_marker, &sequence))
        return s3_walk(c, base, in->prefix, in->delimiter, in->key_marker);
    bool newest = s3_version_current(c, bucket, in->key_marker, &marker) && marker.sequence < sequence;
    return s3_walk_from(c, base, in->prefix, in->delimiter, s3_object_key(c, bucket, in->key_marker, newest ? 0 : ~sequence));
}

static err markers_check(struct call *c, const struct s3_list_object_versions_request *in) {
    if (!in->version_id_marker.p) return NULL;
    if (!in->version_id_marker.n)
        return s3_fail_argument(c, "version-id-marker", S(""), "A version-id marker cannot be empty.");
    if (!in->key_marker.n)
        return s3_fail_argument(c, "version-id-marker", in->version_id_marker,
                                "A version-id marker cannot be specified without a key marker.");
    if (s3_version_check(c, in->version_id_marker))
        return s3_fail_argument(c, "version-id-marker", in->version_id_marker, "Invalid version id specified");
    return NULL;
}

/* DIFFERS: versions and delete markers are each in S3's order, but not mingled in the document. */
err s3_list_object_versions(struct call *c, const struct s3_list_object_versions_request *in,
                            struct s3_list_object_versions_output *out) {
    struct bucket_row bucket;
    struct versions_page page;
    bool url, restores;
    u32 max;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_encoding_check(c, in->encoding_type, &url));
    TRY(s3_page_size(c, "max-keys", in->max_keys, &max));
    TRY(s3_listing_attributes(c, &in->optional_object_attributes, &restores));
    TRY(markers_check(c, in));
    struct walk walk = versions_walk(c, &bucket, in);
    versions_fill(c, &bucket, &walk, max, url, restores, &page);
    out->name = in->bucket;
    out->prefix = s3_listed(c, in->prefix.p ? in->prefix : S(""), url);
    if (in->delimiter.n) out->delimiter = s3_listed(c, in->delimiter, url);
    out->max_keys = SOME_I32((i32)max);
    out->key_marker = s3_listed(c, in->key_marker.p ? in->key_marker : S(""), url);
    out->version_id_marker = in->version_id_marker.p ? in->version_id_marker : S("");
    if (url) out->encoding_type = S("url");
    out->is_truncated = SOME_BOOL(page.more);
    if (page.more) {
        out->next_key_marker = s3_listed(c, page.last_key, url);
        out->next_version_id_marker = page.last_version;
    }
    out->versions.v = page.versions;
    out->versions.n = page.version_count;
    out->versions.set = page.version_count > 0;
    out->delete_markers.v = page.markers;
    out->delete_markers.n = page.marker_count;
    out->delete_markers.set = page.marker_count > 0;
    out->common_prefixes.v = page.groups;
    out->common_prefixes.n = page.group_count;
    out->common_prefixes.set = page.group_count > 0;
    return NULL;
}
