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

static void add(const struct realm *r, struct identity *identity, str name, str json) {
    struct identity_policies *list = &identity->policies;
    ASSERT(list->n < POLICIES_PER_IDENTITY);
    if (!list->v) list->v = NEW_ARRAY(r->arena, struct identity_policy, POLICIES_PER_IDENTITY);
    list->v[list->n++] = (struct identity_policy){arena_str(r->arena, name), arena_str(r->arena, json)};
}

static bool document_of(const struct realm *r, str arn, struct identity_policy *policy) {
    struct entity e;
    struct policy_version v;
    if (!policy_load(r, arn, &e) || !policy_document(r, &e, e.default_version, &v)) return false;
    *policy = (struct identity_policy){arn, v.document};
    return true;
}

/* Those of one user, group or role. */
static void add_of_owner(const struct realm *r, struct identity *identity, str owner_id) {
    str from = realm_key(r, "inline", owner_id, (str){0}), key, value;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n), name;
        ASSERT(key_read_str(&rest, r->arena, &name));
        add(r, identity, name, value);
    }
    from = realm_key(r, "attached", owner_id, (str){0});
    rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        struct identity_policy policy;
        if (document_of(r, arena_str(r->arena, value), &policy)) add(r, identity, policy.name, policy.json);
    }
}

static void add_of_groups(const struct realm *r, struct identity *identity, str user_id) {
    str from = realm_key(r, "in", user_id, (str){0}), key, value;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n), group;
        ASSERT(key_read_str(&rest, r->arena, &group));
        add_of_owner(r, identity, arena_str(r->arena, group));
    }
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
    struct record_pairs tags = tags_of(&c, entity_arn(r->arena, e));
    for (u32 i = 0; i < tags.n; i++)
        tags.v[i] = (struct record_pair){arena_str(r->arena, tags.v[i].key), arena_str(r->arena, tags.v[i].value)};
    return tags;
}

void iam_identity_of(const struct realm *r, const struct entity *e, struct identity *identity) {
    *identity = (struct identity){.exists = true, .path = e->path, .name = e->name, .service_linked = e->service.p != NULL};
    add_of_owner(r, identity, e->id);
    if (e->kind == ENTITY_USER) add_of_groups(r, identity, e->id);
    if (e->kind != ENTITY_GROUP) identity->tags = tags_in(r, e);
    /* A boundary whose policy is gone allows nothing: no policy can be deleted while it is one. */
    if (e->boundary.p) ASSERT(document_of(r, e->boundary, &identity->boundary));
}

void iam_identity(struct txn *t, struct arena *a, const struct principal *p, struct identity *identity) {
    struct realm r = {t, a, p->account};
    struct entity e;
    *identity = (struct identity){.exists = true};
    bool roots = p->kind == PRINCIPAL_FEDERATED && str_ends(p->session_issuer, S(":root"));
    if (roots) /* what the root may, narrowed by the session's own policies */
        add(&r, identity, S("root"), S("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"));
    if (roots || (p->kind != PRINCIPAL_USER && p->kind != PRINCIPAL_ROLE_SESSION && p->kind != PRINCIPAL_FEDERATED)) return;
    if (entity_behind(&r, p, &e)) iam_identity_of(&r, &e, identity);
    else identity->exists = false;
}

bool iam_managed_policy(struct txn *t, struct arena *a, str arn, struct identity_policy *policy) {
    struct arn parts;
    if (!arn_parse(arn, &parts)) return false;
    struct realm r = {t, a, arena_str(a, parts.account)};
    return document_of(&r, arn, policy);
}

bool iam_role(struct txn *t, struct arena *a, str arn, struct identity_role *role) {
    struct arn parts;
    struct entity e;
    if (!arn_parse(arn, &parts) || !account_valid(parts.account)) return false;
    struct realm r = {t, a, arena_str(a, parts.account)};
    str name = str_skip(parts.resource, str_rfind_char(parts.resource, '/') + 1);
    if (!str_starts(parts.resource, S("role/")) || !entity_load(&r, ENTITY_ROLE, name, &e) || !str_eq(entity_arn(a, &e), arn)) return false;
    *role = (struct identity_role){entity_arn(a, &e), e.id, e.trust, e.max_session_s};
    return true;
}
