/* GetWebIdentityToken: a signed JSON Web Token that tells services outside who calls. It needs the account's issuer, which
 * IAM keeps. Source of the claims: "Understanding token claims" of the IAM user guide. */
#include "sts.h"

#include "cloud/identity.h"
#include "crypto/public_key.h"
#include "text/json.h"

enum { SECONDS_DEFAULT = 300, CLAIMS_MAX = 1 << 20 };

static i64 seconds_of(const struct sts_get_web_identity_token_request *in) { return in->duration_seconds.set ? in->duration_seconds.v : SECONDS_DEFAULT; }

err sts_get_web_identity_token_facts(struct call *c, const struct sts_get_web_identity_token_request *in, struct auth_facts *facts) {
    facts->v = NEW_ARRAY(c->arena, struct auth_fact, in->audience.n + 1);
    for (u32 i = 0; i < in->audience.n; i++) facts->v[facts->n++] = (struct auth_fact){S("sts:IdentityTokenAudience"), in->audience.v[i]};
    facts->v[facts->n++] = (struct auth_fact){S("sts:DurationSeconds"), arena_format(c->arena, "%lld", (long long)seconds_of(in))};
    return NULL;
}

/* ---- claims ---- */

static void text(struct buf *b, const char *name, str value) {
    if (value.n) json_write_member(b, str_of(name), value);
}

static void number(struct buf *b, const char *name, i64 value) {
    json_write_key(b, str_of(name));
    json_write_i64(b, value);
}

/* One is told as itself. */
static void write_audience(struct buf *b, const struct sts_web_identity_token_audience_list_type *audience) {
    json_write_key(b, S("aud"));
    if (audience->n > 1) json_write_array(b);
    for (u32 i = 0; i < audience->n; i++) json_write_string(b, audience->v[i]);
    if (audience->n > 1) json_write_array_end(b);
}

/* Of the user or role, and over them those of the session. */
static void write_principal_tags(struct call *c, struct buf *b) {
    const struct principal *p = c->principal;
    struct identity identity = {0};
    identity_door_of(c)->identity(c->txn, c->arena, p, &identity);
    if (!identity.tags.n && !p->session_tag_count) return;
    json_write_key(b, S("principal_tags"));
    json_write_object(b);
    for (u32 i = 0; i < identity.tags.n; i++) {
        bool hidden = false;
        for (u32 j = 0; j < p->session_tag_count; j++) hidden |= str_eq_nocase(p->session_tags[j].key, identity.tags.v[i].key);
        if (hidden) continue;
        json_write_member(b, identity.tags.v[i].key, identity.tags.v[i].value);
    }
    for (u32 i = 0; i < p->session_tag_count; i++) {
        json_write_member(b, p->session_tags[i].key, p->session_tags[i].value);
    }
    json_write_object_end(b);
}

static void write_organization(struct call *c, struct buf *b) {
    struct identity_organization o;
    identity_door_of(c)->organization(c->txn, c->arena, c->account, &o);
    if (!o.id.n) return;
    text(b, "org_id", o.id);
    json_write_key(b, S("ou_path"));
    json_write_array(b);
    json_write_string(b, o.path);
    json_write_array_end(b);
}

/* What AWS alone tells of its principals. */
static void write_own(struct call *c, struct buf *b, const struct sts_get_web_identity_token_request *in, str subject) {
    const struct principal *p = c->principal;
    json_write_key(b, S("https://sts.amazonaws.com/"));
    json_write_object(b);
    text(b, "aws_account", c->account);
    text(b, "source_region", c->region);
    text(b, "principal_id", subject);
    write_organization(c, b);
    write_principal_tags(c, b);
    if (p->session_expires_ms) {
        struct buf end = buf_new(c->arena, 32);
        buf_iso8601(&end, p->session_expires_ms / 1000 * 1000);
        text(b, "original_session_exp", buf_str(&end));
    }
    text(b, "federated_provider", p->federated_provider);
    text(b, "source_identity", p->source_identity);
    if (in->tags.n) {
        json_write_key(b, S("request_tags"));
        json_write_object(b);
        for (u32 i = 0; i < in->tags.n; i++) {
            json_write_member(b, in->tags.v[i].key, in->tags.v[i].value);
        }
        json_write_object_end(b);
    }
    json_write_object_end(b);
}

static str claims_of(struct call *c, const struct sts_get_web_identity_token_request *in, str issuer, i64 issued_s, i64 expires_s) {
    const struct principal *p = c->principal;
    str subject = p->kind == PRINCIPAL_ROLE_SESSION ? p->session_issuer : p->arn;
    struct buf b = buf_new(c->arena, CLAIMS_MAX);
    json_write_object(&b);
    text(&b, "iss", issuer);
    text(&b, "sub", subject);
    write_audience(&b, &in->audience);
    number(&b, "iat", issued_s);
    number(&b, "exp", expires_s);
    text(&b, "jti", id_uuid(c->arena));
    write_own(c, &b, in, subject);
    json_write_object_end(&b);
    return buf_str(&b);
}

/* ---- the token ---- */

static str sign(struct call *c, const struct identity_token_issuer *issuer, str algorithm, str claims) {
    u8 digest[HASH_MAX];
    bool curve = str_eq(algorithm, S("ES384"));
    struct keypair *k = keypair_read_private(c->arena, issuer->private_key);
    explicit_bzero((char *)(size_t)issuer->private_key.p, issuer->private_key.n);
    str head = arena_format(c->arena, "{\"kid\":\"%.*s\",\"typ\":\"JWT\",\"alg\":\"%.*s\"}", STR_ARGS(issuer->key_id), STR_ARGS(algorithm));
    str input = arena_concat(c->arena, arena_concat(c->arena, base64url_of(c->arena, head), S(".")), base64url_of(c->arena, claims));
    enum hash_kind hash = curve ? HASH_SHA384 : HASH_SHA256;
    size_t n = hash_once(hash, input, digest);
    str signature = keypair_sign(c->arena, k, curve ? SIGNATURE_ECDSA : SIGNATURE_PKCS1, hash, (str){(char *)digest, n});
    if (curve) signature = ecdsa_halves(c->arena, KEYPAIR_P384, signature);
    return arena_concat(c->arena, arena_concat(c->arena, input, S(".")), base64url_of(c->arena, signature));
}

err sts_get_web_identity_token(struct call *c, const struct sts_get_web_identity_token_request *in, struct sts_get_web_identity_token_response *out) {
    const struct identity_door *door = identity_door_of(c);
    struct identity_token_issuer issuer;
    struct principal nobody = {0};
    struct session_parts parts = {.tags = &in->tags};
    str algorithm = in->signing_algorithm;
    if (!str_eq(algorithm, S("RS256")) && !str_eq(algorithm, S("ES384")))
        return fail(c, &cloud_validation, "Invalid signing algorithm: %.*s. The algorithms are RS256 and ES384.", STR_ARGS(algorithm));
    TRY(session_tags_check(c, &nobody, &parts));
    if (!door->token_issuer || !door->token_issuer(c->txn, c->arena, c->account, algorithm, &issuer))
        return fail(c, &sts_outbound_web_identity_federation_disabled_exception, "The outbound web identity federation feature is not enabled for this account.");
    i64 issued_s = c->now_ms / 1000, expires_s = issued_s + seconds_of(in);
    if (c->principal->session_expires_ms && expires_s > c->principal->session_expires_ms / 1000)
        return fail(c, &sts_session_duration_escalation_exception, "The requested token duration would extend the session beyond its original expiration time.");
    out->web_identity_token = sign(c, &issuer, algorithm, claims_of(c, in, issuer.url, issued_s, expires_s));
    out->expiration = SOME_TIME(expires_s * 1000);
    return NULL;
}
