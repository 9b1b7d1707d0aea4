/* The keys under which objects' bytes are hidden, and their sealing: nonce (12) | tag (16) | key (32), AES-256-GCM under
 * the data key. */
#include "services/s3/seal.h"

enum { KEY = AEAD_KEY, SEAL = AEAD_NONCE + AEAD_TAG + KEY };

static void wipe(str secret) { explicit_bzero((void *)(uintptr_t)secret.p, secret.n); }

/* ---- writing ---- */

static void begin(struct call *c, struct call_plan *plan) {
    u8 *key = arena_alloc(c->arena, KEY, 1);
    random_bytes(key, KEY);
    plan->hide = key;
    plan->note = (str){(char *)key, KEY};
}

bool s3_seal_wanted(struct call *c, const struct bucket_row *bucket, const struct encryption_asked *asked) {
    return asked->customer.key.p || (asked->algorithm.p ? s3_encryption_by_kms(asked->algorithm) : s3_encryption_default_is_kms(c, bucket));
}

void s3_seal_begin(struct call *c, const struct bucket_row *bucket, const struct encryption_asked *asked, struct call_plan *plan) {
    if (s3_seal_wanted(c, bucket, asked)) begin(c, plan);
}

void s3_seal_begin_part(struct call *c, const struct object_row *upload, struct call_plan *plan) {
    if (upload->kms_key.p || upload->customer_key.p) begin(c, plan);
}

err s3_seal_end(struct call *c, str key, str data_key, str *seal) {
    *seal = (str){0};
    if (!key.n) return NULL; /* nothing came in */
    if (!data_key.p)
        return fail(c, &s3_operation_aborted, "A conflicting conditional operation is currently in progress against this resource. Please try again.");
    u8 *raw = arena_alloc(c->arena, SEAL, 1);
    ASSERT(key.n == KEY && data_key.n == AEAD_KEY);
    random_unique(raw, AEAD_NONCE);
    aead_seal(aead_new(c->arena, (const u8 *)data_key.p), raw, S(""), key, raw + AEAD_NONCE + AEAD_TAG, raw + AEAD_NONCE);
    *seal = (str){(char *)raw, SEAL};
    return NULL;
}

str s3_seal_note(struct call *c, const struct object_row *source, str key) {
    return arena_concat(c->arena, arena_format(c->arena, "%0*llx", S3_SEAL_NOTE, (unsigned long long)source->sequence), key);
}

bool s3_sealed(const struct object_row *object) { return object->kms_key.p || object->customer_key.p; }

/* ---- reading ---- */

err s3_seal_data_key(struct call *c, str bucket, str key, const struct object_row *object, const struct customer_key *customer, str *data_key) {
    *data_key = (str){0};
    if (!object->customer_key.p) return s3_encryption_open(c, bucket, key, object, data_key);
    ASSERT(base64_decode(c->arena, customer->key, data_key) && data_key->n == AEAD_KEY); /* s3_customer_key_open has passed */
    return NULL;
}

static void add(struct call *c, struct body_keys *keys, str seal, str data_key, u64 from, u64 length) {
    const u8 *raw = (const u8 *)seal.p;
    struct body_key *k = &keys->v[keys->n++];
    ASSERT(seal.n == SEAL && data_key.n == AEAD_KEY);
    *k = (struct body_key){.from = from, .length = length};
    /* It opens: KMS vouched for the data key, or its HMAC for the client's. */
    ASSERT(aead_open(aead_new(c->arena, (const u8 *)data_key.p), raw, S(""), str_skip(seal, AEAD_NONCE + AEAD_TAG), raw + AEAD_NONCE, k->key));
}

/* Of the parts that the range touches. */
static void add_parts(struct call *c, struct body_keys *keys, const struct bucket_row *bucket, const struct object_row *object, str data_key,
                      u64 first, u64 end) {
    u32 before = object->part_size ? (u32)(first / object->part_size) : 0;
    u64 at = before * object->part_size;
    struct part_walk walk = s3_parts_walk(c, bucket, object->upload_id, before);
    struct part_row part;
    u32 number;
    while (at < end && s3_parts_next(&walk, &number, &part)) {
        if (at + part.size > first && part.seal.p) add(c, keys, part.seal, data_key, at, part.size);
        at += part.size;
    }
}

const struct body_keys *s3_seal_open(struct call *c, const struct bucket_row *bucket, const struct object_row *object, str data_key, u64 first,
                                     u64 length) {
    struct body_keys *keys = NULL;
    if (!data_key.p) return NULL;
    if (object->part_count && !object->seal.p) {
        keys = body_keys_new(c->arena, (u32)object->part_count);
        add_parts(c, keys, bucket, object, data_key, first, first + length);
    } else if (object->seal.p) {
        keys = body_keys_new(c->arena, 1);
        add(c, keys, object->seal, data_key, 0, object->size);
    }
    wipe(data_key);
    return keys;
}
