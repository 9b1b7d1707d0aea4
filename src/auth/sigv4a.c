/* Version 4A: one signature for several regions, by a key pair that client and service derive from the
 * secret. NIST SP 800-108's counter mode draws numbers until one is a scalar of P-256. */
#include "auth/sigv4.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "crypto/keypair.h"

enum { SCALAR = 32, SIGNATURE_MAX = 72 /* DER */ };

/* The group's order less 2, big-endian (FIPS 186-4, D.1.2.3). */
static const u8 order_less_2[SCALAR] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f};

static bool scalar_drawn(str key, str access_key, u8 counter, u8 scalar[static SCALAR], struct arena *a) {
    struct buf b = buf_new(a, 512);
    buf_add(&b, (str){"\0\0\0\1", 4}); /* the round: one gives all 256 bits */
    buf_add(&b, S("AWS4-ECDSA-P256-SHA256"));
    buf_char(&b, 0);
    buf_add(&b, access_key);
    buf_char(&b, (char)counter);
    buf_add(&b, (str){"\0\0\1\0", 4}); /* bits wanted */
    ASSERT(!b.over);
    hmac_sha256(key, buf_str(&b), scalar);
    if (memcmp(scalar, order_less_2, SCALAR) > 0) return false;
    for (int i = SCALAR; i-- > 0 && ++scalar[i] == 0;) {} /* one more: never 0 */
    return true;
}

void sigv4a_derive(struct sigv4_key *key, str access_key, str secret, struct arena *a) {
    /* A private key of P-256 as PKCS#8: the scalar alone, the rest follows from it. */
    u8 der[35 + SCALAR] = {0x30, 0x41, 2, 1, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48,
                           0xce, 0x3d, 3, 1, 7, 4, 0x27, 0x30, 0x25, 2, 1, 1, 4, 0x20};
    char input[5 + 128] = "AWS4A";
    ASSERT(secret.n <= sizeof input - 5);
    memcpy(input + 5, secret.p, secret.n);
    u8 counter = 1;
    while (!scalar_drawn((str){input, 5 + secret.n}, access_key, counter, der + 35, a) && counter < 254) counter++;
    key->pair = keypair_read_private(a, (str){(char *)der, sizeof der});
    ASSERT(key->pair);
    explicit_bzero(der, sizeof der);
    explicit_bzero(input, sizeof input);
}

bool sigv4a_verify(const struct sigv4_key *key, str text, str signature) {
    u8 digest[32], der[SIGNATURE_MAX];
    if (signature.n % 2 || signature.n > 2 * sizeof der || !hex_decode(signature, der)) return false;
    sha256(text, digest);
    return keypair_verify(key->pair, SIGNATURE_ECDSA, HASH_SHA256, (str){(char *)digest, sizeof digest}, (str){(char *)der, signature.n / 2});
}
