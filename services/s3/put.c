/* PutObject. The bytes are staged, digested and verified before the handler runs; what can be refused
 * without them is refused before they are sent. */
#include "services/s3/acl.h"
#include "services/s3/encryption.h"
#include "services/s3/lifecycle.h"
#include "services/s3/lock.h"
#include "services/s3/seal.h"
#include "services/s3/storage.h"

static const u64 object_put_max = 5ull << 30;

static err conditions(struct call *c, const struct bucket_row *bucket,
                      const struct s3_put_object_request *in) {
    struct object_row current;
    if (!in->if_match.p && !in->if_none_match.p) return NULL;
    bool there = s3_object_find(c, bucket, in->key, &current);
    return s3_condition_write(c, in->if_match, in->if_none_match, bucket, in->key,
                              there ? &current : NULL);
}

err s3_put_object_prepare(struct call *c, const struct s3_put_object_request *in,
                          struct call_plan *plan) {
    struct bucket_row bucket;
    struct checksum_claim claim;
    struct object_row scratch = {0};
    TRY(s3_key_check(c, in->key));
    if (in->write_offset_bytes.set)
        return s3_fail_header_not_implemented(c, "x-amz-write-offset-bytes", NULL);
    struct object_headers headers = S3_HEADERS_OF(in);
    TRY(s3_headers_check(c, &headers));
    TRY(s3_headers_apply(c, &headers, &scratch));
    S3_CHECKSUM_CLAIM(in, &claim);
    TRY(s3_body_digests(c, &claim, in->checksum_algorithm, &plan->digests));
    plan->body_max = object_put_max;
    plan->zones = s3_storage_zones(c, scratch.storage_class);
    plan->too_large = &s3_entity_too_large;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_acl_of_new(c, &bucket, &S3_ACL_OF(in), &scratch));
    TRY(s3_lock_of_new(c, &bucket, &headers, &scratch));
    s3_seal_begin(c, &bucket, &headers.encryption, plan);
    return conditions(c, &bucket, in);
}

err s3_put_object(struct call *c, const struct s3_put_object_request *in,
                  struct s3_put_object_output *out) {
    struct bucket_row bucket;
    struct object_row object = {0};
    str data_key;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(conditions(c, &bucket, in));
    struct object_headers headers = S3_HEADERS_OF(in);
    TRY(s3_headers_apply(c, &headers, &object));
    TRY(s3_acl_of_new(c, &bucket, &S3_ACL_OF(in), &object));
    TRY(s3_lock_of_new(c, &bucket, &headers, &object));
    TRY(s3_encryption_of_new(c, &bucket, in->key, &headers.encryption, &object, &data_key));
    s3_body_take(c, in->body, DIGEST_CRC64NVME, &object);
    struct hide hide = {0};
    if (c->note.n) TRY(s3_seal_end(c, c->note, data_key, &object.seal));
    else TRY(s3_hide_begin(c, &bucket, data_key, &hide));
    s3_encryption_etag(c, data_key, &object.etag);
    s3_object_replace(c, &bucket, in->key, &object, S("PutObject"));
    s3_hide_later(c, &bucket, in->key, &object, &hide);
    count_usage(c, S("DataTransfer-In-Bytes"), (double)object.size);
    if (bucket.versioning == S3_VERSIONING_ENABLED) out->version_id = object.version_id;
    out->expiration = s3_lifecycle_expiration(c, &bucket, in->key, &object);
    out->etag = s3_quoted(c, object.etag);
    S3_CHECKSUM_SET(out, s3_object_checksum(&object), s3_checksum_text(c, &object));
    out->checksum_type = s3_checksum_type(&object);
    S3_ENCRYPTION_SHOW(out, &object);
    S3_CUSTOMER_KEY_SHOW(out, in);
    out->ssekms_encryption_context = object.kms_context;
    return NULL;
}
