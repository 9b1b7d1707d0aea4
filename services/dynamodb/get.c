/* GetItem. */
#include "services/dynamodb/access.h"

static struct parameters parameters_of(const struct dynamodb_get_item_input *in) {
    return (struct parameters){.projection = in->projection_expression, .attributes_to_get = &in->attributes_to_get,
                               .names = &in->expression_attribute_names};
}

err dynamodb_get_item_facts(struct call *c, const struct dynamodb_get_item_input *in, struct auth_facts *facts) {
    struct ddb_access *access = NEW(c->arena, struct ddb_access);
    struct parameters *parameters = NEW(c->arena, struct parameters);
    *parameters = parameters_of(in);
    *access = (struct ddb_access){.table = in->table_name, .wire = (const void *)in->key.v, .wire_n = in->key.n,
                                  .parameters = parameters, .reads = true};
    ddb_access_facts(c, access, facts);
    return NULL;
}

err dynamodb_get_item(struct call *c, const struct dynamodb_get_item_input *in, struct dynamodb_get_item_output *out) {
    struct parameters p = parameters_of(in);
    struct expressions asked;
    struct value key;
    struct ddb_table t;
    struct ddb_key k;
    TRY(ddb_table_named(c, in->table_name));
    TRY(parameters_check(c, &p));
    TRY(ITEM_OF_WIRE(c, in->key, &key));
    TRY(expressions_parse(c, &p, &asked));
    TRY(ddb_table_use(c, in->table_name, &t));
    TRY(ddb_key_of_parameter(c, &t, &key, &k));
    TRY(ddb_scalars_check(c, &t, &asked));
    str bytes = ddb_item_read(c, &k);
    struct ddb_usage usage = {.table = &t, .key = &k, .read = ddb_read_units(bytes.p ? item_encoded_size(bytes) : 0, in->consistent_read.v)};
    TRY(ddb_throttle(c, &usage, 1));
    out->consumed_capacity = ddb_consumed(c, &usage, in->return_consumed_capacity);
    if (!bytes.p) return NULL;
    struct value item = ddb_item_decode(c->arena, bytes), part = projection_apply(c->arena, asked.projection, &item);
    ITEM_TO_WIRE(c->arena, &part, out->item);
    return NULL;
}
