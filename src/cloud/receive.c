/* The body comes in: only now is the client told to go on. A streamed body goes into a staged blob
 * while its digests are computed; lengths, digests, chunk signatures and trailers are verified before
 * the handler runs.
 *
 * A small body is taken on the loop. A large one comes into a few pieces (received there, or copied if
 * it was framed) that two lanes work off on workers, side by side: one computes MD5, the ceiling of a PUT,
 * and nothing else; the other what other digests there are, and seals and writes. When no piece is free the
 * connection is paused: that is the back-pressure, and the memory of an upload is the pieces.
 *
 * A lane goes from piece to piece without the loop as long as there are any. Who takes `pending` from 0
 * starts it; who takes it to 0 ends it, and posts its end to the loop. */
#include "cloud/checksum.h"
#include "cloud/flight.h"
#include "cloud/form.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PIECE = 256 << 10, PIECES = 6, LANES = 2, PIECES_A_TURN = 16 /* then others get the worker */ };
static const u64 BODY_MAX_DEFAULT = 5ull << 30;

struct lane {
    struct worker_job job;
    struct http_task end, room; /* to the loop: nothing is pending; a piece is free */
    struct flight *flight;
    _Atomic u64 pending, done; /* pieces */
    _Atomic bool room_posted;
    bool busy; /* the loop's: from the start until the end has arrived */
    void (*work)(struct intake *k, str bytes);
};

struct intake {
    struct stream *stream;
    struct declared declared;
    struct chunked *chunked; /* NULL: the body is the payload */
    u32 kinds;               /* digests to compute */
    struct digest *digests[DIGEST_KINDS];
    const u8 *hide; /* the key; NULL: none */
    u64 hidden;     /* bytes so far */
    u64 max;
    i64 expected; /* payload bytes; -1 unknown */
    u64 got;
    err error;
    bool body_ended, disk_failed, settled;
    _Atomic bool paused;
    /* large bodies */
    bool large;
    char *piece[PIECES];
    size_t fill[PIECES];
    u64 filled; /* pieces handed to the lanes */
    size_t filling;
    _Atomic u64 last; /* the number of the piece that completes the body; 0: not known */
    struct lane lanes[LANES];
};

static const struct error incomplete_body = {"IncompleteBody", NULL, 400, WIRE_NONE, true};
static const struct error missing_length = {"MissingContentLength", NULL, 411, WIRE_NONE, true};
static const struct error not_implemented = {"NotImplemented", NULL, 501, WIRE_NONE, true};
static const struct error too_large = {"EntityTooLarge", NULL, 400, WIRE_NONE, true};
static const struct error malformed_trailer = {"MalformedTrailerError", NULL, 400, WIRE_NONE, true};
static const struct error small_chunk = {"InvalidChunkSizeError", NULL, 400, WIRE_NONE, true};
static const struct error wrong_chunk = {"SignatureDoesNotMatch", NULL, 403, WIRE_NONE, true};
static const struct error wrong_hash = {"XAmzContentSHA256Mismatch", NULL, 400, WIRE_NONE, true};
static const struct error checksum_missing = {"InvalidRequest", NULL, 400, WIRE_NONE, true};

/* ---- payload bytes, in order ---- */

static void digest_bytes(struct intake *k, str bytes, u32 kinds) {
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (k->digests[kind] && kinds >> kind & 1) digest_add(k->digests[kind], bytes.p, bytes.n);
}

static void stage_bytes(struct intake *k, str bytes) {
    if (!k->disk_failed && !hidden_stage(k->stream->stage, k->hide, &k->hidden, bytes)) k->disk_failed = true;
}

static const u32 md5_alone = 1u << DIGEST_MD5;

static void md5_work(struct intake *k, str bytes) { digest_bytes(k, bytes, md5_alone); }

static void stage_work(struct intake *k, str bytes) {
    digest_bytes(k, bytes, ~md5_alone);
    stage_bytes(k, bytes);
}

static struct lane *lane_of(struct http_task *task, size_t offset) { return (struct lane *)(void *)((char *)task - offset); }

static bool no_piece_is_free(const struct intake *k) { return k->filled - MIN(k->lanes[0].done, k->lanes[1].done) >= PIECES - 1; }

static void go_on_if_paused(struct flight *f) {
    struct intake *k = f->intake;
    if (f->gone || !k->paused || no_piece_is_free(k)) return;
    k->paused = false;
    http_resume_body(f->exchange);
}

static void room_on_loop(struct http_task *task) {
    struct lane *lane = lane_of(task, offsetof(struct lane, room));
    lane->room_posted = false;
    go_on_if_paused(lane->flight);
}

static void lane_start(struct lane *lane) {
    lane->busy = lane->flight->busy = true;
    store_worker_submit(lane->flight->cloud->store, &lane->job);
}

static void end_on_loop(struct http_task *task) {
    struct lane *lane = lane_of(task, offsetof(struct lane, end));
    struct flight *f = lane->flight;
    struct intake *k = f->intake;
    lane->busy = false;
    if (lane->pending) lane_start(lane); /* came while the end was on its way */
    f->busy = k->lanes[0].busy || k->lanes[1].busy;
    go_on_if_paused(f);
    if (f->busy) return;
    if (f->gone) {
        flight_resume(f); /* frees */
    } else if ((k->body_ended || k->error) && !k->settled) {
        k->settled = true;
        flight_resume(f);
    }
}

/* Behind the last decrement the flight may be gone, unless the end that is posted here still holds it. */
static void lane_run(struct worker_job *job) {
    struct lane *lane = (struct lane *)((char *)job - offsetof(struct lane, job));
    struct intake *k = lane->flight->intake;
    struct http_loop *loop = lane->flight->cache->loop;
    for (int turn = 0;; turn++) {
        if (turn == PIECES_A_TURN) {
            store_worker_submit(lane->flight->cloud->store, &lane->job);
            return;
        }
        u64 number = lane->done;
        size_t i = number % PIECES;
        lane->work(k, (str){k->piece[i], k->fill[i]});
        /* The last piece of a complete body: make it durable here, where blocking is allowed. */
        if (lane->work == stage_work && k->last == number + 1 && !k->disk_failed && !blob_stage_finish(k->stream->stage))
            k->disk_failed = true;
        lane->done = number + 1;
        if (atomic_fetch_sub(&lane->pending, 1) == 1) break;
        if (k->paused && !atomic_exchange(&lane->room_posted, true)) http_loop_post(loop, &lane->room);
    }
    http_loop_post(loop, &lane->end);
}

static void hand_over_piece(struct intake *k) {
    k->fill[k->filled % PIECES] = k->filling;
    k->filling = 0;
    k->filled++;
    if (k->body_ended && !k->error) k->last = k->filled;
    for (int i = 0; i < LANES; i++)
        if (atomic_fetch_add(&k->lanes[i].pending, 1) == 0 && !k->lanes[i].busy) lane_start(&k->lanes[i]);
}

/* Where the next bytes of a large body go. */
static char *room_in_piece(struct intake *k, size_t *n) {
    size_t at = k->filled % PIECES;
    if (!k->piece[at]) {
        k->piece[at] = malloc(PIECE); /* heap: outlives no upload, and an arena would keep it */
        ASSERT(k->piece[at]);
    }
    *n = PIECE - k->filling;
    return k->piece[at] + k->filling;
}

static void take_large(struct flight *f, str bytes) {
    struct intake *k = f->intake;
    size_t n;
    while (bytes.n) {
        char *to = room_in_piece(k, &n);
        n = MIN(bytes.n, n);
        if (bytes.p != to) memcpy(to, bytes.p, n); /* else it was received there */
        k->filling += n;
        bytes = str_skip(bytes, n);
        if (k->filling == PIECE) hand_over_piece(k);
    }
    if (!k->paused && no_piece_is_free(k)) {
        k->paused = true;
        http_pause_body(f->exchange);
        go_on_if_paused(f); /* a lane may have looked before */
    }
    if (k->chunked || f->form) return; /* framed bytes cannot come straight to their place */
    char *room = room_in_piece(k, &n);
    http_lend_room(f->exchange, room, n);
}

static void payload(void *context, str bytes) {
    struct flight *f = context;
    struct intake *k = f->intake;
    if (k->error) return;
    k->got += bytes.n;
    if (k->got > k->max) {
        k->error = fail(&f->call, f->plan.too_large ? f->plan.too_large : &too_large,
                        "Your proposed upload exceeds the maximum allowed size");
        return;
    }
    if (k->expected >= 0 && k->got > (u64)k->expected) {
        k->error = fail(&f->call, &incomplete_body,
                        "The request body terminated unexpectedly");
        return;
    }
    if (!k->large) {
        digest_bytes(k, bytes, k->kinds);
        stage_bytes(k, bytes);
        return;
    }
    take_large(f, bytes);
}

static err fail_chunked(struct flight *f) {
    static const struct error *const errors[] = {&incomplete_body, &malformed_trailer, &small_chunk, &wrong_chunk};
    str code, message;
    chunked_problem(f->intake->chunked, &code, &message);
    size_t i = 0;
    while (i + 1 < LENGTH(errors) && !str_eq(code, str_of(errors[i]->code))) i++;
    return fail(&f->call, errors[i], "%.*s", STR_ARGS(message));
}

void intake_bytes(struct flight *f, str bytes) {
    struct intake *k = f->intake;
    if (k->error) return;
    if (!k->chunked) {
        payload(f, bytes);
    } else {
        enum chunked_result r = chunked_add(k->chunked, bytes, payload, f);
        if (!k->error && (r == CHUNKED_BROKEN || r == CHUNKED_BAD_SIGNATURE)) k->error = fail_chunked(f);
    }
    if (k->error && !f->busy && !k->settled) { /* no need to hear the rest */
        k->settled = true;
        flight_resume(f);
    }
}

static void check_end(struct flight *f) {
    struct intake *k = f->intake;
    if (k->chunked && chunked_end(k->chunked) != CHUNKED_END) k->error = fail_chunked(f);
    else if (k->expected >= 0 && k->got != (u64)k->expected)
        k->error = fail(&f->call, &incomplete_body, "You did not provide the number of bytes specified by the Content-Length HTTP header");
}

void intake_end(struct flight *f) {
    struct intake *k = f->intake;
    if (k->body_ended || k->settled) return;
    k->body_ended = true;
    if (!k->error) check_end(f);
    if (k->large) {
        hand_over_piece(k); /* the rest, maybe nothing: it carries the finish */
        return;
    }
    if (!k->error && !k->disk_failed && !blob_stage_finish(k->stream->stage)) k->disk_failed = true;
    k->settled = true;
    flight_resume(f);
}

void intake_drop(struct flight *f) {
    struct intake *k = f->intake;
    for (int i = 0; i < PIECES; i++) free(k->piece[i]);
    f->intake = NULL;
}

/* ---- the stage ---- */

static str raw(struct flight *f, str name) { return http_header_get(f->request, name); }

static err expected_length(struct flight *f, i64 *expected) {
    bool chunked = f->claim.payload >= AUTH_PAYLOAD_CHUNKED;
    str text = raw(f, S("x-amz-decoded-content-length"));
    *expected = f->form ? -1 : f->request->body_length;
    if (f->form) return NULL;
    if (chunked) {
        if (!text.p || !str_to_i64(text, expected) || *expected < 0)
            return fail(&f->call, &missing_length, "You must provide the Content-Length HTTP header.");
        return NULL;
    }
    if (f->request->http2) return NULL;
    if (*expected < 0) { /* HTTP's own chunks, around a body of unknown length */
        fail_detail(&f->call, S("Header"), S("Transfer-Encoding"));
        return fail(&f->call, &not_implemented, "A header you provided implies functionality that is not implemented");
    }
    if (!raw(f, S("content-length")).p) return fail(&f->call, &missing_length, "You must provide the Content-Length HTTP header.");
    return NULL;
}

static err begin_intake(struct flight *f) {
    struct intake *k = NEW(f->arena, struct intake);
    TRY(declared_read(f, &k->declared));
    TRY(expected_length(f, &k->expected));
    k->max = f->plan.body_max ? f->plan.body_max : BODY_MAX_DEFAULT;
    if (k->expected > (i64)k->max)
        return fail(&f->call, f->plan.too_large ? f->plan.too_large : &too_large, "Your proposed upload exceeds the maximum allowed size");
    k->kinds = f->plan.digests | declared_digests(&k->declared);
    if (f->claim.payload == AUTH_PAYLOAD_HASH) k->kinds |= 1u << DIGEST_SHA256;
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        if (!(k->kinds >> kind & 1)) continue;
        k->digests[kind] = NEW(f->arena, struct digest);
        digest_init(k->digests[kind], (enum digest_kind)kind);
    }
    if (f->claim.payload >= AUTH_PAYLOAD_CHUNKED)
        k->chunked = chunked_new(f->arena, &f->claim, &f->signing_key, k->expected, raw(f, S("x-amz-trailer")));
    k->stream = f->stream = NEW(f->arena, struct stream);
    k->stream->declared = k->declared.kind;
    k->stream->stage = blob_stage_new(f->cloud->store, k->expected, (struct blob_placement){.zones = f->plan.zones});
    k->hide = f->plan.hide;
    k->large = k->expected < 0 || k->expected > blob_segment_max;
    for (int i = 0; i < LANES; i++) {
        k->lanes[i].flight = f;
        k->lanes[i].job.run = lane_run;
        k->lanes[i].end.run = end_on_loop;
        k->lanes[i].room.run = room_on_loop;
    }
    k->lanes[0].work = md5_work;
    k->lanes[1].work = stage_work;
    f->intake = k;
    return NULL;
}

/* The streamed member of the input, to hang the stream on. */
static struct stream **stream_member(struct flight *f) {
    const struct wire_service *w = f->service->wire;
    const struct wire_shape *input = &w->shapes[f->op->input];
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (m->flags & WIRE_PAYLOAD) return (struct stream **)(void *)((char *)f->in + m->offset);
    }
    return NULL;
}

static err verify(struct flight *f) {
    struct intake *k = f->intake;
    if (k->error) return k->error;
    if (k->disk_failed) return &store_unavailable;
    struct stream *s = k->stream;
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (k->digests[kind]) digest_end(k->digests[kind], s->digest[kind]);
    s->digests = k->kinds;
    s->length = k->got;
    if (f->form) TRY(form_upload_check_length(f, k->got));
    if (f->claim.payload == AUTH_PAYLOAD_HASH) {
        str hex = hex_of(f->arena, (str){(const char *)s->digest[DIGEST_SHA256], 32});
        if (!str_eq_nocase(hex, f->claim.payload_hash)) {
            fail_detail(&f->call, S("ClientComputedContentSHA256"), f->claim.payload_hash);
            fail_detail(&f->call, S("S3ComputedContentSHA256"), hex);
            return fail(&f->call, &wrong_hash, "The provided 'x-amz-content-sha256' header does not match what was computed.");
        }
    }
    if (k->declared.in_trailer) k->declared.text = chunked_trailer(k->chunked, checksum_header(k->declared.kind));
    return declared_check(f, &k->declared, s->digest);
}

/* A collected body: the same checks over bytes that are already here. Nothing to check asks for no checksum:
 * SDKs send none with a canned ACL, whose body is empty, and AWS takes it. */
static err verify_collected(struct flight *f) {
    struct declared d;
    TRY(declared_read(f, &d));
    if (f->op->flags & WIRE_OP_CHECKSUM_REQUIRED && f->body.n && !d.md5_given && !d.sum_given)
        return fail(&f->call, &checksum_missing, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    u8 digest[DIGEST_KINDS][DIGEST_MAX];
    u32 kinds = declared_digests(&d);
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (kinds >> kind & 1) digest_once((enum digest_kind)kind, buf_str(&f->body), digest[kind]);
    return declared_check(f, &d, digest);
}

enum step stage_receive(struct flight *f) {
    if (f->plan.source) {
        if (!f->stream) return transfer_start(f);
        f->before_handle = arena_mark(f->arena);
        return f->error ? STEP_ANSWER : STEP_NEXT;
    }
    if (!(f->op->flags & WIRE_OP_STREAM_IN)) {
        f->error = f->s3 ? verify_collected(f) : NULL;
        return f->error ? STEP_ANSWER : STEP_NEXT;
    }
    if (!f->intake) {
        f->error = begin_intake(f);
        if (f->error) return STEP_ANSWER;
        if (!f->form) http_receive_body(f->exchange, UINT64_MAX);
        return STEP_LATER; /* comes back here when the intake is settled */
    }
    f->error = verify(f);
    if (f->error) return STEP_ANSWER;
    struct stream **member = stream_member(f);
    if (member) *member = f->intake->stream;
    f->before_handle = arena_mark(f->arena);
    return STEP_NEXT;
}

/* ---- what rooms call ---- */

u64 stream_length(const struct stream *s) { return s->length; }

str stream_digest(struct call *c, const struct stream *s, int kind) {
    if (!(s->digests >> kind & 1)) return (str){0};
    return arena_str(c->arena, (str){(const char *)s->digest[kind], digest_size((enum digest_kind)kind)});
}

int stream_declared_checksum(const struct stream *s) { return s->declared; }

str stream_adopt(struct call *c, struct stream *s) { return txn_blob_adopt(c->txn, s->stage); }

struct stream *stream_of_blob(struct call *c, str reference, u64 offset, u64 length) {
    struct stream *s = NEW(c->arena, struct stream);
    s->reader = blob_open(c->txn, reference, c->arena);
    s->offset = offset;
    s->length = length;
    return s;
}

struct stream *stream_of_hidden(struct call *c, str reference, u64 offset, u64 length, const struct body_keys *keys) {
    struct stream *s = stream_of_blob(c, reference, offset, length);
    s->keys = keys;
    return s;
}

struct stream *stream_of_bytes(struct call *c, str bytes) {
    struct stream *s = NEW(c->arena, struct stream);
    s->bytes = bytes;
    s->length = bytes.n;
    return s;
}
