/* HTTP/1.1 syntax, without sockets: a request's head from its bytes, and a body by pulling.
 * Everything that two parsers could read differently is refused. */
#ifndef BRUME_HTTP_H1_PARSE_H
#define BRUME_HTTP_H1_PARSE_H

#include "http/http.h"

/* ---- head ---- */
struct h1_head {
    bool http10;
    bool keep_alive; /* what the client asks for */
    bool chunked;
    str websocket_key; /* of a well-formed upgrade request */
};
/* The length of the head at the start of `bytes`, its empty line included; 0: not complete. `from`
 * is where the last search ended, to keep slow senders linear. */
size_t h1_head_end(str bytes, size_t *from);
/* Parses a complete head; the request's views point into `head` and `a`. 0, or the status with which
 * to refuse (400, 414, 431, 501, 505). */
int h1_parse_head(str head, const struct http_limits *limits, struct arena *a, struct http_request *r,
                  struct h1_head *h);

/* ---- body ---- */
struct h1_body {
    u64 left;      /* bytes of the body, or of the chunk, that are still to come */
    u16 line;      /* bytes of the framing line so far */
    u16 trailer;   /* bytes of all trailers so far */
    u8 state;
    u8 digits;
};
enum h1_body_step { H1_BODY_MORE, H1_BODY_BYTES, H1_BODY_END, H1_BODY_BAD };
void h1_body_start(struct h1_body *b, bool chunked, u64 length);
/* Takes from *in. H1_BODY_BYTES: *bytes is a view of body bytes, call again; H1_BODY_MORE: all of *in
 * is taken; H1_BODY_END: what is left of *in belongs to the next request. */
enum h1_body_step h1_body_next(struct h1_body *b, str *in, str *bytes);

#endif
