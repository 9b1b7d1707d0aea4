#include "services/s3/records.h"

enum { OBJECT_KEY_MAX = 1024, ROW_KEY_ROOM = 160 /* what stands around the object's key in a row's */ };

/* ("s3", account, "", type): of the account that owns the bucket, whoever calls. */
static struct key of_account(struct call *c, str account, const char *type) {
    struct key k = key_new(c->arena, S("s3"));
    key_str(&k, account);
    key_str(&k, S(""));
    key_str(&k, str_of(type));
    return k;
}

static struct key of_bucket(struct call *c, const char *type, const struct bucket_row *bucket) {
    struct key k = of_account(c, bucket->account, type);
    key_u64(&k, bucket->id);
    return k;
}

str s3_buckets_prefix(struct call *c, str account) {
    struct key k = of_account(c, account, "bucket");
    return key_bytes(&k);
}

str s3_bucket_key(struct call *c, str account, str name) {
    struct key k = of_account(c, account, "bucket");
    key_str(&k, name);
    return key_bytes(&k);
}

str s3_owners_prefix(struct call *c, str name) {
    struct key k = of_account(c, S(""), "owner");
    key_str(&k, name);
    return key_bytes(&k);
}

str s3_owner_key(struct call *c, const struct bucket_row *bucket) {
    struct key k = of_account(c, S(""), "owner");
    key_str(&k, bucket->name);
    key_u64(&k, bucket->id);
    return key_bytes(&k);
}

str s3_null_key(struct call *c, const struct bucket_row *bucket, str key) {
    struct key k = of_bucket(c, "null", bucket);
    key_str(&k, key);
    return key_bytes(&k);
}

str s3_objects_prefix(struct call *c, const struct bucket_row *bucket) {
    struct key k = of_bucket(c, "object", bucket);
    return key_bytes(&k);
}

str s3_object_key(struct call *c, const struct bucket_row *bucket, str key, u64 order) {
    struct key k = of_bucket(c, "object", bucket);
    key_str(&k, key);
    key_u64(&k, order);
    return key_bytes(&k);
}

str s3_uploads_prefix(struct call *c, const struct bucket_row *bucket) {
    struct key k = of_bucket(c, "upload", bucket);
    return key_bytes(&k);
}

str s3_upload_key(struct call *c, const struct bucket_row *bucket, str key, str upload_id) {
    struct key k = of_bucket(c, "upload", bucket);
    key_str(&k, key);
    key_str(&k, upload_id);
    return key_bytes(&k);
}

str s3_parts_prefix(struct call *c, const struct bucket_row *bucket, str upload_id) {
    struct key k = of_bucket(c, "part", bucket);
    if (upload_id.p) key_str(&k, upload_id);
    return key_bytes(&k);
}

str s3_part_key(struct call *c, const struct bucket_row *bucket, str upload_id, u32 number) {
    struct key k = of_bucket(c, "part", bucket);
    key_str(&k, upload_id);
    key_u64(&k, number);
    return key_bytes(&k);
}

static struct key continue_key(struct call *c, str base) {
    struct key k = {.buf = buf_new(c->arena, KEY_MAX)};
    buf_add(&k.buf, base);
    return k;
}

str s3_key_with_prefix(struct call *c, str base, str prefix) {
    struct key k = continue_key(c, base);
    if (prefix.n) key_str_prefix(&k, prefix);
    return key_bytes(&k);
}

str s3_key_after_string(struct call *c, str base, str string) {
    struct key k = continue_key(c, base);
    key_str(&k, string);
    return key_after_prefix(c->arena, key_bytes(&k));
}

bool s3_object_key_fits(str key) {
    if (key.n > OBJECT_KEY_MAX) return false;
    size_t escaped = key.n; /* the bytes 0 and 1 take two in a row's key (store.h) */
    for (size_t i = 0; i < key.n; i++) escaped += (u8)key.p[i] <= 1;
    return escaped <= KEY_MAX - ROW_KEY_ROOM;
}
