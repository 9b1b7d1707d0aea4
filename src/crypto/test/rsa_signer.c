/* What is signed verifies with the public key of the certificate, and with no other text. */
#include "crypto/rsa_signer.h"
#include "unit.h"

#include <openssl/pem.h>

static bool verifies(str pem, const EVP_MD *digest, str text, str signature) {
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = x && EVP_DigestVerifyInit(context, NULL, digest, NULL, X509_get0_pubkey(x)) == 1
                 && EVP_DigestVerify(context, (const unsigned char *)signature.p, signature.n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(context);
    X509_free(x);
    BIO_free(in);
    return right;
}

static void signatures_verify(void) {
    struct arena a = {0};
    struct rsa_signer s = rsa_signer_make(&a, "sns.amazonaws.com", 2048, 3650);
    str one = rsa_signer_sign(&a, s.private_der, DIGEST_SHA1, S("text")), two = rsa_signer_sign(&a, s.private_der, DIGEST_SHA256, S("text"));
    CHECK_INT(one.n, 256);
    CHECK(verifies(s.certificate_pem, EVP_sha1(), S("text"), one));
    CHECK(verifies(s.certificate_pem, EVP_sha256(), S("text"), two));
    CHECK(!verifies(s.certificate_pem, EVP_sha256(), S("text."), two));
    CHECK(!verifies(s.certificate_pem, EVP_sha256(), S("text"), one));
    arena_free(&a);
}

UNIT_MAIN(UNIT(signatures_verify))
