/* A journal's files: frames of records in append-only segments. Inside the journal only. */
#ifndef BRUME_JOURNAL_FILE_H
#define BRUME_JOURNAL_FILE_H

#include "crypto/crypto.h"

enum {
    FRAME_HEADER = 64,
    FRAME_BOUND = 36, /* bytes of the header that the seal covers: all but nonce and tag */
    FRAME_MAX = 2 << 20,         /* raw bytes of one frame */
    JOURNAL_BLOCK = 256 << 10,   /* raw bytes of a compressed frame */
    JOURNAL_SEGMENT = 4 << 20,   /* raw bytes of a segment */
    JOURNAL_PATH = 4096
};
enum frame_codec { FRAME_RAW = 0, FRAME_ZSTD = 1 };

struct frame {
    u8 codec;
    u32 stored_n, raw_n, count;
    i64 min_ms, max_ms;
};

/* Each journal has a key that comes from the root key, each of its segments one that comes from that:
 * few frames share a key, so that their nonces can be random. */
struct journal_key {
    u8 bytes[AEAD_KEY];
};
struct journal_key journal_key_of(str root_key, str journal);
struct aead *segment_cipher(struct arena *a, const struct journal_key *key, u64 sequence);

/* Writes the header before `stored`, which follows it in memory, and seals that in place. */
void frame_seal(const struct frame *f, struct aead *cipher, u8 *header_and_stored);

/* A segment's name is its entry in the time index: the sequence, and once closed the times. */
struct journal_segment {
    u64 sequence;
    i64 min_ms, max_ms; /* of what was written so far; min > max: nothing. Of one that a former run left raw: any */
    bool compressed;
};
void segment_file_path(const char *directory, const struct journal_segment *s, char *path);
bool segment_file_parse(const char *name, struct journal_segment *s);
/* Rewrites a closed segment compressed. 0 or errno; the raw file is removed on success. */
int segment_compress(const char *directory, const struct journal_key *key, const struct journal_segment *raw,
                     struct journal_segment *done);
/* Where a raw segment can be gone on with: behind its last whole frame. Notes the times. Only the headers and
 * the last frame are looked at, which the first answer after a crash waits for. */
u64 segment_end(int fd, const struct journal_key *key, struct journal_segment *s);

/* Visits the records of a segment's first `limit` bytes; false if `visit` ended the walk. What is damaged is
 * logged and passed over. */
bool segment_visit(int fd, const struct journal_key *key, u64 sequence, u64 limit, i64 from_ms, i64 to_ms,
                   bool (*visit)(void *context, i64 time_ms, str record), void *context);

#endif
