/* In a bound policy "arn:aws:iam::123456789012:id/AIDA..." stands for a user or role of the account, and
 * "...:id/AROA...:session" for a session in a role. Nobody can write such an ARN: it names no user and no role. */
#include "cloud/policy_principal.h"

#include "base/encode.h"
#include "cloud/gate.h"
#include "text/tree.h"

/* ---- one name ---- */

static bool find(struct call *c, str account, str arn_or_id, struct identity_named *named) {
    const struct identity_door *door = identity_door_of(c);
    return door->named && door->named(gate_txn(c), c->arena, account, arn_or_id, named);
}

static bool taken_on_trust(struct call *c, str account) {
    const struct identity_door *door = identity_door_of(c);
    return !door->named || (!str_eq(account, c->account) && !door->inhabited(gate_txn(c), c->arena, account));
}

static str bound_name(struct arena *a, str account, str id, str session) {
    return arena_format(a, "arn:aws:iam::%.*s:id/%.*s%s%.*s", STR_ARGS(account), STR_ARGS(id), session.n ? ":" : "", STR_ARGS(session));
}

/* The session in "assumed-role/role/session"; absent: none. */
static str session_of(const struct arn *arn) {
    str rest = arn->resource;
    if (!str_eq(arn->service, S("sts")) || !str_eq(str_cut(&rest, '/'), S("assumed-role"))) return (str){0};
    (void)str_cut(&rest, '/');
    return rest;
}

static bool names_one(const struct arn *arn) {
    str resource = arn->resource;
    if (str_find_char(resource, '*') != STR_NONE || str_find_char(resource, '?') != STR_NONE) return false;
    if (str_eq(arn->service, S("sts"))) return session_of(arn).n || str_starts(resource, S("federated-user/"));
    return str_eq(arn->service, S("iam")) && (str_starts(resource, S("user/")) || str_starts(resource, S("role/")));
}

static bool bind_one(struct call *c, str name, str *bound) {
    struct identity_named named;
    struct arn arn;
    *bound = name;
    if (str_eq(name, S("*"))) return true;
    if (account_valid(name)) {
        *bound = arena_format(c->arena, "arn:aws:iam::%.*s:root", STR_ARGS(name));
        return true;
    }
    if (!arn_parse(name, &arn)) {
        if (!find(c, c->account, name, &named)) return false;
        *bound = bound_name(c->arena, c->account, named.id, (str){0});
        return true;
    }
    if (!account_valid(arn.account)) return false;
    if (str_eq(arn.service, S("iam")) && str_eq(arn.resource, S("root"))) return true;
    if (!names_one(&arn)) return false;
    if (str_starts(arn.resource, S("federated-user/"))) return true;
    if (!find(c, arn.account, name, &named)) return taken_on_trust(c, arn.account);
    *bound = bound_name(c->arena, arn.account, named.id, session_of(&arn));
    return true;
}

static str name_shown(struct call *c, str bound) {
    struct identity_named named;
    struct arn arn;
    if (!arn_parse(bound, &arn) || !str_starts(arn.resource, S("id/"))) return bound;
    str session = str_skip(arn.resource, 3), id = str_cut(&session, ':');
    if (!find(c, arn.account, id, &named)) return str_skip(arn.resource, 3);
    if (!session.n) return named.arn;
    str role = str_skip(named.arn, str_rfind_char(named.arn, '/') + 1);
    return arena_format(c->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", STR_ARGS(arn.account), STR_ARGS(role), STR_ARGS(session));
}

/* DIFFERS: AWS knows its services by name. */
static bool service_well_formed(str name) {
    for (size_t i = 0; i < name.n; i++) {
        char ch = name.p[i], lower = (char)(ch | 32);
        if (!(lower >= 'a' && lower <= 'z') && !(ch >= '0' && ch <= '9') && ch != '-' && ch != '.') return false;
    }
    str last = str_ends(name, S(".cn")) ? str_take(name, name.n - 3) : name;
    return name.n && name.p[0] != '.' && str_ends(last, S(".amazonaws.com"));
}

/* A provider by its ARN, or one of the web's by its name. DIFFERS: the provider need not be there yet. */
static bool provider_well_formed(str name) {
    struct arn arn;
    if (!arn_parse(name, &arn)) return str_find_char(name, '.') != STR_NONE && str_find_char(name, '*') == STR_NONE;
    str rest = arn.resource, kind = str_cut(&rest, '/');
    return str_eq(arn.service, S("iam")) && account_valid(arn.account) && rest.n && (str_eq(kind, S("saml-provider")) || str_eq(kind, S("oidc-provider")));
}

/* DIFFERS: any that has the form of one: whose it is cannot be told from it. */
static bool canonical_well_formed(str id) {
    u8 bytes[CANONICAL_ID / 2];
    return id.n == CANONICAL_ID && hex_decode(id, bytes);
}

/* ---- all names of a policy ---- */

struct rewriting {
    struct call *call;
    str policy;
    struct buf out;
    size_t copied; /* bytes of the policy that are in `out` */
    struct policy_stranger stranger;
    bool (*name)(struct rewriting *w, str type, str name, str *written); /* false: ends it */
};

static bool rewrite_name(struct rewriting *w, str type, const struct json_node *n) {
    str written = n->text;
    if (!w->name(w, type, n->text, &written)) return false;
    if (str_eq(written, n->text)) return true;
    struct buf quoted = buf_new(w->call->arena, 6 * written.n + 2);
    json_write_string(&quoted, written);
    buf_add(&w->out, str_take(str_skip(w->policy, w->copied), n->at - w->copied));
    buf_add(&w->out, buf_str(&quoted));
    w->copied = n->end;
    return true;
}

static bool rewrite_principals(struct rewriting *w, const struct json_node *principals) {
    for (const struct json_node *type = principals->first; type; type = type->next) {
        if (type->type == JSON_STRING && !rewrite_name(w, type->key, type)) return false;
        for (const struct json_node *n = type->type == JSON_ARRAY ? type->first : NULL; n; n = n->next)
            if (n->type == JSON_STRING && !rewrite_name(w, type->key, n)) return false;
    }
    return true;
}

static bool rewrite_statement(struct rewriting *w, const struct json_node *statement) {
    for (const struct json_node *m = statement->type == JSON_OBJECT ? statement->first : NULL; m; m = m->next) {
        bool principals = str_eq(m->key, S("Principal")) || str_eq(m->key, S("NotPrincipal"));
        if (principals && m->type == JSON_OBJECT && !rewrite_principals(w, m)) return false;
    }
    return true;
}

static bool rewrite(struct rewriting *w, str *written) {
    *written = w->policy;
    const struct json_node *root = json_tree(w->call->arena, w->policy, json_default_limits, NULL, NULL);
    if (!root || root->type != JSON_OBJECT) return true;
    /* The ARN of an id, with fifty bytes, becomes that of an owner whose path has 512, each perhaps escaped. */
    w->out = buf_new(w->call->arena, 32 * w->policy.n + 256);
    for (const struct json_node *m = root->first; m; m = m->next) {
        if (!str_eq(m->key, S("Statement"))) continue;
        if (!rewrite_statement(w, m)) return false;
        for (const struct json_node *n = m->type == JSON_ARRAY ? m->first : NULL; n; n = n->next)
            if (!rewrite_statement(w, n)) return false;
    }
    if (!w->copied) return true;
    buf_add(&w->out, str_skip(w->policy, w->copied));
    ASSERT(!w->out.over);
    *written = buf_str(&w->out);
    return true;
}

static bool bind_name(struct rewriting *w, str type, str name, str *written) {
    const char *kind = NULL;
    if (str_eq(type, S("AWS")) && !bind_one(w->call, name, written)) kind = "AWS";
    if (str_eq(type, S("Service")) && !service_well_formed(name)) kind = "SERVICE";
    if (str_eq(type, S("Federated")) && !provider_well_formed(name)) kind = "FEDERATED";
    if (str_eq(type, S("CanonicalUser")) && !canonical_well_formed(name)) kind = "CanonicalUser";
    if (kind) w->stranger = (struct policy_stranger){kind, name};
    return !kind;
}

static bool show_name(struct rewriting *w, str type, str name, str *written) {
    if (str_eq(type, S("AWS"))) *written = name_shown(w->call, name);
    return true;
}

bool policy_principals_bind(struct call *c, str policy, str *bound, struct policy_stranger *stranger) {
    struct rewriting w = {.call = c, .policy = policy, .name = bind_name};
    bool known = rewrite(&w, bound);
    gate_txn_end(c);
    if (!known && stranger) *stranger = w.stranger;
    return known;
}

str policy_principals_shown(struct call *c, str bound) {
    struct rewriting w = {.call = c, .policy = bound, .name = show_name};
    str shown = bound;
    if (str_find(bound, S(":id/")) != STR_NONE) (void)rewrite(&w, &shown);
    gate_txn_end(c);
    return shown;
}

/* ---- one name alone ---- */

bool policy_principal_bind(struct call *c, str name, str *bound) {
    bool known = bind_one(c, name, bound);
    gate_txn_end(c);
    return known;
}

str policy_principal_shown(struct call *c, str bound) {
    str shown = name_shown(c, bound);
    gate_txn_end(c);
    return shown;
}

u32 policy_principal_names(const struct call *c, str names[PRINCIPAL_NAMES_MAX]) {
    const struct principal *p = c->principal;
    u32 n = 0;
    if (p->arn.n) names[n++] = p->arn; /* as a root has it, a guest, and who was taken on trust */
    if (p->session_issuer.n) names[n++] = p->session_issuer;
    if (p->kind == PRINCIPAL_FEDERATED && p->session_issuer_id.n) names[n++] = bound_name(c->arena, p->account, p->session_issuer_id, (str){0});
    if (p->kind != PRINCIPAL_USER && p->kind != PRINCIPAL_ROLE_SESSION) return n;
    str session = p->user_id, id = str_cut(&session, ':');
    names[n++] = bound_name(c->arena, p->account, id, (str){0});
    if (session.n) names[n++] = bound_name(c->arena, p->account, id, session);
    return n;
}
