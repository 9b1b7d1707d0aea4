/* Segments: files that many small blobs share. The writer appends, and syncs once a batch. */
#include "store/blob_internal.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void segment_path(const struct blobs *b, int zone, u64 number, char *path) {
    snprintf(path, BLOB_PATH, "%s/zones/%d/segments/%016llx", b->directory, zone, (unsigned long long)number);
}

static void close_all(int fd[ZONES_MAX], u32 zones) {
    for (int z = 0; z < ZONES_MAX; z++)
        if (zones >> z & 1 && fd[z] >= 0) close(fd[z]);
}

static void stream_forget(struct stream *s) {
    s->number = 0;
    s->dirty = s->fresh = false;
}

static bool stream_flush(struct stream *s) {
    size_t n = (size_t)(s->end - s->written);
    if (!n) return true;
    for (int z = 0; z < ZONES_MAX; z++) {
        if (!(s->zones >> z & 1) || s->fd[z] < 0) continue;
        int error = file_write_at(s->fd[z], s->pending, n, s->written);
        if (!error) continue;
        log_line(LOG_ERROR, "blob_segment_write", "segment=%llx zone=%d error=\"%s\"",
                 (unsigned long long)s->number, z, strerror(error));
        return false;
    }
    s->written = s->end;
    s->dirty = true;
    return true;
}

static bool sync_files(struct blobs *b, const int fd[ZONES_MAX], u32 zones, bool fresh) {
    char path[BLOB_PATH];
    for (int z = 0; z < ZONES_MAX && !b->ephemeral; z++) {
        if (!(zones >> z & 1) || fd[z] < 0) continue;
        int error = file_sync_data(fd[z]);
        if (!error && fresh) {
            snprintf(path, sizeof path, "%s/zones/%d/segments", b->directory, z);
            error = file_sync_directory(path);
        }
        if (!error) continue;
        log_line(LOG_ERROR, "blob_segment_sync", "zone=%d error=\"%s\"", z, strerror(error));
        return false;
    }
    return true;
}

static bool closing_sync(struct blobs *b) {
    bool fine = true;
    for (int i = 0; i < b->closing_count; i++) {
        struct closing *c = &b->closing[i];
        fine = fine && sync_files(b, c->fd, c->zones, c->fresh);
        close_all(c->fd, c->zones);
    }
    b->closing_count = 0;
    return fine;
}

/* Its bytes are synced with the batch; nothing is appended any more. */
static bool stream_close(struct blobs *b, struct stream *s) {
    if (!s->number) return true;
    bool fine = stream_flush(s);
    if (fine && s->dirty) {
        if (b->closing_count == (int)LENGTH(b->closing)) fine = closing_sync(b);
        struct closing *c = &b->closing[b->closing_count++];
        memcpy(c->fd, s->fd, sizeof s->fd);
        c->zones = s->zones;
        c->fresh = s->fresh;
    } else {
        close_all(s->fd, s->zones);
    }
    stream_forget(s);
    return fine;
}

static int stream_open_files(struct blobs *b, struct stream *s, u64 number, int flags) {
    char path[BLOB_PATH];
    u32 up = blob_zones_up(b) & s->zones; /* a zone that is away gets its copy when it is back */
    for (int z = 0; z < ZONES_MAX; z++) s->fd[z] = -1;
    if (!up) return EIO;
    for (int z = 0; z < ZONES_MAX; z++) {
        if (!(up >> z & 1)) continue;
        segment_path(b, z, number, path);
        int error = file_open(path, O_RDWR | flags, 0600, &s->fd[z]);
        if (!error) continue;
        close_all(s->fd, s->zones);
        return error;
    }
    return 0;
}

/* The newest segment of a former run goes on behind its last row, over whatever a crash left there. */
static bool stream_resume(struct blobs *b, struct txn *t, struct stream *s, u32 zones) {
    struct arena *a = txn_arena(t);
    str key, value;
    struct range r = txn_range_backwards(t, segment_key(a, 0), segment_key(a, b->segment_next));
    for (int looked = 0; looked < STREAMS_MAX && range_next(&r, &key, &value); looked++) {
        struct segment_row row;
        u64 number = get_u64((const u8 *)key.p + key.n - 8);
        ASSERT(segment_row_decode(value, &row));
        if (row.zones != zones || row.end > SEGMENT_BYTES / 2 || number == b->compacting) continue;
        s->zones = zones;
        if (stream_open_files(b, s, number, 0) != 0) return false;
        s->number = number;
        s->written = s->end = row.end;
        s->fresh = false;
        return true;
    }
    return false;
}

static bool stream_start(struct blobs *b, struct txn *t, struct stream *s, u32 zones) {
    if (!s->pending) s->pending = malloc(PENDING_BYTES); /* once a stream, for good */
    ASSERT(s->pending);
    s->dirty = false;
    if (!b->segment_next) {
        struct arena *a = txn_arena(t);
        str key, value;
        struct range r = txn_range_backwards(t, segment_key(a, 0), segment_key(a, UINT64_MAX));
        bool any = range_next(&r, &key, &value);
        b->segment_next = any ? get_u64((const u8 *)key.p + key.n - 8) + 1 : 1;
        if (any && stream_resume(b, t, s, zones)) return true;
    }
    s->zones = zones;
    /* A file that has the number already is the rest of a crash and will be swept. */
    int error;
    do error = stream_open_files(b, s, b->segment_next++, O_CREAT | O_EXCL);
    while (error == EEXIST);
    if (error) {
        log_line(LOG_ERROR, "blob_segment_open", "segment=%llx error=\"%s\"",
                 (unsigned long long)b->segment_next - 1, strerror(error));
        return false;
    }
    s->number = b->segment_next - 1;
    s->written = s->end = 0;
    s->fresh = true;
    return true;
}

static struct stream *stream_find(struct blobs *b, u32 zones) {
    struct stream *oldest = &b->streams[0];
    for (size_t i = 0; i < LENGTH(b->streams); i++) {
        struct stream *s = &b->streams[i];
        if (s->number && s->zones == zones) return s;
        if (oldest->number && (!s->number || s->used < oldest->used)) oldest = s;
    }
    return oldest;
}

bool segment_append(struct blobs *b, struct txn *t, u32 zones, str record, u64 *number, u64 *offset) {
    struct stream *s = stream_find(b, zones);
    s->used = ++b->use_clock;
    if (s->number && (s->zones != zones || s->end + record.n > SEGMENT_BYTES) && !stream_close(b, s))
        return false;
    if (!s->number && !stream_start(b, t, s, zones)) return false;
    if (s->end - s->written + record.n > PENDING_BYTES && !stream_flush(s)) return false;
    memcpy(s->pending + (s->end - s->written), record.p, record.n);
    *number = s->number;
    *offset = s->end;
    s->end += record.n;
    return true;
}

void segments_flush(struct blobs *b) {
    for (size_t i = 0; i < LENGTH(b->streams); i++)
        if (b->streams[i].number && !stream_flush(&b->streams[i])) b->batch_broken = true;
}

bool segments_sync(struct blobs *b) {
    bool fine = closing_sync(b);
    for (size_t i = 0; i < LENGTH(b->streams) && fine; i++) {
        struct stream *s = &b->streams[i];
        if (!s->number) continue;
        fine = stream_flush(s);
        if (!fine || !s->dirty) continue;
        fine = sync_files(b, s->fd, s->zones, s->fresh);
        s->dirty = s->fresh = false;
    }
    return fine;
}

/* After a failed sync the kernel may have dropped the pages: those files are not written again. */
void segments_abandon(struct blobs *b) {
    for (int i = 0; i < b->closing_count; i++) close_all(b->closing[i].fd, b->closing[i].zones);
    b->closing_count = 0;
    for (size_t i = 0; i < LENGTH(b->streams); i++) {
        struct stream *s = &b->streams[i];
        if (!s->number) continue;
        u64 number = s->number;
        close_all(s->fd, s->zones);
        stream_forget(s);
        gone_hint(b, BLOB_SEGMENT, number, b->batch_number);
    }
}

bool segment_active(struct blobs *b, u64 number) {
    for (size_t i = 0; i < LENGTH(b->streams); i++)
        if (b->streams[i].number == number) return true;
    return false;
}

void segment_close(struct blobs *b, u64 number) {
    for (size_t i = 0; i < LENGTH(b->streams); i++)
        if (b->streams[i].number == number && !stream_close(b, &b->streams[i])) b->batch_broken = true;
}

void segments_close_all(struct blobs *b) {
    for (size_t i = 0; i < LENGTH(b->streams); i++)
        if (b->streams[i].number && !stream_close(b, &b->streams[i])) b->batch_broken = true;
}

void segments_end(struct blobs *b) {
    for (size_t i = 0; i < LENGTH(b->streams); i++) {
        struct stream *s = &b->streams[i];
        if (s->number) close_all(s->fd, s->zones);
        free(s->pending);
        *s = (struct stream){0};
    }
}
