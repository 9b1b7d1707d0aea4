/* A table as it is kept: its row, what stands in it, and the counts of what it holds. table.c finds it by what a
 * request says. */
#include "services/dynamodb/dynamodb.h"

#define TABLE_TASK S("dynamodb.table")

str ddb_table_row(struct arena *a, str account, str region, str name) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("table"));
    key_str(&k, name);
    return key_bytes(&k);
}

bool ddb_table_load(struct txn *t, struct arena *a, str account, str region, str name, struct ddb_table *table) {
    str row;
    if (name.n > DDB_NAME_MAX || !txn_get(t, ddb_table_row(a, account, region, name), &row)) return false;
    *table = (struct ddb_table){0};
    ASSERT(record_decode(a, &ddb_table_record, arena_str(a, row), table));
    table->account = account;
    table->region = region;
    table->name = name;
    return true;
}

bool ddb_table_of_row(struct txn *t, struct arena *a, str row, struct ddb_table *table) {
    str part, account, region, name, rest = arena_str(a, row);
    bool read = key_read_str(&rest, a, &part) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region)
             && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &name);
    return read && ddb_table_load(t, a, account, region, name, table);
}

bool ddb_replica_load(struct call *c, const struct ddb_table *t, u32 at, struct ddb_table *replica) {
    return ddb_table_load(c->txn, c->arena, t->account, t->replicas.v[at].text, t->name, replica);
}

void ddb_table_save(struct txn *t, struct arena *a, const struct ddb_table *table) {
    txn_put(t, ddb_table_row(a, table->account, table->region, table->name), record_encode(a, &ddb_table_record, table));
}

str ddb_table_arn(struct arena *a, const struct ddb_table *t) {
    return arn_format(a, S("dynamodb"), t->region, t->account, arena_concat(a, S("table/"), t->name));
}

bool ddb_table_restoring(const struct ddb_table *t) { return t->state == DDB_CREATING && t->restored_ms; }

struct ddb_index *ddb_index_find(const struct ddb_table *t, str name) {
    for (u32 i = 0; i < t->indexes.n; i++)
        if (str_eq(t->indexes.v[i].name, name)) return &t->indexes.v[i];
    return NULL;
}

void ddb_table_settle(struct txn *t, struct arena *a, const struct ddb_table *table) {
    str key = ddb_table_row(a, table->account, table->region, table->name);
    txn_task_set(t, &(struct task){.kind = TABLE_TASK, .key = key});
}

u8 ddb_attribute_type(const struct ddb_table *t, str name) {
    for (u32 i = 0; i < t->attributes.n; i++)
        if (str_eq(t->attributes.v[i].text, name)) return (u8)t->types.p[i];
    return VALUE_NONE;
}

/* ---- what it holds: ("dynamodb", account, region, "counts", name) ---- */

static str counts_row(struct arena *a, const struct ddb_table *t) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, t->account);
    key_str(&k, t->region);
    key_str(&k, S("counts"));
    key_str(&k, t->name);
    return key_bytes(&k);
}

struct ddb_counts ddb_counts_of(struct txn *t, struct arena *a, const struct ddb_table *table) {
    struct ddb_counts counts = {0};
    str row;
    if (txn_get(t, counts_row(a, table), &row)) ASSERT(record_decode(a, &ddb_counts_record, row, &counts));
    return counts;
}

struct ddb_count *ddb_count_of(struct arena *a, struct ddb_counts *counts, u64 space) {
    for (u32 i = 0; i < counts->of.n; i++)
        if (counts->of.v[i].space == space) return &counts->of.v[i];
    struct ddb_count *more = NEW_ARRAY(a, struct ddb_count, counts->of.n + 1);
    if (counts->of.n) memcpy(more, counts->of.v, counts->of.n * sizeof *more);
    more[counts->of.n].space = space;
    counts->of.v = more;
    counts->of.set = true;
    return &more[counts->of.n++];
}

void ddb_counts_save(struct txn *t, struct arena *a, const struct ddb_table *table, const struct ddb_counts *counts) {
    txn_put(t, counts_row(a, table), record_encode(a, &ddb_counts_record, counts));
}

void ddb_counts_drop(struct txn *t, struct arena *a, const struct ddb_table *table) { txn_delete(t, counts_row(a, table)); }
