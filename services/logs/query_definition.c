/* Queries that are kept by name. */
#include "logs.h"

enum { DEFINITIONS_MAX = 1000, GROUPS_MAX = 50, PARAMETERS_MAX = 20 };

struct definition {
    str name, text;
    i64 modified_ms;
    struct record_pairs groups; /* by name */
    struct {
        struct parameter *v;
        u32 n;
        bool set;
    } parameters;
    str id; /* from the key */
};
struct parameter {
    str name, by_default, description;
};
static const struct record_field parameter_fields[] = {RECORD_STR(1, struct parameter, name), RECORD_STR(2, struct parameter, by_default), RECORD_STR(3, struct parameter, description)};
static const struct record_type parameter_record = RECORD_TYPE(struct parameter, parameter_fields);
static const struct record_field definition_fields[] = {
    RECORD_STR(1, struct definition, name), RECORD_STR(2, struct definition, text), RECORD_I64(3, struct definition, modified_ms),
    RECORD_LIST(4, struct definition, groups, record_pair_type), RECORD_LIST(5, struct definition, parameters, parameter_record),
};
static const struct record_type definition_record = RECORD_TYPE(struct definition, definition_fields);

static struct key rows_of(struct call *c) { return log_rows(c->arena, c->account, c->region, S("query-definition")); }
static struct key key_of(struct call *c, str id) {
    struct key k = rows_of(c);
    key_str(&k, id);
    return k;
}

static bool load(struct call *c, str id, struct definition *d) {
    struct key k = key_of(c, id);
    str row;
    if (!txn_get(c->txn, key_bytes(&k), &row)) return false;
    ASSERT(record_decode(c->arena, &definition_record, arena_str(c->arena, row), d));
    d->id = id;
    return true;
}

static err not_found(struct call *c) { return fail(c, &logs_resource_not_found_exception, "The specified query definition does not exist."); }

/* The next one; what it holds lives in the arena. */
static bool next(struct call *c, struct range *r, size_t prefix, struct definition *d) {
    str key, row, rest;
    *d = (struct definition){0};
    if (!range_next(r, &key, &row)) return false;
    rest = str_skip(arena_str(c->arena, key), prefix);
    ASSERT(record_decode(c->arena, &definition_record, arena_str(c->arena, row), d) && key_read_str(&rest, c->arena, &d->id));
    return true;
}

static u32 count(struct call *c) {
    struct key k = rows_of(c);
    struct range r = txn_range(c->txn, key_bytes(&k), key_after_prefix(c->arena, key_bytes(&k)));
    u32 n = 0;
    while (range_next(&r, &(str){0}, &(str){0})) n++;
    return n;
}

err logs_put_query_definition(struct call *c, const struct logs_put_query_definition_request *in, struct logs_put_query_definition_response *out) {
    struct definition d = {.name = in->name, .text = in->query_string, .modified_ms = c->now_ms}, before = {0};
    str language = in->query_language.p ? in->query_language : S("CWLI"), params = arena_concat(c->arena, in->name, in->query_string), id = {0};
    if (!str_eq(language, S("CWLI"))) return fail(c, &cloud_not_implemented, "brume does not speak the query language %.*s (yet).", STR_ARGS(language));
    if (in->log_group_names.n > GROUPS_MAX) return fail(c, &logs_invalid_parameter_exception, "At most %d log groups can be queried.", GROUPS_MAX);
    if (in->client_token.p && idempotency_look(c, in->client_token, params, &id) == IDEMPOTENCY_SAME) return out->query_definition_id = id, NULL;
    if (in->query_definition_id.p && !load(c, in->query_definition_id, &before)) return not_found(c);
    if (!in->query_definition_id.p && count(c) >= DEFINITIONS_MAX) return fail(c, &logs_limit_exceeded_exception, "Resource limit exceeded.");
    d.groups = (struct record_pairs){NEW_ARRAY(c->arena, struct record_pair, in->log_group_names.n + 1), in->log_group_names.n, true};
    for (u32 i = 0; i < d.groups.n; i++) d.groups.v[i].key = in->log_group_names.v[i];
    d.parameters.v = NEW_ARRAY(c->arena, struct parameter, PARAMETERS_MAX);
    for (u32 i = 0; i < in->parameters.n && i < PARAMETERS_MAX; i++)
        d.parameters.v[d.parameters.n++] = (struct parameter){in->parameters.v[i].name, in->parameters.v[i].default_value, in->parameters.v[i].description};
    d.parameters.set = true;
    d.id = in->query_definition_id.p ? in->query_definition_id : id_uuid(c->arena);
    struct key k = key_of(c, d.id);
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &definition_record, &d));
    if (in->client_token.p) idempotency_store(c, in->client_token, params, d.id, hour_ms);
    out->query_definition_id = d.id;
    return NULL;
}

err logs_delete_query_definition(struct call *c, const struct logs_delete_query_definition_request *in, struct logs_delete_query_definition_response *out) {
    struct definition d = {0};
    if (!load(c, in->query_definition_id, &d)) return not_found(c);
    struct key k = key_of(c, d.id);
    txn_delete(c->txn, key_bytes(&k));
    out->success = SOME_BOOL(true);
    return NULL;
}

static struct logs_query_definition shown(struct arena *a, const struct definition *d) {
    struct logs_query_definition q = {.query_language = S("CWLI"), .query_definition_id = d->id, .name = d->name, .query_string = d->text, .last_modified = SOME_I64(d->modified_ms)};
    q.log_group_names.set = true;
    q.log_group_names.v = NEW_ARRAY(a, str, d->groups.n + 1);
    for (; q.log_group_names.n < d->groups.n; q.log_group_names.n++) q.log_group_names.v[q.log_group_names.n] = d->groups.v[q.log_group_names.n].key;
    q.parameters.set = d->parameters.n > 0;
    q.parameters.v = NEW_ARRAY(a, struct logs_query_parameter, d->parameters.n + 1);
    for (; q.parameters.n < d->parameters.n; q.parameters.n++) {
        const struct parameter *p = &d->parameters.v[q.parameters.n];
        q.parameters.v[q.parameters.n] = (struct logs_query_parameter){.name = p->name, .default_value = p->by_default, .description = p->description};
    }
    return q;
}

err logs_describe_query_definitions(struct call *c, const struct logs_describe_query_definitions_request *in, struct logs_describe_query_definitions_response *out) {
    str position;
    u32 max;
    struct definition d;
    TRY(log_page(c, in->next_token, in->max_results, DEFINITIONS_MAX, &position, &max));
    struct key k = rows_of(c), from = position.p ? key_of(c, position) : k;
    struct range r = txn_range(c->txn, key_bytes(&from), key_after_prefix(c->arena, key_bytes(&k)));
    out->query_definitions.v = NEW_ARRAY(c->arena, struct logs_query_definition, max + 1);
    out->query_definitions.set = true;
    while (next(c, &r, key_bytes(&k).n, &d)) {
        if (in->query_definition_name_prefix.p && !str_starts(d.name, in->query_definition_name_prefix)) continue;
        if (in->query_language.p && !str_eq(in->query_language, S("CWLI"))) continue;
        if (out->query_definitions.n == max) {
            out->next_token = page_token(c, d.id);
            break;
        }
        out->query_definitions.v[out->query_definitions.n++] = shown(c->arena, &d);
    }
    return NULL;
}
