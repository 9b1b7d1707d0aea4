/* Any bytes as a journal's segment: as they stand, which the seal must refuse; and as what a frame
 * seals, so that the walk over records and the decompression meet them too. */
#include "store/journal_file.h"

#include "sys/sys.h"

#include <sys/mman.h>
#include <unistd.h>

struct sum {
    u64 records, bytes;
};
static bool look(void *context, i64 time_ms, str record) {
    struct sum *sum = context;
    sum->records++;
    for (size_t i = 0; i < record.n; i++) sum->bytes += (u8)record.p[i];
    return true;
}

/* Where it ends, and how many records it showed. */
static u64 walk(const void *bytes, size_t n, u64 *records) {
    static const struct journal_key key = {{1}};
    struct journal_segment s = {.sequence = 1};
    struct sum sum = {0};
    int fd = memfd_create("segment", 0);
    ASSERT(fd >= 0 && file_write_at(fd, bytes, n, 0) == 0);
    u64 end = segment_end(fd, &key, &s);
    ASSERT(end <= n);
    segment_visit(fd, &key, 1, n, INT64_MIN, INT64_MAX, look, &sum);
    close(fd);
    *records = sum.records;
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct journal_key key = {{1}};
    struct arena a = {0};
    u64 records;
    log_set_level(LOG_ERROR - 1);
    (void)walk(data, size, &records);
    ASSERT(records == 0);
    if (size > 3 && size < FRAME_MAX) {
        struct frame f = {.codec = data[0] & 1, .stored_n = (u32)size - 3, .count = 1, .max_ms = INT64_MAX};
        f.raw_n = f.codec == FRAME_ZSTD ? (u32)data[1] << 8 | data[2] : f.stored_n;
        u8 *bytes = arena_alloc(&a, FRAME_HEADER + size, 1);
        memcpy(bytes + FRAME_HEADER, data + 3, size - 3);
        frame_seal(&f, segment_cipher(&a, &key, 1), bytes);
        ASSERT(walk(bytes, FRAME_HEADER + f.stored_n, &records) == FRAME_HEADER + f.stored_n);
    }
    arena_free(&a);
    return 0;
}
