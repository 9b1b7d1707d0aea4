/* A staged blob, inside the blob part. */
#ifndef BRUME_BLOB_STAGE_H
#define BRUME_BLOB_STAGE_H

#include "store/blob_internal.h"

enum { STAGE_SMALL = 4 << 10, STAGE_WRITEBACK = 8 << 20 };

struct blob_stage {
    struct blobs *blobs;
    struct blob_stage *next, *live_next;
    u64 id, length;
    i64 expected;
    u32 zones, zones_written; /* those that were up when it began */
    bool file, failed, finished;
    u8 key[AEAD_KEY], wrapped[WRAPPED_KEY];
    struct cipher *cipher; /* from the first seal to the end */
    u8 *buffer;            /* room for a record's header, then `filled` plain bytes, then a tag */
    size_t capacity, filled;
    /* FILE */
    u8 *run;
    size_t run_n;
    u64 written, started, chunks; /* started: bytes whose way to the disk has begun */
    int fd[ZONES_MAX];
    /* The writer's: where an adoption of this batch put the record. */
    _Atomic u64 offered_batch;
    u64 segment, offset;
    u8 small[RECORD_HEADER + STAGE_SMALL + AEAD_TAG]; /* last: not cleared */
};

#endif
