/* PutItem, DeleteItem, UpdateItem: one write, and what its answer tells of the item. */
#include "services/dynamodb/access.h"

/* What all three have, under the same names. */
struct request {
    u8 kind; /* enum ddb_write_kind */
    str table, return_values, on_failure;
    struct parameters parameters;
    const struct dynamodb_attribute_map_entry *item; /* or key */
    u32 item_n;
};
#define REQUEST(in, kind_, map)                                                                    \
    {.kind = (kind_), .table = (in)->table_name, .return_values = (in)->return_values,             \
     .on_failure = (in)->return_values_on_condition_check_failure, .item = (const void *)(in)->map.v, .item_n = (in)->map.n, \
     .parameters = {.condition = (in)->condition_expression, .expected = &(in)->expected, .conditional_operator = (in)->conditional_operator, \
                    .names = &(in)->expression_attribute_names, .values = &(in)->expression_attribute_values}}

struct outcome {
    struct ddb_table table;
    struct expressions asked;
    struct ddb_written done;
};

static err check_old_only(struct call *c, const struct request *r) {
    str v = r->return_values;
    if (r->kind == DDB_UPDATE || !v.p || str_eq(v, S("NONE")) || str_eq(v, S("ALL_OLD"))) return NULL;
    return fail(c, &cloud_validation, "ReturnValues can only be ALL_OLD or NONE");
}

static err run(struct call *c, const struct request *r, struct outcome *o) {
    struct ddb_write w = {.kind = r->kind, .table = &o->table, .asked = &o->asked};
    TRY(ddb_table_named(c, r->table));
    TRY(parameters_check(c, &r->parameters));
    TRY(item_of_wire(c, r->item, r->item_n, sizeof *r->item, &w.item));
    TRY(check_old_only(c, r));
    TRY(ddb_write_check(c, &w));
    TRY(expressions_parse(c, &r->parameters, &o->asked));
    TRY(ddb_table_use(c, r->table, &o->table));
    TRY(ddb_write_locate(c, &w, &o->done));
    err e = ddb_write_run(c, &w, &o->done);
    if (!e || o->done.condition_failed) TRY(ddb_throttle(c, &o->done.usage, 1)); /* a condition costs also where it fails */
    return e ? ddb_write_failed(c, e, &o->done, r->on_failure) : NULL;
}

/* ReturnValues; VALUE_NONE: nothing. */
static struct value returned(struct call *c, const struct request *r, const struct outcome *o) {
    struct value none = {0}, part = {0};
    if (str_eq(r->return_values, S("ALL_OLD"))) return o->done.before;
    if (str_eq(r->return_values, S("ALL_NEW"))) return o->done.after;
    if (str_eq(r->return_values, S("UPDATED_OLD")) && o->done.before.type) part = update_touched(c->arena, o->asked.update, &o->done.before);
    if (str_eq(r->return_values, S("UPDATED_NEW"))) part = update_touched(c->arena, o->asked.update, &o->done.after);
    return part.n ? part : none;
}

#define ANSWER(c, r, o, in, out)                                                                   \
    do {                                                                                           \
        struct value part = returned((c), (r), (o));                                               \
        if (part.type) ITEM_TO_WIRE((c)->arena, &part, (out)->attributes);                         \
        (out)->consumed_capacity = ddb_consumed((c), &(o)->done.usage, (in)->return_consumed_capacity); \
        (out)->item_collection_metrics = ddb_metrics((c), &(o)->table, &(o)->done.key, (in)->return_item_collection_metrics); \
    } while (0)

static err facts_of(struct call *c, const struct request *r, struct auth_facts *facts) {
    struct ddb_access *access = NEW(c->arena, struct ddb_access);
    struct parameters *parameters = NEW(c->arena, struct parameters);
    *parameters = r->parameters;
    *access = (struct ddb_access){.table = r->table, .wire = r->item, .wire_n = r->item_n, .parameters = parameters};
    ddb_access_facts(c, access, facts);
    return NULL;
}

static struct request put_request(const struct dynamodb_put_item_input *in) { return (struct request)REQUEST(in, DDB_PUT, item); }
static struct request delete_request(const struct dynamodb_delete_item_input *in) { return (struct request)REQUEST(in, DDB_DELETE, key); }
static struct request update_request(const struct dynamodb_update_item_input *in) {
    struct request r = REQUEST(in, DDB_UPDATE, key);
    r.parameters.update = in->update_expression;
    r.parameters.attribute_updates = &in->attribute_updates;
    return r;
}

#define OPERATION(op)                                                                              \
    err dynamodb_##op##_item(struct call *c, const struct dynamodb_##op##_item_input *in, struct dynamodb_##op##_item_output *out) { \
        struct request r = op##_request(in);                                                       \
        struct outcome o;                                                                          \
        TRY(run(c, &r, &o));                                                                       \
        ANSWER(c, &r, &o, in, out);                                                                \
        return NULL;                                                                               \
    }                                                                                              \
    err dynamodb_##op##_item_facts(struct call *c, const struct dynamodb_##op##_item_input *in, struct auth_facts *facts) { \
        struct request r = op##_request(in);                                                       \
        return facts_of(c, &r, facts);                                                             \
    }
OPERATION(put)
OPERATION(delete)
OPERATION(update)
