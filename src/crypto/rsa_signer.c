#include "crypto/rsa_signer.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static X509 *certificate(EVP_PKEY *key, const char *common_name, int days) {
    X509 *x = X509_new();
    BIGNUM *number = BN_new();
    ASSERT(x && number && BN_rand(number, 64, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY));
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -24 * 3600); /* the clocks of those who verify differ */
    X509_gmtime_adj(X509_getm_notAfter(x), (long)days * 24 * 3600);
    X509_set_pubkey(x, key);
    X509_NAME *name = X509_get_subject_name(x);
    ASSERT(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0));
    X509_set_issuer_name(x, name);
    ASSERT(X509_sign(x, key, EVP_sha256()));
    return x;
}

struct rsa_signer rsa_signer_make(struct arena *a, const char *common_name, int bits, int days) {
    struct rsa_signer made;
    EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);
    ASSERT(key);
    X509 *x = certificate(key, common_name, days);
    unsigned char *der = NULL;
    int n = i2d_PrivateKey(key, &der);
    ASSERT(n > 0);
    made.private_der = arena_str(a, (str){(const char *)der, (size_t)n});
    OPENSSL_clear_free(der, (size_t)n);
    BIO *out = BIO_new(BIO_s_mem());
    char *pem;
    ASSERT(out && PEM_write_bio_X509(out, x));
    long length = BIO_get_mem_data(out, &pem);
    made.certificate_pem = arena_str(a, (str){pem, (size_t)length});
    BIO_free(out);
    X509_free(x);
    EVP_PKEY_free(key);
    return made;
}

str rsa_signer_sign(struct arena *a, str private_der, enum digest_kind digest, str text) {
    ASSERT(digest == DIGEST_SHA1 || digest == DIGEST_SHA256);
    const unsigned char *der = (const unsigned char *)private_der.p;
    EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &der, (long)private_der.n);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ASSERT(key && context);
    size_t n = (size_t)EVP_PKEY_size(key);
    unsigned char *signature = arena_alloc(a, n, 1);
    ASSERT(EVP_DigestSignInit(context, NULL, digest == DIGEST_SHA1 ? EVP_sha1() : EVP_sha256(), NULL, key) == 1);
    ASSERT(EVP_DigestSign(context, signature, &n, (const unsigned char *)text.p, text.n) == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return (str){(const char *)signature, n};
}
