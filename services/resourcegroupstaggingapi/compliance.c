/* Whether tags are as the account's effective tag policy of Organizations wants them: how a key is written, which
 * values it may have, and of which types of resources it is required. */
#include "gen/organizations.h"
#include "tagging.h"
#include "text/tree.h"

struct rule {
    str key; /* as it must be written */
    const struct json_node *values; /* a list of strings; NULL: any */
    const struct json_node *required; /* a list of types, whose resources must have the key; NULL: it is no fault to be without */
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

static const struct json_node *list_of(const struct json_node *rule, str name) {
    const struct json_node *list = json_node_member(rule, name);
    return list && list->type == JSON_ARRAY ? list : NULL;
}

static const struct compliance *compile(struct arena *a, str json) {
    const struct json_node *root = json_tree(a, json, json_default_limits, NULL, NULL);
    const struct json_node *tags = root ? json_node_member(root, S("tags")) : NULL;
    struct compliance *policy = NEW(a, struct compliance);
    if (!tags || tags->type != JSON_OBJECT) return policy;
    policy->v = NEW_ARRAY(a, struct rule, tags->count + 1);
    for (const struct json_node *rule = tags->first; rule; rule = rule->next) {
        policy->v[policy->n++] = (struct rule){key_of(a, rule), list_of(rule, S("tag_value")), list_of(rule, S("report_required_tag_for"))};
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

static bool is_required(const struct rule *rule, const struct resource *r) {
    for (const struct json_node *type = rule->required ? rule->required->first : NULL; type; type = type->next)
        if (type->type == JSON_STRING && tagging_is_of_type(r, type->text)) return true;
    return false;
}

/* A key that is written in another case is there, and has its own fault. */
static bool has_key(const struct record_pairs *tags, str key) {
    for (u32 i = 0; i < tags->n; i++)
        if (str_eq_nocase(tags->v[i].key, key)) return true;
    return false;
}

static void find_missing(struct arena *a, const struct compliance *policy, const struct resource *r, const struct record_pairs *tags,
                         struct resourcegroupstaggingapi_tag_key_list *missing) {
    missing->v = NEW_ARRAY(a, str, policy->n + 1);
    missing->set = true;
    for (u32 i = 0; i < policy->n; i++)
        if (is_required(&policy->v[i], r) && !has_key(tags, policy->v[i].key)) missing->v[missing->n++] = policy->v[i].key;
}

struct resourcegroupstaggingapi_compliance_details *compliance_of(struct arena *a, const struct compliance *policy, const struct resource *r,
                                                                  const struct record_pairs *tags) {
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
    find_missing(a, policy, r, tags, &details->missing_tag_keys);
    details->compliance_status = SOME_BOOL(!written->n && !valued->n && !details->missing_tag_keys.n);
    return details;
}

/* ---- what is required, by types ---- */

static u32 required_count(const struct compliance *policy) {
    u32 n = 0;
    for (u32 i = 0; i < policy->n; i++) n += policy->v[i].required ? policy->v[i].required->count : 0;
    return n;
}

static struct compliance_required *required_of(struct compliance_required *all, u32 *n, str type) {
    for (u32 i = 0; i < *n; i++)
        if (str_eq_nocase(all[i].type, type)) return &all[i];
    all[*n] = (struct compliance_required){.type = type};
    return &all[(*n)++];
}

u32 compliance_required(struct arena *a, const struct compliance *policy, struct compliance_required **all) {
    u32 n = 0, most = required_count(policy);
    *all = NEW_ARRAY(a, struct compliance_required, most + 1);
    for (u32 i = 0; i < policy->n; i++) {
        for (const struct json_node *type = policy->v[i].required ? policy->v[i].required->first : NULL; type; type = type->next) {
            if (type->type != JSON_STRING) continue;
            struct compliance_required *r = required_of(*all, &n, type->text);
            if (!r->keys) r->keys = NEW_ARRAY(a, str, policy->n + 1);
            if (!r->n || !str_eq(r->keys[r->n - 1], policy->v[i].key)) r->keys[r->n++] = policy->v[i].key; /* a type may stand there twice */
        }
    }
    return n;
}
