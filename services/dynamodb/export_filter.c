/* What of a table is exported: by the expressions of Query and Scan. They are kept as texts, and parsed again by who makes the files. */
#include "services/dynamodb/export.h"

static str kept_names(struct call *c, const struct dynamodb_expression_attribute_name_map *names) {
    struct dynamodb_attribute_map_entry *texts = NEW_ARRAY(c->arena, struct dynamodb_attribute_map_entry, names->n + 1);
    struct value map;
    for (u32 i = 0; i < names->n; i++) texts[i] = (struct dynamodb_attribute_map_entry){.key = names->v[i].key, .value.s = names->v[i].value};
    return item_of_wire(c, texts, names->n, sizeof *texts, &map) ? (str){0} : item_encode(c->arena, &map);
}

static err parse(struct call *c, const struct parameters *asked, const struct ddb_schema *schema, struct ddb_filter *f) {
    struct key_attributes keys = ddb_key_attributes(schema);
    TRY(expressions_parse(c, asked, &f->asked));
    f->ranged = f->asked.key_condition;
    return f->ranged ? key_condition_resolve(c, f->asked.key_condition, &keys, &f->range) : NULL;
}

err ddb_filter_read(struct call *c, const struct dynamodb_filter_specification *in, const struct ddb_table *t, struct ddb_kept_filter *out) {
    struct parameters asked = {.filter = in->filter_expression, .projection = in->projection_expression, .key_condition = in->key_condition_expression,
                               .names = &in->expression_attribute_names, .values = &in->expression_attribute_values};
    struct value values = {.type = VALUE_M};
    struct ddb_filter f;
    str names[2 * KEY_PARTS_MAX];
    TRY(parameters_check(c, &asked));
    TRY(parse(c, &asked, &t->keys, &f));
    TRY(ddb_scalars_check(c, t, &f.asked));
    if (f.ranged && f.asked.filter) TRY(filter_check_keys(c, f.asked.filter, names, ddb_key_names(&t->keys, names)));
    if (in->expression_attribute_values.n) TRY(ITEM_OF_WIRE(c, in->expression_attribute_values, &values));
    *out = (struct ddb_kept_filter){in->filter_expression, in->projection_expression, in->key_condition_expression,
                                    kept_names(c, &in->expression_attribute_names), item_encode(c->arena, &values)};
    return NULL;
}

str ddb_filter_identity(struct call *c, const struct dynamodb_filter_specification *in) {
    struct value values = {.type = VALUE_M};
    if (!in) return S("");
    if (in->expression_attribute_values.n && ITEM_OF_WIRE(c, in->expression_attribute_values, &values)) return S("");
    return arena_format(c->arena, "%.*s\n%.*s\n%.*s\n%.*s%.*s", STR_ARGS(in->filter_expression), STR_ARGS(in->projection_expression),
                        STR_ARGS(in->key_condition_expression), STR_ARGS(kept_names(c, &in->expression_attribute_names)), STR_ARGS(item_encode(c->arena, &values)));
}

/* The placeholders as a request has them. */
static void placeholders(struct arena *a, const struct ddb_kept_filter *kept, struct dynamodb_expression_attribute_name_map *names,
                         struct dynamodb_expression_attribute_value_map *values) {
    struct value item;
    ASSERT(item_decode(a, kept->names, &item));
    *names = (struct dynamodb_expression_attribute_name_map){NEW_ARRAY(a, struct dynamodb_expression_attribute_name_map_entry, item.n + 1), item.n, item.n > 0};
    for (u32 i = 0; i < item.n; i++)
        names->v[i] = (struct dynamodb_expression_attribute_name_map_entry){member_name(&item.members[i]), value_text(&item.members[i].value)};
    ASSERT(item_decode(a, kept->values, &item));
    struct dynamodb_attribute_map map;
    ITEM_TO_WIRE(a, &item, map);
    *values = (struct dynamodb_expression_attribute_value_map){(void *)map.v, map.n, map.n > 0};
}

void ddb_filter_open(struct call *c, const struct ddb_export *e, struct ddb_filter *f) {
    struct dynamodb_expression_attribute_name_map names;
    struct dynamodb_expression_attribute_value_map values;
    const struct ddb_kept_filter *kept = &e->filter;
    *f = (struct ddb_filter){0};
    if (!kept->values.p) return;
    placeholders(c->arena, kept, &names, &values);
    struct parameters asked = {.filter = kept->filter, .projection = kept->projection, .key_condition = kept->key_condition, .names = &names, .values = &values};
    ASSERT(!parse(c, &asked, &e->keys, f)); /* it was, when it was asked for */
}

struct ddb_span ddb_filter_span(struct arena *a, const struct ddb_filter *f, u64 space) {
    struct key all = ddb_space_key(a, space);
    if (f->ranged) return ddb_span_of(a, space, &f->range);
    return (struct ddb_span){key_bytes(&all), key_after_prefix(a, key_bytes(&all))};
}

bool ddb_filter_takes(struct arena *a, const struct ddb_filter *f, const struct value *item) {
    return !f->asked.filter || expression_holds(a, f->asked.filter, item);
}

struct value ddb_filter_part(struct arena *a, const struct ddb_filter *f, const struct value *item) {
    return f->asked.projection && item->type ? projection_apply(a, f->asked.projection, item) : *item;
}

struct dynamodb_filter_specification *ddb_filter_told(struct arena *a, const struct ddb_kept_filter *kept) {
    if (!kept->values.p) return NULL;
    struct dynamodb_filter_specification *told = NEW(a, struct dynamodb_filter_specification);
    *told = (struct dynamodb_filter_specification){.filter_expression = kept->filter, .projection_expression = kept->projection, .key_condition_expression = kept->key_condition};
    placeholders(a, kept, &told->expression_attribute_names, &told->expression_attribute_values);
    return told;
}
