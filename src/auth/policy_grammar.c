/* What a policy may say where, and AWS's sentence when it says another thing. IAM complains in stages over
 * the whole document: version, the legacy parser, statement ids, presence of elements, resources, actions.
 * The sentences and their order are IAM's answers as people met them (MalformedPolicyDocument). */
#include "policy_form.h"

static bool has_wildcard(str s) { return str_find_char(s, '*') != STR_NONE || str_find_char(s, '?') != STR_NONE; }

static const struct texts *actions_of(const struct raw_statement *s) { return s->actions.given ? &s->actions : &s->not_actions; }
static const struct texts *resources_of(const struct raw_statement *s) { return s->resources.given ? &s->resources : &s->not_resources; }

/* The n-th part between colons; absent behind the last. */
static str part_of(str arn, int n) {
    str rest = arn, part = {0};
    for (int i = 0; i <= n; i++) part = rest.p ? str_cut(&rest, ':') : (str){0};
    return part;
}
static int colons_in(str s) {
    int n = 0;
    for (size_t i = 0; i < s.n; i++) n += s.p[i] == ':';
    return n;
}

/* ---- the legacy parser ---- */

static bool legacy_resource(str r) {
    if (!str_starts(r, S("arn:aws:"))) return true;
    if (colons_in(r) < 5 && str_find(r, S("::")) != STR_NONE) return false;
    str vendor = part_of(r, 2);
    return !vendor.p || vendor.n;
}

static bool legacy_passes(const struct raw_statement *s, struct arena *a) {
    if (!str_eq(s->effect, S("Allow")) && !str_eq(s->effect, S("Deny"))) return false;
    const struct texts *resources = resources_of(s);
    for (u32 i = 0; i < resources->n; i++)
        if (!legacy_resource(resources->v[i])) return false;
    for (u32 i = 0; i < s->condition_count; i++) {
        const struct raw_condition *c = &s->conditions[i];
        struct condition ignored;
        bool legacy = false;
        if (!condition_compile(a, c->operator_name, c->key, c->values.v, c->values.n, true, &ignored, &legacy) || legacy) return false;
    }
    return true;
}

/* ---- statement ids ---- */

static str judge_sids(const struct raw_policy *raw, enum policy_kind kind) {
    bool plain = kind == POLICY_IDENTITY || kind == POLICY_SERVICE_CONTROL;
    for (u32 i = 0; i < raw->n; i++) {
        str sid = raw->statements[i].sid;
        for (u32 j = 0; j < i && sid.n && kind != POLICY_RESOURCE_ANY_SID; j++)
            if (str_eq(sid, raw->statements[j].sid)) return S("Statement IDs (SID) in a single policy must be unique.");
        for (size_t k = 0; k < sid.n && plain; k++) {
            char c = sid.p[k];
            if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9'))
                return S("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*");
        }
    }
    return (str){0};
}

/* ---- resources ---- */

static bool partition_known(str p) {
    static const char *const partitions[] = {"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"};
    for (size_t i = 0; i < LENGTH(partitions); i++)
        if (str_eq(p, str_of(partitions[i]))) return true;
    return has_wildcard(p) && str_starts(p, S("aws"));
}

/* IAM shows the resource with six parts, the missing ones as stars. */
static str judge_partition(str resource, struct arena *a) {
    str rest = resource;
    (void)str_cut(&rest, ':');
    str partition = part_of(resource, 1);
    if (partition_known(partition)) return (str){0};
    struct buf b = buf_new(a, 64 << 10);
    buf_format(&b, "Partition \"%.*s\" is not valid for resource \"arn:%.*s", STR_ARGS(partition), STR_ARGS(rest));
    for (int n = colons_in(resource); n < 5; n++) buf_add(&b, S(":*"));
    buf_add(&b, S("\"."));
    return buf_str(&b);
}

static bool iam_path_known(str path) {
    static const char *const paths[] = {"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
                                        "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"};
    if (!path.n || path.p[0] == '*' || str_eq(path, S("root")) || str_starts(path, S("${"))) return path.n > 0;
    for (size_t i = 0; i < LENGTH(paths); i++)
        if (str_starts(path, str_of(paths[i])) || (has_wildcard(path) && str_starts(str_of(paths[i]), str_take(path, MIN(str_find_char(path, '*'), str_find_char(path, '?'))))))
            return true;
    return false;
}

static str judge_resource(str r, struct arena *a) {
    if (str_eq(r, S("*"))) return (str){0};
    if (str_find_char(r, ':') == STR_NONE) return arena_format(a, "Resource %.*s must be in ARN format or \"*\".", STR_ARGS(r));
    str problem = judge_partition(r, a);
    if (problem.p) return problem;
    str vendor = part_of(r, 2), region = part_of(r, 3), path = part_of(r, 5);
    if (!vendor.p || has_wildcard(vendor)) return S("Resource vendor must be fully qualified and cannot contain regexes.");
    if (str_eq(vendor, S("s3")) && region.n && !str_eq(region, S("*")) && !str_starts(path, S("accesspoint")) && !str_starts(path, S("storage-lens"))
        && !str_starts(path, S("job")))
        return arena_format(a, "Resource %.*s can not contain region information.", STR_ARGS(r));
    if (!str_eq(vendor, S("iam"))) return (str){0};
    if (region.n && !str_eq(region, S("*"))) return arena_format(a, "IAM resource %.*s cannot contain region information.", STR_ARGS(r));
    if (path.p && !iam_path_known(path))
        return S("IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, "
                 "server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.");
    return (str){0};
}

/* ---- actions ---- */

static str judge_action(str action, struct arena *a) {
    if (str_eq(action, S("*"))) return (str){0};
    int colons = colons_in(action);
    if (!colons) return S("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    if (colons > 1) return S("Actions/Condition can contain only one colon.");
    str rest = action, vendor = str_cut(&rest, ':');
    bool valid = vendor.n > 0;
    for (size_t i = 0; i < vendor.n; i++) {
        char c = vendor.p[i];
        bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
        valid = valid && (letter || c == '-' || c == '.');
    }
    return valid ? (str){0} : arena_format(a, "Vendor %.*s is not valid", STR_ARGS(vendor));
}

/* ---- principals ---- */

static str judge_principals(const struct raw_statement *s, enum policy_kind kind, struct arena *a) {
    static const char *const types[] = {"", "AWS", "SERVICE", "FEDERATED", "CANONICALUSER"};
    bool any = s->principal || s->not_principal;
    if (kind == POLICY_IDENTITY || kind == POLICY_SERVICE_CONTROL)
        return any ? S("Policy document should not specify a principal.") : (str){0};
    if (!any) return S("Missing required field Principal");
    if (kind == POLICY_TRUST && s->not_principal) return S("Prohibited field NotPrincipal");
    u32 n = 0;
    for (int type = 0; type <= PRINCIPAL_TYPE_CANONICAL; type++)
        for (u32 i = 0; i < s->principals[type].n; i++, n++) {
            struct principal_name ignored;
            str value = s->principals[type].v[i];
            if (!value.n || !principal_name_compile((enum principal_type)type, value, &ignored))
                return arena_format(a, "Invalid principal in policy: \"%s\":\"%.*s\"", types[type], STR_ARGS(value));
        }
    return n ? (str){0} : S("Missing required field Principal");
}

static bool sts_action(str action) {
    return str_eq(action, S("*")) || (action.n >= 4 && str_eq_nocase(str_take(action, 4), S("sts:")));
}

static str judge_trust(const struct raw_statement *s) {
    if (s->resources.given) return S("Has prohibited field Resource");
    if (s->not_resources.given) return S("Has prohibited field NotResource");
    const struct texts *actions = actions_of(s);
    for (u32 i = 0; i < actions->n; i++)
        if (!sts_action(actions->v[i])) return S("AssumeRole policy may only specify STS AssumeRole actions.");
    return (str){0};
}

/* ---- all of it ---- */

static str judge_presence(const struct raw_statement *s, enum policy_kind kind, struct arena *a) {
    if (!actions_of(s)->n) return S("Policy statement must contain actions.");
    bool wants_resource = kind == POLICY_IDENTITY || kind == POLICY_SERVICE_CONTROL || kind == POLICY_RESOURCE_CONTROL;
    if (wants_resource && !resources_of(s)->n) return S("Policy statement must contain resources.");
    str problem = judge_principals(s, kind, a);
    if (problem.p || kind != POLICY_TRUST) return problem;
    return judge_trust(s);
}

static str judge_words(const struct raw_statement *s, enum policy_kind kind, struct arena *a) {
    str problem = {0};
    const struct texts *resources = resources_of(s), *actions = actions_of(s);
    bool of_resource = kind == POLICY_RESOURCE || kind == POLICY_RESOURCE_ANY_SID;
    for (u32 i = 0; i < resources->n && !problem.p && !of_resource; i++) problem = judge_resource(resources->v[i], a);
    for (u32 i = 0; i < actions->n && !problem.p; i++) problem = judge_action(actions->v[i], a);
    return problem;
}

str policy_judge(const struct raw_policy *raw, enum policy_kind kind, struct arena *a) {
    bool newest = kind == POLICY_IDENTITY || kind == POLICY_SERVICE_CONTROL || kind == POLICY_RESOURCE_CONTROL;
    if (newest && !str_eq(raw->version, S("2012-10-17"))) return S("Policy document must be version 2012-10-17 or greater.");
    for (u32 i = 0; i < raw->n; i++)
        if (!legacy_passes(&raw->statements[i], a)) return S("The policy failed legacy parsing");
    str problem = judge_sids(raw, kind);
    for (u32 i = 0; i < raw->n && !problem.p; i++) problem = judge_presence(&raw->statements[i], kind, a);
    for (u32 i = 0; i < raw->n && !problem.p; i++) problem = judge_words(&raw->statements[i], kind, a);
    return problem;
}
