/* Blobs in transactions: adoption, sharing, deletion, concatenation; opening and closing the part. */
#include "store/blob_stage.h"

#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SCRUB_DELAY_US (24ll * 3600 * 1000000) /* after a start: a day later */
enum { PARTS_AT_ONCE = 64 /* deleted within the caller's transaction; more wait for the keeper */ };

static struct blobs *txn_blobs(struct txn *t) { return store_blobs(txn_store(t)); }

static u64 record_bytes(u64 length) { return RECORD_HEADER + length + AEAD_TAG; }

static void reap_later(struct blobs *b) {
    keeper_call(&b->keeper, &b->reap_chore, sys_monotonic_us() + 100000);
}

/* ---- adoption ---- */
static str adopt_inline(struct txn *t, struct blob_stage *st) {
    struct buf b = buf_new(txn_arena(t), blob_inline_max + 128);
    buf_add(&b, reference_encode(txn_arena(t), BLOB_INLINE, 0, st->length));
    b.n--; /* an id of 0 took one byte: here the sealed bytes stand instead */
    buf_add(&b, (str){(char *)st->wrapped, WRAPPED_KEY});
    buf_add(&b, (str){(char *)st->buffer + RECORD_HEADER, st->length + AEAD_TAG});
    return buf_str(&b);
}

str txn_blob_adopt(struct txn *t, struct blob_stage *st) {
    struct blobs *b = txn_blobs(t);
    ASSERT(txn_writable(t) && st->finished && !st->failed);
    if (st->length <= blob_inline_max) return adopt_inline(t, st);
    struct blob_row row;
    u8 kind = st->file ? BLOB_FILE : BLOB_SEGMENT;
    str reference = reference_encode(txn_arena(t), kind, st->id, st->length);
    if (blob_row_get(t, st->id, &row)) return txn_blob_share(t, reference);
    bool again = st->offered_batch == b->batch_number; /* this batch has its bytes: a re-run */
    row = (struct blob_row){.kind = kind, .references = 1, .zones = st->zones, .length = st->length};
    memcpy(row.wrapped, st->wrapped, WRAPPED_KEY);
    if (kind == BLOB_FILE) {
        if (!again) directory_dirty(b, st->zones_written, st->id >> FILES_BITS);
    } else {
        str record = {(char *)st->buffer, record_bytes(st->length)};
        if (!again && !segment_append(b, t, st->zones, record, &st->segment, &st->offset)) {
            b->batch_broken = true; /* nothing of this batch will be committed */
            return reference;
        }
        row.segment = st->segment;
        row.offset = st->offset;
        segment_row_change(t, st->segment, st->zones, st->offset + record.n, (i64)record.n);
    }
    st->offered_batch = b->batch_number;
    blob_row_put(t, st->id, &row);
    return reference;
}

str txn_blob_share(struct txn *t, str reference) {
    struct blob_reference ref;
    struct blob_row row;
    ASSERT(reference_decode(reference, &ref));
    if (ref.kind == BLOB_INLINE) return reference;
    ASSERT(blob_row_get(t, ref.id, &row));
    row.references++;
    blob_row_put(t, ref.id, &row);
    return reference;
}

/* ---- deletion ---- */
static u32 parts_count(str list) {
    str reference, row;
    u32 n = 0;
    while (parts_next(&list, &reference, &row)) n++;
    return n;
}

static void delete_parts(struct txn *t, u64 id, str list) {
    str reference, row;
    if (parts_count(list) > PARTS_AT_ONCE) {
        txn_put(t, dead_key(txn_arena(t), id), list);
        reap_later(txn_blobs(t));
        return;
    }
    list = arena_str(txn_arena(t), list);
    while (parts_next(&list, &reference, &row)) txn_blob_delete(t, reference);
}

void txn_blob_delete(struct txn *t, str reference) {
    struct blobs *b = txn_blobs(t);
    struct blob_reference ref;
    struct blob_row row;
    ASSERT(reference_decode(reference, &ref));
    if (ref.kind == BLOB_INLINE) return;
    ASSERT(blob_row_get(t, ref.id, &row));
    if (--row.references) {
        blob_row_put(t, ref.id, &row);
        return;
    }
    if (row.kind == BLOB_PARTS) delete_parts(t, ref.id, row.parts);
    txn_delete(t, blob_key(txn_arena(t), ref.id));
    if (row.kind == BLOB_FILE) gone_hint(b, BLOB_FILE, ref.id, b->batch_number);
    if (row.kind == BLOB_SEGMENT) {
        segment_row_change(t, row.segment, row.zones, 0, -(i64)record_bytes(row.length));
        keeper_call(&b->keeper, &b->compact_chore, sys_monotonic_us() + 1000000);
    }
}

/* A slice of what delete_parts left: runs as a write function of the keeper. */
static err reap_slice(void *context, struct txn *t) {
    bool *more = context;
    struct arena *a = txn_arena(t);
    str key, value, reference, row;
    struct range r = txn_range(t, dead_key(a, 0), dead_key(a, UINT64_MAX));
    *more = range_next(&r, &key, &value);
    if (!*more) return NULL;
    key = arena_str(a, key);
    str rest = arena_str(a, value);
    for (int i = 0; i < 4 * PARTS_AT_ONCE && parts_next(&rest, &reference, &row); i++)
        txn_blob_delete(t, reference);
    if (rest.n) txn_put(t, key, rest);
    else txn_delete(t, key);
    return NULL;
}

i64 reap_turn(struct chore *c) {
    struct blobs *b = (struct blobs *)((char *)c - offsetof(struct blobs, reap_chore));
    struct arena a = {0};
    bool more = false;
    err error = store_write(b->store, &a, reap_slice, &more);
    arena_free(&a);
    if (error) return sys_monotonic_us() + 1000000;
    return more ? sys_monotonic_us() : KEEPER_NEVER;
}

/* ---- concatenation ---- */
static void concat_add(struct txn *t, struct buf *list, str reference, u64 *length) {
    struct arena *a = txn_arena(t);
    struct blob_reference ref;
    struct blob_row row;
    ASSERT(reference_decode(reference, &ref));
    *length += ref.length;
    if (ref.kind == BLOB_INLINE || ref.kind == BLOB_SEGMENT) {
        parts_add(list, reference, S(""));
        return;
    }
    ASSERT(blob_row_get(t, ref.id, &row));
    if (row.kind == BLOB_FILE) {
        parts_add(list, reference, blob_row_encode(a, &row));
        return;
    }
    /* Parts do not nest: those of a concatenation are taken over, or shared if it lives on. */
    str rest = arena_str(a, row.parts), part, part_row;
    bool lives = --row.references > 0;
    row.parts = rest;
    if (lives) blob_row_put(t, ref.id, &row);
    else txn_delete(t, blob_key(a, ref.id));
    while (parts_next(&rest, &part, &part_row)) {
        if (lives) txn_blob_share(t, part);
        parts_add(list, part, part_row);
    }
}

str txn_blob_concat(struct txn *t, const str *references, size_t n) {
    struct blobs *b = txn_blobs(t);
    if (n == 1) return references[0];
    struct buf list = buf_new(txn_arena(t), 64 << 20);
    struct blob_row row = {.kind = BLOB_PARTS, .references = 1};
    for (size_t i = 0; i < n; i++) concat_add(t, &list, references[i], &row.length);
    ASSERT(!list.over);
    row.parts = buf_str(&list);
    u64 id = atomic_fetch_add(&b->next_id, 1);
    blob_row_put(t, id, &row);
    return reference_encode(txn_arena(t), BLOB_PARTS, id, row.length);
}

u64 blob_length(str reference) {
    struct blob_reference ref;
    ASSERT(reference_decode(reference, &ref));
    return ref.length;
}

bool blob_of_parts(str reference) {
    struct blob_reference ref;
    ASSERT(reference_decode(reference, &ref));
    return ref.kind == BLOB_PARTS;
}

/* ---- the batch ---- */
static bool directories_sync(struct blobs *b) {
    char path[BLOB_PATH];
    bool fine = true;
    for (int i = 0; i < b->dirty_count; i++)
        for (int z = 0; z < ZONES_MAX && fine && !b->ephemeral; z++) {
            if (!(b->dirty_zones[i] >> z & 1)) continue;
            snprintf(path, sizeof path, "%s/zones/%d/files/%llx", b->directory, z,
                     (unsigned long long)b->dirty_directories[i]);
            int error = file_sync_directory(path);
            if (!error) continue;
            log_line(LOG_ERROR, "blob_directory_sync", "path=%s error=\"%s\"", path, strerror(error));
            fine = false;
        }
    b->dirty_count = 0;
    return fine;
}

void directory_dirty(struct blobs *b, u32 zones, u64 directory) {
    for (int i = 0; i < b->dirty_count; i++) {
        if (b->dirty_directories[i] != directory) continue;
        b->dirty_zones[i] |= zones;
        return;
    }
    if (b->dirty_count == (int)LENGTH(b->dirty_directories) && !directories_sync(b)) b->batch_broken = true;
    b->dirty_directories[b->dirty_count] = directory;
    b->dirty_zones[b->dirty_count++] = zones;
}

/* The names of rows and root key are durable before the first answer; not at opening, which would
 * have to wait for the disk each time. */
static bool own_names_sync(struct blobs *b) {
    if (b->names_synced || b->ephemeral) return true;
    int error = file_sync_directory(b->directory);
    if (error) log_line(LOG_ERROR, "directory_sync", "path=%s error=\"%s\"", b->directory, strerror(error));
    b->names_synced = !error;
    return !error;
}

bool blob_batch_sync(struct store *s, struct batch *batch) {
    struct blobs *b = store_blobs(s);
    if (!b->batch_broken) b->batch_broken = !segments_sync(b) || !directories_sync(b) || !own_names_sync(b);
    return !b->batch_broken;
}

static void batch_over(struct blobs *b) {
    b->batch_number++;
    /* What was deleted in this batch may go now. */
    if (b->gone_waiting) keeper_call(&b->keeper, &b->gone_chore, sys_monotonic_us() + 20000);
}

void blob_batch_committed(struct store *s, struct batch *batch) { batch_over(store_blobs(s)); }

void blob_batch_aborted(struct store *s, struct batch *batch) {
    struct blobs *b = store_blobs(s);
    if (b->batch_broken) segments_abandon(b);
    b->dirty_count = 0;
    b->batch_broken = false;
    batch_over(b);
}

/* ---- the part as a whole ---- */
/* Ids begin at the wall clock in microseconds: those of a former run are not given again, and files of
 * one time share directories. */
static u64 id_first(struct blobs *b) {
    struct arena a = {0};
    struct txn *t = store_snapshot(b->store, &a);
    str key, value;
    u64 id = (u64)sys_wall_us();
    struct range r = txn_range_backwards(t, blob_key(&a, 0), blob_key(&a, UINT64_MAX));
    if (range_next(&r, &key, &value)) id = MAX(id, get_u64((const u8 *)key.p + key.n - 8) + 1);
    store_snapshot_end(t);
    arena_free(&a);
    return id;
}

static bool zone_directories(struct blobs *b, str *problem, struct arena *a) {
    char path[BLOB_PATH];
    static const char *const names[] = {"segments", "files"};
    for (int z = 0; z < b->zones; z++)
        for (size_t i = 0; i < LENGTH(names); i++) {
            snprintf(path, sizeof path, "%s/zones/%d/%s", b->directory, z, names[i]);
            struct stat there;
            if (stat(path, &there) == 0 && S_ISDIR(there.st_mode)) continue;
            int error = file_make_directories(path, 0700);
            for (int up = 0; up < 3 && !error && !b->ephemeral; up++) {
                *strrchr(path, '/') = 0;
                error = file_sync_directory(path);
            }
            if (!error) continue;
            *problem = arena_format(a, "%s: %s", path, strerror(error));
            return false;
        }
    return true;
}

struct blobs *blobs_open(struct store *s, const struct store_config *config, struct arena *boot, str *problem) {
    struct blobs *b = NEW(boot, struct blobs);
    b->store = s;
    b->zones = config->zones ? config->zones : 1;
    b->ephemeral = config->ephemeral;
    b->passphrase = config->passphrase;
    b->batch_number = 1;
    if (b->zones < 1 || b->zones > ZONES_MAX) {
        *problem = arena_format(boot, "%d availability zones: a cloud has 1 to %d", b->zones, ZONES_MAX);
        return NULL;
    }
    if (strlen(config->directory) >= sizeof b->directory) {
        *problem = arena_format(boot, "%s: the name is too long", config->directory);
        return NULL;
    }
    snprintf(b->directory, sizeof b->directory, "%s", config->directory);
    pthread_mutex_init(&b->pool_lock, NULL);
    pthread_mutex_init(&b->live_lock, NULL);
    pthread_mutex_init(&b->gone_lock, NULL);
    if (!zone_directories(b, problem, boot) || !root_key_load(b, problem, boot)) return NULL;
    b->first_id = id_first(b);
    b->next_id = b->first_id;
    zones_down_load(b);
    keeper_init(&b->keeper);
    b->gone_chore.run = gone_turn;
    b->sweep_chore.run = sweep_turn;
    b->reap_chore.run = reap_turn;
    b->compact_chore.run = compact_turn;
    b->mend_chore.run = mend_turn;
    keeper_add(&b->keeper, &b->mend_chore, KEEPER_NEVER);
    keeper_add(&b->keeper, &b->gone_chore, KEEPER_NEVER);
    keeper_add(&b->keeper, &b->sweep_chore, KEEPER_NEVER);
    keeper_add(&b->keeper, &b->reap_chore, KEEPER_NEVER);
    keeper_add(&b->keeper, &b->compact_chore, KEEPER_NEVER);
    return b;
}

/* The first answer does not wait for the sweep. */
void blobs_start(struct blobs *b) {
    i64 soon_us = sys_monotonic_us() + 500000;
    keeper_call(&b->keeper, &b->sweep_chore, soon_us);
    keeper_call(&b->keeper, &b->reap_chore, soon_us);
    keeper_call(&b->keeper, &b->compact_chore, soon_us + 1000000);
    keeper_call(&b->keeper, &b->mend_chore, soon_us + SCRUB_DELAY_US);
}

void blobs_stop(struct blobs *b) { keeper_stop(&b->keeper); }

void blobs_close(struct blobs *b) {
    ASSERT(!b->keeper.started);
    segments_end(b);
    stages_end(b);
    free(b->gone);
    free(b->compaction.bytes);
    explicit_bzero(b->root_key, sizeof b->root_key);
}

struct keeper *blobs_keeper(struct blobs *b) { return &b->keeper; }
void blobs_hold(struct blobs *b, bool hold) { atomic_fetch_add(&b->held, hold ? 1 : -1); }

void blobs_sweep(struct blobs *b) {
    keeper_call(&b->keeper, &b->sweep_chore, 0);
    keeper_settle(&b->keeper, &b->sweep_chore);
    keeper_call(&b->keeper, &b->gone_chore, 0);
    keeper_settle(&b->keeper, &b->gone_chore);
}

str store_root_key(struct store *s) {
    struct blobs *b = store_blobs(s);
    return (str){(const char *)b->root_key, sizeof b->root_key};
}
