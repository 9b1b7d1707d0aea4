/* GetItem. */
#include "services/dynamodb/dynamodb.h"

err dynamodb_get_item(struct call *c, const struct dynamodb_get_item_input *in, struct dynamodb_get_item_output *out) {
    struct parameters p = {.projection = in->projection_expression, .attributes_to_get = &in->attributes_to_get,
                           .names = &in->expression_attribute_names};
    struct expressions asked;
    struct value key;
    struct ddb_table t;
    struct ddb_key k;
    TRY(parameters_check(c, &p));
    TRY(ITEM_OF_WIRE(c, in->key, &key));
    TRY(expressions_parse(c, &p, &asked));
    TRY(ddb_table_use(c, in->table_name, &t));
    TRY(ddb_key_of_parameter(c, &t, &key, &k));
    TRY(ddb_scalars_check(c, &t, &asked));
    str bytes = ddb_item_read(c, &k);
    struct ddb_usage usage = {.table = &t, .read = ddb_read_units(bytes.p ? item_encoded_size(bytes) : 0, in->consistent_read.v)};
    TRY(ddb_throttle(c, &usage, 1));
    out->consumed_capacity = ddb_consumed(c, &usage, in->return_consumed_capacity);
    if (!bytes.p) return NULL;
    struct value item = ddb_item_decode(c->arena, bytes), part = projection_apply(c->arena, asked.projection, &item);
    ITEM_TO_WIRE(c->arena, &part, out->item);
    return NULL;
}
