#include "text/gzip.h"

#include <zlib.h>

str gzip_of(struct arena *a, str bytes) {
    enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };
    z_stream z = {0};
    ASSERT(bytes.n <= INT32_MAX);
    ASSERT(deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t max = deflateBound(&z, bytes.n);
    Bytef *out = arena_alloc(a, max, 1);
    z.next_in = (Bytef *)(size_t)bytes.p;
    z.avail_in = (uInt)bytes.n;
    z.next_out = out;
    z.avail_out = (uInt)max;
    ASSERT(deflate(&z, Z_FINISH) == Z_STREAM_END);
    size_t n = z.total_out;
    deflateEnd(&z);
    return (str){(char *)out, n};
}
