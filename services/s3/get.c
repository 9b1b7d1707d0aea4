/* GetObject, HeadObject, GetObjectAttributes: conditions first, then the range or part, then headers. */
#include "services/s3/encryption.h"
#include "services/s3/lifecycle.h"
#include "services/s3/replication.h"
#include "services/s3/seal.h"
#include "services/s3/storage.h"
#include "services/s3/versions.h"

enum { PART_NUMBER_MAX = 10000, ATTRIBUTE_PARTS_MAX = 1000 };

/* What of an object a request shall see. */
struct view {
    struct bucket_row bucket;
    struct object_row object;
    str restore, expiration;
    str version_id; /* absent in a bucket that never had versions */
    u64 first, length;
    bool not_modified;
    bool partial; /* 206 */
    int checksum_kind; /* -1: none to show */
    str checksum, checksum_type;
    bool by_part;
};

/* The members by which GetObject and HeadObject ask for the same. */
struct question {
    str bucket, owner, key, version_id, range;
    struct condition condition;
    struct opt_i32 part_number;
    str checksum_mode, encryption;
    struct customer_key customer;
};
#define QUESTION_OF(in)                                                                            \
    ((struct question){.bucket = (in)->bucket,                                                     \
                       .owner = (in)->expected_bucket_owner,                                       \
                       .key = (in)->key,                                                           \
                       .version_id = (in)->version_id,                                             \
                       .range = (in)->range,                                                       \
                       .condition = {(in)->if_match, (in)->if_none_match, (in)->if_modified_since, \
                                     (in)->if_unmodified_since},                                   \
                       .part_number = (in)->part_number,                                           \
                       .checksum_mode = (in)->checksum_mode,                                       \
                       .encryption = (in)->server_side_encryption,                                 \
                       .customer = S3_CUSTOMER_KEY_OF(in)})

static err view_range(struct call *c, str range, struct view *v) {
    switch (s3_range_parse(range, v->object.size, &v->first, &v->length)) {
    case RANGE_WHOLE: return NULL;
    case RANGE_PART: v->partial = true; return NULL;
    case RANGE_UNSATISFIABLE: break;
    }
    fail_detail(c, S("RangeRequested"), range);
    fail_detail(c, S("ActualObjectSize"),
                arena_format(c->arena, "%llu", (unsigned long long)v->object.size));
    return fail(c, &s3_invalid_range, "The requested range is not satisfiable");
}

static err view_part(struct call *c, const struct bucket_row *bucket, i32 number, struct view *v,
                     str *part_checksum) {
    struct part_row part;
    i32 parts = v->object.part_count ? v->object.part_count : 1;
    if (number < 1 || number > PART_NUMBER_MAX)
        return s3_fail_argument(c, "partNumber", arena_format(c->arena, "%d", number),
                                "Part number must be an integer between 1 and 10000, inclusive");
    if (number > parts) {
        fail_detail(c, S("PartNumberRequested"), arena_format(c->arena, "%d", number));
        fail_detail(c, S("ActualPartCount"), arena_format(c->arena, "%d", parts));
        return fail(c, &s3_invalid_part_number, "The requested partnumber is not satisfiable");
    }
    v->by_part = true;
    v->partial = v->object.size > 0;
    if (!v->object.part_count) return NULL;
    ASSERT(s3_part_of_object(c, bucket, &v->object, (u32)number, &part, &v->first));
    v->length = part.size;
    *part_checksum = part.checksum;
    return NULL;
}

/* A checksum is of the whole object, or of the part that was asked for where parts have their own. */
static void view_checksum(struct call *c, struct view *v, str part_checksum) {
    v->checksum_kind = s3_object_checksum(&v->object);
    v->checksum_type = s3_checksum_type(&v->object);
    if (v->object.composite && part_checksum.p) v->checksum = base64_of(c->arena, part_checksum);
    else if (v->length == v->object.size) v->checksum = s3_checksum_text(c, &v->object);
    else v->checksum_kind = -1;
}

static err look(struct call *c, const struct question *q, struct view *v) {
    struct bucket_row bucket;
    const char *which = NULL;
    str part_checksum = {0};
    *v = (struct view){.checksum_kind = -1};
    TRY(s3_bucket_open(c, q->bucket, q->owner, &bucket));
    if (q->range.p && q->part_number.set)
        return fail(c, &s3_invalid_request,
                    "Cannot specify both Range header and partNumber query parameter");
    if (q->encryption.p)
        return s3_fail_argument(c, "x-amz-server-side-encryption", q->encryption,
                                "x-amz-server-side-encryption header is not supported for this operation.");
    TRY(s3_object_open(c, &bucket, q->key, q->version_id, &v->object));
    TRY(s3_customer_key_open(c, &q->customer, &v->object));
    v->bucket = bucket;
    v->version_id = s3_version_shown(&bucket, &v->object);
    v->restore = s3_restore_shown(c, &v->object);
    v->expiration = s3_lifecycle_expiration(c, &bucket, q->key, &v->object);
    switch (s3_condition_read(&q->condition, v->object.etag, v->object.modified_ms, c->now_ms, &which)) {
    case CONDITION_FAILED: return s3_fail_precondition(c, which);
    case CONDITION_NOT_MODIFIED: v->not_modified = true; return NULL;
    case CONDITION_HOLDS: break;
    }
    v->length = v->object.size;
    if (q->part_number.set) TRY(view_part(c, &bucket, q->part_number.v, v, &part_checksum));
    else if (q->range.p) TRY(view_range(c, q->range, v));
    if (str_eq_nocase(q->checksum_mode, S("ENABLED")) && v->object.checksum_kind)
        view_checksum(c, v, part_checksum);
    return NULL;
}

static str content_range(struct call *c, const struct view *v) {
    return arena_format(c->arena, "bytes %llu-%llu/%llu", (unsigned long long)v->first,
                        (unsigned long long)(v->first + v->length - 1),
                        (unsigned long long)v->object.size);
}

static str http_date(struct call *c, i64 ms) {
    struct buf b = buf_new(c->arena, 64);
    buf_http_date(&b, ms);
    return buf_str(&b);
}

static inline str given_or(str given, str otherwise) { return given.p ? given : otherwise; }

static bool plain(str text) {
    for (size_t i = 0; i < text.n; i++)
        if ((u8)text.p[i] >= 0x80) return false;
    return true;
}

/* A header is of ASCII. S3 reads the bytes of other metadata as Latin-1 and answers them as RFC 2047
 * has it, in UTF-8: the user guide shows a value that went in as UTF-8 and came out encoded twice. */
static str metadata_value(struct call *c, str value) {
    if (plain(value)) return value;
    struct buf text = buf_new(c->arena, 2 * value.n);
    for (size_t i = 0; i < value.n; i++) {
        u8 x = (u8)value.p[i];
        if (x >= 0x80) buf_char(&text, (char)(0xc0 | x >> 6));
        buf_char(&text, (char)(x >= 0x80 ? 0x80 | (x & 0x3f) : x));
    }
    str encoded = base64_of(c->arena, buf_str(&text));
    return arena_format(c->arena, "=?UTF-8?B?%.*s?=", STR_ARGS(encoded));
}

static struct record_pair *metadata_of(struct call *c, const struct object_row *object) {
    struct record_pair *shown = NEW_ARRAY(c->arena, struct record_pair, object->metadata.n);
    for (u32 i = 0; i < object->metadata.n; i++)
        shown[i] = (struct record_pair){object->metadata.v[i].key, metadata_value(c, object->metadata.v[i].value)};
    return shown;
}

/* Both answers have the same headers; the generated structs differ in their type only. */
#define ANSWER(c, in, out, seen)                                                                      \
    do {                                                                                           \
        const struct object_row *o_ = &(seen)->object;                                                \
        (out)->etag = s3_quoted((c), o_->etag);                                                    \
        (out)->last_modified = SOME_TIME(s3_whole_seconds(o_->modified_ms));                       \
        (out)->cache_control = given_or((in)->response_cache_control, o_->cache_control);          \
        (out)->expires = (in)->response_expires.set ? http_date((c), (in)->response_expires.ms)    \
                                                    : o_->expires;                                 \
        S3_ENCRYPTION_SHOW(out, o_);                                                               \
        S3_CUSTOMER_KEY_SHOW(out, in);                                                             \
        (out)->version_id = (seen)->version_id;                                                    \
        if ((seen)->not_modified) {                                                                   \
            (c)->status = 304;                                                                     \
            break;                                                                                 \
        }                                                                                          \
        (out)->replication_status = s3_replication_shown(o_);                                      \
        (out)->storage_class = s3_storage_shown(o_);                                               \
        (out)->restore = (seen)->restore;                                                          \
        (out)->expiration = (seen)->expiration;                                                    \
        (out)->accept_ranges = S("bytes");                                                         \
        (out)->content_length = SOME_I64((i64)(seen)->length);                                        \
        (out)->content_type = given_or((in)->response_content_type, o_->content_type);             \
        (out)->content_disposition =                                                               \
            given_or((in)->response_content_disposition, o_->content_disposition);                 \
        (out)->content_encoding = given_or((in)->response_content_encoding, o_->content_encoding); \
        (out)->content_language = given_or((in)->response_content_language, o_->content_language); \
        (out)->website_redirect_location = o_->website_redirect;                                   \
        (out)->metadata.v = (void *)metadata_of((c), o_);                                          \
        (out)->metadata.n = o_->metadata.n;                                                        \
        (out)->metadata.set = o_->metadata.n > 0;                                                  \
        if (o_->lock_mode.p) {                                                                     \
            (out)->object_lock_mode = o_->lock_mode;                                               \
            (out)->object_lock_retain_until_date = SOME_TIME(o_->lock_until_ms);                   \
        }                                                                                          \
        if (o_->hold_known) (out)->object_lock_legal_hold_status = o_->legal_hold ? S("ON") : S("OFF"); \
        if (o_->tags.n) (out)->tag_count = SOME_I32((i32)o_->tags.n);                              \
        if ((seen)->by_part && o_->part_count) (out)->parts_count = SOME_I32(o_->part_count);         \
        if ((seen)->checksum_kind >= 0) {                                                             \
            S3_CHECKSUM_SET((out), (seen)->checksum_kind, (seen)->checksum);                             \
            (out)->checksum_type = (seen)->checksum_type;                                             \
        }                                                                                          \
        if ((seen)->partial) {                                                                        \
            (c)->status = 206;                                                                     \
            (out)->content_range = content_range((c), (seen));                                        \
        }                                                                                          \
    } while (0)

err s3_get_object(struct call *c, const struct s3_get_object_request *in,
                  struct s3_get_object_output *out) {
    struct view view;
    struct question question = QUESTION_OF(in);
    s3_usage_tier2(c);
    TRY(look(c, &question, &view));
    bool overrides = in->response_cache_control.p || in->response_content_disposition.p
                     || in->response_content_encoding.p || in->response_content_language.p
                     || in->response_content_type.p || in->response_expires.set;
    if (overrides && c->principal && c->principal->kind == PRINCIPAL_ANONYMOUS)
        return fail(c, &s3_invalid_request,
                    "Request specific response headers cannot be used for anonymous GET requests.");
    if (!view.not_modified) TRY(s3_storage_check(c, &view.bucket, in->key, &view.object));
    str data_key;
    if (!view.not_modified) TRY(s3_seal_data_key(c, view.bucket.name, in->key, &view.object, &question.customer, &data_key));
    ANSWER(c, in, out, &view);
    if (view.not_modified) return NULL;
    const struct body_keys *keys = s3_seal_open(c, &view.bucket, &view.object, data_key, view.first, view.length);
    s3_storage_was_read(c, &view.bucket, in->key, &view.object, view.length);
    out->body = view.length ? stream_of_hidden(c, view.object.blob, view.first, view.length, keys)
                            : stream_of_bytes(c, S(""));
    count_usage(c, S("DataTransfer-Out-Bytes"), (double)view.length);
    return NULL;
}

err s3_head_object(struct call *c, const struct s3_head_object_request *in,
                   struct s3_head_object_output *out) {
    struct view view;
    struct question question = QUESTION_OF(in);
    s3_usage_tier2(c);
    TRY(look(c, &question, &view));
    /* Headers are not encrypted, but a checksum tells of the bytes. */
    if (view.checksum_kind >= 0) TRY(s3_encryption_open(c, view.bucket.name, in->key, &view.object, NULL));
    ANSWER(c, in, out, &view);
    if (str_eq(view.object.storage_class, S("INTELLIGENT_TIERING"))) {
        enum storage_tier tier = s3_storage_tier(c, &view.bucket, in->key, &view.object);
        if (tier >= TIER_ARCHIVE) out->archive_status = tier == TIER_ARCHIVE ? S("ARCHIVE_ACCESS") : S("DEEP_ARCHIVE_ACCESS");
    }
    return NULL;
}

/* ---- GetObjectAttributes ---- */

static bool asks(const struct s3_get_object_attributes_request *in, const char *attribute) {
    for (u32 i = 0; i < in->object_attributes.n; i++) {
        str rest = in->object_attributes.v[i]; /* some clients send the list as one value */
        while (rest.p)
            if (str_eq(str_trim(str_cut(&rest, ',')), str_of(attribute))) return true;
    }
    return false;
}

/* The parts themselves are listed only where each has a checksum that means something alone. */
static struct s3_get_object_attributes_parts *parts_of(struct call *c, const struct bucket_row *bucket,
                                                       const struct object_row *object,
                                                       const struct s3_get_object_attributes_request *in) {
    struct s3_get_object_attributes_parts *parts = NEW(c->arena, struct s3_get_object_attributes_parts);
    parts->total_parts_count = SOME_I32(object->part_count);
    if (!object->composite) return parts;
    i32 max = in->max_parts.set ? MIN(in->max_parts.v, ATTRIBUTE_PARTS_MAX) : ATTRIBUTE_PARTS_MAX;
    i32 marker = in->part_number_marker.set ? in->part_number_marker.v : 0, last = 0;
    u32 room = (u32)MAX(MIN(max, object->part_count - marker), 0), n = 0;
    struct s3_object_part *list = NEW_ARRAY(c->arena, struct s3_object_part, room + 1);
    struct part_walk walk = s3_parts_walk(c, bucket, object->upload_id, 0);
    struct part_row part;
    u32 number;
    for (i32 ordinal = 1; n < room && s3_parts_next(&walk, &number, &part); ordinal++) {
        if (ordinal <= marker) continue;
        struct s3_object_part *entry = &list[n++];
        entry->part_number = SOME_I32(ordinal);
        entry->size = SOME_I64((i64)part.size);
        S3_CHECKSUM_SET(entry, s3_object_checksum(object), base64_of(c->arena, part.checksum));
        last = ordinal;
    }
    parts->part_number_marker = SOME_I32(marker);
    parts->next_part_number_marker = SOME_I32(last);
    parts->max_parts = SOME_I32(max);
    parts->is_truncated = SOME_BOOL(last > 0 && last < object->part_count);
    parts->parts.v = list;
    parts->parts.n = n;
    parts->parts.set = n > 0;
    return parts;
}

static err attributes_check(struct call *c, const struct s3_get_object_attributes_request *in) {
    static const char *const known[] = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"};
    for (u32 i = 0; i < in->object_attributes.n; i++) {
        str rest = in->object_attributes.v[i];
        while (rest.p) {
            str one = str_trim(str_cut(&rest, ','));
            bool found = false;
            for (size_t k = 0; k < LENGTH(known); k++) found |= str_eq(one, str_of(known[k]));
            if (!found) return s3_fail_argument(c, "object-attributes", one, "Invalid attribute name specified.");
        }
    }
    i32 max = in->max_parts.set ? in->max_parts.v : 0;
    i32 marker = in->part_number_marker.set ? in->part_number_marker.v : 0;
    if (max < 0 || marker < 0)
        return s3_fail_argument(c, max < 0 ? "max-parts" : "part-number-marker",
                                arena_format(c->arena, "%d", max < 0 ? max : marker),
                                "Argument must be an integer between 0 and 2147483647");
    return NULL;
}

err s3_get_object_attributes(struct call *c, const struct s3_get_object_attributes_request *in,
                             struct s3_get_object_attributes_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(attributes_check(c, in));
    TRY(s3_object_open(c, &bucket, in->key, in->version_id, &object));
    struct customer_key customer = S3_CUSTOMER_KEY_OF(in);
    TRY(s3_customer_key_open(c, &customer, &object));
    out->last_modified = SOME_TIME(s3_whole_seconds(object.modified_ms));
    out->version_id = s3_version_shown(&bucket, &object);
    if (asks(in, "ETag")) out->etag = object.etag;
    if (asks(in, "StorageClass")) out->storage_class = object.storage_class;
    if (asks(in, "ObjectSize")) out->object_size = SOME_I64((i64)object.size);
    if (asks(in, "Checksum") && object.checksum_kind) {
        TRY(s3_encryption_open(c, bucket.name, in->key, &object, NULL));
        out->checksum = NEW(c->arena, struct s3_checksum);
        S3_CHECKSUM_SET(out->checksum, s3_object_checksum(&object), base64_of(c->arena, object.checksum));
        out->checksum->checksum_type = s3_checksum_type(&object);
    }
    if (asks(in, "ObjectParts") && object.part_count)
        out->object_parts = parts_of(c, &bucket, &object, in);
    return NULL;
}

/* S3 gave torrents up in 2022 and allows the method no more. */
err s3_get_object_torrent(struct call *c, const struct s3_get_object_torrent_request *in, struct s3_get_object_torrent_output *out) {
    (void)out;
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    fail_detail(c, S("Method"), S("GET"));
    fail_detail(c, S("ResourceType"), S("OBJECT"));
    return fail(c, &s3_method_not_allowed, "The specified method is not allowed against this resource.");
}
