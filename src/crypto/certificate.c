#include "crypto/certificate.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

static BIO *reader(str text) { return text.n > INT32_MAX ? NULL : BIO_new_mem_buf(text.p ? text.p : "", (int)text.n); }

/* A key that wants a passphrase is unreadable: nobody is asked. */
static int no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static i64 time_of(const ASN1_TIME *t) {
    struct tm parts;
    if (ASN1_TIME_to_tm(t, &parts) != 1) return 0;
    struct civil_time civil = {.year = parts.tm_year + 1900, .month = parts.tm_mon + 1, .day = parts.tm_mday, .hour = parts.tm_hour,
                               .minute = parts.tm_min, .second = parts.tm_sec};
    return civil_to_ms(&civil);
}

static void describe(X509 *x, struct certificate *c) {
    *c = (struct certificate){time_of(X509_get0_notBefore(x)), time_of(X509_get0_notAfter(x)),
                              X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0};
}

static X509 *read_one(str pem) {
    BIO *in = reader(pem);
    X509 *x = in ? PEM_read_bio_X509(in, NULL, no_passphrase, NULL) : NULL;
    BIO_free(in);
    return x;
}

bool certificate_read(str pem, struct certificate *c) {
    str text = pem;
    while (text.n && (u8)text.p[text.n - 1] <= ' ') text.n--;
    if (!str_ends(text, S("-----END CERTIFICATE-----"))) return false;
    str body = str_skip(text, str_find(text, S("-----BEGIN CERTIFICATE-----")));
    if (str_find(str_skip(body, 1), S("-----BEGIN ")) != STR_NONE) return false; /* one alone */
    X509 *x = read_one(text);
    if (x) describe(x, c);
    X509_free(x);
    return x != NULL;
}

bool certificate_read_base64(struct arena *a, str base64, struct certificate *c) {
    struct buf plain = buf_new(a, base64.n + 4);
    str der;
    for (size_t i = 0; i < base64.n; i++)
        if ((u8)base64.p[i] > ' ') buf_char(&plain, base64.p[i]);
    if (!base64_decode(a, buf_str(&plain), &der)) return false;
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *x = d2i_X509(NULL, &at, (long)der.n);
    if (x) describe(x, c);
    X509_free(x);
    return x != NULL;
}

enum certificate_key certificate_key_check(str pem, str key_pem) {
    BIO *in = reader(key_pem);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
    X509 *x = read_one(pem);
    enum certificate_key answer = CERTIFICATE_KEY_UNREADABLE;
    if (key && x) answer = X509_check_private_key(x, key) == 1 ? CERTIFICATE_KEY_FITS : CERTIFICATE_KEY_OTHER;
    EVP_PKEY_free(key);
    X509_free(x);
    BIO_free(in);
    return answer;
}

bool certificate_chain_fits(str pem, str chain_pem) {
    enum { CHAIN_MAX = 20 };
    BIO *in = reader(chain_pem);
    X509 *subject = read_one(pem), *issuer;
    bool fits = in && subject;
    int n = 0;
    while (fits && (issuer = PEM_read_bio_X509(in, NULL, no_passphrase, NULL))) {
        fits = ++n <= CHAIN_MAX && X509_check_issued(issuer, subject) == X509_V_OK && X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
        X509_free(subject);
        subject = issuer;
    }
    X509_free(subject);
    BIO_free(in);
    return fits && n > 0;
}

/* ---- public keys of OpenSSH: strings with their length before them (RFC 4251, RFC 4253) ---- */

enum { RSA_BITS_MIN = 2048 };

static bool next_string(str *rest, str *value) {
    if (rest->n < 4) return false;
    const u8 *p = (const u8 *)rest->p;
    size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n > rest->n - 4) return false;
    *value = str_take(str_skip(*rest, 4), n);
    *rest = str_skip(*rest, 4 + n);
    return true;
}

static void add_string(struct buf *b, str value) {
    const char length[] = {(char)(value.n >> 24), (char)(value.n >> 16), (char)(value.n >> 8), (char)value.n};
    buf_add(b, (str){length, sizeof length});
    buf_add(b, value);
}

/* A positive number, as big-endian bytes with a zero in front where the first bit is set. */
static void add_number(struct buf *b, struct arena *a, const BIGNUM *number) {
    char *bytes = arena_alloc(a, (size_t)BN_num_bytes(number) + 1, 1);
    int n = BN_bn2bin(number, (unsigned char *)bytes + 1);
    bool zero = bytes[1] & 0x80;
    add_string(b, (str){bytes + !zero, (size_t)n + zero});
}

static EVP_PKEY *rsa_of(str exponent, str modulus) {
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *e = BN_bin2bn((const unsigned char *)exponent.p, (int)exponent.n, NULL), *n = BN_bin2bn((const unsigned char *)modulus.p, (int)modulus.n, NULL);
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    if (build && e && n && context && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
        parameters = OSSL_PARAM_BLD_to_param(build);
    if (parameters && EVP_PKEY_fromdata_init(context) == 1 && EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    BN_free(e);
    BN_free(n);
    return key;
}

static EVP_PKEY *read_ssh(struct arena *a, str text) {
    str rest = text, type, exponent, modulus, blob;
    if (!str_eq(str_cut(&rest, ' '), S("ssh-rsa"))) return NULL;
    if (!base64_decode(a, str_trim(str_cut(&rest, ' ')), &blob)) return NULL;
    if (!next_string(&blob, &type) || !str_eq(type, S("ssh-rsa")) || !next_string(&blob, &exponent) || !next_string(&blob, &modulus) || blob.n)
        return NULL;
    return modulus.n > 2100 || exponent.n > 64 ? NULL : rsa_of(exponent, modulus);
}

static EVP_PKEY *read_pem_key(str text) {
    BIO *in = reader(text);
    EVP_PKEY *key = in ? PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL) : NULL;
    BIO_free(in);
    return key;
}

static void show(struct arena *a, EVP_PKEY *key, struct ssh_key *out) {
    BIGNUM *e = NULL, *n = NULL;
    struct buf blob = buf_new(a, 4096), hex = buf_new(a, 64);
    u8 digest[DIGEST_MAX];
    ASSERT(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    add_string(&blob, S("ssh-rsa"));
    add_number(&blob, a, e);
    add_number(&blob, a, n);
    BN_free(e);
    BN_free(n);
    out->line = arena_concat(a, S("ssh-rsa "), base64_of(a, buf_str(&blob)));
    size_t size = digest_once(DIGEST_MD5, buf_str(&blob), digest);
    for (size_t i = 0; i < size; i++) buf_format(&hex, i ? ":%02x" : "%02x", digest[i]);
    out->fingerprint = buf_str(&hex);
    BIO *pem = BIO_new(BIO_s_mem());
    char *text;
    ASSERT(pem && PEM_write_bio_PUBKEY(pem, key) == 1);
    long length = BIO_get_mem_data(pem, &text);
    out->pem = arena_str(a, (str){text, (size_t)length});
    BIO_free(pem);
}

enum ssh_key_problem ssh_key_read(struct arena *a, str text, struct ssh_key *key) {
    text = str_trim(text);
    while (text.n && (u8)text.p[text.n - 1] <= ' ') text.n--;
    EVP_PKEY *found = str_starts(text, S("ssh-rsa ")) ? read_ssh(a, text) : read_pem_key(text);
    enum ssh_key_problem problem = SSH_KEY_UNREADABLE;
    if (found && EVP_PKEY_is_a(found, "RSA")) problem = EVP_PKEY_get_bits(found) < RSA_BITS_MIN ? SSH_KEY_WEAK : SSH_KEY_FINE;
    if (problem == SSH_KEY_FINE) show(a, found, key);
    EVP_PKEY_free(found);
    return problem;
}
