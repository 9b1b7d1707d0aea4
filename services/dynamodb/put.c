/* PutItem, DeleteItem, UpdateItem. */
#include "services/dynamodb/dynamodb.h"

static err check_old_only(struct call *c, str return_values) {
    if (!return_values.p || str_eq(return_values, S("NONE")) || str_eq(return_values, S("ALL_OLD"))) return NULL;
    return fail(c, &cloud_validation, "ReturnValues can only be ALL_OLD or NONE");
}

static err run(struct call *c, struct ddb_write *w, str table, struct ddb_table *t, struct ddb_written *out, str on_failure) {
    TRY(ddb_table_use(c, table, t));
    w->table = t;
    TRY(ddb_write_locate(c, w, out));
    err e = ddb_write_run(c, w, out);
    if (!e || out->condition_failed) TRY(ddb_throttle(c, &out->usage, 1)); /* a condition costs also where it fails */
    return e ? ddb_write_failed(c, e, out, on_failure) : NULL;
}

static bool asks_old(str return_values) { return str_eq(return_values, S("ALL_OLD")); }

err dynamodb_put_item(struct call *c, const struct dynamodb_put_item_input *in, struct dynamodb_put_item_output *out) {
    struct parameters p = {.condition = in->condition_expression, .expected = &in->expected,
                           .conditional_operator = in->conditional_operator,
                           .names = &in->expression_attribute_names, .values = &in->expression_attribute_values};
    struct expressions asked;
    struct ddb_table t;
    struct ddb_write w = {.kind = DDB_PUT, .asked = &asked};
    struct ddb_written done;
    TRY(parameters_check(c, &p));
    TRY(ITEM_OF_WIRE(c, in->item, &w.item));
    TRY(check_old_only(c, in->return_values));
    TRY(ddb_write_check(c, &w));
    TRY(expressions_parse(c, &p, &asked));
    TRY(run(c, &w, in->table_name, &t, &done, in->return_values_on_condition_check_failure));
    if (asks_old(in->return_values) && done.before.type) ITEM_TO_WIRE(c->arena, &done.before, out->attributes);
    out->consumed_capacity = ddb_consumed(c, &done.usage, in->return_consumed_capacity);
    out->item_collection_metrics = ddb_metrics(c, &t, &done.key, in->return_item_collection_metrics);
    return NULL;
}

err dynamodb_delete_item(struct call *c, const struct dynamodb_delete_item_input *in, struct dynamodb_delete_item_output *out) {
    struct parameters p = {.condition = in->condition_expression, .expected = &in->expected,
                           .conditional_operator = in->conditional_operator,
                           .names = &in->expression_attribute_names, .values = &in->expression_attribute_values};
    struct expressions asked;
    struct ddb_table t;
    struct ddb_write w = {.kind = DDB_DELETE, .asked = &asked};
    struct ddb_written done;
    TRY(parameters_check(c, &p));
    TRY(ITEM_OF_WIRE(c, in->key, &w.item));
    TRY(check_old_only(c, in->return_values));
    TRY(expressions_parse(c, &p, &asked));
    TRY(run(c, &w, in->table_name, &t, &done, in->return_values_on_condition_check_failure));
    if (asks_old(in->return_values) && done.before.type) ITEM_TO_WIRE(c->arena, &done.before, out->attributes);
    out->consumed_capacity = ddb_consumed(c, &done.usage, in->return_consumed_capacity);
    out->item_collection_metrics = ddb_metrics(c, &t, &done.key, in->return_item_collection_metrics);
    return NULL;
}

/* What UpdateItem returns; VALUE_NONE: nothing. */
static struct value returned(struct call *c, const struct update *u, const struct ddb_written *done, str asked) {
    struct value none = {0}, part = {0};
    if (str_eq(asked, S("ALL_OLD"))) return done->before;
    if (str_eq(asked, S("ALL_NEW"))) return done->after;
    if (str_eq(asked, S("UPDATED_OLD")) && done->before.type) part = update_touched(c->arena, u, &done->before);
    if (str_eq(asked, S("UPDATED_NEW"))) part = update_touched(c->arena, u, &done->after);
    return part.n ? part : none;
}

err dynamodb_update_item(struct call *c, const struct dynamodb_update_item_input *in, struct dynamodb_update_item_output *out) {
    struct parameters p = {.condition = in->condition_expression, .expected = &in->expected, .update = in->update_expression,
                           .attribute_updates = &in->attribute_updates, .conditional_operator = in->conditional_operator,
                           .names = &in->expression_attribute_names, .values = &in->expression_attribute_values};
    struct expressions asked;
    struct ddb_table t;
    struct ddb_write w = {.kind = DDB_UPDATE, .asked = &asked};
    struct ddb_written done;
    TRY(parameters_check(c, &p));
    TRY(ITEM_OF_WIRE(c, in->key, &w.item));
    TRY(expressions_parse(c, &p, &asked));
    TRY(run(c, &w, in->table_name, &t, &done, in->return_values_on_condition_check_failure));
    struct value part = returned(c, asked.update, &done, in->return_values);
    if (part.type) ITEM_TO_WIRE(c->arena, &part, out->attributes);
    out->consumed_capacity = ddb_consumed(c, &done.usage, in->return_consumed_capacity);
    out->item_collection_metrics = ddb_metrics(c, &t, &done.key, in->return_item_collection_metrics);
    return NULL;
}
