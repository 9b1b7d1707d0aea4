/* SAML identity providers: ("saml", name) -> provider. What is kept is the metadata, after it was read: an entity
 * with a role of an identity provider and certificates that can be parsed. Private keys, two at most so that they can be
 * changed, open assertions that are encrypted; they are read on a worker and come sealed in the call's note. */
#include "iam.h"

#include "crypto/certificate.h"
#include "crypto/keypair.h"
#include "text/xml.h"

enum { PROVIDERS_MAX = 100 };

static str arn_of_name(struct arena *a, str account, str name) {
    return arena_format(a, "arn:aws:iam::%.*s:saml-provider/%.*s", STR_ARGS(account), STR_ARGS(name));
}

static str name_in(const struct realm *r, str arn) {
    str prefix = arn_of_name(r->arena, r->account, S(""));
    return str_starts(arn, prefix) ? str_skip(arn, prefix.n) : (str){0};
}

static bool load(const struct realm *r, str name, struct provider *provider) {
    str value;
    if (!name.n || !txn_get(r->txn, realm_key(r, "saml", name, (str){0}), &value)) return false;
    *provider = (struct provider){0};
    ASSERT(record_decode(r->arena, &provider_record, arena_str(r->arena, value), provider));
    return true;
}

static void save(const struct realm *r, str name, const struct provider *provider) {
    txn_put(r->txn, realm_key(r, "saml", name, (str){0}), record_encode(r->arena, &provider_record, provider));
    txn_raise_epoch(r->txn);
}

static err provider_open(struct call *c, str arn, str *name, struct provider *provider) {
    struct realm r = realm_of(c);
    *name = name_in(&r, arn);
    if (load(&r, *name, provider)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "Manifest not found for arn %.*s", STR_ARGS(arn));
}

/* ---- metadata ---- */

struct metadata {
    struct arena *arena;
    bool identity_provider, broken;
    u32 certificates;
    i64 first_end_ms; /* of the certificates */
};

static void walk(struct metadata *m, struct xml_reader *r) {
    struct xml_element e;
    while (xml_child(r, &e)) {
        m->identity_provider |= str_eq(e.name, S("IDPSSODescriptor"));
        if (!str_eq(e.name, S("X509Certificate"))) {
            walk(m, r);
            continue;
        }
        struct certificate certificate;
        if (!certificate_read_base64(m->arena, xml_text(r), &certificate)) {
            m->broken = true;
            continue;
        }
        if (!m->certificates++ || certificate.not_after_ms < m->first_end_ms) m->first_end_ms = certificate.not_after_ms;
    }
}

static err check_metadata(struct call *c, str text, i64 *valid_until_ms) {
    struct metadata m = {.arena = c->arena};
    struct xml_limits limits = xml_default_limits;
    struct xml_element root;
    limits.bytes = MAX(limits.bytes, text.n);
    struct xml_reader r = xml_reader_new(c->arena, text, limits);
    bool entity = xml_root(&r, &root) && str_eq(root.name, S("EntityDescriptor")) && xml_attribute_get(&root, S("entityID")).n;
    if (entity) walk(&m, &r);
    if (!entity || !xml_done(&r) || !m.identity_provider || !m.certificates || m.broken)
        return fail(c, &iam_invalid_input_exception, "Could not parse metadata");
    *valid_until_ms = m.first_end_ms;
    return NULL;
}

/* ---- encrypted assertions ---- */

#define SEALED_FOR S("saml provider")

static err seal_key(struct call *c, str pem, str *sealed) {
    struct keypair *k = keypair_read_pem(c->arena, pem);
    if (!k || keypair_kind(k) > KEYPAIR_RSA_4096) return fail(c, &iam_invalid_input_exception, "Could not parse private key");
    str der = keypair_private(c->arena, k);
    *sealed = secret_seal(c->txn, c->arena, c->account, SEALED_FOR, der);
    explicit_bzero((char *)(size_t)der.p, der.n);
    return NULL;
}

err iam_create_saml_provider_prepare(struct call *c, const struct iam_create_saml_provider_request *in, struct call_plan *plan) {
    return in->add_private_key.p ? seal_key(c, in->add_private_key, &plan->note) : NULL;
}

err iam_update_saml_provider_prepare(struct call *c, const struct iam_update_saml_provider_request *in, struct call_plan *plan) {
    return in->add_private_key.p ? seal_key(c, in->add_private_key, &plan->note) : NULL;
}

static err key_add(struct call *c, struct provider *provider, str pem) {
    str sealed = c->note;
    u32 at = 0;
    if (!pem.p) return NULL;
    if (!sealed.p) TRY(seal_key(c, pem, &sealed)); /* called by another service */
    while (at < SAML_KEYS_MAX && provider->key_ids[at].n) at++;
    TRY(quota_check(c, "PrivateKeysPerSAMLProvider", SAML_KEYS_MAX, at + 1));
    provider->key_ids[at] = id_from(c->arena, S("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 32);
    provider->keys[at] = sealed;
    provider->keys_added_ms[at] = c->now_ms;
    return NULL;
}

static err key_remove(struct call *c, struct provider *provider, str id) {
    if (!id.p) return NULL;
    for (u32 i = 0; i < SAML_KEYS_MAX; i++) {
        if (!str_eq(provider->key_ids[i], id)) continue;
        provider->key_ids[i] = provider->keys[i] = (str){0};
        return NULL;
    }
    return fail(c, &iam_no_such_entity_exception, "The private key %.*s cannot be found.", STR_ARGS(id));
}

static err mode_set(struct call *c, struct provider *provider, str mode) {
    bool keys = provider->key_ids[0].n || provider->key_ids[1].n;
    if (mode.p) provider->encryption_mode = mode;
    if (keys || !str_eq(provider->encryption_mode, S("Required"))) return NULL;
    return fail(c, &iam_invalid_input_exception, "Encryption of assertions can be required only of a provider with a private key");
}

/* ---- operations ---- */

err iam_create_saml_provider(struct call *c, const struct iam_create_saml_provider_request *in, struct iam_create_saml_provider_response *out) {
    struct realm r = realm_of(c);
    struct provider provider = {.metadata = in->saml_metadata_document, .created_ms = c->now_ms}, other;
    TRY(key_add(c, &provider, in->add_private_key));
    TRY(mode_set(c, &provider, in->assertion_encryption_mode));
    if (load(&r, in->name, &other))
        return fail(c, &iam_entity_already_exists_exception, "SAMLProvider %.*s already exists.", STR_ARGS(in->name));
    TRY(quota_check(c, "SAMLProvidersPerAccount", PROVIDERS_MAX, rows_below(&r, "saml", (str){0}) + 1));
    TRY(check_metadata(c, provider.metadata, &provider.valid_until_ms));
    provider.uuid = arena_format(c->arena, "SAMLSP%.*s", STR_ARGS(id_from(c->arena, S("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 16)));
    str arn = arn_of_name(c->arena, c->account, in->name);
    registry_add(c, arn, S("AWS::IAM::SAMLProvider"));
    if (in->tags.n) TRY(tags_add(c, arn, "TagsPerSAMLProvider", &in->tags));
    save(&r, in->name, &provider);
    count_add(&r, "provider", 1);
    out->saml_provider_arn = arn;
    out->tags = tags_shown(c, arn);
    return NULL;
}

err iam_get_saml_provider(struct call *c, const struct iam_get_saml_provider_request *in, struct iam_get_saml_provider_response *out) {
    struct provider provider;
    str name;
    TRY(provider_open(c, in->saml_provider_arn, &name, &provider));
    out->saml_provider_uuid = provider.uuid;
    out->saml_metadata_document = provider.metadata;
    out->create_date = SOME_TIME(provider.created_ms);
    out->valid_until = SOME_TIME(provider.valid_until_ms);
    out->tags = tags_shown(c, in->saml_provider_arn);
    out->assertion_encryption_mode = provider.encryption_mode;
    out->private_key_list = (struct iam_private_key_list){.v = NEW_ARRAY(c->arena, struct iam_saml_private_key, SAML_KEYS_MAX), .set = true};
    for (u32 i = 0; i < SAML_KEYS_MAX; i++)
        if (provider.key_ids[i].n) out->private_key_list.v[out->private_key_list.n++] = (struct iam_saml_private_key){provider.key_ids[i], SOME_TIME(provider.keys_added_ms[i])};
    return NULL;
}

err iam_update_saml_provider(struct call *c, const struct iam_update_saml_provider_request *in, struct iam_update_saml_provider_response *out) {
    struct realm r = realm_of(c);
    struct provider provider;
    str name;
    TRY(provider_open(c, in->saml_provider_arn, &name, &provider));
    TRY(key_remove(c, &provider, in->remove_private_key));
    TRY(key_add(c, &provider, in->add_private_key));
    TRY(mode_set(c, &provider, in->assertion_encryption_mode));
    if (in->saml_metadata_document.p) {
        TRY(check_metadata(c, in->saml_metadata_document, &provider.valid_until_ms));
        provider.metadata = in->saml_metadata_document;
    }
    save(&r, name, &provider);
    out->saml_provider_arn = in->saml_provider_arn;
    return NULL;
}

err iam_delete_saml_provider(struct call *c, const struct iam_delete_saml_provider_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct provider provider;
    str name;
    TRY(provider_open(c, in->saml_provider_arn, &name, &provider));
    txn_delete(c->txn, realm_key(&r, "saml", name, (str){0}));
    registry_remove(c, in->saml_provider_arn);
    count_add(&r, "provider", -1);
    txn_raise_epoch(c->txn);
    return NULL;
}

err iam_list_saml_providers(struct call *c, const struct iam_list_saml_providers_request *in, struct iam_list_saml_providers_response *out) {
    (void)in;
    struct realm r = realm_of(c);
    str from = realm_key(&r, "saml", (str){0}, (str){0}), key, value;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    struct iam_saml_provider_list_type *list = &out->saml_provider_list;
    *list = (struct iam_saml_provider_list_type){.v = NEW_ARRAY(c->arena, struct iam_saml_provider_list_entry, rows_below(&r, "saml", (str){0}) + 1), .set = true};
    while (range_next(&rows, &key, &value)) {
        str rest = str_skip(key, from.n), name;
        struct provider provider = {0};
        ASSERT(key_read_str(&rest, c->arena, &name) && record_decode(c->arena, &provider_record, value, &provider));
        list->v[list->n++] = (struct iam_saml_provider_list_entry){arn_of_name(c->arena, c->account, name), SOME_TIME(provider.valid_until_ms),
                                                                   SOME_TIME(provider.created_ms)};
    }
    return NULL;
}

err iam_tag_saml_provider(struct call *c, const struct iam_tag_saml_provider_request *in, struct wire_unit *out) {
    (void)out;
    struct provider provider;
    str name;
    TRY(provider_open(c, in->saml_provider_arn, &name, &provider));
    return tags_add(c, in->saml_provider_arn, "TagsPerSAMLProvider", &in->tags);
}

err iam_untag_saml_provider(struct call *c, const struct iam_untag_saml_provider_request *in, struct wire_unit *out) {
    (void)out;
    struct provider provider;
    str name;
    TRY(provider_open(c, in->saml_provider_arn, &name, &provider));
    untag_arn(c, in->saml_provider_arn, &in->tag_keys);
    return NULL;
}

err iam_list_saml_provider_tags(struct call *c, const struct iam_list_saml_provider_tags_request *in, struct iam_list_saml_provider_tags_response *out) {
    struct provider provider;
    str name;
    TRY(provider_open(c, in->saml_provider_arn, &name, &provider));
    return tags_page(c, in->saml_provider_arn, in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}

/* ---- for the door ---- */

bool iam_saml_provider(struct txn *t, struct arena *a, str arn, struct identity_saml_provider *out) {
    struct arn parts;
    struct provider provider;
    if (!arn_parse(arn, &parts) || !account_valid(parts.account)) return false;
    struct realm r = {t, a, arena_str(a, parts.account)};
    if (!load(&r, name_in(&r, arn), &provider)) return false;
    *out = (struct identity_saml_provider){.metadata = provider.metadata, .encryption_required = str_eq(provider.encryption_mode, S("Required"))};
    for (u32 i = 0; i < SAML_KEYS_MAX; i++)
        if (provider.key_ids[i].n) ASSERT(secret_open(t, a, r.account, SEALED_FOR, provider.keys[i], &out->private_keys[out->private_key_count++]));
    return true;
}
