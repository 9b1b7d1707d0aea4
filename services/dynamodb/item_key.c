/* An item's key: read out of a request or out of what is stored; and what an item may have as keys of indexes. */
#include <stdlib.h>
#include "services/dynamodb/dynamodb.h"

#define INVALID "One or more parameter values were invalid: "

err ddb_key_lengths_check(struct call *c, const struct value *v, u32 n, bool hash) {
    if (hash && !ddb_key_fits(v, n, DDB_HASH_MAX))
        return fail(c, &cloud_validation, INVALID "Size of hashkey has exceeded the maximum size limit of2048 bytes");
    if (!hash && !ddb_key_fits(v, n, DDB_SORT_MAX))
        return fail(c, &cloud_validation, INVALID "Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
    return NULL;
}

static err check_length(struct call *c, const struct value *v, bool hash) { return ddb_key_lengths_check(c, v, 1, hash); }

static bool is_empty(const struct value *v) { return v->n == 0 && v->type != VALUE_N; }
static const char *kind_of(u8 type) { return type == VALUE_S ? "string" : "binary"; }

#define NO_EMPTY_KEY "The AttributeValue for a key attribute cannot contain an empty %s value."

static err empty_key(struct call *c, u8 type, str name) {
    return fail(c, &cloud_validation, "One or more parameter values are not valid. " NO_EMPTY_KEY " Key: %.*s", kind_of(type), STR_ARGS(name));
}

bool ddb_says_empty_key(const struct call *c) {
    return str_find(c->error_message, S("The AttributeValue for a key attribute cannot contain an empty")) != STR_NONE;
}

static err attribute_of_item(struct call *c, const struct value *item, str name, u8 type, bool hash, struct value *out) {
    const struct value *v = value_member(c->arena, item, name);
    if (!v) return fail(c, &cloud_validation, INVALID "Missing the key %.*s in the item", STR_ARGS(name));
    if (v->type != type)
        return fail(c, &cloud_validation, INVALID "Type mismatch for key %.*s expected: %.*s actual: %.*s", STR_ARGS(name),
                    STR_ARGS(value_type_name(type)), STR_ARGS(value_type_name(v->type)));
    if (is_empty(v)) return empty_key(c, type, name);
    *out = *v;
    return check_length(c, v, hash);
}

err ddb_key_of_item(struct call *c, const struct ddb_table *t, const struct value *item, struct ddb_key *k) {
    *k = (struct ddb_key){0};
    TRY(attribute_of_item(c, item, t->keys.hash, (u8)t->keys.hash_type, true, &k->hash));
    if (t->keys.range.p) TRY(attribute_of_item(c, item, t->keys.range, (u8)t->keys.range_type, false, &k->range));
    ddb_key_locate(c->arena, t, k);
    return NULL;
}

err ddb_key_mismatch(struct call *c) { return fail(c, &cloud_validation, "The provided key element does not match the schema"); }

err ddb_key_piece(struct call *c, const struct value *key, str name, u8 type, bool hash, struct value *out) {
    const struct value *v = value_member(c->arena, key, name);
    if (!v || v->type != type) return ddb_key_mismatch(c);
    if (is_empty(v)) return empty_key(c, type, name);
    *out = *v;
    return check_length(c, v, hash);
}

err ddb_key_of_parameter(struct call *c, const struct ddb_table *t, const struct value *key, struct ddb_key *k) {
    *k = (struct ddb_key){0};
    if (key->n != (t->keys.range.p ? 2u : 1u)) return ddb_key_mismatch(c);
    TRY(ddb_key_piece(c, key, t->keys.hash, (u8)t->keys.hash_type, true, &k->hash));
    if (t->keys.range.p) TRY(ddb_key_piece(c, key, t->keys.range, (u8)t->keys.range_type, false, &k->range));
    ddb_key_locate(c->arena, t, k);
    return NULL;
}

struct value ddb_key_value(struct arena *a, const struct ddb_table *t, const struct ddb_key *k) {
    struct value key = item_with(a, &(struct value){.type = VALUE_M}, t->keys.hash, &k->hash);
    return t->keys.range.p ? item_with(a, &key, t->keys.range, &k->range) : key;
}

void ddb_key_of_bytes(struct arena *a, const struct ddb_table *t, str bytes, struct ddb_key *k) {
    *k = (struct ddb_key){0};
    ASSERT(item_encoded_find(a, bytes, t->keys.hash, &k->hash));
    if (t->keys.range.p) ASSERT(item_encoded_find(a, bytes, t->keys.range, &k->range));
    ddb_key_locate(a, t, k);
}

/* ---- keys of indexes ---- */

static int key_most(bool hash) { return hash ? DDB_HASH_MAX : DDB_SORT_MAX; }

static err check_index_key(struct call *c, const struct ddb_index *index, const struct value *item, str name, u8 type, bool hash) {
    const struct value *v = value_member(c->arena, item, name);
    if (!v) return NULL;
    if (v->type != type)
        return fail(c, &cloud_validation, INVALID "Type mismatch for Index Key %.*s Expected: %.*s Actual: %.*s IndexName: %.*s",
                    STR_ARGS(name), STR_ARGS(value_type_name(type)), STR_ARGS(value_type_name(v->type)), STR_ARGS(index->name));
    if (is_empty(v))
        return fail(c, &cloud_validation,
                    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " NO_EMPTY_KEY
                    " IndexName: %.*s, IndexKey: %.*s",
                    kind_of(type), STR_ARGS(index->name), STR_ARGS(name));
    if (ddb_key_fits(v, 1, key_most(hash))) return NULL;
    return fail(c, &cloud_validation, INVALID "Size limit exceeded for Index Key %.*s Actual Size: %llu bytes Max Size: %d bytes IndexName: %.*s",
                STR_ARGS(name), (unsigned long long)value_size(v), key_most(hash), STR_ARGS(index->name));
}

/* The same after an update, which has some words of its own. What it left alone may be wrong since before the index was. */
static err check_changed_key(struct call *c, const struct ddb_index *index, const struct value *item, const struct update *u,
                             const struct key_attribute *key, bool hash) {
    str name = key->name;
    u8 type = key->type;
    if (!u) return check_index_key(c, index, item, name, type, hash);
    if (!update_names(u, name)) return NULL;
    const struct value *v = value_member(c->arena, item, name);
    enum update_source source = update_source_of(u, name);
    if (v && v->type != type && source == UPDATE_COMPUTED)
        return fail(c, &cloud_validation, "The update expression attempted to update the secondary index key to unsupported type");
    if (v && v->type == type && source == UPDATE_COMPUTED && !ddb_key_fits(v, 1, key_most(hash)))
        return fail(c, &cloud_validation, "The update expression attempted to update the secondary index key beyond allowed size limits");
    if (v && v->type == type && is_empty(v) && source != UPDATE_OLDER)
        return fail(c, &cloud_validation,
                    "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value "
                    "that is not supported. " NO_EMPTY_KEY,
                    kind_of(type));
    return check_index_key(c, index, item, name, type, hash);
}

static err check_half(struct call *c, const struct ddb_index *index, const struct value *item, const struct update *u,
                      const struct key_attribute *keys, u32 n, bool hash) {
    struct value there[KEY_PARTS_MAX];
    u32 found = 0;
    for (u32 i = 0; i < n; i++) {
        TRY(check_changed_key(c, index, item, u, &keys[i], hash));
        const struct value *v = value_member(c->arena, item, keys[i].name);
        if (v && v->type == keys[i].type) there[found++] = *v;
    }
    return n > 1 ? ddb_key_lengths_check(c, there, found, hash) : NULL;
}

static int by_name(const void *x, const void *y) {
    return str_cmp((*(const struct ddb_index *const *)x)->name, (*(const struct ddb_index *const *)y)->name);
}

/* AWS tells of the first in the order of their names. */
err ddb_index_keys_check(struct call *c, const struct ddb_table *t, const struct value *item, const struct update *u) {
    const struct ddb_index *sorted[DDB_INDEXES_MAX];
    for (u32 i = 0; i < t->indexes.n; i++) sorted[i] = &t->indexes.v[i];
    if (t->indexes.n > 1) qsort(sorted, t->indexes.n, sizeof *sorted, by_name);
    for (u32 i = 0; i < t->indexes.n; i++) {
        if (sorted[i]->state == DDB_DELETING) continue;
        struct key_attributes keys = ddb_key_attributes(&sorted[i]->keys);
        if (sorted[i]->kind != DDB_LOCAL) TRY(check_half(c, sorted[i], item, u, keys.hash, keys.hashes, true));
        TRY(check_half(c, sorted[i], item, u, keys.range, keys.ranges, false));
        if (sorted[i]->vector) TRY(ddb_vector_check(c, sorted[i], item, u));
    }
    return NULL;
}

err ddb_scalars_check(struct call *c, const struct ddb_table *t, const struct expressions *e) {
    str names[2 * KEY_PARTS_MAX * DDB_INDEXES_MAX] = {t->keys.hash, t->keys.range};
    u32 n = 0;
    TRY(expressions_check_scalars(c, e, names, t->keys.range.p ? 2 : 1, false));
    for (u32 i = 0; i < t->indexes.n; i++) n += ddb_key_names(&t->indexes.v[i].keys, names + n);
    return n ? expressions_check_scalars(c, e, names, n, true) : NULL;
}
