#include "engine/qrcode.h"

#include "crypto/crypto.h"

#include <dlfcn.h>
#include <pthread.h>

/* The library's own declarations (qrencode.h 4.1), so that the build does not need it. */
struct qrcode {
    int version, width;
    unsigned char *data; /* width * width; the lowest bit: dark */
};
enum { LEVEL_M = 1 };

static struct {
    struct qrcode *(*encode)(const char *text, int version, int level);
    void (*release)(struct qrcode *code);
} library; /* loaded once for the process: a library cannot be loaded per call */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *handle = dlopen("libqrencode.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return;
    void *encode = dlsym(handle, "QRcode_encodeString8bit"), *release = dlsym(handle, "QRcode_free");
    if (!encode || !release) return;
    memcpy(&library.encode, &encode, sizeof encode); /* POSIX's way from object to function pointer */
    memcpy(&library.release, &release, sizeof release);
}

/* ---- PNG (ISO 15948): one bit a pixel, deflate's stored blocks ---- */

static void add_u32(struct buf *b, u32 v) {
    const char bytes[] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    buf_add(b, (str){bytes, sizeof bytes});
}

static void add_chunk(struct buf *b, const char *type, str data) {
    struct digest crc;
    u8 sum[DIGEST_MAX];
    digest_init(&crc, DIGEST_CRC32);
    digest_add(&crc, type, 4);
    digest_add(&crc, data.p, data.n);
    add_u32(b, (u32)data.n);
    buf_add(b, (str){type, 4});
    buf_add(b, data);
    buf_add(b, (str){(char *)sum, digest_end(&crc, sum)});
}

static str zlib_stored(struct arena *a, str data) {
    struct buf b = buf_new(a, data.n + 64);
    u32 low = 1, high = 0; /* Adler-32 */
    ASSERT(data.n <= 0xffff);
    for (size_t i = 0; i < data.n; i++) {
        low = (low + (u8)data.p[i]) % 65521;
        high = (high + low) % 65521;
    }
    const char head[] = {0x78, 0x01, 1, (char)data.n, (char)(data.n >> 8), (char)~data.n, (char)(~data.n >> 8)};
    buf_add(&b, (str){head, sizeof head});
    buf_add(&b, data);
    add_u32(&b, high << 16 | low);
    return buf_str(&b);
}

static str png_of(struct arena *a, const struct qrcode *code) {
    enum { SCALE = 4, BORDER = 4 /* modules of quiet around it */, FILE_MAX = 128 << 10 };
    u32 side = (u32)(code->width + 2 * BORDER) * SCALE, stride = 1 + (side + 7) / 8;
    u8 *rows = arena_alloc(a, (size_t)stride * side, 1);
    for (u32 y = 0; y < side; y++)
        for (u32 x = 0; x < side; x++) {
            int row = (int)(y / SCALE) - BORDER, column = (int)(x / SCALE) - BORDER;
            bool inside = row >= 0 && column >= 0 && row < code->width && column < code->width;
            bool dark = inside && code->data[row * code->width + column] & 1;
            if (!dark) rows[y * stride + 1 + x / 8] |= (u8)(0x80 >> x % 8);
        }
    struct buf head = buf_new(a, 16), b = buf_new(a, FILE_MAX);
    add_u32(&head, side);
    add_u32(&head, side);
    buf_add(&head, (str){"\x01\x00\x00\x00\x00", 5}); /* one bit of grey */
    buf_add(&b, (str){"\x89PNG\r\n\x1a\n", 8});
    add_chunk(&b, "IHDR", buf_str(&head));
    add_chunk(&b, "IDAT", zlib_stored(a, (str){(char *)rows, (size_t)stride * side}));
    add_chunk(&b, "IEND", S(""));
    return buf_str(&b);
}

str qrcode_png(struct arena *a, str text) {
    enum { TEXT_MAX = 400 };
    pthread_once(&once, load);
    if (!library.encode || text.n > TEXT_MAX) return (str){0};
    struct qrcode *code = library.encode(arena_c_string(a, text), 0, LEVEL_M);
    if (!code) return (str){0};
    str png = png_of(a, code);
    library.release(code);
    return png;
}
