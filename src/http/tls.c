/* TLS on a connection. The kernel's socket is OpenSSL's own (SSL_set_fd): a read may want to write and
 * the other way round, which c->want_write tells the poll. */
#include "http/internal.h"
#include "http/tls_ca.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

bool tls_start(struct http_conn *c) {
    c->ssl = SSL_new(tls_context(c->loop->tls));
    if (!c->ssl) return false;
    SSL_set_accept_state(c->ssl);
    return SSL_set_fd(c->ssl, c->fd) == 1;
}

/* 0: try again when the poll says so; -1: dead. */
static int outcome(struct http_conn *c, int result) {
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ: return 0;
    case SSL_ERROR_WANT_WRITE: c->want_write = true; return 0;
    default: ERR_clear_error(); return -1;
    }
}

i64 tls_read(struct http_conn *c, char *to, size_t n) {
    size_t got = 0;
    while (got < n) { /* a record holds at most 16 KiB */
        size_t piece;
        int result = SSL_read_ex(c->ssl, to + got, n - got, &piece);
        if (result <= 0) {
            if (got) break; /* what it is, the next read will tell again */
            if (SSL_get_error(c->ssl, result) == SSL_ERROR_ZERO_RETURN) return 0;
            return outcome(c, result) ? -1 : -2;
        }
        got += piece;
    }
    return (i64)got;
}

bool tls_has_input(const struct http_conn *c) { return SSL_has_pending(c->ssl); }

void tls_describe(const struct http_conn *c, struct http_request *r) {
    r->tls = true;
    r->tls_minor = (u8)(SSL_version(c->ssl) - TLS1_VERSION);
    r->tls_cipher = SSL_get_cipher_name(c->ssl);
}

/* A retry offers at least the same bytes at the same place of the answer, as OpenSSL demands; small
 * parts share one record. */
i64 tls_write(struct http_conn *c, const str *parts, size_t n) {
    char record[16384];
    i64 total = 0;
    size_t part = 0, at = 0;
    for (;;) {
        while (part < n && at == parts[part].n) part++, at = 0;
        if (part == n) return total;
        str bytes = str_skip(parts[part], at);
        if (bytes.n < sizeof record) {
            size_t filled = 0, p = part, from = at;
            while (p < n && filled < sizeof record) {
                str piece = str_take(str_skip(parts[p], from), sizeof record - filled);
                if (piece.n) memcpy(record + filled, piece.p, piece.n);
                filled += piece.n;
                p++;
                from = 0;
            }
            bytes = (str){record, filled};
        } else {
            bytes.n = sizeof record;
        }
        size_t written;
        int result = SSL_write_ex(c->ssl, bytes.p, bytes.n, &written);
        if (result <= 0) {
            if (outcome(c, result)) return -1;
            c->want_write = true;
            return total;
        }
        c->progress = true;
        total += (i64)written;
        while (written) {
            size_t step = MIN(written, parts[part].n - at);
            at += step;
            written -= step;
            if (at == parts[part].n) part++, at = 0;
        }
    }
}

void tls_stop(struct http_conn *c) {
    SSL_shutdown(c->ssl); /* close_notify, if the socket takes it */
    ERR_clear_error();
    SSL_free(c->ssl);
    c->ssl = NULL;
}
