#include "base/encode.h"
#include "crypto/keypair.h"
#include "unit.h"

static str unhex(struct arena *a, const char *text) {
    str hex = str_of(text);
    u8 *bytes = arena_alloc(a, hex.n / 2 + 1, 1);
    ASSERT(hex_decode(hex, bytes));
    return (str){(char *)bytes, hex.n / 2};
}

static enum signature_scheme scheme_of(int kind) {
    return kind <= KEYPAIR_RSA_4096 ? SIGNATURE_PSS : kind == KEYPAIR_ED25519 ? SIGNATURE_ED25519 : SIGNATURE_ECDSA;
}

/* A key goes through its DER forms and signs there; nothing else of what it signed is taken. */
static void every_kind_signs(void) {
    for (int kind = 0; kind < KEYPAIR_KINDS; kind++) {
        if (kind == KEYPAIR_RSA_3072 || kind == KEYPAIR_RSA_4096) continue; /* slow, and no other code */
        struct arena a = {0};
        u8 digest[HASH_MAX];
        struct keypair *made = keypair_generate(&a, (enum keypair_kind)kind);
        struct keypair *key = keypair_read_private(&a, keypair_private(&a, made));
        struct keypair *public = keypair_read_public(&a, keypair_public(&a, made));
        CHECK(key && public && keypair_sound(key));
        CHECK_INT(keypair_kind(key), kind);
        CHECK_INT(keypair_kind(public), kind);
        str message = {(char *)digest, hash_once(HASH_SHA256, S("message"), digest)};
        str signature = keypair_sign(&a, key, scheme_of(kind), HASH_SHA256, message);
        CHECK(keypair_verify(public, scheme_of(kind), HASH_SHA256, message, signature));
        digest[0] ^= 1;
        CHECK(!keypair_verify(public, scheme_of(kind), HASH_SHA256, message, signature));
        arena_free(&a);
    }
}

static void rsa_encrypts(void) {
    struct arena a = {0};
    struct keypair *k = keypair_generate(&a, KEYPAIR_RSA_2048);
    static const int paddings[] = {HASH_SHA1, HASH_SHA256, RSA_PKCS1};
    for (size_t i = 0; i < LENGTH(paddings); i++) {
        str sealed, plain;
        CHECK(keypair_encrypt(&a, k, paddings[i], S("secret"), &sealed));
        CHECK(keypair_decrypt(&a, k, paddings[i], sealed, &plain));
        CHECK_STR(plain, S("secret"));
    }
    str sealed, plain;
    CHECK(keypair_encrypt(&a, k, HASH_SHA1, S("secret"), &sealed));
    CHECK(!keypair_decrypt(&a, k, HASH_SHA256, sealed, &plain));
    arena_free(&a);
}

static void both_sides_agree(void) {
    struct arena a = {0};
    struct keypair *x = keypair_generate(&a, KEYPAIR_P384), *y = keypair_generate(&a, KEYPAIR_P384), *z = keypair_generate(&a, KEYPAIR_P256);
    str one = {0}, other = {0};
    CHECK(keypair_agree(&a, x, y, &one) && keypair_agree(&a, y, x, &other));
    CHECK_INT(one.n, 48);
    CHECK_STR(one, other);
    CHECK(!keypair_agree(&a, x, z, &one));
    arena_free(&a);
}

/* RFC 5649, section 6; RFC 4231, test case 1. */
static void published_vectors(void) {
    struct arena a = {0};
    str key = unhex(&a, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"), plain;
    str wrapped = unhex(&a, "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a");
    CHECK(key_unwrap(&a, key, wrapped, &plain));
    CHECK_STR(plain, unhex(&a, "c37b7e6492584340bed12207808941155068f738"));
    ((char *)(size_t)wrapped.p)[9] ^= 1;
    CHECK(!key_unwrap(&a, key, wrapped, &plain));
    u8 mac[HASH_MAX];
    str secret = unhex(&a, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    size_t n = hmac_once_of(HASH_SHA224, secret, S("Hi There"), mac);
    CHECK_STR(hex_of(&a, (str){(char *)mac, n}), S("896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"));
    n = hmac_once_of(HASH_SHA384, secret, S("Hi There"), mac);
    CHECK_STR(hex_of(&a, (str){(char *)mac, n}), S("afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"));
    arena_free(&a);
}

static void what_is_no_key_is_refused(void) {
    struct arena a = {0};
    str der = keypair_private(&a, keypair_generate(&a, KEYPAIR_P256));
    CHECK(!keypair_read_private(&a, S("")));
    CHECK(!keypair_read_private(&a, str_take(der, der.n - 1)));
    CHECK(!keypair_read_private(&a, arena_concat(&a, der, S("x"))));
    CHECK(!keypair_read_public(&a, der));
    arena_free(&a);
}

UNIT_MAIN(UNIT(every_kind_signs), UNIT(rsa_encrypts), UNIT(both_sides_agree), UNIT(published_vectors), UNIT(what_is_no_key_is_refused))
