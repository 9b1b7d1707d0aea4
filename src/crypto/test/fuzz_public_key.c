/* ASN.1 from outside: certificates, keys, the halves of signatures. */
#include "crypto/public_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    str text = {(const char *)bytes, n}, half = str_take(text, n / 2), rest = str_skip(text, n / 2);
    struct keypair *k = keypair_of_certificate(&a, text);
    if (k) ASSERT(keypair_read_public(&a, keypair_public(&a, k)));
    k = keypair_read_public(&a, text);
    if (k) ASSERT(keypair_public(&a, k).n);
    k = keypair_of_rsa(&a, half, rest);
    if (k) ASSERT(keypair_kind(k) <= KEYPAIR_RSA_4096);
    (void)keypair_of_point(&a, KEYPAIR_P256, half, rest);
    (void)ecdsa_der(&a, text);
    arena_free(&a);
    return 0;
}
