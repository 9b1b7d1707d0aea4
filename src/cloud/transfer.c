/* A body that is already in the store: CopyObject, UploadPartCopy. The prepare function opened a
 * reader over it; a worker digests it and, unless the bytes are only shared, stages them anew. */
#include "cloud/flight.h"

#include <stdlib.h>

enum { PIECE = 256 << 10 };

static bool pieces(const struct call_plan *plan, struct stream *s, struct digest *digests[DIGEST_KINDS]) {
    u64 hidden = 0, offset = plan->source_offset, left = plan->source_length;
    char *piece = malloc(PIECE); /* heap: the worker's, for the length of this copy */
    ASSERT(piece);
    bool whole = true;
    while (left && whole) {
        size_t n = (size_t)MIN(left, (u64)PIECE);
        whole = hidden_read(plan->source, plan->source_keys, offset, piece, n);
        for (int kind = 0; kind < DIGEST_KINDS && whole; kind++)
            if (digests[kind]) digest_add(digests[kind], piece, n);
        if (whole && s->stage) whole = hidden_stage(s->stage, plan->hide, &hidden, (str){piece, n});
        offset += n;
        left -= n;
    }
    free(piece);
    return whole && (!s->stage || blob_stage_finish(s->stage));
}

static bool transfer(struct arena *a, const struct call_plan *plan, struct stream *s) {
    struct digest *digests[DIGEST_KINDS] = {0};
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        if (!(plan->digests >> kind & 1)) continue;
        digests[kind] = NEW(a, struct digest);
        digest_init(digests[kind], (enum digest_kind)kind);
    }
    bool whole = pieces(plan, s, digests);
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (digests[kind]) digest_end(digests[kind], s->digest[kind]);
    return whole;
}

static struct stream *begin(struct store *store, struct arena *a, const struct call_plan *plan) {
    struct stream *s = NEW(a, struct stream);
    s->length = plan->source_length;
    s->digests = plan->digests;
    s->declared = -1;
    if (!plan->digest_only) s->stage = blob_stage_new(store, (i64)plan->source_length, (struct blob_placement){.zones = plan->zones});
    return s;
}

static void on_worker(struct worker_job *job) {
    struct flight *f = (struct flight *)((char *)job - offsetof(struct flight, job));
    f->error = transfer(f->arena, &f->plan, f->stream) ? NULL : &store_unavailable;
    flight_return(f);
}

enum step transfer_start(struct flight *f) {
    f->stream = begin(f->cloud->store, f->arena, &f->plan);
    f->job.run = on_worker;
    f->busy = true;
    store_worker_submit(f->cloud->store, &f->job);
    return STEP_LATER; /* comes back to receive */
}

static void drop_stage(void *object) { blob_stage_drop(object); }

struct stream *stream_stage(struct store *store, struct arena *a, str bytes) {
    static const enum digest_kind kinds[] = {DIGEST_MD5, DIGEST_CRC64NVME}; /* S3's ETag and its own checksum */
    struct stream *s = NEW(a, struct stream);
    s->stage = blob_stage_new(store, (i64)bytes.n, (struct blob_placement){0});
    arena_on_free(a, drop_stage, s->stage);
    s->length = bytes.n;
    s->declared = -1;
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        s->digests |= 1u << kinds[i];
        digest_once(kinds[i], bytes, s->digest[kinds[i]]);
    }
    return blob_stage_add(s->stage, bytes) && blob_stage_finish(s->stage) ? s : NULL;
}

struct stream *stream_of_plan(struct store *store, struct arena *a, const struct call_plan *plan) {
    struct stream *s = begin(store, a, plan);
    if (s->stage) arena_on_free(a, drop_stage, s->stage);
    return transfer(a, plan, s) ? s : NULL;
}

struct stream *call_body(struct call *c) { return c->flight ? c->flight->stream : c->body; }
