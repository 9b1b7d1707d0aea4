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

/* ---- policies ---- */

static struct source_policy *add(const struct realm *r, struct source_policies *list, str name, str json) {
    ASSERT(list->n < POLICIES_PER_IDENTITY);
    if (!list->v) list->v = NEW_ARRAY(r->arena, struct source_policy, POLICIES_PER_IDENTITY);
    list->v[list->n] = (struct source_policy){.name = arena_str(r->arena, name), .json = arena_str(r->arena, json)};
    return &list->v[list->n++];
}

static bool document_of(const struct realm *r, str arn, struct identity_policy *policy) {
    struct entity e;
    struct policy_version v;
    if (!policy_load(r, arn, &e) || !policy_document(r, &e, e.default_version, &v)) return false;
    *policy = (struct identity_policy){arn, v.document};
    return true;
}

/* Those of one user, group or role. */
static void add_of_owner(const struct realm *r, struct source_policies *list, const struct entity *owner) {
    str from = realm_key(r, "inline", owner->id, (str){0}), key, value;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n), name;
        ASSERT(key_read_str(&rest, r->arena, &name));
        struct source_policy *p = add(r, list, name, value);
        p->owner_kind = owner->kind;
        p->owner = owner->name;
        p->inlined = true;
    }
    from = realm_key(r, "attached", owner->id, (str){0});
    rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        struct identity_policy policy;
        if (!document_of(r, arena_str(r->arena, value), &policy)) continue;
        struct source_policy *p = add(r, list, policy.name, policy.json);
        p->owner_kind = owner->kind;
        p->owner = owner->name;
    }
}

struct source_policies policies_of(const struct realm *r, const struct entity *e) {
    struct source_policies list = {0};
    struct entity group;
    add_of_owner(r, &list, e);
    if (e->kind != ENTITY_USER) return list;
    str from = realm_key(r, "in", e->id, (str){0}), key;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), id;
        ASSERT(key_read_str(&rest, r->arena, &id) && entity_load_by_id(r, arena_str(r->arena, id), &group));
        add_of_owner(r, &list, &group);
    }
    return list;
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
    if (e->boundary.p) ASSERT(document_of(r, e->boundary, &identity->boundary));
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
    return document_of(&r, arn, policy);
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
