/* RSA keys by which brume itself signs for others to verify: a private key and a certificate that carries
 * its public half. Unlike the digests of crypto.h these initialise OpenSSL at their first use (3 ms), and
 * making a key takes tens of milliseconds: never in the writer. */
#ifndef BRUME_RSA_SIGNER_H
#define BRUME_RSA_SIGNER_H

#include "crypto/crypto.h"

struct rsa_signer {
    str private_der;     /* PKCS#8 */
    str certificate_pem; /* self-signed, for the common name */
};
struct rsa_signer rsa_signer_make(struct arena *a, const char *common_name, int bits, int days);
/* PKCS#1 v1.5 over DIGEST_SHA1 or DIGEST_SHA256 of the text. */
str rsa_signer_sign(struct arena *a, str private_der, enum digest_kind digest, str text);

#endif
