#include "crypto/crc.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* A CRC table is linear: entry i is the XOR of the entries of i's bits. So eight numbers give it. */
#define BIT(i, k, t) (((i) >> (k)) & 1 ? (t) : 0)
#define ENTRY(i, t0, t1, t2, t3, t4, t5, t6, t7)                                                   \
    BIT(i, 0, t0) ^ BIT(i, 1, t1) ^ BIT(i, 2, t2) ^ BIT(i, 3, t3) ^ BIT(i, 4, t4)                  \
        ^ BIT(i, 5, t5) ^ BIT(i, 6, t6) ^ BIT(i, 7, t7)
#define ENTRIES_4(i, ...)                                                                          \
    ENTRY((i), __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__),             \
        ENTRY((i) + 3, __VA_ARGS__)
#define ENTRIES_16(i, ...)                                                                         \
    ENTRIES_4((i), __VA_ARGS__), ENTRIES_4((i) + 4, __VA_ARGS__),                                  \
        ENTRIES_4((i) + 8, __VA_ARGS__), ENTRIES_4((i) + 12, __VA_ARGS__)
#define ENTRIES_64(i, ...)                                                                         \
    ENTRIES_16((i), __VA_ARGS__), ENTRIES_16((i) + 16, __VA_ARGS__),                               \
        ENTRIES_16((i) + 32, __VA_ARGS__), ENTRIES_16((i) + 48, __VA_ARGS__)
#define TABLE(...)                                                                                 \
    {                                                                                              \
        ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__), ENTRIES_64(128, __VA_ARGS__),     \
            ENTRIES_64(192, __VA_ARGS__)                                                           \
    }

const struct crc crc32_iso = {
    .polynomial = 0xedb88320u,
    .width = 32,
    .fold_64 = {0x653d982200000000u, 0xcad38e8f00000000u},
    .fold_16 = {0x65673b4600000000u, 0x9ba54c6f00000000u},
    .table = TABLE(0x77073096u, 0xee0e612cu, 0x076dc419u, 0x0edb8832u, 0x1db71064u, 0x3b6e20c8u,
                   0x76dc4190u, 0xedb88320u),
};
const struct crc crc32_castagnoli = {
    .polynomial = 0x82f63b78u,
    .width = 32,
    .fold_64 = {0x1c19243b00000000u, 0x75bba45b00000000u},
    .fold_16 = {0x3743f7bd00000000u, 0x3171d43000000000u},
    .table = TABLE(0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu,
                   0x417b1dbcu, 0x82f63b78u),
};
const struct crc crc64_nvme = {
    .polynomial = 0x9a6c9329ac4bc9b5u,
    .width = 64,
    .fold_64 = {0x0c32cdb31e18a84au, 0x62242240ace5045au},
    .fold_16 = {0xeadc41fd2ba3d420u, 0x21e9761e252621acu},
    .table = TABLE(0x7f6ef0c830358979u, 0xfedde190606b12f2u, 0xc962e5739841b68fu, 0xa61cecb46814fe75u,
                   0x78e0ff3b88be6f81u, 0xf1c1fe77117cdf02u, 0xd75adabd7a6e2d6fu, 0x9a6c9329ac4bc9b5u),
};

static u64 all_ones(const struct crc *c) { return c->width == 64 ? UINT64_MAX : UINT32_MAX; }

u64 crc_start(const struct crc *c) { return all_ones(c); }
u64 crc_value(const struct crc *c, u64 state) { return state ^ all_ones(c); }

u64 crc_add_by_table(const struct crc *c, u64 state, const u8 *p, size_t n) {
    for (size_t i = 0; i < n; i++) state = (state >> 8) ^ c->table[(state ^ p[i]) & 0xff];
    return state;
}

#if defined(__x86_64__)
#define FOLDING __attribute__((target("pclmul,sse4.1")))

FOLDING static inline __m128i load(const u8 *p) { return _mm_loadu_si128((const void *)p); }

/* Carries a lane onward past the bytes that the factors stand for, and adds what lies there. */
FOLDING static inline __m128i fold(__m128i lane, __m128i factors, __m128i next) {
    __m128i low = _mm_clmulepi64_si128(lane, factors, 0x00);
    __m128i high = _mm_clmulepi64_si128(lane, factors, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* n is at least 64. Four lanes hide the multiplier's latency. The last lane and the tail, up to
 * 31 bytes, go through the table: cheaper in code than a Barrett reduction and as quick. */
FOLDING static u64 add_by_folding(const struct crc *c, u64 state, const u8 *p, size_t n) {
    __m128i x0 = _mm_xor_si128(load(p), _mm_cvtsi64_si128((long long)state));
    __m128i x1 = load(p + 16), x2 = load(p + 32), x3 = load(p + 48);
    p += 64, n -= 64;
    __m128i far = load((const u8 *)c->fold_64), near = load((const u8 *)c->fold_16);
    for (; n >= 64; p += 64, n -= 64) {
        x0 = fold(x0, far, load(p));
        x1 = fold(x1, far, load(p + 16));
        x2 = fold(x2, far, load(p + 32));
        x3 = fold(x3, far, load(p + 48));
    }
    x0 = fold(fold(fold(x0, near, x1), near, x2), near, x3);
    for (; n >= 16; p += 16, n -= 16) x0 = fold(x0, near, load(p));
    u8 last[16];
    _mm_storeu_si128((void *)last, x0);
    return crc_add_by_table(c, crc_add_by_table(c, 0, last, sizeof last), p, n);
}
#endif

u64 crc_add(const struct crc *c, u64 state, const u8 *p, size_t n) {
#if defined(__x86_64__)
    if (n >= 64 && __builtin_cpu_supports("pclmul")) return add_by_folding(c, state, p, n);
#endif
    return crc_add_by_table(c, state, p, n);
}

/* a * b modulo the polynomial, all reflected. */
static u64 multiply(const struct crc *c, u64 a, u64 b) {
    u64 product = 0;
    for (u64 bit = (u64)1 << (c->width - 1); bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = (b >> 1) ^ (b & 1 ? c->polynomial : 0);
    }
    return product;
}

u64 crc_combine(const struct crc *c, u64 a, u64 b, u64 b_length) {
    u64 one = (u64)1 << (c->width - 1);
    u64 power = one >> 8; /* x^8: one byte onward */
    for (u64 n = b_length; n; n >>= 1) {
        if (n & 1) a = multiply(c, a, power);
        power = multiply(c, power, power);
    }
    return a ^ b;
}
