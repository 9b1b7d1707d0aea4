/* Who calls: the signature is checked, or its absence noted. The refusals are fault.h's. */
#include "cloud/flight.h"
#include "cloud/keys.h"

#include "auth/fault.h"
#include "cloud/form.h"
#include "crypto/crypto.h"
#include "sys/sys.h"

static enum auth_dialect dialect_of(const struct flight *f) {
    if (f->s3) return AUTH_BY_S3;
    bool query = f->protocol == WIRE_AWS_QUERY || f->protocol == WIRE_EC2_QUERY;
    return query || f->service->wire->query_compatible ? AUTH_BY_QUERY : AUTH_BY_JSON;
}

static enum step refuse(struct flight *f, struct auth_fault fault) {
    return flight_refuse(f, flight_error(f, fault.code, fault.status), fault.message);
}

static enum step refuse_kind(struct flight *f, enum auth_fault_kind kind) {
    return refuse(f, auth_fault_of(kind, dialect_of(f), (str){0}, (str){0}, f->arena));
}

static str hex_bytes(struct flight *f, str text) {
    struct buf b = buf_new(f->arena, text.n * 3 + 1);
    for (size_t i = 0; i < text.n; i++) buf_format(&b, i ? " %02x" : "%02x", (u8)text.p[i]);
    return buf_str(&b);
}

/* S3 shows what it computed, so that its caller finds the difference. */
static enum step wrong_signature(struct flight *f, str canonical, str to_sign) {
    if (f->s3) {
        fail_detail(&f->call, S("AWSAccessKeyId"), f->claim.access_key);
        fail_detail(&f->call, S("StringToSign"), to_sign);
        fail_detail(&f->call, S("SignatureProvided"), f->claim.signature);
        fail_detail(&f->call, S("StringToSignBytes"), hex_bytes(f, to_sign));
        if (canonical.p) {
            fail_detail(&f->call, S("CanonicalRequest"), canonical);
            fail_detail(&f->call, S("CanonicalRequestBytes"), hex_bytes(f, canonical));
        }
    }
    return refuse_kind(f, AUTH_FAULT_WRONG_SIGNATURE);
}

static str iso_date(struct flight *f, i64 ms) {
    struct buf b = buf_new(f->arena, 32);
    buf_iso8601(&b, ms);
    return buf_str(&b);
}

/* Wall time: signatures do not follow the cloud's clock, which a test may have moved by months. */
static enum step check_time(struct flight *f) {
    const struct auth_claim *c = &f->claim;
    i64 now = sys_wall_ms();
    enum auth_fault_kind kind = auth_judge_time(c, f->s3, now);
    if (kind == AUTH_FAULT_NONE) return STEP_NEXT;
    if (f->s3 && kind == AUTH_FAULT_URL_EXPIRED) {
        i64 end = c->form == AUTH_V2_QUERY ? c->expires_at_ms : c->signed_at_ms + c->expires_s * 1000;
        if (c->expires_s >= 0)
            fail_detail(&f->call, S("X-Amz-Expires"), arena_format(f->arena, "%lld", (long long)c->expires_s));
        fail_detail(&f->call, S("Expires"), iso_date(f, end));
        fail_detail(&f->call, S("ServerTime"), iso_date(f, now));
    } else if (f->s3) {
        struct buf at = buf_new(f->arena, 32);
        buf_amz_date(&at, c->signed_at_ms);
        fail_detail(&f->call, S("RequestTime"), buf_str(&at));
        fail_detail(&f->call, S("ServerTime"), iso_date(f, now));
        fail_detail(&f->call, S("MaxAllowedSkewMilliseconds"), S("900000"));
    }
    return refuse(f, auth_fault_of_time(kind, c, dialect_of(f), now, f->arena));
}

/* The credential scope must name the service that was routed to, and a region of the aws partition: all of
 * them are served here, and none that AWS does not have. S3 names the one it would take instead. */
static enum step check_scope(struct flight *f) {
    const struct wire_service *w = f->service->wire;
    str wanted = wire_text(w, w->signing_name);
    if (f->claim.form == AUTH_V4A) f->claim.region = region_of_set(f->claim.region_set);
    str region = f->claim.region;
    if (region.n && !region_known(region)) {
        if (f->s3) fail_detail(&f->call, S("Region"), S("us-east-1"));
        return refuse(f, auth_fault_of(AUTH_FAULT_WRONG_REGION, dialect_of(f), region, S("us-east-1"), f->arena));
    }
    if (!f->claim.service.p || str_eq(f->claim.service, wanted)) return STEP_NEXT;
    return refuse(f, auth_fault_of(AUTH_FAULT_WRONG_SERVICE, dialect_of(f), f->claim.service, wanted, f->arena));
}

static str hash_of_collected(struct flight *f) {
    u8 digest[32];
    sha256(buf_str(&f->body), digest);
    return hex_of(f->arena, (str){(char *)digest, sizeof digest});
}

/* The bucket that stands in the host and not in the path (version 2 signatures cover it). */
static str virtual_bucket(const struct flight *f) {
    if (f->path.p == f->request->path.p) return (str){0};
    return str_take(str_skip(f->path, 1), f->path.n - f->request->path.n - 1);
}

static enum step check_signature(struct flight *f, str secret) {
    const struct auth_claim *c = &f->claim;
    str canonical = {0}, to_sign = {0};
    bool right;
    bool collected = !(f->op && f->op->flags & WIRE_OP_STREAM_IN);
    if (c->form == AUTH_V2_QUERY || c->form == AUTH_V2_HEADER) {
        right = sigv2_check(&f->auth, c, secret, virtual_bucket(f), f->arena, &to_sign);
    } else {
        if (c->form == AUTH_V4A)
            sigv4a_derive(&f->signing_key, c->access_key, secret, f->arena);
        else
            f->signing_key = *sigv4_cache_get(f->cache->signing_keys, store_epoch(f->cloud->store), c->access_key, secret,
                                              c->date, c->region, c->service);
        str hash = c->payload == AUTH_PAYLOAD_BODY ? hash_of_collected(f) : c->payload_hash;
        right = sigv4_check(&f->auth, c, f->s3, &f->signing_key, hash, f->arena, &canonical, &to_sign);
    }
    if (!right) return wrong_signature(f, canonical, to_sign);
    if (c->payload == AUTH_PAYLOAD_HASH && collected && !str_eq_nocase(hash_of_collected(f), c->payload_hash))
        return refuse_kind(f, AUTH_FAULT_BODY_HASH);
    return STEP_NEXT;
}

static void begin_call(struct flight *f) {
    struct call *c = &f->call;
    c->service = f->service;
    c->op = f->op;
    c->principal = &f->principal;
    c->account = f->principal.account.p ? f->principal.account : S("000000000000");
    c->region = call_region(f->service, f->claim.region);
    c->base_url = arena_concat(f->arena, f->request->tls ? S("https://") : S("http://"),
                               f->request->host.n ? f->request->host : S("localhost"));
    c->source_ip = f->request->peer;
    c->by_query = f->protocol == WIRE_AWS_QUERY;
    c->by_form = f->form != NULL;
    if (f->s3) c->host_id = flight_host_id(f);
}

err flight_key_unknown(struct flight *f) {
    struct auth_fault fault = auth_fault_of(AUTH_FAULT_UNKNOWN_KEY, dialect_of(f), (str){0}, (str){0}, f->arena);
    f->message = fault.message;
    if (f->s3) fail_detail(&f->call, S("AWSAccessKeyId"), f->claim.access_key);
    return flight_error(f, fault.code, fault.status);
}

/* A queue's or a topic's policy may allow everybody, even unsigned. */
static bool lets_strangers_in(const struct flight *f) {
    str name = wire_text(f->service->wire, f->service->wire->name);
    return str_eq(name, S("sqs")) || str_eq(name, S("sns"));
}

err flight_unsigned(struct flight *f) {
    struct auth_fault fault = auth_fault_of(AUTH_FAULT_NO_SIGNATURE, dialect_of(f), (str){0}, (str){0}, f->arena);
    f->message = fault.message;
    return flight_error(f, fault.code, fault.status);
}

static enum step verify(struct flight *f, str secret) {
    if (f->form) return form_upload_identify(f, secret);
    enum step step;
    if (f->s3) { /* S3 looks at the clock first: an expired URL is expired, however it was altered */
        step = check_time(f);
        return step == STEP_NEXT ? check_signature(f, secret) : step;
    }
    step = check_signature(f, secret);
    return step == STEP_NEXT ? check_time(f) : step;
}

/* Of the values that are wrong S3 names the payload's hash. */
static enum step refuse_claim(struct flight *f) {
    const struct auth_claim *c = &f->claim;
    if (f->s3 && c->problem == AUTH_FAULT_PAYLOAD_HASH && c->problem_detail.p) {
        fail_detail(&f->call, S("ArgumentName"), S("x-amz-content-sha256"));
        fail_detail(&f->call, S("ArgumentValue"), c->problem_detail);
    }
    return refuse(f, auth_fault_of_claim(c, dialect_of(f), f->arena));
}

/* IAM takes no session that a user or root got for himself without a second factor, and no federated user: to it their
 * tokens are unknown. A session of AssumeRoot is known by its task. */
static bool is_stranger_to_iam(const struct flight *f) {
    const struct principal *p = &f->principal;
    if (!p->session_expires_ms || !str_eq(wire_text(f->service->wire, f->service->wire->name), S("iam"))) return false;
    bool for_himself = p->kind == PRINCIPAL_USER || (p->kind == PRINCIPAL_ROOT && !p->session_policy_arns.n);
    return p->kind == PRINCIPAL_FEDERATED || (for_himself && !p->mfa);
}

enum step stage_identify(struct flight *f) {
    const struct auth_claim *c = &f->claim;
    f->epoch = store_epoch(f->cloud->store);
    if (c->form == AUTH_MALFORMED) {
        bool other_day = c->problem == AUTH_FAULT_SCOPE_DATE || c->problem == AUTH_FAULT_DATE_MISMATCH;
        if (other_day && !f->s3 && c->signed_at_ms && check_time(f) != STEP_NEXT) return STEP_ANSWER; /* the clock outranks it */
        return refuse_claim(f);
    }
    if (c->form == AUTH_ANONYMOUS) {
        begin_call(f);
        if (f->s3 || f->op->flags & WIRE_OP_ANONYMOUS || lets_strangers_in(f)) return STEP_NEXT; /* authorisation decides */
        return refuse_kind(f, AUTH_FAULT_NO_SIGNATURE);
    }
    enum step step = check_scope(f);
    if (step != STEP_NEXT) return step;
    str secret;
    switch (key_find(f, c->access_key, c->session_token, &secret, &f->principal)) {
    case KEY_FOUND: break;
    case KEY_UNKNOWN: f->error = flight_key_unknown(f); return STEP_ANSWER;
    case KEY_TOKEN_INVALID: return refuse_kind(f, AUTH_FAULT_BAD_TOKEN);
    case KEY_TOKEN_EXPIRED: return refuse_kind(f, AUTH_FAULT_EXPIRED_TOKEN);
    }
    begin_call(f);
    step = verify(f, secret);
    if (step != STEP_NEXT) return step;
    if (is_stranger_to_iam(f)) return refuse_kind(f, AUTH_FAULT_UNKNOWN_KEY);
    key_mark_used(f);
    return STEP_NEXT;
}
