/* gzip (RFC 1952), for documents that AWS delivers compressed. */
#ifndef BRUME_GZIP_H
#define BRUME_GZIP_H

#include "base/arena.h"

/* The same bytes give the same result: no name, no time. */
str gzip_of(struct arena *a, str bytes);

#endif
