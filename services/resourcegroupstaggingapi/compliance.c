/* Whether tags are as the account's effective tag policy of Organizations wants them: how a key is written, and which
 * values it may have. A key that is not there is no fault. */
#include "gen/organizations.h"
#include "tagging.h"
#include "text/tree.h"

struct rule {
    str key; /* as it must be written */
    const struct json_node *values; /* a list of strings; NULL: any */
};
struct compliance {
    struct rule *v;
    u32 n;
};

static str key_of(struct arena *a, const struct json_node *rule) {
    const struct json_node *key = json_node_member(rule, S("tag_key"));
    if (key && key->type == JSON_STRING) return key->text;
    char *lower = arena_alloc(a, rule->key.n + 1, 1); /* where no case is asked for, it is the lower */
    for (size_t i = 0; i < rule->key.n; i++) lower[i] = rule->key.p[i] >= 'A' && rule->key.p[i] <= 'Z' ? (char)(rule->key.p[i] | 32) : rule->key.p[i];
    return (str){lower, rule->key.n};
}

static const struct compliance *compile(struct arena *a, str json) {
    const struct json_node *root = json_tree(a, json, json_default_limits, NULL, NULL);
    const struct json_node *tags = root ? json_node_member(root, S("tags")) : NULL;
    struct compliance *policy = NEW(a, struct compliance);
    if (!tags || tags->type != JSON_OBJECT) return policy;
    policy->v = NEW_ARRAY(a, struct rule, tags->count + 1);
    for (const struct json_node *rule = tags->first; rule; rule = rule->next) {
        const struct json_node *values = json_node_member(rule, S("tag_value"));
        policy->v[policy->n++] = (struct rule){key_of(a, rule), values && values->type == JSON_ARRAY ? values : NULL};
    }
    return policy;
}

/* Who asks for compliance must be allowed to read the policy. Without one, and outside of organizations, all is
 * as it should be: so AWS answers an account that has no policy. */
err compliance_read(struct call *c, str account, enum call_as as, const struct compliance **policy) {
    struct organizations_describe_effective_policy_request in = {.policy_type = S("TAG_POLICY"), .target_id = account};
    struct organizations_describe_effective_policy_response out = {0};
    struct call_other other = {.service = &organizations_service, .op = ORGANIZATIONS_OP_DESCRIBE_EFFECTIVE_POLICY, .as = (u8)as};
    err e = call_service(c, &other, &in, &out);
    *policy = NEW(c->arena, struct compliance);
    if (e == &organizations_effective_policy_not_found_exception || e == &organizations_aws_organizations_not_in_use_exception) return NULL;
    if (!e) *policy = compile(c->arena, out.effective_policy->policy_content);
    return e;
}

bool compliance_asked(const struct compliance *policy) { return policy->n > 0; }

/* A value of a policy may have one star. */
static bool value_fits(str value, str pattern) {
    size_t star = str_find_char(pattern, '*');
    if (star == STR_NONE) return str_eq(value, pattern);
    str before = str_take(pattern, star), after = str_skip(pattern, star + 1);
    return value.n >= before.n + after.n && str_starts(value, before) && str_ends(value, after);
}

static bool value_allowed(const struct rule *rule, str value) {
    if (!rule->values) return true;
    for (const struct json_node *v = rule->values->first; v; v = v->next)
        if (v->type == JSON_STRING && value_fits(value, v->text)) return true;
    return false;
}

static const struct rule *rule_of(const struct compliance *policy, str key) {
    for (u32 i = 0; i < policy->n; i++)
        if (str_eq_nocase(policy->v[i].key, key)) return &policy->v[i];
    return NULL;
}

struct resourcegroupstaggingapi_compliance_details *compliance_of(struct arena *a, const struct compliance *policy, const struct record_pairs *tags) {
    struct resourcegroupstaggingapi_compliance_details *details = NEW(a, struct resourcegroupstaggingapi_compliance_details);
    struct resourcegroupstaggingapi_tag_key_list *written = &details->noncompliant_keys, *valued = &details->keys_with_noncompliant_values;
    written->v = NEW_ARRAY(a, str, tags->n + 1);
    valued->v = NEW_ARRAY(a, str, tags->n + 1);
    written->set = valued->set = true;
    for (u32 i = 0; i < tags->n; i++) {
        const struct record_pair *tag = &tags->v[i];
        const struct rule *rule = rule_of(policy, tag->key);
        if (!rule) continue;
        bool as_written = str_eq(rule->key, tag->key);
        if (!as_written) written->v[written->n++] = tag->key;
        if (!as_written || !value_allowed(rule, tag->value)) valued->v[valued->n++] = rule->key;
    }
    details->compliance_status = SOME_BOOL(!written->n && !valued->n);
    return details;
}
