/* Vectors of vector indexes: a list of numbers in an item, 32-bit floats in the index ("Vector indexes" of the developer guide). */
#include <math.h>
#include "services/dynamodb/dynamodb.h"

#define INVALID "One or more parameter values were invalid: "

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows hold floats as they are in memory");

str ddb_distance_name(i64 distance) {
    return distance == DDB_COSINE ? S("COSINE") : distance == DDB_EUCLIDEAN ? S("EUCLIDEAN") : S("DOT_PRODUCT");
}

u32 ddb_vector_bytes(const struct ddb_index *index) { return (u32)index->vector->dimensions * (u32)sizeof(float); }

static float float_of(const struct value *v) {
    double d;
    ASSERT(str_to_f64(value_text(v), &d));
    return (float)d;
}

bool ddb_vector_of(struct arena *a, const struct ddb_index *index, const struct value *item, str *floats) {
    const struct value *v = value_member(a, item, index->vector->attribute);
    if (!v || v->type != VALUE_L) return false;
    struct value open = value_open(a, v);
    if (open.n != index->vector->dimensions) return false; /* it stood there before the index did */
    float *f = NEW_ARRAY(a, float, open.n);
    for (u32 i = 0; i < open.n; i++) {
        if (open.elements[i].type != VALUE_N) return false;
        f[i] = float_of(&open.elements[i]);
        if (!isfinite(f[i])) return false;
    }
    *floats = (str){(const char *)f, open.n * sizeof *f};
    return true;
}

struct value ddb_vector_value(struct arena *a, str floats) {
    u32 n = (u32)(floats.n / sizeof(float));
    struct value *elements = NEW_ARRAY(a, struct value, n);
    for (u32 i = 0; i < n; i++) {
        float f;
        struct number number;
        struct buf text = buf_new(a, 64);
        memcpy(&f, floats.p + i * sizeof f, sizeof f);
        buf_f32(&text, f);
        ASSERT(number_parse(buf_str(&text), &number) == NUMBER_FINE);
        elements[i] = value_number(a, &number);
    }
    return (struct value){.type = VALUE_L, .n = n, .elements = elements};
}

static err wrong_type(struct call *c, const struct ddb_index *index, str where, u8 expected, u8 actual) {
    return fail(c, &cloud_validation, INVALID "Invalid type for parameter %.*s, Expected: %.*s, Actual: %.*s. IndexName: %.*s", STR_ARGS(where),
                STR_ARGS(value_type_name(expected)), STR_ARGS(value_type_name(actual)), STR_ARGS(index->name));
}

/* DIFFERS: what AWS says of a number that no 32-bit float can hold is not known. */
err ddb_vector_check(struct call *c, const struct ddb_index *index, const struct value *item, const struct update *u) {
    str name = index->vector->attribute;
    const struct value *v = value_member(c->arena, item, name);
    if (!v || (u && !update_names(u, name))) return NULL;
    if (v->type != VALUE_L) return wrong_type(c, index, name, VALUE_L, v->type);
    struct value open = value_open(c->arena, v);
    if (open.n != index->vector->dimensions)
        return fail(c, &cloud_validation, INVALID "Invalid size for parameter %.*s, Expected: %lld, Actual: %u. IndexName: %.*s", STR_ARGS(name),
                    (long long)index->vector->dimensions, open.n, STR_ARGS(index->name));
    for (u32 i = 0; i < open.n; i++) {
        const struct value *e = &open.elements[i];
        str where = e->type != VALUE_N || !isfinite(float_of(e)) ? arena_format(c->arena, "%.*s[%u]", STR_ARGS(name), i) : (str){0};
        if (e->type != VALUE_N) return wrong_type(c, index, where, VALUE_N, e->type);
        if (where.p)
            return fail(c, &cloud_validation, INVALID "Invalid value for parameter %.*s, Expected: a 32-bit floating point number. IndexName: %.*s",
                        STR_ARGS(where), STR_ARGS(index->name));
    }
    return NULL;
}

bool ddb_vector_filters_by(const struct ddb_index *index, str name, u8 *type) {
    const struct ddb_key_parts *filters = &index->vector->filters;
    for (u32 i = 0; i < filters->n; i++) {
        if (!str_eq(filters->v[i].name, name)) continue;
        *type = (u8)filters->v[i].type;
        return true;
    }
    return false;
}
