#include "text/unpack.h"

#include <bzlib.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, PIECE = 1 << 30 };

struct unpack {
    enum unpack_kind kind;
    bool ended;
    z_stream gzip;
    bz_stream bzip2;
};

static void unpack_close(void *object) {
    struct unpack *u = object;
    if (u->kind == UNPACK_GZIP) inflateEnd(&u->gzip);
    else BZ2_bzDecompressEnd(&u->bzip2);
}

struct unpack *unpack_new(struct arena *a, enum unpack_kind kind) {
    struct unpack *u = NEW(a, struct unpack);
    u->kind = kind;
    if (kind == UNPACK_GZIP) ASSERT(inflateInit2(&u->gzip, GZIP_WINDOW) == Z_OK);
    else ASSERT(BZ2_bzDecompressInit(&u->bzip2, 0, 0) == BZ_OK);
    arena_on_free(a, unpack_close, u);
    return u;
}

static void begin_again(struct unpack *u) {
    u->ended = false;
    if (u->kind == UNPACK_GZIP) {
        ASSERT(inflateReset(&u->gzip) == Z_OK);
        return;
    }
    BZ2_bzDecompressEnd(&u->bzip2);
    u->bzip2 = (bz_stream){0};
    ASSERT(BZ2_bzDecompressInit(&u->bzip2, 0, 0) == BZ_OK);
}

static enum unpack_result gunzip(z_stream *z, str *packed, char *out, size_t room, size_t *n) {
    z->next_in = (Bytef *)(size_t)packed->p;
    z->avail_in = (uInt)MIN(packed->n, (size_t)PIECE);
    z->next_out = (Bytef *)out;
    z->avail_out = (uInt)MIN(room, (size_t)PIECE);
    int status = inflate(z, Z_NO_FLUSH);
    *n = (size_t)((char *)z->next_out - out);
    *packed = str_skip(*packed, (size_t)((const char *)z->next_in - packed->p));
    return status == Z_STREAM_END ? UNPACK_END : status == Z_OK || status == Z_BUF_ERROR ? UNPACK_MORE : UNPACK_BROKEN;
}

static enum unpack_result bunzip2(bz_stream *z, str *packed, char *out, size_t room, size_t *n) {
    z->next_in = (char *)(size_t)packed->p;
    z->avail_in = (unsigned)MIN(packed->n, (size_t)PIECE);
    z->next_out = out;
    z->avail_out = (unsigned)MIN(room, (size_t)PIECE);
    int status = BZ2_bzDecompress(z);
    *n = (size_t)(z->next_out - out);
    *packed = str_skip(*packed, (size_t)(z->next_in - packed->p));
    return status == BZ_STREAM_END ? UNPACK_END : status == BZ_OK ? UNPACK_MORE : UNPACK_BROKEN;
}

enum unpack_result unpack(struct unpack *u, str *packed, char *out, size_t room, size_t *n) {
    if (u->ended) begin_again(u);
    enum unpack_result result = u->kind == UNPACK_GZIP ? gunzip(&u->gzip, packed, out, room, n) : bunzip2(&u->bzip2, packed, out, room, n);
    u->ended = result == UNPACK_END;
    return result;
}
