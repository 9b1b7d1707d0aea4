/* Event streams out: a room's source makes events on a worker, a piece at a time; the loop sends the piece, and only
 * when it is gone asks for the next. So memory holds one piece, however long the stream is. */
#include "cloud/flight.h"

#include "sys/sys.h"

enum { PIECE_MAX = 32 << 20 };

struct event_writer {
    const struct flight *flight;
    u16 union_shape;
    struct arena arena; /* of this piece */
    struct buf bytes;
};

struct event_stream {
    struct flight *flight;
    struct event_source source;
    struct event_writer writer;
    bool begun;            /* the frame that RPC protocols send first is made */
    bool ended;            /* nothing follows this piece */
    bool later;            /* a pause follows it */
    struct store_wait pause;
    bool ready, lent;      /* the piece is made; it is being sent */
    bool running, waiting, closed;
    struct worker_job job;
    struct http_task back;
};

/* ---- what rooms call ---- */

static u16 union_of(const struct flight *f) {
    const struct wire_service *w = f->service->wire;
    const struct wire_shape *output = &w->shapes[f->op->output];
    for (u16 i = 0; i < output->member_count; i++) {
        const struct wire_member *m = &w->members[output->first_member + i];
        if (w->shapes[m->shape].flags & WIRE_EVENT_STREAM) return m->shape;
    }
    ASSERT(!"the operation answers with an event stream");
    return WIRE_NONE;
}

struct event_stream *event_stream_of(struct call *c, struct event_source source) {
    struct event_stream *s = NEW(c->arena, struct event_stream);
    ASSERT(c->flight);
    *s = (struct event_stream){.flight = c->flight, .source = source, .writer = {.flight = c->flight, .union_shape = union_of(c->flight)}};
    c->flight->events = s;
    return s;
}

struct arena *event_arena(struct event_writer *w) { return &w->arena; }

void event_write(struct event_writer *w, const void *event) {
    wire_encode_event(w->flight->service->wire, w->union_shape, w->flight->protocol, event, &w->arena, &w->bytes);
}

void event_write_error(struct event_writer *w, str code, str message) {
    const struct wire_event_header headers[] = {{.name = S(":error-code"), .type = WIRE_EVENT_STRING, .value = code},
                                                {.name = S(":error-message"), .type = WIRE_EVENT_STRING, .value = message},
                                                {.name = S(":message-type"), .type = WIRE_EVENT_STRING, .value = S("error")}};
    wire_event_frame(&w->bytes, headers, LENGTH(headers), S(""));
}

/* ---- a piece after the other ---- */

static void stream_free(struct event_stream *s) {
    arena_free(&s->writer.arena);
    http_release(s->flight->exchange);
}

static void make_piece(struct event_stream *s);

static void piece_back(struct http_task *task) {
    struct event_stream *s = (struct event_stream *)((char *)task - offsetof(struct event_stream, back));
    s->running = false;
    if (s->closed) {
        stream_free(s);
        return;
    }
    s->ready = true;
    if (!s->waiting) return;
    s->waiting = false;
    http_stream_ready(s->flight->exchange);
}

static void piece_on_worker(struct worker_job *job) {
    struct event_stream *s = (struct event_stream *)((char *)job - offsetof(struct event_stream, job));
    const struct flight *f = s->flight;
    bool rpc = f->protocol != WIRE_REST_JSON && f->protocol != WIRE_REST_XML;
    if (rpc && !s->begun) wire_encode_initial_response(f->service->wire, f->op, f->protocol, f->out, &s->writer.arena, &s->writer.bytes);
    s->begun = true;
    enum events_step step = s->source.next(s->source.context, &s->writer);
    s->ended = step == EVENTS_END;
    s->later = step == EVENTS_LATER;
    ASSERT(!s->writer.bytes.over);
    http_loop_post(s->flight->cache->loop, &s->back);
}

static void make_piece(struct event_stream *s) {
    arena_reset(&s->writer.arena);
    s->writer.bytes = buf_new(&s->writer.arena, PIECE_MAX);
    s->running = true;
    s->job.run = piece_on_worker;
    s->back.run = piece_back;
    store_worker_submit(s->flight->cloud->store, &s->job);
}

/* ---- pauses: a deadline of the store's, which comes back by the loop ---- */

static void pause_over(struct http_task *task) {
    struct event_stream *s = (struct event_stream *)((char *)task - offsetof(struct event_stream, back));
    s->running = false;
    if (s->closed) stream_free(s);
    else make_piece(s);
}

static void woken(struct store_wait *w) {
    struct event_stream *s = (struct event_stream *)((char *)w - offsetof(struct event_stream, pause));
    http_loop_post(s->flight->cache->loop, &s->back);
}

static void begin_pause(struct event_stream *s) {
    struct store *store = s->flight->cloud->store;
    s->running = true;
    s->back.run = pause_over;
    s->pause = (struct store_wait){.wake = woken};
    store_wait(store, &s->pause, S("events pause"), UINT64_MAX, sys_monotonic_us() + (i64)s->source.pause_ms * 1000); /* nobody notifies that */
}

static size_t lend(void *context, const char **bytes) {
    struct event_stream *s = context;
    if (s->lent) {
        s->lent = s->ready = false;
        if (s->ended) return 0;
        if (s->later) begin_pause(s);
        else make_piece(s);
    }
    if (!s->ready) {
        s->waiting = true;
        return HTTP_LATER;
    }
    if (!s->writer.bytes.n) { /* nothing to tell yet, or at all */
        s->lent = true;
        return lend(context, bytes);
    }
    s->lent = true;
    *bytes = s->writer.bytes.p;
    return s->writer.bytes.n;
}

static void closed(void *context) {
    struct event_stream *s = context;
    s->closed = true;
    bool paused = s->running && s->back.run == pause_over && store_wait_cancel(s->flight->cloud->store, &s->pause);
    if (!s->running || paused) stream_free(s);
}

void events_respond(struct flight *f, int status, const struct http_header *headers, size_t n) {
    struct event_stream *s = f->events;
    http_hold(f->exchange);
    make_piece(s);
    http_respond_stream(f->exchange, status, headers, n, (struct http_producer){.lend = lend, .close = closed, .context = s, .length = -1});
}
