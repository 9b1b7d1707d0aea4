#include "text/gzip.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

str gzip_of(struct arena *a, str bytes) {
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

bool gzip_open(struct arena *a, str packed, size_t max, str *bytes) {
    z_stream z = {0};
    struct buf b = buf_new(a, max);
    char piece[16384];
    int status = Z_OK;
    ASSERT(packed.n <= INT32_MAX);
    ASSERT(inflateInit2(&z, GZIP_WINDOW) == Z_OK);
    z.next_in = (Bytef *)(size_t)packed.p;
    z.avail_in = (uInt)packed.n;
    while (status == Z_OK && !b.over) {
        z.next_out = (Bytef *)piece;
        z.avail_out = sizeof piece;
        status = inflate(&z, Z_NO_FLUSH);
        buf_add(&b, (str){piece, sizeof piece - z.avail_out});
    }
    bool whole = status == Z_STREAM_END && z.avail_in == 0 && !b.over;
    inflateEnd(&z);
    *bytes = buf_str(&b);
    return whole;
}
