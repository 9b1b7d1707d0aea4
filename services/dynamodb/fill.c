/* The walk over all items of a table that an online index or a new expiry attribute asks for: a job, a
 * slice a transaction. Writes that happen meanwhile keep their own part in step, so the walk only adds
 * what is missing, whenever it comes by. */
#include "services/dynamodb/dynamodb.h"

#define FILL_TASK S("dynamodb.fill")
enum { SPACE_PREFIX = 12 };

struct fill {
    str table; /* its row's key */
    u64 space; /* what is filled */
    str after; /* the last item's row; absent: from the start */
};
static const struct record_field fill_fields[] = {
    RECORD_STR(1, struct fill, table),
    RECORD_U64(2, struct fill, space),
    RECORD_STR(3, struct fill, after),
};
static const struct record_type fill_record = RECORD_TYPE(struct fill, fill_fields);

static void set_task(struct txn *t, struct arena *a, const struct fill *f) {
    txn_task_set(t, &(struct task){.kind = FILL_TASK,
                                   .key = arena_format(a, "%llu", (unsigned long long)f->space),
                                   .payload = record_encode(a, &fill_record, f)});
}

void ddb_fill(struct txn *t, struct arena *a, const struct ddb_table *table, u64 space) {
    struct fill f = {.table = ddb_table_row(a, table->account, table->region, table->name), .space = space};
    set_task(t, a, &f);
}

static struct ddb_index *index_of_space(const struct ddb_table *t, u64 space) {
    for (u32 i = 0; i < t->indexes.n; i++)
        if (t->indexes.v[i].space == space) return &t->indexes.v[i];
    return NULL;
}

/* How an index comes on: what writing it took, and how far along all hash keys the walk is. */
static void count_progress(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct fill *f, double units, bool done) {
    if (index->kind != DDB_GLOBAL || index->state != DDB_CREATING) return;
    str names = S("GlobalSecondaryIndexName,TableName"), of = arena_format(c->arena, "%.*s,%.*s", STR_ARGS(index->name), STR_ARGS(t->name));
    str place = str_take(str_skip(f->after, SPACE_PREFIX), DDB_PLACE_HASH);
    double share = 0, digit = 100;
    for (size_t i = 0; i < place.n; i++) share += (digit /= 256) * (u8)place.p[i];
    if (units > 0) count_metric(c, S("OnlineIndexConsumedWriteCapacity"), names, of, units, S("Count"));
    count_metric(c, S("OnlineIndexPercentageProgress"), names, of, done ? 100 : share, S("Count"));
}

/* True: that was the last item. */
static bool walk(struct call *c, const struct ddb_table *t, const struct ddb_index *index, struct fill *f) {
    struct ddb_counts counts = ddb_counts_of(c->txn, c->arena, t);
    struct key all = ddb_space_key(c->arena, t->space);
    str from = key_bytes(&all), to = key_after_prefix(c->arena, from), key, value;
    if (f->after.p) from = arena_concat(c->arena, f->after, (str){"", 1});
    struct range rows = txn_range(c->txn, from, to);
    u64 bytes = 0;
    bool more = true, changed = false;
    double units = 0;
    for (int n = 0; n < DDB_SLICE && bytes < DDB_SLICE_BYTES && (more = range_next(&rows, &key, &value)); n++) {
        struct ddb_key k;
        f->after = arena_str(c->arena, key);
        bytes += value.n;
        ddb_key_of_bytes(c->arena, t, value, &k);
        u64 entry = index ? ddb_index_fill(c, t, index, &k, value, &counts) : 0;
        if (!index) ddb_ttl_fill(c, t, &k, value);
        changed |= entry > 0;
        if (entry) units += ddb_write_units(entry);
    }
    if (index) count_progress(c, t, index, f, units, !more);
    if (changed) ddb_counts_save(c->txn, c->arena, t, &counts);
    return !more;
}

err ddb_fill_slice(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct fill f = {0};
    struct ddb_table table;
    ASSERT(record_decode(a, &fill_record, arena_str(a, task->payload), &f));
    if (!ddb_table_of_row(t, a, f.table, &table)) return NULL;
    struct ddb_index *index = index_of_space(&table, f.space);
    if (!index && table.ttl_space != f.space) return NULL; /* it is gone meanwhile */
    struct call *c = call_for_task(t, &dynamodb_service, table.account, table.region, now_ms);
    if (!walk(c, &table, index, &f)) {
        set_task(t, a, &f);
        return NULL;
    }
    if (!index || index->state != DDB_CREATING) return NULL; /* it is to be deleted */
    index->backfilling = false;
    index->state = DDB_ACTIVE;
    ddb_table_save(t, a, &table);
    return NULL;
}
