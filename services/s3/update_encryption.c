/* UpdateObjectEncryption: an object goes under a key of KMS, or under another, and stays what it is. Under another the
 * data key alone is sealed anew. From SSE-S3 the bytes are written once more: there they were not hidden. */
#include "services/s3/seal.h"
#include "services/s3/storage.h"
#include "services/s3/versions.h"

static err target_open(struct call *c, const struct s3_update_object_encryption_request *in, struct bucket_row *bucket, struct object_row *object,
                       struct encryption_asked *asked) {
    struct arn arn;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, bucket));
    if (!in->object_encryption || !in->object_encryption->ssekms) return s3_fail_malformed(c);
    const struct s3_ssekms_encryption *wanted = in->object_encryption->ssekms;
    if (!arn_parse(wanted->kms_key_arn, &arn) || !str_eq(arn.service, S("kms")) || !str_starts(arn.resource, S("key/")))
        return s3_fail_argument(c, "KMSKeyArn", wanted->kms_key_arn, "The KMS key must be given by its ARN.");
    TRY(s3_object_open(c, bucket, in->key, in->version_id, object));
    if (object->customer_key.p || object->dual_layer)
        return fail(c, &s3_invalid_request, "The encryption of objects under SSE-C or DSSE-KMS cannot be updated.");
    *asked = (struct encryption_asked){.algorithm = S("aws:kms"), .kms_key = wanted->kms_key_arn,
                                       .bucket_key = SOME_BOOL(wanted->bucket_key_enabled.set && wanted->bucket_key_enabled.v)};
    return NULL;
}

err s3_update_object_encryption_prepare(struct call *c, const struct s3_update_object_encryption_request *in, struct call_plan *plan) {
    struct bucket_row bucket;
    struct object_row object;
    struct encryption_asked asked;
    TRY(target_open(c, in, &bucket, &object, &asked));
    plan->note = s3_seal_note(c, &object, (str){0});
    if (object.kms_key.p || !object.size) return NULL;
    s3_seal_begin(c, &bucket, &asked, plan);
    plan->note = s3_seal_note(c, &object, plan->note);
    plan->source = blob_open(c->txn, object.blob, c->arena);
    plan->source_length = object.size;
    plan->zones = s3_storage_zones(c, object.storage_class);
    return NULL;
}

/* Under another key, or a bucket's. */
static err change_key(struct call *c, const struct bucket_row *bucket, str key, const struct encryption_asked *asked, struct object_row *object) {
    str data_key;
    TRY(s3_encryption_open(c, bucket->name, key, object, &data_key));
    object->bucket_key = asked->bucket_key.v;
    return s3_encryption_seal(c, bucket, key, asked->kms_key, data_key, object);
}

static err hide(struct call *c, const struct bucket_row *bucket, str key, const struct encryption_asked *asked, struct object_row *object) {
    str data_key;
    TRY(s3_encryption_of_new(c, bucket, key, asked, object, &data_key));
    err e = s3_seal_end(c, str_skip(c->note, S3_SEAL_NOTE), data_key, &object->seal);
    explicit_bzero((void *)(uintptr_t)data_key.p, data_key.n);
    if (e || !object->size) return e;
    txn_blob_delete(c->txn, object->blob);
    object->blob = stream_adopt(c, call_body(c));
    return NULL;
}

err s3_update_object_encryption(struct call *c, const struct s3_update_object_encryption_request *in, struct s3_update_object_encryption_response *out) {
    struct bucket_row bucket;
    struct object_row object;
    struct encryption_asked asked;
    (void)out;
    s3_usage_tier1(c);
    TRY(target_open(c, in, &bucket, &object, &asked));
    bool hides = !object.kms_key.p && object.size;
    if (!str_eq(str_take(c->note, S3_SEAL_NOTE), s3_seal_note(c, &object, (str){0})) || hides != (c->note.n > S3_SEAL_NOTE))
        return fail(c, &s3_operation_aborted, "A conflicting conditional operation is currently in progress against this resource. Please try again.");
    if (object.kms_key.p) TRY(change_key(c, &bucket, in->key, &asked, &object));
    else TRY(hide(c, &bucket, in->key, &asked, &object));
    s3_version_update(c, &bucket, in->key, &object);
    return NULL;
}
