#include "crypto/crypto.h"
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

static u8 nibble(char c) { return (u8)(c <= '9' ? c - '0' : c - 'a' + 10); }
static size_t unhex(const char *text, u8 *out) {
    size_t n = strlen(text) / 2;
    for (size_t i = 0; i < n; i++) out[i] = (u8)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    return n;
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16. */
static const struct vector {
    const char *key, *nonce, *associated, *plain, *sealed, *tag;
} vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
     "c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void published_vectors(void) {
    struct arena a = {0};
    u8 key[AEAD_KEY] = {1}, nonce[AEAD_NONCE], associated[64], plain[64], sealed[64], tag[AEAD_TAG];
    struct aead *k = aead_new(&a, key);
    for (size_t i = 0; i < LENGTH(vectors); i++) {
        const struct vector *v = &vectors[i];
        unhex(v->key, key);
        unhex(v->nonce, nonce);
        str extra = {(char *)associated, unhex(v->associated, associated)};
        str in = {(char *)plain, unhex(v->plain, plain)};
        size_t n = unhex(v->sealed, sealed);
        unhex(v->tag, tag);
        u8 out[64], out_tag[AEAD_TAG];
        aead_set_key(k, key);
        aead_seal(k, nonce, extra, in, out, out_tag);
        CHECK(memcmp(out, sealed, n) == 0 && memcmp(out_tag, tag, AEAD_TAG) == 0);
        CHECK(aead_open(k, nonce, extra, (str){(char *)sealed, n}, tag, out));
        CHECK(memcmp(out, plain, n) == 0);
        tag[3] ^= 1;
        CHECK(!aead_open(k, nonce, extra, (str){(char *)sealed, n}, tag, out));
        tag[3] ^= 1;
        /* And the other direction again: a failed opening leaves nothing behind. */
        aead_seal(k, nonce, extra, in, out, out_tag);
        CHECK(memcmp(out_tag, tag, AEAD_TAG) == 0);
    }
    arena_free(&a);
}

static void every_bit_counts(void) {
    struct arena a = {0};
    u8 key[AEAD_KEY], nonce[AEAD_NONCE], bytes[100], sealed[100], tag[AEAD_TAG], out[100];
    random_bytes(key, sizeof key);
    random_bytes(nonce, sizeof nonce);
    random_bytes(bytes, sizeof bytes);
    struct aead *k = aead_new(&a, key);
    str in = {(char *)sealed, sizeof sealed};
    aead_seal(k, nonce, S("who"), (str){(char *)bytes, sizeof bytes}, sealed, tag);
    CHECK(!aead_open(k, nonce, S("whp"), in, tag, out));
    CHECK(!aead_open(k, nonce, S(""), in, tag, out));
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (u8)(1 << bit % 8);
        CHECK(!aead_open(k, nonce, S("who"), in, tag, out));
        sealed[bit / 8] ^= (u8)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < sizeof nonce * 8; bit++) {
        nonce[bit / 8] ^= (u8)(1 << bit % 8);
        CHECK(!aead_open(k, nonce, S("who"), in, tag, out));
        nonce[bit / 8] ^= (u8)(1 << bit % 8);
    }
    CHECK(aead_open(k, nonce, S("who"), in, tag, sealed)); /* in place */
    CHECK(memcmp(sealed, bytes, sizeof bytes) == 0);
    arena_free(&a);
}

static void random_differs(void) {
    u8 x[64] = {0}, y[64] = {0};
    random_bytes(x, sizeof x);
    random_bytes(y, sizeof y);
    CHECK(memcmp(x, y, sizeof x) != 0);
}

/* None comes twice: across many pools, and in a child of the process, which begins with a copy of its parent's. */
static void unique_is_unique(void) {
    enum { DRAWS = 300, BYTES = 12 };
    static u8 drawn[DRAWS + 1][BYTES];
    int ends[2];
    for (int i = 0; i < DRAWS - 1; i++) random_unique(drawn[i], BYTES);
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (!child) {
        random_unique(drawn[DRAWS], BYTES);
        _exit(write(ends[1], drawn[DRAWS], BYTES) != BYTES);
    }
    random_unique(drawn[DRAWS - 1], BYTES);
    CHECK(read(ends[0], drawn[DRAWS], BYTES) == BYTES);
    CHECK(waitpid(child, NULL, 0) == child);
    for (int i = 0; i <= DRAWS; i++)
        for (int j = 0; j < i; j++) CHECK(memcmp(drawn[i], drawn[j], BYTES) != 0);
    close(ends[0]);
    close(ends[1]);
}

UNIT_MAIN(UNIT(published_vectors), UNIT(every_bit_counts), UNIT(random_differs), UNIT(unique_is_unique))
