/* SearchVectors: the items of a vector index that lie nearest to a vector. Every vector of the searched partition is compared, so
 * the answer is exact, where AWS's is approximate; a partition is read once, in the order of its rows. */
#include <float.h>
#include <math.h>
#include "services/dynamodb/dynamodb.h"

enum { TOP_MAX = 100, LANES = 16, ANSWER_MAX = 16 << 20 };

/* ---- how near ---- */

struct sums {
    double dot, norm, apart; /* of both, of the other with itself, of their difference with itself */
};

/* Several at once: floats do not associate, so a compiler may not find the lanes by itself. */
typedef float lanes __attribute__((vector_size(sizeof(float) * LANES)));

static float across(const lanes *l) {
    float sum = 0;
    for (u32 k = 0; k < LANES; k++) sum += (*l)[k];
    return sum;
}

struct lane_sums {
    lanes dot, norm, apart;
};

/* By address: how such values are passed depends on the processor. */
static inline void add_lanes(struct lane_sums *s, const lanes *v, const lanes *other) {
    lanes difference = *other - *v;
    s->dot += *other * *v;
    s->norm += *other * *other;
    s->apart += difference * difference;
}

/* `v` is filled up with zeros to whole lanes; `other`: as rows have it, unaligned. */
static struct sums sums_of(const lanes *v, const char *other, u32 n) {
    struct lane_sums s = {0};
    lanes x = {0};
    u32 whole = n / LANES, rest = n % LANES;
    for (u32 i = 0; i < whole; i++) {
        memcpy(&x, other + i * sizeof x, sizeof x);
        add_lanes(&s, &v[i], &x);
    }
    x = (lanes){0};
    memcpy(&x, other + whole * sizeof x, rest * sizeof(float));
    add_lanes(&s, &v[whole], &x);
    return (struct sums){(double)across(&s.dot), (double)across(&s.norm), (double)across(&s.apart)};
}

/* The same, where the products of floats may be none. */
static struct sums wide_sums_of(const lanes *v, const char *other, u32 n) {
    struct sums s = {0};
    for (u32 i = 0; i < n; i++) {
        float x;
        memcpy(&x, other + i * sizeof x, sizeof x);
        double own = (double)v[i / LANES][i % LANES], its = (double)x;
        s.dot += its * own;
        s.norm += its * its;
        s.apart += (its - own) * (its - own);
    }
    return s;
}

static bool is_narrow(double norm) { return norm > 1e-20 && norm < 1e20; }

/* A vector without a direction is neither like nor unlike any. */
static double score_of(i64 distance, const lanes *v, double own_norm, const char *other, u32 n) {
    struct sums s = sums_of(v, other, n);
    if (!is_narrow(own_norm) || !is_narrow(s.norm) || s.apart < (double)FLT_MIN) s = wide_sums_of(v, other, n);
    if (distance == DDB_DOT_PRODUCT) return s.dot;
    if (distance == DDB_EUCLIDEAN) return sqrt(s.apart);
    if (own_norm == 0 || s.norm == 0) return 1;
    double score = 1 - s.dot / sqrt(own_norm * s.norm);
    return score < 0 ? 0 : score > 2 ? 2 : score;
}

/* ---- the nearest so far ---- */

struct found {
    double score;
    str row; /* vector, item: a view of the store's */
};
struct nearest {
    struct found v[TOP_MAX];
    u32 n, most;
    bool highest; /* of a dot product */
};

static void consider(struct nearest *near, double score, str row) {
    u32 at = near->n;
    while (at && (near->highest ? near->v[at - 1].score < score : near->v[at - 1].score > score)) at--;
    if (at == near->most) return;
    if (near->n < near->most) near->n++;
    memmove(&near->v[at + 1], &near->v[at], (near->n - 1 - at) * sizeof near->v[0]);
    near->v[at] = (struct found){score, row};
}

/* ---- what is asked ---- */

struct search {
    const struct ddb_table *table;
    const struct ddb_index *index;
    const struct condition *condition;
    const struct projection *projection;
    lanes *vector;
    double norm; /* of the vector with itself */
    struct ddb_span span;
};

static err read_vector(struct call *c, const struct dynamodb_search_vector_list *in, struct search *s) {
    s->vector = NEW_ARRAY(c->arena, lanes, in->n / LANES + 1);
    for (u32 i = 0; i < in->n; i++) {
        struct value v;
        double number;
        TRY(value_of_wire(c, &in->v[i], &v));
        if (v.type != VALUE_N)
            return fail(c, &cloud_validation, "One or more parameter values were invalid: Invalid type for parameter SearchVector[%u], Expected: N, Actual: %.*s", i,
                        STR_ARGS(value_type_name(v.type)));
        ASSERT(str_to_f64(value_text(&v), &number));
        float f = (float)number;
        if (!isfinite(f))
            return fail(c, &cloud_validation, "One or more parameter values were invalid: Invalid value for parameter SearchVector[%u], Expected: a 32-bit floating point number", i);
        s->vector[i / LANES][i % LANES] = f;
        s->norm += (double)f * (double)f;
    }
    return NULL;
}

static err open_index(struct call *c, const struct dynamodb_search_vectors_input *in, struct search *s) {
    s->index = ddb_index_find(s->table, in->index_name);
    if (!s->index) return fail(c, &cloud_validation, "The table does not have the specified index: %.*s", STR_ARGS(in->index_name));
    if (!s->index->vector) return fail(c, &cloud_validation, "SearchVectors operation not supported on this index type.");
    if (s->index->state == DDB_CREATING)
        return fail(c, &cloud_validation, "Cannot search backfilling vector index: %.*s", STR_ARGS(in->index_name));
    if (in->search_vector.n == s->index->vector->dimensions) return NULL;
    return fail(c, &cloud_validation, "Input search vector dimension %u does not match vector index dimension %lld", in->search_vector.n,
                (long long)s->index->vector->dimensions);
}

static err check_value(struct call *c, str name, u8 type, const struct value *v) {
    if (v->type != type) return fail(c, &cloud_validation, "One or more parameter values were invalid: Condition parameter type does not match schema type");
    if (v->n || type == VALUE_N) return NULL;
    return fail(c, &cloud_validation, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %.*s",
                type == VALUE_S ? "string" : "binary", STR_ARGS(name));
}

/* Each attribute of the condition is of the SearchSchema, and its partition key is among them. */
static err resolve(struct call *c, struct search *s) {
    const struct ddb_schema *keys = &s->index->keys;
    struct key_range range = {.range_operator = RANGE_ALL};
    const str *names = NULL;
    u32 n = s->condition ? condition_names(c->arena, s->condition, &names) : 0;
    const struct value *hash = keys->hash.p ? search_condition_value(s->condition, keys->hash) : NULL;
    if (keys->hash.p && !hash) return fail(c, &cloud_validation, "SearchConditionExpression must be provided when SearchSchema has a HASH key");
    for (u32 i = 0; i < n; i++) {
        u8 type = str_eq(names[i], keys->hash) ? (u8)keys->hash_type : VALUE_NONE;
        if (!type && !ddb_vector_filters_by(s->index, names[i], &type))
            return fail(c, &cloud_validation, "Invalid SearchConditionExpression: Attribute %.*s is not in the SearchSchema of index %.*s", STR_ARGS(names[i]),
                        STR_ARGS(s->index->name));
        TRY(check_value(c, names[i], type, search_condition_value(s->condition, names[i])));
    }
    if (hash) range.hash[range.hashes++] = *hash;
    s->span = ddb_span_of(c->arena, s->index->space, &range);
    return NULL;
}

/* ---- found, and told ---- */

/* Returns the bytes that were compared. */
static u64 walk(struct call *c, const struct search *s, struct nearest *near) {
    struct range rows = txn_range(c->txn, s->span.from, s->span.to);
    u32 dimensions = (u32)s->index->vector->dimensions, bytes = ddb_vector_bytes(s->index);
    bool filters = s->condition && s->index->vector->filters.n;
    u64 seen = 0;
    str row;
    while (range_next(&rows, NULL, &row)) {
        struct arena_mark mark = arena_mark(c->arena);
        struct value item = filters ? ddb_item_decode(c->arena, str_skip(row, bytes)) : (struct value){0};
        bool wanted = !filters || expression_holds(c->arena, s->condition, &item);
        arena_rewind(c->arena, mark);
        seen += bytes;
        if (wanted) consider(near, score_of(s->index->vector->distance, s->vector, s->norm, row.p, dimensions), row);
    }
    return seen;
}

/* The vector is told to who asks for it by name alone. */
static struct value told(struct call *c, const struct search *s, str row) {
    u32 bytes = ddb_vector_bytes(s->index);
    str own = arena_str(c->arena, row); /* the answer outlives the snapshot */
    struct value item = ddb_item_decode(c->arena, str_skip(own, bytes));
    if (!s->projection) return item;
    struct value vector = ddb_vector_value(c->arena, str_take(own, bytes));
    item = item_with(c->arena, &item, s->index->vector->attribute, &vector);
    return projection_apply(c->arena, s->projection, &item);
}

static err answer(struct call *c, const struct search *s, const struct nearest *near, struct dynamodb_search_result_list *out) {
    u64 size = 0;
    *out = (struct dynamodb_search_result_list){NEW_ARRAY(c->arena, struct dynamodb_search_result_item, near->n + 1), 0, true};
    for (u32 i = 0; i < near->n; i++) {
        struct value item = told(c, s, near->v[i].row);
        struct dynamodb_search_result_item *to = &out->v[out->n++];
        size += item_size(&item);
        if (size > ANSWER_MAX) return fail(c, &cloud_validation, "The items found are larger than 16 MB: ask for fewer, or for fewer attributes");
        ITEM_TO_WIRE(c->arena, &item, to->item);
        to->score = SOME_F64(near->v[i].score);
    }
    return NULL;
}

err dynamodb_search_vectors_facts(struct call *c, const struct dynamodb_search_vectors_input *in, struct auth_facts *facts) {
    ddb_policy_facts(c, in->table_name, in->index_name, facts); /* no condition keys of fine-grained access, as at AWS */
    return NULL;
}

err dynamodb_search_vectors(struct call *c, const struct dynamodb_search_vectors_input *in, struct dynamodb_search_vectors_output *out) {
    struct parameters p = {.search = in->search_condition_expression, .projection = in->projection_expression,
                           .names = &in->expression_attribute_names, .values = &in->expression_attribute_values};
    struct nearest *near = NEW(c->arena, struct nearest);
    struct expressions asked;
    struct ddb_table t;
    TRY(ddb_table_named(c, in->table_name));
    if (in->top_k.v > TOP_MAX)
        return fail(c, &cloud_validation, "Provided TopK value '%d' is out of valid range. The value must be between 1 and %d inclusive", in->top_k.v, TOP_MAX);
    TRY(expressions_parse(c, &p, &asked));
    struct search s = {.table = &t, .condition = asked.search, .projection = asked.projection};
    TRY(read_vector(c, &in->search_vector, &s));
    TRY(ddb_table_use(c, in->table_name, &t));
    TRY(open_index(c, in, &s));
    TRY(resolve(c, &s));
    near->most = (u32)in->top_k.v;
    near->highest = s.index->vector->distance == DDB_DOT_PRODUCT;
    u64 compared = walk(c, &s, near);
    double bytes = (double)MAX(compared, (u64)DDB_VECTOR_BYTES_MIN);
    TRY(answer(c, &s, near, &out->search_results));
    str of = arena_format(c->arena, "%.*s,%.*s", STR_ARGS(t.name), STR_ARGS(s.index->name));
    count_metric(c, S("VectorSearchRequestBytes"), S("TableName,VectorIndexName"), of, bytes, S("Bytes"));
    if (!in->return_consumed_capacity.p || str_eq(in->return_consumed_capacity, S("NONE"))) return NULL;
    out->consumed_capacity = NEW(c->arena, struct dynamodb_vector_capacity);
    out->consumed_capacity->vector_search_request_bytes = SOME_F64(bytes);
    return NULL;
}
