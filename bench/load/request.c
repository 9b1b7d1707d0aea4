#include "load/load.h"

#include "auth/sigv4.h"
#include "base/encode.h"
#include "crypto/crypto.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static str amz_date(struct arena *a) {
    time_t now = (time_t)(sys_wall_ms() / 1000);
    struct tm tm;
    gmtime_r(&now, &tm);
    char text[32];
    return arena_str(a, (str){text, strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm)});
}

static str payload_hash(struct arena *a, const struct signing *s) {
    if (s->body_bytes > s->body.n) return S("UNSIGNED-PAYLOAD");
    if (s->body_hash.p) return s->body_hash;
    u8 digest[32];
    sha256(s->body, digest);
    char *hex = arena_alloc(a, 64, 1);
    hex_encode((str){(const char *)digest, sizeof digest}, hex);
    return (str){hex, 64};
}

struct request request_sign(struct arena *a, const struct signing *s) {
    str date = amz_date(a), hash = payload_hash(a, s);
    str host = arena_format(a, "localhost:%d", s->target->port);
    bool s3 = strcmp(s->service, "s3") == 0;
    struct auth_header signed_ones[5];
    size_t n = 0;
    if (s->content_type) signed_ones[n++] = (struct auth_header){S("content-type"), str_of(s->content_type)};
    signed_ones[n++] = (struct auth_header){S("host"), host};
    if (s3) signed_ones[n++] = (struct auth_header){S("x-amz-content-sha256"), hash};
    signed_ones[n++] = (struct auth_header){S("x-amz-date"), date};
    if (s->operation) signed_ones[n++] = (struct auth_header){S("x-amz-target"), str_of(s->operation)};
    struct auth_request r = {str_of(s->method), s->path, s->query, signed_ones, n};
    str authorization = sigv4_authorization(&r, s->target->access_key, s->target->secret, s->target->region,
                                            str_of(s->service), date, hash, s3, a);
    struct buf b = buf_new(a, ANSWER_MAX);
    buf_format(&b, "%s %.*s%s%.*s HTTP/1.1\r\n", s->method, STR_ARGS(s->path), s->query.p ? "?" : "", STR_ARGS(s->query));
    for (size_t i = 0; i < n; i++) buf_format(&b, "%.*s: %.*s\r\n", STR_ARGS(signed_ones[i].name), STR_ARGS(signed_ones[i].value));
    u64 body_bytes = MAX(s->body_bytes, s->body.n);
    if (body_bytes || strcmp(s->method, "PUT") == 0 || strcmp(s->method, "POST") == 0) buf_format(&b, "content-length: %llu\r\n", (unsigned long long)body_bytes);
    if (s->close) buf_add(&b, S("connection: close\r\n"));
    buf_format(&b, "authorization: %.*s\r\n\r\n", STR_ARGS(authorization));
    ASSERT(!b.over);
    return (struct request){buf_str(&b), s->body, body_bytes, strcmp(s->method, "HEAD") == 0};
}

static bool send_all(int fd, str bytes) {
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes = str_skip(bytes, (size_t)n);
    }
    return true;
}

bool exchange(struct arena *a, const struct target *t, const struct request *r, struct answer *answer) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((u16)t->port)};
    inet_pton(AF_INET, t->address, &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    struct timeval patience = {30, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    bool sent = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && send_all(fd, r->head);
    for (u64 left = r->body_bytes; sent && left; left -= MIN(left, r->piece.n)) sent = send_all(fd, str_take(r->piece, left));
    struct buf b = buf_new(a, 1 << 20);
    char bytes[8192];
    *answer = (struct answer){0};
    for (ssize_t n; sent && (n = recv(fd, bytes, sizeof bytes, 0)) > 0;) buf_add(&b, (str){bytes, (size_t)n});
    close(fd);
    answer->text = buf_str(&b);
    size_t end = str_find(answer->text, S("\r\n\r\n"));
    if (end == STR_NONE || answer->text.n < 12) return false;
    answer->status = (int)strtol(answer->text.p + 9, NULL, 10);
    answer->body = str_skip(answer->text, end + 4);
    return true;
}
