/* The evaluator as a program, for a second one to be held against it (tests/policy): a case a line on standard
 * input, as JSON; its decision a line on standard output. */
#include "auth/policy.h"
#include "text/tree.h"

#include <stdio.h>
#include <stdlib.h>

struct context {
    const struct json_node *values; /* an object of lists; keys in lower case up to the slash */
    struct arena *arena;
};

static struct policy_values values(void *context, str key) {
    const struct context *c = context;
    const struct json_node *list = json_node_member(c->values, key);
    if (!list) return (struct policy_values){0};
    str *v = NEW_ARRAY(c->arena, str, list->count + 1);
    u32 n = 0;
    for (const struct json_node *item = list->first; item; item = item->next) v[n++] = item->text;
    return (struct policy_values){v, n};
}

static bool invalid;
static const struct policy *compile(const struct json_node *n, enum policy_kind kind, struct arena *a) {
    str problem;
    if (!n || n->type != JSON_STRING) return NULL;
    const struct policy *p = policy_compile(n->text, kind, a, &problem);
    if (!p) invalid = true;
    return p;
}

static struct policy_list compile_list(const struct json_node *list, enum policy_kind kind, struct arena *a) {
    const struct policy **v = NEW_ARRAY(a, const struct policy *, list ? list->count : 0);
    u32 n = 0;
    for (const struct json_node *item = list ? list->first : NULL; item; item = item->next) {
        v[n] = compile(item, kind, a);
        n += v[n] != NULL;
    }
    return (struct policy_list){v, n};
}

static u32 compile_levels(const struct json_node *levels, enum policy_kind kind, struct arena *a, const struct policy_level **out) {
    struct policy_level *v = NEW_ARRAY(a, struct policy_level, levels ? levels->count : 0);
    u32 n = 0;
    for (const struct json_node *level = levels ? levels->first : NULL; level; level = level->next) v[n++].policies = compile_list(level, kind, a);
    *out = v;
    return n;
}

static str text(const struct json_node *object, const char *name) {
    const struct json_node *n = json_node_member(object, str_of(name));
    return n && n->type == JSON_STRING ? n->text : (str){0};
}
static bool flag(const struct json_node *object, const char *name) {
    const struct json_node *n = json_node_member(object, str_of(name));
    return n && n->type == JSON_BOOLEAN && n->boolean;
}

static u8 principal_kind(str name) {
    static const char *const kinds[] = {"anonymous", "root", "user", "role", "federated", "service"};
    u8 kind = 0;
    while (!str_eq(name, str_of(kinds[kind]))) ASSERT(++kind < LENGTH(kinds));
    return kind;
}

static void decide(const struct json_node *n, struct arena *a) {
    static const char *const reasons[] = {"none", "identity", "resource", "boundary", "session", "scp", "rcp", "endpoint"};
    const struct json_node *who = json_node_member(n, S("principal")), *session = json_node_member(n, S("session"));
    struct principal p = {.kind = principal_kind(text(who, "kind")), .account = text(who, "account"), .arn = text(who, "arn"), .user_id = text(who, "id"),
                          .session_issuer = text(who, "issuer"), .federated_provider = text(who, "provider")};
    struct context context = {json_node_member(n, S("context")), a};
    struct policy_set set = {.identity = compile_list(json_node_member(n, S("identity")), POLICY_IDENTITY, a),
                             .boundary = compile(json_node_member(n, S("boundary")), POLICY_IDENTITY, a),
                             .has_session_policies = session && session->type == JSON_ARRAY,
                             .endpoint = compile(json_node_member(n, S("endpoint")), POLICY_RESOURCE, a),
                             .resource = compile(json_node_member(n, S("resource_policy")), POLICY_RESOURCE, a),
                             .resource_policy_rules = flag(n, "rules"),
                             .granted = flag(n, "granted"),
                             .cross_account = flag(n, "cross")};
    set.session = compile_list(session, POLICY_IDENTITY, a);
    set.service_control_levels = compile_levels(json_node_member(n, S("scp")), POLICY_SERVICE_CONTROL, a, &set.service_control);
    set.resource_control_levels = compile_levels(json_node_member(n, S("rcp")), POLICY_RESOURCE_CONTROL, a, &set.resource_control);
    struct policy_request r = {.principal = &p, .action = text(n, "action"), .resource = text(n, "resource"), .values = values, .context = &context, .arena = a};
    if (invalid) {
        puts("invalid");
        return;
    }
    struct policy_decision d = policy_decide(&set, &r);
    printf("%s %s\n", d.allowed ? "allow" : d.explicit_deny ? "deny" : "silent", reasons[d.reason]);
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        struct arena a = {0};
        const struct json_node *n = json_tree(&a, (str){line, (size_t)length}, json_default_limits, NULL, NULL);
        invalid = false;
        if (n) decide(n, &a);
        else puts("broken");
        arena_free(&a);
    }
    free(line);
    return 0;
}
