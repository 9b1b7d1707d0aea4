/* CompleteMultipartUpload: the listed parts become the object, without a byte being moved. */
#include "services/s3/encryption.h"
#include "services/s3/versions.h"

enum { PARTS_MAX = 10000 };
static const u64 part_size_min = 5 << 20;

/* What the pass over the parts gathers. */
struct assembly {
    struct call *c;
    const struct upload_row *upload;
    struct object_row *object;
    str *blobs;
    u32 blob_count;
    struct digest etag;      /* of the parts' MD5s */
    struct digest composite; /* of the parts' checksums */
    u8 full[DIGEST_MAX];     /* of the bytes so far */
    u64 first_size;
    bool even; /* all parts before this one have the first's size, and numbers run from 1 */
};

static err invalid_part(struct call *c, str upload_id, const struct s3_completed_part *wanted) {
    str etag = wanted->etag;
    if (etag.n >= 2 && etag.p[0] == '"') etag = (str){etag.p + 1, etag.n - 2};
    fail_detail(c, S("UploadId"), upload_id);
    fail_detail(c, S("PartNumber"), arena_format(c->arena, "%d", wanted->part_number.v));
    fail_detail(c, S("ETag"), etag);
    return fail(c, &s3_invalid_part,
                "One or more of the specified parts could not be found.  The part may not have been "
                "uploaded, or the specified entity tag may not match the part's entity tag.");
}

static err list_check(struct call *c, const struct s3_complete_multipart_upload_request *in) {
    const struct s3_completed_multipart_upload *list = in->multipart_upload;
    if (!list || !list->parts.n || list->parts.n > PARTS_MAX) return s3_fail_malformed(c);
    for (u32 i = 0; i < list->parts.n; i++) {
        const struct s3_completed_part *part = &list->parts.v[i];
        if (!part->part_number.set || !part->etag.p) return s3_fail_malformed(c);
        if (part->part_number.v < 1 || part->part_number.v > PARTS_MAX)
            return s3_fail_argument(c, "PartNumber", arena_format(c->arena, "%d", part->part_number.v),
                                    "Part number must be an integer between 1 and 10000, inclusive");
        if (i && part->part_number.v <= list->parts.v[i - 1].part_number.v) {
            fail_detail(c, S("UploadId"), in->upload_id);
            return fail(c, &s3_invalid_part_order,
                        "The list of parts was not in ascending order. Parts must be ordered by part "
                        "number.");
        }
    }
    return NULL;
}

static err part_claim_check(struct call *c, const struct upload_row *upload, const struct part_row *part,
                            const struct s3_completed_part *wanted) {
    struct checksum_claim claim;
    int kind = s3_object_checksum(upload->object);
    S3_CHECKSUM_CLAIM(wanted, &claim);
    if (!upload->checksum_asked) return NULL; /* the part's was checked when it came */
    if (claim.kind < 0 && upload->object->composite) {
        str name = s3_checksum_lower_name(c, kind);
        return fail(c, &s3_invalid_request,
                    "The upload was created using a %.*s checksum. The complete request must include "
                    "the checksum for each part. It was missing for part %d in the request.",
                    STR_ARGS(name), wanted->part_number.v);
    }
    if (claim.kind < 0) return NULL;
    bool same = claim.kind == kind && str_eq(claim.text, base64_of(c->arena, part->checksum));
    return same ? NULL : invalid_part(c, upload->id, wanted);
}

static void assembly_add(struct assembly *a, u32 ordinal, u32 number, const struct part_row *part) {
    u8 md5[16];
    int kind = s3_object_checksum(a->object);
    ASSERT(part->etag.n == 32 && hex_decode(part->etag, md5));
    digest_add(&a->etag, md5, sizeof md5);
    if (a->object->composite) digest_add(&a->composite, part->checksum.p, part->checksum.n);
    else if (ordinal == 1) memcpy(a->full, part->checksum.p, part->checksum.n);
    else digest_combine((enum digest_kind)kind, a->full, (const u8 *)part->checksum.p, part->size);
    if (ordinal == 1) a->first_size = part->size;
    a->even = a->even && number == ordinal;
    if (part->blob.p) a->blobs[a->blob_count++] = arena_str(a->c->arena, part->blob);
    a->object->size += part->size;
}

static err too_small(struct call *c, const struct part_row *part, u32 number) {
    fail_detail(c, S("ProposedSize"), arena_format(c->arena, "%llu", (unsigned long long)part->size));
    fail_detail(c, S("MinSizeAllowed"), arena_format(c->arena, "%llu", (unsigned long long)part_size_min));
    fail_detail(c, S("PartNumber"), arena_format(c->arena, "%u", number));
    fail_detail(c, S("ETag"), part->etag);
    return fail(c, &s3_entity_too_small,
                "Your proposed upload is smaller than the minimum allowed size");
}

/* One pass: the rows and the list are both in the order of numbers. Rows that the list leaves out go. */
static err gather(struct assembly *a, const struct bucket_row *bucket,
                  const struct s3_completed_multipart_upload *list) {
    struct call *c = a->c;
    struct part_walk walk = s3_parts_walk(c, bucket, a->upload->id, 0);
    struct part_row part;
    u32 number, i = 0, n = list->parts.n;
    while (s3_parts_next(&walk, &number, &part)) {
        const struct s3_completed_part *wanted = i < n ? &list->parts.v[i] : NULL;
        if (wanted && (u32)wanted->part_number.v < number) return invalid_part(c, a->upload->id, wanted);
        if (!wanted || (u32)wanted->part_number.v > number) {
            if (part.blob.p) txn_blob_delete(c->txn, arena_str(c->arena, part.blob));
            txn_delete(c->txn, s3_part_key(c, bucket, a->upload->id, number));
            continue;
        }
        if (!s3_etag_matches(wanted->etag, part.etag)) return invalid_part(c, a->upload->id, wanted);
        TRY(part_claim_check(c, a->upload, &part, wanted));
        i++;
        if (i < n && part.size < part_size_min) return too_small(c, &part, number);
        if (i > 1 && i < n && part.size != a->first_size) a->even = false;
        assembly_add(a, i, number, &part);
    }
    return i < n ? invalid_part(c, a->upload->id, &list->parts.v[i]) : NULL;
}

static void assembly_finish(struct assembly *a, u32 parts) {
    u8 raw[DIGEST_MAX];
    struct call *c = a->c;
    struct object_row *object = a->object;
    int kind = s3_object_checksum(object);
    size_t n = digest_end(&a->etag, raw);
    str md5 = hex_of(c->arena, (str){(const char *)raw, n});
    object->etag = arena_format(c->arena, "%.*s-%u", STR_ARGS(md5), parts);
    if (object->composite) n = digest_end(&a->composite, raw);
    else memcpy(raw, a->full, n = digest_size((enum digest_kind)kind));
    object->checksum = arena_str(c->arena, (str){(const char *)raw, n});
    object->part_count = (i32)parts;
    object->upload_id = a->upload->id;
    object->part_size = a->even ? MAX(a->first_size, 1) : 0;
}

/* What the client says of the whole object. */
static err whole_check(struct call *c, const struct s3_complete_multipart_upload_request *in,
                       const struct object_row *object) {
    struct checksum_claim claim;
    S3_CHECKSUM_CLAIM(in, &claim);
    if (in->checksum_type.p && !str_eq(in->checksum_type, s3_checksum_type(object)))
        return fail(c, &s3_invalid_request,
                    "The upload was created using the %.*s checksum mode. The complete request must "
                    "use the same checksum mode.",
                    STR_ARGS(s3_checksum_type(object)));
    if (in->mpu_object_size.set && in->mpu_object_size.v != (i64)object->size)
        return fail(c, &s3_invalid_request,
                    "The provided 'x-amz-mp-object-size' header value %lld does not match what was "
                    "computed: %llu",
                    (long long)in->mpu_object_size.v, (unsigned long long)object->size);
    if (claim.kind < 0) return NULL;
    if (claim.kind != s3_object_checksum(object)) {
        str want = s3_checksum_name(s3_object_checksum(object)), got = s3_checksum_name(claim.kind);
        return fail(c, &s3_invalid_request,
                    "Checksum Type mismatch occurred, expected checksum Type: %.*s, actual checksum "
                    "Type: %.*s", STR_ARGS(want), STR_ARGS(got));
    }
    str whole = s3_checksum_text(c, object);
    str bare = base64_of(c->arena, object->checksum); /* a composite may come without its "-N" */
    if (str_eq(claim.text, whole) || str_eq(claim.text, bare)) return NULL;
    return fail(c, &s3_bad_digest, "The %.*s you specified did not match the calculated checksum.",
                STR_ARGS(s3_checksum_name(claim.kind)));
}

/* A write of the same key since the upload began is a conflict, whatever its ETag. */
static err conditions(struct call *c, const struct bucket_row *bucket, const struct upload_row *upload,
                      const struct s3_complete_multipart_upload_request *in) {
    struct object_row current;
    if (!in->if_match.p && !in->if_none_match.p) return NULL;
    bool there = s3_object_find(c, bucket, in->key, &current);
    if (in->if_match.p && !in->if_none_match.p && there && current.sequence > upload->sequence) {
        fail_detail(c, S("Condition"), S("If-Match"));
        fail_detail(c, S("Key"), in->key);
        return fail(c, &s3_conditional_request_conflict,
                    "The conditional request cannot succeed due to a conflicting operation against "
                    "this resource.");
    }
    return s3_condition_write(c, in->if_match, in->if_none_match, bucket, in->key,
                              there ? &current : NULL);
}

static void answer(struct call *c, const struct s3_complete_multipart_upload_request *in,
                   const struct bucket_row *bucket, const struct object_row *object,
                   struct s3_complete_multipart_upload_output *out) {
    out->location = arena_format(c->arena, "%.*s/%.*s/%.*s", STR_ARGS(c->base_url), STR_ARGS(in->bucket),
                                 STR_ARGS(percent_encode(c->arena, in->key, true)));
    out->bucket = in->bucket;
    out->key = in->key;
    out->etag = s3_quoted(c, object->etag);
    if (bucket->versioning == S3_VERSIONING_ENABLED) out->version_id = object->version_id;
    out->checksum_type = s3_checksum_type(object);
    S3_CHECKSUM_SET(out, s3_object_checksum(object), s3_checksum_text(c, object));
    S3_ENCRYPTION_SHOW(out, object);
}

/* Completing twice answers twice the same, while the object is the one that the upload made. */
static bool completed_before(struct call *c, const struct bucket_row *bucket, str key, str upload_id,
                             struct object_row *object) {
    return upload_id.n && s3_object_find(c, bucket, key, object) && str_eq(object->upload_id, upload_id);
}

err s3_complete_multipart_upload(struct call *c, const struct s3_complete_multipart_upload_request *in,
                                 struct s3_complete_multipart_upload_output *out) {
    struct bucket_row bucket;
    struct upload_row upload;
    struct object_row object;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct customer_key customer = S3_CUSTOMER_KEY_OF(in);
    TRY(s3_customer_key_check(c, &customer, (str){0}));
    if (completed_before(c, &bucket, in->key, in->upload_id, &object)) {
        answer(c, in, &bucket, &object, out);
        return NULL;
    }
    TRY(s3_upload_open(c, &bucket, in->key, in->upload_id, &upload));
    TRY(list_check(c, in));
    str data_key;
    if (upload.checksum_asked) TRY(s3_customer_key_of_part(c, &customer, upload.object, &data_key)); /* a checksum tells of the bytes */
    TRY(conditions(c, &bucket, &upload, in));
    u32 parts = in->multipart_upload->parts.n;
    object = *upload.object;
    struct assembly *a = NEW(c->arena, struct assembly);
    *a = (struct assembly){.c = c, .upload = &upload, .object = &object, .even = true};
    a->blobs = NEW_ARRAY(c->arena, str, parts);
    digest_init(&a->etag, DIGEST_MD5);
    digest_init(&a->composite, (enum digest_kind)s3_object_checksum(&object));
    TRY(gather(a, &bucket, in->multipart_upload));
    assembly_finish(a, parts);
    TRY(whole_check(c, in, &object));
    if (a->blob_count) object.blob = txn_blob_concat(c->txn, a->blobs, a->blob_count);
    txn_delete(c->txn, s3_upload_key(c, &bucket, in->key, in->upload_id));
    s3_object_replace(c, &bucket, in->key, &object, S("CompleteMultipartUpload"));
    answer(c, in, &bucket, &object, out);
    return NULL;
}
