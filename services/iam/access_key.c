/* Access keys of users and of the account's root. A key names its account in its own letters, so its row is
 * found without knowing whose it is: ("access-key", key) and, to list them, ("key-of", owner, key). */
#include "iam.h"

#include "auth/keys.h"

enum { KEYS_PER_OWNER = 2 };

static str purpose_of(struct arena *a, str id) { return arena_concat(a, S("access-key "), id); }

/* Root has no id of its own; no user's is this. */
static str owner_of(const struct entity *e) { return e->id.p ? e->id : S("root"); }

bool access_key_load(const struct realm *r, str id, struct access_key *key) {
    str value;
    if (!txn_get(r->txn, realm_key(r, "access-key", id, (str){0}), &value)) return false;
    *key = (struct access_key){0};
    ASSERT(record_decode(r->arena, &access_key_record, arena_str(r->arena, value), key));
    key->id = id;
    return true;
}

static void save(const struct realm *r, const struct access_key *key) {
    txn_put(r->txn, realm_key(r, "access-key", key->id, (str){0}), record_encode(r->arena, &access_key_record, key));
}

str access_key_secret(const struct realm *r, const struct access_key *key) {
    str secret;
    ASSERT(secret_open(r->txn, r->arena, r->account, purpose_of(r->arena, key->id), key->secret, &secret));
    return secret;
}

static str status_of(const struct access_key *key) { return key->active ? S("Active") : S("Inactive"); }

/* The key of that user or of the caller; of nobody else. */
static err key_open(struct call *c, str user_name, str id, struct access_key *key) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(user_or_caller(c, user_name, &e));
    if (access_key_load(&r, id, key) && str_eq(key->user_id, e.id)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "The Access Key with id %.*s cannot be found.", STR_ARGS(id));
}

err iam_create_access_key(struct call *c, const struct iam_create_access_key_request *in, struct iam_create_access_key_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(user_or_caller(c, in->user_name, &e));
    TRY(quota_check(c, "AccessKeysPerUser", KEYS_PER_OWNER, rows_below(&r, "key-of", owner_of(&e)) + 1));
    str id = access_key_of(c->arena, S("AKIA"), c->account), secret = secret_key_new(c->arena);
    struct access_key key = {.user_id = e.id, .secret = secret_seal(c->txn, c->arena, c->account, purpose_of(c->arena, id), secret),
                             .active = true, .created_ms = c->now_ms, .id = id};
    save(&r, &key);
    txn_put(c->txn, realm_key(&r, "key-of", owner_of(&e), id), S(""));
    txn_raise_epoch(c->txn);
    out->access_key = NEW(c->arena, struct iam_access_key);
    *out->access_key = (struct iam_access_key){e.name, id, status_of(&key), secret, SOME_TIME(key.created_ms)};
    return NULL;
}

err iam_update_access_key(struct call *c, const struct iam_update_access_key_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct access_key key;
    TRY(key_open(c, in->user_name, in->access_key_id, &key));
    key.active = str_eq(in->status, S("Active"));
    save(&r, &key);
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_delete_access_key(struct call *c, const struct iam_delete_access_key_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct access_key key;
    TRY(key_open(c, in->user_name, in->access_key_id, &key));
    struct entity owner = {.id = key.user_id};
    txn_delete(c->txn, realm_key(&r, "access-key", key.id, (str){0}));
    txn_delete(c->txn, realm_key(&r, "key-of", owner_of(&owner), key.id));
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_list_access_keys(struct call *c, const struct iam_list_access_keys_request *in, struct iam_list_access_keys_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct page p;
    str id, value;
    TRY(user_or_caller(c, in->user_name, &e));
    TRY(page_open(c, &p, realm_key(&r, "key-of", owner_of(&e), (str){0}), in->marker, in->max_items));
    out->access_key_metadata = (struct iam_access_key_metadata_list_type){.v = NEW_ARRAY(c->arena, struct iam_access_key_metadata, p.max), .set = true};
    while (page_next(&p, &id, &value)) {
        struct access_key key;
        ASSERT(access_key_load(&r, id, &key));
        out->access_key_metadata.v[out->access_key_metadata.n++] =
            (struct iam_access_key_metadata){e.name, id, status_of(&key), SOME_TIME(key.created_ms)};
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

err iam_get_access_key_last_used(struct call *c, const struct iam_get_access_key_last_used_request *in,
                                 struct iam_get_access_key_last_used_response *out) {
    struct realm r = realm_of(c);
    struct access_key key;
    struct entity e = {0};
    if (!access_key_load(&r, in->access_key_id, &key))
        return fail(c, &iam_no_such_entity_exception, "The Access Key with id %.*s cannot be found.", STR_ARGS(in->access_key_id));
    if (key.user_id.p) ASSERT(entity_load_by_id(&r, key.user_id, &e));
    out->user_name = e.name;
    out->access_key_last_used = NEW(c->arena, struct iam_access_key_last_used);
    *out->access_key_last_used = (struct iam_access_key_last_used){.service_name = S("N/A"), .region = S("N/A")};
    if (key.used_ms) *out->access_key_last_used = (struct iam_access_key_last_used){SOME_TIME(key.used_ms), key.used_service, key.used_region};
    return NULL;
}

/* ---- for the door ---- */

static void mark_key(const struct realm *r, str id, str region, str service, i64 at_ms) {
    struct access_key key;
    if (!access_key_load(r, id, &key) || key.used_ms >= at_ms) return;
    key.used_ms = at_ms;
    key.used_region = region;
    key.used_service = service;
    save(r, &key);
}

static void mark_role(const struct realm *r, struct entity *e, str region, i64 at_ms) {
    e->used_ms = at_ms;
    e->used_region = region;
    entity_save(r, e);
}

void iam_key_used(struct txn *t, struct arena *a, const struct principal *p, str region, str service, str action, i64 at_ms) {
    struct realm r = {t, a, p->account};
    struct entity e;
    str id = p->user_id;
    mark_key(&r, p->access_key, region, service, at_ms);
    if (action.n) service = str_take(action, str_find_char(action, ':')); /* "cloudwatch" signs as "monitoring" */
    service_used(&r, S("account"), service, region, at_ms);
    if (p->kind == PRINCIPAL_ROOT || !entity_load_by_id(&r, str_cut(&id, ':'), &e)) return;
    if (e.kind == ENTITY_ROLE) mark_role(&r, &e, region, at_ms);
    service_used(&r, e.id, service, region, at_ms);
    if (action.n) service_used(&r, e.id, action, region, at_ms);
}
