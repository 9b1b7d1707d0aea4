/* Which service, which operation, in which protocol: the evidence in the order of its weight
 * (protocols.md, "Finding service, operation, region behind one endpoint"). */
#include "cloud/flight.h"

#include "cloud/form.h"
#include "cloud/host.h"
#include "cloud/uri.h"
#include "text/form.h"

static str header(const struct flight *f, str name) { return http_header_get(f->request, name); }

static const struct service *by_signing_name(const struct flight *f, str name) {
    u32 hash = wire_hash(name);
    for (size_t i = 0; i < f->cloud->config.service_count; i++) {
        const struct service *s = f->cloud->config.services[i];
        if (s->wire->signing_hash == hash && wire_text_is(s->wire, s->wire->signing_name, name)) return s;
    }
    return NULL;
}

static const struct service *by_target_prefix(const struct flight *f, str prefix) {
    u32 hash = wire_hash(prefix);
    for (size_t i = 0; i < f->cloud->config.service_count; i++) {
        const struct service *s = f->cloud->config.services[i];
        if (s->wire->target_hash == hash && s->wire->target_prefix && wire_text_is(s->wire, s->wire->target_prefix, prefix)) return s;
    }
    return NULL;
}

static bool speaks(const struct wire_service *w, enum wire_protocol p) { return w->protocols >> p & 1; }

static const struct service *by_query_action(const struct flight *f, str action) {
    for (size_t i = 0; i < f->cloud->config.service_count; i++) {
        const struct service *s = f->cloud->config.services[i];
        if (!speaks(s->wire, WIRE_AWS_QUERY) && !speaks(s->wire, WIRE_EC2_QUERY)) continue;
        for (u16 op = 0; op < s->wire->op_count; op++)
            if (str_eq(wire_text(s->wire, s->wire->ops[op].name), action)) return s;
    }
    return NULL;
}

/* ".../service/{Service}/operation/{Operation}": the last four segments. */
static bool cbor_path(str path, str *service, str *operation) {
    size_t at = str_rfind_char(path, '/');
    if (at == STR_NONE) return false;
    *operation = str_skip(path, at + 1);
    str rest = str_take(path, at);
    if (!str_ends(rest, S("/operation"))) return false;
    rest = str_take(rest, rest.n - S("/operation").n);
    at = str_rfind_char(rest, '/');
    if (at == STR_NONE || !str_ends(str_take(rest, at), S("/service"))) return false;
    *service = str_skip(rest, at + 1);
    return true;
}

/* S3 Control signs as S3 does; its paths begin with its version, and its requests say for which account they are. */
static const struct service *by_path(const struct flight *f, const struct service *s) {
    bool control = str_starts(f->request->path, S("/v20180820/")) && header(f, S("x-amz-account-id")).p;
    if (!control || !str_eq(wire_text(s->wire, s->wire->name), S("s3"))) return s;
    for (size_t i = 0; i < f->cloud->config.service_count; i++) {
        const struct service *other = f->cloud->config.services[i];
        if (str_eq(wire_text(other->wire, other->wire->name), S("s3control"))) return other;
    }
    return s;
}

static void set_service(struct flight *f, const struct service *s) {
    f->service = s;
    f->protocol = s->wire->protocol;
    f->s3 = str_eq(wire_text(s->wire, s->wire->signing_name), S("s3")); /* S3 and S3 Control */
    if (!str_eq(wire_text(s->wire, s->wire->name), S("s3"))) return;
    struct host_name host = host_read(f->request->host);
    if (host.kind == HOST_BUCKET) f->path = arena_format(f->arena, "/%.*s%.*s", STR_ARGS(host.name), STR_ARGS(f->request->path));
}

static bool is_form(const struct flight *f) {
    return str_starts(header(f, S("content-type")), S("application/x-www-form-urlencoded"));
}

/* A service that is not here: its client shall understand so much as that. */
static enum step unknown_service(struct flight *f) {
    static const str in_xml[] = {{"cloudfront", 10}, {"route53", 7}}; /* nothing in their requests tells */
    str name = f->claim.service, service, operation;
    for (size_t i = 0; i < LENGTH(in_xml); i++)
        if (str_eq(name, in_xml[i])) f->protocol = WIRE_REST_XML;
    if (is_form(f)) f->protocol = str_eq(name, S("ec2")) ? WIRE_EC2_QUERY : WIRE_AWS_QUERY;
    if (cbor_path(f->request->path, &service, &operation)) f->protocol = WIRE_RPC_V2_CBOR;
    return flight_refuse(f, &cloud_not_implemented,
                         arena_format(f->arena, "brume does not have the service '%.*s' (yet). brume coverage lists what it has.", STR_ARGS(name)));
}

enum step stage_route(struct flight *f) {
    if (site_owns(f)) return site_answer(f);
    if (admin_owns(f)) return admin_answer(f);
    if (admin_page(f) == STEP_DONE) return STEP_DONE;
    const struct http_request *r = f->request;
    f->auth = (struct auth_request){.method = r->method,
                                    .path = r->path,
                                    .query = r->query,
                                    .headers = (const struct auth_header *)r->headers,
                                    .header_count = r->header_count};
    f->claim = auth_read(&f->auth, f->arena);

    str target = header(f, S("x-amz-target")), service, operation;
    const struct service *s = NULL;
    if (target.p) {
        str prefix = str_take(target, MIN(str_rfind_char(target, '.'), target.n));
        s = by_target_prefix(f, prefix);
    } else if (cbor_path(r->path, &service, &operation)) {
        s = by_target_prefix(f, service);
    }
    if (!s && f->claim.service.p) {
        s = by_signing_name(f, f->claim.service);
        if (!s) return unknown_service(f);
    }
    if (!s && target.p)
        return flight_refuse(f, flight_error(f, S("UnknownOperationException"), 404),
                             arena_format(f->arena, "No service owns the target '%.*s'.", STR_ARGS(target)));
    bool post = str_eq(r->method, S("POST"));
    if (!s && post && is_form(f) && f->claim.form == AUTH_ANONYMOUS) return STEP_NEXT; /* Action is in the body */
    if (!s && f->claim.form == AUTH_ANONYMOUS) {
        str action = form_find(f->arena, r->query, S("Action"));
        if (action.p) s = by_query_action(f, action);
    }
    if (!s) s = by_signing_name(f, S("s3")); /* what nobody else owns is a bucket or an object */
    if (!s) return flight_refuse(f, &cloud_not_implemented, S("No service owns this path."));
    set_service(f, by_path(f, s));
    s = f->service;
    if (cors_owns(f)) return cors_preflight(f);
    if (form_upload_owns(f)) return form_upload_start(f);
    if (s->wire->protocol == WIRE_REST_JSON || s->wire->protocol == WIRE_REST_XML) return stage_operation(f);
    return STEP_NEXT;
}

static str s3_resource_type(str path) {
    str rest = str_skip(path, 1), bucket = str_cut(&rest, '/');
    return rest.n ? S("OBJECT") : bucket.n ? S("BUCKET") : S("SERVICE");
}

static enum step unknown_operation(struct flight *f, str name) {
    if (f->protocol == WIRE_AWS_QUERY || f->protocol == WIRE_EC2_QUERY)
        return flight_refuse(f, flight_error(f, S("InvalidAction"), 400),
                             arena_format(f->arena, "The action %.*s is not valid for this endpoint.", STR_ARGS(name)));
    if (f->s3 && str_eq(f->request->method, S("POST")) && str_eq(s3_resource_type(f->path), S("BUCKET"))) {
        fail_detail(&f->call, S("Condition"), S("Bucket POST must be of the enclosure-type multipart/form-data"));
        return flight_refuse(f, flight_error(f, S("PreconditionFailed"), 412), S("At least one of the pre-conditions you specified did not hold"));
    }
    if (f->s3) {
        fail_detail(&f->call, S("Method"), f->request->method);
        fail_detail(&f->call, S("ResourceType"), s3_resource_type(f->path));
    }
    if (f->s3 || f->protocol == WIRE_REST_JSON || f->protocol == WIRE_REST_XML)
        return flight_refuse(f, flight_error(f, S("MethodNotAllowed"), 405),
                             S("The specified method is not allowed against this resource."));
    return flight_refuse(f, flight_error(f, S("UnknownOperationException"), 400),
                         arena_format(f->arena, "The operation '%.*s' is unknown.", STR_ARGS(name)));
}

static bool find_operation(struct flight *f, str name) {
    const struct wire_service *w = f->service->wire;
    for (u16 i = 0; i < w->op_count; i++) {
        if (!wire_text_is(w, w->ops[i].name, name)) continue;
        f->op = &w->ops[i];
        f->op_index = i;
        return true;
    }
    return false;
}

static enum step check_present(struct flight *f) {
    if (f->service->ops[f->op_index].handle) return STEP_NEXT;
    const struct wire_service *w = f->service->wire;
    return flight_refuse(f, &cloud_not_implemented,
                         arena_format(f->arena, "brume does not have %s:%s (yet). brume coverage lists what it has.",
                                      w->text + w->name, w->text + f->op->name));
}

static const struct uri_table *table_of(const struct flight *f) {
    const struct cloud_config *config = &f->cloud->config;
    struct loop_cache *cache = f->cache;
    size_t i = 0;
    while (config->services[i] != f->service) i++;
    if (!cache->uris) cache->uris = NEW_ARRAY(&cache->arena, struct uri_table *, config->service_count);
    if (!cache->uris[i]) cache->uris[i] = uri_table_new(&cache->arena, f->service);
    return cache->uris[i];
}

static int match_uri(struct flight *f) {
    return uri_match(table_of(f), f->request->method, f->path, f->request->query,
                     (const struct wire_header *)f->request->headers, f->request->header_count, f->arena);
}

enum step stage_operation(struct flight *f) {
    if (f->op) return STEP_NEXT;
    str target = header(f, S("x-amz-target")), service, name;
    if (target.p && f->service) {
        name = str_skip(target, MIN(str_rfind_char(target, '.'), target.n - 1) + 1);
        if (f->protocol != WIRE_AWS_JSON_1_0) f->protocol = WIRE_AWS_JSON_1_1;
        str type = header(f, S("content-type"));
        if (str_starts(type, S("application/x-amz-json-1.0"))) f->protocol = WIRE_AWS_JSON_1_0;
        if (str_starts(type, S("application/x-amz-json-1.1"))) f->protocol = WIRE_AWS_JSON_1_1;
        return find_operation(f, name) ? check_present(f) : unknown_operation(f, name);
    }
    if (f->service && speaks(f->service->wire, WIRE_RPC_V2_CBOR) && cbor_path(f->request->path, &service, &name)) {
        f->protocol = WIRE_RPC_V2_CBOR;
        return find_operation(f, name) ? check_present(f) : unknown_operation(f, name);
    }
    bool rest = f->service && (f->protocol == WIRE_REST_JSON || f->protocol == WIRE_REST_XML);
    if (rest) {
        int index = match_uri(f);
        if (index < 0) return unknown_operation(f, f->request->path);
        f->op = &f->service->wire->ops[index];
        f->op_index = (u16)index;
        return check_present(f);
    }
    name = form_find(f->arena, buf_str(&f->body), S("Action"));
    if (!name.p) name = form_find(f->arena, f->request->query, S("Action"));
    if (!f->service && name.p) {
        const struct service *s = by_query_action(f, name);
        if (s) set_service(f, s);
    }
    if (!f->service) {
        set_service(f, by_signing_name(f, S("s3")));
        return stage_operation(f);
    }
    f->protocol = speaks(f->service->wire, WIRE_EC2_QUERY) ? WIRE_EC2_QUERY : WIRE_AWS_QUERY;
    if (!name.p)
        return flight_refuse(f, flight_error(f, S("MissingAction"), 400),
                             S("The request must contain the parameter Action."));
    return find_operation(f, name) ? check_present(f) : unknown_operation(f, name);
}
