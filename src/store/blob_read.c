/* Reading: what the rows say is copied at blob_open, the bytes are fetched and verified later. */
#include "store/blob_internal.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* One run of sealed bytes: the whole blob, or one part of a concatenation. */
struct part {
    u64 start, length; /* within the blob */
    u64 id;            /* 0: INLINE */
    u64 segment, offset;
    u32 zones;
    u8 kind;
    u8 wrapped[WRAPPED_KEY];
    str sealed; /* INLINE */
};

struct blob_reader {
    struct blobs *blobs;
    struct blob_reader *next;
    struct part *parts;
    u32 part_count;
    u64 length;
    struct part *current; /* whose key is set and whose file is open */
    int fd, zone;         /* of the current part; fd -1: none */
    struct cipher *cipher;
    u8 *run;
    bool closed;
};

/* ---- pins ---- */
static void reader_list(struct blob_reader *r) {
    struct blobs *b = r->blobs;
    pthread_mutex_lock(&b->live_lock);
    r->next = b->readers;
    b->readers = r;
    pthread_mutex_unlock(&b->live_lock);
}

bool reader_pins(struct blobs *b, u8 kind, u64 number) {
    bool pinned = false;
    pthread_mutex_lock(&b->live_lock);
    for (struct blob_reader *r = b->readers; r && !pinned; r = r->next)
        for (u32 i = 0; i < r->part_count && !pinned; i++) {
            const struct part *p = &r->parts[i];
            pinned = p->kind == kind && number == (kind == BLOB_SEGMENT ? p->segment : p->id);
        }
    pthread_mutex_unlock(&b->live_lock);
    return pinned;
}

static void reader_leave_part(struct blob_reader *r) {
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
    r->current = NULL;
}

void blob_close(struct blob_reader *r) {
    if (r->closed) return;
    r->closed = true;
    struct blobs *b = r->blobs;
    reader_leave_part(r);
    if (r->cipher) cipher_give(b, r->cipher);
    run_give(b, r->run);
    pthread_mutex_lock(&b->live_lock);
    for (struct blob_reader **at = &b->readers; *at; at = &(*at)->next) {
        if (*at != r) continue;
        *at = r->next;
        break;
    }
    pthread_mutex_unlock(&b->live_lock);
}

static void reader_close(void *object) { blob_close(object); }

/* ---- opening ---- */
static void part_from_row(struct part *p, u64 id, const struct blob_row *row) {
    *p = (struct part){.id = id, .kind = row->kind, .length = row->length, .zones = row->zones,
                       .segment = row->segment, .offset = row->offset};
    memcpy(p->wrapped, row->wrapped, WRAPPED_KEY);
}

static void part_fill(struct txn *t, struct arena *a, struct part *p, str reference, str row_bytes) {
    struct blob_reference ref;
    struct blob_row row;
    ASSERT(reference_decode(reference, &ref));
    if (ref.kind == BLOB_INLINE) {
        *p = (struct part){.kind = BLOB_INLINE, .length = ref.length};
        memcpy(p->wrapped, ref.wrapped, WRAPPED_KEY);
        p->sealed = arena_str(a, ref.sealed);
        return;
    }
    if (row_bytes.n) ASSERT(blob_row_decode(row_bytes, &row));
    else ASSERT(blob_row_get(t, ref.id, &row));
    part_from_row(p, ref.id, &row);
}

static void parts_fill(struct txn *t, struct arena *a, struct blob_reader *r, str list) {
    str rest = list, reference, row;
    while (parts_next(&rest, &reference, &row)) r->part_count++;
    r->parts = NEW_ARRAY(a, struct part, r->part_count);
    u64 start = 0;
    rest = list;
    for (u32 i = 0; parts_next(&rest, &reference, &row); i++) {
        part_fill(t, a, &r->parts[i], reference, row);
        r->parts[i].start = start;
        start += r->parts[i].length;
    }
}

struct blob_reader *blob_open(struct txn *t, str reference, struct arena *a) {
    struct blob_reader *r = NEW(a, struct blob_reader);
    struct blob_reference ref;
    struct blob_row row;
    r->blobs = store_blobs(txn_store(t));
    r->fd = -1;
    ASSERT(reference_decode(reference, &ref));
    r->length = ref.length;
    if (ref.kind == BLOB_PARTS) {
        ASSERT(blob_row_get(t, ref.id, &row));
        parts_fill(t, a, r, row.parts);
    } else {
        r->part_count = 1;
        r->parts = NEW(a, struct part);
        part_fill(t, a, r->parts, reference, (str){0});
    }
    /* What this batch adopted may still be pending in memory. */
    if (txn_writable(t)) segments_flush(r->blobs);
    /* The pin stands before the transaction ends, and until then the file cannot go. */
    reader_list(r);
    arena_on_free(a, reader_close, r);
    return r;
}

bool blob_cached(const struct blob_reader *r) {
    for (u32 i = 0; i < r->part_count; i++)
        if (r->parts[i].kind != BLOB_INLINE) return false;
    return true;
}

/* ---- bytes ---- */
static struct part *part_at(struct blob_reader *r, u64 offset) {
    u32 low = 0, high = r->part_count;
    while (high - low > 1) {
        u32 middle = low + (high - low) / 2;
        if (r->parts[middle].start <= offset) low = middle;
        else high = middle;
    }
    /* Empty parts share their start with the next: the last of equal starts holds the byte. */
    return &r->parts[low];
}

static bool reader_enter_part(struct blob_reader *r, struct part *p) {
    if (r->current == p) return true;
    reader_leave_part(r);
    if (!r->cipher) r->cipher = cipher_take(r->blobs);
    if (!cipher_unwrap(r->cipher, p->id, p->length, p->wrapped)) {
        log_line(LOG_ERROR, "blob_key_damaged", "blob=%llx", (unsigned long long)p->id);
        return false;
    }
    r->current = p;
    return true;
}

/* Opens the part's copy in `zone`. */
static int part_open(struct blob_reader *r, const struct part *p, int zone) {
    char path[BLOB_PATH];
    if (r->fd >= 0 && r->zone == zone) return 0;
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
    r->zone = zone;
    if (p->kind == BLOB_FILE) file_path(r->blobs, zone, p->id, path);
    else segment_path(r->blobs, zone, p->segment, path);
    return file_open(path, O_RDONLY, 0, &r->fd);
}

/* Chunks [first, first + count) of the part into r->run, each verified and decrypted; `out`, if given,
 * takes the plain bytes, else they stay in the run, chunk after chunk, CHUNK_SEALED apart. */
static bool chunks_fetch(struct blob_reader *r, struct part *p, int zone, u64 first, u64 bytes, u8 *out) {
    u64 count = (bytes + blob_chunk - 1) / blob_chunk, base = p->kind == BLOB_SEGMENT ? p->offset + RECORD_HEADER : 0;
    size_t sealed = bytes + count * AEAD_TAG, got;
    if (!r->run && !(p->kind == BLOB_INLINE && out)) r->run = run_take(r->blobs);
    const u8 *from = r->run;
    if (p->kind == BLOB_INLINE) {
        from = (const u8 *)p->sealed.p;
    } else {
        int error = part_open(r, p, zone);
        if (!error) error = file_read_at(r->fd, r->run, sealed, base + first * CHUNK_SEALED, &got);
        if (error || got != sealed) {
            log_line(LOG_ERROR, "blob_read", "blob=%llx zone=%d error=\"%s\"", (unsigned long long)p->id,
                     zone, error ? strerror(error) : "file too short");
            return false;
        }
    }
    for (u64 i = 0; i < count; i++) {
        size_t n = (size_t)MIN((u64)blob_chunk, bytes - i * blob_chunk);
        const u8 *chunk = from + i * CHUNK_SEALED;
        u8 *to = out ? out + i * blob_chunk : r->run + i * CHUNK_SEALED;
        if (chunk_open(r->cipher, first + i, (str){(const char *)chunk, n + AEAD_TAG}, to)) continue;
        log_line(LOG_ERROR, "blob_damaged", "blob=%llx zone=%d chunk=%llu", (unsigned long long)p->id, zone,
                 (unsigned long long)(first + i));
        return false;
    }
    return true;
}

/* The zone of the last success first, then the others that hold a copy. */
static bool chunks_read(struct blob_reader *r, struct part *p, u64 first, u64 bytes, u8 *out) {
    if (p->kind == BLOB_INLINE) return chunks_fetch(r, p, 0, first, bytes, out);
    u32 up = blob_zones_up(r->blobs);
    int preferred = r->fd >= 0 && up >> r->zone & 1 ? r->zone : -1;
    if (preferred >= 0 && chunks_fetch(r, p, preferred, first, bytes, out)) return true;
    for (int z = 0; z < ZONES_MAX; z++)
        if (p->zones & up & 1u << z && z != preferred && chunks_fetch(r, p, z, first, bytes, out)) return true;
    return false;
}

/* [offset, offset + n) of one part. */
static bool part_read(struct blob_reader *r, struct part *p, u64 offset, u8 *out, size_t n) {
    if (!reader_enter_part(r, p)) return false;
    while (n) {
        u64 first = offset / blob_chunk, skip = offset % blob_chunk, left = p->length - first * blob_chunk;
        bool rest_wanted = n == p->length - offset;
        if (skip == 0 && (n >= blob_chunk || rest_wanted)) {
            /* Whole chunks decrypt straight into the caller's memory. */
            u64 bytes = MIN((u64)RUN_CHUNKS * blob_chunk, rest_wanted ? (u64)n : n / blob_chunk * blob_chunk);
            if (!chunks_read(r, p, first, bytes, out)) return false;
            offset += bytes;
            out += bytes;
            n -= bytes;
            continue;
        }
        u64 bytes = MIN((u64)blob_chunk, left);
        size_t take = (size_t)MIN((u64)n, bytes - skip);
        if (!chunks_read(r, p, first, bytes, NULL)) return false;
        memcpy(out, r->run + skip, take);
        offset += take;
        out += take;
        n -= take;
    }
    return true;
}

bool blob_read(struct blob_reader *r, u64 offset, void *out, size_t n) {
    ASSERT(!r->closed && offset <= r->length && n <= r->length - offset);
    u8 *to = out;
    while (n) {
        struct part *p = part_at(r, offset);
        u64 within = offset - p->start;
        if (within >= p->length) return false; /* the parts are shorter than the whole: damaged */
        size_t take = (size_t)MIN((u64)n, p->length - within);
        if (!part_read(r, p, within, to, take)) return false;
        to += take;
        offset += take;
        n -= take;
    }
    return true;
}
