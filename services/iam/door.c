/* The door by which the gate learns who somebody is and what may be done. Snapshots, no call. */
#include "iam.h"

#include "auth/keys.h"

bool iam_key(struct txn *t, struct arena *a, str id, struct identity_key *out) {
    struct realm r = {t, a, access_key_account(a, id)};
    struct access_key key;
    struct entity user;
    if (!r.account.p || !access_key_load(&r, id, &key)) return false;
    *out = (struct identity_key){.secret = access_key_secret(&r, &key), .active = key.active};
    out->principal = principal_root(a, r.account, id);
    if (!key.user_id.p) return true;
    ASSERT(entity_load_by_id(&r, key.user_id, &user)); /* a user's keys go before the user */
    out->principal.kind = PRINCIPAL_USER;
    out->principal.arn = entity_arn(a, &user);
    out->principal.user_id = user.id;
    return true;
}

/* ---- who ---- */

/* The user that a federated session was made by, if it is the same still. */
static bool issuing_user(const struct realm *r, const struct principal *p, struct entity *e) {
    str name = str_skip(p->session_issuer, str_rfind_char(p->session_issuer, '/') + 1);
    return entity_load(r, ENTITY_USER, name, e) && str_eq(entity_arn(r->arena, e), p->session_issuer) && e->created_ms <= p->session_made_ms;
}

static bool entity_behind(const struct realm *r, const struct principal *p, struct entity *e) {
    str id = p->user_id;
    if (p->kind == PRINCIPAL_FEDERATED) return issuing_user(r, p, e);
    return entity_load_by_id(r, str_cut(&id, ':'), e);
}

static struct record_pairs tags_in(const struct realm *r, const struct entity *e) {
    struct call c = {.arena = r->arena, .txn = r->txn, .account = r->account};
    return tags_of(&c, entity_arn(r->arena, e));
}

static void tell(const struct realm *r, const struct entity *e, struct identity *identity) {
    struct source_policies list = policies_of(r, e);
    *identity = (struct identity){.exists = true, .path = e->path, .name = e->name, .service_linked = e->service.p != NULL, .tags = tags_in(r, e)};
    identity->policies.v = NEW_ARRAY(r->arena, struct identity_policy, list.n + 1);
    for (u32 i = 0; i < list.n; i++) identity->policies.v[identity->policies.n++] = (struct identity_policy){list.v[i].name, list.v[i].json};
    /* No policy can be deleted while it is a boundary. */
    if (e->boundary.p) ASSERT(policy_default(r, e->boundary, &identity->boundary));
}

void iam_identity(struct txn *t, struct arena *a, const struct principal *p, struct identity *identity) {
    static const char all[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}";
    struct realm r = {t, a, p->account};
    struct entity e;
    *identity = (struct identity){.exists = true};
    if (p->kind == PRINCIPAL_FEDERATED && str_ends(p->session_issuer, S(":root"))) {
        /* what the root may, narrowed by the session's own policies */
        identity->policies = (struct identity_policies){.v = NEW(a, struct identity_policy), .n = 1};
        identity->policies.v[0] = (struct identity_policy){S("root"), str_of(all)};
        return;
    }
    if (p->kind != PRINCIPAL_USER && p->kind != PRINCIPAL_ROLE_SESSION && p->kind != PRINCIPAL_FEDERATED) return;
    if (entity_behind(&r, p, &e)) tell(&r, &e, identity);
    else identity->exists = false;
}

bool iam_managed_policy(struct txn *t, struct arena *a, str arn, struct identity_policy *policy) {
    struct arn parts;
    if (!arn_parse(arn, &parts)) return false;
    struct realm r = {t, a, arena_str(a, parts.account)};
    return policy_default(&r, arn, policy);
}

/* "assumed-role/name/session" tells the role's name, not its path. */
static bool role_of_session(const struct realm *r, const struct arn *arn, struct entity *e) {
    str rest = arn->resource;
    if (!str_eq(arn->service, S("sts")) || !str_eq(str_cut(&rest, '/'), S("assumed-role"))) return false;
    str name = str_cut(&rest, '/');
    return name.n <= ENTITY_NAME_MAX && entity_load(r, ENTITY_ROLE, name, e) && str_eq(name, e->name);
}

static bool entity_of_arn(const struct realm *r, const struct arn *arn, str text, struct entity *e) {
    str name = str_skip(arn->resource, str_rfind_char(arn->resource, '/') + 1);
    bool user = str_starts(arn->resource, S("user/"));
    if ((!user && !str_starts(arn->resource, S("role/"))) || name.n > ENTITY_NAME_MAX) return false;
    return entity_load(r, user ? ENTITY_USER : ENTITY_ROLE, name, e) && str_eq(entity_arn(r->arena, e), text);
}

static bool entity_of_id(const struct realm *r, str id, struct entity *e) {
    return id.n <= ENTITY_NAME_MAX && entity_load_by_id(r, id, e) && (e->kind == ENTITY_USER || e->kind == ENTITY_ROLE);
}

bool iam_named(struct txn *t, struct arena *a, str account, str arn_or_id, struct identity_named *named) {
    struct realm r = {t, a, arena_str(a, account)};
    struct entity e;
    struct arn arn;
    bool found = arn_parse(arn_or_id, &arn) ? entity_of_arn(&r, &arn, arn_or_id, &e) || role_of_session(&r, &arn, &e) : entity_of_id(&r, arn_or_id, &e);
    if (found) *named = (struct identity_named){entity_arn(a, &e), e.id};
    return found;
}

/* The number of users or roles stands there once one was made, 0 too. */
bool iam_inhabited(struct txn *t, struct arena *a, str account) {
    struct realm r = {t, a, account};
    str ignored;
    return txn_get(t, realm_key(&r, "count", S("user"), (str){0}), &ignored) || txn_get(t, realm_key(&r, "count", S("role"), (str){0}), &ignored);
}

bool iam_role(struct txn *t, struct arena *a, str arn, struct identity_role *role) {
    struct arn parts;
    struct entity e;
    if (!arn_parse(arn, &parts) || !account_valid(parts.account)) return false;
    struct realm r = {t, a, arena_str(a, parts.account)};
    if (!entity_of_arn(&r, &parts, arn, &e) || e.kind != ENTITY_ROLE) return false;
    *role = (struct identity_role){entity_arn(a, &e), e.id, e.trust, e.max_session_s};
    return true;
}
