#include "scan.h"

#include "mask.h"

/* A source is a group's index by time, or the blocks of one stream. Its blocks are opened when time comes to where they
 * begin; open blocks stand in a heap by their next event. A block spans at most a day (PutLogEvents and merging see to
 * that), so one that begins earlier than that before the range cannot reach into it. */
enum { SKIPPED_EACH = 64 /* bytes that are skipped in the time in which one is looked at */ };

struct source {
    const struct log_group *group;
    struct log_masks *masks; /* NULL: nothing is masked */
    struct log_transforms *transforms; /* NULL: nobody asks, or there is none */
    u64 stream; /* 0: all of the group */
    i64 from_ms;
    struct range rows;
    bool waiting; /* `next` is a block that is not open yet */
    struct log_block_id next;
    struct log_time next_time;
    i64 epoch; /* whose data key is `key` */
    str key;
    struct source *more;
};

struct open_block {
    struct arena arena;
    struct source *source;
    struct block_view view;
    u32 at, end; /* events that are still to come */
    u64 stream_id;
    str stream;
    struct open_block *spare;
};

struct scan {
    struct call *c;
    i64 from_ms, to_ms;
    struct log_position after, position;
    bool has_after, unmasked, transforms;
    bool (*may_hold)(const void *context, str index);
    const void *may_hold_context;
    struct arena shown_masked; /* what the event that the caller holds was made into, if it is masked or transformed */
    str needle;
    struct source *sources, *first; /* first: whose next block begins first; NULL: to be found out */
    u64 pause_at, since;
    bool paused;
    struct open_block **heap, *spare, *shown; /* shown: whose event the caller holds */
    u32 n, max;
    struct scan_counts counts;
    err error;
};

static void free_arena(void *arena) { arena_free(arena); }

struct scan *scan_new(struct call *c, i64 from_ms, i64 to_ms) {
    struct scan *s = NEW(c->arena, struct scan);
    *s = (struct scan){.c = c, .from_ms = from_ms, .to_ms = to_ms};
    arena_on_free(c->arena, free_arena, &s->shown_masked);
    return s;
}

static void add_source(struct scan *s, const struct log_group *group, u64 stream, i64 span_ms) {
    struct arena *a = s->c->arena;
    struct source *source = NEW(a, struct source);
    struct log_group *kept = NEW(a, struct log_group);
    *kept = *group;
    *source = (struct source){.group = kept, .stream = stream, .from_ms = MAX(s->from_ms, log_horizon_ms(group, s->c->now_ms)), .more = s->sources,
                              .masks = s->unmasked ? NULL : log_masks_of(s->c->txn, a, group),
                              .transforms = s->transforms ? log_transforms_of(s->c->txn, a, kept) : NULL};
    i64 from_ms = MAX(source->from_ms, s->has_after ? s->after.time_ms : 0);
    source->from_ms = from_ms;
    struct key from = stream ? log_blocks(a, stream) : log_times(a, group->id), to = stream ? log_blocks(a, stream) : log_times(a, group->id);
    key_i64(&from, from_ms - span_ms);
    key_i64(&to, MAX(s->to_ms, from_ms - span_ms));
    source->rows = txn_range(s->c->txn, key_bytes(&from), key_bytes(&to));
    s->sources = source;
}

void scan_add_group(struct scan *s, const struct log_group *group) { add_source(s, group, 0, day_ms); }
void scan_add_stream(struct scan *s, const struct log_group *group, const struct log_stream *stream) { add_source(s, group, stream->id, stream->span_ms); }

void scan_after(struct scan *s, const struct log_position *position) {
    ASSERT(!s->sources); /* they begin there */
    s->after = s->position = *position;
    s->has_after = true;
}
void scan_unmask(struct scan *s) {
    ASSERT(!s->sources);
    s->unmasked = true;
}
void scan_transform(struct scan *s) {
    ASSERT(!s->sources);
    s->transforms = true;
}
void scan_skip_blocks(struct scan *s, bool (*may_hold)(const void *context, str index), const void *context) {
    s->may_hold = may_hold;
    s->may_hold_context = context;
}
void scan_pause_after(struct scan *s, u64 bytes) { s->pause_at = bytes; }
bool scan_paused(const struct scan *s) { return s->paused; }
void scan_since(struct scan *s, u64 put) { s->since = put; }
void scan_must_contain(struct scan *s, str bytes) { s->needle = bytes; }
err scan_error(const struct scan *s) { return s->error; }
struct log_position scan_position(const struct scan *s) { return s->position; }

/* A block is counted when it is opened: what has not come of it yet does not count. */
struct scan_counts scan_counts(const struct scan *s) {
    struct scan_counts counts = s->counts;
    for (u32 i = 0; i < s->n; i++) {
        const struct open_block *b = s->heap[i];
        u32 from = b->at + (b == s->shown), left = b->end - from;
        counts.records -= left;
        counts.bytes -= b->view.offsets[b->end] - b->view.offsets[from] - left;
    }
    return counts;
}

/* ---- the heap ---- */

static struct log_position head_of(const struct open_block *b) { return (struct log_position){b->view.times[b->at], b->view.puts[b->at], b->view.numbers[b->at]}; }

static bool earlier(const struct open_block *x, const struct open_block *y) {
    struct log_position a = head_of(x), b = head_of(y);
    return log_position_cmp(&a, &b) < 0;
}

static void swap(struct open_block **x, struct open_block **y) {
    struct open_block *t = *x;
    *x = *y;
    *y = t;
}

static void sift_down(struct scan *s) {
    for (u32 i = 0, child; (child = 2 * i + 1) < s->n; i = child) {
        if (child + 1 < s->n && earlier(s->heap[child + 1], s->heap[child])) child++;
        if (!earlier(s->heap[child], s->heap[i])) break;
        swap(&s->heap[child], &s->heap[i]);
    }
}

static void push(struct scan *s, struct open_block *b) {
    if (s->n == s->max) {
        s->max = 2 * s->max + 16;
        struct open_block **v = NEW_ARRAY(s->c->arena, struct open_block *, s->max);
        if (s->n) memcpy(v, s->heap, s->n * sizeof *v);
        s->heap = v;
    }
    s->heap[s->n] = b;
    for (u32 i = s->n++; i && earlier(s->heap[i], s->heap[(i - 1) / 2]); i = (i - 1) / 2) swap(&s->heap[i], &s->heap[(i - 1) / 2]);
}

/* ---- blocks ---- */

static void free_block(void *block) { arena_free(&((struct open_block *)block)->arena); }

static struct open_block *take_block(struct scan *s) {
    struct open_block *b = s->spare;
    if (b) {
        s->spare = b->spare;
        arena_reset(&b->arena);
        return b;
    }
    b = NEW(s->c->arena, struct open_block);
    arena_on_free(s->c->arena, free_block, b);
    return b;
}

static void give_back(struct scan *s, struct open_block *b) {
    b->spare = s->spare;
    s->spare = b;
}

static u32 first_at(const struct block_view *v, i64 time_ms) { /* the first event at or behind that time */
    u32 low = 0, high = v->count;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (v->times[middle] < time_ms) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* To the next event of the block that contains what must be in it. False: there is none. What is masked or transformed may
 * come to contain it by that: then every event comes. */
static bool find(struct scan *s, struct open_block *b) {
    if (b->at >= b->end || !s->needle.n || b->source->masks || b->source->transforms) return b->at < b->end;
    const char *text = b->view.text.p;
    const u32 *offsets = b->view.offsets;
    for (u32 from = offsets[b->at]; from < offsets[b->end];) {
        const char *hit = memmem(text + from, offsets[b->end] - from, s->needle.p, s->needle.n);
        if (!hit) break;
        u32 at = (u32)(hit - text), low = b->at, high = b->end; /* of the event: the last that begins at or before the hit */
        while (high - low > 1) {
            u32 middle = low + (high - low) / 2;
            if (offsets[middle] <= at) low = middle;
            else high = middle;
        }
        b->at = low;
        if (at + s->needle.n < offsets[low + 1]) return true;
        from = at + 1; /* it lies over the NUL between two */
    }
    b->at = b->end;
    return false;
}

static err key_of(struct scan *s, struct source *source, i64 epoch) {
    if (source->epoch == epoch) return NULL;
    TRY(log_seal_key(s->c, source->group, epoch, &source->key));
    source->epoch = epoch;
    return NULL;
}

static err load(struct scan *s, struct source *source, struct open_block *b) {
    struct log_block block;
    struct log_stream_home home;
    b->source = source;
    b->at = b->end = 0;
    b->stream_id = source->next.stream;
    if (!log_stream_home(s->c->txn, &b->arena, source->next.stream, &home)) return NULL; /* deleted; its blocks go later */
    if (!log_block_get(s->c->txn, &b->arena, &source->next, &block)) return NULL;
    b->stream = home.stream;
    if (s->may_hold && block.index.n && !source->masks && !s->may_hold(s->may_hold_context, block.index)) {
        s->counts.skipped_bytes += (u64)block.bytes;
        s->counts.skipped_records += block.count;
        return NULL;
    }
    TRY(key_of(s, source, block.kms_epoch));
    if (!log_block_open(s->c->txn, &b->arena, &block, block.kms_epoch ? source->key : (str){0}, &b->view)) return fail(s->c, &cloud_internal_failure, "A block of log events could not be read.");
    b->at = first_at(&b->view, source->from_ms);
    b->end = first_at(&b->view, s->to_ms);
    for (struct log_position p; s->has_after && b->at < b->end; b->at++) {
        p = head_of(b);
        if (log_position_cmp(&p, &s->after) > 0) break;
    }
    s->counts.records += b->end - b->at;
    s->counts.bytes += b->view.offsets[b->end] - b->view.offsets[b->at] - (b->end - b->at);
    return NULL;
}

static void look_ahead(struct scan *s, struct source *source) {
    struct log_block block;
    while (!source->waiting) {
        bool more;
        if (source->stream) {
            more = log_block_next(&source->rows, s->c->arena, &source->next, &block);
            source->next_time = (struct log_time){block.last_ms, block.put};
        } else more = log_time_next(&source->rows, s->c->arena, &source->next, &source->next_time);
        if (!more) return;
        source->waiting = source->next_time.last_ms >= source->from_ms && source->next_time.put > s->since;
    }
}

/* The source whose next block begins first, of those that begin by the heap's first event. */
static struct source *due(struct scan *s) {
    struct source *first = s->first;
    for (struct source *source = first ? NULL : s->sources; source; source = source->more) {
        look_ahead(s, source);
        if (source->waiting && (!first || source->next.first_ms < first->next.first_ms)) first = source;
    }
    s->first = first;
    return first && (!s->n || first->next.first_ms <= head_of(s->heap[0]).time_ms) ? first : NULL;
}

/* All that lies before the next block has come. What reaches over the place where the scan began is always opened. */
static bool pauses(struct scan *s, const struct source *next) {
    i64 began_ms = s->has_after ? MAX(s->after.time_ms, s->from_ms) : s->from_ms, at_ms = next->next.first_ms;
    u64 looked = s->counts.bytes + s->counts.skipped_bytes / SKIPPED_EACH;
    if (!s->pause_at || looked < s->pause_at || at_ms <= began_ms) return false;
    s->paused = true;
    s->position = (struct log_position){.time_ms = at_ms};
    return true;
}

/* What is sensitive is masked in what a transformer made, too. */
static void make(struct source *source, struct arena *a, struct scan_event *event) {
    u64 put = event->event.put;
    event->transformed = log_transform(source->transforms, a, event->stream, put, event->event.message);
    event->event.message = log_masked(source->masks, a, put, event->event.message);
    if (event->transformed.message.p) event->transformed.message = log_masked(source->masks, a, put, event->transformed.message);
}

bool scan_next(struct scan *s, struct scan_event *event) {
    if (s->shown) { /* the event that the caller had is over */
        struct open_block *b = s->heap[0];
        b->at++;
        if (find(s, b)) sift_down(s);
        else {
            s->heap[0] = s->heap[--s->n];
            sift_down(s);
            give_back(s, b);
        }
        s->shown = NULL;
    }
    if (s->paused) return false;
    for (struct source *source; !s->error && (source = due(s));) {
        if (pauses(s, source)) return false;
        struct open_block *b = take_block(s);
        source->waiting = false;
        s->first = NULL;
        s->error = load(s, source, b);
        if (!s->error && find(s, b)) push(s, b);
        else give_back(s, b);
    }
    if (s->error || !s->n) return false;
    s->shown = s->heap[0];
    s->position = head_of(s->shown);
    *event = (struct scan_event){.event = block_event(&s->shown->view, s->shown->at), .group = s->shown->source->group, .stream = s->shown->stream, .stream_id = s->shown->stream_id};
    if (!s->shown->source->masks && !s->shown->source->transforms) return true;
    arena_reset(&s->shown_masked);
    make(s->shown->source, &s->shown_masked, event);
    return true;
}

/* ---- names of events ---- */

str scan_event_id(struct arena *a, const struct scan_event *e) {
    return arena_format(a, "%013lld%020llu%04u%019llu", (long long)e->event.time_ms, (unsigned long long)e->event.put, e->event.number, (unsigned long long)e->stream_id);
}

bool scan_event_id_read(str id, struct log_position *position, u64 *stream_id) {
    u64 time, number;
    if (id.n != 56 || !str_to_u64(str_take(id, 13), &time) || !str_to_u64(str_take(str_skip(id, 13), 20), &position->put) || !str_to_u64(str_take(str_skip(id, 33), 4), &number) ||
        !str_to_u64(str_skip(id, 37), stream_id))
        return false;
    position->time_ms = (i64)time;
    position->number = (u32)number;
    return true;
}
