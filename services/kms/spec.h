/* Key specs and algorithms: what AWS lets each do, as tables. */
#ifndef BRUME_KMS_SPEC_H
#define BRUME_KMS_SPEC_H

#include "crypto/keypair.h"

enum spec_family { FAMILY_SYMMETRIC, FAMILY_RSA, FAMILY_ECC, FAMILY_EDWARDS, FAMILY_HMAC };
struct key_spec {
    const char *name;
    u8 family;
    u8 keypair;         /* enum keypair_kind, of asymmetric families */
    u8 hash;            /* enum hash_kind: of HMAC keys theirs, of curves the one they sign with */
    u8 material_bytes;  /* of symmetric and HMAC keys */
    u8 usages;          /* bits of enum key_usage */
};
enum key_usage { USAGE_ENCRYPT = 1, USAGE_SIGN = 2, USAGE_MAC = 4, USAGE_AGREE = 8 };

const struct key_spec *kms_spec_find(str name); /* NULL: none that brume has */
bool kms_spec_is_asymmetric(const struct key_spec *spec);
bool kms_spec_allows(const struct key_spec *spec, str usage);
bool kms_operation_fits(const struct key_spec *spec, str usage, str operation); /* an operation of grants */

/* An algorithm as the API names it, for one usage. */
struct key_algorithm {
    const char *name;
    u8 usage;   /* one bit of enum key_usage */
    u8 family;  /* of the specs that have it */
    u8 hash;    /* enum hash_kind */
    u8 scheme;  /* enum signature_scheme */
};
const struct key_algorithm *kms_algorithm_find(enum key_usage usage, str name); /* NULL: none */
bool kms_algorithm_fits(const struct key_algorithm *algorithm, const struct key_spec *spec);
/* The names of all that fit, in AWS's order. */
u32 kms_algorithms_of(const struct key_spec *spec, enum key_usage usage, str *names, u32 max);

#endif
