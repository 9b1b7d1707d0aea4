/* The versions of a schema: numbered from 1, none is ever changed. */
#include "schemas.h"

#include "text/json.h"

static struct key version_key(struct call *c, const struct schema *s) {
    struct key k = schemas_key(c->arena, c->account, c->region, S("version"));
    key_str(&k, s->registry);
    key_str(&k, s->name);
    return k;
}

struct range versions_of(struct call *c, const struct schema *s, u64 from) {
    struct key all = version_key(c, s), first = version_key(c, s);
    key_u64(&first, from);
    return txn_range(c->txn, key_bytes(&first), key_after_prefix(c->arena, key_bytes(&all)));
}

static str version_row(struct call *c, const struct schema *s, u64 number) {
    struct key k = version_key(c, s);
    key_u64(&k, number);
    return key_bytes(&k);
}

void version_decode(struct arena *a, str key, str row, struct schema_version *v) {
    str rest = arena_str(a, key), part;
    *v = (struct schema_version){0};
    ASSERT(record_decode(a, &schemas_version_record, arena_str(a, row), v));
    for (int i = 0; i < 6; i++) ASSERT(key_read_str(&rest, a, &part));
    ASSERT(key_read_u64(&rest, &v->number));
}

str version_name(struct arena *a, u64 number) { return arena_format(a, "%llu", (unsigned long long)number); }

err version_open(struct call *c, const struct schema *s, str number, struct schema_version *v) {
    u64 n = (u64)s->newest;
    str row, key;
    bool read = !number.p || str_to_u64(number, &n);
    key = version_row(c, s, n);
    if (read && txn_get(c->txn, key, &row)) {
        version_decode(c->arena, key, row, v);
        return NULL;
    }
    return refuse(c, &schemas_not_found_exception, "Schema version %.*s of schema %.*s does not exist.", STR_ARGS(number), STR_ARGS(s->name));
}

static void tell(struct call *c, const struct schema *s, bool first) {
    struct buf b = buf_new(c->arena, 16 << 10), at = buf_new(c->arena, 64);
    buf_iso8601(&at, c->now_ms / 1000 * 1000);
    const struct {
        const char *key;
        str value;
    } detail[] = {{"SchemaName", s->name}, {"SchemaType", s->type}, {"RegistryName", s->registry}, {"CreationDate", buf_str(&at)},
                  {"Version", version_name(c->arena, (u64)s->newest)}};
    json_write_object(&b);
    for (size_t i = 0; i < LENGTH(detail); i++) {
        json_write_member(&b, str_of(detail[i].key), detail[i].value);
    }
    json_write_object_end(&b);
    emit_event(c, first ? S("Schema Created") : S("Schema Version Created"), schema_arn(c, s->registry, s->name), buf_str(&b));
}

bool schema_add_version(struct call *c, struct schema *s, str type, str content) {
    if (s->versions >= quota(c, S("schema-versions"), VERSIONS_MAX)) return false;
    struct schema_version v = {.created_ms = c->now_ms, .type = type, .content = content};
    s->newest = ++s->last;
    s->versions++;
    s->type = type;
    s->modified_ms = c->now_ms;
    if (!s->created_ms) s->created_ms = c->now_ms;
    txn_put(c->txn, version_row(c, s, (u64)s->newest), record_encode(c->arena, &schemas_version_record, &v));
    schema_save(c, s);
    tell(c, s, s->newest == 1);
    return true;
}

err schemas_list_schema_versions(struct call *c, const struct schemas_list_schema_versions_request *in, struct schemas_list_schema_versions_response *out) {
    struct registry r;
    struct schema s;
    struct schema_version v;
    str position, key, row;
    u64 from = 0;
    u32 max;
    TRY(registry_open(c, in->registry_name, &r));
    TRY(schema_open(c, in->registry_name, in->schema_name, &s));
    TRY(schemas_page(c, in->next_token, in->limit, &position, &max));
    if (position.p) ASSERT(str_to_u64(position, &from));
    out->schema_versions.v = NEW_ARRAY(c->arena, struct schemas_schema_version_summary, max);
    out->schema_versions.set = true;
    struct range rows = versions_of(c, &s, from);
    while (range_next(&rows, &key, &row)) {
        version_decode(c->arena, key, row, &v);
        if (out->schema_versions.n == max) {
            out->next_token = page_token(c, version_name(c->arena, v.number));
            break;
        }
        out->schema_versions.v[out->schema_versions.n++] = (struct schemas_schema_version_summary){
            .schema_arn = schema_arn(c, s.registry, s.name), .schema_name = s.name, .schema_version = version_name(c->arena, v.number), .type = v.type};
    }
    return NULL;
}

err schemas_delete_schema_version(struct call *c, const struct schemas_delete_schema_version_request *in, struct wire_unit *out) {
    (void)out;
    struct registry r;
    struct schema s;
    struct schema_version v;
    str key, row;
    TRY(registry_open_own(c, in->registry_name, &r));
    TRY(schema_open(c, in->registry_name, in->schema_name, &s));
    TRY(version_open(c, &s, in->schema_version, &v));
    if (s.versions == 1) return refuse(c, &schemas_bad_request_exception, "The only version of a schema cannot be deleted; delete the schema.");
    txn_delete(c->txn, version_row(c, &s, v.number));
    s.versions--;
    if (v.number == (u64)s.newest) {
        struct range rows = versions_of(c, &s, 0);
        while (range_next(&rows, &key, &row)) {
            version_decode(c->arena, key, row, &v);
            s.newest = (i64)v.number;
        }
    }
    schema_save(c, &s);
    return NULL;
}
