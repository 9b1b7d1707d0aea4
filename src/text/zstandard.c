#include "text/zstandard.h"

#include <zstd.h>

str zstd_of(struct arena *a, str bytes, int level) {
    size_t bound = ZSTD_compressBound(bytes.n);
    char *out = arena_alloc(a, bound, 1);
    size_t n = ZSTD_compress(out, bound, bytes.p, bytes.n, level);
    ASSERT(!ZSTD_isError(n)); /* the bound is enough, and memory is a crash elsewhere too */
    return (str){out, n};
}

bool zstd_open(str packed, void *out, size_t n) {
    size_t got = ZSTD_decompress(out, n, packed.p, packed.n);
    return !ZSTD_isError(got) && got == n;
}
