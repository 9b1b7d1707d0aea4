#include "crypto/content_cipher.h"

#include "base/encode.h"
#include "unit.h"

/* Made by Python's cryptography: keys 00 01 02 ..., likewise the IV; all but the last byte of the padding is aa. */
static const struct {
    enum content_cipher cipher;
    size_t key;
    const char *sealed;
} cases[] = {
    {CONTENT_AES_128_CBC, 16,
     "000102030405060708090a0b0c0d0e0f79d8cf481e3e5f229eef6edecf9b2a40dc9a2134b4d4cffb718ee7318c84faa1"},
    {CONTENT_AES_192_CBC, 24,
     "000102030405060708090a0b0c0d0e0f04ab0fa395a83ebbd3e8ecc660b30c9668d186f51a2d8a88dc4d36d792736388"},
    {CONTENT_AES_256_CBC, 32,
     "000102030405060708090a0b0c0d0e0f3ba0be46c9216b0827828eceea0ffd797174d7fe9c2e6843e7f02c356ecdcf71"},
    {CONTENT_AES_128_GCM, 16,
     "000102030405060708090a0baf2dd4bd0369833d24bc4eb416cc1628c04977837381989881559984e9e2fbfa4a89b7d7b59b4f3321550c"},
    {CONTENT_AES_192_GCM, 24,
     "000102030405060708090a0bdab851e8fccbbd67bf5df3bcdfc6ba507df05e6e18cd33d0182b031f6145b8f433475dd423d5b7565d1b1a"},
    {CONTENT_AES_256_GCM, 32,
     "000102030405060708090a0b7b43a568a097b672e22fb8b591861e4df0b9ea51d0173a125f138d84c9b6db50277c51c3ce8054622f7645"},
};

static str key_of(struct arena *a, size_t n) {
    char *key = arena_alloc(a, n + 1, 1);
    for (size_t i = 0; i < n; i++) key[i] = (char)i;
    return (str){key, n};
}

static void what_others_sealed_opens(void) {
    struct arena a = {0};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        str hex = str_of(cases[i].sealed), plain, key = key_of(&a, cases[i].key);
        u8 *bytes = arena_alloc(&a, hex.n / 2, 1);
        ASSERT(hex_decode(hex, bytes));
        str sealed = {(char *)bytes, hex.n / 2};
        CHECK(content_open(&a, cases[i].cipher, key, sealed, &plain));
        CHECK_STR(plain, S("<Assertion/> of some length"));
        CHECK(!content_open(&a, cases[i].cipher, str_take(key, key.n - 1), sealed, &plain));
        for (size_t n = 0; n < sealed.n; n++)
            if (content_open(&a, cases[i].cipher, key, str_take(sealed, n), &plain)) CHECK(cases[i].cipher <= CONTENT_AES_256_CBC && n % 16 == 0); /* CBC proves nothing */
        bytes[sealed.n - 1] ^= 0x80; /* the tag, or the block with the length of the padding */
        CHECK(!content_open(&a, cases[i].cipher, key, sealed, &plain));
    }
    CHECK(!content_open(&a, CONTENT_CIPHERS, key_of(&a, 16), key_of(&a, 64), &(str){0}));
    arena_free(&a);
}

UNIT_MAIN(UNIT(what_others_sealed_opens))
