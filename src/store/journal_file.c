#include "store/journal_file.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum {
    PIECE = 256 << 10, /* read at once */
    ZSTD_LEVEL = 1,    /* of CloudTrail's events it makes less than 3 does (220 to 258 KB of 3.4 MB), in half the time */
};

static const u8 magic[4] = {'b', 'r', 'j', '1'};

static void put(u8 *p, u64 v, int n) {
    for (int i = 0; i < n; i++) p[i] = (u8)(v >> 8 * (n - 1 - i));
}
static u64 get(const u8 *p, int n) {
    u64 v = 0;
    for (int i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

/* ---- keys ---- */
struct journal_key journal_key_of(str root_key, str journal) {
    static const char purpose[] = "brume journal 1 ";
    struct journal_key key;
    struct arena a = {0};
    hmac_sha256(root_key, arena_format(&a, "%s%.*s", purpose, STR_ARGS(journal)), key.bytes);
    arena_free(&a);
    return key;
}

struct aead *segment_cipher(struct arena *a, const struct journal_key *key, u64 sequence) {
    u8 number[8], segment[AEAD_KEY];
    put(number, sequence, 8);
    hmac_sha256((str){(const char *)key->bytes, AEAD_KEY}, (str){(const char *)number, sizeof number}, segment);
    struct aead *cipher = aead_new(a, segment);
    explicit_bzero(segment, sizeof segment);
    return cipher;
}

/* ---- frames ---- */
static u8 *frame_nonce(u8 *p) { return p + FRAME_BOUND; }
static u8 *frame_tag(u8 *p) { return p + FRAME_BOUND + AEAD_NONCE; }

void frame_seal(const struct frame *f, struct aead *cipher, u8 *p) {
    memcpy(p, magic, 4);
    put(p + 4, f->codec, 4);
    put(p + 8, f->stored_n, 4);
    put(p + 12, f->raw_n, 4);
    put(p + 16, f->count, 4);
    put(p + 20, (u64)f->min_ms, 8);
    put(p + 28, (u64)f->max_ms, 8);
    random_unique(frame_nonce(p), AEAD_NONCE);
    str stored = {(char *)p + FRAME_HEADER, f->stored_n};
    aead_seal(cipher, frame_nonce(p), (str){(char *)p, FRAME_BOUND}, stored, p + FRAME_HEADER, frame_tag(p));
}

static bool frame_parse(const u8 *p, struct frame *f) {
    if (memcmp(p, magic, 4) != 0) return false;
    *f = (struct frame){.codec = (u8)get(p + 4, 4), .stored_n = (u32)get(p + 8, 4),
                        .raw_n = (u32)get(p + 12, 4), .count = (u32)get(p + 16, 4),
                        .min_ms = (i64)get(p + 20, 8), .max_ms = (i64)get(p + 28, 8)};
    return f->codec <= FRAME_ZSTD && f->raw_n <= FRAME_MAX && f->stored_n <= ZSTD_COMPRESSBOUND(FRAME_MAX);
}

static bool frame_open(const struct frame *f, struct aead *cipher, u8 *p) {
    str sealed = {(char *)p + FRAME_HEADER, f->stored_n};
    return aead_open(cipher, frame_nonce(p), (str){(char *)p, FRAME_BOUND}, sealed, frame_tag(p), p + FRAME_HEADER);
}

/* ---- names ---- */
static const char raw_form[] = "%016llx.log", compressed_form[] = "%016llx-%016llx-%016llx.zst";

void segment_file_path(const char *directory, const struct journal_segment *s, char *path) {
    int n = snprintf(path, JOURNAL_PATH, "%s/", directory);
    ASSERT(n > 0 && n < JOURNAL_PATH - 64);
    unsigned long long sequence = s->sequence, min = (u64)s->min_ms, max = (u64)s->max_ms;
    if (s->compressed) snprintf(path + n, JOURNAL_PATH - (size_t)n, compressed_form, sequence, min, max);
    else snprintf(path + n, JOURNAL_PATH - (size_t)n, raw_form, sequence);
}

static bool take_hex(const char **at, u64 *value) {
    char *end;
    *value = strtoull(*at, &end, 16);
    bool fine = end == *at + 16;
    *at = end;
    return fine;
}

bool segment_file_parse(const char *name, struct journal_segment *s) {
    u64 min, max;
    *s = (struct journal_segment){.min_ms = INT64_MIN, .max_ms = INT64_MAX};
    if (!take_hex(&name, &s->sequence)) return false;
    if (strcmp(name, ".log") == 0) return true;
    if (*name++ != '-' || !take_hex(&name, &min) || *name++ != '-' || !take_hex(&name, &max)) return false;
    s->min_ms = (i64)min;
    s->max_ms = (i64)max;
    s->compressed = true;
    return strcmp(name, ".zst") == 0;
}

/* ---- whole segments ---- */
static void *allocate(size_t n) {
    void *p = malloc(n); /* a segment at a time, in the background or for a walk */
    ASSERT(p);
    return p;
}

/* A segment's frames one after the other, read in pieces: most are a few hundred bytes. */
struct frame_walk {
    int fd;
    u64 limit, next; /* the frame after the last one seen */
    u64 at;          /* `n` bytes of the file from here are in memory */
    size_t n;
    u8 *bytes;
};

static struct frame_walk frame_walk_new(int fd, u64 limit) {
    return (struct frame_walk){.fd = fd, .limit = limit, .bytes = allocate(FRAME_HEADER + ZSTD_COMPRESSBOUND(FRAME_MAX))};
}

static u8 *walk_bytes(struct frame_walk *w, u64 offset, size_t n) {
    if (n > w->limit || offset > w->limit - n) return NULL;
    if (offset < w->at || offset + n > w->at + w->n) {
        w->at = offset;
        if (file_read_at(w->fd, w->bytes, MAX(n, (size_t)PIECE), offset, &w->n) != 0) w->n = 0;
    }
    return offset + n <= w->at + w->n ? w->bytes + (offset - w->at) : NULL;
}

/* The next whole frame, sealed still; NULL behind the last one. */
static u8 *frame_next(struct frame_walk *w, struct frame *f) {
    u8 *p = walk_bytes(w, w->next, FRAME_HEADER);
    if (p && frame_parse(p, f)) p = walk_bytes(w, w->next, FRAME_HEADER + (size_t)f->stored_n);
    else p = NULL;
    if (p) w->next += FRAME_HEADER + f->stored_n;
    return p;
}

u64 segment_end(int fd, const struct journal_key *key, struct journal_segment *s) {
    struct frame_walk w = frame_walk_new(fd, INT64_MAX);
    struct frame f, last = {0};
    u64 last_at = 0;
    s->min_ms = INT64_MAX;
    s->max_ms = INT64_MIN;
    for (u64 at = 0; frame_next(&w, &f); at = w.next) {
        s->min_ms = MIN(s->min_ms, f.min_ms);
        s->max_ms = MAX(s->max_ms, f.max_ms);
        last = f;
        last_at = at;
    }
    u64 end = w.next;
    struct arena a = {0};
    u8 *p = end ? walk_bytes(&w, last_at, FRAME_HEADER + (size_t)last.stored_n) : NULL;
    if (p && !frame_open(&last, segment_cipher(&a, key, s->sequence), p)) end = last_at;
    arena_free(&a);
    free(w.bytes);
    return end;
}

static bool records_visit(str raw, i64 from_ms, i64 to_ms,
                          bool (*visit)(void *context, i64 time_ms, str record), void *context) {
    while (raw.n >= 12) {
        const u8 *p = (const u8 *)raw.p;
        size_t n = (size_t)get(p, 4);
        i64 time_ms = (i64)get(p + 4, 8);
        raw = str_skip(raw, 12);
        if (n > raw.n) return true;
        if (time_ms >= from_ms && time_ms < to_ms && !visit(context, time_ms, str_take(raw, n))) return false;
        raw = str_skip(raw, n);
    }
    return true;
}

bool segment_visit(int fd, const struct journal_key *key, u64 sequence, u64 limit, i64 from_ms, i64 to_ms,
                   bool (*visit)(void *context, i64 time_ms, str record), void *context) {
    struct arena a = {0};
    struct aead *cipher = segment_cipher(&a, key, sequence);
    struct frame_walk w = frame_walk_new(fd, limit);
    struct frame f;
    u8 *p, *raw = NULL;
    bool going = true;
    while (going && (p = frame_next(&w, &f))) {
        if (f.max_ms < from_ms || f.min_ms >= to_ms) continue;
        if (!frame_open(&f, cipher, p)) { /* costs its own records alone */
            log_line(LOG_ERROR, "journal_damaged", "segment=%llu", (unsigned long long)sequence);
            continue;
        }
        str records = {(char *)p + FRAME_HEADER, f.stored_n};
        if (f.codec == FRAME_ZSTD) {
            if (!raw) raw = allocate(FRAME_MAX);
            if (ZSTD_decompress(raw, FRAME_MAX, records.p, records.n) != f.raw_n) continue;
            records = (str){(char *)raw, f.raw_n};
        }
        going = records_visit(records, from_ms, to_ms, visit, context);
    }
    free(raw);
    free(w.bytes);
    arena_free(&a);
    return going;
}

/* ---- compression: raw frames are gathered into blocks ---- */
struct packer {
    int fd, error;
    u64 end;
    struct frame frame;
    struct journal_segment *segment; /* its times */
    struct aead *cipher;
    u8 *raw, *out;
};

static void packer_emit(struct packer *p) {
    struct frame *f = &p->frame;
    if (f->count && !p->error) {
        size_t n = ZSTD_compress(p->out + FRAME_HEADER, ZSTD_COMPRESSBOUND(FRAME_MAX), p->raw, f->raw_n, ZSTD_LEVEL);
        ASSERT(!ZSTD_isError(n));
        f->codec = FRAME_ZSTD;
        f->stored_n = (u32)n;
        frame_seal(f, p->cipher, p->out);
        p->error = file_write_at(p->fd, p->out, FRAME_HEADER + n, p->end);
        p->end += FRAME_HEADER + n;
        p->segment->min_ms = MIN(p->segment->min_ms, f->min_ms);
        p->segment->max_ms = MAX(p->segment->max_ms, f->max_ms);
    }
    *f = (struct frame){.min_ms = INT64_MAX, .max_ms = INT64_MIN};
}

static bool packer_add(void *context, i64 time_ms, str record) {
    struct packer *p = context;
    if (p->frame.raw_n + 12 + record.n > FRAME_MAX || p->frame.raw_n >= JOURNAL_BLOCK) packer_emit(p);
    struct frame *f = &p->frame;
    u8 *at = p->raw + f->raw_n;
    put(at, record.n, 4);
    put(at + 4, (u64)time_ms, 8);
    memcpy(at + 12, record.p, record.n);
    f->raw_n += 12 + (u32)record.n;
    f->count++;
    f->min_ms = MIN(f->min_ms, time_ms);
    f->max_ms = MAX(f->max_ms, time_ms);
    return !p->error;
}

int segment_compress(const char *directory, const struct journal_key *key, const struct journal_segment *raw,
                     struct journal_segment *done) {
    char from[JOURNAL_PATH], to[JOURNAL_PATH], temporary[JOURNAL_PATH + 8];
    int fd;
    *done = (struct journal_segment){raw->sequence, INT64_MAX, INT64_MIN, true};
    segment_file_path(directory, raw, from);
    int error = file_open(from, O_RDONLY, 0, &fd);
    if (error) return error;
    struct arena a = {0};
    snprintf(temporary, sizeof temporary, "%s/compress.new", directory);
    struct packer p = {.raw = allocate(FRAME_MAX),
                       .cipher = segment_cipher(&a, key, raw->sequence),
                       .out = allocate(FRAME_HEADER + ZSTD_COMPRESSBOUND(FRAME_MAX)),
                       .frame = {.min_ms = INT64_MAX, .max_ms = INT64_MIN},
                       .segment = done};
    p.error = file_open(temporary, O_CREAT | O_TRUNC | O_WRONLY, 0600, &p.fd);
    bool opened = !p.error;
    if (opened) segment_visit(fd, key, raw->sequence, INT64_MAX, INT64_MIN, INT64_MAX, packer_add, &p);
    packer_emit(&p);
    if (!p.error) p.error = file_sync_data(p.fd);
    if (opened) close(p.fd);
    close(fd);
    free(p.raw);
    free(p.out);
    arena_free(&a);
    segment_file_path(directory, done, to);
    if (!p.error) p.error = file_rename(temporary, to);
    if (!p.error) p.error = file_sync_directory(directory);
    if (!p.error) p.error = file_remove(from);
    return p.error;
}
