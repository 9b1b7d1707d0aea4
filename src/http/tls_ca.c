#include "http/tls_ca.h"

#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CERTIFICATES_MAX = 256, NAME_MAX_DNS = 253, DAYS_CA = 3650, DAYS_LEAF = 397, DAYS_RENEW = 30 };

struct certificate {
    char name[NAME_MAX_DNS + 1];
    X509 *x509;
    i64 made_ms;
};

struct http_tls {
    SSL_CTX *context;
    X509 *ca;
    EVP_PKEY *ca_key, *leaf_key; /* one key serves all names: it never leaves this process */
    str ca_path;
    pthread_mutex_t lock; /* of the cache: all loops mint */
    struct certificate *cache;
    size_t cached, replace;
};

struct ssl_ctx_st *tls_context(const struct http_tls *tls) { return tls->context; }
str http_tls_ca_path(const struct http_tls *tls) { return tls->ca_path; }

/* ---- certificates ---- */

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = e && X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    return ok;
}

static X509 *new_certificate(EVP_PKEY *key, X509_NAME *issuer, const char *common_name, long days) {
    X509 *x = X509_new();
    u8 serial[16];
    RAND_bytes(serial, sizeof serial);
    serial[0] = (u8)((serial[0] & 0x3f) | 0x40); /* positive, and never short */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -24 * 3600); /* clients' clocks differ */
    X509_gmtime_adj(X509_getm_notAfter(x), days * 24 * 3600);
    X509_set_pubkey(x, key);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const u8 *)"brume", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const u8 *)common_name, -1, -1, 0);
    X509_set_issuer_name(x, issuer ? issuer : name);
    return x;
}

static X509 *new_ca(EVP_PKEY *key) {
    X509 *x = new_certificate(key, NULL, "brume local authority", DAYS_CA);
    bool ok = add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
              && add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign")
              && add_extension(x, x, NID_subject_key_identifier, "hash");
    if (ok && X509_sign(x, key, EVP_sha256())) return x;
    X509_free(x);
    return NULL;
}

/* `name` is clean: a DNS name or an address. Verifiers refuse "*.localhost", so the exact name always
 * stands there; the wildcard is for names below it (bucket.s3.example). */
static X509 *mint(struct http_tls *tls, const char *name) {
    char alternatives[3 * NAME_MAX_DNS];
    u8 address[16];
    bool is_address = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
    if (is_address) {
        snprintf(alternatives, sizeof alternatives, "IP:%s,DNS:localhost,IP:127.0.0.1,IP:::1", name);
    } else {
        snprintf(alternatives, sizeof alternatives, "DNS:%s,DNS:*.%s,DNS:localhost,IP:127.0.0.1,IP:::1",
                 name, name);
    }
    char common_name[65]; /* X.520's bound */
    snprintf(common_name, sizeof common_name, "%.64s", name);
    X509 *x = new_certificate(tls->leaf_key, X509_get_subject_name(tls->ca), common_name, DAYS_LEAF);
    bool ok = add_extension(x, tls->ca, NID_basic_constraints, "critical,CA:FALSE")
              && add_extension(x, tls->ca, NID_key_usage, "critical,digitalSignature")
              && add_extension(x, tls->ca, NID_ext_key_usage, "serverAuth")
              && add_extension(x, tls->ca, NID_subject_key_identifier, "hash")
              && add_extension(x, tls->ca, NID_authority_key_identifier, "keyid")
              && add_extension(x, tls->ca, NID_subject_alt_name, alternatives);
    if (ok && X509_sign(x, tls->ca_key, EVP_sha256())) return x;
    ERR_clear_error();
    X509_free(x);
    return NULL;
}

/* A reference to the certificate of the name, from the cache or new; the cache forgets in a circle. */
static X509 *certificate_for(struct http_tls *tls, const char *name) {
    i64 now = sys_wall_ms();
    X509 *found = NULL;
    pthread_mutex_lock(&tls->lock);
    struct certificate *slot = NULL;
    for (size_t i = 0; i < tls->cached && !slot; i++)
        if (strcmp(tls->cache[i].name, name) == 0) slot = &tls->cache[i];
    bool stale = slot && now - slot->made_ms > (i64)(DAYS_LEAF - DAYS_RENEW) * 86400000;
    if (slot && !stale) {
        found = slot->x509;
    } else if ((found = mint(tls, name))) {
        if (!slot) {
            bool full = tls->cached == CERTIFICATES_MAX;
            slot = &tls->cache[full ? tls->replace++ % CERTIFICATES_MAX : tls->cached++];
        }
        X509_free(slot->x509);
        slot->x509 = found;
        slot->made_ms = now;
        snprintf(slot->name, sizeof slot->name, "%s", name);
    }
    if (found) X509_up_ref(found);
    pthread_mutex_unlock(&tls->lock);
    return found;
}

/* ---- the handshake's questions ---- */

/* Lower case into `out`; false if it is no name that belongs into a certificate. */
static bool clean_name(const char *name, char out[NAME_MAX_DNS + 1]) {
    size_t n = strlen(name);
    if (n && name[n - 1] == '.') n--;
    if (!n || n > NAME_MAX_DNS || name[0] == '.' || name[0] == '-') return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!ok || (c == '.' && name[i + 1] == '.')) return false;
        out[i] = c;
    }
    out[n] = 0;
    return true;
}

/* Without a server name: the address that the client dialled. */
static void local_address(SSL *ssl, char out[NAME_MAX_DNS + 1]) {
    struct sockaddr_storage local = {0};
    socklen_t n = sizeof local;
    snprintf(out, NAME_MAX_DNS + 1, "localhost");
    if (getsockname(SSL_get_fd(ssl), (struct sockaddr *)&local, &n) != 0) return;
    if (local.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&local)->sin6_addr, out, NAME_MAX_DNS + 1);
    else inet_ntop(AF_INET, &((struct sockaddr_in *)&local)->sin_addr, out, NAME_MAX_DNS + 1);
}

static int on_certificate(SSL *ssl, void *context) {
    struct http_tls *tls = context;
    const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    char name[NAME_MAX_DNS + 1];
    if (!asked) local_address(ssl, name);
    else if (!clean_name(asked, name)) return 0;
    X509 *x = certificate_for(tls, name);
    if (!x) return 0;
    int ok = SSL_use_certificate(ssl, x) == 1 && SSL_use_PrivateKey(ssl, tls->leaf_key) == 1
             && SSL_add1_chain_cert(ssl, tls->ca) == 1;
    X509_free(x);
    return ok;
}

static int on_alpn(SSL *ssl, const u8 **out, u8 *out_n, const u8 *in, unsigned in_n, void *context) {
    static const u8 ours[] = "\x02h2\x08http/1.1";
    u8 *chosen;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* ---- the authority's files ---- */

static bool load(struct http_tls *tls, const char *ca_path, const char *key_path) {
    FILE *ca = fopen(ca_path, "re"), *key = fopen(key_path, "re");
    if (ca) tls->ca = PEM_read_X509(ca, NULL, NULL, NULL);
    if (key) tls->ca_key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
    if (ca) fclose(ca);
    if (key) fclose(key);
    ERR_clear_error();
    return tls->ca && tls->ca_key && X509_check_private_key(tls->ca, tls->ca_key) == 1;
}

static FILE *create(const char *path, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

/* The key first: a certificate without its key would be trusted in vain. */
static bool save(struct http_tls *tls, struct arena *boot, const char *ca_path, const char *key_path) {
    char *temporary = arena_c_string(boot, arena_format(boot, "%s.new", key_path));
    FILE *f = create(temporary, 0600);
    bool ok = f && PEM_write_PKCS8PrivateKey(f, tls->ca_key, NULL, NULL, 0, NULL, NULL);
    if (f) ok = fflush(f) == 0 && fsync(fileno(f)) == 0 && ok;
    if (f) fclose(f);
    ok = ok && rename(temporary, key_path) == 0;
    if (!ok) return false;
    temporary = arena_c_string(boot, arena_format(boot, "%s.new", ca_path));
    f = create(temporary, 0644);
    ok = f && PEM_write_X509(f, tls->ca);
    if (f) ok = fflush(f) == 0 && fsync(fileno(f)) == 0 && ok;
    if (f) fclose(f);
    return ok && rename(temporary, ca_path) == 0;
}

static bool open_authority(struct http_tls *tls, struct arena *boot, const char *directory) {
    char *ca_path = arena_c_string(boot, arena_format(boot, "%s/ca.pem", directory));
    char *key_path = arena_c_string(boot, arena_format(boot, "%s/ca-key.pem", directory));
    tls->ca_path = str_of(ca_path);
    if (load(tls, ca_path, key_path)) return true;
    if (access(key_path, F_OK) == 0 && access(ca_path, F_OK) == 0) return false; /* never overwrite what we cannot read */
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) return false;
    tls->ca_key = EVP_EC_gen("P-256");
    tls->ca = tls->ca_key ? new_ca(tls->ca_key) : NULL;
    return tls->ca && save(tls, boot, ca_path, key_path);
}

static void tls_free(void *object) {
    struct http_tls *tls = object;
    SSL_CTX_free(tls->context);
    for (size_t i = 0; i < tls->cached; i++) X509_free(tls->cache[i].x509);
    X509_free(tls->ca);
    EVP_PKEY_free(tls->ca_key);
    EVP_PKEY_free(tls->leaf_key);
    pthread_mutex_destroy(&tls->lock);
}

struct http_tls *http_tls_new(struct arena *boot, const char *directory, str *problem) {
    struct http_tls *tls = NEW(boot, struct http_tls);
    pthread_mutex_init(&tls->lock, NULL);
    arena_on_free(boot, tls_free, tls);
    tls->cache = NEW_ARRAY(boot, struct certificate, CERTIFICATES_MAX);
    if (!open_authority(tls, boot, directory)) {
        *problem = arena_format(boot, "cannot read or make the certificate authority in %s: %s", directory,
                                errno ? strerror(errno) : "its files do not fit together");
        return NULL;
    }
    tls->leaf_key = EVP_EC_gen("P-256");
    tls->context = SSL_CTX_new(TLS_server_method());
    if (!tls->leaf_key || !tls->context) {
        *problem = S("OpenSSL does not start");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                       | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                                          | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF); /* tickets suffice */
    SSL_CTX_set_cert_cb(tls->context, on_certificate, tls);
    SSL_CTX_set_alpn_select_cb(tls->context, on_alpn, NULL);
    return tls;
}
