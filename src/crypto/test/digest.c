#include "crypto/crypto.h"
#include "crypto/crc.h"
#include "unit.h"

static u8 sample[5000];
static void fill_sample(void) {
    for (size_t i = 0; i < sizeof sample; i++) sample[i] = (u8)(i * 7 + (i >> 3));
}

static str hex(const u8 *bytes, size_t n) {
    static char text[2 * DIGEST_MAX + 1];
    for (size_t i = 0; i < n; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return (str){text, 2 * n};
}

/* Of "", "123456789" (the check value of the CRC catalogues) and `sample`; the last by hashlib,
 * xxHash's own binding and the AWS common runtime. */
static const char *const known[DIGEST_KINDS][3] = {
    [DIGEST_MD5] = {"d41d8cd98f00b204e9800998ecf8427e", "25f9e794323b453885f5181f1b624d0b",
                    "42c2a1ffc15eb8bba98edb9add989089"},
    [DIGEST_SHA1] = {"da39a3ee5e6b4b0d3255bfef95601890afd80709",
                     "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
                     "0600df0dc741ff16680912d5e946e39e6b34d9b0"},
    [DIGEST_SHA256] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                       "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
                       "ecae4b394ceed9000ca1665df2fb8c07dd698ce077955348821bbeb0489cc992"},
    [DIGEST_SHA512] =
        {"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
         "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
         "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
         "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
         "a63368c48261bf91f1c7a1b42e3cbf5d37d3f5d324d04e1a40831691612e5a81"
         "f5a9766a14a9d517c85e43ddce9a6365497953917ac8cf8e8070ae3f028a7ada"},
    [DIGEST_CRC32] = {"00000000", "cbf43926", "3a8d8644"},
    [DIGEST_CRC32C] = {"00000000", "e3069283", "74e5fc8c"},
    [DIGEST_CRC64NVME] = {"0000000000000000", "ae8b14860a799888", "1d25ec7cdbd78f88"},
    [DIGEST_XXHASH64] = {"ef46db3751d8e999", "8cb841db40e6ae83", "dad866063ffa66e0"},
    [DIGEST_XXHASH3] = {"2d06800538d394c2", "72dcb18b67a17dff", "f3231fce973dc52d"},
    [DIGEST_XXHASH128] = {"99aa06d3014798d86001c324468d497f", "33119477ede5dcd5e9716427681d5860",
                          "ea70693055cd9c75f3231fce973dc52d"},
};

static void known_values(void) {
    fill_sample();
    str inputs[3] = {{"", 0}, S("123456789"), {(const char *)sample, sizeof sample}};
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        for (int i = 0; i < 3; i++) {
            u8 out[DIGEST_MAX];
            size_t n = digest_once((enum digest_kind)kind, inputs[i], out);
            CHECK_INT(n, digest_size((enum digest_kind)kind));
            CHECK_STR(hex(out, n), str_of(known[kind][i]));
        }
    }
}

static void pieces_give_the_same_as_the_whole(void) {
    fill_sample();
    static const size_t steps[] = {1, 15, 16, 17, 63, 64, 65, 255, 1024};
    for (int kind = 0; kind < DIGEST_KINDS; kind++) {
        for (size_t s = 0; s < LENGTH(steps); s++) {
            struct digest d;
            digest_init(&d, (enum digest_kind)kind);
            for (size_t i = 0; i < sizeof sample; i += steps[s])
                digest_add(&d, sample + i, MIN(steps[s], sizeof sample - i));
            u8 out[DIGEST_MAX];
            CHECK_STR(hex(out, digest_end(&d, out)), str_of(known[kind][2]));
        }
    }
}

static void folding_agrees_with_the_table_at_every_length(void) {
    fill_sample();
    static const struct crc *const crcs[] = {&crc32_iso, &crc32_castagnoli, &crc64_nvme};
    for (size_t k = 0; k < LENGTH(crcs); k++) {
        for (size_t n = 0; n < 700; n++) {
            u64 start = crc_start(crcs[k]) ^ (n * 77);
            const u8 *p = sample + n % 31;
            CHECK(crc_add(crcs[k], start, p, n) == crc_add_by_table(crcs[k], start, p, n));
        }
    }
}

static void crcs_combine(void) {
    fill_sample();
    static const size_t cuts[] = {0, 1, 100, 2500, 4999, 5000};
    for (int kind = DIGEST_CRC32; kind <= DIGEST_CRC64NVME; kind++) {
        for (size_t i = 0; i < LENGTH(cuts); i++) {
            str whole = {(const char *)sample, sizeof sample};
            u8 a[DIGEST_MAX], b[DIGEST_MAX];
            digest_once((enum digest_kind)kind, str_take(whole, cuts[i]), a);
            size_t n = digest_once((enum digest_kind)kind, str_skip(whole, cuts[i]), b);
            digest_combine((enum digest_kind)kind, a, b, whole.n - cuts[i]);
            CHECK_STR(hex(a, n), str_of(known[kind][2]));
        }
    }
}

/* RFC 4231, cases 1, 2, 3 and 6 (a key longer than a block). */
static void hmac_of_rfc_4231(void) {
    char ones[20], aa[131], dd[50];
    memset(ones, 0x0b, sizeof ones), memset(aa, 0xaa, sizeof aa), memset(dd, 0xdd, sizeof dd);
    u8 out[32];
    hmac_sha256((str){ones, 20}, S("Hi There"), out);
    CHECK_STR(hex(out, 32), S("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    hmac_sha256(S("Jefe"), S("what do ya want for nothing?"), out);
    CHECK_STR(hex(out, 32), S("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    hmac_sha256((str){aa, 20}, (str){dd, 50}, out);
    CHECK_STR(hex(out, 32), S("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"));
    struct hmac h;
    hmac_init(&h, (str){aa, sizeof aa});
    for (int twice = 0; twice < 2; twice++) {
        hmac_once(&h, S("Test Using Larger Than Block-Size Key - Hash Key First"), out);
        CHECK_STR(hex(out, 32),
                  S("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    }
}

UNIT_MAIN(UNIT(known_values), UNIT(pieces_give_the_same_as_the_whole),
          UNIT(folding_agrees_with_the_table_at_every_length), UNIT(crcs_combine),
          UNIT(hmac_of_rfc_4231))
