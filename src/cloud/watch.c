/* Calls that are watched to their end, and the lines that are written of them. */
#include "cloud/flight.h"
#include "cloud/record.h"

#include "store/journal.h"
#include "sys/sys.h"

void call_watch(struct call *c, void (*ended)(struct call *c, const struct call_ended *end, const void *what), const void *what) {
    struct call_watched *w = NEW(c->arena, struct call_watched);
    *w = (struct call_watched){ended, what};
    c->watched = w;
}

void watch_end(struct flight *f, int status, u64 sent) {
    struct call *c = &f->call;
    const struct http_request *r = f->request;
    if (!c->watched) return;
    u64 received = f->op->flags & WIRE_OP_STREAM_IN && f->stream ? f->stream->length : f->body.n;
    struct call_ended end = {
        .method = r->method,
        .target = r->target,
        .version = r->http2 ? S("HTTP/2") : S("HTTP/1.1"),
        .referer = http_header_get(r, S("referer")),
        .user_agent = http_header_get(r, S("user-agent")),
        .host = r->host,
        .error = f->error ? str_of(f->error->code) : (str){0},
        .status = status,
        .received = received,
        .sent = sent,
        .us = sys_monotonic_us() - f->arrived_us,
        .tls_minor = r->tls_minor,
        .tls_cipher = r->tls ? str_of(r->tls_cipher) : (str){0},
        .signature = f->claim.form == AUTH_ANONYMOUS ? 0 : f->claim.form == AUTH_V2_QUERY || f->claim.form == AUTH_V2_HEADER ? 2 : 4,
        .in_query = f->claim.form == AUTH_V4_QUERY || f->claim.form == AUTH_V2_QUERY || (f->claim.form == AUTH_V4A && f->claim.expires_s >= 0),
    };
    c->notes = NULL; /* the call's own are on record */
    c->watched->ended(c, &end, c->watched->what);
    record_notes(f->cloud, c, false);
}

/* ---- lines: "subject\nline" ---- */

void line_add(struct call *c, str subject, str line) {
    struct buf b = buf_new(c->arena, subject.n + 1 + line.n);
    buf_add(&b, subject);
    buf_char(&b, '\n');
    buf_add(&b, line);
    journal_add(c->cloud->lines, store_now_ms(c->cloud->store), buf_str(&b));
}

struct reading {
    str subject;
    bool (*visit)(void *context, i64 time_ms, str line);
    void *context;
};

static bool read_one(void *context, i64 time_ms, str record) {
    const struct reading *r = context;
    str line = record, subject = str_cut(&line, '\n');
    return !str_eq(subject, r->subject) || r->visit(r->context, time_ms, line);
}

void lines_read(struct call *c, str subject, i64 from_ms, i64 to_ms, bool (*visit)(void *context, i64 time_ms, str line), void *context) {
    struct reading r = {subject, visit, context};
    journal_read(c->cloud->lines, from_ms, to_ms, read_one, &r);
}

void lines_trim(struct call *c, i64 before_ms) { journal_trim(c->cloud->lines, before_ms); }
