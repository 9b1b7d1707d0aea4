/* Outbound web identity federation: an account that vouches for its own users and roles to services outside. Who asks for
 * a token asks STS. */
#include "iam.h"
#include "token_issuer.h"

static err refuse_disabled(struct call *c) {
    return fail(c, &iam_feature_disabled_exception, "Outbound identity federation is not enabled for your AWS account.");
}

/* On a worker: keys take their time. */
err iam_enable_outbound_web_identity_federation_prepare(struct call *c, const struct wire_unit *in, struct call_plan *plan) {
    struct token_issuer issuer;
    (void)in;
    if (token_issuer_load(c->txn, c->arena, c->account, &issuer)) return NULL;
    issuer = token_issuer_new(c);
    plan->note = record_encode(c->arena, &token_issuer_record, &issuer);
    return NULL;
}

err iam_enable_outbound_web_identity_federation(struct call *c, const struct wire_unit *in,
                                                struct iam_enable_outbound_web_identity_federation_response *out) {
    struct token_issuer issuer;
    (void)in;
    if (!token_issuer_load(c->txn, c->arena, c->account, &issuer)) {
        if (c->note.p) ASSERT(record_decode(c->arena, &token_issuer_record, c->note, &issuer));
        else issuer = token_issuer_new(c);
    }
    if (issuer.enabled) return fail(c, &iam_feature_enabled_exception, "Outbound identity federation is already enabled for your AWS account.");
    issuer.enabled = true;
    issuer.url = token_issuer_url(c->arena, c->base_url, issuer.id);
    token_issuer_save(c, &issuer);
    out->issuer_identifier = issuer.url;
    return NULL;
}

err iam_disable_outbound_web_identity_federation(struct call *c, const struct wire_unit *in,
                                                 struct wire_unit *out) {
    struct token_issuer issuer;
    (void)in, (void)out;
    if (!token_issuer_load(c->txn, c->arena, c->account, &issuer) || !issuer.enabled) return refuse_disabled(c);
    issuer.enabled = false;
    token_issuer_save(c, &issuer);
    return NULL;
}

err iam_get_outbound_web_identity_federation_info(struct call *c, const struct wire_unit *in,
                                                  struct iam_get_outbound_web_identity_federation_info_response *out) {
    struct token_issuer issuer;
    (void)in;
    if (!token_issuer_load(c->txn, c->arena, c->account, &issuer) || !issuer.enabled) return refuse_disabled(c);
    out->issuer_identifier = issuer.url;
    out->jwt_vending_enabled = SOME_BOOL(true);
    return NULL;
}
