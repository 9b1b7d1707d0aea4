/* What an item is in the table's indexes. A global index is written with the item, in its transaction,
 * like a local one: AWS promises that it follows, here it never lags. */
#include "services/dynamodb/dynamodb.h"

enum { NAMES_MAX = 128 };

struct entry {
    str row, bytes; /* absent: the item is not in the index */
    u64 size;       /* as AWS counts it */
};

static bool key_attribute(const struct value *item, struct arena *a, const struct key_attribute *key, struct value *v) {
    const struct value *found = value_member(a, item, key->name);
    if (!found || found->type != key->type || (found->type != VALUE_N && !found->n)) return false;
    *v = *found;
    return true;
}

/* False: the item is not in the index. What stood in the table before the index was may be too long for it. */
static bool index_key(struct arena *a, const struct ddb_index *index, const struct value *item, struct ddb_index_key *key) {
    struct key_attributes keys = ddb_key_attributes(&index->keys);
    for (u32 i = 0; i < keys.hashes; i++)
        if (!key_attribute(item, a, &keys.hash[i], &key->hash[i])) return false;
    for (u32 i = 0; i < keys.ranges; i++)
        if (!key_attribute(item, a, &keys.range[i], &key->range[i])) return false;
    return ddb_key_fits(key->hash, keys.hashes, DDB_HASH_MAX) && ddb_key_fits(key->range, keys.ranges, DDB_SORT_MAX);
}

static void add_name(str *names, u32 *n, str name) {
    for (u32 i = 0; i < *n; i++)
        if (str_eq(names[i], name)) return;
    if (name.p && *n < NAMES_MAX) names[(*n)++] = name;
}

/* The attributes that the index holds: keys, and what it includes. */
static u32 held_names(const struct ddb_table *t, const struct ddb_index *index, str *names) {
    u32 n = 0;
    add_name(names, &n, t->keys.hash);
    add_name(names, &n, t->keys.range);
    str own[2 * KEY_PARTS_MAX];
    u32 keys = ddb_key_names(&index->keys, own);
    for (u32 i = 0; i < keys; i++) add_name(names, &n, own[i]);
    for (u32 i = 0; index->vector && i < index->vector->filters.n; i++) add_name(names, &n, index->vector->filters.v[i].name);
    for (u32 i = 0; i < index->include.n; i++) add_name(names, &n, index->include.v[i].text);
    return n;
}

bool ddb_index_holds(const struct ddb_table *t, const struct ddb_index *index, str name) {
    str names[NAMES_MAX];
    if (index->projection == DDB_ALL) return true;
    u32 n = held_names(t, index, names);
    for (u32 i = 0; i < n; i++)
        if (str_eq(names[i], name)) return true;
    return false;
}

static struct entry entry_of(struct arena *a, const struct ddb_change *change, const struct ddb_index *index, str bytes) {
    struct entry e = {0};
    struct value item = ddb_item_decode(a, bytes);
    struct ddb_index_key key;
    str names[NAMES_MAX];
    str vector = {0};
    if (!bytes.p || !index_key(a, index, &item, &key)) return e;
    if (index->vector && !ddb_vector_of(a, index, &item, &vector)) return e;
    e.row = ddb_index_row(a, index, &key, change->key);
    e.bytes = bytes;
    if (index->projection != DDB_ALL) item = item_of_names(a, &item, names, held_names(change->table, index, names));
    else if (index->vector) item = item_with(a, &item, index->vector->attribute, &(struct value){.type = VALUE_NONE});
    if (index->projection != DDB_ALL || index->vector) e.bytes = item_encode(a, &item);
    e.size = item_encoded_size(e.bytes) + vector.n;
    if (index->vector) e.bytes = arena_concat(a, vector, e.bytes);
    return e;
}

/* In units, or of a vector index in bytes. */
static double cost_of(const struct ddb_index *index, const struct entry *e) {
    if (!e->row.p) return 0;
    return index->vector ? (double)MAX(e->size, (u64)DDB_VECTOR_BYTES_MIN) : ddb_write_units(e->size);
}

/* As AWS counts: a write for what goes and one for what comes where the key changed, one where only
 * other attributes did, none where the index sees no change. */
static double units_of(const struct ddb_index *index, const struct entry *old, const struct entry *new_) {
    double before = cost_of(index, old), after = cost_of(index, new_);
    if (!old->row.p || !new_->row.p || !str_eq(old->row, new_->row)) return before + after;
    return str_eq(old->bytes, new_->bytes) ? 0 : MAX(before, after);
}

static i64 bytes_of(const struct entry *e) { return e->row.p ? (i64)e->size : 0; }

static i64 change_index(struct call *c, const struct ddb_change *change, u32 at, struct ddb_counts *counts, struct ddb_usage *usage) {
    const struct ddb_index *index = &change->table->indexes.v[at];
    struct entry old = entry_of(c->arena, change, index, change->before), new_ = entry_of(c->arena, change, index, change->after);
    if (!old.row.p && !new_.row.p) return 0;
    double units = units_of(index, &old, &new_);
    usage->index_write[at] += units;
    usage->touched[at] |= units > 0;
    if (units == 0) return 0;
    if (old.row.p && (!new_.row.p || !str_eq(old.row, new_.row))) {
        /* until the index is filled the old entry may not have been there */
        if (index->state == DDB_CREATING && !txn_get(c->txn, old.row, NULL)) old = (struct entry){0};
        else txn_delete(c->txn, old.row);
    } else if (old.row.p && index->state == DDB_CREATING && !txn_get(c->txn, old.row, NULL)) {
        old = (struct entry){0};
    }
    if (new_.row.p) txn_put(c->txn, new_.row, new_.bytes);
    struct ddb_count *held = ddb_count_of(c->arena, counts, index->space);
    i64 more = bytes_of(&new_) - bytes_of(&old);
    held->items += (new_.row.p != NULL) - (old.row.p != NULL);
    held->bytes += more;
    return index->kind == DDB_LOCAL ? more : 0;
}

i64 ddb_indexes_change(struct call *c, const struct ddb_change *change, struct ddb_counts *counts, struct ddb_usage *usage) {
    i64 local = 0;
    for (u32 i = 0; i < change->table->indexes.n; i++)
        if (change->table->indexes.v[i].state != DDB_DELETING) local += change_index(c, change, i, counts, usage);
    return local;
}

bool ddb_index_entries_fit(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str bytes) {
    u64 size = item_encoded_size(bytes);
    struct ddb_change change = {.table = t, .key = k, .after = bytes};
    if (2 * size <= ITEM_SIZE_MAX) return true; /* an entry is no larger than its item */
    for (u32 i = 0; i < t->indexes.n; i++) {
        const struct ddb_index *index = &t->indexes.v[i];
        if (index->kind != DDB_LOCAL) continue;
        struct entry e = entry_of(c->arena, &change, index, bytes);
        if (e.row.p && size + e.size > ITEM_SIZE_MAX) return false;
    }
    return true;
}

u64 ddb_index_fill(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct ddb_key *k, str bytes,
                    struct ddb_counts *counts) {
    struct ddb_change change = {.table = t, .key = k, .after = bytes};
    struct entry e = entry_of(c->arena, &change, index, bytes);
    if (!e.row.p || txn_get(c->txn, e.row, NULL)) return 0;
    txn_put(c->txn, e.row, e.bytes);
    struct ddb_count *held = ddb_count_of(c->arena, counts, index->space);
    held->items++;
    held->bytes += bytes_of(&e);
    return (u64)bytes_of(&e);
}
