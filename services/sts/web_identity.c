/* AssumeRoleWithWebIdentity: who is vouched for by an OpenID Connect provider that the role's account knows. The
 * token is checked in the prepare function, on a worker: the provider's keys are fetched from it. The writer
 * then only decides. */
#include "sts.h"

#include "cloud/identity.h"
#include "http/client.h"
#include "jwt.h"
#include "text/tree.h"

enum { FETCH_MS = 5000, DOCUMENT_MAX = 1 << 20 };

#define HTTPS S("https://")

static err refuse_token(struct call *c, const char *why) { return fail(c, &sts_invalid_identity_token_exception, "%s", why); }
static err refuse_keys(struct call *c) {
    return refuse_token(c, "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
                           "documentation for requirements");
}

/* The provider in the role's account that stands for a token's issuer. */
static err find_provider(struct call *c, str role_arn, const struct jwt *jwt, str *arn, struct identity_oidc_provider *provider) {
    const struct identity_door *door = identity_door_of(c);
    struct arn role;
    if (!arn_parse(role_arn, &role)) return fail(c, &cloud_validation, "%.*s is invalid", STR_ARGS(role_arn));
    str host = str_starts(jwt->issuer, HTTPS) ? str_skip(jwt->issuer, HTTPS.n) : jwt->issuer;
    *arn = arena_format(c->arena, "arn:aws:iam::%.*s:oidc-provider/%.*s", STR_ARGS(role.account), STR_ARGS(host));
    if (door->oidc_provider && door->oidc_provider(c->txn, c->arena, *arn, provider)) return NULL;
    return fail(c, &sts_invalid_identity_token_exception, "No OpenIDConnect provider found in your account for %.*s", STR_ARGS(jwt->issuer));
}

static bool lists(str names, str name) {
    while (names.n)
        if (str_eq(str_cut(&names, ' '), name)) return true;
    return false;
}

static str iso(struct call *c, i64 s) {
    struct buf b = buf_new(c->arena, 32);
    buf_iso8601(&b, s * 1000);
    return buf_str(&b);
}

static err check_claims(struct call *c, const struct jwt *jwt, const struct identity_oidc_provider *provider) {
    i64 now_s = c->now_ms / 1000;
    if (!jwt->expires_s) return refuse_token(c, "Missing a required claim: exp");
    if (!jwt->audience_count) return refuse_token(c, "Missing a required claim: aud");
    if (jwt->expires_s <= now_s) {
        str now = iso(c, now_s), end = iso(c, jwt->expires_s);
        return fail(c, &sts_expired_token_exception, "Token expired: current date/time %.*s must be before the expiration date/time %.*s",
                    STR_ARGS(now), STR_ARGS(end));
    }
    if (jwt->not_before_s > now_s) return refuse_token(c, "The ID Token provided is not valid yet.");
    for (u32 i = 0; i < jwt->audience_count; i++)
        if (lists(provider->client_ids, jwt->audiences[i])) return NULL;
    return refuse_token(c, "Incorrect token audience");
}

/* ---- the provider's keys ---- */

static bool fetch(struct call *c, str url, const struct identity_oidc_provider *provider, str *body) {
    struct http_call call = {.method = S("GET"), .timeout_ms = FETCH_MS, .answer_max = DOCUMENT_MAX, .thumbprints = provider->thumbprints};
    struct http_answer answer;
    str problem;
    if (!http_url_parse(url, &call.url)) return false;
    if (http_call(c->arena, &call, &answer, &problem) != HTTP_ANSWERED || answer.status != 200) return false;
    *body = answer.body;
    return true;
}

/* DIFFERS: for each call; AWS keeps them for a while. */
static bool fetch_keys(struct call *c, const struct identity_oidc_provider *provider, str *keys) {
    static const struct json_limits limits = {DOCUMENT_MAX, 16};
    str text, base = arena_concat(c->arena, HTTPS, provider->url);
    if (!fetch(c, arena_concat(c->arena, base, S("/.well-known/openid-configuration")), provider, &text)) return false;
    const struct json_node *document = json_tree(c->arena, text, limits, NULL, NULL);
    const struct json_node *where = document ? json_node_member(document, S("jwks_uri")) : NULL;
    const struct json_node *issuer = document ? json_node_member(document, S("issuer")) : NULL;
    if (!where || where->type != JSON_STRING || !issuer || !str_eq(issuer->text, base) || !str_starts(where->text, HTTPS)) return false;
    return fetch(c, where->text, provider, keys);
}

/* The note tells the handler that this token was checked, and is its own witness: without it there was no check. */
#define CHECKED S("checked")

err sts_assume_role_with_web_identity_prepare(struct call *c, const struct sts_assume_role_with_web_identity_request *in, struct call_plan *plan) {
    struct jwt jwt;
    struct identity_oidc_provider provider = {0};
    str arn, keys = {0};
    c->resource_arn = in->role_arn; /* its account hears of it */
    if (!jwt_read(c->arena, in->web_identity_token, &jwt))
        return refuse_token(c, "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
    TRY(find_provider(c, in->role_arn, &jwt, &arn, &provider));
    TRY(check_claims(c, &jwt, &provider));
    call_leave_snapshot(c);
    bool fetched = fetch_keys(c, &provider, &keys), right = fetched && jwt_verify(c->arena, &jwt, keys);
    call_enter_snapshot(c);
    if (!fetched) return refuse_keys(c);
    if (!right) return refuse_token(c, "The ID Token provided could not be verified with the keys of its issuer.");
    plan->note = CHECKED;
    return NULL;
}

/* ---- the decision ---- */

/* The issuer's own condition keys: "accounts.example.com:sub". aud is the party that the token was made for. */
static struct auth_facts facts_of(struct call *c, const struct jwt *jwt, const struct identity_oidc_provider *provider, const struct trusted_role *role) {
    struct auth_facts f = {.resource_policy = role->trust, .resource_account = role->account, .resource_arn = role->arn, .policy_rules = true};
    f.v = NEW_ARRAY(c->arena, struct auth_fact, 4 + 2 * JWT_AUDIENCES_MAX + JWT_METHODS_MAX + 2 * JWT_TAGS_MAX);
#define KEY(name) arena_concat(c->arena, provider->url, S(":" name))
    f.v[f.n++] = (struct auth_fact){KEY("sub"), jwt->subject};
    if (jwt->authorized_party.n) f.v[f.n++] = (struct auth_fact){KEY("aud"), jwt->authorized_party};
    for (u32 i = 0; i < jwt->audience_count; i++) {
        if (!jwt->authorized_party.n) f.v[f.n++] = (struct auth_fact){KEY("aud"), jwt->audiences[i]};
        f.v[f.n++] = (struct auth_fact){KEY("oaud"), jwt->audiences[i]};
    }
    for (u32 i = 0; i < jwt->method_count; i++) f.v[f.n++] = (struct auth_fact){KEY("amr"), jwt->methods[i]};
    for (u32 i = 0; i < jwt->tags.n; i++) {
        f.v[f.n++] = (struct auth_fact){arena_concat(c->arena, S("aws:RequestTag/"), jwt->tags.v[i].key), jwt->tags.v[i].value};
        f.v[f.n++] = (struct auth_fact){S("aws:TagKeys"), jwt->tags.v[i].key};
    }
    if (jwt->source_identity.n) f.v[f.n++] = (struct auth_fact){S("sts:SourceIdentity"), jwt->source_identity};
    return f;
}

static err decide(struct call *c, str provider_arn, const struct jwt *jwt, const struct auth_facts *facts) {
    const struct principal outside = {.kind = PRINCIPAL_ANONYMOUS, .federated_provider = provider_arn};
    const str actions[] = {S("sts:AssumeRoleWithWebIdentity"), jwt->tags.n ? S("sts:TagSession") : (str){0},
                           jwt->source_identity.n ? S("sts:SetSourceIdentity") : (str){0}};
    for (size_t i = 0; i < LENGTH(actions); i++) {
        struct gate_question q = {.principal = &outside, .action = actions[i], .resource = facts->resource_arn, .facts = facts};
        if (actions[i].n && !gate_decide(c, &q).allowed)
            return fail(c, &sts_access_denied, "Not authorized to perform %.*s", STR_ARGS(actions[i]));
    }
    return NULL;
}

static struct session_parts parts_of(struct call *c, const struct sts_assume_role_with_web_identity_request *in, const struct jwt *jwt) {
    struct sts_tag_list_type *tags = NEW(c->arena, struct sts_tag_list_type);
    struct sts_tag_key_list_type *keys = NEW(c->arena, struct sts_tag_key_list_type);
    tags->v = NEW_ARRAY(c->arena, struct sts_tag, jwt->tags.n + 1);
    for (; tags->n < jwt->tags.n; tags->n++) tags->v[tags->n] = (struct sts_tag){jwt->tags.v[tags->n].key, jwt->tags.v[tags->n].value};
    keys->v = NEW_ARRAY(c->arena, str, jwt->transitive_count + 1);
    for (; keys->n < jwt->transitive_count; keys->n++) keys->v[keys->n] = jwt->transitive[keys->n];
    return (struct session_parts){in->policy, &in->policy_arns, tags, keys};
}

/* Who the token is of, and for whom it was made, as its provider says. */
static void vouch(struct call *c, const struct jwt *jwt, str provider_arn, str audience) {
    struct vouched_for *v = NEW(c->arena, struct vouched_for);
    str id = arena_format(c->arena, "%.*s:%.*s:%.*s", STR_ARGS(provider_arn), STR_ARGS(audience), STR_ARGS(jwt->subject));
    *v = (struct vouched_for){S("WebIdentityUser"), id, jwt->subject, provider_arn};
    c->vouched_for = v;
}

err sts_assume_role_with_web_identity(struct call *c, const struct sts_assume_role_with_web_identity_request *in,
                                      struct sts_assume_role_with_web_identity_response *out) {
    struct jwt jwt;
    struct identity_oidc_provider provider = {0};
    struct trusted_role role;
    str arn;
    i64 seconds;
    c->resource_arn = in->role_arn;
    if (!str_eq(c->note, CHECKED) || !jwt_read(c->arena, in->web_identity_token, &jwt)) return refuse_keys(c);
    TRY(find_provider(c, in->role_arn, &jwt, &arn, &provider));
    out->audience = jwt.authorized_party.n ? jwt.authorized_party : jwt.audiences[0];
    vouch(c, &jwt, arn, out->audience);
    if (!role_find(c, in->role_arn, &role)) return fail(c, &sts_access_denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    struct auth_facts facts = facts_of(c, &jwt, &provider, &role);
    TRY(decide(c, arn, &jwt, &facts));
    TRY(role_seconds(c, &role, in->duration_seconds, false, &seconds));
    struct principal p = role_session(c, &role, in->role_session_name);
    p.federated_provider = arn;
    p.source_identity = jwt.source_identity;
    struct session_parts parts = parts_of(c, in, &jwt);
    TRY(session_add(c, &p, &parts, &out->packed_policy_size));
    out->credentials = credentials_issue(c, &p, seconds);
    out->assumed_role_user = assumed_role_user(c, &p);
    out->subject_from_web_identity_token = jwt.subject;
    out->provider = arn;
    out->source_identity = p.source_identity;
    return NULL;
}
