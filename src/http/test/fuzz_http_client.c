/* A URL on the first line, behind it what a server answers, in pieces whose lengths the URL's bytes give. */
#include "http/client_answer.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct server {
    str answer, lengths;
    size_t turn;
};

static ssize_t serve(void *from, char *to, size_t n) {
    struct server *s = from;
    size_t length = s->lengths.n ? (u8)s->lengths.p[s->turn++ % s->lengths.n] % 32 + 1u : n;
    str piece = str_take(s->answer, MIN(length, n));
    if (piece.n) memcpy(to, piece.p, piece.n);
    s->answer = str_skip(s->answer, piece.n);
    return (ssize_t)piece.n;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    struct arena a = {0};
    str rest = {(const char *)data, size}, url = str_cut(&rest, '\n'), problem = {0};
    struct http_url parts = {0};
    if (http_url_parse(url, &parts)) {
        ASSERT(parts.host.n && parts.port > 0 && parts.port < 65536 && parts.path.n && parts.path.p[0] == '/');
        for (size_t i = 0; i < parts.authority.n; i++) ASSERT((u8)parts.authority.p[i] > ' ');
    }
    struct server s = {.answer = rest.p ? rest : S(""), .lengths = url};
    struct http_call call = {.method = size % 5 ? S("GET") : S("HEAD"), .answer_max = 4096};
    struct http_answer answer = {0};
    if (client_answer_read(&a, &call, serve, &s, &answer, &problem)) {
        ASSERT(answer.status >= 0 && answer.body.n <= 4096);
        for (size_t i = 0; i < answer.header_count; i++) ASSERT(answer.headers[i].name.p);
    } else {
        ASSERT(problem.n);
    }
    arena_free(&a);
    return 0;
}
