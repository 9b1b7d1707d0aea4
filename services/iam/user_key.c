/* What a user shows to be known by, beside access keys: SSH public keys and signing certificates. Rows under
 * the user's id: ("ssh-key", user id, key id) and ("signing", user id, certificate id). */
#include "iam.h"

#include "crypto/certificate.h"

enum { SSH_KEYS_PER_USER = 5, CERTIFICATES_PER_USER = 2 };

static str new_id(struct call *c, const char *prefix, size_t length) {
    return arena_format(c->arena, "%s%.*s", prefix, STR_ARGS(id_from(c->arena, S("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), length)));
}

static bool load(const struct realm *r, const char *type, str user_id, str id, struct user_key *key) {
    str value;
    if (!user_id.p || !txn_get(r->txn, realm_key(r, type, user_id, id), &value)) return false;
    *key = (struct user_key){0};
    ASSERT(record_decode(r->arena, &user_key_record, arena_str(r->arena, value), key));
    return true;
}

static void save(const struct realm *r, const char *type, str user_id, str id, const struct user_key *key) {
    txn_put(r->txn, realm_key(r, type, user_id, id), record_encode(r->arena, &user_key_record, key));
}

/* Is the same text there already, in a row of the user? */
static bool known(const struct realm *r, const char *type, str user_id, str text) {
    str from = realm_key(r, type, user_id, (str){0}), key, value;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    while (range_next(&rows, &key, &value)) {
        struct user_key other = {0};
        ASSERT(record_decode(r->arena, &user_key_record, value, &other));
        if (str_eq(other.text, text)) return true;
    }
    return false;
}

static str status_of(const struct user_key *key) { return key->active ? S("Active") : S("Inactive"); }

/* ---- SSH public keys ---- */

static err ssh_open(struct call *c, str user_name, str id, struct entity *e, struct user_key *key) {
    struct realm r = realm_of(c);
    TRY(user_or_caller(c, user_name, e));
    if (load(&r, "ssh-key", e->id, id, key)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "The Public Key with id %.*s cannot be found.", STR_ARGS(id));
}

static err ssh_read(struct call *c, str text, struct ssh_key *key) {
    switch (ssh_key_read(c->arena, text, key)) {
    case SSH_KEY_FINE: return NULL;
    case SSH_KEY_WEAK: return fail(c, &iam_invalid_public_key_exception, "The public key must have at least 2048 bits.");
    case SSH_KEY_UNREADABLE: break;
    }
    return fail(c, &iam_invalid_public_key_exception, "The public key is not in the form of ssh-rsa or PEM.");
}

static struct iam_ssh_public_key *ssh_shown(struct call *c, const struct entity *e, str id, const struct user_key *key, const struct ssh_key *parts, bool pem) {
    struct iam_ssh_public_key *shown = NEW(c->arena, struct iam_ssh_public_key);
    *shown = (struct iam_ssh_public_key){e->name, id, parts->fingerprint, pem ? parts->pem : key->text, status_of(key), SOME_TIME(key->created_ms)};
    return shown;
}

err iam_upload_ssh_public_key(struct call *c, const struct iam_upload_ssh_public_key_request *in, struct iam_upload_ssh_public_key_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct ssh_key parts;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    TRY(ssh_read(c, in->ssh_public_key_body, &parts));
    struct user_key key = {.text = parts.line, .active = true, .created_ms = c->now_ms};
    if (known(&r, "ssh-key", e.id, key.text))
        return fail(c, &iam_duplicate_ssh_public_key_exception, "The SSH public key is already associated with the user.");
    TRY(quota_check(c, "SSHPublicKeysPerUser", SSH_KEYS_PER_USER, rows_below(&r, "ssh-key", e.id) + 1));
    str id = new_id(c, "APKA", 17);
    save(&r, "ssh-key", e.id, id, &key);
    out->ssh_public_key = ssh_shown(c, &e, id, &key, &parts, false);
    return NULL;
}

err iam_get_ssh_public_key(struct call *c, const struct iam_get_ssh_public_key_request *in, struct iam_get_ssh_public_key_response *out) {
    struct entity e;
    struct user_key key;
    struct ssh_key parts;
    TRY(ssh_open(c, in->user_name, in->ssh_public_key_id, &e, &key));
    TRY(ssh_read(c, key.text, &parts));
    out->ssh_public_key = ssh_shown(c, &e, in->ssh_public_key_id, &key, &parts, str_eq(in->encoding, S("PEM")));
    return NULL;
}

err iam_update_ssh_public_key(struct call *c, const struct iam_update_ssh_public_key_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct user_key key;
    TRY(ssh_open(c, in->user_name, in->ssh_public_key_id, &e, &key));
    key.active = str_eq(in->status, S("Active"));
    save(&r, "ssh-key", e.id, in->ssh_public_key_id, &key);
    return NULL;
}

err iam_delete_ssh_public_key(struct call *c, const struct iam_delete_ssh_public_key_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct user_key key;
    TRY(ssh_open(c, in->user_name, in->ssh_public_key_id, &e, &key));
    txn_delete(c->txn, realm_key(&r, "ssh-key", e.id, in->ssh_public_key_id));
    return NULL;
}

err iam_list_ssh_public_keys(struct call *c, const struct iam_list_ssh_public_keys_request *in, struct iam_list_ssh_public_keys_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct page p;
    str id, value;
    TRY(user_or_caller(c, in->user_name, &e));
    TRY(page_open(c, &p, realm_key(&r, "ssh-key", e.id.p ? e.id : S("root"), (str){0}), in->marker, in->max_items));
    out->ssh_public_keys = (struct iam_ssh_public_key_list_type){.v = NEW_ARRAY(c->arena, struct iam_ssh_public_key_metadata, p.max), .set = true};
    while (page_next(&p, &id, &value)) {
        struct user_key key;
        ASSERT(load(&r, "ssh-key", e.id, id, &key));
        out->ssh_public_keys.v[out->ssh_public_keys.n++] =
            (struct iam_ssh_public_key_metadata){e.name, id, status_of(&key), SOME_TIME(key.created_ms)};
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

/* ---- signing certificates ---- */

static err certificate_open(struct call *c, str user_name, str id, struct entity *e, struct user_key *key) {
    struct realm r = realm_of(c);
    TRY(user_or_caller(c, user_name, e));
    if (load(&r, "signing", e->id, id, key)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "The Certificate with id %.*s cannot be found.", STR_ARGS(id));
}

err iam_upload_signing_certificate(struct call *c, const struct iam_upload_signing_certificate_request *in,
                                   struct iam_upload_signing_certificate_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct certificate certificate;
    TRY(user_or_caller(c, in->user_name, &e));
    if (!e.id.p) return fail(c, &cloud_validation, "Must specify userName when calling with non-User credentials");
    if (!certificate_read(in->certificate_body, &certificate))
        return fail(c, &iam_malformed_certificate_exception, "Unable to parse certificate. Please ensure the certificate is in PEM format.");
    if (certificate.not_after_ms < c->now_ms || certificate.not_before_ms > c->now_ms)
        return fail(c, &iam_invalid_certificate_exception, "The certificate is not valid at this time.");
    struct user_key key = {.text = in->certificate_body, .active = true, .created_ms = c->now_ms};
    if (known(&r, "signing", e.id, key.text))
        return fail(c, &iam_duplicate_certificate_exception, "The certificate is already associated with the user.");
    TRY(quota_check(c, "CertificatesPerUser", CERTIFICATES_PER_USER, rows_below(&r, "signing", e.id) + 1));
    str id = new_id(c, "", 32);
    save(&r, "signing", e.id, id, &key);
    out->certificate = NEW(c->arena, struct iam_signing_certificate);
    *out->certificate = (struct iam_signing_certificate){e.name, id, key.text, status_of(&key), SOME_TIME(key.created_ms)};
    return NULL;
}

err iam_update_signing_certificate(struct call *c, const struct iam_update_signing_certificate_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct user_key key;
    TRY(certificate_open(c, in->user_name, in->certificate_id, &e, &key));
    key.active = str_eq(in->status, S("Active"));
    save(&r, "signing", e.id, in->certificate_id, &key);
    return NULL;
}

err iam_delete_signing_certificate(struct call *c, const struct iam_delete_signing_certificate_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    struct user_key key;
    TRY(certificate_open(c, in->user_name, in->certificate_id, &e, &key));
    txn_delete(c->txn, realm_key(&r, "signing", e.id, in->certificate_id));
    return NULL;
}

err iam_list_signing_certificates(struct call *c, const struct iam_list_signing_certificates_request *in,
                                  struct iam_list_signing_certificates_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct page p;
    str id, value;
    TRY(user_or_caller(c, in->user_name, &e));
    TRY(page_open(c, &p, realm_key(&r, "signing", e.id.p ? e.id : S("root"), (str){0}), in->marker, in->max_items));
    out->certificates = (struct iam_certificate_list_type){.v = NEW_ARRAY(c->arena, struct iam_signing_certificate, p.max), .set = true};
    while (page_next(&p, &id, &value)) {
        struct user_key key;
        ASSERT(load(&r, "signing", e.id, id, &key));
        out->certificates.v[out->certificates.n++] =
            (struct iam_signing_certificate){e.name, id, key.text, status_of(&key), SOME_TIME(key.created_ms)};
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}
