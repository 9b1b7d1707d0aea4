/* Registries: names under which schemas stand. "aws.events" is always there; "discovered-schemas" comes with the first
 * discoverer. */
#include "schemas.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"
#include "text/tree.h"

enum { NAME_MAX_BYTES = 64 };

err refuse(struct call *c, err e, const char *format, ...) {
    struct schemas_bad_request_exception *members = NEW(c->arena, struct schemas_bad_request_exception); /* all of them have this form */
    va_list args;
    va_start(args, format);
    str message = arena_vformat(c->arena, format, args);
    va_end(args);
    *members = (struct schemas_bad_request_exception){.code = str_of(e->code), .message = message};
    return fail_with(c, e, members, "%.*s", STR_ARGS(message));
}

struct key schemas_key(struct arena *a, str account, str region, str type) {
    struct key k = key_new(a, S("schemas"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, type);
    return k;
}

static str registry_row(struct arena *a, str account, str region, str name) {
    struct key k = schemas_key(a, account, region, S("registry"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

bool registry_of_aws(str name) { return str_eq(name, S("aws.events")); }

bool registry_load(struct call *c, str name, struct registry *r) {
    str row = {0};
    *r = (struct registry){0};
    bool there = name.n <= NAME_MAX_BYTES && txn_get(c->txn, registry_row(c->arena, c->account, c->region, name), &row);
    if (there) ASSERT(record_decode(c->arena, &schemas_registry_record, arena_str(c->arena, row), r));
    r->account = registry_of_aws(name) ? S("") : c->account;
    r->region = c->region;
    r->name = name;
    return there || registry_of_aws(name);
}

void registry_save(struct call *c, const struct registry *r) {
    txn_put(c->txn, registry_row(c->arena, r->account, r->region, r->name), record_encode(c->arena, &schemas_registry_record, r));
}

str registry_arn(struct arena *a, const struct registry *r) { return arn_format(a, S("schemas"), r->region, r->account, arena_concat(a, S("registry/"), r->name)); }

err registry_open(struct call *c, str name, struct registry *r) {
    if (registry_load(c, name, r)) return NULL;
    return refuse(c, &schemas_not_found_exception, "Registry with name %.*s does not exist.", STR_ARGS(name));
}

static err forbid_aws(struct call *c, str name) {
    if (!str_starts(name, S("aws."))) return NULL;
    return refuse(c, &schemas_forbidden_exception, "You do not have the permission to create/modify an AWS managed registry with name prefixed with 'aws.'.");
}

err registry_open_own(struct call *c, str name, struct registry *r) {
    TRY(forbid_aws(c, name));
    return registry_open(c, name, r);
}

err schemas_page(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max) {
    *position = (str){0};
    *max = limit.set ? (u32)limit.v : PAGE;
    if (limit.set && (limit.v < 1 || limit.v > PAGE)) return refuse(c, &schemas_bad_request_exception, "Limit must be between 1 and %d.", PAGE);
    if (token.p && !page_position(c, token, position)) return refuse(c, &schemas_bad_request_exception, "Invalid NextToken.");
    return NULL;
}

static bool name_fits(str name) {
    bool fits = name.n > 0 && name.n <= NAME_MAX_BYTES;
    for (size_t i = 0; i < name.n && fits; i++) {
        char ch = name.p[i];
        fits = (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '.' || ch == '-' || ch == '_';
    }
    return fits;
}

static bool too_many(struct call *c) {
    str all = registry_row(c->arena, c->account, c->region, (str){0}), key, row;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    i64 n = 0, most = quota(c, S("registries"), REGISTRIES_MAX);
    while (n < most && range_next(&r, &key, &row)) n++;
    return n == most;
}

void registry_ensure_discovered(struct call *c) {
    struct registry r;
    if (registry_load(c, S("discovered-schemas"), &r)) return;
    r.created_ms = c->now_ms;
    registry_save(c, &r);
    registry_add(c, registry_arn(c->arena, &r), S("AWS::EventSchemas::Registry"));
}

err schemas_create_registry(struct call *c, const struct schemas_create_registry_request *in, struct schemas_create_registry_response *out) {
    struct registry r;
    TRY(forbid_aws(c, in->registry_name));
    if (!name_fits(in->registry_name)) return refuse(c, &schemas_bad_request_exception, "The registry name %.*s is not valid.", STR_ARGS(in->registry_name));
    if (registry_load(c, in->registry_name, &r)) return refuse(c, &schemas_conflict_exception, "Registry with name %.*s already exists.", STR_ARGS(in->registry_name));
    if (too_many(c)) return refuse(c, &schemas_forbidden_exception, "The number of registries exceeds the limit.");
    r.created_ms = c->now_ms;
    r.description = in->description;
    registry_save(c, &r);
    str arn = registry_arn(c->arena, &r);
    registry_add(c, arn, S("AWS::EventSchemas::Registry"));
    TRY(schemas_tags_add(c, arn, &in->tags));
    *out = (struct schemas_create_registry_response){.description = r.description, .registry_arn = arn, .registry_name = r.name, .tags = schemas_tags_shown(c, arn)};
    return NULL;
}

err schemas_update_registry(struct call *c, const struct schemas_update_registry_request *in, struct schemas_update_registry_response *out) {
    struct registry r;
    TRY(registry_open_own(c, in->registry_name, &r));
    if (in->description.p) r.description = in->description;
    registry_save(c, &r);
    str arn = registry_arn(c->arena, &r);
    *out = (struct schemas_update_registry_response){.description = r.description, .registry_arn = arn, .registry_name = r.name, .tags = schemas_tags_shown(c, arn)};
    return NULL;
}

err schemas_describe_registry(struct call *c, const struct schemas_describe_registry_request *in, struct schemas_describe_registry_response *out) {
    struct registry r;
    TRY(registry_open(c, in->registry_name, &r));
    str arn = registry_arn(c->arena, &r);
    *out = (struct schemas_describe_registry_response){.description = r.description, .registry_arn = arn, .registry_name = r.name, .tags = schemas_tags_shown(c, arn)};
    return NULL;
}

err schemas_delete_registry(struct call *c, const struct schemas_delete_registry_request *in, struct wire_unit *out) {
    (void)out;
    struct registry r;
    str key, row;
    TRY(registry_open_own(c, in->registry_name, &r));
    struct range left = schemas_of(c, r.name, (str){0});
    if (range_next(&left, &key, &row)) return refuse(c, &schemas_bad_request_exception, "Registry %.*s cannot be deleted since it has schemas.", STR_ARGS(r.name));
    txn_delete(c->txn, registry_row(c->arena, r.account, r.region, r.name));
    if (r.policy.p) txn_raise_epoch(c->txn);
    registry_remove(c, registry_arn(c->arena, &r));
    return NULL;
}

static struct schemas_registry_summary summary(struct call *c, const struct registry *r) {
    str arn = registry_arn(c->arena, r);
    return (struct schemas_registry_summary){.registry_arn = arn, .registry_name = r->name, .tags = schemas_tags_shown(c, arn)};
}

err schemas_list_registries(struct call *c, const struct schemas_list_registries_request *in, struct schemas_list_registries_response *out) {
    struct registry r;
    str position, key, row, part, prefix = in->registry_name_prefix.p ? in->registry_name_prefix : S("");
    u32 max;
    TRY(schemas_page(c, in->next_token, in->limit, &position, &max));
    bool local = !str_eq_nocase(in->scope, S("AWS")), of_aws = !str_eq_nocase(in->scope, S("LOCAL"));
    out->registries.v = NEW_ARRAY(c->arena, struct schemas_registry_summary, max + 1);
    out->registries.set = true;
    if (of_aws && !position.p && str_starts(S("aws.events"), prefix)) {
        ASSERT(registry_load(c, S("aws.events"), &r));
        out->registries.v[out->registries.n++] = summary(c, &r);
    }
    if (!local) return NULL;
    str all = registry_row(c->arena, c->account, c->region, (str){0});
    struct range rows = txn_range(c->txn, registry_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&rows, &key, &row)) {
        str name = {0};
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (!str_starts(name, prefix)) break;
        if (out->registries.n >= max) {
            out->next_token = page_token(c, name);
            break;
        }
        ASSERT(registry_load(c, name, &r));
        out->registries.v[out->registries.n++] = summary(c, &r);
    }
    return NULL;
}

/* ---- policies ---- */

static err policy_of(struct call *c, str name, struct registry *r) {
    TRY(registry_open_own(c, name.p ? name : S("discovered-schemas"), r));
    return r->policy.p ? NULL : refuse(c, &schemas_not_found_exception, "Registry %.*s does not have a resource policy.", STR_ARGS(r->name));
}

err schemas_put_resource_policy(struct call *c, const struct schemas_put_resource_policy_request *in, struct schemas_put_resource_policy_response *out) {
    struct registry r;
    str problem;
    TRY(registry_open_own(c, in->registry_name.p ? in->registry_name : S("discovered-schemas"), &r));
    if (in->revision_id.p && !str_eq(in->revision_id, r.revision)) return refuse(c, &schemas_precondition_failed_exception, "The policy has another revision by now.");
    const struct json_node *tree = json_tree(c->arena, in->policy, json_default_limits, NULL, NULL);
    if (tree && !json_node_member(tree, S("Version"))) return refuse(c, &schemas_bad_request_exception, "Provided registry policy is invalid: Missing required field Version.");
    if (!policy_compile(in->policy, POLICY_RESOURCE, c->arena, &problem))
        return refuse(c, &schemas_bad_request_exception, "Provided registry policy is invalid: %.*s", STR_ARGS(problem));
    if (!policy_principals_bind(c, in->policy, &r.policy, NULL))
        return refuse(c, &schemas_bad_request_exception, "Provided registry policy is invalid: Invalid principal in policy");
    r.revision = id_uuid(c->arena);
    registry_save(c, &r);
    txn_raise_epoch(c->txn);
    *out = (struct schemas_put_resource_policy_response){.policy = policy_principals_shown(c, r.policy), .revision_id = r.revision};
    return NULL;
}

err schemas_get_resource_policy(struct call *c, const struct schemas_get_resource_policy_request *in, struct schemas_get_resource_policy_response *out) {
    struct registry r;
    TRY(policy_of(c, in->registry_name, &r));
    *out = (struct schemas_get_resource_policy_response){.policy = policy_principals_shown(c, r.policy), .revision_id = r.revision};
    return NULL;
}

err schemas_delete_resource_policy(struct call *c, const struct schemas_delete_resource_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct registry r;
    TRY(policy_of(c, in->registry_name, &r));
    r.policy = r.revision = (str){0};
    registry_save(c, &r);
    txn_raise_epoch(c->txn);
    return NULL;
}
