/* Public keys and signatures as JSON Web Tokens and certificates have them, turned into those of keypair.h. */
#ifndef BRUME_PUBLIC_KEY_H
#define BRUME_PUBLIC_KEY_H

#include "crypto/keypair.h"

/* Numbers are unsigned, big-endian. NULL: no key of one of the kinds of keypair.h. */
struct keypair *keypair_of_rsa(struct arena *a, str modulus, str exponent);
struct keypair *keypair_of_point(struct arena *a, enum keypair_kind curve, str x, str y);
/* The key in a certificate (DER). Nothing of the certificate is checked but its form. */
struct keypair *keypair_of_certificate(struct arena *a, str der);
/* The two halves of an ECDSA signature, one after the other, as DER; absent: empty or of odd length. */
str ecdsa_der(struct arena *a, str halves);

#endif
