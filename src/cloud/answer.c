/* The answer: output or error into bytes, request ids, streamed bodies. */
#include "cloud/flight.h"
#include "cloud/form.h"
#include "cloud/page.h"
#include "cloud/record.h"

#include "crypto/crypto.h"
#include "sys/sys.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { HEADERS_OWN = 5, DIRECT_MAX = 64 << 10, READ_AHEAD = 512 << 10, READ_BUFFERS = 3 };

/* ---- errors that every service has, named as this kind of service names them ---- */

static err localized(const struct flight *f, err e) {
    static const struct error denied_json = {"AccessDeniedException", NULL, 400, WIRE_NONE, true};
    static const struct error denied_rest = {"AccessDeniedException", NULL, 403, WIRE_NONE, true};
    static const struct error unavailable_s3 = {"ServiceUnavailable", NULL, 503, WIRE_NONE, false};
    static const struct error internal_s3 = {"InternalError", NULL, 500, WIRE_NONE, false};
    static const struct error validation_query = {"ValidationError", NULL, 400, WIRE_NONE, true};
    bool query = f->protocol == WIRE_AWS_QUERY || f->protocol == WIRE_EC2_QUERY;
    if (e == &cloud_access_denied && !f->s3 && !query && f->service && !f->service->wire->query_compatible)
        return f->protocol == WIRE_REST_JSON || f->protocol == WIRE_REST_XML ? &denied_rest : &denied_json;
    if (e == &store_unavailable && f->s3) return &unavailable_s3;
    if (e == &cloud_internal_failure && f->s3) return &internal_s3;
    if (e == &cloud_validation && query) return &validation_query;
    return e;
}

static const struct service *some_service(const struct flight *f) {
    if (f->service) return f->service;
    ASSERT(f->cloud->config.service_count);
    return f->cloud->config.services[0];
}

static void encode_error(struct flight *f, struct wire_message *m) {
    const struct call *c = &f->call;
    struct wire_fault fault = {
        .error = localized(f, f->error),
        .message = f->message.p ? f->message : c->error_message,
        .members = c->error_members,
        .extra = (const struct wire_header *)c->error_details.v,
        .extra_count = c->error_details.n,
    };
    if (f->s3) fault.host_id = f->host_id;
    wire_encode_error(some_service(f)->wire, f->op, f->protocol, &fault, c->request_id, f->arena, m);
}

/* ---- streamed bodies: read ahead on a worker, so that the loop only sends ---- */

struct outflow {
    struct flight *flight;
    struct blob_reader *reader;
    const struct body_keys *keys;
    u64 next, end;             /* of what is still to be read */
    char *buffer[READ_BUFFERS]; /* heap: held as long as the answer flows, then freed */
    size_t fill[READ_BUFFERS];
    u64 filled, taken;         /* buffers */
    bool lent;                 /* buffer `taken` is being sent */
    bool reading, closed, broken, waiting;
    bool damaged;              /* the worker's word; the loop takes it when the buffer is back */
    struct worker_job job;
    struct http_task back;
};

static void outflow_free(struct outflow *o) {
    for (int i = 0; i < READ_BUFFERS; i++) free(o->buffer[i]);
    blob_close(o->reader);
    http_release(o->flight->exchange);
}

static void read_ahead(struct outflow *o);

static void read_back(struct http_task *task) {
    struct outflow *o = (struct outflow *)((char *)task - offsetof(struct outflow, back));
    o->reading = false;
    if (o->closed) {
        outflow_free(o);
        return;
    }
    o->broken = o->damaged;
    o->next += o->fill[o->filled % READ_BUFFERS];
    if (!o->broken) o->filled++;
    read_ahead(o);
    if (o->waiting) {
        o->waiting = false;
        http_stream_ready(o->flight->exchange);
    }
}

static void read_on_worker(struct worker_job *job) {
    struct outflow *o = (struct outflow *)((char *)job - offsetof(struct outflow, job));
    size_t i = o->filled % READ_BUFFERS;
    if (!hidden_read(o->reader, o->keys, o->next, o->buffer[i], o->fill[i])) {
        log_line(LOG_ERROR, "blob damaged", "offset=%llu problem=an object's bytes on disk are not what was written",
                 (unsigned long long)o->next);
        o->damaged = true;
    }
    o->back.run = read_back;
    http_loop_post(o->flight->cache->loop, &o->back);
}

static void read_ahead(struct outflow *o) {
    if (o->reading || o->broken || o->next == o->end || o->filled - o->taken == READ_BUFFERS) return;
    size_t i = o->filled % READ_BUFFERS;
    if (!o->buffer[i]) {
        o->buffer[i] = malloc(READ_AHEAD);
        ASSERT(o->buffer[i]);
    }
    /* Whole chunks of the blob after the first, so that each is opened once. */
    u64 to = MIN(o->end, (o->next / READ_AHEAD + 1) * READ_AHEAD);
    o->fill[i] = (size_t)(to - o->next);
    o->reading = true;
    o->job.run = read_on_worker;
    store_worker_submit(o->flight->cloud->store, &o->job);
}

/* Whole buffers, one at a time: to ask for the next one is to have sent the last. */
static size_t outflow_lend(void *context, const char **bytes) {
    struct outflow *o = context;
    o->taken += o->lent;
    o->lent = false;
    read_ahead(o);
    if (o->taken == o->filled) {
        if (o->broken) return HTTP_BROKEN;
        if (o->next == o->end) return 0;
        o->waiting = true;
        return HTTP_LATER;
    }
    o->lent = true;
    *bytes = o->buffer[o->taken % READ_BUFFERS];
    return o->fill[o->taken % READ_BUFFERS];
}

static void outflow_close(void *context) {
    struct outflow *o = context;
    o->closed = true;
    if (!o->reading) outflow_free(o);
}

static struct stream *output_stream(const struct flight *f) {
    if (!(f->op->flags & WIRE_OP_STREAM_OUT)) return NULL;
    const struct wire_service *w = f->service->wire;
    const struct wire_shape *output = &w->shapes[f->op->output];
    for (u16 i = 0; i < output->member_count; i++) {
        const struct wire_member *m = &w->members[output->first_member + i];
        if (m->flags & WIRE_PAYLOAD) return *(struct stream **)(void *)((char *)f->out + m->offset);
    }
    return NULL;
}

static struct stream *encode_site(struct flight *f, struct wire_message *m) {
    static const struct wire_header html = {{"Content-Type", 12}, {"text/html; charset=utf-8", 24}};
    if (f->site->out) {
        wire_encode_response(f->service->wire, f->op, f->protocol, f->out, f->call.request_id, f->arena, m);
        m->status = f->site->status;
        return output_stream(f);
    }
    *m = (struct wire_message){.status = f->site->status, .headers = &html, .header_count = f->site->page.n > 0, .body = f->site->page, .has_body = true};
    return NULL;
}

/* ---- sending ---- */

/* DynamoDB and its streams send the body's checksum, in decimal; some clients check it. */
static str crc32_text(struct arena *a, str body) {
    u8 crc[DIGEST_MAX];
    digest_once(DIGEST_CRC32, body, crc);
    return arena_format(a, "%u", (unsigned)crc[0] << 24 | (unsigned)crc[1] << 16 | (unsigned)crc[2] << 8 | crc[3]);
}

static size_t collect_headers(struct flight *f, const struct wire_message *m, bool head, struct http_header *out) {
    size_t n = 0;
    bool id = false, host_id = false; /* the body of an error brings its own */
    for (size_t i = 0; i < m->header_count; i++) {
        const struct wire_header *h = &m->headers[i];
        if (!head && str_eq_nocase(h->name, S("content-length"))) continue; /* the HTTP room counts */
        if (str_eq_nocase(h->name, S("x-amzn-requestid")) || str_eq_nocase(h->name, S("x-amz-request-id"))) id = true;
        if (str_eq_nocase(h->name, S("x-amz-id-2"))) host_id = true;
        out[n++] = (struct http_header){h->name, h->value};
    }
    for (u32 i = 0; i < f->call.answer_headers.n; i++)
        out[n++] = (struct http_header){f->call.answer_headers.v[i].key, f->call.answer_headers.v[i].value};
    if (!id) out[n++] = (struct http_header){f->s3 ? S("x-amz-request-id") : S("x-amzn-RequestId"), f->call.request_id};
    if (f->s3) {
        if (!host_id) out[n++] = (struct http_header){S("x-amz-id-2"), f->host_id};
        out[n++] = (struct http_header){S("Server"), S("AmazonS3")};
    }
    if (f->service && str_eq(wire_text(f->service->wire, f->service->wire->signing_name), S("dynamodb")))
        out[n++] = (struct http_header){S("x-amz-crc32"), crc32_text(f->arena, m->body)};
    return n;
}

static void respond_stream(struct flight *f, int status, const struct http_header *headers, size_t n, struct stream *s) {
    if (!s->reader) {
        http_respond(f->exchange, status, headers, n, s->bytes);
        return;
    }
    if (s->length <= DIRECT_MAX) { /* one short read: cheaper here than the way to a worker and back */
        char *bytes = arena_alloc(f->arena, s->length, 1);
        if (hidden_read(s->reader, s->keys, s->offset, bytes, s->length)) {
            http_respond(f->exchange, status, headers, n, (str){bytes, s->length});
            return;
        }
        log_line(LOG_ERROR, "blob damaged", "problem=an object's bytes on disk are not what was written");
        http_abort(f->exchange);
        return;
    }
    struct outflow *o = NEW(f->arena, struct outflow);
    *o = (struct outflow){.flight = f, .reader = s->reader, .keys = s->keys, .next = s->offset, .end = s->offset + s->length};
    http_hold(f->exchange);
    read_ahead(o);
    http_respond_stream(f->exchange, status, headers, n,
                        (struct http_producer){.lend = outflow_lend, .close = outflow_close, .context = o,
                                               .length = (i64)s->length});
}

void answer_plain(struct flight *f, int status, str content_type, str body) {
    enum { HEADERS_MAX = 1 + 12 }; /* of answer_header() */
    struct http_header headers[HEADERS_MAX] = {{S("Content-Type"), content_type}};
    size_t n = 1;
    cors_headers(f);
    const struct record_pairs *more = &f->call.answer_headers;
    for (u32 i = 0; i < more->n && n < HEADERS_MAX; i++) headers[n++] = (struct http_header){more->v[i].key, more->v[i].value};
    f->answered = true;
    http_respond(f->exchange, status, headers, n, body);
}

str flight_host_id(struct flight *f) {
    if (!f->host_id.p) f->host_id = id_from(f->arena, S("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), 76);
    return f->host_id;
}

enum step stage_encode(struct flight *f) {
    struct wire_message m = {0};
    bool head = str_eq(f->request->method, S("HEAD"));
    if (f->s3) (void)flight_host_id(f);
    struct stream *stream = NULL;
    if (f->request->header_count) cors_headers(f);
    if (f->error) atomic_fetch_add_explicit(&f->cloud->errors, 1, memory_order_relaxed);
    if (f->site) {
        stream = encode_site(f, &m);
    } else if (f->error) {
        encode_error(f, &m);
    } else if (!f->op) {
        m.status = 200; /* a preflight: headers alone */
    } else {
        stream = output_stream(f);
        wire_encode_response(f->service->wire, f->op, f->protocol, f->out, f->call.request_id, f->arena, &m);
        if (f->call.status) m.status = f->call.status;
    }
    struct http_header *headers = NEW_ARRAY(f->arena, struct http_header, m.header_count + f->call.answer_headers.n + HEADERS_OWN);
    size_t n = collect_headers(f, &m, head && !f->error, headers);
    f->answered = true;
    record_call(f->cloud, &f->call,
                &(struct call_end){.service = f->service, .op = f->op, .error = f->error, .status = m.status,
                                   .us = sys_monotonic_us() - f->arrived_us, .out = f->out});
    if (f->op) watch_end(f, m.status, head || m.status == 304 ? 0 : stream ? stream->length : m.body.n);
    if (f->form && form_upload_answer(f, &m, headers, n)) return STEP_DONE;
    if (f->events && !f->error) events_respond(f, m.status, headers, n);
    else if (stream && !head && m.status != 304) respond_stream(f, m.status, headers, n, stream);
    else http_respond(f->exchange, m.status, headers, n, head || !m.has_body ? (str){"", 0} : m.body);
    return STEP_DONE;
}
