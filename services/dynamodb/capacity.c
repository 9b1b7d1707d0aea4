/* Capacity units, as AWS counts them: reads by 4 KB, writes by 1 KB, each rounded up. */
#include "cloud/input.h"
#include "services/dynamodb/schema.h"

enum { READ_UNIT = 4096, WRITE_UNIT = 1024 };

double ddb_read_units(u64 bytes, bool consistent) {
    u64 units = MAX((bytes + READ_UNIT - 1) / READ_UNIT, 1);
    return (double)units * (consistent ? 1 : 0.5);
}

double ddb_write_units(u64 bytes) { return (double)MAX((bytes + WRITE_UNIT - 1) / WRITE_UNIT, 1); }

void ddb_usage_add(struct ddb_usage *sum, const struct ddb_usage *u) {
    sum->table = u->table;
    sum->read += u->read;
    sum->write += u->write;
    for (u32 i = 0; i < u->table->indexes.n; i++) {
        sum->index_read[i] += u->index_read[i];
        sum->index_write[i] += u->index_write[i];
        sum->touched[i] |= u->touched[i];
    }
}

static struct dynamodb_capacity capacity(double read, double write, bool twice) {
    struct dynamodb_capacity units = {.capacity_units = SOME_F64(read + write)};
    if (twice && read > 0) units.read_capacity_units = SOME_F64(read);
    if (twice && write > 0) units.write_capacity_units = SOME_F64(write);
    return units;
}

static void add_index(struct arena *a, struct dynamodb_secondary_indexes_capacity_map *map, str name, struct dynamodb_capacity units) {
    if (!map->v) *map = (struct dynamodb_secondary_indexes_capacity_map){NEW_ARRAY(a, struct dynamodb_secondary_indexes_capacity_map_entry, DDB_INDEXES_MAX), 0, true};
    map->v[map->n++] = (struct dynamodb_secondary_indexes_capacity_map_entry){name, units};
}

static void add_vector(struct arena *a, struct dynamodb_vector_indexes_capacity_map *map, str name, double bytes) {
    if (!map->v) *map = (struct dynamodb_vector_indexes_capacity_map){NEW_ARRAY(a, struct dynamodb_vector_indexes_capacity_map_entry, DDB_INDEXES_MAX), 0, true};
    map->v[map->n++] = (struct dynamodb_vector_indexes_capacity_map_entry){name, {.vector_write_request_bytes = SOME_F64(bytes)}};
}

static void count_indexes(struct call *c, const struct ddb_usage *u) {
    for (u32 i = 0; i < u->table->indexes.n; i++) {
        const struct ddb_index *index = &u->table->indexes.v[i];
        if (index->kind == DDB_LOCAL || u->index_read[i] + u->index_write[i] <= 0) continue;
        str of = arena_format(c->arena, "%.*s,%.*s", STR_ARGS(index->name), STR_ARGS(u->table->name));
        if (index->kind == DDB_VECTOR) {
            of = arena_format(c->arena, "%.*s,%.*s", STR_ARGS(u->table->name), STR_ARGS(index->name));
            count_metric(c, S("VectorWriteRequestBytes"), S("TableName,VectorIndexName"), of, u->index_write[i], S("Bytes"));
            continue;
        }
        if (u->index_read[i] > 0) count_metric(c, S("ConsumedReadCapacityUnits"), S("GlobalSecondaryIndexName,TableName"), of, u->index_read[i], S("Count"));
        if (u->index_write[i] > 0) count_metric(c, S("ConsumedWriteCapacityUnits"), S("GlobalSecondaryIndexName,TableName"), of, u->index_write[i], S("Count"));
    }
}

/* "Operation,TableName": the dimensions of what is counted by operation. */
static str by_operation(struct call *c, str table) {
    return arena_concat(c->arena, arena_concat(c->arena, wire_text(c->service->wire, c->op->name), S(",")), table); /* a call's: no printf */
}

void ddb_count_returned(struct call *c, const struct ddb_table *t, u32 items) {
    count_metric(c, S("ReturnedItemCount"), S("Operation,TableName"), by_operation(c, t->name), items, S("Count"));
}

static struct dynamodb_consumed_capacity *consumed(struct call *c, const struct ddb_usage *u, str asked, bool twice) {
    bool indexes = str_eq(asked, S("INDEXES"));
    count_indexes(c, u);
    count_latency(c, S("SuccessfulRequestLatency"), S("Operation,TableName"), by_operation(c, u->table->name));
    double factor = twice ? 2 : 1, read = u->read * factor, write = u->write * factor;
    if (read > 0) count_metric(c, S("ConsumedReadCapacityUnits"), S("TableName"), u->table->name, read, S("Count"));
    if (write > 0) count_metric(c, S("ConsumedWriteCapacityUnits"), S("TableName"), u->table->name, write, S("Count"));
    if (!indexes && !str_eq(asked, S("TOTAL"))) return NULL;
    struct dynamodb_consumed_capacity *out = NEW(c->arena, struct dynamodb_consumed_capacity);
    out->table_name = u->table->named;
    if (indexes) {
        out->table = NEW(c->arena, struct dynamodb_capacity);
        *out->table = capacity(read, write, twice);
    }
    for (u32 i = 0; i < u->table->indexes.n; i++) {
        const struct ddb_index *index = &u->table->indexes.v[i];
        double r = u->index_read[i], w = u->index_write[i]; /* a transaction doubles what the table itself costs */
        if (!u->touched[i]) continue;
        if (index->kind == DDB_VECTOR) {
            if (indexes) add_vector(c->arena, &out->vector_indexes, index->name, w);
            continue;
        }
        read += r;
        write += w;
        if (indexes)
            add_index(c->arena, index->kind == DDB_LOCAL ? &out->local_secondary_indexes : &out->global_secondary_indexes, index->name,
                      capacity(r, w, twice));
    }
    struct dynamodb_capacity all = capacity(read, write, twice);
    out->capacity_units = all.capacity_units;
    out->read_capacity_units = all.read_capacity_units;
    out->write_capacity_units = all.write_capacity_units;
    return out;
}

struct dynamodb_consumed_capacity *ddb_consumed(struct call *c, const struct ddb_usage *u, str asked) { return consumed(c, u, asked, false); }
struct dynamodb_consumed_capacity *ddb_consumed_twice(struct call *c, const struct ddb_usage *u, str asked) { return consumed(c, u, asked, true); }

struct dynamodb_item_collection_metrics *ddb_metrics(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str asked) {
    if (!str_eq(asked, S("SIZE")) || !t->collections) return NULL;
    struct dynamodb_item_collection_metrics *m = NEW(c->arena, struct dynamodb_item_collection_metrics);
    struct value key = item_with(c->arena, &(struct value){.type = VALUE_M}, t->keys.hash, &k->hash);
    ITEM_TO_WIRE(c->arena, &key, m->item_collection_key);
    double gib = (double)(ddb_collection_bytes(c, t, k) >> 30);
    m->size_estimate_range_gb.v = NEW_ARRAY(c->arena, struct opt_f64, 2);
    m->size_estimate_range_gb.v[0] = SOME_F64(gib);
    m->size_estimate_range_gb.v[1] = SOME_F64(gib + 1);
    m->size_estimate_range_gb.n = 2;
    m->size_estimate_range_gb.set = true;
    return m;
}

static bool same_collection(const struct dynamodb_item_collection_metrics *a, const struct dynamodb_item_collection_metrics *b) {
    const struct dynamodb_attribute_value *x = &a->item_collection_key.v->value, *y = &b->item_collection_key.v->value;
    return str_eq(x->s, y->s) && str_eq(x->n, y->n) && str_eq(x->b, y->b);
}

void ddb_metrics_add(struct call *c, const struct ddb_table *t, const struct ddb_key *k, str asked, u32 most,
                     struct dynamodb_item_collection_metrics_per_table *out) {
    struct dynamodb_item_collection_metrics *m = ddb_metrics(c, t, k, asked);
    u32 at = 0;
    if (!m) return;
    while (at < out->n && !str_eq(out->v[at].key, t->named)) at++;
    if (at == out->n) {
        out->v[out->n++] = (struct dynamodb_item_collection_metrics_per_table_entry){
            t->named, {NEW_ARRAY(c->arena, struct dynamodb_item_collection_metrics, most), 0, true}};
        out->set = true;
    }
    struct dynamodb_item_collection_metrics_multiple *told = &out->v[at].value;
    for (u32 i = 0; i < told->n; i++)
        if (same_collection(&told->v[i], m)) return;
    told->v[told->n++] = *m;
}

/* ---- throttling: unused capacity of five minutes may be used at once ---- */

static bool take(struct call *c, u64 space, char kind, i64 rate, double units) {
    enum { BURST_S = 300 };
    struct {
        u64 space, kind;
    } name = {space, (u64)kind};
    if (units <= 0 || rate <= 0) return true;
    return throttle_take(c, (str){(const char *)&name, sizeof name}, (double)rate, (double)(rate * BURST_S), units);
}

static bool take_both(struct call *c, bool on_demand, u64 space, const struct ddb_throughput *t, double read, double write) {
    bool reads = take(c, space, 'r', on_demand ? t->most_read : t->read, read);
    return take(c, space, 'w', on_demand ? t->most_write : t->write, write) && reads;
}

/* Counted of a batch, too, that goes on without the item. */
static void count_event(struct call *c, const char *metric, const struct ddb_table *t, const struct ddb_index *index) {
    str dimensions = index ? S("GlobalSecondaryIndexName,TableName") : S("TableName");
    str of = index ? arena_format(c->arena, "%.*s,%.*s", STR_ARGS(index->name), STR_ARGS(t->name)) : t->name;
    count_metric(c, str_of(metric), dimensions, of, 1, S("Count"));
    count_failure(c, str_of(metric), dimensions, of);
}

/* "TableWriteProvisionedThroughputExceeded", and the ARN of what was used up. */
static struct dynamodb_throttling_reason_list reasons_of(struct call *c, const struct ddb_table *t, const struct ddb_index *index, bool write) {
    struct dynamodb_throttling_reason *reason = NEW(c->arena, struct dynamodb_throttling_reason);
    reason->reason = arena_format(c->arena, "%s%s%sExceeded", index ? "Index" : "Table", write ? "Write" : "Read",
                                  t->on_demand ? "MaxOnDemandThroughput" : "ProvisionedThroughput");
    str table = ddb_table_arn(c->arena, t);
    reason->resource = index ? arena_format(c->arena, "%.*s/index/%.*s", STR_ARGS(table), STR_ARGS(index->name)) : table;
    return (struct dynamodb_throttling_reason_list){reason, 1, true};
}

static err throttled(struct call *c, const struct ddb_table *t, const struct ddb_index *index, bool write) {
    count_event(c, write ? "WriteThrottleEvents" : "ReadThrottleEvents", t, index);
    if (t->on_demand) count_event(c, write ? "WriteMaxOnDemandThroughputThrottleEvents" : "ReadMaxOnDemandThroughputThrottleEvents", t, index);
    else count_event(c, write ? "WriteProvisionedThroughputThrottleEvents" : "ReadProvisionedThroughputThrottleEvents", t, index);
    count_failure_once(c, S("ThrottledRequests"), S("Operation,TableName"), by_operation(c, t->name));
    if (t->on_demand) {
        struct dynamodb_throttling_exception *members = NEW(c->arena, struct dynamodb_throttling_exception);
        members->throttling_reasons = reasons_of(c, t, index, write);
        return fail_with(c, &dynamodb_throttling_exception, members, "Throughput exceeds the maximum OnDemandThroughput configured on table or index");
    }
    struct dynamodb_provisioned_throughput_exceeded_exception *members = NEW(c->arena, struct dynamodb_provisioned_throughput_exceeded_exception);
    members->throttling_reasons = reasons_of(c, t, index, write);
    return fail_with(c, &dynamodb_provisioned_throughput_exceeded_exception, members,
                     "The level of configured provisioned throughput for %s was exceeded. Consider increasing your provisioning level %swith the "
                     "UpdateTable API.",
                     index ? "one or more global secondary indexes of the table" : "the table",
                     index ? "for the under-provisioned global secondary indexes " : "");
}

static err take_all(struct call *c, const struct ddb_usage *u, double times) {
    const struct ddb_table *t = u->table;
    double read = u->read * times, write = u->write * times;
    if (t->on_demand && !t->throughput.most_read && !t->throughput.most_write) return NULL;
    for (u32 i = 0; i < t->indexes.n; i++) {
        const struct ddb_index *index = &t->indexes.v[i];
        if (index->kind == DDB_VECTOR) continue; /* it counts bytes, and has no bound */
        if (index->kind == DDB_LOCAL) { /* local indexes share the table's */
            read += u->index_read[i];
            write += u->index_write[i];
        } else if (!take_both(c, t->on_demand, index->space, &index->throughput, u->index_read[i], u->index_write[i])) {
            return throttled(c, t, index, u->index_write[i] > 0);
        }
    }
    return take_both(c, t->on_demand, t->space, &t->throughput, read, write) ? NULL : throttled(c, t, NULL, write > 0);
}

err ddb_throttle(struct call *c, const struct ddb_usage *u, double times) {
    err e = take_all(c, u, times);
    double units = (u->read + u->write) * times;
    for (u32 i = 0; i < u->table->indexes.n && u->by_index; i++) units += u->index_read[i];
    ddb_contributor_note(c, u, units, e != NULL);
    return e;
}

/* Of what has the name of its table in the request. */
static void count_system_error(struct call *c) {
    str table = input_text(c, S("TableName")), before = S(":table/");
    size_t at = str_find(table, before);
    if (at != STR_NONE) table = str_skip(table, at + before.n);
    if (table.n) count_failure(c, S("SystemErrors"), S("Operation,TableName"), by_operation(c, table));
}

/* UserErrors of the account and region: all that a caller did wrong but what has a metric of its own (developer guide, "DynamoDB
 * metrics and dimensions"). */
void ddb_failed(struct call *c, err e);
void ddb_failed(struct call *c, err e) {
    bool throttled = e == &dynamodb_provisioned_throughput_exceeded_exception || e == &dynamodb_throttling_exception;
    if (e->status < 500 && !throttled && e != &dynamodb_conditional_check_failed_exception) count_failure(c, S("UserErrors"), (str){0}, (str){0});
    if (e->status >= 500 && e != &cloud_not_implemented) count_system_error(c);
}

/* ---- gauges ---- */

static void gauge_share(struct call *c, str metric, i64 part, i64 whole) {
    if (part && whole) gauge_metric(c, metric, (str){0}, (str){0}, 100 * (double)part / (double)whole, S("Percent"));
}

/* What the account may have in the region, and how much of that it has, each five minutes. */
static void gauge_account(struct call *c) {
    enum { EVERY_MS = 300000 };
    if (c->now_ms % EVERY_MS) return;
    struct ddb_most most = ddb_units_most(c);
    struct ddb_reserved has = ddb_reserved_by_account(c);
    gauge_metric(c, S("AccountMaxReads"), (str){0}, (str){0}, (double)most.account_read, S("Count"));
    gauge_metric(c, S("AccountMaxWrites"), (str){0}, (str){0}, (double)most.account_write, S("Count"));
    gauge_metric(c, S("AccountMaxTableLevelReads"), (str){0}, (str){0}, (double)most.table_read, S("Count"));
    gauge_metric(c, S("AccountMaxTableLevelWrites"), (str){0}, (str){0}, (double)most.table_write, S("Count"));
    gauge_share(c, S("AccountProvisionedReadCapacityUtilization"), has.read, most.account_read);
    gauge_share(c, S("AccountProvisionedWriteCapacityUtilization"), has.write, most.account_write);
    gauge_share(c, S("MaxProvisionedTableReadCapacityUtilization"), has.most_read, most.table_read);
    gauge_share(c, S("MaxProvisionedTableWriteCapacityUtilization"), has.most_write, most.table_write);
    if (has.read) gauge_metric(c, S("ResourceCount"), S("Resource"), S("AccountProvisionedReadCapacityUnits"), (double)has.read, S("None"));
    if (has.write) gauge_metric(c, S("ResourceCount"), S("Resource"), S("AccountProvisionedWriteCapacityUnits"), (double)has.write, S("None"));
}

static void gauge_units(struct call *c, bool on_demand, const struct ddb_throughput *t, str names, str of) {
    i64 read = on_demand ? t->most_read : t->read, write = on_demand ? t->most_write : t->write; /* a most of 0: none was set; of -1: it goes */
    if (read > 0) gauge_metric(c, on_demand ? S("OnDemandMaxReadRequestUnits") : S("ProvisionedReadCapacityUnits"), names, of, (double)read, S("Count"));
    if (write > 0) gauge_metric(c, on_demand ? S("OnDemandMaxWriteRequestUnits") : S("ProvisionedWriteCapacityUnits"), names, of, (double)write, S("Count"));
}

/* What is provisioned, or the most on demand, as metrics: of a table that has just been used, and of its global indexes; of all the account. */
void ddb_gauge(struct call *c, str of);
void ddb_gauge(struct call *c, str of) {
    struct ddb_table t;
    if (!of.n) gauge_account(c);
    if (str_find_char(of, ',') != STR_NONE || !ddb_table_load(c->txn, c->arena, c->account, c->region, of, &t)) return;
    gauge_units(c, t.on_demand, &t.throughput, S("TableName"), of);
    for (u32 i = 0; i < t.indexes.n; i++) {
        const struct ddb_index *index = &t.indexes.v[i];
        if (index->kind != DDB_GLOBAL) continue;
        gauge_units(c, t.on_demand, &index->throughput, S("GlobalSecondaryIndexName,TableName"), arena_format(c->arena, "%.*s,%.*s", STR_ARGS(index->name), STR_ARGS(of)));
    }
}
