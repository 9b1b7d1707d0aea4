#include "front/aws_call.h"

#include "front/remote.h"
#include "wire/wire.h"

enum { HEADERS_MAX = 16, TIMEOUT_MS = 60000, ANSWER_MAX = 16 << 20 };

static int refused(const struct wire_service *service, u16 op, str code, str message) {
    return complain(EXIT_REFUSED, "%s %s: %.*s: %.*s", service->text + service->name, service->text + service->ops[op].name, STR_ARGS(code), STR_ARGS(message));
}

int aws_call(struct front *f, const struct wire_service *service, u16 op, const void *in, void *out) {
    enum wire_protocol protocol = (enum wire_protocol)service->protocol;
    struct wire_message asked = {0}, told = {0};
    struct wire_answer answer = {0};
    struct wire_problem wrong = {0};
    struct http_header headers[HEADERS_MAX];
    struct http_answer got;
    str url = endpoint_url(f), problem = {0};
    size_t n = 0;
    wire_encode_request(service, &service->ops[op], protocol, in, f->arena, &asked);
    struct http_call call = {.method = asked.method, .body = asked.body, .timeout_ms = TIMEOUT_MS, .answer_max = ANSWER_MAX, .ca_path = endpoint_ca(f, url)};
    str target = arena_format(f->arena, "%.*s%.*s%s%.*s", STR_ARGS(url), STR_ARGS(asked.path), asked.query.n ? "?" : "", STR_ARGS(asked.query));
    for (size_t i = 0; i < asked.header_count; i++) {
        ASSERT(n + 3 < HEADERS_MAX);
        headers[n++] = (struct http_header){asked.headers[i].name, asked.headers[i].value};
    }
    if (!http_url_parse(target, &call.url)) return complain(EXIT_USAGE, "%.*s is no address that brume understands: check --listen and --port.", STR_ARGS(url));
    if (!remote_sign(f, &call, wire_text(service, service->signing_name), headers, n, &problem)) return complain(EXIT_REFUSED, "%.*s", STR_ARGS(problem));
    switch (http_call(f->arena, &call, &got, &problem)) {
    case HTTP_UNREACHABLE: return complain(EXIT_NO_SERVER, "no server answers at %.*s (%.*s). Start one with 'brume'.", STR_ARGS(url), STR_ARGS(problem));
    case HTTP_FAILED: return complain(EXIT_REFUSED, "%.*s did not answer to the end (%.*s).", STR_ARGS(url), STR_ARGS(problem));
    case HTTP_ANSWERED: break;
    }
    told = (struct wire_message){.status = got.status, .headers = (const struct wire_header *)got.headers, .header_count = got.header_count, .body = got.body};
    if (!wire_decode_response(service, &service->ops[op], protocol, &told, f->arena, out, NULL, &answer, &wrong)) return refused(service, op, wrong.code, wrong.message);
    return answer.error_code.p ? refused(service, op, answer.error_code, answer.error_message) : EXIT_DONE;
}
