/* Encryption at rest: what a bucket says of new objects, what a request says, and the calls to KMS. */
#include "services/s3/encryption.h"

#include "gen/kms.h"
#include "services/s3/config.h"
#include "text/json.h"

enum { CONTEXT_MAX = 64 }; /* pairs of a request's own; KMS limits their bytes */

struct encryption_row {
    bool kms; /* aws:kms, aws:kms:dsse; else AES256 */
    str kms_key;
    bool bucket_key, dual_layer;
};
static const struct record_field encryption_fields[] = {
    RECORD_BOOL(1, struct encryption_row, kms),
    RECORD_STR(2, struct encryption_row, kms_key),
    RECORD_BOOL(3, struct encryption_row, bucket_key),
    RECORD_BOOL(4, struct encryption_row, dual_layer),
};
static const struct record_type encryption_record = RECORD_TYPE(struct encryption_row, encryption_fields);

/* Two layers are there in any case: the bytes are hidden under KMS's data key and sealed by the store (README.md). */
static bool dual_layer(str algorithm) { return str_eq(algorithm, S("aws:kms:dsse")); }

bool s3_encryption_by_kms(str algorithm) { return str_eq(algorithm, S("aws:kms")) || dual_layer(algorithm); }

/* ---- what a bucket says ---- */

static err default_check(struct call *c, const struct s3_server_side_encryption_by_default *wanted) {
    bool kms = s3_encryption_by_kms(wanted->sse_algorithm);
    if (!kms && !str_eq(wanted->sse_algorithm, S("AES256"))) return s3_fail_malformed(c);
    if (!kms && wanted->kms_master_key_id.p) {
        fail_detail(c, S("ArgumentName"), S("ApplyServerSideEncryptionByDefault"));
        return fail(c, &s3_invalid_argument, "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse");
    }
    return NULL;
}

err s3_put_bucket_encryption(struct call *c, const struct s3_put_bucket_encryption_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    (void)out;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    const struct s3_server_side_encryption_configuration *wanted = in->server_side_encryption_configuration;
    if (!wanted || wanted->rules.n != 1) return s3_fail_malformed(c);
    const struct s3_server_side_encryption_rule *rule = &wanted->rules.v[0];
    const struct s3_server_side_encryption_by_default *by_default = rule->apply_server_side_encryption_by_default;
    if (!by_default) return s3_fail_malformed(c);
    if (rule->blocked_encryption_types) return s3_fail_header_not_implemented(c, "BlockedEncryptionTypes", NULL);
    TRY(default_check(c, by_default));
    struct encryption_row row = {
        .kms = !str_eq(by_default->sse_algorithm, S("AES256")),
        .kms_key = by_default->kms_master_key_id,
        .bucket_key = rule->bucket_key_enabled.set && rule->bucket_key_enabled.v,
        .dual_layer = dual_layer(by_default->sse_algorithm),
    };
    s3_config_put(c, &bucket, S3_CONFIG_ENCRYPTION, &encryption_record, &row);
    return NULL;
}

err s3_get_bucket_encryption(struct call *c, const struct s3_get_bucket_encryption_request *in, struct s3_get_bucket_encryption_output *out) {
    struct bucket_row bucket;
    struct encryption_row row = {0}; /* nobody said anything: AES256 */
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    (void)s3_config_get(c, &bucket, S3_CONFIG_ENCRYPTION, &encryption_record, &row);
    struct s3_server_side_encryption_configuration *configuration = NEW(c->arena, struct s3_server_side_encryption_configuration);
    struct s3_server_side_encryption_rule *rule = NEW(c->arena, struct s3_server_side_encryption_rule);
    struct s3_server_side_encryption_by_default *by_default = NEW(c->arena, struct s3_server_side_encryption_by_default);
    by_default->sse_algorithm = row.dual_layer ? S("aws:kms:dsse") : row.kms ? S("aws:kms") : S("AES256");
    by_default->kms_master_key_id = row.kms_key;
    rule->apply_server_side_encryption_by_default = by_default;
    rule->bucket_key_enabled = SOME_BOOL(row.bucket_key);
    configuration->rules.v = rule;
    configuration->rules.n = 1;
    configuration->rules.set = true;
    out->server_side_encryption_configuration = configuration;
    return NULL;
}

/* The bucket is then as one of which nobody said anything. */
err s3_delete_bucket_encryption(struct call *c, const struct s3_delete_bucket_encryption_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    (void)out;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    s3_config_delete(c, &bucket, S3_CONFIG_ENCRYPTION);
    return NULL;
}

bool s3_encryption_default_is_kms(struct call *c, const struct bucket_row *bucket) {
    struct encryption_row row;
    return s3_config_get(c, bucket, S3_CONFIG_ENCRYPTION, &encryption_record, &row) && row.kms;
}

/* ---- what a request says ---- */

static err context_invalid(struct call *c, str context) {
    return s3_fail_argument(c, "x-amz-server-side-encryption-context", context,
                            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which "
                            "represents a string-string map");
}

/* The request's own pairs, and the resource in whose name S3 asks, unless they name one. */
static err context_of(struct call *c, str encoded, str arn, struct kms_encryption_context_type *context) {
    context->v = NEW_ARRAY(c->arena, struct kms_encryption_context_type_entry, CONTEXT_MAX + 1);
    context->set = true;
    bool named = false;
    str text;
    if (encoded.n) {
        if (!base64_decode(c->arena, encoded, &text)) return context_invalid(c, encoded);
        struct json_reader r = json_reader_new(c->arena, text, json_default_limits);
        str key, value;
        if (!json_read_object(&r)) return context_invalid(c, encoded);
        while (json_read_key(&r, &key)) {
            if (!json_read_string(&r, &value) || context->n == CONTEXT_MAX) return context_invalid(c, encoded);
            context->v[context->n++] = (struct kms_encryption_context_type_entry){key, value};
            named |= str_eq(key, S("aws:s3:arn"));
        }
        if (!json_done(&r)) return context_invalid(c, encoded);
    }
    if (!named) context->v[context->n++] = (struct kms_encryption_context_type_entry){S("aws:s3:arn"), arn};
    return NULL;
}

err s3_encryption_check(struct call *c, const struct encryption_asked *asked) {
    struct kms_encryption_context_type scratch = {0};
    TRY(s3_customer_key_check(c, &asked->customer, asked->algorithm));
    bool kms = s3_encryption_by_kms(asked->algorithm);
    if (asked->algorithm.p && !kms && !str_eq(asked->algorithm, S("AES256")))
        return s3_fail_argument(c, "x-amz-server-side-encryption", asked->algorithm, "The encryption method specified is not supported");
    if (!kms && (asked->kms_key.p || asked->context.p))
        return s3_fail_argument(c, "x-amz-server-side-encryption", asked->algorithm,
                                "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms");
    return context_of(c, asked->context, S(""), &scratch);
}

/* ---- KMS ---- */

/* S3 passes on what KMS said, under a code of its own. */
static err fail_of_kms(err e) {
    static const struct {
        err kms, s3;
    } codes[] = {
        {&kms_not_found_exception, &s3_kms_not_found_exception},
        {&kms_disabled_exception, &s3_kms_disabled_exception},
        {&kms_kms_invalid_state_exception, &s3_kms_kms_invalid_state_exception},
        {&kms_invalid_key_usage_exception, &s3_kms_invalid_key_usage_exception},
        {&kms_invalid_arn_exception, &s3_kms_invalid_arn_exception},
        {&kms_invalid_ciphertext_exception, &s3_access_denied},
        {&cloud_validation, &s3_invalid_argument},
    };
    for (size_t i = 0; i < LENGTH(codes); i++)
        if (e == codes[i].kms) return codes[i].s3;
    return e;
}

static err known_caller(struct call *c) {
    if (c->principal && c->principal->kind != PRINCIPAL_ANONYMOUS) return NULL;
    return s3_fail_argument(c, "Authorization", S("null"),
                            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.");
}

/* With a bucket key all objects of the bucket have one context. */
static str context_arn(struct call *c, str bucket, str key, bool bucket_key) {
    return bucket_key ? s3_bucket_arn(c, bucket) : s3_object_arn(c, bucket, key);
}

/* A bucket key serves one requester for a while without asking KMS again: by what he asks for, and by its sealed form
 * for reading. Not one with a context of the request's own. On commit: KMS may have made its key in this transaction. */
enum { BUCKET_KEY_MS = 5 * 60000 };

static str bucket_key_name(struct call *c, const char *use, str bucket, str what) {
    return arena_format(c->arena, "s3 bucket key %s %.*s/%.*s %.*s %.*s", use, STR_ARGS(c->account), STR_ARGS(bucket),
                        STR_ARGS(c->principal->arn), STR_ARGS(base64_of(c->arena, what)));
}

static const struct record_field bucket_key_fields[] = {
    RECORD_STR(1, struct kms_generate_data_key_response, key_id),
    RECORD_STR(2, struct kms_generate_data_key_response, ciphertext_blob),
    RECORD_STR(3, struct kms_generate_data_key_response, plaintext),
};
static const struct record_type bucket_key_record = RECORD_TYPE(struct kms_generate_data_key_response, bucket_key_fields);

static bool bucket_key_kept(struct call *c, const char *use, str bucket, str what, struct kms_generate_data_key_response *out) {
    str kept;
    *out = (struct kms_generate_data_key_response){0};
    return secret_kept(c, bucket_key_name(c, use, bucket, what), &kept) && record_decode(c->arena, &bucket_key_record, kept, out);
}

static void bucket_key_keep(struct call *c, const char *use, str bucket, str what, const struct kms_generate_data_key_response *key) {
    str bytes = record_encode(c->arena, &bucket_key_record, key);
    secret_keep(c, bucket_key_name(c, use, bucket, what), bytes, c->now_ms + BUCKET_KEY_MS);
    explicit_bzero((void *)(uintptr_t)bytes.p, bytes.n);
}

static void data_key_give(str plain, str *data_key) {
    if (data_key) *data_key = plain;
    else explicit_bzero((void *)(uintptr_t)plain.p, plain.n);
}

err s3_encryption_of_new(struct call *c, const struct bucket_row *bucket, str key, const struct encryption_asked *asked,
                         struct object_row *object, str *data_key) {
    struct encryption_row row = {0};
    str plain;
    object->kms_key = object->kms_data_key = object->kms_context = (str){0};
    object->bucket_key = object->dual_layer = false;
    TRY(s3_customer_key_take(c, &asked->customer, object, &plain));
    if (data_key) *data_key = plain;
    if (object->customer_key.p) return NULL;
    (void)s3_config_get(c, bucket, S3_CONFIG_ENCRYPTION, &encryption_record, &row);
    if (asked->algorithm.p) {
        row.kms = s3_encryption_by_kms(asked->algorithm);
        row.dual_layer = dual_layer(asked->algorithm);
        row.kms_key = asked->kms_key;
    }
    if (!row.kms) return NULL;
    TRY(known_caller(c));
    object->dual_layer = row.dual_layer;
    object->bucket_key = !row.dual_layer && (asked->bucket_key.set ? asked->bucket_key.v : row.bucket_key); /* AWS has none for two layers */
    /* A key's id and an alias are of the account that asks; the region is the bucket's. */
    struct call_other kms = {.service = &kms_service, .op = KMS_OP_GENERATE_DATA_KEY, .as = CALL_FORWARDED,
                             .account = c->principal->account, .region = bucket->region};
    struct kms_generate_data_key_request in = {.key_id = row.kms_key.n ? row.kms_key : S("alias/aws/s3"), .key_spec = S("AES_256")};
    struct kms_generate_data_key_response out;
    bool shared = object->bucket_key && !asked->context.p;
    TRY(context_of(c, asked->context, context_arn(c, bucket->name, key, object->bucket_key), &in.encryption_context));
    if (!shared || !bucket_key_kept(c, "for", bucket->name, in.key_id, &out)) {
        err e = call_service(c, &kms, &in, &out);
        if (e) return fail_of_kms(e);
        if (shared) bucket_key_keep(c, "for", bucket->name, in.key_id, &out);
        if (shared) bucket_key_keep(c, "of", bucket->name, out.ciphertext_blob, &out);
    }
    object->kms_key = out.key_id;
    object->kms_data_key = out.ciphertext_blob;
    object->kms_context = asked->context;
    data_key_give(out.plaintext, data_key);
    return NULL;
}

err s3_encryption_open(struct call *c, str bucket, str key, const struct object_row *object, str *data_key) {
    struct arn arn;
    if (data_key) *data_key = (str){0};
    if (!object->kms_key.p) return NULL;
    TRY(known_caller(c));
    ASSERT(arn_parse(object->kms_key, &arn));
    struct call_other kms = {.service = &kms_service, .op = KMS_OP_DECRYPT, .as = CALL_FORWARDED,
                             .account = c->principal->account, .region = arn.region};
    struct kms_decrypt_request in = {.ciphertext_blob = object->kms_data_key, .encryption_algorithm = S("SYMMETRIC_DEFAULT")};
    struct kms_decrypt_response out;
    struct kms_generate_data_key_response kept;
    bool shared = object->bucket_key && !object->kms_context.p;
    if (shared && bucket_key_kept(c, "of", bucket, object->kms_data_key, &kept)) {
        data_key_give(kept.plaintext, data_key);
        return NULL;
    }
    TRY(context_of(c, object->kms_context, context_arn(c, bucket, key, object->bucket_key), &in.encryption_context));
    err e = call_service(c, &kms, &in, &out);
    if (e) return fail_of_kms(e);
    kept = (struct kms_generate_data_key_response){.key_id = object->kms_key, .ciphertext_blob = object->kms_data_key, .plaintext = out.plaintext};
    if (shared) bucket_key_keep(c, "of", bucket, object->kms_data_key, &kept);
    data_key_give(out.plaintext, data_key);
    return NULL;
}

err s3_encryption_seal(struct call *c, const struct bucket_row *bucket, str key, str kms_key, str data_key, struct object_row *object) {
    struct call_other kms = {.service = &kms_service, .op = KMS_OP_ENCRYPT, .as = CALL_FORWARDED,
                             .account = c->principal->account, .region = bucket->region};
    struct kms_encrypt_request in = {.key_id = kms_key, .plaintext = data_key};
    struct kms_encrypt_response out;
    err e = context_of(c, object->kms_context, context_arn(c, bucket->name, key, object->bucket_key), &in.encryption_context);
    if (!e) e = call_service(c, &kms, &in, &out);
    data_key_give(data_key, NULL);
    if (e) return fail_of_kms(e);
    object->kms_key = out.key_id;
    object->kms_data_key = out.ciphertext_blob;
    return NULL;
}

/* ---- what shows ---- */

void s3_encryption_etag(struct call *c, str data_key, str *etag) {
    enum { ETAG = 16 };
    u8 keyed[32];
    if (!data_key.p) return;
    hmac_sha256(data_key, *etag, keyed);
    *etag = hex_of(c->arena, (str){(const char *)keyed, ETAG});
    data_key_give(data_key, NULL);
}

str s3_encryption_name(const struct object_row *object) {
    if (object->customer_key.p) return (str){0};
    return object->dual_layer ? S("aws:kms:dsse") : object->kms_key.p ? S("aws:kms") : S("AES256");
}
