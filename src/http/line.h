/* A connection to somebody else, plain or by TLS, with one deadline for all that is done on it. It blocks. */
#ifndef BRUME_HTTP_LINE_H
#define BRUME_HTTP_LINE_H

#include "base/arena.h"

#include <sys/types.h>

struct ssl_st;
struct ssl_ctx_st;
struct line {
    int fd; /* -1: not open */
    i64 deadline_us; /* of sys_monotonic_us */
    struct arena *arena;
    str *problem; /* what went wrong, in words */
    struct ssl_st *ssl; /* private from here */
    struct ssl_ctx_st *context;
};
bool line_open(struct line *l, str host, int port);
/* From here on by TLS, with a certificate for that name under the authorities of `ca_path` (NULL: the system's) or
 * with one of these thumbprints (client.h; may be absent). */
bool line_secure(struct line *l, str host, const char *ca_path, str thumbprints);
bool line_write(struct line *l, str bytes);
/* 0: the other side ended; -1: failed. `from` is the line. */
ssize_t line_read(void *from, char *to, size_t n);
void line_close(struct line *l);

#endif
