#include "http/line.h"

#include "base/encode.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static bool wait_for_socket(struct line *l, short events) {
    for (;;) {
        i64 left_ms = (l->deadline_us - sys_monotonic_us() + 999) / 1000;
        struct pollfd p = {.fd = l->fd, .events = events};
        int n = left_ms > 0 ? poll(&p, 1, (int)MIN(left_ms, INT32_MAX)) : 0;
        if (n > 0) return true;
        if (n < 0 && errno == EINTR) continue;
        *l->problem = n ? arena_format(l->arena, "%s", strerror(errno)) : S("no answer in time");
        return false;
    }
}

static bool connect_to(struct line *l, const struct addrinfo *address) {
    int one = 1, error = 0;
    socklen_t n = sizeof error;
    l->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0) error = errno;
    else if (connect(l->fd, address->ai_addr, address->ai_addrlen) != 0) {
        if (errno != EINPROGRESS) error = errno;
        else if (!wait_for_socket(l, POLLOUT)) error = ETIMEDOUT;
        else if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0) error = errno;
    }
    if (!error) {
        setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        return true;
    }
    *l->problem = arena_format(l->arena, "%s", strerror(error));
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
    return false;
}

/* Names under localhost are this machine whatever the resolver thinks (RFC 6761). */
static bool is_localhost(str host) { return str_eq_nocase(host, S("localhost")) || str_ends(host, S(".localhost")); }

bool line_open(struct line *l, str host, int to) {
    char port[8];
    snprintf(port, sizeof port, "%d", to);
    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    const char *names[] = {"127.0.0.1", "::1"};
    size_t count = 2;
    if (is_localhost(host)) want.ai_flags |= AI_NUMERICHOST;
    else names[0] = arena_c_string(l->arena, host), count = 1;
    for (size_t i = 0; i < count && l->fd < 0; i++) {
        int code = getaddrinfo(names[i], port, &want, &found);
        if (code) {
            *l->problem = arena_format(l->arena, "%s: %s", names[i], gai_strerror(code));
            continue;
        }
        for (struct addrinfo *at = found; at && l->fd < 0; at = at->ai_next) (void)connect_to(l, at);
        freeaddrinfo(found);
    }
    return l->fd >= 0;
}

/* ---- TLS ---- */

static bool tls_failed(struct line *l) {
    long verified = l->ssl ? SSL_get_verify_result(l->ssl) : X509_V_OK;
    const char *why = verified != X509_V_OK ? X509_verify_cert_error_string(verified) : ERR_reason_error_string(ERR_get_error());
    *l->problem = arena_format(l->arena, "TLS: %s", why ? why : "the connection ended");
    ERR_clear_error();
    return false;
}

/* True: try again, the socket is ready. False: failed, *problem is set. */
static bool tls_again(struct line *l, int result) {
    switch (SSL_get_error(l->ssl, result)) {
    case SSL_ERROR_WANT_READ: return wait_for_socket(l, POLLIN);
    case SSL_ERROR_WANT_WRITE: return wait_for_socket(l, POLLOUT);
    default: return tls_failed(l);
    }
}

/* SSL_set_tlsext_host_name, whose cast drops the const. */
static bool ask_for_name(SSL *ssl, const char *name) {
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)name) == 1;
}

static bool is_listed(str thumbprints, const X509 *certificate) {
    u8 digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char hex[2 * EVP_MAX_MD_SIZE];
    if (X509_digest(certificate, EVP_sha1(), digest, &n) != 1) return false;
    hex_encode((str){(char *)digest, n}, hex);
    for (str rest = thumbprints; rest.n;)
        if (str_eq(str_cut(&rest, ' '), (str){hex, (size_t)2 * n})) return true;
    return false;
}

/* In place of OpenSSL's check: first as ever, then with the last certificate of the chain as the authority, if it
 * is one of those that the caller knows. Names and dates are checked either way. */
static int verify_by_thumbprint(X509_STORE_CTX *context, void *thumbprints) {
    if (X509_verify_cert(context) == 1) return 1;
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(context);
    X509 *last = sent && sk_X509_num(sent) > 0 ? sk_X509_value(sent, sk_X509_num(sent) - 1) : X509_STORE_CTX_get0_cert(context);
    if (!last || !is_listed(*(const str *)thumbprints, last)) return 0;
    X509_STORE *authority = X509_STORE_new();
    X509_STORE_CTX *again = X509_STORE_CTX_new();
    bool right = authority && again && X509_STORE_add_cert(authority, last) == 1
                 && X509_STORE_CTX_init(again, authority, X509_STORE_CTX_get0_cert(context), sent) == 1
                 && X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(again), X509_STORE_CTX_get0_param(context)) == 1;
    if (right) {
        X509_STORE_CTX_set_flags(again, X509_V_FLAG_PARTIAL_CHAIN);
        right = X509_verify_cert(again) == 1;
        X509_STORE_CTX_set_error(context, X509_STORE_CTX_get_error(again));
    }
    X509_STORE_CTX_free(again);
    X509_STORE_free(authority);
    return right;
}

bool line_secure(struct line *l, str name, const char *ca_path, str thumbprints) {
    char *host = arena_c_string(l->arena, name);
    str *listed = NEW(l->arena, str);
    *listed = thumbprints;
    l->context = SSL_CTX_new(TLS_client_method());
    if (!l->context) return tls_failed(l);
    SSL_CTX_set_verify(l->context, SSL_VERIFY_PEER, NULL);
    if (thumbprints.n) SSL_CTX_set_cert_verify_callback(l->context, verify_by_thumbprint, listed);
    SSL_CTX_set_min_proto_version(l->context, TLS1_2_VERSION);
    int trusted = ca_path ? SSL_CTX_load_verify_file(l->context, ca_path) : SSL_CTX_set_default_verify_paths(l->context);
    l->ssl = trusted == 1 ? SSL_new(l->context) : NULL;
    if (!l->ssl) return tls_failed(l);
    u8 number[sizeof(struct in6_addr)];
    bool address = inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1;
    int named = address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(l->ssl), host)
                        : SSL_set1_host(l->ssl, host) && ask_for_name(l->ssl, host);
    if (named != 1 || SSL_set_fd(l->ssl, l->fd) != 1) return tls_failed(l);
    for (int result; (result = SSL_connect(l->ssl)) != 1;)
        if (!tls_again(l, result)) return false;
    return true;
}

void line_close(struct line *l) {
    SSL_free(l->ssl);
    SSL_CTX_free(l->context);
    if (l->fd >= 0) close(l->fd);
}

bool line_write(struct line *l, str bytes) {
    while (bytes.n) {
        size_t written = 0;
        if (l->ssl) {
            int result = SSL_write_ex(l->ssl, bytes.p, bytes.n, &written);
            if (result != 1 && !tls_again(l, result)) return false;
        } else {
            ssize_t n = send(l->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN && !wait_for_socket(l, POLLOUT)) return false;
            if (n < 0 && errno != EAGAIN && errno != EINTR) {
                *l->problem = arena_format(l->arena, "%s", strerror(errno));
                return false;
            }
            written = n > 0 ? (size_t)n : 0;
        }
        bytes = str_skip(bytes, written);
    }
    return true;
}

ssize_t line_read(void *from, char *to, size_t n) {
    struct line *l = from;
    for (;;) {
        if (l->ssl) {
            size_t got;
            int result = SSL_read_ex(l->ssl, to, n, &got);
            if (result == 1) return (ssize_t)got;
            if (SSL_get_error(l->ssl, result) == SSL_ERROR_ZERO_RETURN) return 0;
            if (!tls_again(l, result)) return -1;
            continue;
        }
        if (!wait_for_socket(l, POLLIN)) return -1;
        ssize_t got = recv(l->fd, to, n, 0);
        if (got >= 0) return got;
        if (errno == EINTR || errno == EAGAIN) continue;
        *l->problem = arena_format(l->arena, "%s", strerror(errno));
        return -1;
    }
}
