/* The three CRCs of S3, all reflected with all-ones start and end. Inside the crypto room only:
 * others come through digest_*. */
#ifndef BRUME_CRC_H
#define BRUME_CRC_H

#include "base/base.h"

struct crc {
    u64 polynomial; /* reflected: the bit of x^0 is the highest of `width` */
    int width;      /* 32 or 64 */
    /* x^575, x^511, x^191, x^127 modulo the polynomial, reflected in 64 bits: what carries the low
     * and high half of a 16-byte lane 64 bytes, then 16 bytes, onward. */
    u64 fold_64[2], fold_16[2];
    u64 table[256];
};
extern const struct crc crc32_iso, crc32_castagnoli, crc64_nvme;

/* The raw state: start with crc_start, feed, and end with crc_value. */
u64 crc_start(const struct crc *c);
u64 crc_add(const struct crc *c, u64 state, const u8 *p, size_t n);
u64 crc_value(const struct crc *c, u64 state);
/* The same by table alone: for machines without carry-less multiply, and to test the other. */
u64 crc_add_by_table(const struct crc *c, u64 state, const u8 *p, size_t n);
/* The value of A then B, from both values and B's length in bytes. */
u64 crc_combine(const struct crc *c, u64 a, u64 b, u64 b_length);

#endif
