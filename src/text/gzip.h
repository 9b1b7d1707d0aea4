/* gzip (RFC 1952), for documents that AWS delivers compressed and requests that clients send so. */
#ifndef BRUME_GZIP_H
#define BRUME_GZIP_H

#include "base/arena.h"

/* The same bytes give the same result: no name, no time. */
str gzip_of(struct arena *a, str bytes);
/* False: not one whole gzip text, or longer than `max` bytes. */
MUST_USE bool gzip_open(struct arena *a, str packed, size_t max, str *bytes);

#endif
