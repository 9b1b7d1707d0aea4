/* Tags of tables, and what the service says of itself. */
#include "services/dynamodb/schema.h"

#define TOO_MANY "Number of Tags exceed the current limit for the provided ResourceArn"
enum { TAGS_MAX = 50, KEY_LENGTH_MAX = 128 };

static err wrong_resource(struct call *c, str arn) {
    return fail(c, &cloud_validation, "Invalid TableArn: Invalid ResourceArn provided as input %.*s", STR_ARGS(arn));
}

/* Only a table has tags, and only those of the caller's region are told of. An index is refused in the words that
 * scylladb's suite has of AWS; October 2026 was told others, those of policies. */
static err open_resource(struct call *c, str arn) {
    struct ddb_resource of;
    struct ddb_table t;
    struct arn parts;
    if (arn_parse(arn, &parts) && str_find(parts.resource, S("/index/")) != STR_NONE) return wrong_resource(c, arn);
    TRY(ddb_resource_parse(c, arn, &of));
    if (!str_eq(of.account, c->account)) return deny(c, arena_concat(c->arena, S("dynamodb:"), wire_text(c->service->wire, c->op->name)), arn);
    if (!str_eq(of.partition, S("aws")) || !str_eq(of.region, c->region)) return wrong_resource(c, arn);
    bool there = !of.label.p && of.table.n <= DDB_NAME_MAX && ddb_table_load(c->txn, c->arena, of.account, of.region, of.table, &t);
    if (there && ddb_table_restoring(&t))
        return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Table: %.*s not found", STR_ARGS(of.table));
    if (there) return NULL;
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: ResourceArn: %.*s not found", STR_ARGS(arn));
}

/* Arrows, signs and dingbats, and the planes of pictures: what is neither letter, digit nor space of any script. */
static bool is_picture(u32 code) { return (code >= 0x2190 && code < 0x2c00) || (code >= 0x1f000 && code < 0x1fb00) || (code >= 0xfe00 && code < 0xfe10); }

static bool is_tag_text(str text) {
    u32 code;
    while (text.n) {
        if (!utf8_next(&text, &code) || is_picture(code)) return false;
        bool letter = code < 0x80 && (code | 32) >= 'a' && (code | 32) <= 'z', digit = code >= '0' && code <= '9';
        if (!letter && !digit && code < 0x80 && str_find_char(S(" +-=._:/@"), (char)code) == STR_NONE) return false;
    }
    return true;
}

static err wrong_tag(struct call *c, const char *half, str text) {
    return fail(c, &cloud_validation, "The Tag %s provided is invalid, %s: %.*s", half, half, STR_ARGS(text));
}

static err check_prefix(struct call *c, str key) {
    if (!str_eq_nocase(str_take(key, MIN(key.n, (size_t)4)), S("aws:"))) return NULL;
    return fail(c, &cloud_validation, "Tag Key cannot be prefixed with aws:, Key: %.*s", STR_ARGS(key));
}

/* What AWS says of the first tag that is none. */
static err check_tag(struct call *c, const struct dynamodb_tag_list *tags, u32 at) {
    str key = tags->v[at].key, none = S("null");
    if (!key.p) return wrong_tag(c, "Key", none);
    if (!tags->v[at].value.p) return wrong_tag(c, "Value", none);
    if (!is_tag_text(key)) return wrong_tag(c, "Key", key);
    if (!is_tag_text(tags->v[at].value)) return wrong_tag(c, "Value", tags->v[at].value);
    TRY(check_prefix(c, key));
    for (u32 i = 0; i < MIN(at, DDB_APART_MAX); i++)
        if (str_eq(tags->v[i].key, key))
            return fail(c, &cloud_validation, "Duplicate Tag Keys provided as input: Duplicate Tag Key found %.*s", STR_ARGS(key));
    return NULL;
}

err ddb_tags_set(struct call *c, str arn, const struct dynamodb_tag_list *tags) {
    static const struct tag_errors errors = {.too_many = &dynamodb_limit_exceeded_exception, .invalid = &cloud_validation};
    struct record_pairs one = {NEW(c->arena, struct record_pair), 1, true};
    for (u32 i = 0; i < tags->n; i++) TRY(check_tag(c, tags, i));
    for (u32 i = 0; i < tags->n; i++) {
        *one.v = (struct record_pair){tags->v[i].key, tags->v[i].value};
        err e = tags_set(c, arn, &one, &errors);
        if (e == &dynamodb_limit_exceeded_exception) return fail(c, &cloud_validation, TOO_MANY);
        bool of_value = one.v->key.n && utf8_length(one.v->key) <= KEY_LENGTH_MAX;
        if (e) return of_value ? wrong_tag(c, "Value", one.v->value) : wrong_tag(c, "Key", one.v->key);
    }
    return NULL;
}

err dynamodb_tag_resource(struct call *c, const struct dynamodb_tag_resource_input *in, struct wire_unit *out) {
    (void)out;
    TRY(open_resource(c, in->resource_arn));
    if (!in->tags.n) return fail(c, &cloud_validation, "Atleast one Tag needs to be provided as Input.");
    return ddb_tags_set(c, in->resource_arn, &in->tags);
}

err dynamodb_untag_resource(struct call *c, const struct dynamodb_untag_resource_input *in, struct wire_unit *out) {
    (void)out;
    TRY(open_resource(c, in->resource_arn));
    if (!in->tag_keys.n) return fail(c, &cloud_validation, "Atleast one Tag Key needs to be provided as Input.");
    if (in->tag_keys.n > TAGS_MAX) return fail(c, &cloud_validation, TOO_MANY);
    for (u32 i = 0; i < in->tag_keys.n; i++) {
        str key = in->tag_keys.v[i];
        if (!key.n || utf8_length(key) > KEY_LENGTH_MAX) return wrong_tag(c, "Key", key);
        TRY(check_prefix(c, key));
    }
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err dynamodb_list_tags_of_resource(struct call *c, const struct dynamodb_list_tags_of_resource_input *in,
                                   struct dynamodb_list_tags_of_resource_output *out) {
    TRY(open_resource(c, in->resource_arn));
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags.v = NEW_ARRAY(c->arena, struct dynamodb_tag, tags.n);
    out->tags.set = true;
    for (u32 i = 0; i < tags.n; i++) out->tags.v[out->tags.n++] = (struct dynamodb_tag){arena_str(c->arena, tags.v[i].key), arena_str(c->arena, tags.v[i].value)};
    return NULL;
}

err dynamodb_describe_limits(struct call *c, const struct dynamodb_describe_limits_input *in, struct dynamodb_describe_limits_output *out) {
    (void)in;
    struct ddb_most most = ddb_units_most(c);
    out->account_max_read_capacity_units = SOME_I64(most.account_read);
    out->account_max_write_capacity_units = SOME_I64(most.account_write);
    out->table_max_read_capacity_units = SOME_I64(most.table_read);
    out->table_max_write_capacity_units = SOME_I64(most.table_write);
    return NULL;
}

err dynamodb_describe_endpoints(struct call *c, const struct dynamodb_describe_endpoints_request *in,
                                struct dynamodb_describe_endpoints_response *out) {
    (void)in;
    str address = c->base_url;
    size_t at = str_find(address, S("://"));
    if (at != STR_NONE) address = str_skip(address, at + 3);
    out->endpoints.v = NEW(c->arena, struct dynamodb_endpoint);
    out->endpoints.v[0] = (struct dynamodb_endpoint){address, SOME_I64(1440)};
    out->endpoints.n = 1;
    out->endpoints.set = true;
    return NULL;
}
