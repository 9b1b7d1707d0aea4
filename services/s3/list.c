/* ListObjects, ListObjectsV2, ListMultipartUploads. */
#include "services/s3/storage.h"
#include "services/s3/walk.h"

struct page {
    struct s3_object *objects;
    struct s3_common_prefix *groups;
    u32 object_count, group_count;
    bool more;
    str last; /* the last name on the page, key or common prefix */
};

static void listed_object(struct call *c, const struct walk_item *item, bool url, struct s3_object *out) {
    const struct object_row *row = &item->object;
    *out = (struct s3_object){.key = s3_listed(c, item->name, url),
                              .last_modified = SOME_TIME(row->modified_ms),
                              .etag = s3_quoted(c, row->etag),
                              .size = SOME_I64((i64)row->size),
                              .storage_class = row->storage_class};
    if (!row->checksum_kind) return;
    out->checksum_algorithm.v = NEW(c->arena, str);
    out->checksum_algorithm.v[0] = s3_checksum_name(s3_object_checksum(row));
    out->checksum_algorithm.n = 1;
    out->checksum_algorithm.set = true;
    out->checksum_type = s3_checksum_type(row);
}

static void list_page(struct call *c, struct walk *walk, u32 max, bool url, str owner_account, bool restores, struct page *page) {
    *page = (struct page){.objects = NEW_ARRAY(c->arena, struct s3_object, (size_t)max + 1),
                          .groups = NEW_ARRAY(c->arena, struct s3_common_prefix, (size_t)max + 1)};
    struct walk_item item;
    enum walk_kind kind;
    struct s3_owner *owner = owner_account.p ? s3_owner(c, owner_account) : NULL;
    while (max && (kind = s3_walk_next(walk, &item)) != WALK_END) {
        if ((page->more = page->object_count + page->group_count == max)) return;
        page->last = item.name;
        if (kind == WALK_GROUP) {
            page->groups[page->group_count++].prefix = s3_listed(c, item.name, url);
            continue;
        }
        struct s3_object *object = &page->objects[page->object_count++];
        listed_object(c, &item, url, object);
        object->owner = owner;
        if (restores) object->restore_status = s3_restore_status(c, &item.object);
    }
}

#define PAGE_ANSWER(c, in, out, page_, url, max)                                                   \
    do {                                                                                           \
        (out)->name = (in)->bucket;                                                                \
        (out)->prefix = s3_listed((c), (in)->prefix.p ? (in)->prefix : S(""), (url));              \
        if ((in)->delimiter.n) (out)->delimiter = s3_listed((c), (in)->delimiter, (url));          \
        (out)->max_keys = SOME_I32((i32)(max));                                                    \
        if (url) (out)->encoding_type = S("url");                                                  \
        (out)->is_truncated = SOME_BOOL((page_)->more);                                            \
        (out)->contents.v = (page_)->objects;                                                      \
        (out)->contents.n = (page_)->object_count;                                                 \
        (out)->contents.set = (page_)->object_count > 0;                                           \
        (out)->common_prefixes.v = (page_)->groups;                                                \
        (out)->common_prefixes.n = (page_)->group_count;                                           \
        (out)->common_prefixes.set = (page_)->group_count > 0;                                     \
    } while (0)

err s3_list_objects(struct call *c, const struct s3_list_objects_request *in,
                    struct s3_list_objects_output *out) {
    struct bucket_row bucket;
    struct page page;
    bool url, restores;
    u32 max;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_encoding_check(c, in->encoding_type, &url));
    TRY(s3_page_size(c, "max-keys", in->max_keys, &max));
    TRY(s3_listing_attributes(c, &in->optional_object_attributes, &restores));
    struct walk walk = s3_walk(c, s3_objects_prefix(c, &bucket), in->prefix, in->delimiter, in->marker);
    walk.objects = true;
    list_page(c, &walk, max, url, bucket.account, restores, &page);
    PAGE_ANSWER(c, in, out, &page, url, max);
    out->marker = s3_listed(c, in->marker.p ? in->marker : S(""), url);
    /* Without a delimiter the last key is the marker, and S3 leaves it to the client. */
    if (page.more && in->delimiter.n) out->next_marker = s3_listed(c, page.last, url);
    return NULL;
}

err s3_list_objects_v2(struct call *c, const struct s3_list_objects_v2_request *in,
                       struct s3_list_objects_v2_output *out) {
    struct bucket_row bucket;
    struct page page;
    bool url, restores;
    u32 max;
    str after = in->start_after;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_encoding_check(c, in->encoding_type, &url));
    TRY(s3_page_size(c, "max-keys", in->max_keys, &max));
    TRY(s3_listing_attributes(c, &in->optional_object_attributes, &restores));
    if (in->continuation_token.p && !page_position(c, in->continuation_token, &after))
        return s3_fail_argument(c, "continuation-token", (str){0},
                                "The continuation token provided is incorrect");
    struct walk walk = s3_walk(c, s3_objects_prefix(c, &bucket), in->prefix, in->delimiter, after);
    walk.objects = true;
    list_page(c, &walk, max, url, in->fetch_owner.set && in->fetch_owner.v ? bucket.account : (str){0}, restores, &page);
    PAGE_ANSWER(c, in, out, &page, url, max);
    out->key_count = SOME_I32((i32)(page.object_count + page.group_count));
    out->continuation_token = in->continuation_token;
    if (page.more) out->next_continuation_token = page_token(c, page.last);
    if (in->start_after.p) out->start_after = s3_listed(c, in->start_after, url);
    return NULL;
}

/* ---- ListMultipartUploads ---- */

static struct walk uploads_walk(struct call *c, const struct bucket_row *bucket,
                                const struct s3_list_multipart_uploads_request *in) {
    str base = s3_uploads_prefix(c, bucket);
    bool inside = in->key_marker.n && in->upload_id_marker.n && s3_object_key_fits(in->key_marker)
                  && in->upload_id_marker.n <= S3_UPLOAD_ID && str_find_char(in->upload_id_marker, 0) == STR_NONE;
    if (!inside) return s3_walk(c, base, in->prefix, in->delimiter, in->key_marker);
    /* Between the uploads of one key. */
    str row = s3_upload_key(c, bucket, in->key_marker, in->upload_id_marker);
    return s3_walk_from(c, base, in->prefix, in->delimiter, key_after_prefix(c->arena, row));
}

static void listed_upload(struct call *c, const struct walk_item *item, bool url,
                          struct s3_multipart_upload *out) {
    struct upload_row row = {0};
    ASSERT(record_decode(c->arena, &s3_upload_record, item->value, &row) && row.object);
    *out = (struct s3_multipart_upload){.upload_id = row.id,
                                        .key = s3_listed(c, item->name, url),
                                        .initiated = SOME_TIME(row.initiated_ms),
                                        .storage_class = row.object->storage_class,
                                        .owner = s3_owner(c, c->account)};
    out->initiator = NEW(c->arena, struct s3_initiator);
    out->initiator->id = out->owner->id;
    out->initiator->display_name = c->account;
    if (!row.checksum_asked) return;
    out->checksum_algorithm = s3_checksum_name(s3_object_checksum(row.object));
    out->checksum_type = s3_checksum_type(row.object);
}

static void uploads_page(struct call *c, struct walk *walk, u32 max, bool url,
                         struct s3_list_multipart_uploads_output *out) {
    out->uploads.v = NEW_ARRAY(c->arena, struct s3_multipart_upload, (size_t)max + 1);
    out->common_prefixes.v = NEW_ARRAY(c->arena, struct s3_common_prefix, (size_t)max + 1);
    struct walk_item item;
    enum walk_kind kind;
    bool more = false;
    str last_key = S(""), last_id = S("");
    while (max && (kind = s3_walk_next(walk, &item)) != WALK_END) {
        if ((more = out->uploads.n + out->common_prefixes.n == max)) break;
        last_key = item.name;
        if (kind == WALK_GROUP) {
            out->common_prefixes.v[out->common_prefixes.n++].prefix = s3_listed(c, item.name, url);
            last_id = S("");
            continue;
        }
        struct s3_multipart_upload *upload = &out->uploads.v[out->uploads.n++];
        listed_upload(c, &item, url, upload);
        last_id = upload->upload_id;
    }
    out->uploads.set = out->uploads.n > 0;
    out->common_prefixes.set = out->common_prefixes.n > 0;
    out->is_truncated = SOME_BOOL(more);
    out->next_key_marker = s3_listed(c, last_key, url);
    out->next_upload_id_marker = last_id;
}

err s3_list_multipart_uploads(struct call *c, const struct s3_list_multipart_uploads_request *in,
                              struct s3_list_multipart_uploads_output *out) {
    struct bucket_row bucket;
    bool url;
    u32 max;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_encoding_check(c, in->encoding_type, &url));
    TRY(s3_page_size(c, "max-uploads", in->max_uploads, &max));
    struct walk walk = uploads_walk(c, &bucket, in);
    uploads_page(c, &walk, max, url, out);
    out->bucket = in->bucket;
    out->key_marker = s3_listed(c, in->key_marker.p ? in->key_marker : S(""), url);
    out->upload_id_marker = in->upload_id_marker.p ? in->upload_id_marker : S("");
    if (in->prefix.p) out->prefix = s3_listed(c, in->prefix, url);
    if (in->delimiter.n) out->delimiter = s3_listed(c, in->delimiter, url);
    out->max_uploads = SOME_I32((i32)max);
    if (url) out->encoding_type = S("url");
    return NULL;
}
