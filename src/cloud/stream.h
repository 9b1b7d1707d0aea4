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
    const struct body_keys *keys; /* under which it is hidden; NULL: none */
    u64 offset;
    str bytes;
};

/* Adds bytes, hidden under the key (NULL: as they are) from *position on. */
MUST_USE bool hidden_stage(struct blob_stage *stage, const u8 *key, u64 *position, str bytes);
/* blob_read(), and the bytes as they were. keys may be NULL. */
MUST_USE bool hidden_read(struct blob_reader *reader, const struct body_keys *keys, u64 offset, char *out, size_t n);

#endif
