#include "services/s3/config.h"

static struct key key_of(struct call *c, const struct bucket_row *bucket) {
    struct key k = key_new(c->arena, S("s3"));
    key_str(&k, bucket->account);
    key_str(&k, S(""));
    key_str(&k, S("config"));
    key_u64(&k, bucket->id);
    return k;
}

str s3_config_key(struct call *c, const struct bucket_row *bucket, enum s3_config kind, str id) {
    struct key k = key_of(c, bucket);
    key_u64(&k, kind);
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

bool s3_config_get(struct call *c, const struct bucket_row *bucket, enum s3_config kind,
                   const struct record_type *type, void *value) {
    str bytes;
    if (!s3_configured(bucket, kind)) return false;
    memset(value, 0, type->size);
    ASSERT(txn_get(c->txn, s3_config_key(c, bucket, kind, (str){0}), &bytes));
    ASSERT(record_decode(c->arena, type, bytes, value));
    return true;
}

void s3_config_put(struct call *c, struct bucket_row *bucket, enum s3_config kind, const struct record_type *type,
                   const void *value) {
    txn_put(c->txn, s3_config_key(c, bucket, kind, (str){0}), record_encode(c->arena, type, value));
    bucket->configured |= 1ull << kind;
    s3_bucket_update(c, bucket);
}

void s3_config_delete(struct call *c, struct bucket_row *bucket, enum s3_config kind) {
    if (!s3_configured(bucket, kind)) return;
    txn_delete(c->txn, s3_config_key(c, bucket, kind, (str){0}));
    bucket->configured &= ~(1ull << kind);
    s3_bucket_update(c, bucket);
}

void s3_config_clear(struct call *c, const struct bucket_row *bucket) {
    struct key k = key_of(c, bucket);
    str prefix = key_bytes(&k), key, value;
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&rows, &key, &value)) txn_delete(c->txn, arena_str(c->arena, key));
}

static bool carries(const struct object_row *object, const struct s3_tag *tag) {
    for (u32 i = 0; i < object->tags.n; i++)
        if (str_eq(object->tags.v[i].key, tag->key)) return str_eq(object->tags.v[i].value, tag->value);
    return false;
}

bool s3_filter_means(struct s3_filter f, str key, const struct object_row *object) {
    for (u32 i = 0; i < f.tag_count; i++)
        if (!carries(object, &f.tags[i])) return false;
    return str_starts(key, f.prefix);
}
