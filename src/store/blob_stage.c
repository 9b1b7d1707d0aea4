/* Staging: bytes on their way in. Small ones gather in one buffer and are sealed there; from
 * blob_segment_max on they go to a file of their own, RUN_CHUNKS chunks at a time. */
#include "store/blob_stage.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- buffers that outlive a blob: a few are kept, so that the hot path has no heap ---- */
static void *pool_take(struct blobs *b, void **idle, int *count, size_t size) {
    pthread_mutex_lock(&b->pool_lock);
    void *p = *count ? idle[--*count] : NULL;
    pthread_mutex_unlock(&b->pool_lock);
    if (!p) p = malloc(size);
    ASSERT(p);
    return p;
}
static void pool_give(struct blobs *b, void **idle, int *count, int max, void *p) {
    if (!p) return;
    pthread_mutex_lock(&b->pool_lock);
    bool kept = *count < max;
    if (kept) idle[(*count)++] = p;
    pthread_mutex_unlock(&b->pool_lock);
    if (!kept) free(p);
}
void *plain_take(struct blobs *b) { return pool_take(b, b->idle_plain, &b->idle_plain_count, RECORD_MAX); }
void plain_give(struct blobs *b, void *p) {
    pool_give(b, b->idle_plain, &b->idle_plain_count, LENGTH(b->idle_plain), p);
}
void *run_take(struct blobs *b) { return pool_take(b, b->idle_run, &b->idle_run_count, RUN_BYTES); }
void run_give(struct blobs *b, void *p) {
    pool_give(b, b->idle_run, &b->idle_run_count, LENGTH(b->idle_run), p);
}

/* ---- birth ---- */
enum { IDLE_STAGES_MAX = 64 };

static struct blob_stage *stage_take(struct blobs *b) {
    pthread_mutex_lock(&b->pool_lock);
    struct blob_stage *st = b->idle_stages;
    if (st) {
        b->idle_stages = st->next;
        b->idle_stage_count--;
    }
    pthread_mutex_unlock(&b->pool_lock);
    if (!st) st = malloc(sizeof *st);
    ASSERT(st);
    memset(st, 0, offsetof(struct blob_stage, small));
    st->blobs = b;
    return st;
}

static void stage_give(struct blobs *b, struct blob_stage *st) {
    pthread_mutex_lock(&b->pool_lock);
    bool kept = b->idle_stage_count < IDLE_STAGES_MAX;
    if (kept) {
        st->next = b->idle_stages;
        b->idle_stages = st;
        b->idle_stage_count++;
    }
    pthread_mutex_unlock(&b->pool_lock);
    if (!kept) free(st);
}

struct blob_stage *blob_stage_new(struct store *s, i64 expected, struct blob_placement where) {
    struct blobs *b = store_blobs(s);
    struct blob_stage *st = stage_take(b);
    st->zones = where.zones ? where.zones : blobs_spread(b, 2);
    ASSERT(st->zones < 1u << b->zones);
    st->zones_written = st->zones & blob_zones_up(b);
    st->failed = !st->zones_written; /* no zone that it may stand in is up */
    st->id = atomic_fetch_add(&b->next_id, 1);
    st->buffer = st->small;
    st->capacity = STAGE_SMALL;
    st->expected = expected;
    if (expected > STAGE_SMALL) {
        st->buffer = plain_take(b);
        st->capacity = blob_segment_max;
    }
    return st;
}

/* ---- a file of its own ---- */
void file_path(const struct blobs *b, int zone, u64 id, char *path) {
    snprintf(path, BLOB_PATH, "%s/zones/%d/files/%llx/%016llx", b->directory, zone,
             (unsigned long long)(id >> FILES_BITS), (unsigned long long)id);
}

static bool stage_failed(struct blob_stage *st, const char *event, int error) {
    log_line(LOG_ERROR, event, "blob=%llx error=\"%s\"", (unsigned long long)st->id, strerror(error));
    st->failed = true;
    return false;
}

/* The directory's own name must be durable too; it is made once in 4096 blobs, and synced at once. */
static int directory_make(struct blobs *b, int zone, u64 id) {
    char path[BLOB_PATH];
    snprintf(path, sizeof path, "%s/zones/%d/files/%llx", b->directory, zone,
             (unsigned long long)(id >> FILES_BITS));
    int error = file_make_directories(path, 0700);
    if (error || b->ephemeral) return error;
    snprintf(path, sizeof path, "%s/zones/%d/files", b->directory, zone);
    return file_sync_directory(path);
}

static bool stage_open_files(struct blob_stage *st) {
    struct blobs *b = st->blobs;
    char path[BLOB_PATH];
    st->run = run_take(b);
    st->cipher = cipher_take(b);
    cipher_new_key(st->cipher, st->key);
    for (int z = 0; z < ZONES_MAX; z++) st->fd[z] = -1;
    st->file = true;
    pthread_mutex_lock(&b->live_lock);
    st->live_next = b->live_stages;
    b->live_stages = st;
    pthread_mutex_unlock(&b->live_lock);
    for (int z = 0; z < ZONES_MAX; z++) {
        if (!(st->zones_written >> z & 1)) continue;
        file_path(b, z, st->id, path);
        int error = file_open(path, O_CREAT | O_EXCL | O_WRONLY, 0600, &st->fd[z]);
        if (error == ENOENT) {
            error = directory_make(b, z, st->id);
            if (!error) error = file_open(path, O_CREAT | O_EXCL | O_WRONLY, 0600, &st->fd[z]);
        }
        if (error) return stage_failed(st, "blob_file_open", error);
    }
    return true;
}

static bool run_write(struct blob_stage *st) {
    for (int z = 0; z < ZONES_MAX && st->run_n; z++) {
        if (!(st->zones_written >> z & 1)) continue;
        int error = file_write_at(st->fd[z], st->run, st->run_n, st->written);
        if (error) return stage_failed(st, "blob_file_write", error);
    }
    st->written += st->run_n;
    st->run_n = 0;
    /* Let the disk begin while the next bytes arrive: the sync at the end finds less to do. */
    if (st->written - st->started >= STAGE_WRITEBACK) {
        for (int z = 0; z < ZONES_MAX; z++)
            if (st->zones_written >> z & 1)
                sync_file_range(st->fd[z], (off64_t)st->started, (off64_t)(st->written - st->started),
                                SYNC_FILE_RANGE_WRITE);
        st->started = st->written;
    }
    return true;
}

static bool chunk_add(struct blob_stage *st, str chunk) {
    if (st->run_n + chunk.n + AEAD_TAG > RUN_BYTES && !run_write(st)) return false;
    chunk_seal(st->cipher, st->chunks++, chunk, st->run + st->run_n);
    st->run_n += chunk.n + AEAD_TAG;
    return true;
}

static u8 *stage_plain(struct blob_stage *st) { return st->buffer + RECORD_HEADER; }

/* Larger than expected: the bytes so far move into a larger buffer. */
static void stage_enlarge(struct blob_stage *st) {
    u8 *larger = plain_take(st->blobs);
    memcpy(larger + RECORD_HEADER, stage_plain(st), st->filled);
    st->buffer = larger;
    st->capacity = blob_segment_max;
}

bool blob_stage_add(struct blob_stage *st, str bytes) {
    ASSERT(!st->finished);
    if (st->failed) return false;
    st->length += bytes.n;
    while (bytes.n) {
        if (st->filled == st->capacity) {
            if (st->capacity < blob_segment_max) {
                stage_enlarge(st);
                continue;
            }
            if (!st->file && !stage_open_files(st)) return false;
            if (!chunk_add(st, (str){(char *)stage_plain(st), st->filled})) return false;
            st->filled = 0;
        }
        if (st->file && st->filled == 0 && bytes.n >= blob_chunk) {
            if (!chunk_add(st, str_take(bytes, blob_chunk))) return false;
            bytes = str_skip(bytes, blob_chunk);
            continue;
        }
        size_t n = MIN(bytes.n, st->capacity - st->filled);
        memcpy(stage_plain(st) + st->filled, bytes.p, n);
        st->filled += n;
        bytes = str_skip(bytes, n);
    }
    return true;
}

static bool file_finish(struct blob_stage *st) {
    if (st->filled && !chunk_add(st, (str){(char *)stage_plain(st), st->filled})) return false;
    if (!run_write(st)) return false;
    for (int z = 0; z < ZONES_MAX; z++) {
        if (!(st->zones_written >> z & 1)) continue;
        int error = st->blobs->ephemeral ? 0 : file_sync_data(st->fd[z]);
        if (error) return stage_failed(st, "blob_file_sync", error);
        close(st->fd[z]);
        st->fd[z] = -1;
    }
    return true;
}

bool blob_stage_finish(struct blob_stage *st) {
    ASSERT(!st->finished);
    if (st->failed) return false;
    struct blobs *b = st->blobs;
    if (st->file) {
        if (!file_finish(st)) return false;
    } else {
        st->cipher = cipher_take(b);
        cipher_new_key(st->cipher, st->key);
        chunk_seal(st->cipher, 0, (str){(char *)stage_plain(st), st->filled}, stage_plain(st));
        put_u32(st->buffer, RECORD_MAGIC);
        put_u32(st->buffer + 4, (u32)st->filled + AEAD_TAG);
        put_u64(st->buffer + 8, st->id);
    }
    /* An inline blob has no id: its reference may stand in many rows. */
    bool is_inline = st->length <= blob_inline_max;
    cipher_wrap(st->cipher, st->key, is_inline ? 0 : st->id, st->length, st->wrapped);
    explicit_bzero(st->key, sizeof st->key);
    cipher_give(b, st->cipher);
    st->cipher = NULL;
    st->finished = true;
    return true;
}

u64 blob_stage_length(const struct blob_stage *st) { return st->length; }
bool blob_stage_blocks(const struct blob_stage *st) {
    return st->file || st->expected > blob_segment_max
           || (st->filled == st->capacity && st->capacity == blob_segment_max);
}

static void stage_unlist(struct blob_stage *st) {
    struct blobs *b = st->blobs;
    pthread_mutex_lock(&b->live_lock);
    for (struct blob_stage **at = &b->live_stages; *at; at = &(*at)->live_next) {
        if (*at != st) continue;
        *at = st->live_next;
        break;
    }
    pthread_mutex_unlock(&b->live_lock);
}

bool stage_is_live(struct blobs *b, u64 id) {
    bool found = false;
    pthread_mutex_lock(&b->live_lock);
    for (struct blob_stage *st = b->live_stages; st && !found; st = st->live_next) found = st->id == id;
    pthread_mutex_unlock(&b->live_lock);
    return found;
}

void blob_stage_drop(struct blob_stage *st) {
    struct blobs *b = st->blobs;
    if (st->file) {
        for (int z = 0; z < ZONES_MAX; z++)
            if (st->fd[z] >= 0) close(st->fd[z]);
        stage_unlist(st);
        /* The usual adopted blob costs one look at its row, later, on the keeper. */
        gone_hint(b, BLOB_FILE, st->id, st->offered_batch);
    }
    if (st->cipher) cipher_give(b, st->cipher);
    if (st->buffer != st->small) plain_give(b, st->buffer);
    run_give(b, st->run);
    explicit_bzero(st->key, sizeof st->key);
    stage_give(b, st);
}

void stages_end(struct blobs *b) {
    for (struct blob_stage *st = b->idle_stages, *next; st; st = next) {
        next = st->next;
        free(st);
    }
    while (b->idle_plain_count) free(b->idle_plain[--b->idle_plain_count]);
    while (b->idle_run_count) free(b->idle_run[--b->idle_run_count]);
    for (struct cipher *c = b->ciphers, *next; c; c = next) {
        next = c->next;
        arena_free(&c->arena);
        free(c);
    }
}
