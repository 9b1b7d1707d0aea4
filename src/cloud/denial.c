/* Denials in AWS's words, by the kind of policy that decided. Source: IAM user guide, "Troubleshoot access
 * denied error messages". */
#include "auth/token.h"
#include "cloud/gate.h"

#include "text/json.h"

/* "because no ... policy allows", "with an explicit deny in a ..." */
static const struct {
    const char *name, *article;
} kinds[] = {
    [POLICY_REASON_NONE] = {"identity-based policy", "an"},
    [POLICY_REASON_IDENTITY] = {"identity-based policy", "an"},
    [POLICY_REASON_RESOURCE] = {"resource-based policy", "a"},
    [POLICY_REASON_BOUNDARY] = {"permissions boundary", "a"},
    [POLICY_REASON_SESSION] = {"session policy", "a"},
    [POLICY_REASON_SERVICE_CONTROL] = {"service control policy", "a"},
    [POLICY_REASON_RESOURCE_CONTROL] = {"resource control policy", "a"},
    [POLICY_REASON_ENDPOINT] = {"VPC endpoint policy", "a"},
};

static bool is_service(const struct call *c, str name) { return str_eq(wire_text(c->service->wire, c->service->wire->name), name); }

static str lower_case(struct arena *a, str s) {
    char *text = arena_alloc(a, s.n, 1);
    for (size_t i = 0; i < s.n; i++) text[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 32) : s.p[i];
    return (str){text, s.n};
}

/* Services write the action in their own way, and have their own code. */
static const struct error sns_refusal = {"AuthorizationError", NULL, 403, WIRE_NONE, true};

static str action_written(const struct call *c, str action) {
    if (is_service(c, S("sqs"))) return lower_case(c->arena, action); /* sqs:sendmessage */
    if (is_service(c, S("sns")) && str_starts(action, S("sns:"))) return arena_concat(c->arena, S("SNS:"), str_skip(action, 4));
    return action;
}

/* DynamoDB's backups, exports and imports are asked for in their own account alone, and what stands in another is not told of
 * (measured in October 2026). */
static bool nobody_elses(const struct call *c, str action, str resource_arn) {
    static const char *const kinds_of[] = {"backup/", "export/", "import/"};
    if (!is_service(c, S("dynamodb"))) return false;
    size_t table = str_find(resource_arn, S(":table/"));
    str rest = table == STR_NONE ? (str){0} : str_skip(resource_arn, table + 7);
    str_cut(&rest, '/'); /* its name may be any of the kinds, too */
    bool such = str_eq(action, S("dynamodb:ExportTableToPointInTime"));
    for (size_t i = 0; i < LENGTH(kinds_of); i++) such |= str_starts(rest, str_of(kinds_of[i]));
    return such;
}

err deny(struct call *c, str action, str resource_arn) {
    bool s3 = is_service(c, S("s3"));
    if (s3 && (c->principal->kind == PRINCIPAL_ANONYMOUS || c->denied_abroad)) return fail(c, &cloud_access_denied, "Access Denied"); /* strangers learn no more */
    if (c->denied_hidden || (c->denied_abroad && nobody_elses(c, action, resource_arn))) return fail(c, &cloud_access_denied, "Access is denied");
    err e = is_service(c, S("sns")) ? &sns_refusal : &cloud_access_denied;
    const char *quote = s3 ? "\"" : "";
    str who = c->principal->arn.p ? c->principal->arn : S("anonymous");
    action = action_written(c, action);
    str head = arena_format(c->arena, "User: %.*s is not authorized to perform: %.*s", STR_ARGS(who), STR_ARGS(action));
    if (!s3 || !str_eq(resource_arn, S("*"))) head = arena_format(c->arena, "%.*s on resource: %s%.*s%s", STR_ARGS(head), quote, STR_ARGS(resource_arn), quote);
    const char *name = kinds[c->denial].name;
    if (c->denied_explicitly) return fail(c, e, "%.*s with an explicit deny in %s %s", STR_ARGS(head), kinds[c->denial].article, name);
    if (is_service(c, S("sts"))) return fail(c, e, "%.*s", STR_ARGS(head)); /* whether there is such a role is not told */
    return fail(c, e, "%.*s because no %s allows the %.*s action", STR_ARGS(head), name, STR_ARGS(action));
}

/* ---- encoded authorization messages ---- */

static struct token_scope message_scope(const struct call *c) { return (struct token_scope){.kind = S("authorization"), .account = c->account}; }

static void empty_items(struct buf *b, const char *name) {
    json_write_key(b, str_of(name));
    json_write_raw(b, S("{\"items\":[]}"));
}

/* The members that DecodeAuthorizationMessage documents. */
static str message_json(struct call *c, str action, str resource) {
    struct buf b = buf_new(c->arena, 4096);
    json_write_object(&b);
    json_write_key(&b, S("allowed"));
    json_write_boolean(&b, false);
    json_write_key(&b, S("explicitDeny"));
    json_write_boolean(&b, c->denied_explicitly);
    empty_items(&b, "matchedStatements");
    empty_items(&b, "failures");
    json_write_key(&b, S("context"));
    json_write_object(&b);
    json_write_key(&b, S("principal"));
    json_write_object(&b);
    json_write_member(&b, S("id"), c->principal->user_id.p ? c->principal->user_id : S(""));
    json_write_member(&b, S("arn"), c->principal->arn.p ? c->principal->arn : S(""));
    json_write_object_end(&b);
    json_write_member(&b, S("action"), action);
    json_write_member(&b, S("resource"), resource);
    empty_items(&b, "conditions");
    json_write_object_end(&b);
    json_write_object_end(&b);
    return b.over ? S("{\"allowed\":false}") : buf_str(&b);
}

str authorization_message_encode(struct call *c, str action, str resource_arn) {
    struct token_scope scope = message_scope(c);
    return token_seal(sealer_new(c->arena, c->cloud->root_key), &scope, message_json(c, action, resource_arn), c->arena);
}

bool authorization_message_decode(struct call *c, str encoded, str *json) {
    struct token_scope scope = message_scope(c);
    return token_open(sealer_new(c->arena, c->cloud->root_key), &scope, encoded, c->arena, json);
}
