/* Emptying an account: the spaces that its tables, streams and backups name, in slices. The rows that
 * name them go after, by the account in their keys. */
#include "services/dynamodb/bulk.h"
#include "services/dynamodb/export.h"
#include "services/dynamodb/import.h"
#include "services/dynamodb/stream.h"

bool dynamodb_release(struct txn *t, str account, int *budget);

static bool release_space(struct txn *t, u64 space, int *budget) {
    struct arena *a = txn_arena(t);
    struct key k = ddb_space_key(a, space);
    str from = key_bytes(&k), key;
    if (!space) return true;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    for (; range_next(&rows, &key, NULL); --*budget) {
        if (!*budget) return false;
        txn_delete(t, arena_str(a, key));
    }
    return true;
}

static bool release_table(struct txn *t, str row, int *budget) {
    struct ddb_table table = {0};
    ASSERT(record_decode(txn_arena(t), &ddb_table_record, row, &table));
    const u64 spaces[] = {table.space, table.collections, table.ttl_space, table.history};
    for (size_t i = 0; i < LENGTH(spaces); i++)
        if (!release_space(t, spaces[i], budget)) return false;
    for (u32 i = 0; i < table.indexes.n; i++)
        if (!release_space(t, table.indexes.v[i].space, budget)) return false;
    return true;
}

static bool release_row(struct txn *t, str type, str row, int *budget) {
    struct ddb_stream stream = {0};
    u64 spaces[2];
    if (str_eq(type, S("table"))) return release_table(t, row, budget);
    if (str_eq(type, S("backup"))) return release_space(t, ddb_backup_space(txn_arena(t), row), budget);
    if (str_eq(type, S("export")) || str_eq(type, S("bulk"))) {
        if (str_eq(type, S("bulk"))) ddb_bulk_release(t, txn_arena(t), row, spaces);
        else ddb_export_spaces(txn_arena(t), row, spaces);
        return release_space(t, spaces[0], budget) && release_space(t, spaces[1], budget);
    }
    if (str_eq(type, S("import"))) ddb_import_release(t, row);
    if (!str_eq(type, S("stream"))) return true;
    ASSERT(record_decode(txn_arena(t), &ddb_stream_record, row, &stream));
    return release_space(t, stream.space, budget);
}

bool dynamodb_release(struct txn *t, str account, int *budget) {
    struct arena *a = txn_arena(t);
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n), region, type;
        ASSERT(key_read_str(&rest, a, &region) && key_read_str(&rest, a, &type));
        if (!release_row(t, arena_str(a, type), arena_str(a, value), budget)) return false;
    }
    return true;
}
