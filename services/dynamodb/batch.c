/* BatchGetItem and BatchWriteItem: many single operations in one request, each for itself. */
#include "services/dynamodb/access.h"

enum { GET_MAX = 100, WRITE_MAX = 25, GET_BYTES = 16 << 20 };

static err duplicates(struct call *c) { return fail(c, &cloud_validation, "Provided list of item keys contains duplicates"); }

static void add_consumed(struct dynamodb_consumed_capacity_multiple *list, const struct dynamodb_consumed_capacity *units) {
    if (!units) return;
    list->v[list->n++] = *units;
    list->set = true;
}

/* ---- BatchGetItem ---- */

struct table_get {
    const struct dynamodb_keys_and_attributes *in;
    struct expressions asked;
    struct value *keys;
    struct ddb_table t;
};

static err read_keys(struct call *c, const struct dynamodb_keys_and_attributes *in, struct table_get *g, u32 *total) {
    struct parameters p = {.projection = in->projection_expression, .attributes_to_get = &in->attributes_to_get,
                           .names = &in->expression_attribute_names};
    TRY(expressions_parse(c, &p, &g->asked));
    g->in = in;
    g->keys = NEW_ARRAY(c->arena, struct value, in->keys.n);
    for (u32 i = 0; i < in->keys.n; i++) {
        TRY(ITEM_OF_WIRE(c, in->keys.v[i], &g->keys[i]));
        for (u32 j = 0; j < i; j++)
            if (value_equal(c->arena, &g->keys[i], &g->keys[j])) return duplicates(c);
        if (++*total > GET_MAX) return fail(c, &cloud_validation, "Too many items requested for the BatchGetItem call");
    }
    return NULL;
}

static err check_keys(struct call *c, str table, u32 n) {
    TRY(ddb_table_named(c, table));
    if (n && n <= GET_MAX) return NULL;
    return fail(c, &cloud_validation,
                "1 validation error detected: Value at 'RequestItems.%.*s.member.Keys' failed to satisfy constraint: Member must have length %s than or equal to %d",
                STR_ARGS(table), n ? "less" : "greater", n ? GET_MAX : 1);
}

/* Old and new parameters do not go together, not even of two tables. */
static err check_parameters(struct call *c, const struct dynamodb_batch_get_request_map *in) {
    struct parameters all = {0};
    for (u32 i = 0; i < in->n; i++) {
        const struct dynamodb_keys_and_attributes *one = &in->v[i].value;
        if (one->projection_expression.p) all.projection = one->projection_expression;
        if (one->attributes_to_get.set) all.attributes_to_get = &one->attributes_to_get;
    }
    return parameters_check(c, &all);
}

static void unprocessed(struct call *c, const struct table_get *g, u32 from, struct dynamodb_keys_and_attributes *out) {
    *out = *g->in;
    out->keys.v = NEW_ARRAY(c->arena, struct dynamodb_key, g->in->keys.n);
    out->keys.n = 0;
    for (u32 i = from; i < g->in->keys.n; i++) out->keys.v[out->keys.n++] = g->in->keys.v[i];
}

/* Returns how many keys were looked at before the answer was full, or the table's units were used up: *throttled. */
static u32 get_items(struct call *c, const struct table_get *g, const struct ddb_key *keys, u64 *bytes, struct ddb_usage *usage,
                     struct dynamodb_item_list *out, err *throttled) {
    *out = (struct dynamodb_item_list){NEW_ARRAY(c->arena, struct dynamodb_attribute_map, g->in->keys.n), 0, true};
    for (u32 i = 0; i < g->in->keys.n; i++) {
        str row = ddb_item_read(c, &keys[i]);
        u64 size = row.p ? item_encoded_size(row) : 0;
        if (*bytes + size > GET_BYTES) return i;
        struct ddb_usage one = {.table = &g->t, .key = &keys[i], .read = ddb_read_units(size, g->in->consistent_read.v)};
        err e = ddb_throttle(c, &one, 1);
        if (e) {
            *throttled = e;
            return i;
        }
        *bytes += size;
        ddb_usage_add(usage, &one);
        if (!row.p) continue;
        struct value item = ddb_item_decode(c->arena, row), part = projection_apply(c->arena, g->asked.projection, &item);
        ITEM_TO_WIRE(c->arena, &part, out->v[out->n]);
        out->n++;
    }
    return g->in->keys.n;
}

err dynamodb_batch_get_item(struct call *c, const struct dynamodb_batch_get_item_input *in, struct dynamodb_batch_get_item_output *out) {
    u32 n = in->request_items.n, total = 0, looked_at = 0;
    u64 bytes = 0;
    err throttled = NULL;
    if (!n)
        return fail(c, &cloud_validation,
                    "1 validation error detected: Value at 'RequestItems' failed to satisfy constraint: Member must have length greater than or "
                    "equal to 1");
    struct table_get *gets = NEW_ARRAY(c->arena, struct table_get, n);
    struct ddb_key **keys = NEW_ARRAY(c->arena, struct ddb_key *, n);
    for (u32 i = 0; i < n; i++) TRY(check_keys(c, in->request_items.v[i].key, in->request_items.v[i].value.keys.n));
    TRY(check_parameters(c, &in->request_items));
    for (u32 i = 0; i < n; i++) TRY(read_keys(c, &in->request_items.v[i].value, &gets[i], &total));
    for (u32 i = 0; i < n; i++) {
        TRY(ddb_allow(c, &(struct ddb_access){.table = in->request_items.v[i].key, .action = S("dynamodb:BatchGetItem"), .reads = true,
                                              .items = gets[i].keys, .n = gets[i].in->keys.n, .asked = &gets[i].asked}));
        TRY(ddb_table_use(c, in->request_items.v[i].key, &gets[i].t));
        keys[i] = NEW_ARRAY(c->arena, struct ddb_key, gets[i].in->keys.n);
        for (u32 j = 0; j < gets[i].in->keys.n; j++) TRY(ddb_key_of_parameter(c, &gets[i].t, &gets[i].keys[j], &keys[i][j]));
        TRY(ddb_scalars_check(c, &gets[i].t, &gets[i].asked));
    }
    out->responses = (struct dynamodb_batch_get_response_map){NEW_ARRAY(c->arena, struct dynamodb_batch_get_response_map_entry, n), n, true};
    out->unprocessed_keys = (struct dynamodb_batch_get_request_map){NEW_ARRAY(c->arena, struct dynamodb_batch_get_request_map_entry, n), 0, true};
    out->consumed_capacity.v = NEW_ARRAY(c->arena, struct dynamodb_consumed_capacity, n);
    for (u32 i = 0; i < n; i++) {
        struct ddb_usage usage = {.table = &gets[i].t};
        out->responses.v[i].key = in->request_items.v[i].key;
        u32 done = get_items(c, &gets[i], keys[i], &bytes, &usage, &out->responses.v[i].value, &throttled);
        looked_at += done;
        add_consumed(&out->consumed_capacity, ddb_consumed(c, &usage, in->return_consumed_capacity));
        if (done == gets[i].in->keys.n) continue;
        struct dynamodb_batch_get_request_map_entry *left = &out->unprocessed_keys.v[out->unprocessed_keys.n++];
        left->key = in->request_items.v[i].key;
        unprocessed(c, &gets[i], done, &left->value);
    }
    return looked_at ? NULL : throttled; /* of a full answer something was looked at */
}

/* ---- BatchWriteItem ---- */

static err read_request(struct call *c, const struct dynamodb_write_request *in, struct ddb_write *w) {
    if (!!in->put_request + !!in->delete_request != 1)
        return fail(c, &cloud_validation,
                    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");
    w->kind = in->put_request ? DDB_PUT : DDB_DELETE;
    if (in->put_request) TRY(ITEM_OF_WIRE(c, in->put_request->item, &w->item));
    else TRY(ITEM_OF_WIRE(c, in->delete_request->key, &w->item));
    return ddb_write_check(c, w);
}

/* An item's own words for a wrong key are not AWS's in a batch. */
static err locate(struct call *c, const struct ddb_write *w, struct ddb_written *done) {
    err e = ddb_write_locate(c, w, done);
    if (!e || w->kind != DDB_PUT) return e;
    bool of_key = str_find(c->error_message, S("Missing the key")) != STR_NONE || str_find(c->error_message, S("Type mismatch for key")) != STR_NONE;
    return of_key ? ddb_key_mismatch(c) : e;
}

static err locate_all(struct call *c, struct ddb_write *w, struct ddb_written *done, u32 n) {
    for (u32 i = 0; i < n; i++) {
        TRY(locate(c, &w[i], &done[i]));
        for (u32 j = 0; j < i; j++)
            if (str_eq(done[i].key.row, done[j].key.row)) return duplicates(c);
    }
    return NULL;
}

/* What is throttled is handed back, for the client to send again. A request's text may name a table twice, one after the other. */
static void put_off(struct call *c, const struct dynamodb_batch_write_item_request_map_entry *from, u32 at,
                    struct dynamodb_batch_write_item_request_map *out) {
    if (!out->n || !str_eq(out->v[out->n - 1].key, from->key))
        out->v[out->n++] = (struct dynamodb_batch_write_item_request_map_entry){
            from->key, {NEW_ARRAY(c->arena, struct dynamodb_write_request, WRITE_MAX), 0, true}};
    struct dynamodb_write_requests *list = &out->v[out->n - 1].value;
    list->v[list->n++] = from->value.v[at];
}

static err write_table(struct call *c, const struct dynamodb_batch_write_item_input *in, u32 at, struct ddb_write *w, struct ddb_written *done,
                       struct dynamodb_batch_write_item_output *out, err *throttled) {
    u32 n = in->request_items.v[at].value.n;
    struct ddb_usage usage = {.table = w->table};
    for (u32 i = 0; i < n; i++) {
        size_t mark = txn_mark(c->txn);
        err e = ddb_write_run(c, &w[i], &done[i]);
        if (!e) e = ddb_throttle(c, &done[i].usage, 1);
        if (e == &dynamodb_provisioned_throughput_exceeded_exception || e == &dynamodb_throttling_exception) {
            txn_undo(c->txn, mark);
            *throttled = e;
            put_off(c, &in->request_items.v[at], i, &out->unprocessed_items);
            continue;
        }
        TRY(e);
        ddb_usage_add(&usage, &done[i].usage);
        ddb_metrics_add(c, w[i].table, &done[i].key, in->return_item_collection_metrics, WRITE_MAX, &out->item_collection_metrics);
    }
    add_consumed(&out->consumed_capacity, ddb_consumed(c, &usage, in->return_consumed_capacity));
    return NULL;
}

static err allow_writes(struct call *c, str table, const struct ddb_write *w, u32 n) {
    struct value *items = NEW_ARRAY(c->arena, struct value, n + 1);
    for (u32 i = 0; i < n; i++) items[i] = w[i].item;
    return ddb_allow(c, &(struct ddb_access){.table = table, .action = S("dynamodb:BatchWriteItem"), .items = items, .n = n});
}

err dynamodb_batch_write_item(struct call *c, const struct dynamodb_batch_write_item_input *in, struct dynamodb_batch_write_item_output *out) {
    u32 tables = in->request_items.n, total = 0;
    err throttled = NULL;
    if (!tables) return fail(c, &cloud_validation, "The requestItems parameter is required for BatchWriteItem");
    for (u32 i = 0; i < tables; i++) TRY(ddb_table_named(c, in->request_items.v[i].key));
    for (u32 i = 0; i < tables; i++) total += in->request_items.v[i].value.n;
    if (total > WRITE_MAX) return fail(c, &cloud_validation, "Too many items requested for the BatchWriteItem call");
    struct ddb_write *writes = NEW_ARRAY(c->arena, struct ddb_write, total + 1);
    struct ddb_written *done = NEW_ARRAY(c->arena, struct ddb_written, total + 1);
    struct ddb_table *t = NEW_ARRAY(c->arena, struct ddb_table, tables);
    for (u32 i = 0, at = 0; i < tables; i++)
        for (u32 j = 0; j < in->request_items.v[i].value.n; j++) TRY(read_request(c, &in->request_items.v[i].value.v[j], &writes[at++]));
    for (u32 i = 0, at = 0; i < tables; at += in->request_items.v[i++].value.n) {
        TRY(allow_writes(c, in->request_items.v[i].key, &writes[at], in->request_items.v[i].value.n));
        TRY(ddb_table_use(c, in->request_items.v[i].key, &t[i]));
        for (u32 j = 0; j < in->request_items.v[i].value.n; j++) writes[at + j].table = &t[i];
        TRY(locate_all(c, &writes[at], &done[at], in->request_items.v[i].value.n));
    }
    out->unprocessed_items = (struct dynamodb_batch_write_item_request_map){
        NEW_ARRAY(c->arena, struct dynamodb_batch_write_item_request_map_entry, tables), 0, true};
    out->consumed_capacity.v = NEW_ARRAY(c->arena, struct dynamodb_consumed_capacity, tables);
    out->item_collection_metrics.v = NEW_ARRAY(c->arena, struct dynamodb_item_collection_metrics_per_table_entry, tables);
    for (u32 i = 0, at = 0; i < tables; at += in->request_items.v[i++].value.n) TRY(write_table(c, in, i, &writes[at], &done[at], out, &throttled));
    u32 left = 0;
    for (u32 i = 0; i < out->unprocessed_items.n; i++) left += out->unprocessed_items.v[i].value.n;
    return left < total ? NULL : throttled; /* in the words for the last of them */
}
