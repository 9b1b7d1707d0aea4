/* A small HTTP/1.1 client for calls that brume makes itself: the command line to its server, and later
 * deliveries to subscribers. One call is one connection. It blocks: on a worker or in a command, never
 * on a loop thread.
 *
 * What comes back is untrusted: status line and headers are bounded, the body ends at `answer_max`, and
 * one deadline spans connecting, sending and receiving (the system's resolver alone has its own).
 * Redirects are not followed: whoever wants that checks the new address first. */
#ifndef BRUME_HTTP_CLIENT_H
#define BRUME_HTTP_CLIENT_H

#include "http/http.h"

struct http_url {
    bool tls;
    str host;   /* without port and brackets */
    int port;   /* 80 or 443 if the URL has none */
    str authority; /* as it stands in the URL: the Host header */
    str path, query; /* raw; "/" if none; absent if there is no '?' */
};
/* http and https only; no user:password@, no fragment, no white space or control bytes. */
MUST_USE bool http_url_parse(str url, struct http_url *parts);

struct http_call {
    str method;
    struct http_url url;
    const struct http_header *headers; /* beside Host, Content-Length and Connection, which are added */
    size_t header_count;
    str body;
    i64 timeout_ms;      /* of the whole call; 0: 30 s */
    size_t answer_max;   /* bytes of body; 0: 1 MiB */
    const char *ca_path; /* https: PEM file of the only authorities to trust; NULL: the system's */
    /* https: certificates to trust beside them, by SHA-1 (40 lower-case hex digits, single spaces between): the
     * last one that the server sends may be one of these, and then is the authority. */
    str thumbprints;
};
struct http_answer {
    int status;
    const struct http_header *headers;
    size_t header_count;
    str body;
};
enum http_outcome {
    HTTP_ANSWERED,    /* whatever the status */
    HTTP_UNREACHABLE, /* no connection: nothing was sent */
    HTTP_FAILED,      /* connected, but no whole answer in time: the other side may have acted */
};
/* *problem tells why in words; everything returned lives in `a`. */
enum http_outcome http_call(struct arena *a, const struct http_call *call, struct http_answer *answer, str *problem);

#endif
