/* Schemas: what is said of them, and their newest version's content. */
#include "schemas.h"

#include "shape.h"

enum { NAME_BYTES = 385 };

str schema_arn(struct call *c, str registry, str name) {
    str account = registry_of_aws(registry) ? S("") : c->account;
    return arn_format(c->arena, S("schemas"), c->region, account, arena_format(c->arena, "schema/%.*s/%.*s", STR_ARGS(registry), STR_ARGS(name)));
}

static str schema_row(struct call *c, str registry, str name) {
    struct key k = schemas_key(c->arena, c->account, c->region, S("schema"));
    key_str(&k, registry);
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

void schema_decode(struct arena *a, str key, str row, struct schema *s) {
    str rest = arena_str(a, key), part;
    *s = (struct schema){0};
    ASSERT(record_decode(a, &schemas_schema_record, arena_str(a, row), s));
    for (int i = 0; i < 4; i++) ASSERT(key_read_str(&rest, a, &part));
    ASSERT(key_read_str(&rest, a, &s->registry) && key_read_str(&rest, a, &s->name));
}

struct range schemas_of(struct call *c, str registry, str from) {
    str all = schema_row(c, registry, (str){0});
    return txn_range(c->txn, from.p ? schema_row(c, registry, from) : all, key_after_prefix(c->arena, all));
}

bool schema_load(struct call *c, str registry, str name, struct schema *s) {
    str key = schema_row(c, registry, name), row;
    *s = (struct schema){.registry = registry, .name = name};
    if (name.n > NAME_BYTES || !txn_get(c->txn, key, &row)) return false;
    schema_decode(c->arena, key, row, s);
    return true;
}

void schema_save(struct call *c, const struct schema *s) { txn_put(c->txn, schema_row(c, s->registry, s->name), record_encode(c->arena, &schemas_schema_record, s)); }

err schema_open(struct call *c, str registry, str name, struct schema *s) {
    if (schema_load(c, registry, name, s)) return NULL;
    return refuse(c, &schemas_not_found_exception, "Schema with name %.*s does not exist.", STR_ARGS(name));
}

static bool name_fits(str name) {
    bool fits = name.n > 0 && name.n <= NAME_BYTES;
    for (size_t i = 0; i < name.n && fits; i++) {
        char ch = name.p[i];
        fits = (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '.' || ch == '-' || ch == '_' || ch == '@';
    }
    return fits;
}

static bool too_many(struct call *c, str registry) {
    str key, row;
    struct range r = schemas_of(c, registry, (str){0});
    i64 n = 0, most = quota(c, S("schemas"), SCHEMAS_MAX);
    while (n < most && range_next(&r, &key, &row)) n++;
    return n == most;
}

static err check_content(struct call *c, str type, str content) {
    str problem = content_problem(c->arena, type, content);
    return problem.p ? refuse(c, &schemas_bad_request_exception, "%.*s", STR_ARGS(problem)) : NULL;
}

err schemas_create_schema(struct call *c, const struct schemas_create_schema_request *in, struct schemas_create_schema_response *out) {
    struct registry r;
    struct schema s;
    TRY(registry_open_own(c, in->registry_name, &r));
    if (!name_fits(in->schema_name)) return refuse(c, &schemas_bad_request_exception, "The schema name %.*s is not valid.", STR_ARGS(in->schema_name));
    if (schema_load(c, in->registry_name, in->schema_name, &s)) return refuse(c, &schemas_conflict_exception, "Schema with name %.*s already exists.", STR_ARGS(in->schema_name));
    TRY(check_content(c, in->type, in->content));
    if (too_many(c, in->registry_name)) return refuse(c, &schemas_forbidden_exception, "The number of schemas exceeds the limit.");
    s.description = in->description;
    ASSERT(schema_add_version(c, &s, in->type, in->content));
    str arn = schema_arn(c, s.registry, s.name);
    registry_add(c, arn, S("AWS::EventSchemas::Schema"));
    TRY(schemas_tags_add(c, arn, &in->tags));
    *out = (struct schemas_create_schema_response){.description = s.description, .last_modified = SOME_TIME(s.modified_ms), .schema_arn = arn, .schema_name = s.name,
                                                   .schema_version = S("1"), .tags = schemas_tags_shown(c, arn), .type = s.type, .version_created_date = SOME_TIME(c->now_ms)};
    return NULL;
}

/* Another content is another version; the same token or the same content is none. */
static err change_content(struct call *c, const struct schemas_update_schema_request *in, struct schema *s) {
    struct schema_version v;
    str answer, type = in->type.p ? in->type : s->type;
    if (in->client_token_id.p && idempotency_look(c, in->client_token_id, in->content, &answer) == IDEMPOTENCY_SAME) return NULL;
    TRY(check_content(c, type, in->content));
    TRY(version_open(c, s, (str){0}, &v));
    if (str_eq(v.content, in->content) && str_eq(v.type, type)) return NULL;
    if (!schema_add_version(c, s, type, in->content)) return refuse(c, &schemas_forbidden_exception, "The number of schema versions exceeds the limit.");
    if (in->client_token_id.p) idempotency_store(c, in->client_token_id, in->content, S(""), 86400000);
    return NULL;
}

err schemas_update_schema(struct call *c, const struct schemas_update_schema_request *in, struct schemas_update_schema_response *out) {
    struct registry r;
    struct schema s;
    struct schema_version v;
    TRY(registry_open_own(c, in->registry_name, &r));
    TRY(schema_open(c, in->registry_name, in->schema_name, &s));
    if (in->content.p) TRY(change_content(c, in, &s));
    if (in->description.p) {
        s.description = in->description;
        s.modified_ms = c->now_ms;
    }
    schema_save(c, &s);
    TRY(version_open(c, &s, (str){0}, &v));
    str arn = schema_arn(c, s.registry, s.name);
    *out = (struct schemas_update_schema_response){.description = s.description, .last_modified = SOME_TIME(s.modified_ms), .schema_arn = arn, .schema_name = s.name,
                                                   .schema_version = version_name(c->arena, v.number), .tags = schemas_tags_shown(c, arn), .type = v.type,
                                                   .version_created_date = SOME_TIME(v.created_ms)};
    return NULL;
}

err schemas_describe_schema(struct call *c, const struct schemas_describe_schema_request *in, struct schemas_describe_schema_response *out) {
    struct registry r;
    struct schema s;
    struct schema_version v;
    TRY(registry_open(c, in->registry_name, &r));
    TRY(schema_open(c, in->registry_name, in->schema_name, &s));
    TRY(version_open(c, &s, in->schema_version, &v));
    str arn = schema_arn(c, s.registry, s.name);
    *out = (struct schemas_describe_schema_response){.content = v.content, .description = s.description, .last_modified = SOME_TIME(s.modified_ms), .schema_arn = arn,
                                                     .schema_name = s.name, .schema_version = version_name(c->arena, v.number), .tags = schemas_tags_shown(c, arn), .type = v.type,
                                                     .version_created_date = SOME_TIME(v.created_ms)};
    return NULL;
}

err schemas_delete_schema(struct call *c, const struct schemas_delete_schema_request *in, struct wire_unit *out) {
    (void)out;
    struct registry r;
    struct schema s;
    str key, row;
    TRY(registry_open_own(c, in->registry_name, &r));
    TRY(schema_open(c, in->registry_name, in->schema_name, &s));
    struct range versions = versions_of(c, &s, 0); /* VERSIONS_MAX of them */
    while (range_next(&versions, &key, &row)) txn_delete(c->txn, arena_str(c->arena, key));
    txn_delete(c->txn, schema_row(c, s.registry, s.name));
    registry_remove(c, schema_arn(c, s.registry, s.name));
    return NULL;
}

err schemas_list_schemas(struct call *c, const struct schemas_list_schemas_request *in, struct schemas_list_schemas_response *out) {
    struct registry r;
    struct schema s;
    str position, key, row, prefix = in->schema_name_prefix.p ? in->schema_name_prefix : S("");
    u32 max;
    TRY(registry_open(c, in->registry_name, &r));
    TRY(schemas_page(c, in->next_token, in->limit, &position, &max));
    out->schemas.v = NEW_ARRAY(c->arena, struct schemas_schema_summary, max);
    out->schemas.set = true;
    struct range rows = schemas_of(c, r.name, position.p ? position : prefix);
    while (range_next(&rows, &key, &row)) {
        schema_decode(c->arena, key, row, &s);
        if (!str_starts(s.name, prefix)) break;
        if (out->schemas.n == max) {
            out->next_token = page_token(c, s.name);
            break;
        }
        str arn = schema_arn(c, s.registry, s.name);
        out->schemas.v[out->schemas.n++] = (struct schemas_schema_summary){.last_modified = SOME_TIME(s.modified_ms), .schema_arn = arn, .schema_name = s.name,
                                                                           .tags = schemas_tags_shown(c, arn), .version_count = SOME_I64(s.versions)};
    }
    return NULL;
}

/* What was discovered stands as OpenAPI, and can be had as JSON Schema. */
err schemas_export_schema(struct call *c, const struct schemas_export_schema_request *in, struct schemas_export_schema_response *out) {
    struct registry r;
    struct schema s;
    struct schema_version v;
    struct event_shape shape;
    TRY(registry_open(c, in->registry_name, &r));
    TRY(schema_open(c, in->registry_name, in->schema_name, &s));
    TRY(version_open(c, &s, in->schema_version, &v));
    if (!str_eq(in->type, S("JSONSchemaDraft4"))) return refuse(c, &schemas_bad_request_exception, "Schemas can be exported as JSONSchemaDraft4 only.");
    if (!str_eq(r.name, S("discovered-schemas"))) return refuse(c, &schemas_forbidden_exception, "You cannot export non discovered or non aws managed schemas.");
    str content = event_shape_read(c->arena, v.content, &shape) ? event_shape_write(c->arena, &shape, true) : (str){0};
    if (!content.p) return refuse(c, &schemas_bad_request_exception, "The schema cannot be exported.");
    *out = (struct schemas_export_schema_response){.content = content, .schema_arn = schema_arn(c, s.registry, s.name), .schema_name = s.name,
                                                   .schema_version = version_name(c->arena, v.number), .type = S("JSONSchemaDraft4")};
    return NULL;
}
