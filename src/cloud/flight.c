#include "cloud/flight.h"

#include "auth/token.h"
#include "cloud/form.h"
#include "cloud/record.h"
#include "sys/sys.h"
#include "text/gzip.h"

#include <stdatomic.h>

enum { BODY_MAX = 16 << 20 };

/* A request's way. The order is the promise: no service can forget a gate. */
static const struct stage stages[] = {
    {"route", stage_route},         {"collect", stage_collect},     {"operation", stage_operation},
    {"identify", stage_identify},   {"decode", stage_decode},       {"validate", stage_validate},
    {"authorize", stage_authorize}, {"prepare", stage_prepare},     {"receive", stage_receive},
    {"handle", stage_handle},       {"settle", stage_settle},       {"encode", stage_encode},
};
_Static_assert(LENGTH(stages) == STAGE_ENCODE + 1, "flight.h names positions of this table");

static void flight_free(struct flight *f) {
    if (f->intake) intake_drop(f);
    if (f->stream && f->stream->stage) blob_stage_drop(f->stream->stage);
    http_release(f->exchange);
}

void flight_resume(struct flight *f) {
    f->busy = false;
    if (f->gone) {
        if (f->parked) flight_pass_wake_on(f);
        flight_free(f);
        return;
    }
    while (f->stage < LENGTH(stages)) {
        switch (stages[f->stage].run(f)) {
        case STEP_NEXT: f->stage++; break;
        case STEP_ANSWER: f->stage = STAGE_ENCODE; break;
        case STEP_LATER: return;
        case STEP_DONE: f->stage = LENGTH(stages); break;
        }
    }
}

static void back_on_loop(struct http_task *task) {
    struct flight *f = (struct flight *)((char *)task - offsetof(struct flight, back));
    flight_resume(f);
}

void flight_return(struct flight *f) {
    f->back.run = back_on_loop;
    http_loop_post(f->cache->loop, &f->back);
}

enum step flight_refuse(struct flight *f, err e, str message) {
    f->error = e;
    f->message = message;
    return STEP_ANSWER;
}

err flight_error(struct flight *f, str code, int status) {
    struct error *e = NEW(f->arena, struct error);
    *e = (struct error){.code = arena_c_string(f->arena, code),
                        .status = (u16)status,
                        .shape = WIRE_NONE,
                        .sender = status < 500};
    return e;
}

/* ---- the stages that are short ---- */

/* The body of a call that does not stream is collected whole, before the operation may even be
 * known: the query protocol names it in there. */
enum step stage_collect(struct flight *f) {
    bool streams = f->op && (f->op->flags & WIRE_OP_STREAM_IN);
    if (streams || f->body.arena) return STEP_NEXT;
    i64 length = f->request->body_length;
    if (length > BODY_MAX)
        return flight_refuse(f, flight_error(f, S("RequestEntityTooLarge"), 413),
                             S("Request body is larger than brume takes for this operation."));
    f->body = buf_new(f->arena, BODY_MAX);
    if (length == 0) return STEP_NEXT;
    if (length > 0) buf_reserve(&f->body, (size_t)length);
    http_receive_body(f->exchange, BODY_MAX);
    return STEP_LATER; /* on_body_end goes on */
}

static u32 struct_size(const struct wire_service *s, u16 shape) {
    return shape == WIRE_NONE ? (u32)sizeof(struct wire_unit) : s->shapes[shape].size;
}

/* Old query clients post to the queue's own URL and leave QueueUrl out: the path is its value. */
static void take_queue_of_path(struct flight *f) {
    const struct wire_service *w = f->service->wire;
    if (f->op->input == WIRE_NONE || f->path.n < 2) return;
    const struct wire_shape *input = &w->shapes[f->op->input];
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (!str_eq(wire_text(w, m->name), S("QueueUrl")) || w->shapes[m->shape].type != WIRE_STRING) continue;
        str *url = (str *)(void *)((char *)f->in + m->offset);
        if (!url->p) *url = f->path;
    }
}

/* Clients pack what is long (PutMetricData). False: not what it says to be, or far too long. */
static bool unpack(struct flight *f, struct wire_message *message) {
    enum { UNPACKED_MAX = 4 << 20 };
    str encoding = http_header_get(f->request, S("content-encoding"));
    if (!(f->op->flags & WIRE_OP_REQUEST_GZIP) || !str_eq_nocase(encoding, S("gzip"))) return true;
    return gzip_open(f->arena, message->body, UNPACKED_MAX, &message->body);
}

enum step stage_decode(struct flight *f) {
    const struct wire_service *wire = f->service->wire;
    f->in = arena_alloc(f->arena, struct_size(wire, f->op->input), 16);
    f->out = arena_alloc(f->arena, struct_size(wire, f->op->output), 16);
    struct wire_message message = {
        .method = f->request->method,
        .path = f->path,
        .query = f->request->query,
        .headers = (const struct wire_header *)f->request->headers,
        .header_count = f->request->header_count,
        .body = buf_str(&f->body),
        .has_body = f->body.n > 0,
    };
    if (f->form) form_upload_message(f, &message);
    struct wire_problem problem = {0};
    if (!unpack(f, &message)) return flight_refuse(f, flight_error(f, S("SerializationException"), 400), S("The request is not gzip, or too long"));
    bool decoded = wire_decode_request(wire, f->op, f->protocol, &message, f->arena, f->in, &problem);
    if (!decoded && f->s3 && problem.argument.p) {
        fail_detail(&f->call, S("ArgumentName"), problem.argument);
        fail_detail(&f->call, S("ArgumentValue"), problem.value);
    }
    if (!decoded)
        return flight_refuse(f, flight_error(f, problem.code, problem.status ? problem.status : 400),
                             problem.message);
    if (f->protocol == WIRE_AWS_QUERY) take_queue_of_path(f);
    f->call.input = f->in;
    return STEP_NEXT;
}

enum step stage_validate(struct flight *f) {
    f->error = call_validate(&f->call, f->in);
    return f->error ? STEP_ANSWER : STEP_NEXT;
}

/* ---- what HTTP calls ---- */

static struct loop_cache *cache_of(struct cloud *cloud, struct http_loop *loop) {
    static _Thread_local struct loop_cache *cache; /* one loop a thread */
    if (cache && cache->loop == loop) return cache;
    struct arena arena = {0};
    cache = NEW(&arena, struct loop_cache); /* lives in its own arena */
    cache->loop = loop;
    cache->signing_keys = sigv4_cache_new(&arena, 256);
    cache->sealer = sealer_new(&arena, cloud->root_key);
    cache->arena = arena;
    cache->next = atomic_load(&cloud->caches);
    while (!atomic_compare_exchange_weak(&cloud->caches, &cache->next, cache)) {}
    return cache;
}

void cloud_close(struct cloud *cloud) {
    struct loop_cache *cache = atomic_load(&cloud->caches);
    while (cache) {
        struct arena arena = cache->arena;
        cache = cache->next;
        arena_free(&arena);
    }
}

static void on_request(void *context, struct http_exchange *x) {
    struct arena *arena = http_exchange_arena(x);
    struct flight *f = NEW(arena, struct flight);
    f->cloud = context;
    f->cache = cache_of(context, http_exchange_loop(x));
    f->exchange = x;
    f->request = http_exchange_request(x);
    f->arena = arena;
    f->arrived_us = sys_monotonic_us();
    f->path = f->request->path;
    f->call.arena = arena;
    f->call.cloud = f->cloud;
    f->call.flight = f;
    f->call.request_id = id_uuid(arena);
    http_hold(x); /* until flight_free: the writer may still need the arena after the peer left */
    http_set_user(x, f);
    atomic_fetch_add_explicit(&f->cloud->requests, 1, memory_order_relaxed);
    flight_resume(f);
}

static void on_body(void *context, struct http_exchange *x, str bytes) {
    (void)context;
    struct flight *f = http_user(x);
    if (f->form) form_upload_bytes(f, bytes);
    else if (f->intake) intake_bytes(f, bytes);
    else if (f->body.arena) buf_add(&f->body, bytes);
}

static void on_body_end(void *context, struct http_exchange *x) {
    (void)context;
    struct flight *f = http_user(x);
    if (f->form) {
        form_upload_end(f);
        return;
    }
    if (f->intake) {
        intake_end(f);
        return;
    }
    if (f->answered || !f->body.arena) return;
    if (!admin_owns(f)) f->stage++; /* past collect; an administrative call is collected while it is routed */
    flight_resume(f);
}

static void on_end(void *context, struct http_exchange *x, bool aborted) {
    (void)context;
    (void)aborted;
    struct flight *f = http_user(x);
    f->gone = true;
    if (f->wait.wake && f->busy && store_wait_cancel(f->cloud->store, &f->wait)) f->busy = false;
    if (!f->busy) flight_free(f);
}

/* Calls are on record before their answers leave; what is not on record does not leave. */
static bool before_write(void *context, struct http_loop *loop) {
    (void)loop;
    return records_flush(context);
}

struct http_app cloud_app(struct cloud *cloud) {
    return (struct http_app){
        .context = cloud,
        .on_request = on_request,
        .on_body = on_body,
        .on_body_end = on_body_end,
        .on_end = on_end,
        .before_write = before_write,
    };
}
