/* Cross-origin requests. A browser asks before it sends (OPTIONS, a preflight), and looks for headers in
 * the answer; who signs what is not asked here. For a bucket the rules are the room's (cloud_config.cors). The
 * endpoint of a service that speaks by POST / is open to every page, as AWS's are: what protects it is the signature. */
#include "cloud/flight.h"
#include "cloud/host.h"

/* ---- endpoints of services ---- */

static str asked(const struct flight *f, str name) { return http_header_get(f->request, name); }

static bool of_endpoint(const struct flight *f) {
    if (f->service && !f->s3) return true;
    if (f->claim.form != AUTH_ANONYMOUS) return false;
    if (str_find(asked(f, S("access-control-request-headers")), S("x-amz-target")) != STR_NONE) return true;
    return str_eq(f->request->path, S("/")) && host_read(f->request->host).kind == HOST_PLAIN;
}

static void answer_everybody(struct flight *f) {
    struct call *c = &f->call;
    c->arena = f->arena;
    answer_header(c, S("Access-Control-Allow-Origin"), S("*"));
    answer_header(c, S("Access-Control-Expose-Headers"), S("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,x-amz-crc32,Date"));
}

static enum step endpoint_preflight(struct flight *f) {
    struct call *c = &f->call;
    str method = asked(f, S("access-control-request-method")), headers = asked(f, S("access-control-request-headers"));
    answer_everybody(f);
    if (method.n) answer_header(c, S("Access-Control-Allow-Methods"), method);
    if (headers.n) answer_header(c, S("Access-Control-Allow-Headers"), headers);
    answer_header(c, S("Access-Control-Max-Age"), S("172800"));
    f->s3 = false;
    f->op = NULL;
    return STEP_ANSWER;
}

static bool is_preflight(const struct flight *f) { return str_eq(f->request->method, S("OPTIONS")); }

/* ---- buckets ---- */

static enum cors_result ask(struct flight *f, const struct cors_question *q) {
    struct call *c = &f->call;
    const struct call before = *c;
    enum cors_result result;
    c->arena = f->arena;
    c->service = f->service;
    if (!c->account.p) c->account = S("000000000000");
    c->txn = store_snapshot(f->cloud->store, f->arena);
    result = (enum cors_result)f->cloud->config.cors(c, q);
    store_snapshot_end(c->txn);
    struct record_pairs headers = c->answer_headers;
    *c = before;
    c->answer_headers = headers;
    return result;
}

static bool has_rules(const struct flight *f) { return f->s3 && f->cloud->config.cors; }

static enum step forbidden(struct flight *f, str method, const char *why) {
    str path = str_skip(f->path, 1);
    (void)str_cut(&path, '/');
    fail_detail(&f->call, S("Method"), method);
    fail_detail(&f->call, S("ResourceType"), path.n ? S("OBJECT") : S("BUCKET"));
    return flight_refuse(f, flight_error(f, S("AccessForbidden"), 403), arena_format(f->arena, "CORSResponse: %s", why));
}

bool cors_owns(const struct flight *f) {
    return is_preflight(f) && (has_rules(f) || (of_endpoint(f) && asked(f, S("origin")).n));
}

enum step cors_preflight(struct flight *f) {
    if (of_endpoint(f) && asked(f, S("origin")).n) return endpoint_preflight(f);
    struct cors_question q = {.path = f->path,
                              .origin = http_header_get(f->request, S("origin")),
                              .method = http_header_get(f->request, S("access-control-request-method")),
                              .headers = http_header_get(f->request, S("access-control-request-headers"))};
    f->call.arena = f->arena;
    if (!q.origin.n)
        return flight_refuse(f, flight_error(f, S("BadRequest"), 400), S("Insufficient information. Origin request header needed."));
    enum cors_result result = ask(f, &q);
    str method = q.method.n ? q.method : f->request->method;
    if (result == CORS_NONE) return forbidden(f, method, "CORS is not enabled for this bucket.");
    if (!q.method.n)
        return flight_refuse(f, flight_error(f, S("BadRequest"), 400), S("Invalid Access-Control-Request-Method: null"));
    if (result == CORS_REFUSED)
        return forbidden(f, method,
                         "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
                         "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's "
                         "CORS spec.");
    return STEP_ANSWER;
}

void cors_headers(struct flight *f) {
    struct cors_question q = {.path = f->path, .origin = asked(f, S("origin")), .method = f->request->method};
    if (!q.origin.n || is_preflight(f)) return;
    if (of_endpoint(f)) answer_everybody(f);
    else if (has_rules(f)) (void)ask(f, &q);
}
