/* Principals as policies name them, held against who calls. Source: the IAM user guide, "AWS JSON policy
 * elements: Principal" and "NotPrincipal". */
#include "policy_form.h"

static bool is_account(str s) {
    if (s.n != 12) return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return true;
}

/* "AIDA...", "AROA...": what AWS makes of an ARN whose user or role is gone, and what may be written too. */
static bool is_unique_id(str s) {
    if (s.n < 16 || s.n > 128) return false;
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9'))) return false;
    return s.p[0] == 'A';
}

/* "arn:aws:iam::123456789012:" and something behind, or of sts; false: no ARN of a principal. */
static bool read_arn(str s, str *account, str *resource) {
    str rest = s;
    if (!str_eq(str_cut(&rest, ':'), S("arn"))) return false;
    str partition = str_cut(&rest, ':'), service = str_cut(&rest, ':'), region = str_cut(&rest, ':');
    *account = rest.p ? str_cut(&rest, ':') : (str){0};
    *resource = rest;
    bool known = str_eq(service, S("iam")) || str_eq(service, S("sts"));
    return str_starts(partition, S("aws")) && known && region.n == 0 && is_account(*account) && rest.n;
}

bool principal_name_compile(enum principal_type type, str value, struct principal_name *name) {
    *name = (struct principal_name){.type = (u8)type, .value = value};
    if (type != PRINCIPAL_TYPE_AWS) return true;
    str account, resource;
    if (str_eq(value, S("*"))) {
        name->type = PRINCIPAL_TYPE_ANY;
    } else if (is_account(value)) {
        name->account = true;
    } else if (read_arn(value, &account, &resource)) {
        name->account = str_eq(resource, S("root"));
        if (name->account) name->value = account;
        if (str_starts(resource, S("id/"))) name->value = str_skip(resource, 3); /* cloud/policy_principal.h */
    } else {
        return is_unique_id(value);
    }
    return true;
}

/* "logs.us-east-1.amazonaws.com" names the service in that region, and the service is one. */
static bool service_named(str name, str service) {
    if (str_eq(name, service)) return true;
    str rest = name;
    str first = str_cut(&rest, '.'), region = str_cut(&rest, '.');
    bool regional = region.n > 6 && region.p[region.n - 1] >= '0' && region.p[region.n - 1] <= '9' && str_find_char(region, '-') != STR_NONE;
    str of_service = service;
    return regional && rest.p && str_eq(str_cut(&of_service, '.'), first) && str_eq(of_service, rest);
}

static bool of_account(const struct principal *p) { return p->account.n && p->kind != PRINCIPAL_SERVICE && p->kind != PRINCIPAL_ANONYMOUS; }
static unsigned by_account(const struct principal *p) { return p->kind == PRINCIPAL_ROOT ? MATCH_DIRECT : MATCH_ACCOUNT; }

/* An account by another name of its own. */
static unsigned canonical_named(str id, const struct principal *p) {
    char own[CANONICAL_ID];
    if (!of_account(p)) return 0;
    account_canonical_id(p->account, own);
    return str_eq(id, (str){own, sizeof own}) ? by_account(p) : 0;
}

static unsigned aws_named(const struct principal_name *n, const struct principal *p) {
    if (n->account) return of_account(p) && str_eq(n->value, p->account) ? by_account(p) : 0;
    if (p->kind == PRINCIPAL_SERVICE) return 0;
    if (p->arn.n && str_eq(n->value, p->arn)) return MATCH_DIRECT;
    if (p->session_issuer.n && str_eq(n->value, p->session_issuer)) return MATCH_ROLE;
    if (p->session_issuer_id.n && str_eq(n->value, p->session_issuer_id)) return MATCH_ROLE;
    if (!p->user_id.n || p->kind == PRINCIPAL_ROOT) return 0;
    if (str_eq(n->value, p->user_id)) return MATCH_DIRECT;
    str id = p->user_id; /* "AROA...:session" */
    return p->kind == PRINCIPAL_ROLE_SESSION && str_eq(n->value, str_cut(&id, ':')) ? MATCH_ROLE : 0;
}

static unsigned named(const struct principal_name *n, const struct principal *p) {
    switch ((enum principal_type)n->type) {
    case PRINCIPAL_TYPE_ANY: return MATCH_DIRECT;
    case PRINCIPAL_TYPE_AWS: return aws_named(n, p);
    case PRINCIPAL_TYPE_SERVICE: return p->kind == PRINCIPAL_SERVICE && service_named(n->value, p->arn) ? MATCH_DIRECT : 0;
    case PRINCIPAL_TYPE_FEDERATED: return p->federated_provider.n && str_eq(n->value, p->federated_provider) ? MATCH_DIRECT : 0;
    case PRINCIPAL_TYPE_CANONICAL: return canonical_named(n->value, p);
    }
    return 0;
}

unsigned principal_named(const struct principal_names *names, const struct principal *p) {
    unsigned matches = 0;
    for (u32 i = 0; i < names->n; i++) matches |= named(&names->v[i], p);
    return matches;
}

/* A caller stands for several names: the account, the role, the session. AWS takes a caller out of a Deny
 * only if each of them is listed, which is why its examples list the account and the role too. */
bool principal_excepted(const struct principal_names *names, const struct principal *p, bool any) {
    unsigned listed = principal_named(names, p);
    if (any) return listed != 0;
    bool issued = p->kind == PRINCIPAL_ROLE_SESSION || p->kind == PRINCIPAL_FEDERATED;
    unsigned wanted = MATCH_DIRECT | (issued ? MATCH_ROLE : 0u) | (issued || p->kind == PRINCIPAL_USER ? MATCH_ACCOUNT : 0u);
    for (u32 i = 0; i < names->n; i++)
        if (names->v[i].type == PRINCIPAL_TYPE_ANY) return true;
    return (listed & wanted) == wanted;
}
