/* A change of one item, and everything that it moves, in one transaction. */
#include "services/dynamodb/dynamodb.h"
#include "services/dynamodb/stream.h"

static u64 size_of(str bytes) { return bytes.p ? item_encoded_size(bytes) : 0; }

/* Tables with local indexes bound what one partition holds: ("ddb", collections) place -> bytes. */
static err change_collection(struct call *c, const struct ddb_change *change, i64 bytes) {
    const i64 most = 10ll << 30;
    str row = ddb_place_key(c->arena, change->table->collections, &change->key->place), value;
    i64 held = 0;
    if (txn_get(c->txn, row, &value)) ASSERT(str_to_i64(value, &held));
    held += bytes;
    if (bytes > 0 && held > most)
        return fail(c, &dynamodb_item_collection_size_limit_exceeded_exception, "Item collection size limit exceeded.");
    if (held) txn_put(c->txn, row, arena_format(c->arena, "%lld", (long long)held));
    else txn_delete(c->txn, row);
    return NULL;
}

/* To every other region that has the table. */
static err replicate(struct call *c, const struct ddb_change *change) {
    for (u32 i = 0; i < change->table->replicas.n; i++) {
        struct ddb_table replica;
        struct ddb_usage usage = {0};
        struct ddb_key k = *change->key;
        if (!ddb_replica_load(c, change->table, i, &replica) || replica.state == DDB_DELETING || replica.state == DDB_ARCHIVED) continue;
        ddb_key_locate(c->arena, &replica, &k);
        str before = ddb_item_read(c, &k);
        TRY(ddb_item_change(c, &(struct ddb_change){.table = &replica, .key = &k, .before = before, .after = change->after, .replicated = true}, &usage));
    }
    return NULL;
}

err ddb_item_change(struct call *c, const struct ddb_change *change, struct ddb_usage *usage) {
    const struct ddb_table *t = change->table;
    u64 before = size_of(change->before), after = size_of(change->after);
    usage->table = t;
    usage->write += ddb_write_units(MAX(before, after));
    bool same = change->before.p && change->after.p ? str_eq(change->before, change->after) : !change->before.p && !change->after.p;
    if (same) return NULL;
    struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, t);
    i64 indexed = ddb_indexes_change(c, change, &counts, usage);
    struct ddb_count *held = ddb_count_of(c->arena, &counts, t->space);
    held->items += (change->after.p != NULL) - (change->before.p != NULL);
    held->bytes += (i64)after - (i64)before;
    ddb_counts_save(c->txn, c->arena, t, &counts);
    if (t->collections) TRY(change_collection(c, change, (i64)after - (i64)before + indexed));
    if (t->streaming) ddb_stream_note(c, change);
    if (t->ttl_space) ddb_ttl_note(c, change);
    if (t->history) ddb_history_note(c, change);
    if (t->replicas.n && !change->replicated) TRY(replicate(c, change));
    if (change->after.p) txn_put(c->txn, change->key->row, change->after);
    else txn_delete(c->txn, change->key->row);
    return NULL;
}
