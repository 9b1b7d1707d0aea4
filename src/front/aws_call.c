#include "front/aws_call.h"

#include "front/remote.h"
#include "sys/sys.h"
#include "wire/wire.h"

enum { HEADERS_MAX = 16, TIMEOUT_MS = 60000, ANSWER_MAX = 16 << 20 };

static int refused(const struct wire_service *service, u16 op, str code, str message) {
    return complain(EXIT_REFUSED, "%s %s: %.*s: %.*s", service->text + service->name, service->text + service->ops[op].name, STR_ARGS(code), STR_ARGS(message));
}

int aws_try(struct front *f, const struct wire_service *service, u16 op, const void *in, void *out, struct aws_attempt *attempt) {
    enum wire_protocol protocol = (enum wire_protocol)service->protocol;
    struct wire_message asked = {0}, told = {0};
    struct wire_answer answer = {0};
    struct wire_problem wrong = {0};
    struct http_header headers[HEADERS_MAX];
    struct http_answer got;
    str url = endpoint_url(f), problem = {0};
    size_t n = 0;
    wire_encode_request(service, &service->ops[op], protocol, in, f->arena, &asked);
    struct http_call call = {.method = asked.method, .body = attempt->body.p ? attempt->body : asked.body, .timeout_ms = TIMEOUT_MS, .answer_max = ANSWER_MAX, .ca_path = endpoint_ca(f, url)};
    str target = arena_format(f->arena, "%.*s%.*s%s%.*s", STR_ARGS(url), STR_ARGS(asked.path), asked.query.n ? "?" : "", STR_ARGS(asked.query));
    for (size_t i = 0; i < asked.header_count; i++) {
        ASSERT(n + 3 < HEADERS_MAX);
        headers[n++] = (struct http_header){asked.headers[i].name, asked.headers[i].value};
    }
    attempt->refusal = (str){0};
    if (!http_url_parse(target, &call.url)) return complain(EXIT_USAGE, "%.*s is no address that brume understands: check --listen and --port.", STR_ARGS(url));
    if (!remote_sign(f, &call, wire_text(service, service->signing_name), headers, n, &problem)) return complain(EXIT_REFUSED, "%.*s", STR_ARGS(problem));
    i64 from_us = sys_monotonic_us();
    enum http_outcome result = http_call(f->arena, &call, &got, &problem);
    attempt->ms = (double)(sys_monotonic_us() - from_us) / 1000;
    attempt->body = problem;
    if (result == HTTP_UNREACHABLE) return complain(EXIT_NO_SERVER, "no server answers at %.*s (%.*s). Start one with 'brume'.", STR_ARGS(url), STR_ARGS(problem));
    if (result == HTTP_FAILED) {
        attempt->refusal = S("Broken");
        return EXIT_DONE;
    }
    attempt->body = got.body;
    told = (struct wire_message){.status = got.status, .headers = (const struct wire_header *)got.headers, .header_count = got.header_count, .body = got.body};
    bool read = wire_decode_response(service, &service->ops[op], protocol, &told, f->arena, out, NULL, &answer, &wrong);
    if (!read || answer.error_code.p) {
        attempt->refusal = read ? answer.error_code : wrong.code;
        attempt->body = read ? answer.error_message : wrong.message;
    }
    return EXIT_DONE;
}

int aws_call(struct front *f, const struct wire_service *service, u16 op, const void *in, void *out) {
    struct aws_attempt attempt = {0};
    int status = aws_try(f, service, op, in, out, &attempt);
    if (status != EXIT_DONE || !attempt.refusal.p) return status;
    if (str_eq(attempt.refusal, S("Broken"))) {
        str url = endpoint_url(f);
        return complain(EXIT_REFUSED, "%.*s did not answer to the end (%.*s).", STR_ARGS(url), STR_ARGS(attempt.body));
    }
    return refused(service, op, attempt.refusal, attempt.body);
}
