/* Transactions. A function of the writer sees a moment and is applied whole or not at all: what is left
 * to do is to ask every condition, and to say for each item what became of it. */
#include "services/dynamodb/access.h"
#include "services/dynamodb/transact.h"

enum { TOKEN_MS = 10 * 60 * 1000 };

/* ---- what both kinds share ---- */

err ddb_transact_canceled(struct call *c, struct dynamodb_cancellation_reason *reasons, u32 n) {
    struct dynamodb_transaction_canceled_exception *members = NEW(c->arena, struct dynamodb_transaction_canceled_exception);
    struct buf codes = buf_new(c->arena, 64 * DDB_TRANSACT_MAX);
    members->cancellation_reasons = (struct dynamodb_cancellation_reason_list){reasons, n, true};
    for (u32 i = 0; i < n; i++) {
        if (!reasons[i].code.p) reasons[i].code = S("None");
        buf_format(&codes, "%s%.*s", i ? ", " : "", STR_ARGS(reasons[i].code));
    }
    return fail_with(c, &dynamodb_transaction_canceled_exception, members,
                     "Transaction cancelled, please refer cancellation reasons for specific reasons [%.*s]", STR_ARGS(buf_str(&codes)));
}

static str reason_code(err e) {
    if (e == &dynamodb_conditional_check_failed_exception) return S("ConditionalCheckFailed");
    if (e == &dynamodb_item_collection_size_limit_exceeded_exception) return S("ItemCollectionSizeLimitExceeded");
    if (e == &dynamodb_provisioned_throughput_exceeded_exception) return S("ProvisionedThroughputExceeded");
    if (e == &dynamodb_throttling_exception) return S("ThrottlingError");
    return S("ValidationError");
}

void ddb_transact_consumed(struct call *c, const struct ddb_usage *const *usages, u32 n, str asked,
                           struct dynamodb_consumed_capacity_multiple *out) {
    struct ddb_usage *sums = NEW_ARRAY(c->arena, struct ddb_usage, n);
    u32 tables = 0;
    for (u32 i = 0; i < n; i++) {
        u32 at = 0;
        while (at < tables && sums[at].table->space != usages[i]->table->space) at++;
        if (at == tables) sums[tables++].table = usages[i]->table;
        ddb_usage_add(&sums[at], usages[i]);
    }
    out->v = NEW_ARRAY(c->arena, struct dynamodb_consumed_capacity, tables);
    for (u32 i = 0; i < tables; i++) {
        struct dynamodb_consumed_capacity *units = ddb_consumed_twice(c, &sums[i], asked);
        if (!units) return;
        out->v[out->n++] = *units;
        out->set = true;
    }
}

err ddb_transact_twice(struct call *c) { return fail(c, &cloud_validation, "Transaction request cannot include multiple operations on one item"); }

/* ---- writes ---- */

/* A key that is empty fails the request; one that does not fit its table cancels the transaction. */
static err locate(struct call *c, struct ddb_step *steps, u32 n, bool each, struct dynamodb_cancellation_reason *reasons, bool *canceled) {
    for (u32 i = 0; i < n; i++) {
        struct ddb_step *s = &steps[i];
        TRY(ddb_table_use(c, s->table_name, &s->table));
        s->write.table = &s->table;
        s->write.asked = &s->asked;
    }
    for (u32 i = 0; i < n; i++) {
        struct ddb_step *s = &steps[i];
        err e = ddb_write_locate(c, &s->write, &s->done);
        if (!e) continue;
        if (ddb_says_empty_key(c)) return e;
        if (each || !*canceled) reasons[i] = (struct dynamodb_cancellation_reason){.code = reason_code(e), .message = c->error_message};
        *canceled = true;
    }
    for (u32 i = 0; i < n && !*canceled; i++)
        for (u32 j = 0; j < i; j++)
            if (str_eq(steps[j].done.key.row, steps[i].done.key.row)) return ddb_transact_twice(c);
    return NULL;
}

err ddb_transact(struct call *c, struct ddb_step *steps, u32 n, bool each) {
    struct dynamodb_cancellation_reason *reasons = NEW_ARRAY(c->arena, struct dynamodb_cancellation_reason, n);
    bool canceled = false;
    u64 bytes = 0;
    TRY(locate(c, steps, n, each, reasons, &canceled));
    if (canceled) return ddb_transact_canceled(c, reasons, n);
    for (u32 i = 0; i < n; i++) {
        struct ddb_step *s = &steps[i];
        err e = ddb_write_run(c, &s->write, &s->done);
        if (!e) e = ddb_throttle(c, &s->done.usage, 2);
        if (s->done.after.type) bytes += item_size(&s->done.after);
        if (!e) continue;
        if (ddb_says_empty_key(c)) return e;
        reasons[i] = (struct dynamodb_cancellation_reason){.code = reason_code(e), .message = c->error_message};
        if (s->insert && s->done.condition_failed)
            reasons[i] = (struct dynamodb_cancellation_reason){.code = S("DuplicateItem"), .message = S("Duplicate primary key exists in table")};
        if (s->done.condition_failed && s->done.before.type && str_eq(s->on_failure, S("ALL_OLD"))) ITEM_TO_WIRE(c->arena, &s->done.before, reasons[i].item);
        canceled = true;
    }
    if (canceled) return ddb_transact_canceled(c, reasons, n);
    if (bytes > DDB_TRANSACT_BYTES)
        return fail(c, &cloud_validation, "Transaction cancelled: the aggregate size of the items in the transaction exceeds 4 MB");
    return NULL;
}

/* ---- TransactWriteItems ---- */

/* All four kinds have these members. Placeholders that stand beside no expression are no fault here, other than in a
 * single operation. */
#define STEP_OF(in, kind_, map, update_)                                                           \
    do {                                                                                           \
        p = (struct parameters){.condition = (in)->condition_expression, .update = (update_)};     \
        if (p.condition.p || p.update.p) {                                                         \
            p.names = &(in)->expression_attribute_names;                                           \
            p.values = &(in)->expression_attribute_values;                                         \
        }                                                                                          \
        s->write.kind = (kind_);                                                                   \
        s->table_name = (in)->table_name;                                                          \
        TRY(ddb_table_named(c, s->table_name));                                                    \
        s->on_failure = (in)->return_values_on_condition_check_failure;                            \
        TRY(expressions_parse(c, &p, &s->asked));                                                  \
        TRY(ITEM_OF_WIRE(c, (in)->map, &s->write.item));                                           \
    } while (0)

static err read_step(struct call *c, const struct dynamodb_transact_write_item *in, struct ddb_step *s) {
    struct parameters p;
    if (!!in->put + !!in->update + !!in->delete + !!in->condition_check != 1)
        return fail(c, &cloud_validation, "TransactItems can only contain one of Check, Put, Update or Delete");
    if (in->put) STEP_OF(in->put, DDB_PUT, item, (str){0});
    if (in->update) STEP_OF(in->update, DDB_UPDATE, key, in->update->update_expression);
    if (in->delete) STEP_OF(in->delete, DDB_DELETE, key, (str){0});
    if (in->condition_check) STEP_OF(in->condition_check, DDB_CHECK, key, (str){0});
    return ddb_write_check(c, &s->write);
}

/* The placeholders of a step as bytes: in whatever order the request has them, they are the same. */
static void add_placeholders(struct call *c, struct buf *b, const struct dynamodb_expression_attribute_name_map *names,
                             const struct dynamodb_expression_attribute_value_map *values) {
    struct dynamodb_attribute_map_entry *texts = NEW_ARRAY(c->arena, struct dynamodb_attribute_map_entry, names->n + 1);
    struct value map;
    for (u32 i = 0; i < names->n; i++) texts[i] = (struct dynamodb_attribute_map_entry){.key = names->v[i].key, .value.s = names->v[i].value};
    if (!item_of_wire(c, texts, names->n, sizeof *texts, &map)) buf_add(b, item_encode(c->arena, &map));
    if (!ITEM_OF_WIRE(c, *values, &map)) buf_add(b, item_encode(c->arena, &map)); /* what no expression uses may be no values */
}

/* What two requests with one token must share. */
static void identify_step(struct call *c, struct buf *b, const struct dynamodb_transact_write_item *in, const struct ddb_step *s) {
    str condition = in->put ? in->put->condition_expression : in->update ? in->update->condition_expression
                  : in->delete ? in->delete->condition_expression : in->condition_check->condition_expression;
    const struct dynamodb_expression_attribute_name_map *names =
        in->put ? &in->put->expression_attribute_names : in->update ? &in->update->expression_attribute_names
        : in->delete ? &in->delete->expression_attribute_names : &in->condition_check->expression_attribute_names;
    const struct dynamodb_expression_attribute_value_map *values =
        in->put ? &in->put->expression_attribute_values : in->update ? &in->update->expression_attribute_values
        : in->delete ? &in->delete->expression_attribute_values : &in->condition_check->expression_attribute_values;
    buf_format(b, "%d %.*s\n%.*s\n", s->write.kind, STR_ARGS(s->table_name), STR_ARGS(condition));
    if (in->update) buf_add(b, in->update->update_expression);
    buf_add(b, item_encode(c->arena, &s->write.item));
    add_placeholders(c, b, names, values);
}

/* Of each step the bytes of the item, before or after, whichever were more: "120 0 3400 ". */
str ddb_transact_note(struct call *c, const struct ddb_step *steps, u32 n) {
    struct buf b = buf_new(c->arena, 32 * DDB_TRANSACT_MAX);
    for (u32 i = 0; i < n; i++) {
        const struct ddb_written *done = &steps[i].done;
        u64 before = done->before.type ? item_size(&done->before) : 0, after = done->after.type ? item_size(&done->after) : 0;
        buf_format(&b, "%llu ", (unsigned long long)MAX(before, after));
    }
    return buf_str(&b);
}

err ddb_transact_again(struct call *c, struct ddb_step *steps, u32 n, str note, str asked, struct dynamodb_consumed_capacity_multiple *out) {
    const struct ddb_usage **usages = NEW_ARRAY(c->arena, const struct ddb_usage *, n);
    for (u32 i = 0; i < n; i++) {
        struct ddb_step *s = &steps[i];
        TRY(ddb_table_use(c, s->table_name, &s->table));
        s->done = (struct ddb_written){.usage.table = &s->table};
        u64 size = 0;
        if (!str_to_u64(str_cut(&note, ' '), &size)) size = 0; /* kept by a version that noted none */
        s->done.usage.read = ddb_read_units(size, true);
        usages[i] = &s->done.usage;
    }
    ddb_transact_consumed(c, usages, n, asked, out);
    return NULL;
}

static err allow_steps(struct call *c, const struct ddb_step *steps, u32 n) {
    static const char *const actions[] = {[DDB_PUT] = "dynamodb:PutItem", [DDB_UPDATE] = "dynamodb:UpdateItem",
                                          [DDB_DELETE] = "dynamodb:DeleteItem", [DDB_CHECK] = "dynamodb:ConditionCheckItem"};
    for (u32 i = 0; i < n; i++)
        TRY(ddb_allow(c, &(struct ddb_access){.table = steps[i].table_name, .action = str_of(actions[steps[i].write.kind]),
                                              .items = &steps[i].write.item, .n = 1, .asked = &steps[i].asked,
                                              .enclosing = S("TransactWriteItems")}));
    return NULL;
}

err dynamodb_transact_write_items(struct call *c, const struct dynamodb_transact_write_items_input *in,
                                  struct dynamodb_transact_write_items_output *out) {
    enum { IDENTITY_MAX = 64 << 20 };
    u32 n = in->transact_items.n;
    struct ddb_step *steps = NEW_ARRAY(c->arena, struct ddb_step, n);
    struct buf identity = buf_new(c->arena, IDENTITY_MAX);
    str before;
    for (u32 i = 0; i < n; i++) TRY(read_step(c, &in->transact_items.v[i], &steps[i]));
    TRY(allow_steps(c, steps, n));
    if (in->client_request_token.p) {
        for (u32 i = 0; i < n; i++) identify_step(c, &identity, &in->transact_items.v[i], &steps[i]);
        enum idempotency seen = idempotency_look(c, in->client_request_token, buf_str(&identity), &before);
        if (seen == IDEMPOTENCY_SAME) return ddb_transact_again(c, steps, n, before, in->return_consumed_capacity, &out->consumed_capacity);
        if (seen == IDEMPOTENCY_MISMATCH)
            return fail(c, &dynamodb_idempotent_parameter_mismatch_exception,
                        "DynamoDB rejected the request because you retried a request with a different payload but with an idempotent token that "
                        "was already used.");
    }
    TRY(ddb_transact(c, steps, n, false));
    if (in->client_request_token.p) idempotency_store(c, in->client_request_token, buf_str(&identity), ddb_transact_note(c, steps, n), TOKEN_MS);
    const struct ddb_usage **usages = NEW_ARRAY(c->arena, const struct ddb_usage *, n);
    out->item_collection_metrics.v = NEW_ARRAY(c->arena, struct dynamodb_item_collection_metrics_per_table_entry, n);
    for (u32 i = 0; i < n; i++) {
        usages[i] = &steps[i].done.usage;
        ddb_metrics_add(c, &steps[i].table, &steps[i].done.key, in->return_item_collection_metrics, DDB_TRANSACT_MAX, &out->item_collection_metrics);
    }
    ddb_transact_consumed(c, usages, n, in->return_consumed_capacity, &out->consumed_capacity);
    return NULL;
}

/* ---- TransactGetItems ---- */

struct read {
    struct expressions asked;
    struct value key;
    struct ddb_table t;
    struct ddb_key k;
    struct ddb_usage usage;
};

static err locate_reads(struct call *c, const struct dynamodb_transact_get_item_list *in, struct read *reads) {
    struct dynamodb_cancellation_reason *reasons = NEW_ARRAY(c->arena, struct dynamodb_cancellation_reason, in->n);
    bool canceled = false;
    for (u32 i = 0; i < in->n; i++)
        TRY(ddb_allow(c, &(struct ddb_access){.table = in->v[i].get->table_name, .action = S("dynamodb:GetItem"), .items = &reads[i].key,
                                              .n = 1, .asked = &reads[i].asked, .reads = true, .enclosing = S("TransactGetItems")}));
    for (u32 i = 0; i < in->n; i++) TRY(ddb_table_use(c, in->v[i].get->table_name, &reads[i].t));
    for (u32 i = 0; i < in->n; i++) {
        err e = ddb_key_of_parameter(c, &reads[i].t, &reads[i].key, &reads[i].k);
        if (!e) e = ddb_scalars_check(c, &reads[i].t, &reads[i].asked);
        if (e && ddb_says_empty_key(c)) return e;
        if (e) {
            reasons[i] = (struct dynamodb_cancellation_reason){.code = reason_code(e), .message = c->error_message};
            canceled = true;
            continue;
        }
        for (u32 j = 0; j < i; j++)
            if (str_eq(reads[j].k.row, reads[i].k.row)) return ddb_transact_twice(c);
    }
    return canceled ? ddb_transact_canceled(c, reasons, in->n) : NULL;
}

err dynamodb_transact_get_items(struct call *c, const struct dynamodb_transact_get_items_input *in, struct dynamodb_transact_get_items_output *out) {
    u32 n = in->transact_items.n;
    u64 bytes = 0;
    struct read *reads = NEW_ARRAY(c->arena, struct read, n);
    const struct ddb_usage **usages = NEW_ARRAY(c->arena, const struct ddb_usage *, n);
    for (u32 i = 0; i < n; i++) {
        const struct dynamodb_get *g = in->transact_items.v[i].get;
        struct parameters p = {.projection = g->projection_expression, .names = g->projection_expression.p ? &g->expression_attribute_names : NULL};
        TRY(ddb_table_named(c, g->table_name));
        TRY(expressions_parse(c, &p, &reads[i].asked));
        TRY(ITEM_OF_WIRE(c, g->key, &reads[i].key));
    }
    TRY(locate_reads(c, &in->transact_items, reads));
    out->responses = (struct dynamodb_item_response_list){NEW_ARRAY(c->arena, struct dynamodb_item_response, n), n, true};
    for (u32 i = 0; i < n; i++) {
        str row = ddb_item_read(c, &reads[i].k);
        u64 size = row.p ? item_encoded_size(row) : 0;
        reads[i].usage = (struct ddb_usage){.table = &reads[i].t, .key = &reads[i].k, .read = ddb_read_units(size, true)};
        usages[i] = &reads[i].usage;
        bytes += size;
        TRY(ddb_throttle(c, &reads[i].usage, 2));
        if (!row.p) continue;
        struct value item = ddb_item_decode(c->arena, row), part = projection_apply(c->arena, reads[i].asked.projection, &item);
        if (part.n) ITEM_TO_WIRE(c->arena, &part, out->responses.v[i].item);
    }
    if (bytes > DDB_TRANSACT_BYTES)
        return fail(c, &cloud_validation, "Transaction cancelled: the aggregate size of the items in the transaction exceeds 4 MB");
    ddb_transact_consumed(c, usages, n, in->return_consumed_capacity, &out->consumed_capacity);
    return NULL;
}
