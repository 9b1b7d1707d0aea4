#include "services/s3/records.h"

enum { OBJECT_KEY_MAX = 1024, ROW_KEY_ROOM = 160 /* what stands around the object's key in a row's */ };

static struct key of_bucket(struct call *c, const char *type, u64 bucket_id) {
    struct key k = call_key_global(c, str_of(type));
    key_u64(&k, bucket_id);
    return k;
}

str s3_buckets_prefix(struct call *c) {
    struct key k = call_key_global(c, S("bucket"));
    return key_bytes(&k);
}

str s3_bucket_key(struct call *c, str name) {
    struct key k = call_key_global(c, S("bucket"));
    key_str(&k, name);
    return key_bytes(&k);
}

str s3_objects_prefix(struct call *c, u64 bucket_id) {
    struct key k = of_bucket(c, "object", bucket_id);
    return key_bytes(&k);
}

str s3_object_key(struct call *c, u64 bucket_id, str key, u64 order) {
    struct key k = of_bucket(c, "object", bucket_id);
    key_str(&k, key);
    key_u64(&k, order);
    return key_bytes(&k);
}

str s3_uploads_prefix(struct call *c, u64 bucket_id) {
    struct key k = of_bucket(c, "upload", bucket_id);
    return key_bytes(&k);
}

str s3_upload_key(struct call *c, u64 bucket_id, str key, str upload_id) {
    struct key k = of_bucket(c, "upload", bucket_id);
    key_str(&k, key);
    key_str(&k, upload_id);
    return key_bytes(&k);
}

str s3_parts_prefix(struct call *c, u64 bucket_id, str upload_id) {
    struct key k = of_bucket(c, "part", bucket_id);
    if (upload_id.p) key_str(&k, upload_id);
    return key_bytes(&k);
}

str s3_part_key(struct call *c, u64 bucket_id, str upload_id, u32 number) {
    struct key k = of_bucket(c, "part", bucket_id);
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
    size_t escaped = key.n; /* a zero byte takes two in a row's key */
    for (size_t i = 0; i < key.n; i++) escaped += key.p[i] == 0;
    return escaped <= KEY_MAX - ROW_KEY_ROOM;
}
