/* Availability zones that go away and come back, and the scrub: every copy of every blob is read and
 * verified, and one that is damaged or missing is written anew from another zone that has it whole. */
#include "store/blob_internal.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS_AT_ONCE = 32, SCRUB_PAUSE_US = 50000, MEND_PAUSE_US = 1000, COPY_BYTES = RUN_BYTES };
static const i64 scrub_every_us = 7ll * 24 * 3600 * 1000000;

/* ---- which zones ---- */

static str down_key(struct arena *a) {
    struct key k = key_new(a, S("blob"));
    key_str(&k, S("z"));
    return key_bytes(&k);
}

u32 blob_zones_up(struct blobs *b) { return ((1u << b->zones) - 1) & ~atomic_load(&b->zones_down); }

u32 blobs_spread(struct blobs *b, u32 copies) {
    u32 up = blob_zones_up(b), set = 0;
    if (b->zones == 1) return 1;
    u32 first = (u32)atomic_fetch_add(&b->next_zone, 1);
    for (int i = 0; i < b->zones && copies; i++) {
        u32 zone = 1u << (first + (u32)i) % (u32)b->zones;
        if (!(up & zone)) continue;
        set |= zone;
        copies--;
    }
    return set ? set : 1; /* with all zones down the write fails where it writes */
}

u32 txn_blob_spread(struct txn *t, u32 copies) { return blobs_spread(store_blobs(txn_store(t)), copies); }
u32 store_zone_count(struct store *s) { return (u32)store_blobs(s)->zones; }

void zones_down_load(struct blobs *b) {
    struct arena a = {0};
    struct txn *t = store_snapshot(b->store, &a);
    str value;
    if (txn_get(t, down_key(&a), &value) && value.n == 4) b->zones_down = get_u32((const u8 *)value.p);
    store_snapshot_end(t);
    arena_free(&a);
}

struct zone_change {
    struct blobs *b;
    u32 down;
};

/* In the writer: its open segments of the zone end here, so that nothing is appended to half of them. */
static err zone_change(void *context, struct txn *t) {
    struct zone_change *c = context;
    u8 bytes[4];
    put_u32(bytes, c->down);
    txn_put(t, down_key(txn_arena(t)), (str){(char *)bytes, sizeof bytes});
    segments_close_all(c->b);
    atomic_store(&c->b->zones_down, c->down);
    return NULL;
}

err store_zone_fault(struct store *s, u32 zone, bool down) {
    struct blobs *b = store_blobs(s);
    struct arena a = {0};
    ASSERT(zone < (u32)b->zones);
    u32 bit = 1u << zone, now = atomic_load(&b->zones_down);
    struct zone_change c = {b, down ? now | bit : now & ~bit};
    err e = store_write(s, &a, zone_change, &c);
    arena_free(&a);
    log_line(LOG_WARN, "zone", "zone=%u state=%s", zone, down ? "down" : "up");
    if (!e && !down) { /* what it missed is written now */
        b->mend.fast = true;
        keeper_call(&b->keeper, &b->mend_chore, 0);
    }
    return e;
}

u32 store_zones_down(struct store *s) { return atomic_load(&store_blobs(s)->zones_down); }

/* ---- one copy ---- */

struct copy {
    struct blobs *b;
    u8 kind;
    u64 number;        /* blob id, or segment */
    u64 base, length;  /* FILE: 0 and plain length; SEGMENT record: where its sealed bytes begin */
    u64 id;
    const u8 *wrapped;
};

static int copy_open(const struct copy *c, int zone, int flags, int *fd) {
    char path[BLOB_PATH];
    if (c->kind == BLOB_FILE) file_path(c->b, zone, c->number, path);
    else segment_path(c->b, zone, c->number, path);
    return file_open(path, flags, 0600, fd);
}

/* Is every chunk of the copy in this zone what was written? */
static bool copy_whole(const struct copy *c, struct cipher *cipher, int zone, u8 *run, u8 *plain) {
    int fd;
    if (copy_open(c, zone, O_RDONLY, &fd)) return false;
    u64 chunks = MAX((c->length + blob_chunk - 1) / blob_chunk, 1);
    bool fine = true;
    for (u64 i = 0; i < chunks && fine; i++) {
        size_t n = (size_t)MIN((u64)blob_chunk, c->length - i * blob_chunk) + AEAD_TAG, got = 0;
        fine = file_read_at(fd, run, n, c->base + i * CHUNK_SEALED, &got) == 0 && got == n
               && chunk_open(cipher, i, (str){(const char *)run, n}, plain);
    }
    close(fd);
    return fine;
}

/* The sealed bytes of a whole copy into the place of another. A missing file is made; a segment's place in a
 * missing file leaves a hole before it that the records before fill. */
static bool copy_rewrite(const struct copy *c, int from, int to, u8 *run) {
    char path[BLOB_PATH], parent[BLOB_PATH];
    int in = -1, out = -1;
    u64 left = sealed_length(c->length), at = c->base;
    u64 begin = c->kind == BLOB_SEGMENT ? RECORD_HEADER : 0; /* the header goes with it */
    if (copy_open(c, from, O_RDONLY, &in)) return false;
    if (c->kind == BLOB_FILE) file_path(c->b, to, c->number, path);
    else segment_path(c->b, to, c->number, path);
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = 0;
    int error = file_make_directories(parent, 0700);
    if (!error) error = copy_open(c, to, O_RDWR | O_CREAT, &out);
    at -= begin;
    left += begin;
    while (!error && left) {
        size_t n = (size_t)MIN(left, (u64)COPY_BYTES), got = 0;
        error = file_read_at(in, run, n, at, &got);
        if (!error && got != n) error = EIO;
        if (!error) error = file_write_at(out, run, n, at);
        at += n;
        left -= n;
    }
    if (!error && !c->b->ephemeral) error = file_sync_data(out);
    if (!error && !c->b->ephemeral) error = file_sync_directory(parent);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    if (error) log_line(LOG_ERROR, "blob_mend", "blob=%llx zone=%d error=\"%s\"", (unsigned long long)c->id, to, strerror(error));
    return !error;
}

static void copies_mend(struct mend *m, const struct copy *c, u32 zones, struct cipher *cipher, u8 *run, u8 *plain) {
    u32 up = blob_zones_up(c->b) & zones, whole = 0;
    m->report.blobs++;
    if (!cipher_unwrap(cipher, c->id, c->length, c->wrapped)) return;
    for (int z = 0; z < ZONES_MAX; z++) {
        if (!(up >> z & 1)) continue;
        m->report.bytes += c->length;
        if (copy_whole(c, cipher, z, run, plain)) whole |= 1u << z;
    }
    u32 bad = up & ~whole;
    for (int z = 0; z < ZONES_MAX; z++) {
        if (!(bad >> z & 1)) continue;
        m->report.damaged++;
        int from = 0;
        while (from < ZONES_MAX && !(whole >> from & 1)) from++;
        bool mended = from < ZONES_MAX && copy_rewrite(c, from, z, run) && copy_whole(c, cipher, z, run, plain);
        m->report.repaired += mended;
        m->report.lost += from == ZONES_MAX;
        log_line(mended ? LOG_WARN : LOG_ERROR, "blob_scrub", "blob=%llx zone=%d problem=\"damaged or missing\" repaired=%s",
                 (unsigned long long)c->id, z, mended ? "yes" : "no");
    }
}

/* ---- the pass ---- */

struct found {
    u64 id;
    struct blob_row row;
};

/* The next rows behind `after` that have bytes in zones; `pinned` keeps them from going meanwhile. */
static u32 rows_next(struct blobs *b, struct arena *a, u64 *after, struct found *found, bool *end) {
    u32 n = 0;
    str key, value;
    struct txn *t = store_snapshot(b->store, a);
    struct range r = txn_range(t, blob_key(a, *after + 1), blob_key(a, UINT64_MAX));
    *end = true;
    while (range_next(&r, &key, &value)) {
        if (n == ROWS_AT_ONCE) {
            *end = false;
            break;
        }
        *after = get_u64((const u8 *)key.p + key.n - 8);
        ASSERT(blob_row_decode(value, &found[n].row));
        if (found[n].row.kind == BLOB_PARTS) continue; /* its parts have rows of their own */
        found[n++].id = *after;
    }
    store_snapshot_end(t);
    return n;
}

/* Is the row still what it was? Else what looked damaged had only gone or moved. */
static bool still_there(struct blobs *b, const struct found *f) {
    struct arena a = {0};
    struct blob_row row;
    struct txn *t = store_snapshot(b->store, &a);
    bool same = blob_row_get(t, f->id, &row) && row.kind == f->row.kind && row.segment == f->row.segment && row.offset == f->row.offset;
    store_snapshot_end(t);
    arena_free(&a);
    return same;
}

/* One handful of rows. False: the pass is over. */
static bool mend_step(struct blobs *b, struct mend *m) {
    struct arena a = {0};
    struct found *found = NEW_ARRAY(&a, struct found, ROWS_AT_ONCE);
    bool end;
    u32 n = rows_next(b, &a, &m->after, found, &end);
    struct cipher *cipher = cipher_take(b);
    u8 *run = run_take(b), *plain = plain_take(b);
    for (u32 i = 0; i < n; i++) {
        const struct found *f = &found[i];
        bool segment = f->row.kind == BLOB_SEGMENT;
        struct copy c = {b, f->row.kind, segment ? f->row.segment : f->id, segment ? f->row.offset + RECORD_HEADER : 0,
                         f->row.length, f->id, f->row.wrapped};
        struct mend before = *m;
        u32 up = blob_zones_up(b) & f->row.zones;
        if (!up) continue;
        copies_mend(m, &c, f->row.zones, cipher, run, plain);
        if (m->report.repaired > before.report.repaired && !segment && !still_there(b, f))
            gone_hint(b, BLOB_FILE, f->id, b->batch_number); /* deleted meanwhile: made for nothing */
        if (m->report.lost > before.report.lost && !still_there(b, f)) m->report = before.report;
    }
    plain_give(b, plain);
    run_give(b, run);
    cipher_give(b, cipher);
    arena_free(&a);
    return !end;
}

i64 mend_turn(struct chore *chore) {
    struct blobs *b = (struct blobs *)((char *)chore - offsetof(struct blobs, mend_chore));
    struct mend *m = &b->mend;
    if (mend_step(b, m)) return sys_monotonic_us() + (m->fast ? MEND_PAUSE_US : SCRUB_PAUSE_US);
    pthread_mutex_lock(&b->live_lock);
    b->last_mend = m->report;
    pthread_mutex_unlock(&b->live_lock);
    *m = (struct mend){0};
    return sys_monotonic_us() + scrub_every_us;
}

void store_scrub(struct store *s, struct mend_report *report) {
    struct blobs *b = store_blobs(s);
    struct mend m = {0};
    while (mend_step(b, &m)) continue;
    *report = m.report;
    pthread_mutex_lock(&b->live_lock);
    b->last_mend = m.report;
    pthread_mutex_unlock(&b->live_lock);
}
