/* Zstandard (RFC 8878), for what brume keeps packed on disk, and for files that users packed. */
#ifndef BRUME_ZSTANDARD_H
#define BRUME_ZSTANDARD_H

#include "base/arena.h"

/* level: 1 is fast; 3 packs a tenth better at two thirds of the speed. */
str zstd_of(struct arena *a, str bytes, int level);
/* False: damaged, or not exactly n bytes. */
MUST_USE bool zstd_open(str packed, void *out, size_t n);
/* Frames from elsewhere, of unknown length. False: not whole frames, or longer than `max` bytes. */
MUST_USE bool zstd_unpack(struct arena *a, str packed, size_t max, str *bytes);

#endif
