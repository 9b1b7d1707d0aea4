/* Compaction: live records move behind the open segment, then the old file goes. A slice is one write
 * function, so that a row and its bytes move together and between other people's writes. */
#include "store/blob_internal.h"

#include "sys/sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLICE_BYTES = 1 << 20, SLICE_RECORDS = 256, PAUSE_US = 2000 };

struct slice {
    struct blobs *b;
    u64 number;
    bool forced; /* the open segment too */
    bool last, stop, grown;
    u64 end; /* as this slice saw it */
    u32 n;
    struct slice_record {
        u64 id, offset;
        str bytes;
    } records[SLICE_RECORDS];
    u64 moved, reclaimed;
};

static err slice_move(struct slice *s, struct txn *t, const struct slice_record *record) {
    struct blob_row row;
    if (!blob_row_get(t, record->id, &row) || row.kind != BLOB_SEGMENT || row.segment != s->number
        || row.offset != record->offset)
        return NULL;
    if (!segment_append(s->b, t, row.zones, record->bytes, &row.segment, &row.offset)) {
        s->b->batch_broken = true;
        return &store_unavailable;
    }
    blob_row_put(t, record->id, &row);
    segment_row_change(t, row.segment, row.zones, row.offset + record->bytes.n, (i64)record->bytes.n);
    segment_row_change(t, s->number, row.zones, 0, -(i64)record->bytes.n);
    s->moved += record->bytes.n;
    return NULL;
}

static err slice_run(void *context, struct txn *t) {
    struct slice *s = context;
    struct blobs *b = s->b;
    struct segment_row row;
    s->moved = s->reclaimed = 0;
    s->stop = s->grown = false;
    if (!b->segment_next || segment_active(b, s->number)) {
        /* Before the first append of a run the segment may yet become the open one. */
        if (s->forced) segment_close(b, s->number);
        else if (b->segment_next) s->stop = true;
    }
    b->compacting = s->number;
    if (s->stop || !segment_row_get(t, s->number, &row)) {
        s->stop = true;
        return NULL;
    }
    for (u32 i = 0; i < s->n; i++) TRY(slice_move(s, t, &s->records[i]));
    if (!s->last) return NULL;
    ASSERT(segment_row_get(t, s->number, &row));
    s->grown = row.end > s->end; /* it was open until now: there is more to walk */
    if (s->grown) return NULL;
    if (row.live) {
        log_line(LOG_ERROR, "blob_segment_unreadable", "segment=%llx live=%llu",
                 (unsigned long long)s->number, (unsigned long long)row.live);
        s->stop = true;
        return NULL;
    }
    txn_delete(t, segment_key(txn_arena(t), s->number));
    gone_hint(b, BLOB_SEGMENT, s->number, b->batch_number);
    s->reclaimed = row.end;
    return NULL;
}

static size_t segment_read(struct blobs *b, u64 number, u32 zones, u64 offset, u8 *bytes, size_t n) {
    char path[BLOB_PATH];
    size_t best = 0;
    for (int z = 0; z < ZONES_MAX && best < n; z++) {
        int fd;
        size_t got;
        if (!(zones & blob_zones_up(b) & 1u << z)) continue;
        segment_path(b, z, number, path);
        if (file_open(path, O_RDONLY, 0, &fd) != 0) continue;
        if (file_read_at(fd, bytes, n, offset, &got) == 0) best = got;
        close(fd);
    }
    return best;
}

/* Cuts whole records out of what was read; returns the bytes they cover. */
static size_t slice_parse(struct slice *s, u64 offset, const u8 *bytes, size_t n) {
    size_t at = 0;
    while (s->n < SLICE_RECORDS && n - at >= RECORD_HEADER && get_u32(bytes + at) == RECORD_MAGIC) {
        size_t size = RECORD_HEADER + (size_t)get_u32(bytes + at + 4);
        if (size > RECORD_MAX || size > n - at) break;
        s->records[s->n++] = (struct slice_record){get_u64(bytes + at + 8), offset + at,
                                                   {(const char *)bytes + at, size}};
        at += size;
    }
    return at;
}

/* One slice of c->number. False: nothing more to do there. */
static bool compaction_step(struct blobs *b, struct compaction *c, bool forced) {
    struct arena a = {0};
    struct segment_row row;
    struct txn *t = store_snapshot(b->store, &a);
    bool exists = segment_row_get(t, c->number, &row);
    store_snapshot_end(t);
    bool more = false;
    if (exists) {
        if (!c->bytes) c->bytes = malloc(SLICE_BYTES); /* kept for the next slice */
        ASSERT(c->bytes);
        struct slice *s = NEW(&a, struct slice);
        s->b = b;
        s->number = c->number;
        s->end = row.end;
        s->forced = forced;
        size_t want = row.live ? (size_t)MIN((u64)SLICE_BYTES, row.end - c->offset) : 0, used = 0;
        if (want) {
            size_t got = segment_read(b, c->number, row.zones, c->offset, c->bytes, want);
            used = slice_parse(s, c->offset, c->bytes, got);
        }
        c->offset += used;
        s->last = used == 0 || c->offset >= row.end;
        err error = store_write(b->store, &a, slice_run, s);
        more = !error && !s->stop && (!s->last || s->grown);
        if (!error) {
            c->moved += s->moved;
            c->reclaimed += s->reclaimed;
        }
    }
    arena_free(&a);
    return more;
}

/* The first segment after `after` that is worth it: half of it dead, or anything dead if forced. */
static u64 compaction_choose(struct blobs *b, u64 after, bool forced) {
    struct arena a = {0};
    u64 chosen = 0;
    str key, value;
    struct txn *t = store_snapshot(b->store, &a);
    struct range r = txn_range(t, segment_key(&a, after + 1), segment_key(&a, UINT64_MAX));
    while (!chosen && range_next(&r, &key, &value)) {
        struct segment_row row;
        u64 number = get_u64((const u8 *)key.p + key.n - 8);
        ASSERT(segment_row_decode(value, &row));
        bool worth = forced ? row.live < row.end : row.live < row.end / 2 && !segment_active(b, number);
        if (worth) chosen = number;
    }
    store_snapshot_end(t);
    arena_free(&a);
    return chosen;
}

static u64 segment_newest(struct blobs *b) {
    struct arena a = {0};
    str key, value;
    struct txn *t = store_snapshot(b->store, &a);
    struct range r = txn_range_backwards(t, segment_key(&a, 0), segment_key(&a, UINT64_MAX));
    u64 newest = range_next(&r, &key, &value) ? get_u64((const u8 *)key.p + key.n - 8) : 0;
    store_snapshot_end(t);
    arena_free(&a);
    return newest;
}

i64 compact_turn(struct chore *chore) {
    struct blobs *b = (struct blobs *)((char *)chore - offsetof(struct blobs, compact_chore));
    struct compaction *c = &b->compaction;
    if (!c->going) {
        c->number = compaction_choose(b, c->number, false);
        c->offset = 0;
        if (!c->number) {
            free(c->bytes);
            c->bytes = NULL;
            return KEEPER_NEVER;
        }
    }
    c->going = compaction_step(b, c, false);
    return sys_monotonic_us() + PAUSE_US;
}

u64 store_compact(struct store *s) {
    struct blobs *b = store_blobs(s);
    struct compaction c = {0};
    /* Segments that this round itself fills come later in order: it ends before them. */
    u64 newest = segment_newest(b);
    while ((c.number = compaction_choose(b, c.number, true)) && c.number <= newest) {
        c.offset = 0;
        while (compaction_step(b, &c, true)) continue;
    }
    free(c.bytes);
    return c.reclaimed - MIN(c.moved, c.reclaimed);
}
