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

/* ---- several of a kind ---- */

err s3_fail_no_configuration(struct call *c) { return fail(c, &s3_no_such_configuration, "The specified configuration does not exist."); }

bool s3_config_find(struct call *c, const struct bucket_row *bucket, enum s3_config kind, str id, const struct record_type *type, void *value) {
    str bytes;
    if (!s3_configured(bucket, kind) || !txn_get(c->txn, s3_config_key(c, bucket, kind, id), &bytes)) return false;
    memset(value, 0, type->size);
    ASSERT(record_decode(c->arena, type, arena_str(c->arena, bytes), value));
    return true;
}

void s3_config_add(struct call *c, struct bucket_row *bucket, enum s3_config kind, str id, const struct record_type *type, const void *value) {
    txn_put(c->txn, s3_config_key(c, bucket, kind, id), record_encode(c->arena, type, value));
    bucket->configured |= 1ull << kind;
    s3_bucket_update(c, bucket);
}

err s3_config_remove(struct call *c, const struct bucket_row *bucket, enum s3_config kind, str id) {
    str value, key = s3_config_key(c, bucket, kind, id);
    if (!txn_get(c->txn, key, &value)) return s3_fail_no_configuration(c);
    txn_delete(c->txn, key);
    return NULL;
}

struct range s3_config_range(struct call *c, const struct bucket_row *bucket, enum s3_config kind) {
    str prefix = s3_config_key(c, bucket, kind, (str){0});
    return txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
}

err s3_config_page(struct call *c, const struct bucket_row *bucket, enum s3_config kind, const struct record_type *type, str token,
                   void *list, u32 *n, str *next) {
    struct range rows = s3_config_range(c, bucket, kind);
    str key, value, after, last = {0}, prefix = rows.from;
    *n = 0;
    *next = (str){0};
    if (token.n) {
        if (!page_position(c, token, &after)) return s3_fail_argument(c, "continuation-token", (str){0}, "The continuation token provided is incorrect");
        rows = txn_range(c->txn, key_after_prefix(c->arena, s3_config_key(c, bucket, kind, after)), rows.to);
    }
    while (range_next(&rows, &key, &value)) {
        if (*n == S3_CONFIG_PAGE) {
            *next = page_token(c, last);
            break;
        }
        str rest = str_skip(key, prefix.n);
        ASSERT(key_read_str(&rest, c->arena, &last));
        ASSERT(record_decode(c->arena, type, arena_str(c->arena, value), (char *)list + type->size * (*n)++));
    }
    return NULL;
}

static bool id_valid(str id) {
    enum { ID_MAX = 64 };
    if (!id.n || id.n > ID_MAX) return false;
    for (size_t i = 0; i < id.n; i++) {
        char x = id.p[i];
        bool letter = (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9');
        if (!letter && x != '.' && x != '-' && x != '_') return false;
    }
    return true;
}

err s3_config_id_check(struct call *c, str id) {
    return id_valid(id) ? NULL : fail(c, &s3_invalid_argument, "The ID '%.*s' is not valid.", STR_ARGS(id));
}

err s3_config_room_check(struct call *c, const struct bucket_row *bucket, enum s3_config kind) {
    struct range rows = s3_config_range(c, bucket, kind);
    str key, value;
    u32 n = 0;
    while (range_next(&rows, &key, &value)) n++;
    if (n < S3_CONFIG_MAX) return NULL;
    return fail(c, &s3_too_many_configurations, "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.");
}

/* ---- filters ---- */

err s3_filter_check(struct call *c, int named, bool and, struct s3_filter filter) {
    if (named != 1 || (and && (filter.prefix.p != NULL) + filter.tag_count < 2)) return s3_fail_malformed(c);
    for (u32 i = 0; i < filter.tag_count; i++)
        if (!filter.tags[i].key.n || !filter.tags[i].value.p) return s3_fail_malformed(c);
    return NULL;
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
