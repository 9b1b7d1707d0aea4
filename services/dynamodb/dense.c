/* A character, less the space, is 32 high + low, with high at most 2: three highs are one of 27, and take five bits like each low.
 *
 *     three characters := low, low, low, high + 3 high + 9 high      20 bits, the first lowest
 *
 * Two of these are five bytes; up to five characters at the end stand as they are. All six are worked on at once, in a register with
 * two lanes of 24 bits. */
#include "services/dynamodb/dense.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "characters are taken from memory several at once");
enum { CHARACTERS = 6, BYTES = 5, HIGHS = 27 };
#define EACH(byte) (0x0101010101010101 * (u64)(byte))
#define BOTH(lane) ((u64)(lane) | (u64)(lane) << 24)

/* Loads and stores are of whole registers: what is stored by halves and loaded at once waits for the memory. */
static u32 load_u32(const char *p) {
    u32 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static u16 load_u16(const char *p) {
    u16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

bool dense_fits(str text) {
    u64 wrong = 0, eight;
    size_t i = 0;
    for (; i + sizeof eight <= text.n; i += sizeof eight) {
        memcpy(&eight, text.p + i, sizeof eight);
        wrong |= eight | ~(eight + EACH(0x60)); /* the highest bit of a byte: it is beyond ASCII, or below the space */
    }
    for (; i < text.n; i++) wrong |= (u8)text.p[i] & 0x80 || (u8)text.p[i] < ' ' ? 0x80 : 0;
    return !(wrong & EACH(0x80));
}

u32 dense_size(u32 n) { return n - n / CHARACTERS; }

static u64 six_written(u64 six) { /* less the space each */
    u64 low = six & EACH(0x1f), high = six >> 5 & EACH(3);
    u64 codes = high * 0x010309 >> 16 & BOTH(0x1f); /* in the third byte of each lane: the first of three + 3 the second + 9 the third */
    u64 lanes = (low & BOTH(0x1f)) | (low >> 3 & BOTH(0x3e0)) | (low >> 6 & BOTH(0x7c00)) | codes << 15;
    return (lanes & 0xfffff) | lanes >> 24 << 20;
}

void dense_write(struct buf *b, str text) {
    char *out = buf_reserve(b, dense_size((u32)text.n));
    size_t i = 0;
    if (!out) return;
    for (; i + CHARACTERS <= text.n; i += CHARACTERS, out += BYTES) {
        u64 six = load_u32(text.p + i) | (u64)load_u16(text.p + i + 4) << 32;
        u64 five = six_written(six - (EACH(' ') >> 16));
        u32 four = (u32)five;
        memcpy(out, &four, sizeof four);
        out[4] = (char)(five >> 32);
    }
    memcpy(out, text.p + i, text.n - i);
    b->n += dense_size((u32)text.n);
}

/* By their code: the highs of three characters, and the space of each. */
#define HIGH(a, b, c) ((a) + 1) << 5 | ((b) + 1) << 13 | ((c) + 1) << 21
#define NEXT(b, c) HIGH(0, b, c), HIGH(1, b, c), HIGH(2, b, c)
static const u32 highs[1 << 5] = {NEXT(0, 0), NEXT(1, 0), NEXT(2, 0), NEXT(0, 1), NEXT(1, 1), NEXT(2, 1), NEXT(0, 2), NEXT(1, 2), NEXT(2, 2)};

bool dense_read(str bytes, u32 n, char *out) {
    const char *in = bytes.p;
    bool wrong = false;
    for (; n >= CHARACTERS; n -= CHARACTERS, out += CHARACTERS, in += BYTES) {
        u64 five = load_u32(in) | (u64)(u8)in[4] << 32, lanes = (five & 0xfffff) | five >> 20 << 24;
        u32 first = lanes >> 15 & 0x1f, second = (u32)(lanes >> 39);
        u64 six = ((lanes & BOTH(0x1f)) | (lanes & BOTH(0x3e0)) << 3 | (lanes & BOTH(0x7c00)) << 6) + (highs[first] | (u64)highs[second] << 24);
        u32 four = (u32)six;
        u16 two = (u16)(six >> 32);
        memcpy(out, &four, sizeof four);
        memcpy(out + sizeof four, &two, sizeof two);
        wrong |= first >= HIGHS || second >= HIGHS;
    }
    memcpy(out, in, n);
    return !wrong && dense_fits((str){out, n});
}
