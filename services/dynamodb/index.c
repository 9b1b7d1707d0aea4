/* What an item is in the table's indexes. A global index is written with the item, in its transaction,
 * like a local one: AWS promises that it follows, here it never lags. */
#include "services/dynamodb/dynamodb.h"

enum { NAMES_MAX = 128 };

struct entry {
    str row, bytes; /* absent: the item is not in the index */
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
    if (!bytes.p || !index_key(a, index, &item, &key)) return e;
    e.row = ddb_index_row(a, index, &key, change->key);
    e.bytes = bytes;
    if (index->projection == DDB_ALL) return e;
    struct value held = item_of_names(a, &item, names, held_names(change->table, index, names));
    e.bytes = item_encode(a, &held);
    return e;
}

/* As AWS counts: a write for what goes and one for what comes where the key changed, one where only
 * other attributes did, none where the index sees no change. */
static double units_of(const struct entry *old, const struct entry *new_) {
    double before = old->row.p ? ddb_write_units(item_encoded_size(old->bytes)) : 0;
    double after = new_->row.p ? ddb_write_units(item_encoded_size(new_->bytes)) : 0;
    if (!old->row.p || !new_->row.p || !str_eq(old->row, new_->row)) return before + after;
    return str_eq(old->bytes, new_->bytes) ? 0 : MAX(before, after);
}

static i64 bytes_of(const struct entry *e) { return e->row.p ? (i64)item_encoded_size(e->bytes) : 0; }

static i64 change_index(struct call *c, const struct ddb_change *change, u32 at, struct ddb_counts *counts, struct ddb_usage *usage) {
    const struct ddb_index *index = &change->table->indexes.v[at];
    struct entry old = entry_of(c->arena, change, index, change->before), new_ = entry_of(c->arena, change, index, change->after);
    if (!old.row.p && !new_.row.p) return 0;
    double units = units_of(&old, &new_);
    usage->index_write[at] += units;
    usage->touched[at] |= units > 0;
    if (units == 0) return 0;
    if (old.row.p && (!new_.row.p || !str_eq(old.row, new_.row))) {
        /* while the index is filled the old entry may not have been there */
        if (index->backfilling && !txn_get(c->txn, old.row, NULL)) old = (struct entry){0};
        else txn_delete(c->txn, old.row);
    } else if (old.row.p && index->backfilling && !txn_get(c->txn, old.row, NULL)) {
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
        if (e.row.p && size + item_encoded_size(e.bytes) > ITEM_SIZE_MAX) return false;
    }
    return true;
}

bool ddb_index_fill(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct ddb_key *k, str bytes,
                    struct ddb_counts *counts) {
    struct ddb_change change = {.table = t, .key = k, .after = bytes};
    struct entry e = entry_of(c->arena, &change, index, bytes);
    if (!e.row.p || txn_get(c->txn, e.row, NULL)) return false;
    txn_put(c->txn, e.row, e.bytes);
    struct ddb_count *held = ddb_count_of(c->arena, counts, index->space);
    held->items++;
    held->bytes += bytes_of(&e);
    return true;
}
