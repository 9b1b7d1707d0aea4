/* AssumeRoleWithSAML. The signature is checked in the prepare function, on a worker; the writer decides. What
 * was signed goes from the one to the other in the call's note, and nothing else of the document is looked at. */
#include "sts.h"

#include "cloud/identity.h"
#include "crypto/crypto.h"
#include "saml.h"
#include "text/xml_signature.h"

#define SIGN_IN S("https://signin.aws.amazon.com/saml")

static err refuse_token(struct call *c, const char *why) { return fail(c, &sts_invalid_identity_token_exception, "%s", why); }
static err refuse(struct call *c, const char *action) { return fail(c, &sts_access_denied, "Not authorized to perform %s", action); }

static err find_provider(struct call *c, str arn, struct identity_saml_provider *provider, struct saml_metadata *m) {
    const struct identity_door *door = identity_door_of(c);
    struct arn read;
    if (!arn_parse(arn, &read)) return fail(c, &cloud_validation, "%.*s is invalid", STR_ARGS(arn));
    if (!door->saml_provider || !door->saml_provider(c->txn, c->arena, arn, provider)) return refuse_token(c, "Specified provider doesn't exist");
    return saml_metadata_read(c->arena, provider->metadata, m) ? NULL : refuse_token(c, "The metadata of the specified provider are invalid");
}

/* What is opened of a provider beside its metadata is for the prepare function alone. */
static void forget_keys(const struct identity_saml_provider *provider) {
    for (u32 i = 0; i < provider->private_key_count; i++) explicit_bzero((char *)(size_t)provider->private_keys[i].p, provider->private_keys[i].n);
}

/* An assertion is signed and then encrypted, or encrypted within an answer that is signed; the provider may do both, and then
 * the answer's signature is the one that counts. What comes out was signed, in the clear. */
static err find_signed(struct call *c, const struct identity_saml_provider *provider, const struct saml_metadata *m, str document, str *signed_text) {
    const char *problem;
    str inner;
    bool outside = xml_signature_verify(c->arena, document, m->certificates, m->certificate_count, signed_text, &problem);
    switch (saml_open(c->arena, outside ? *signed_text : document, provider->private_keys, provider->private_key_count, &inner)) {
    case SAML_SHUT: return refuse_token(c, "The encrypted assertion could not be decrypted");
    case SAML_PLAIN:
        if (provider->encryption_required) return refuse_token(c, "The provider requires encrypted assertions");
        return outside ? NULL : fail(c, &sts_invalid_identity_token_exception, "Response signature invalid (%s)", problem);
    case SAML_OPENED: break;
    }
    if (outside) *signed_text = inner;
    else if (!xml_signature_verify(c->arena, inner, m->certificates, m->certificate_count, signed_text, &problem))
        return fail(c, &sts_invalid_identity_token_exception, "Response signature invalid (%s)", problem);
    return NULL;
}

err sts_assume_role_with_saml_prepare(struct call *c, const struct sts_assume_role_with_saml_request *in, struct call_plan *plan) {
    struct identity_saml_provider provider = {0};
    struct saml_metadata m;
    str document;
    c->resource_arn = in->role_arn; /* its account hears of it */
    TRY(find_provider(c, in->principal_arn, &provider, &m));
    if (!base64_decode(c->arena, in->saml_assertion, &document)) return refuse_token(c, "Invalid base64 SAMLResponse");
    err e = find_signed(c, &provider, &m, document, &plan->note);
    forget_keys(&provider);
    return e;
}

/* ---- what the provider says ---- */

static err check_times(struct call *c, const struct saml_assertion *s) {
    if (!s->expires_ms || s->expires_ms <= c->now_ms) return fail(c, &sts_expired_token_exception, "Token must be redeemed within 5 minutes of issuance");
    if (s->not_before_ms > c->now_ms) return refuse_token(c, "The SAML response is not valid yet");
    if (s->session_expires_ms && s->session_expires_ms <= c->now_ms) return fail(c, &sts_expired_token_exception, "The session of the SAML response has ended");
    return NULL;
}

/* AWS's own place of sign-in, or a region's: "https://us-west-2.signin.aws.amazon.com/saml". */
static bool is_sign_in(str place) {
    if (str_eq(place, SIGN_IN)) return true;
    str rest = str_starts(place, S("https://")) ? str_skip(place, 8) : (str){0};
    return region_known(str_cut(&rest, '.')) && str_eq(rest, S("signin.aws.amazon.com/saml"));
}

static bool names_role(const struct saml_assertion *s, str role, str provider) {
    for (u32 i = 0; i < s->role_count; i++) {
        str second = s->roles[i], first = str_trim(str_cut(&second, ','));
        second = str_trim(second);
        if ((str_eq(first, role) && str_eq(second, provider)) || (str_eq(first, provider) && str_eq(second, role))) return true;
    }
    return false;
}

static bool is_session_name(str s) {
    if (s.n < 2 || s.n > 64) return false;
    for (size_t i = 0; i < s.n; i++) {
        char x = s.p[i];
        bool letter = ((x | 32) >= 'a' && (x | 32) <= 'z') || (x >= '0' && x <= '9');
        if (!letter && !memchr("_+=,.@-", x, 7)) return false;
    }
    return true;
}

static err check(struct call *c, const struct sts_assume_role_with_saml_request *in, const struct saml_metadata *m, const struct saml_assertion *s) {
    if (!str_eq(s->issuer, m->entity_id)) return refuse_token(c, "Issuer not present in specified provider");
    TRY(check_times(c, s));
    if (!is_sign_in(s->recipient)) return refuse_token(c, "The SAML response is for another recipient");
    if (s->audience.n && !str_eq(s->audience, S("urn:amazon:webservices")) && !is_sign_in(s->audience))
        return refuse_token(c, "The SAML response is for another audience");
    if (!s->session_name.p) return refuse_token(c, "RoleSessionName is required in AuthnResponse");
    if (!is_session_name(s->session_name)) return refuse_token(c, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}");
    return names_role(s, in->role_arn, in->principal_arn) ? NULL : refuse(c, "sts:AssumeRoleWithSAML");
}

/* ---- the decision ---- */

/* Format's last word, as AWS writes it: "persistent", "transient"; others whole. */
static str subject_type(str format) {
    str name = str_skip(format, str_rfind_char(format, ':') == STR_NONE ? 0 : str_rfind_char(format, ':') + 1);
    return str_eq(name, S("persistent")) || str_eq(name, S("transient")) ? name : format;
}

static str name_qualifier(struct call *c, const struct saml_assertion *s, str provider_arn) {
    struct arn provider;
    u8 digest[DIGEST_MAX];
    ASSERT(arn_parse(provider_arn, &provider));
    str name = str_skip(provider.resource, str_find_char(provider.resource, '/'));
    str all = arena_format(c->arena, "%.*s%.*s%.*s", STR_ARGS(s->issuer), STR_ARGS(provider.account), STR_ARGS(name));
    size_t n = digest_once(DIGEST_SHA1, all, digest);
    return base64_of(c->arena, (str){(char *)digest, n});
}

static struct auth_facts facts_of(struct call *c, const struct saml_assertion *s, const struct trusted_role *role, str qualifier) {
    struct auth_facts f = {.resource_policy = role->trust, .resource_account = role->account, .resource_arn = role->arn, .policy_rules = true};
    f.v = NEW_ARRAY(c->arena, struct auth_fact, 8 + 2 * SAML_TAGS_MAX);
    f.v[f.n++] = (struct auth_fact){S("saml:aud"), s->recipient};
    f.v[f.n++] = (struct auth_fact){S("saml:iss"), s->issuer};
    f.v[f.n++] = (struct auth_fact){S("saml:sub"), s->subject};
    f.v[f.n++] = (struct auth_fact){S("saml:sub_type"), subject_type(s->subject_format)};
    f.v[f.n++] = (struct auth_fact){S("saml:namequalifier"), qualifier};
    f.v[f.n++] = (struct auth_fact){S("sts:RoleSessionName"), s->session_name};
    if (s->source_identity.n) f.v[f.n++] = (struct auth_fact){S("sts:SourceIdentity"), s->source_identity};
    for (u32 i = 0; i < s->tags.n; i++) {
        f.v[f.n++] = (struct auth_fact){arena_concat(c->arena, S("aws:RequestTag/"), s->tags.v[i].key), s->tags.v[i].value};
        f.v[f.n++] = (struct auth_fact){S("aws:TagKeys"), s->tags.v[i].key};
    }
    return f;
}

static err decide(struct call *c, str provider_arn, const struct saml_assertion *s, const struct auth_facts *facts) {
    const struct principal outside = {.kind = PRINCIPAL_ANONYMOUS, .federated_provider = provider_arn};
    const char *const actions[] = {"sts:AssumeRoleWithSAML", s->tags.n ? "sts:TagSession" : NULL, s->source_identity.n ? "sts:SetSourceIdentity" : NULL};
    for (size_t i = 0; i < LENGTH(actions); i++) {
        if (!actions[i]) continue;
        struct gate_question q = {.principal = &outside, .action = str_of(actions[i]), .resource = facts->resource_arn, .facts = facts};
        if (!gate_decide(c, &q).allowed) return refuse(c, actions[i]);
    }
    return NULL;
}

/* The provider may say how long; the shorter of what it and the caller want. */
static struct opt_i32 wanted_seconds(struct opt_i32 asked, const struct saml_assertion *s) {
    if (!s->session_s) return asked;
    i32 told = (i32)MIN(s->session_s, 43200);
    return SOME_I32(asked.set ? MIN(asked.v, told) : told);
}

static struct session_parts parts_of(struct call *c, const struct sts_assume_role_with_saml_request *in, const struct saml_assertion *s) {
    struct sts_tag_list_type *tags = NEW(c->arena, struct sts_tag_list_type);
    struct sts_tag_key_list_type *keys = NEW(c->arena, struct sts_tag_key_list_type);
    tags->v = NEW_ARRAY(c->arena, struct sts_tag, SAML_TAGS_MAX);
    for (; tags->n < s->tags.n; tags->n++) tags->v[tags->n] = (struct sts_tag){s->tags.v[tags->n].key, s->tags.v[tags->n].value};
    keys->v = NEW_ARRAY(c->arena, str, SAML_TAGS_MAX);
    for (; keys->n < s->transitive_count; keys->n++) keys->v[keys->n] = s->transitive[keys->n];
    return (struct session_parts){in->policy, &in->policy_arns, tags, keys};
}

static void vouch(struct call *c, const struct saml_assertion *s, str qualifier) {
    struct vouched_for *v = NEW(c->arena, struct vouched_for);
    *v = (struct vouched_for){S("SAMLUser"), arena_format(c->arena, "%.*s:%.*s", STR_ARGS(qualifier), STR_ARGS(s->subject)), s->subject, qualifier};
    c->vouched_for = v;
}

err sts_assume_role_with_saml(struct call *c, const struct sts_assume_role_with_saml_request *in, struct sts_assume_role_with_saml_response *out) {
    struct identity_saml_provider provider = {0};
    struct saml_metadata m;
    struct saml_assertion s;
    struct trusted_role role;
    i64 seconds;
    c->resource_arn = in->role_arn;
    TRY(find_provider(c, in->principal_arn, &provider, &m));
    forget_keys(&provider);
    if (!c->note.p || !saml_assertion_read(c->arena, c->note, &s)) return refuse_token(c, "Your request included an invalid SAML response");
    out->name_qualifier = name_qualifier(c, &s, in->principal_arn);
    vouch(c, &s, out->name_qualifier);
    TRY(check(c, in, &m, &s));
    if (!role_find(c, in->role_arn, &role)) return refuse(c, "sts:AssumeRoleWithSAML");
    struct auth_facts facts = facts_of(c, &s, &role, out->name_qualifier);
    TRY(decide(c, in->principal_arn, &s, &facts));
    TRY(role_seconds(c, &role, wanted_seconds(in->duration_seconds, &s), false, &seconds));
    struct principal p = role_session(c, &role, s.session_name);
    p.federated_provider = in->principal_arn;
    p.source_identity = s.source_identity;
    struct session_parts parts = parts_of(c, in, &s);
    TRY(session_add(c, &p, &parts, &out->packed_policy_size));
    out->credentials = credentials_issue(c, &p, seconds);
    out->assumed_role_user = assumed_role_user(c, &p);
    out->subject = s.subject;
    out->subject_type = subject_type(s.subject_format);
    out->issuer = s.issuer;
    out->audience = s.recipient;
    out->source_identity = p.source_identity;
    return NULL;
}
