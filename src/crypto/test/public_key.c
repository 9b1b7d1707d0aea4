#include "crypto/public_key.h"

#include "unit.h"

/* The numbers of a key that keypair.h made, read out of its own DER, give that key again. */
static void keys_from_their_numbers(void) {
    struct arena a = {0};
    struct keypair *k = keypair_generate(&a, KEYPAIR_P256);
    str der = keypair_public(&a, k);
    CHECK_INT(der.n, 91);
    str x = str_take(str_skip(der, 27), 32), y = str_skip(der, 59);
    struct keypair *again = keypair_of_point(&a, KEYPAIR_P256, x, y);
    CHECK(again != NULL);
    if (again) CHECK_STR(keypair_public(&a, again), der);
    str first, second;
    CHECK(keypair_numbers(&a, k, &first, &second));
    CHECK_STR(first, x);
    CHECK_STR(second, y);
    CHECK(!keypair_of_point(&a, KEYPAIR_P384, x, y));
    CHECK(!keypair_of_point(&a, KEYPAIR_P256, x, x)); /* not on the curve */

    k = keypair_generate(&a, KEYPAIR_RSA_2048);
    der = keypair_public(&a, k);
    CHECK_INT(der.n, 294);
    str modulus = str_take(str_skip(der, 33), 256), exponent = str_skip(der, 291);
    again = keypair_of_rsa(&a, modulus, exponent);
    CHECK(again != NULL);
    if (again) CHECK_STR(keypair_public(&a, again), der);
    CHECK(keypair_numbers(&a, k, &first, &second));
    CHECK_STR(first, modulus);
    CHECK_STR(second, exponent);
    CHECK(!keypair_numbers(&a, keypair_generate(&a, KEYPAIR_ED25519), &first, &second));
    CHECK(!keypair_of_rsa(&a, S(""), exponent));
    CHECK(!keypair_of_rsa(&a, str_take(modulus, 64), exponent));
    arena_free(&a);
}

static void halves_of_a_signature(void) {
    struct arena a = {0};
    struct keypair *k = keypair_generate(&a, KEYPAIR_P256);
    u8 digest[HASH_MAX];
    size_t n = hash_once(HASH_SHA256, S("message"), digest);
    str der = keypair_sign(&a, k, SIGNATURE_ECDSA, HASH_SHA256, (str){(char *)digest, n});
    char halves[64] = {0}; /* by hand: 30 n 02 n r 02 n s */
    str rest = str_skip(der, 2);
    for (int i = 0; i < 2; i++) {
        size_t length = (u8)rest.p[1];
        str number = str_take(str_skip(rest, 2), length);
        rest = str_skip(rest, 2 + length);
        if (number.n > 32) number = str_skip(number, 1);
        memcpy(halves + 32 * i + 32 - number.n, number.p, number.n);
    }
    CHECK_STR(ecdsa_der(&a, (str){halves, 64}), der);
    CHECK_STR(ecdsa_halves(&a, KEYPAIR_P256, der), ((str){halves, 64}));
    CHECK(!ecdsa_der(&a, (str){halves, 63}).p);
    CHECK(!ecdsa_der(&a, S("")).p);
    arena_free(&a);
}

static void what_is_no_certificate(void) {
    struct arena a = {0};
    CHECK(!keypair_of_certificate(&a, S("")));
    CHECK(!keypair_of_certificate(&a, S("\x30\x03\x02\x01\x01")));
    arena_free(&a);
}

UNIT_MAIN(UNIT(keys_from_their_numbers), UNIT(halves_of_a_signature), UNIT(what_is_no_certificate))
