/* gzip (RFC 1952) and bzip2, a piece at a time: for objects that are longer than memory should hold. Several packed
 * texts in a row are one, as the tools have it. */
#ifndef BRUME_UNPACK_H
#define BRUME_UNPACK_H

#include "base/arena.h"

enum unpack_kind { UNPACK_GZIP, UNPACK_BZIP2 };
enum unpack_result {
    UNPACK_MORE,   /* give more input (*packed is empty), or more room */
    UNPACK_END,    /* a packed text ended here; what follows may be another */
    UNPACK_BROKEN, /* not such bytes */
};
struct unpack;
struct unpack *unpack_new(struct arena *a, enum unpack_kind kind); /* closed with the arena */
/* Takes from *packed, writes up to `room` bytes to `out`; *n: how many. */
enum unpack_result unpack(struct unpack *u, str *packed, char *out, size_t room, size_t *n);

#endif
