/* The cloud's own certificate authority: made at the first start, kept in a directory; it mints a
 * certificate for every name that a client asks for. */
#ifndef BRUME_HTTP_TLS_CA_H
#define BRUME_HTTP_TLS_CA_H

#include "http/http.h"

struct ssl_ctx_st;
struct ssl_ctx_st *tls_context(const struct http_tls *tls);

#endif
