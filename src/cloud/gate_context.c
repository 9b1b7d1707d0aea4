/* The condition keys: the global ones (IAM user guide, "AWS global condition context keys"), and those of the
 * services by rule: what the room's facts say, then the input member or header of that name. */
#include "cloud/gate.h"
#include "cloud/input.h"

#include "base/encode.h"
#include "text/form.h"

static struct policy_values none(void) { return (struct policy_values){0}; }

static struct policy_values one(const struct gate *g, str text) {
    if (!text.p) return none();
    str *v = NEW(g->c->arena, str);
    *v = text;
    return (struct policy_values){v, 1};
}
static struct policy_values some(const struct gate *g, str text) { return text.n ? one(g, text) : none(); } /* empty is absent */
static struct policy_values truth(const struct gate *g, bool t) { return one(g, t ? S("true") : S("false")); }
static struct policy_values number(const struct gate *g, i64 v) { return one(g, arena_format(g->c->arena, "%lld", (long long)v)); }
static struct policy_values date(const struct gate *g, i64 ms) {
    struct buf b = buf_new(g->c->arena, 32);
    buf_iso8601(&b, ms);
    return one(g, buf_str(&b));
}

static struct policy_values tag(const struct gate *g, const struct record_pairs *tags, str name) {
    for (u32 i = 0; i < tags->n; i++)
        if (str_eq_nocase(tags->v[i].key, name)) return one(g, tags->v[i].value);
    return none();
}

/* ---- who ---- */

static bool is_session(const struct principal *p) { return p->session_expires_ms != 0; }
static bool has_identity(const struct principal *p) { return p->kind == PRINCIPAL_USER || p->kind == PRINCIPAL_ROLE_SESSION || p->kind == PRINCIPAL_FEDERATED; }

static struct policy_values principal_arn(struct gate *g) {
    const struct principal *p = g->principal;
    if (p->kind == PRINCIPAL_SERVICE || p->kind == PRINCIPAL_ANONYMOUS) return none();
    return some(g, p->kind == PRINCIPAL_ROLE_SESSION && p->session_issuer.n ? p->session_issuer : p->arn);
}

static struct policy_values principal_type(struct gate *g) {
    switch ((enum principal_kind)g->principal->kind) {
    case PRINCIPAL_ANONYMOUS: return one(g, S("Anonymous"));
    case PRINCIPAL_ROOT: return one(g, S("Account"));
    case PRINCIPAL_USER: return one(g, S("User"));
    case PRINCIPAL_ROLE_SESSION: return one(g, S("AssumedRole"));
    case PRINCIPAL_FEDERATED: return one(g, S("FederatedUser"));
    case PRINCIPAL_SERVICE: return none();
    }
    return none();
}

static struct policy_values principal_tag(struct gate *g, str name) {
    const struct principal *p = g->principal;
    for (u32 i = 0; i < p->session_tag_count; i++) /* a session's tag stands before the role's of that key */
        if (str_eq_nocase(p->session_tags[i].key, name)) return one(g, p->session_tags[i].value);
    return has_identity(p) ? tag(g, &gate_caller_of(&g->view, p)->tags, name) : none();
}

static struct policy_values user_name(struct gate *g) {
    const struct principal *p = g->principal;
    if (p->kind != PRINCIPAL_USER) return none();
    size_t slash = str_rfind_char(p->arn, '/');
    return slash == STR_NONE ? none() : one(g, str_skip(p->arn, slash + 1));
}

static bool of_account(const struct principal *p) { return p->account.n && p->kind != PRINCIPAL_SERVICE; }

static struct policy_values principal_value(struct gate *g, str key) {
    const struct principal *p = g->principal;
    bool service = p->kind == PRINCIPAL_SERVICE;
    if (str_eq(key, S("arn"))) return principal_arn(g);
    if (str_eq(key, S("account"))) return of_account(p) ? one(g, p->account) : none();
    if (str_eq(key, S("orgid"))) return of_account(p) ? some(g, gate_account_of(&g->view, p->account)->organization) : none();
    if (str_eq(key, S("orgpaths"))) return of_account(p) ? some(g, gate_account_of(&g->view, p->account)->path) : none();
    if (str_starts(key, S("tag/"))) return principal_tag(g, str_skip(key, 4));
    if (str_eq(key, S("type"))) return principal_type(g);
    if (str_eq(key, S("isawsservice"))) return truth(g, service);
    if (str_eq(key, S("servicename")) || str_eq(key, S("servicenameslist"))) return service ? one(g, p->arn) : none();
    return none();
}

static struct policy_values session_value(struct gate *g, str key) {
    const struct principal *p = g->principal;
    if (str_eq(key, S("sourceidentity"))) return some(g, p->source_identity);
    if (str_eq(key, S("federatedprovider"))) return some(g, p->federated_provider);
    if (!is_session(p)) return none(); /* AWS: absent, not false, with long-term credentials */
    if (str_eq(key, S("multifactorauthpresent"))) return truth(g, p->mfa);
    if (str_eq(key, S("multifactorauthage"))) return p->mfa ? number(g, (g->c->now_ms - p->session_made_ms) / 1000) : none();
    if (str_eq(key, S("tokenissuetime"))) return date(g, p->session_made_ms);
    if (str_eq(key, S("assumedroot"))) return truth(g, p->kind == PRINCIPAL_ROOT);
    return none();
}

/* ---- how ---- */

static str header_of(const struct gate *g, str name) {
    const struct flight *f = g->c->flight;
    return f && f->request ? http_header_get(f->request, name) : (str){0};
}

/* Of a call that a service makes for somebody: the services in between, the nearest to him first. */
static u32 called_via(const struct gate *g, str *names, u32 max) {
    u32 n = 0;
    for (const struct call *c = g->c; c->outer && n < max; c = c->outer) {
        if (!c->forwarded) break;
        const struct wire_service *w = c->outer->service->wire;
        names[n++] = arena_format(g->c->arena, "%s.amazonaws.com", w->text + w->signing_name);
    }
    for (u32 i = 0; i < n / 2; i++) {
        str swap = names[i];
        names[i] = names[n - 1 - i];
        names[n - 1 - i] = swap;
    }
    return n;
}

static struct policy_values via_value(struct gate *g, str key) {
    enum { DEPTH_MAX = 8 };
    str *names = NEW_ARRAY(g->c->arena, str, DEPTH_MAX);
    u32 n = called_via(g, names, DEPTH_MAX);
    if (str_eq(key, S("viaawsservice"))) return truth(g, n > 0);
    if (!n) return none();
    if (str_eq(key, S("calledvia"))) return (struct policy_values){names, n};
    return one(g, names[str_eq(key, S("calledviafirst")) ? 0 : n - 1]);
}

static bool is_address(str s) { return s.n && (str_find_char(s, ':') != STR_NONE || (s.p[0] >= '0' && s.p[0] <= '9')); }

static struct policy_values source_value(struct gate *g, str key) {
    const struct call *c = g->c;
    bool service = g->principal->kind == PRINCIPAL_SERVICE && c->outer;
    if (str_eq(key, S("ip"))) return is_address(c->source_ip) ? one(g, c->source_ip) : none(); /* of a service: none */
    if (!service) return none(); /* vpce, vpc and vpcarn come with endpoints */
    if (str_eq(key, S("arn"))) return some(g, c->source_arn);
    if (str_eq(key, S("account"))) return some(g, c->outer->account);
    if (str_eq(key, S("orgid"))) return some(g, gate_account_of(&g->view, c->outer->account)->organization);
    if (str_eq(key, S("orgpaths"))) return some(g, gate_account_of(&g->view, c->outer->account)->path);
    return none();
}

/* ---- what ---- */

static const struct record_pairs *request_tags(struct gate *g) {
    if (!g->request_tags_known) g->request_tags = input_tags(g->c);
    g->request_tags_known = true;
    return &g->request_tags;
}

static struct policy_values keys_of(const struct gate *g, const struct record_pairs *tags) {
    if (!tags->n) return none();
    str *v = NEW_ARRAY(g->c->arena, str, tags->n);
    for (u32 i = 0; i < tags->n; i++) v[i] = tags->v[i].key;
    return (struct policy_values){v, tags->n};
}

static struct policy_values request_tag(struct gate *g, str name) {
    const struct record_pairs *tags = request_tags(g);
    for (u32 i = 0; i < tags->n; i++)
        if (tags->v[i].value.p && str_eq_nocase(tags->v[i].key, name)) return one(g, tags->v[i].value);
    return none();
}

static struct policy_values resource_tag(struct gate *g, str name) {
    if (!str_starts(g->resource, S("arn:"))) return none();
    (void)gate_txn(g->c);
    struct record_pairs tags = tags_of(g->c, g->resource);
    return tag(g, &tags, name);
}

static struct policy_values resource_value(struct gate *g, str key) {
    if (str_starts(key, S("tag/"))) return resource_tag(g, str_skip(key, 4));
    if (str_eq(key, S("account"))) return some(g, g->resource_account);
    if (str_eq(key, S("orgid"))) return some(g, gate_account_of(&g->view, g->resource_account)->organization);
    if (str_eq(key, S("orgpaths"))) return some(g, gate_account_of(&g->view, g->resource_account)->path);
    return none();
}

static struct policy_values global_value(struct gate *g, str key) {
    const struct call *c = g->c;
    const struct flight *f = c->flight;
    if (str_starts(key, S("principal"))) return principal_value(g, str_skip(key, 9));
    if (str_starts(key, S("resource"))) return resource_value(g, str_skip(key, 8));
    if (str_starts(key, S("requesttag/"))) return request_tag(g, str_skip(key, 11));
    if (str_eq(key, S("tagkeys"))) return keys_of(g, request_tags(g));
    if (str_eq(key, S("username"))) return user_name(g);
    if (str_eq(key, S("userid"))) return g->principal->kind == PRINCIPAL_ANONYMOUS ? one(g, S("anonymous")) : some(g, g->principal->user_id);
    if (str_eq(key, S("securetransport"))) return truth(g, !f || (f->request && f->request->tls));
    if (str_eq(key, S("useragent"))) return some(g, header_of(g, S("user-agent")));
    if (str_eq(key, S("referer"))) return some(g, header_of(g, S("referer")));
    if (str_eq(key, S("requestedregion"))) return some(g, c->region);
    if (str_eq(key, S("currenttime"))) return date(g, store_now_ms(c->cloud->store));
    if (str_eq(key, S("epochtime"))) return number(g, store_now_ms(c->cloud->store) / 1000);
    if (str_starts(key, S("calledvia")) || str_eq(key, S("viaawsservice"))) return via_value(g, key);
    if (str_starts(key, S("source")) && !str_eq(key, S("sourceidentity"))) return source_value(g, str_skip(key, 6));
    return session_value(g, key);
}

/* ---- the services' own ---- */

/* S3's x-amz-tagging, "a=1&b=2", or the tags in the body. */
static struct record_pairs object_tags(struct gate *g) {
    str header = header_of(g, S("x-amz-tagging"));
    if (!header.p) return *request_tags(g);
    enum { PAIRS_MAX = 50 };
    struct form form;
    struct record_pairs tags = {.v = NEW_ARRAY(g->c->arena, struct record_pair, PAIRS_MAX)};
    if (!form_parse(g->c->arena, header, true, PAIRS_MAX, &form)) return tags;
    for (size_t i = 0; i < form.n; i++) tags.v[tags.n++] = (struct record_pair){form.pairs[i].name, form.pairs[i].value.p ? form.pairs[i].value : S("")};
    return tags;
}

static struct policy_values s3_value(struct gate *g, str key) {
    const struct flight *f = g->c->flight;
    struct record_pairs tags;
    if (str_eq(key, S("resourceaccount"))) return some(g, g->resource_account);
    if (str_starts(key, S("requestobjecttag"))) {
        tags = object_tags(g);
        return str_eq(key, S("requestobjecttagkeys")) ? keys_of(g, &tags) : tag(g, &tags, str_skip(key, sizeof "requestobjecttag/" - 1));
    }
    if (!f || !f->request) return none();
    if (str_eq(key, S("tlsversion"))) return f->request->tls ? one(g, arena_format(g->c->arena, "1.%d", f->request->tls_minor)) : none();
    bool query = f->claim.expires_s >= 0 || f->claim.form == AUTH_V4_QUERY || f->claim.form == AUTH_V2_QUERY, old = f->claim.form == AUTH_V2_QUERY || f->claim.form == AUTH_V2_HEADER;
    bool signed_call = f->claim.form != AUTH_ANONYMOUS;
    if (str_eq(key, S("authtype"))) return signed_call || f->form ? one(g, f->form ? S("POST") : query ? S("REST-QUERY-STRING") : S("REST-HEADER")) : none();
    if (str_eq(key, S("signatureversion"))) return signed_call ? one(g, old ? S("AWS") : f->claim.form == AUTH_V4A ? S("AWS4-ECDSA-P256-SHA256") : S("AWS4-HMAC-SHA256")) : none();
    if (str_eq(key, S("signatureage"))) return query && f->claim.signed_at_ms ? number(g, store_now_ms(f->cloud->store) - f->claim.signed_at_ms) : none();
    str header = header_of(g, key);
    if (!header.p) header = header_of(g, arena_concat(g->c->arena, S("x-amz-"), key)); /* s3:object-lock-legal-hold */
    return one(g, header);
}

static struct policy_values service_value(struct gate *g, str key) {
    str name = key, service = str_cut(&name, ':');
    if (!name.n) return none();
    if (str_eq(name, S("viaservice"))) { /* kms:ViaService names the region too */
        const struct call *c = g->c;
        if (!c->outer || !c->forwarded) return none();
        const struct wire_service *w = c->outer->service->wire;
        return one(g, arena_format(c->arena, "%s.%.*s.amazonaws.com", w->text + w->signing_name, STR_ARGS(c->region)));
    }
    if (str_eq(name, S("calleraccount"))) return of_account(g->principal) ? one(g, g->principal->account) : none();
    if (str_starts(name, S("resourcetag/"))) return resource_tag(g, str_skip(name, 12)); /* ec2:ResourceTag/x and others */
    if (!g->c->service || !str_eq(service, wire_text(g->c->service->wire, g->c->service->wire->signing_name))) return none();
    struct policy_values found = input_values(g->c, name);
    return found.v || !str_eq(service, S("s3")) ? found : s3_value(g, name);
}

/* Facts come first: the room knows best. Names without case, as conditions have them. */
static struct policy_values fact_values(const struct gate *g, str key) {
    str *v = NULL;
    u32 n = 0;
    for (u32 i = 0; i < g->facts->n; i++) {
        if (!str_eq_nocase(g->facts->v[i].key, key)) continue;
        if (!v) v = NEW_ARRAY(g->c->arena, str, g->facts->n);
        v[n++] = g->facts->v[i].value;
    }
    return (struct policy_values){v, n};
}

struct policy_values gate_values(void *context, str key) {
    struct gate *g = context;
    struct policy_values found = {0};
    if (g->question->values) found = g->question->values(g->question->context, key);
    if (!found.v) found = fact_values(g, key);
    if (!found.v && g->facts->values) found = g->facts->values(g->facts->context, key);
    if (found.v) return found;
    return str_starts(key, S("aws:")) ? global_value(g, str_skip(key, 4)) : service_value(g, key);
}
