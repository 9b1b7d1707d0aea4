#include "spec.h"

static const struct key_spec specs[] = {
    {"SYMMETRIC_DEFAULT", FAMILY_SYMMETRIC, 0, 0, 32, USAGE_ENCRYPT},
    {"RSA_2048", FAMILY_RSA, KEYPAIR_RSA_2048, 0, 0, USAGE_ENCRYPT | USAGE_SIGN},
    {"RSA_3072", FAMILY_RSA, KEYPAIR_RSA_3072, 0, 0, USAGE_ENCRYPT | USAGE_SIGN},
    {"RSA_4096", FAMILY_RSA, KEYPAIR_RSA_4096, 0, 0, USAGE_ENCRYPT | USAGE_SIGN},
    {"ECC_NIST_P256", FAMILY_ECC, KEYPAIR_P256, HASH_SHA256, 0, USAGE_SIGN | USAGE_AGREE},
    {"ECC_NIST_P384", FAMILY_ECC, KEYPAIR_P384, HASH_SHA384, 0, USAGE_SIGN | USAGE_AGREE},
    {"ECC_NIST_P521", FAMILY_ECC, KEYPAIR_P521, HASH_SHA512, 0, USAGE_SIGN | USAGE_AGREE},
    {"ECC_SECG_P256K1", FAMILY_ECC, KEYPAIR_SECP256K1, HASH_SHA256, 0, USAGE_SIGN},
    {"ECC_NIST_EDWARDS25519", FAMILY_EDWARDS, KEYPAIR_ED25519, HASH_SHA512, 0, USAGE_SIGN},
    {"HMAC_224", FAMILY_HMAC, 0, HASH_SHA224, 28, USAGE_MAC},
    {"HMAC_256", FAMILY_HMAC, 0, HASH_SHA256, 32, USAGE_MAC},
    {"HMAC_384", FAMILY_HMAC, 0, HASH_SHA384, 48, USAGE_MAC},
    {"HMAC_512", FAMILY_HMAC, 0, HASH_SHA512, 64, USAGE_MAC},
};

static const struct key_algorithm algorithms[] = {
    {"SYMMETRIC_DEFAULT", USAGE_ENCRYPT, FAMILY_SYMMETRIC, 0, 0},
    {"RSAES_OAEP_SHA_1", USAGE_ENCRYPT, FAMILY_RSA, HASH_SHA1, 0},
    {"RSAES_OAEP_SHA_256", USAGE_ENCRYPT, FAMILY_RSA, HASH_SHA256, 0},
    {"RSASSA_PKCS1_V1_5_SHA_256", USAGE_SIGN, FAMILY_RSA, HASH_SHA256, SIGNATURE_PKCS1},
    {"RSASSA_PKCS1_V1_5_SHA_384", USAGE_SIGN, FAMILY_RSA, HASH_SHA384, SIGNATURE_PKCS1},
    {"RSASSA_PKCS1_V1_5_SHA_512", USAGE_SIGN, FAMILY_RSA, HASH_SHA512, SIGNATURE_PKCS1},
    {"RSASSA_PSS_SHA_256", USAGE_SIGN, FAMILY_RSA, HASH_SHA256, SIGNATURE_PSS},
    {"RSASSA_PSS_SHA_384", USAGE_SIGN, FAMILY_RSA, HASH_SHA384, SIGNATURE_PSS},
    {"RSASSA_PSS_SHA_512", USAGE_SIGN, FAMILY_RSA, HASH_SHA512, SIGNATURE_PSS},
    {"ECDSA_SHA_256", USAGE_SIGN, FAMILY_ECC, HASH_SHA256, SIGNATURE_ECDSA},
    {"ECDSA_SHA_384", USAGE_SIGN, FAMILY_ECC, HASH_SHA384, SIGNATURE_ECDSA},
    {"ECDSA_SHA_512", USAGE_SIGN, FAMILY_ECC, HASH_SHA512, SIGNATURE_ECDSA},
    {"ED25519_SHA_512", USAGE_SIGN, FAMILY_EDWARDS, HASH_SHA512, SIGNATURE_ED25519},
    {"HMAC_SHA_224", USAGE_MAC, FAMILY_HMAC, HASH_SHA224, 0},
    {"HMAC_SHA_256", USAGE_MAC, FAMILY_HMAC, HASH_SHA256, 0},
    {"HMAC_SHA_384", USAGE_MAC, FAMILY_HMAC, HASH_SHA384, 0},
    {"HMAC_SHA_512", USAGE_MAC, FAMILY_HMAC, HASH_SHA512, 0},
    {"ECDH", USAGE_AGREE, FAMILY_ECC, 0, 0},
};

const struct key_spec *kms_spec_find(str name) {
    for (size_t i = 0; i < LENGTH(specs); i++)
        if (str_eq(name, str_of(specs[i].name))) return &specs[i];
    return NULL;
}

bool kms_spec_is_asymmetric(const struct key_spec *spec) { return spec->family != FAMILY_SYMMETRIC && spec->family != FAMILY_HMAC; }

bool kms_operation_fits(const struct key_spec *spec, str usage, str operation) {
    static const struct {
        const char *operation, *usage;
        bool symmetric; /* symmetric encryption keys alone */
    } of_usage[] = {
        {"Decrypt", "ENCRYPT_DECRYPT", false}, {"Encrypt", "ENCRYPT_DECRYPT", false}, {"ReEncryptFrom", "ENCRYPT_DECRYPT", false},
        {"ReEncryptTo", "ENCRYPT_DECRYPT", false}, {"GenerateDataKey", "ENCRYPT_DECRYPT", true}, {"GenerateDataKeyPair", "ENCRYPT_DECRYPT", true},
        {"GenerateDataKeyWithoutPlaintext", "ENCRYPT_DECRYPT", true}, {"GenerateDataKeyPairWithoutPlaintext", "ENCRYPT_DECRYPT", true},
        {"Sign", "SIGN_VERIFY", false}, {"Verify", "SIGN_VERIFY", false}, {"GenerateMac", "GENERATE_VERIFY_MAC", false},
        {"VerifyMac", "GENERATE_VERIFY_MAC", false}, {"DeriveSharedSecret", "KEY_AGREEMENT", false},
    };
    if (str_eq(operation, S("GetPublicKey"))) return kms_spec_is_asymmetric(spec);
    for (size_t i = 0; i < LENGTH(of_usage); i++)
        if (str_eq(operation, str_of(of_usage[i].operation)))
            return str_eq(usage, str_of(of_usage[i].usage)) && (!of_usage[i].symmetric || spec->family == FAMILY_SYMMETRIC);
    return true; /* CreateGrant, DescribeKey, RetireGrant */
}

bool kms_spec_allows(const struct key_spec *spec, str usage) {
    static const struct {
        const char *name;
        u8 bit;
    } usages[] = {{"ENCRYPT_DECRYPT", USAGE_ENCRYPT}, {"SIGN_VERIFY", USAGE_SIGN}, {"GENERATE_VERIFY_MAC", USAGE_MAC}, {"KEY_AGREEMENT", USAGE_AGREE}};
    for (size_t i = 0; i < LENGTH(usages); i++)
        if (str_eq(usage, str_of(usages[i].name))) return spec->usages & usages[i].bit;
    return false;
}

const struct key_algorithm *kms_algorithm_find(enum key_usage usage, str name) {
    for (size_t i = 0; i < LENGTH(algorithms); i++)
        if (algorithms[i].usage == usage && str_eq(name, str_of(algorithms[i].name))) return &algorithms[i];
    return NULL;
}

/* A curve signs with the one hash of its size, an HMAC key with its own. */
bool kms_algorithm_fits(const struct key_algorithm *algorithm, const struct key_spec *spec) {
    if (algorithm->family != spec->family || !(spec->usages & algorithm->usage)) return false;
    bool one_hash = algorithm->usage == USAGE_MAC || (algorithm->usage == USAGE_SIGN && spec->family == FAMILY_ECC);
    return !one_hash || algorithm->hash == spec->hash;
}

u32 kms_algorithms_of(const struct key_spec *spec, enum key_usage usage, str *names, u32 max) {
    u32 n = 0;
    for (size_t i = 0; i < LENGTH(algorithms) && n < max; i++)
        if (algorithms[i].usage == usage && kms_algorithm_fits(&algorithms[i], spec)) names[n++] = str_of(algorithms[i].name);
    return n;
}
