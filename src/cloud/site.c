/* The site (page.h): a request of nobody's for a page, by the stages that it needs of a call's. */
#include "cloud/flight.h"
#include "cloud/host.h"
#include "cloud/page.h"

bool site_owns(const struct flight *f) { return f->cloud->config.site && host_read(f->request->host).kind == HOST_WEBSITE; }

static bool find(struct flight *f, const struct site *site) {
    for (size_t i = 0; i < f->cloud->config.service_count; i++) {
        const struct service *s = f->cloud->config.services[i];
        if (!str_eq(wire_text(s->wire, s->wire->name), str_of(site->service))) continue;
        for (u16 op = 0; op < s->wire->op_count; op++) {
            if (!str_eq(wire_text(s->wire, s->wire->ops[op].name), str_of(site->operation))) continue;
            f->service = s;
            f->op_index = op;
            f->op = &s->wire->ops[op];
            f->protocol = s->wire->protocol;
            f->s3 = true;
            return true;
        }
    }
    return false;
}

/* The headers are the operation's own; path and query are the site's, and the room reads them. */
static bool decode(struct flight *f, str name) {
    const struct wire_service *w = f->service->wire;
    struct wire_problem problem = {0};
    struct wire_message message = {.method = S("GET"),
                                   .path = arena_format(f->arena, "/%.*s/-", STR_ARGS(name)),
                                   .headers = (const struct wire_header *)f->request->headers,
                                   .header_count = f->request->header_count};
    f->in = arena_alloc(f->arena, w->shapes[f->op->input].size, 16);
    f->out = arena_alloc(f->arena, w->shapes[f->op->output].size, 16);
    return wire_decode_request(w, f->op, f->protocol, &message, f->arena, f->in, &problem);
}

enum step site_answer(struct flight *f) {
    const struct site *site = f->cloud->config.site;
    const struct http_request *r = f->request;
    struct host_name host = host_read(r->host);
    str path = {0};
    ASSERT(find(f, site));
    f->path = arena_format(f->arena, "/%.*s%.*s", STR_ARGS(host.name), STR_ARGS(r->path)); /* for the rules of cors.c */
    if (cors_owns(f)) {
        f->op = NULL; /* a preflight is no operation */
        return cors_preflight(f);
    }
    f->claim = (struct auth_claim){.form = AUTH_ANONYMOUS}; /* whoever signs is not asked for his name */
    if (stage_identify(f) != STEP_NEXT) return STEP_ANSWER;
    if (!percent_decode(f->arena, str_skip(r->path, 1), false, &path) || !decode(f, host.name))
        return flight_refuse(f, flight_error(f, S("InvalidURI"), 400), S("Couldn't parse the specified URI."));
    struct site_request request = {.in = f->in, .path = path, .query = r->query, .scheme = r->tls ? S("https") : S("http"), .host = r->host, .method = r->method};
    f->site = NEW(f->arena, struct site_answer);
    f->call.input = f->in;
    (void)flight_host_id(f);
    f->call.host_id = f->host_id;
    f->call.txn = store_snapshot(f->cloud->store, f->arena);
    f->call.now_ms = store_now_ms(f->cloud->store);
    site->answer(&f->call, &request, f->site);
    store_snapshot_end(f->call.txn);
    f->call.txn = NULL;
    f->error = f->site->error;
    if (f->site->out) f->out = f->site->out;
    return STEP_ANSWER;
}
