/* Server certificates: an entity with a path; body, chain and sealed private key stand under its id. */
#include "iam.h"

#include "crypto/certificate.h"

static str content_key(const struct realm *r, const struct entity *e) { return realm_key(r, "certificate", e->id, (str){0}); }

static void content_load(const struct realm *r, const struct entity *e, struct server_certificate *content) {
    str value;
    *content = (struct server_certificate){0};
    ASSERT(txn_get(r->txn, content_key(r, e), &value));
    ASSERT(record_decode(r->arena, &server_certificate_record, arena_str(r->arena, value), content));
}

static struct iam_server_certificate_metadata metadata(struct call *c, const struct entity *e, const struct server_certificate *content) {
    return (struct iam_server_certificate_metadata){.path = e->path, .server_certificate_name = e->name, .server_certificate_id = e->id,
                                                    .arn = entity_arn(c->arena, e), .upload_date = SOME_TIME(e->created_ms),
                                                    .expiration = SOME_TIME(content->expires_ms)};
}

static err check(struct call *c, const struct iam_upload_server_certificate_request *in, struct certificate *certificate) {
    if (!certificate_read(in->certificate_body, certificate))
        return fail(c, &iam_malformed_certificate_exception, "Unable to parse certificate. Please ensure the certificate is in PEM format.");
    switch (certificate_key_check(in->certificate_body, in->private_key)) {
    case CERTIFICATE_KEY_FITS: break;
    case CERTIFICATE_KEY_OTHER: return fail(c, &iam_key_pair_mismatch_exception, "Unable to validate certificate. The private key does not match the certificate.");
    case CERTIFICATE_KEY_UNREADABLE:
        return fail(c, &iam_malformed_certificate_exception, "Unable to parse key. Please ensure the key is in PEM format and has no passphrase.");
    }
    if (in->certificate_chain.p && !certificate_chain_fits(in->certificate_body, in->certificate_chain))
        return fail(c, &iam_malformed_certificate_exception,
                    "Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, followed by any intermediaries in order.");
    return NULL;
}

/* As AWS keeps it: without the blank lines around. */
static str trimmed(str pem) {
    while (pem.n && (u8)pem.p[0] <= ' ') pem = str_skip(pem, 1);
    while (pem.n && (u8)pem.p[pem.n - 1] <= ' ') pem.n--;
    return pem;
}

/* On a worker: parsing and checking keys is no work for a loop or the writer. */
err iam_upload_server_certificate_prepare(struct call *c, const struct iam_upload_server_certificate_request *in, struct call_plan *plan) {
    struct certificate certificate;
    TRY(check(c, in, &certificate));
    plan->note = arena_format(c->arena, "%lld", (long long)certificate.not_after_ms);
    return NULL;
}

err iam_upload_server_certificate(struct call *c, const struct iam_upload_server_certificate_request *in,
                                  struct iam_upload_server_certificate_response *out) {
    struct realm r = realm_of(c);
    struct entity e = {.kind = ENTITY_CERTIFICATE, .name = in->server_certificate_name};
    struct server_certificate content = {.body = trimmed(in->certificate_body), .chain = trimmed(in->certificate_chain)};
    struct certificate certificate;
    if (c->note.p) ASSERT(str_to_i64(c->note, &content.expires_ms));
    else { /* called by another service */
        TRY(check(c, in, &certificate));
        content.expires_ms = certificate.not_after_ms;
    }
    TRY(entity_create(c, &e, in->path, &in->tags));
    content.key = secret_seal(c->txn, c->arena, c->account, arena_concat(c->arena, S("server certificate "), e.id), in->private_key);
    txn_put(c->txn, content_key(&r, &e), record_encode(c->arena, &server_certificate_record, &content));
    out->server_certificate_metadata = NEW(c->arena, struct iam_server_certificate_metadata);
    *out->server_certificate_metadata = metadata(c, &e, &content);
    out->tags = tags_shown(c, out->server_certificate_metadata->arn);
    return NULL;
}

err iam_get_server_certificate(struct call *c, const struct iam_get_server_certificate_request *in, struct iam_get_server_certificate_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    struct server_certificate content;
    TRY(entity_open(c, ENTITY_CERTIFICATE, in->server_certificate_name, &e));
    content_load(&r, &e, &content);
    out->server_certificate = NEW(c->arena, struct iam_server_certificate);
    out->server_certificate->server_certificate_metadata = NEW(c->arena, struct iam_server_certificate_metadata);
    *out->server_certificate->server_certificate_metadata = metadata(c, &e, &content);
    out->server_certificate->certificate_body = content.body;
    out->server_certificate->certificate_chain = content.chain;
    out->server_certificate->tags = tags_shown(c, entity_arn(c->arena, &e));
    return NULL;
}

err iam_list_server_certificates(struct call *c, const struct iam_list_server_certificates_request *in,
                                 struct iam_list_server_certificates_response *out) {
    struct realm r = realm_of(c);
    struct server_certificate content;
    struct page p;
    TRY(page_open(c, &p, realm_key(&r, "server-certificate", (str){0}, (str){0}), in->marker, in->max_items));
    out->server_certificate_metadata_list =
        (struct iam_server_certificate_metadata_list_type){.v = NEW_ARRAY(c->arena, struct iam_server_certificate_metadata, p.max), .set = true};
    for (struct entity e; page_entity(&p, ENTITY_CERTIFICATE, in->path_prefix, &e);) {
        content_load(&r, &e, &content);
        out->server_certificate_metadata_list.v[out->server_certificate_metadata_list.n++] = metadata(c, &e, &content);
    }
    page_close(&p, &out->is_truncated, &out->marker);
    return NULL;
}

err iam_update_server_certificate(struct call *c, const struct iam_update_server_certificate_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_CERTIFICATE, in->server_certificate_name, &e));
    return entity_rename(c, &e, in->new_server_certificate_name, in->new_path);
}

err iam_delete_server_certificate(struct call *c, const struct iam_delete_server_certificate_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    struct entity e;
    TRY(entity_open(c, ENTITY_CERTIFICATE, in->server_certificate_name, &e));
    txn_delete(c->txn, content_key(&r, &e));
    entity_delete(c, &e);
    return NULL;
}

err iam_tag_server_certificate(struct call *c, const struct iam_tag_server_certificate_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_CERTIFICATE, in->server_certificate_name, &e));
    return tags_add(c, entity_arn(c->arena, &e), "TagsPerServerCertificate", &in->tags);
}

err iam_untag_server_certificate(struct call *c, const struct iam_untag_server_certificate_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_CERTIFICATE, in->server_certificate_name, &e));
    untag_arn(c, entity_arn(c->arena, &e), &in->tag_keys);
    return NULL;
}

err iam_list_server_certificate_tags(struct call *c, const struct iam_list_server_certificate_tags_request *in,
                                     struct iam_list_server_certificate_tags_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_CERTIFICATE, in->server_certificate_name, &e));
    return tags_page(c, entity_arn(c->arena, &e), in->marker, in->max_items, &out->tags, &out->is_truncated, &out->marker);
}
