/* Cross-origin requests. A browser asks before it sends (OPTIONS, a preflight), and looks for headers in
 * the answer. The rules are the room's (cloud_config.cors); who signs what is not asked here. */
#include "cloud/flight.h"

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

bool cors_owns(const struct flight *f) { return has_rules(f) && str_eq(f->request->method, S("OPTIONS")); }

enum step cors_preflight(struct flight *f) {
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
    if (!has_rules(f) || cors_owns(f)) return;
    struct cors_question q = {.path = f->path, .origin = http_header_get(f->request, S("origin")), .method = f->request->method};
    if (q.origin.n) (void)ask(f, &q);
}
