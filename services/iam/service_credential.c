/* Credentials for one service each: ("credential", user id, id).
 *
 * DIFFERS: no service here asks for them yet: CodeCommit, Keyspaces and Bedrock have no room. */
#include "iam.h"

#include "crypto/crypto.h"

enum { PER_SERVICE = 2, SECRET_LENGTH = 44 };

/* `keyed`: they hand out a key with an alias instead of a name and a password, and it may expire. */
static const struct {
    const char *service;
    bool keyed;
} supported[] = {{"codecommit.amazonaws.com", false}, {"cassandra.amazonaws.com", false}, {"bedrock.amazonaws.com", true}, {"logs.amazonaws.com", true}};

static err check_service(struct call *c, str service, bool *keyed) {
    for (size_t i = 0; i < LENGTH(supported); i++) {
        *keyed = supported[i].keyed;
        if (str_eq(service, str_of(supported[i].service))) return NULL;
    }
    return fail(c, &iam_no_such_entity_exception, "No such service %.*s is supported for Service Specific Credentials", STR_ARGS(service));
}

static bool load(const struct realm *r, str user_id, str id, struct credential *credential) {
    str value;
    if (!txn_get(r->txn, realm_key(r, "credential", user_id, id), &value)) return false;
    *credential = (struct credential){0};
    ASSERT(record_decode(r->arena, &credential_record, arena_str(r->arena, value), credential));
    return true;
}

static void save(const struct realm *r, str user_id, str id, const struct credential *credential) {
    txn_put(r->txn, realm_key(r, "credential", user_id, id), record_encode(r->arena, &credential_record, credential));
}

static err credential_open(struct call *c, str user_name, str id, struct entity *e, struct credential *credential) {
    struct realm r = realm_of(c);
    TRY(user_or_caller(c, user_name, e));
    if (e->id.p && load(&r, e->id, id, credential)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "No such credential %.*s exists", STR_ARGS(id));
}

static str new_secret(struct call *c, str id, struct credential *credential) {
    u8 bytes[33];
    random_bytes(bytes, sizeof bytes);
    str secret = base64_of(c->arena, (str){(char *)bytes, sizeof bytes});
    ASSERT(secret.n == SECRET_LENGTH);
    credential->secret = secret_seal(c->txn, c->arena, c->account, arena_concat(c->arena, S("service credential "), id), secret);
    return secret;
}

static bool is_keyed(const struct credential *credential) {
    for (size_t i = 0; i < LENGTH(supported); i++)
        if (str_eq(credential->service, str_of(supported[i].service))) return supported[i].keyed;
    return false;
}

static str status_of(const struct call *c, const struct credential *credential) {
    if (credential->expires_ms && credential->expires_ms <= c->now_ms) return S("Expired");
    return credential->active ? S("Active") : S("Inactive");
}

static struct iam_service_specific_credential *shown(struct call *c, const struct entity *e, str id, const struct credential *credential, str secret) {
    struct iam_service_specific_credential *s = NEW(c->arena, struct iam_service_specific_credential);
    bool keyed = is_keyed(credential);
    *s = (struct iam_service_specific_credential){.create_date = SOME_TIME(credential->created_ms), .service_name = credential->service,
                                                  .service_specific_credential_id = id, .user_name = e->name, .status = status_of(c, credential)};
    *(keyed ? &s->service_credential_alias : &s->service_user_name) = credential->name;
    *(keyed ? &s->service_credential_secret : &s->service_password) = secret;
    if (credential->expires_ms) s->expiration_date = SOME_TIME(credential->expires_ms);
    return s;
}

static i64 of_service(const struct realm *r, str user_id, str service) {
    str from = realm_key(r, "credential", user_id, (str){0}), key, value;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    i64 n = 0;
    while (range_next(&rows, &key, &value)) {
        struct credential other = {0};
        ASSERT(record_decode(r->arena, &credential_record, value, &other));
        n += str_eq(other.service, service);
    }
    return n;
}

err iam_create_service_specific_credential(struct call *c, const struct iam_create_service_specific_credential_request *in,
                                           struct iam_create_service_specific_credential_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    bool keyed;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    TRY(check_service(c, in->service_name, &keyed));
    if (in->credential_age_days.set && !keyed)
        return fail(c, &iam_invalid_input_exception, "CredentialAgeDays is not supported for %.*s", STR_ARGS(in->service_name));
    i64 have = of_service(&r, e.id, in->service_name);
    TRY(quota_check(c, "ServiceSpecificCredentialsPerUser", PER_SERVICE, have + 1));
    struct credential credential = {.service = in->service_name, .active = true, .created_ms = c->now_ms};
    if (in->credential_age_days.set) credential.expires_ms = c->now_ms + (i64)in->credential_age_days.v * 86400000;
    str id = arena_format(c->arena, "ACCA%.*s", STR_ARGS(id_from(c->arena, S("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 17)));
    str number = have ? arena_format(c->arena, "+%lld", (long long)have) : S("");
    credential.name = arena_format(c->arena, "%.*s%.*s-at-%.*s", STR_ARGS(e.name), STR_ARGS(number), STR_ARGS(c->account));
    str secret = new_secret(c, id, &credential);
    save(&r, e.id, id, &credential);
    out->service_specific_credential = shown(c, &e, id, &credential, secret);
    return NULL;
}

err iam_reset_service_specific_credential(struct call *c, const struct iam_reset_service_specific_credential_request *in,
                                          struct iam_reset_service_specific_credential_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct credential credential;
    TRY(credential_open(c, in->user_name, in->service_specific_credential_id, &e, &credential));
    str secret = new_secret(c, in->service_specific_credential_id, &credential);
    save(&r, e.id, in->service_specific_credential_id, &credential);
    out->service_specific_credential = shown(c, &e, in->service_specific_credential_id, &credential, secret);
    return NULL;
}

err iam_update_service_specific_credential(struct call *c, const struct iam_update_service_specific_credential_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct credential credential;
    TRY(credential_open(c, in->user_name, in->service_specific_credential_id, &e, &credential));
    credential.active = str_eq(in->status, S("Active"));
    save(&r, e.id, in->service_specific_credential_id, &credential);
    return NULL;
}

err iam_delete_service_specific_credential(struct call *c, const struct iam_delete_service_specific_credential_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct credential credential;
    TRY(credential_open(c, in->user_name, in->service_specific_credential_id, &e, &credential));
    txn_delete(c->txn, realm_key(&r, "credential", e.id, in->service_specific_credential_id));
    return NULL;
}

err iam_list_service_specific_credentials(struct call *c, const struct iam_list_service_specific_credentials_request *in,
                                          struct iam_list_service_specific_credentials_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct page p;
    str id, value;
    bool keyed;
    if (in->service_name.p) TRY(check_service(c, in->service_name, &keyed));
    if (in->all_users.set && in->all_users.v)
        return fail(c, &iam_service_not_supported_exception, "AllUsers is not supported.");
    TRY(user_or_caller(c, in->user_name, &e));
    TRY(page_open(c, &p, realm_key(&r, "credential", e.id.p ? e.id : S("root"), (str){0}), in->marker, in->max_items));
    out->service_specific_credentials =
        (struct iam_service_specific_credentials_list_type){.v = NEW_ARRAY(c->arena, struct iam_service_specific_credential_metadata, p.max), .set = true};
    while (page_next(&p, &id, &value)) {
        struct credential credential;
        ASSERT(load(&r, e.id, id, &credential));
        if (in->service_name.p && !str_eq(in->service_name, credential.service)) {
            page_skip(&p);
            continue;
        }
        struct iam_service_specific_credential_metadata *m = &out->service_specific_credentials.v[out->service_specific_credentials.n++];
        *m = (struct iam_service_specific_credential_metadata){.user_name = e.name, .status = status_of(c, &credential), .create_date = SOME_TIME(credential.created_ms),
                                                               .service_specific_credential_id = id, .service_name = credential.service};
        *(is_keyed(&credential) ? &m->service_credential_alias : &m->service_user_name) = credential.name;
        if (credential.expires_ms) m->expiration_date = SOME_TIME(credential.expires_ms);
    }
    page_close(&p, &out->is_truncated, &out->marker);
    if (!out->is_truncated.v) out->is_truncated.set = false; /* as recorded */
    return NULL;
}
