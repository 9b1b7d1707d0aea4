/* Public keys and signatures as JSON Web Tokens and certificates have them, turned into those of keypair.h. */
#ifndef BRUME_PUBLIC_KEY_H
#define BRUME_PUBLIC_KEY_H

#include "crypto/keypair.h"

/* Numbers are unsigned, big-endian. NULL: no key of one of the kinds of keypair.h. */
struct keypair *keypair_of_rsa(struct arena *a, str modulus, str exponent);
struct keypair *keypair_of_point(struct arena *a, enum keypair_kind curve, str x, str y);
/* The key in a certificate (DER). Nothing of the certificate is checked but its form. */
struct keypair *keypair_of_certificate(struct arena *a, str der);
/* The other way: modulus and exponent of an RSA key, x and y of a point. False: a kind that has neither. */
MUST_USE bool keypair_numbers(struct arena *a, const struct keypair *k, str *first, str *second);
/* The two halves of an ECDSA signature, one after the other, as DER; absent: empty or of odd length. */
str ecdsa_der(struct arena *a, str halves);
/* The other way, of a signature of keypair_sign(): each half as long as the curve's numbers. */
str ecdsa_halves(struct arena *a, enum keypair_kind curve, str der);

#endif
