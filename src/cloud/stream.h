/* Streamed bodies, seen from inside the cloud. Rooms use the functions of cloud.h. */
#ifndef BRUME_STREAM_H
#define BRUME_STREAM_H

#include "cloud/cloud.h"
#include "crypto/crypto.h"

struct stream {
    /* in */
    struct blob_stage *stage;
    u64 length;
    u32 digests;  /* 1 << kind: which are filled */
    int declared; /* digest kind of the client's own checksum, or -1 */
    u8 digest[DIGEST_KINDS][DIGEST_MAX];
    /* out */
    struct blob_reader *reader; /* NULL: bytes */
    u64 offset;
    str bytes;
};

#endif
