/* Multipart uploads while they are open: beginning, receiving parts, listing them, aborting. */
#include "services/s3/acl.h"
#include "services/s3/encryption.h"
#include "services/s3/lock.h"
#include "services/s3/seal.h"
#include "services/s3/storage.h"

enum { PART_NUMBER_MAX = 10000, PARTS_PAGE_MAX = 1000, UPLOAD_ID_SEQUENCE = 16, UPLOAD_ID_RANDOM = S3_UPLOAD_ID - UPLOAD_ID_SEQUENCE };
static const u64 part_size_max = 5ull << 30;

/* ---- beginning ---- */

static err checksum_mode(struct call *c, const struct s3_create_multipart_upload_request *in,
                         struct upload_row *upload) {
    struct object_row *object = upload->object;
    upload->checksum_asked = in->checksum_algorithm.p != NULL;
    if (!upload->checksum_asked) {
        if (in->checksum_type.p)
            return fail(c, &s3_invalid_request,
                        "The x-amz-checksum-type header can only be used with the "
                        "x-amz-checksum-algorithm header.");
        object->checksum_kind = DIGEST_CRC64NVME + 1;
        return NULL;
    }
    int kind;
    TRY(s3_checksum_asked(c, in->checksum_algorithm, &kind));
    bool full = kind == DIGEST_CRC64NVME;
    if (in->checksum_type.p) {
        full = str_eq(in->checksum_type, S("FULL_OBJECT"));
        if (!full && !str_eq(in->checksum_type, S("COMPOSITE")))
            return fail(c, &s3_invalid_request, "Value for x-amz-checksum-type header is invalid.");
    }
    if (full ? !s3_checksum_linear(kind) : kind == DIGEST_CRC64NVME)
        return fail(c, &s3_invalid_request,
                    "The %s checksum type cannot be used with the %.*s checksum algorithm.",
                    full ? "FULL_OBJECT" : "COMPOSITE", STR_ARGS(s3_checksum_name(kind)));
    object->checksum_kind = kind + 1;
    object->composite = !full;
    return NULL;
}

err s3_create_multipart_upload(struct call *c, const struct s3_create_multipart_upload_request *in,
                               struct s3_create_multipart_upload_output *out) {
    struct bucket_row bucket;
    struct object_row object = {0};
    struct upload_row upload = {.object = &object, .initiated_ms = c->now_ms};
    struct object_headers headers = S3_HEADERS_OF(in);
    s3_usage_tier1(c);
    TRY(s3_key_check(c, in->key));
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_headers_check(c, &headers));
    TRY(s3_headers_apply(c, &headers, &object));
    TRY(s3_acl_of_new(c, &bucket, &S3_ACL_OF(in), &object));
    TRY(s3_lock_of_new(c, &bucket, &headers, &object));
    TRY(checksum_mode(c, in, &upload));
    TRY(s3_encryption_of_new(c, &bucket, in->key, &headers.encryption, &object, NULL));
    upload.sequence = txn_sequence(c->txn);
    /* Ids sort by creation: the order in which S3 lists the uploads of a key. */
    upload.id = arena_format(c->arena, "%0*llx%.*s", UPLOAD_ID_SEQUENCE,
                             (unsigned long long)upload.sequence,
                             STR_ARGS(id_hex(c->arena, UPLOAD_ID_RANDOM)));
    txn_put(c->txn, s3_upload_key(c, &bucket, in->key, upload.id),
            record_encode(c->arena, &s3_upload_record, &upload));
    out->bucket = in->bucket;
    out->key = in->key;
    out->upload_id = upload.id;
    S3_ENCRYPTION_SHOW(out, &object);
    S3_CUSTOMER_KEY_SHOW(out, in);
    out->ssekms_encryption_context = object.kms_context;
    if (upload.checksum_asked) {
        out->checksum_algorithm = s3_checksum_name(s3_object_checksum(&object));
        out->checksum_type = s3_checksum_type(&object);
    }
    return NULL;
}

err s3_upload_open(struct call *c, const struct bucket_row *bucket, str key, str upload_id,
                   struct upload_row *upload) {
    str value;
    bool plausible = upload_id.n == S3_UPLOAD_ID && str_find_char(upload_id, 0) == STR_NONE && s3_object_key_fits(key);
    if (!plausible || !txn_get(c->txn, s3_upload_key(c, bucket, key, upload_id), &value))
        return s3_fail_no_upload(c, upload_id);
    *upload = (struct upload_row){0};
    ASSERT(record_decode(c->arena, &s3_upload_record, value, upload) && upload->object);
    return NULL;
}

/* ---- parts ---- */

err s3_part_target_open(struct call *c, str bucket, str owner, str key, str upload_id, i32 number,
                        struct part_target *target) {
    if (number < 1 || number > PART_NUMBER_MAX)
        return s3_fail_argument(c, "partNumber", arena_format(c->arena, "%d", number),
                                "Part number must be an integer between 1 and 10000, inclusive");
    target->number = (u32)number;
    TRY(s3_bucket_open(c, bucket, owner, &target->bucket));
    return s3_upload_open(c, &target->bucket, key, upload_id, &target->upload);
}

/* A part must bring a checksum of the kind that the upload was begun with, if that was said. */
static err part_kind_check(struct call *c, const struct upload_row *upload, int kind) {
    int want = s3_object_checksum(upload->object);
    if (!upload->checksum_asked || kind == want) return NULL;
    return fail(c, &s3_invalid_request,
                "Checksum Type mismatch occurred, expected checksum Type: %.*s, actual checksum Type: "
                "%.*s",
                STR_ARGS(s3_checksum_lower_name(c, want)), STR_ARGS(s3_checksum_lower_name(c, kind)));
}

err s3_upload_part_prepare(struct call *c, const struct s3_upload_part_request *in,
                           struct call_plan *plan) {
    struct part_target target;
    struct checksum_claim claim;
    S3_CHECKSUM_CLAIM(in, &claim);
    struct customer_key customer = S3_CUSTOMER_KEY_OF(in);
    TRY(s3_customer_key_check(c, &customer, (str){0}));
    TRY(s3_body_digests(c, &claim, in->checksum_algorithm, &plan->digests));
    plan->body_max = part_size_max;
    plan->too_large = &s3_entity_too_large;
    TRY(s3_part_target_open(c, in->bucket, in->expected_bucket_owner, in->key, in->upload_id,
                            in->part_number.v, &target));
    if (claim.kind >= 0) TRY(part_kind_check(c, &target.upload, claim.kind)); /* else maybe in the trailer */
    plan->zones = s3_storage_zones(c, target.upload.object->storage_class);
    s3_seal_begin_part(c, target.upload.object, plan);
    plan->digests |= 1u << s3_object_checksum(target.upload.object);
    return NULL;
}

err s3_part_data_key(struct call *c, const struct part_target *target, str key, const struct customer_key *customer, str *data_key) {
    TRY(s3_customer_key_of_part(c, customer, target->upload.object, data_key));
    return data_key->p ? NULL : s3_encryption_open(c, target->bucket.name, key, target->upload.object, data_key);
}

void s3_part_put(struct call *c, const struct part_target *target, struct part_row *part) {
    str key = s3_part_key(c, &target->bucket, target->upload.id, target->number), value;
    struct part_row old = {0};
    if (txn_get(c->txn, key, &value)) {
        ASSERT(record_decode(c->arena, &s3_part_record, value, &old));
        if (old.blob.p) txn_blob_delete(c->txn, arena_str(c->arena, old.blob));
    }
    part->modified_ms = c->now_ms;
    txn_put(c->txn, key, record_encode(c->arena, &s3_part_record, part));
}

err s3_part_store(struct call *c, const struct part_target *target, str seal_key, str data_key, struct stream *body, struct part_row *part) {
    struct object_row taken = {0};
    TRY(s3_seal_end(c, seal_key, data_key, &taken.seal));
    s3_body_digest(c, body, s3_object_checksum(target->upload.object), &taken);
    s3_encryption_etag(c, data_key, &taken.etag);
    *part = (struct part_row){.size = body ? stream_length(body) : 0, .etag = taken.etag, .checksum = taken.checksum, .seal = taken.seal};
    if (part->size) part->blob = stream_adopt(c, body);
    s3_part_put(c, target, part);
    return NULL;
}

err s3_upload_part(struct call *c, const struct s3_upload_part_request *in,
                   struct s3_upload_part_output *out) {
    struct part_target target;
    struct part_row part;
    s3_usage_tier1(c);
    TRY(s3_part_target_open(c, in->bucket, in->expected_bucket_owner, in->key, in->upload_id,
                            in->part_number.v, &target));
    int declared = in->body ? stream_declared_checksum(in->body) : -1;
    int kind = s3_object_checksum(target.upload.object);
    TRY(part_kind_check(c, &target.upload, declared));
    struct customer_key customer = S3_CUSTOMER_KEY_OF(in);
    str data_key;
    TRY(s3_part_data_key(c, &target, in->key, &customer, &data_key));
    TRY(s3_part_store(c, &target, c->note, data_key, in->body, &part));
    count_usage(c, S("DataTransfer-In-Bytes"), (double)part.size);
    out->etag = s3_quoted(c, part.etag);
    S3_ENCRYPTION_SHOW(out, target.upload.object);
    S3_CUSTOMER_KEY_SHOW(out, in);
    if (declared >= 0 && declared != kind)
        S3_CHECKSUM_SET(out, declared, base64_of(c->arena, stream_digest(c, in->body, declared)));
    else S3_CHECKSUM_SET(out, kind, base64_of(c->arena, part.checksum));
    return NULL;
}

/* ---- abort ---- */

err s3_abort_multipart_upload(struct call *c, const struct s3_abort_multipart_upload_request *in,
                              struct s3_abort_multipart_upload_output *out) {
    struct bucket_row bucket;
    struct upload_row upload;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (in->if_match_initiated_time.set)
        return s3_fail_header_not_implemented(c, "x-amz-if-match-initiated-time", NULL);
    TRY(s3_upload_open(c, &bucket, in->key, in->upload_id, &upload));
    s3_parts_sweep(c, &bucket, upload.id, true);
    txn_delete(c->txn, s3_upload_key(c, &bucket, in->key, in->upload_id));
    return NULL;
}

/* ---- ListParts ---- */

static err page_check(struct call *c, const char *name, struct opt_i32 number) {
    if (!number.set || number.v >= 0) return NULL;
    return s3_fail_argument(c, name, arena_format(c->arena, "%d", number.v),
                            arena_format(c->arena, "Argument %s must be an integer between 0 and "
                                                   "2147483647%c", name, 0).p);
}

static void parts_page(struct call *c, const struct bucket_row *bucket, const struct upload_row *upload,
                       u32 marker, u32 max, struct s3_list_parts_output *out) {
    struct s3_part *list = NEW_ARRAY(c->arena, struct s3_part, (size_t)max + 1);
    struct part_walk walk = s3_parts_walk(c, bucket, upload->id, marker);
    struct part_row part;
    u32 number, n = 0, last = 0;
    bool more = false;
    while (max && s3_parts_next(&walk, &number, &part)) {
        if ((more = n == max)) break;
        struct s3_part *entry = &list[n++];
        last = number;
        entry->part_number = SOME_I32((i32)number);
        entry->last_modified = SOME_TIME(part.modified_ms);
        entry->etag = s3_quoted(c, part.etag);
        entry->size = SOME_I64((i64)part.size);
        if (upload->checksum_asked)
            S3_CHECKSUM_SET(entry, s3_object_checksum(upload->object), base64_of(c->arena, part.checksum));
    }
    out->parts.v = list;
    out->parts.n = n;
    out->parts.set = n > 0;
    out->is_truncated = SOME_BOOL(more);
    out->next_part_number_marker = SOME_I32((i32)last);
}

err s3_list_parts(struct call *c, const struct s3_list_parts_request *in,
                  struct s3_list_parts_output *out) {
    struct bucket_row bucket;
    struct upload_row upload;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(page_check(c, "max-parts", in->max_parts));
    TRY(page_check(c, "part-number-marker", in->part_number_marker));
    TRY(s3_upload_open(c, &bucket, in->key, in->upload_id, &upload));
    i32 max = in->max_parts.set ? MIN(in->max_parts.v, PARTS_PAGE_MAX) : PARTS_PAGE_MAX;
    i32 marker = in->part_number_marker.set ? in->part_number_marker.v : 0;
    parts_page(c, &bucket, &upload, (u32)marker, (u32)max, out);
    out->bucket = in->bucket;
    out->key = in->key;
    out->upload_id = in->upload_id;
    out->part_number_marker = SOME_I32(marker);
    out->max_parts = SOME_I32(max);
    out->storage_class = upload.object->storage_class;
    out->owner = s3_owner(c, c->account);
    out->initiator = NEW(c->arena, struct s3_initiator);
    out->initiator->id = s3_canonical_id(c, c->account);
    out->initiator->display_name = c->account;
    if (upload.checksum_asked) {
        out->checksum_algorithm = s3_checksum_name(s3_object_checksum(upload.object));
        out->checksum_type = s3_checksum_type(upload.object);
    }
    return NULL;
}
