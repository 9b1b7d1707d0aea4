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

bool zstd_unpack(struct arena *a, str packed, size_t max, str *bytes) {
    struct buf b = buf_new(a, max);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {packed.p, packed.n, 0};
    char piece[16384];
    size_t left = 1;
    ASSERT(context);
    while ((in.pos < in.size || left) && !ZSTD_isError(left) && !b.over) {
        ZSTD_outBuffer out = {piece, sizeof piece, 0};
        size_t from = in.pos;
        left = ZSTD_decompressStream(context, &out, &in);
        buf_add(&b, (str){piece, out.pos});
        if (in.pos == from && !out.pos) break; /* it ends within a frame */
    }
    bool whole = !left && in.pos == in.size && !b.over;
    ZSTD_freeDCtx(context);
    *bytes = buf_str(&b);
    return whole;
}
