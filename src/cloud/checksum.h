/* The checksums that a client declares for its body, in a header or a trailer, and their check. */
#ifndef BRUME_CLOUD_CHECKSUM_H
#define BRUME_CLOUD_CHECKSUM_H

#include "cloud/flight.h"

struct declared {
    bool md5_given, sum_given;
    u8 md5[16];
    int kind; /* digest kind of x-amz-checksum-*, or -1 */
    bool in_trailer;
    str text; /* the base64 value; absent while the trailer is still to come */
};
/* Reads Content-MD5, x-amz-checksum-* and x-amz-trailer. NULL, or AWS's refusal (with fail()). */
err declared_read(struct flight *f, struct declared *d);
/* Compares with what was computed; `digest` holds the raw values by kind. */
err declared_check(struct flight *f, const struct declared *d, u8 (*digest)[DIGEST_MAX]);
u32 declared_digests(const struct declared *d); /* 1 << kind of all that must be computed */
/* Header name of a kind: "x-amz-checksum-crc32". */
str checksum_header(int kind);

#endif
