/* What a request says of keys, indexes and the table's class, and what AWS finds wrong with it, in its order. */
#include <stdlib.h>
#include "services/dynamodb/schema.h"

#define INVALID "One or more parameter values were invalid: "

u8 ddb_type_of(str letter) {
    if (str_eq(letter, S("S"))) return VALUE_S;
    if (str_eq(letter, S("N"))) return VALUE_N;
    return VALUE_B;
}

static bool defined(const struct dynamodb_attribute_definitions *defs, str name, u8 *type) {
    for (u32 i = 0; i < defs->n; i++) {
        if (!str_eq(defs->v[i].attribute_name, name)) continue;
        *type = ddb_type_of(defs->v[i].attribute_type);
        return true;
    }
    return false;
}

static str list_of_keys(struct arena *a, const struct dynamodb_key_schema *schema) {
    struct buf b = buf_new(a, 4096);
    for (u32 i = 0; i < schema->n; i++) buf_format(&b, "%s%.*s", i ? ", " : "", STR_ARGS(schema->v[i].attribute_name));
    return buf_str(&b);
}

static str list_of_definitions(struct arena *a, const struct dynamodb_attribute_definitions *defs) {
    struct buf b = buf_new(a, 16384);
    for (u32 i = 0; i < defs->n; i++) buf_format(&b, "%s%.*s", i ? ", " : "", STR_ARGS(defs->v[i].attribute_name));
    return buf_str(&b);
}

static bool is_hash(const struct dynamodb_key_schema *schema, u32 i) { return str_eq(schema->v[i].key_type, S("HASH")); }

static str elements_text(struct arena *a, const struct dynamodb_key_schema *schema) {
    struct buf b = buf_new(a, 16384);
    buf_char(&b, '[');
    for (u32 i = 0; i < schema->n; i++)
        buf_format(&b, "%sKeySchemaElement(attributeName=%.*s, keyType=%.*s)", i ? ", " : "", STR_ARGS(schema->v[i].attribute_name),
                   STR_ARGS(schema->v[i].key_type));
    buf_char(&b, ']');
    return buf_str(&b);
}

static err twice(struct call *c, const struct dynamodb_key_schema *schema, u32 i, u32 j) {
    if (schema->n == 2 && is_hash(schema, j) && !is_hash(schema, i))
        return fail(c, &cloud_validation, "Both the Hash Key and the Range Key element in the KeySchema have the same name");
    return fail(c, &cloud_validation, "The KeySchema contains multiple key attributes with the same name");
}

static err check_halves(struct call *c, const struct dynamodb_key_schema *schema) {
    u32 hashes = 0;
    while (hashes < schema->n && is_hash(schema, hashes)) hashes++;
    for (u32 i = hashes; i < schema->n; i++)
        if (is_hash(schema, i))
            return fail(c, &cloud_validation, INVALID "All HASH key attributes must precede RANGE key attributes in the KeySchema");
    if (hashes <= KEY_PARTS_MAX && schema->n - hashes <= KEY_PARTS_MAX) return NULL;
    return fail(c, &cloud_validation, INVALID "The KeySchema exceeds the maximum allowed number of %s key attributes", hashes > KEY_PARTS_MAX ? "HASH" : "RANGE");
}

static err read_parts(struct call *c, const struct dynamodb_key_schema *schema, const struct dynamodb_attribute_definitions *defs,
                      struct ddb_schema *keys) {
    TRY(check_halves(c, schema));
    *keys = (struct ddb_schema){.more = {NEW_ARRAY(c->arena, struct ddb_key_part, schema->n), 0, true}};
    for (u32 i = 0; i < schema->n; i++) {
        str name = schema->v[i].attribute_name;
        bool range = !is_hash(schema, i);
        u8 type = 0;
        ASSERT(defined(defs, name, &type));
        if (!range && !keys->hash.p) {
            keys->hash = name;
            keys->hash_type = type;
        } else if (range && !keys->range.p) {
            keys->range = name;
            keys->range_type = type;
        } else {
            keys->more.v[keys->more.n++] = (struct ddb_key_part){name, type, range};
        }
    }
    return NULL;
}

err ddb_schema_read(struct call *c, const struct dynamodb_key_schema *schema, const struct dynamodb_attribute_definitions *defs,
                    bool many, struct ddb_schema *keys) {
    u8 type = 0;
    for (u32 i = 0; i < schema->n; i++) {
        if (defined(defs, schema->v[i].attribute_name, &type)) continue;
        return fail(c, &cloud_validation,
                    INVALID "Some index key attributes are not defined in AttributeDefinitions. Keys: [%.*s], AttributeDefinitions: [%.*s]",
                    STR_ARGS(list_of_keys(c->arena, schema)), STR_ARGS(list_of_definitions(c->arena, defs)));
    }
    for (u32 i = 1; i < schema->n; i++)
        for (u32 j = 0; j < MIN(i, DDB_APART_MAX); j++)
            if (str_eq(schema->v[i].attribute_name, schema->v[j].attribute_name)) return twice(c, schema, i, j);
    if (!is_hash(schema, 0)) return fail(c, &cloud_validation, "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    if (many) return read_parts(c, schema, defs, keys);
    if (schema->n > 2)
        return fail(c, &cloud_validation,
                    "1 validation error detected: Value '%.*s' at 'keySchema' failed to satisfy constraint: Member must have length less "
                    "than or equal to 2",
                    STR_ARGS(elements_text(c->arena, schema)));
    if (schema->n == 2 && is_hash(schema, 1))
        return fail(c, &cloud_validation, "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    return read_parts(c, schema, defs, keys);
}

static int by_name(const void *a, const void *b) { return str_cmp(((const struct ddb_name *)a)->text, ((const struct ddb_name *)b)->text); }

err ddb_projection_read(struct call *c, const struct dynamodb_projection *p, struct ddb_index *index) {
    bool names = p->non_key_attributes.set;
    if (!p->projection_type.p) return fail(c, &cloud_validation, INVALID "Unknown ProjectionType: null");
    bool include = str_eq(p->projection_type, S("INCLUDE"));
    if (names && !include)
        return fail(c, &cloud_validation, INVALID "ProjectionType is %.*s, but NonKeyAttributes is specified", STR_ARGS(p->projection_type));
    for (u32 i = 0; i < p->non_key_attributes.n; i++)
        for (u32 j = 0; j < i; j++)
            if (str_eq(p->non_key_attributes.v[i], p->non_key_attributes.v[j]))
                return fail(c, &cloud_validation, INVALID "Duplicate element in NonKeyAttributes: %.*s", STR_ARGS(p->non_key_attributes.v[i]));
    if (include && !names) return fail(c, &cloud_validation, INVALID "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    index->projection = include ? DDB_INCLUDE : str_eq(p->projection_type, S("ALL")) ? DDB_ALL : DDB_KEYS_ONLY;
    if (!include) return NULL;
    index->include = (struct ddb_names){NEW_ARRAY(c->arena, struct ddb_name, p->non_key_attributes.n), p->non_key_attributes.n, true};
    for (u32 i = 0; i < p->non_key_attributes.n; i++) index->include.v[i].text = p->non_key_attributes.v[i];
    qsort(index->include.v, index->include.n, sizeof *index->include.v, by_name); /* as AWS tells them */
    return NULL;
}

void ddb_attributes_read(struct arena *a, const struct dynamodb_attribute_definitions *defs, struct ddb_table *t) {
    char *types = arena_alloc(a, defs->n + t->attributes.n, 1);
    struct ddb_name *names = NEW_ARRAY(a, struct ddb_name, defs->n + t->attributes.n);
    u32 n = t->attributes.n;
    if (n) {
        memcpy(types, t->types.p, n);
        memcpy(names, t->attributes.v, n * sizeof *names);
    }
    for (u32 i = 0; i < defs->n; i++) {
        str name = defs->v[i].attribute_name;
        bool wanted = ddb_attribute_used(t, name);
        for (u32 j = 0; j < n && wanted; j++) wanted = !str_eq(names[j].text, name);
        if (!wanted) continue;
        u32 at = n++;
        for (; at && str_cmp(names[at - 1].text, name) > 0; at--) {
            names[at] = names[at - 1];
            types[at] = types[at - 1];
        }
        names[at].text = name;
        types[at] = (char)ddb_type_of(defs->v[i].attribute_type);
    }
    t->attributes = (struct ddb_names){names, n, true};
    t->types = (str){types, n};
}

void ddb_attributes_prune(struct arena *a, struct ddb_table *t) {
    char *types = arena_alloc(a, t->attributes.n + 1, 1);
    u32 kept = 0;
    for (u32 i = 0; i < t->attributes.n; i++) {
        if (!ddb_attribute_used(t, t->attributes.v[i].text)) continue;
        types[kept] = t->types.p[i];
        t->attributes.v[kept++] = t->attributes.v[i];
    }
    t->attributes.n = kept;
    t->types = (str){types, kept};
}

err ddb_class_check(struct call *c, str given) {
    if (!given.p || str_eq(given, S("STANDARD")) || str_eq(given, S("STANDARD_INFREQUENT_ACCESS"))) return NULL;
    return fail(c, &cloud_validation, "Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, "
                                      "STANDARD_INFREQUENT_ACCESS].");
}

i64 ddb_class_of(str given) {
    return !given.p ? DDB_CLASS_UNSAID : str_eq(given, S("STANDARD")) ? DDB_STANDARD : DDB_INFREQUENT;
}

str ddb_class_name(i64 class_) { return class_ == DDB_STANDARD ? S("STANDARD") : S("STANDARD_INFREQUENT_ACCESS"); }

/* Two changes of its class in thirty days, each in force when the table settles; a call that changes nothing is none, but is refused as well when they are spent. */
err ddb_class_change(struct call *c, str given, struct ddb_table *t) {
    enum { WINDOW_DAYS = 30 };
    i64 to = ddb_class_of(given), is = t->class_ == DDB_CLASS_UNSAID ? DDB_STANDARD : t->class_;
    if (!given.p) return NULL;
    if (t->class_before_ms && c->now_ms - t->class_before_ms < WINDOW_DAYS * (i64)86400000)
        return fail(c, &dynamodb_limit_exceeded_exception, "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in %d day(s).",
                    WINDOW_DAYS);
    if (to != is) t->next_class = to;
    return NULL;
}

err ddb_definitions_check(struct call *c, const struct dynamodb_attribute_definitions *defs) {
    for (u32 i = 0; i < defs->n; i++)
        for (u32 j = 0; j < MIN(i, DDB_APART_MAX); j++)
            if (str_eq(defs->v[i].attribute_name, defs->v[j].attribute_name))
                return fail(c, &cloud_validation, "Attribute Name is duplicated: %.*s", STR_ARGS(defs->v[i].attribute_name));
    return NULL;
}

/* ---- every attribute that is defined must be a key of something ---- */

static bool keyed(const struct ddb_schema *keys, str name) {
    str names[2 * KEY_PARTS_MAX];
    u32 n = ddb_key_names(keys, names);
    for (u32 i = 0; i < n; i++)
        if (str_eq(names[i], name)) return true;
    return false;
}

static bool index_uses(const struct ddb_index *index, str name) {
    u8 type;
    return keyed(&index->keys, name) || (index->vector && ddb_vector_filters_by(index, name, &type));
}

bool ddb_attribute_used(const struct ddb_table *t, str name) {
    bool used = keyed(&t->keys, name);
    for (u32 i = 0; i < t->indexes.n && !used; i++) used = index_uses(&t->indexes.v[i], name);
    return used;
}

static void add_key(struct buf *b, const struct ddb_table *t, u32 upto, str name) {
    bool seen = upto && keyed(&t->keys, name);
    for (u32 i = 0; i + 1 < upto && !seen; i++) seen = index_uses(&t->indexes.v[i], name);
    if (!seen && name.p) buf_format(b, "%s%.*s", b->n ? ", " : "", STR_ARGS(name));
}

static err check_used(struct call *c, const struct ddb_table *t, const struct dynamodb_attribute_definitions *defs) {
    bool unused = false;
    for (u32 i = 0; i < defs->n; i++) unused |= !ddb_attribute_used(t, defs->v[i].attribute_name);
    if (!unused) return NULL;
    struct buf used = buf_new(c->arena, 16384);
    add_key(&used, t, 0, t->keys.hash);
    add_key(&used, t, 0, t->keys.range);
    for (u32 i = 0; i < t->indexes.n; i++) {
        const struct ddb_index *index = &t->indexes.v[i];
        str names[2 * KEY_PARTS_MAX];
        u32 n = ddb_key_names(&index->keys, names);
        for (u32 j = 0; j < n; j++) add_key(&used, t, i + 1, names[j]);
        for (u32 j = 0; index->vector && j < index->vector->filters.n; j++) add_key(&used, t, i + 1, index->vector->filters.v[j].name);
    }
    return fail(c, &cloud_validation, INVALID "Some AttributeDefinitions are not used. AttributeDefinitions: [%.*s], keys used: [%.*s]",
                STR_ARGS(list_of_definitions(c->arena, defs)), STR_ARGS(buf_str(&used)));
}

err ddb_attributes_check(struct call *c, const struct ddb_table *t, const struct dynamodb_attribute_definitions *defs) {
    u32 keys = t->keys.range.p ? 2 : 1;
    if (!t->indexes.n && defs->n != keys)
        return fail(c, &cloud_validation,
                    INVALID "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions");
    return check_used(c, t, defs);
}

/* ---- indexes ---- */

err ddb_unused_check(struct call *c, const struct dynamodb_local_secondary_index_list *locals, const struct dynamodb_global_secondary_index_list *globals,
                     const struct dynamodb_attribute_definitions *defs, const struct ddb_table *t) {
    struct ddb_table with = *t;
    if (locals->n + globals->n > DDB_INDEXES_MAX) return NULL; /* told as too many */
    with.indexes = (struct ddb_indexes){NEW_ARRAY(c->arena, struct ddb_index, locals->n + globals->n), 0, true};
    for (u32 i = 0; i < locals->n + globals->n; i++) {
        const struct dynamodb_key_schema *keys = i < locals->n ? &locals->v[i].key_schema : &globals->v[i - locals->n].key_schema;
        if (ddb_schema_read(c, keys, defs, i >= locals->n, &with.indexes.v[with.indexes.n++].keys)) return NULL; /* told with its index */
    }
    return with.indexes.n ? check_used(c, &with, defs) : NULL;
}

static err unique_name(struct call *c, const struct ddb_table *t, str name) {
    if (!ddb_index_find(t, name)) return NULL;
    return fail(c, &cloud_validation, INVALID "Duplicate index name: %.*s", STR_ARGS(name));
}

static struct ddb_index *next_index(struct call *c, struct ddb_table *t) {
    if (!t->indexes.v) t->indexes = (struct ddb_indexes){NEW_ARRAY(c->arena, struct ddb_index, DDB_INDEXES_MAX + 1), 0, true};
    return &t->indexes.v[t->indexes.n];
}

err ddb_locals_read(struct call *c, const struct dynamodb_local_secondary_index_list *in,
                    const struct dynamodb_attribute_definitions *defs, struct ddb_table *t) {
    if (!in->set) return NULL;
    if (!in->n) return fail(c, &cloud_validation, INVALID "List of LocalSecondaryIndexes is empty");
    if (!t->keys.range.p)
        return fail(c, &cloud_validation,
                    INVALID "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex");
    for (u32 i = 0; i < in->n; i++) {
        const struct dynamodb_local_secondary_index *given = &in->v[i];
        if (i == DDB_LOCALS_MAX)
            return fail(c, &cloud_validation, INVALID "Number of LocalSecondaryIndexes exceeds per-table limit of 5");
        struct ddb_index *index = next_index(c, t);
        *index = (struct ddb_index){.name = given->index_name, .kind = DDB_LOCAL};
        TRY(ddb_schema_read(c, &given->key_schema, defs, false, &index->keys));
        if (!index->keys.range.p)
            return fail(c, &cloud_validation, INVALID "Index KeySchema does not have a range key for index: %.*s", STR_ARGS(index->name));
        if (!str_eq(index->keys.hash, t->keys.hash))
            return fail(c, &cloud_validation,
                        INVALID "Index KeySchema does not have the same leading hash key as table KeySchema for index: %.*s. index hash "
                                "key: %.*s, table hash key: %.*s",
                        STR_ARGS(index->name), STR_ARGS(index->keys.hash), STR_ARGS(t->keys.hash));
        TRY(ddb_projection_read(c, given->projection, index));
        TRY(unique_name(c, t, index->name));
        t->indexes.n++;
    }
    return NULL;
}

err ddb_global_read(struct call *c, const struct dynamodb_global_secondary_index *given,
                    const struct dynamodb_attribute_definitions *defs, struct ddb_table *t) {
    u32 globals = 0;
    for (u32 i = 0; i < t->indexes.n; i++) globals += t->indexes.v[i].kind == DDB_GLOBAL;
    if (globals == DDB_GLOBALS_MAX)
        return fail(c, &cloud_validation, INVALID "GlobalSecondaryIndex count exceeds the per-table limit of 20");
    struct ddb_index *index = next_index(c, t);
    *index = (struct ddb_index){.name = given->index_name, .kind = DDB_GLOBAL, .state = DDB_CREATING};
    TRY(ddb_schema_read(c, &given->key_schema, defs, true, &index->keys));
    TRY(ddb_projection_read(c, given->projection, index));
    const struct dynamodb_provisioned_throughput *p = given->provisioned_throughput;
    if (t->on_demand && p)
        return fail(c, &cloud_validation,
                    INVALID "ProvisionedThroughput should not be specified for index: %.*s when BillingMode is PAY_PER_REQUEST",
                    STR_ARGS(index->name));
    if (!t->on_demand && !p)
        return fail(c, &cloud_validation, INVALID "ProvisionedThroughput is not specified for index: %.*s", STR_ARGS(index->name));
    if (p) TRY(ddb_units_check(c, p));
    TRY(unique_name(c, t, index->name));
    if (p) index->throughput = (struct ddb_throughput){.read = p->read_capacity_units.v, .write = p->write_capacity_units.v};
    str of = arena_concat(c->arena, S("index : "), index->name);
    if (!t->on_demand && given->on_demand_throughput)
        return fail(c, &cloud_validation, INVALID "%s for OnDemandThroughput for index: %.*s cannot be specified when table BillingMode is PROVISIONED.",
                    given->on_demand_throughput->max_read_request_units.set ? "MaxReadRequestUnits" : "MaxWriteRequestUnits", STR_ARGS(index->name));
    TRY(ddb_on_demand_read(c, given->on_demand_throughput, of, true, &index->throughput));
    TRY(ddb_warm_first(c, given->warm_throughput, ddb_index_words(c->arena, index->name), t->on_demand, &index->throughput));
    t->indexes.n++;
    return NULL;
}

/* ---- vector indexes; DIFFERS: but for a SearchSchema's undefined attribute the words are our own ---- */

static err search_schema(struct call *c, const struct dynamodb_search_schema *in, const struct dynamodb_attribute_definitions *defs, struct ddb_index *index) {
    struct ddb_key_parts *filters = &index->vector->filters;
    *filters = (struct ddb_key_parts){NEW_ARRAY(c->arena, struct ddb_key_part, DDB_FILTERS_MAX), 0, true};
    for (u32 i = 0; i < in->n; i++) {
        str name = in->v[i].attribute_name;
        u8 type = VALUE_NONE, seen;
        if (!defined(defs, name, &type)) return fail(c, &cloud_validation, INVALID "One element in SearchSchema is not defined in attribute definitions");
        if (str_eq(name, index->keys.hash) || ddb_vector_filters_by(index, name, &seen))
            return fail(c, &cloud_validation, INVALID "SearchSchema names an attribute twice: %.*s", STR_ARGS(name));
        if (str_eq(in->v[i].search_schema_element_type, S("HASH"))) {
            if (index->keys.hash.p) return fail(c, &cloud_validation, INVALID "SearchSchema has more than one HASH element for index: %.*s", STR_ARGS(index->name));
            index->keys.hash = name;
            index->keys.hash_type = type;
        } else if (filters->n == DDB_FILTERS_MAX) {
            return fail(c, &cloud_validation, INVALID "SearchSchema exceeds the limit of %d INLINE_FILTER elements for index: %.*s", DDB_FILTERS_MAX, STR_ARGS(index->name));
        } else {
            filters->v[filters->n++] = (struct ddb_key_part){name, type, false};
        }
    }
    return NULL;
}

/* All vector indexes of an attribute have its dimensions, and it is no key: what a list cannot be. */
static err check_attribute(struct call *c, const struct ddb_table *t, const struct ddb_index *index, const struct dynamodb_attribute_definitions *defs) {
    str name = index->vector->attribute;
    u8 type;
    if (defined(defs, name, &type) || ddb_attribute_used(t, name))
        return fail(c, &cloud_validation, INVALID "VectorAttribute must not be in AttributeDefinitions: %.*s", STR_ARGS(name));
    for (u32 i = 0; i < t->indexes.n; i++) {
        const struct ddb_vector *v = t->indexes.v[i].vector;
        if (v && str_eq(v->attribute, name) && v->dimensions != index->vector->dimensions)
            return fail(c, &cloud_validation, INVALID "Vector indexes of one attribute must have the same dimensions: %.*s", STR_ARGS(name));
    }
    return NULL;
}

err ddb_vector_index_read(struct call *c, const struct dynamodb_vector_index *given, const struct dynamodb_attribute_definitions *defs, struct ddb_table *t) {
    u32 vectors = 0;
    for (u32 i = 0; i < t->indexes.n; i++) vectors += t->indexes.v[i].kind == DDB_VECTOR;
    if (vectors == DDB_VECTORS_MAX) return fail(c, &cloud_validation, INVALID "VectorIndex count exceeds the per-table limit of %d", DDB_VECTORS_MAX);
    if (!t->on_demand) return fail(c, &cloud_validation, INVALID "Vector indexes are supported only when BillingMode is PAY_PER_REQUEST");
    if (given->dimensions.v > DDB_DIMENSIONS_MAX)
        return fail(c, &cloud_validation, INVALID "Dimensions of index %.*s exceed the limit of %d", STR_ARGS(given->index_name), DDB_DIMENSIONS_MAX);
    struct ddb_index *index = next_index(c, t);
    *index = (struct ddb_index){.name = given->index_name, .kind = DDB_VECTOR, .state = DDB_CREATING, .vector = NEW(c->arena, struct ddb_vector)};
    *index->vector = (struct ddb_vector){.attribute = given->vector_attribute->attribute_name, .dimensions = given->dimensions.v,
                                         .distance = str_eq(given->distance_function, S("COSINE"))      ? DDB_COSINE
                                                   : str_eq(given->distance_function, S("EUCLIDEAN")) ? DDB_EUCLIDEAN
                                                                                                      : DDB_DOT_PRODUCT};
    TRY(search_schema(c, &given->search_schema, defs, index));
    TRY(check_attribute(c, t, index, defs));
    TRY(ddb_projection_read(c, given->projection, index));
    TRY(unique_name(c, t, index->name));
    t->indexes.n++;
    return NULL;
}
