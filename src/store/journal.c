/* The journal: per-thread buffers, one write a flush, segments that close, compress and are trimmed. */
#include "store/journal.h"

#include "store/blob_core.h"
#include "store/journal_file.h"
#include "store/keeper.h"
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SYNC_AFTER_US = 500000, RECORD_HEAD = 12 };

/* What one thread added and has not flushed. Room for the frame's header stands before the records. */
struct journal_buffer {
    struct journal *journal;
    struct journal_buffer *next;
    u8 *bytes;
    size_t n, capacity;
    struct frame frame;
    bool failed; /* an early flush of a full buffer: the next journal_flush says so */
};

struct journal {
    struct store *store;
    struct keeper *keeper;
    char directory[JOURNAL_PATH / 2];
    pthread_key_t buffer_key; /* this thread's buffer */
    struct journal_key key;
    pthread_mutex_t lock;
    struct journal_buffer *buffers;
    struct journal_segment *segments; /* in order; the last is open if fd >= 0 */
    size_t count, capacity;
    int fd;
    u64 end;
    struct arena cipher_arena; /* of the open segment's cipher */
    struct aead *cipher;
    bool resumed; /* the last segment of a former run was looked at */
    bool unsynced;
    struct chore sync_chore, compress_chore;
};

/* ---- the list of segments ---- */
static struct journal_segment *segment_add(struct journal *j, const struct journal_segment *s) {
    if (j->count == j->capacity) {
        j->capacity = j->capacity ? 2 * j->capacity : 16;
        j->segments = realloc(j->segments, j->capacity * sizeof *s); /* once in many segments */
        ASSERT(j->segments);
    }
    j->segments[j->count] = *s;
    return &j->segments[j->count++];
}

static void segment_drop(struct journal *j, size_t index) {
    memmove(j->segments + index, j->segments + index + 1, (--j->count - index) * sizeof *j->segments);
}

static int segment_order(const void *x, const void *y) {
    const struct journal_segment *a = x, *b = y;
    if (a->sequence != b->sequence) return a->sequence < b->sequence ? -1 : 1;
    return (int)b->compressed - (int)a->compressed;
}

static void segments_list(struct journal *j) {
    DIR *directory = opendir(j->directory);
    ASSERT(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct journal_segment s;
        if (segment_file_parse(entry->d_name, &s)) segment_add(j, &s);
    }
    closedir(directory);
    if (j->count) qsort(j->segments, j->count, sizeof *j->segments, segment_order);
    /* Compressed and not yet removed when the process ended: the compressed one is whole. */
    for (size_t i = 1; i < j->count;) {
        char path[JOURNAL_PATH];
        if (j->segments[i].sequence != j->segments[i - 1].sequence) {
            i++;
            continue;
        }
        segment_file_path(j->directory, &j->segments[i], path);
        (void)file_remove(path);
        segment_drop(j, i);
    }
}

static void journal_set_cipher(struct journal *j, u64 sequence) {
    arena_reset(&j->cipher_arena);
    j->cipher = segment_cipher(&j->cipher_arena, &j->key, sequence);
}

/* Goes on with the segment that a former run left open. Older ones that it left raw may hold any time until
 * they are compressed. */
static void journal_resume(struct journal *j) {
    if (j->resumed) return;
    j->resumed = true;
    if (!j->count || j->segments[j->count - 1].compressed) return;
    struct journal_segment *s = &j->segments[j->count - 1];
    char path[JOURNAL_PATH];
    int fd;
    segment_file_path(j->directory, s, path);
    if (file_open(path, O_RDWR, 0, &fd) != 0) return;
    u64 end = segment_end(fd, &j->key, s);
    if (end < JOURNAL_SEGMENT && ftruncate(fd, (off_t)end) == 0) {
        j->fd = fd;
        j->end = end;
        journal_set_cipher(j, s->sequence);
    } else {
        close(fd);
        keeper_call(j->keeper, &j->compress_chore, sys_monotonic_us());
    }
}

/* The last segment grows, or will: until the first write or read the one of a former run waits to be gone on with. */
static bool segment_is_open(const struct journal *j, size_t i) { return i == j->count - 1 && (j->fd >= 0 || !j->resumed); }

/* ---- writing ---- */
static int journal_open_segment(struct journal *j) {
    struct journal_segment s = {.sequence = j->count ? j->segments[j->count - 1].sequence + 1 : 1,
                                .min_ms = INT64_MAX, .max_ms = INT64_MIN};
    char path[JOURNAL_PATH];
    segment_file_path(j->directory, &s, path);
    int error = file_open(path, O_CREAT | O_EXCL | O_RDWR, 0600, &j->fd);
    if (!error) error = file_sync_directory(j->directory);
    if (error) {
        if (j->fd >= 0) {
            close(j->fd);
            (void)file_remove(path);
        }
        j->fd = -1;
        return error;
    }
    j->end = 0;
    journal_set_cipher(j, s.sequence);
    segment_add(j, &s);
    return 0;
}

static void journal_close_segment(struct journal *j) {
    if (j->fd < 0) return;
    close(j->fd);
    j->fd = -1;
    j->unsynced = false; /* what is compressed is synced then */
    keeper_call(j->keeper, &j->compress_chore, sys_monotonic_us());
}

/* One write under the lock: frames of several threads follow each other whole. */
static int journal_write(struct journal *j, struct journal_buffer *b) {
    int error = 0;
    journal_resume(j);
    if (j->fd >= 0 && j->end >= JOURNAL_SEGMENT) journal_close_segment(j);
    if (j->fd < 0) error = journal_open_segment(j);
    if (error) return error;
    frame_seal(&b->frame, j->cipher, b->bytes);
    error = file_write_at(j->fd, b->bytes, b->n, j->end);
    if (error) return error; /* the next frame is written over what stands there */
    struct journal_segment *s = &j->segments[j->count - 1];
    j->end += b->n;
    s->min_ms = MIN(s->min_ms, b->frame.min_ms);
    s->max_ms = MAX(s->max_ms, b->frame.max_ms);
    if (!j->unsynced) {
        j->unsynced = true;
        keeper_call(j->keeper, &j->sync_chore, sys_monotonic_us() + SYNC_AFTER_US);
    }
    return 0;
}

static void buffer_clear(struct journal_buffer *b) {
    b->n = FRAME_HEADER;
    b->frame = (struct frame){.min_ms = INT64_MAX, .max_ms = INT64_MIN};
}

static bool buffer_flush(struct journal_buffer *b) {
    struct journal *j = b->journal;
    bool fine = !b->failed;
    b->failed = false;
    if (!b->frame.count) return fine;
    b->frame.raw_n = b->frame.stored_n = (u32)(b->n - FRAME_HEADER);
    pthread_mutex_lock(&j->lock);
    int error = journal_write(j, b);
    pthread_mutex_unlock(&j->lock);
    buffer_clear(b);
    if (!error) return fine;
    log_line(LOG_ERROR, "journal_write", "directory=%s error=\"%s\"", j->directory, strerror(error));
    return false;
}

static struct journal_buffer *buffer_mine(struct journal *j) {
    struct journal_buffer *b = pthread_getspecific(j->buffer_key);
    if (b) return b;
    b = calloc(1, sizeof *b); /* once a thread */
    ASSERT(b);
    b->journal = j;
    pthread_mutex_lock(&j->lock);
    b->next = j->buffers;
    j->buffers = b;
    pthread_mutex_unlock(&j->lock);
    ASSERT(pthread_setspecific(j->buffer_key, b) == 0);
    buffer_clear(b);
    return b;
}

void journal_add(struct journal *j, i64 time_ms, str record) {
    struct journal_buffer *b = buffer_mine(j);
    ASSERT(record.n <= FRAME_MAX / 2);
    if (b->n + RECORD_HEAD + record.n > FRAME_MAX && !buffer_flush(b)) b->failed = true;
    if (b->n + RECORD_HEAD + record.n > b->capacity) {
        b->capacity = MAX(2 * b->capacity, b->n + RECORD_HEAD + record.n + 4096);
        b->bytes = realloc(b->bytes, b->capacity); /* grows to the busiest turn, at most FRAME_MAX */
        ASSERT(b->bytes);
    }
    u8 *at = b->bytes + b->n;
    for (int i = 0; i < 4; i++) at[i] = (u8)(record.n >> (24 - 8 * i));
    for (int i = 0; i < 8; i++) at[4 + i] = (u8)((u64)time_ms >> (56 - 8 * i));
    if (record.n) memcpy(at + RECORD_HEAD, record.p, record.n);
    b->n += RECORD_HEAD + record.n;
    b->frame.count++;
    b->frame.min_ms = MIN(b->frame.min_ms, time_ms);
    b->frame.max_ms = MAX(b->frame.max_ms, time_ms);
}

bool journal_flush(struct journal *j) {
    struct journal_buffer *b = pthread_getspecific(j->buffer_key);
    return !b || buffer_flush(b);
}

/* ---- the keeper's part ---- */
static i64 sync_turn(struct chore *c) {
    struct journal *j = (struct journal *)((char *)c - offsetof(struct journal, sync_chore));
    pthread_mutex_lock(&j->lock);
    int fd = j->unsynced && j->fd >= 0 ? fcntl(j->fd, F_DUPFD_CLOEXEC, 0) : -1;
    j->unsynced = false;
    pthread_mutex_unlock(&j->lock);
    if (fd < 0) return KEEPER_NEVER;
    int error = file_sync_data(fd);
    close(fd);
    if (error) log_line(LOG_ERROR, "journal_sync", "directory=%s error=\"%s\"", j->directory, strerror(error));
    return KEEPER_NEVER;
}

static i64 compress_turn(struct chore *c) {
    struct journal *j = (struct journal *)((char *)c - offsetof(struct journal, compress_chore));
    struct journal_segment raw = {0}, done;
    bool found = false;
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->count && !found; i++) {
        raw = j->segments[i];
        found = !raw.compressed && !segment_is_open(j, i);
    }
    pthread_mutex_unlock(&j->lock);
    if (!found) return KEEPER_NEVER;
    int error = segment_compress(j->directory, &j->key, &raw, &done);
    if (error && error != ENOENT) { /* ENOENT: trimmed meanwhile */
        log_line(LOG_ERROR, "journal_compress", "directory=%s error=\"%s\"", j->directory, strerror(error));
        return sys_monotonic_us() + 10000000;
    }
    pthread_mutex_lock(&j->lock);
    size_t i = 0;
    while (i < j->count && j->segments[i].sequence != raw.sequence) i++;
    if (i < j->count && !error) j->segments[i] = done;
    if (i < j->count && error) segment_drop(j, i);
    if (i == j->count && !error) { /* trimmed while it was compressed */
        char path[JOURNAL_PATH];
        segment_file_path(j->directory, &done, path);
        (void)file_remove(path);
    }
    pthread_mutex_unlock(&j->lock);
    return sys_monotonic_us();
}

/* ---- reading and trimming ---- */
/* Opens the first segment from `sequence` on that may hold the times. */
static bool journal_next(struct journal *j, u64 sequence, i64 from_ms, i64 to_ms, u64 *found, int *fd, u64 *limit) {
    bool any = false;
    pthread_mutex_lock(&j->lock);
    journal_resume(j);
    for (size_t i = 0; i < j->count && !any; i++) {
        struct journal_segment *s = &j->segments[i];
        char path[JOURNAL_PATH];
        if (s->sequence < sequence || s->max_ms < from_ms || s->min_ms >= to_ms) continue;
        segment_file_path(j->directory, s, path);
        int error = file_open(path, O_RDONLY, 0, fd);
        if (error == ENOENT && !s->compressed) { /* compressed this moment: the name is not noted yet */
            pthread_mutex_unlock(&j->lock);
            usleep(1000);
            pthread_mutex_lock(&j->lock);
            i = (size_t)-1;
            continue;
        }
        if (error) {
            log_line(LOG_ERROR, "journal_read", "path=%s error=\"%s\"", path, strerror(error));
            continue;
        }
        *found = s->sequence;
        *limit = j->fd >= 0 && i == j->count - 1 ? j->end : INT64_MAX;
        any = true;
    }
    pthread_mutex_unlock(&j->lock);
    return any;
}

void journal_read(struct journal *j, i64 from_ms, i64 to_ms,
                  bool (*visit)(void *context, i64 time_ms, str record), void *context) {
    u64 sequence = 0, limit;
    int fd;
    bool going = true;
    while (going && journal_next(j, sequence, from_ms, to_ms, &sequence, &fd, &limit)) {
        going = segment_visit(fd, &j->key, sequence, limit, from_ms, to_ms, visit, context);
        close(fd);
        sequence++;
    }
}

void journal_trim(struct journal *j, i64 before_ms) {
    pthread_mutex_lock(&j->lock);
    journal_resume(j);
    if (j->fd >= 0 && j->end && j->segments[j->count - 1].max_ms < before_ms) journal_close_segment(j);
    for (size_t i = 0; i < j->count;) {
        struct journal_segment *s = &j->segments[i];
        char path[JOURNAL_PATH];
        if (s->max_ms >= before_ms || (j->fd >= 0 && i == j->count - 1)) {
            i++;
            continue;
        }
        segment_file_path(j->directory, s, path);
        (void)file_remove(path);
        segment_drop(j, i);
    }
    pthread_mutex_unlock(&j->lock);
}

/* ---- opening and closing ---- */
static void buffer_free(struct journal_buffer *b) {
    free(b->bytes);
    free(b);
}

/* A thread that ends takes its buffer along. */
static void buffer_end(void *object) {
    struct journal_buffer *b = object;
    struct journal *j = b->journal;
    (void)buffer_flush(b);
    pthread_mutex_lock(&j->lock);
    for (struct journal_buffer **at = &j->buffers; *at; at = &(*at)->next) {
        if (*at != b) continue;
        *at = b->next;
        break;
    }
    pthread_mutex_unlock(&j->lock);
    buffer_free(b);
}

static void journal_close(void *object) {
    struct journal *j = object;
    keeper_remove(j->keeper, &j->sync_chore);
    keeper_remove(j->keeper, &j->compress_chore);
    pthread_key_delete(j->buffer_key);
    for (struct journal_buffer *b = j->buffers, *next; b; b = next) {
        next = b->next;
        (void)buffer_flush(b);
        buffer_free(b);
    }
    if (j->fd >= 0) {
        (void)file_sync_data(j->fd);
        close(j->fd);
    }
    free(j->segments);
    arena_free(&j->cipher_arena);
    explicit_bzero(&j->key, sizeof j->key);
    pthread_mutex_destroy(&j->lock);
}

struct journal *journal_open(struct store *s, struct arena *boot, const char *name) {
    struct journal *j = NEW(boot, struct journal);
    j->store = s;
    j->keeper = blobs_keeper(store_blobs(s));
    j->fd = -1;
    int n = snprintf(j->directory, sizeof j->directory, "%s/journal/%s", store_directory(s), name);
    ASSERT(n > 0 && n < (int)sizeof j->directory);
    int error = file_make_directories(j->directory, 0700);
    if (error) {
        log_line(LOG_ERROR, "journal_open", "directory=%s error=\"%s\"", j->directory, strerror(error));
        return NULL;
    }
    j->key = journal_key_of(store_root_key(s), str_of(name));
    pthread_mutex_init(&j->lock, NULL);
    ASSERT(pthread_key_create(&j->buffer_key, buffer_end) == 0);
    segments_list(j);
    j->sync_chore.run = sync_turn;
    j->compress_chore.run = compress_turn;
    keeper_add(j->keeper, &j->sync_chore, KEEPER_NEVER);
    keeper_add(j->keeper, &j->compress_chore, sys_monotonic_us() + 5000000);
    arena_on_free(boot, journal_close, j);
    return j;
}
