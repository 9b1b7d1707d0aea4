#include "front/remote.h"

#include "auth/sigv4.h"
#include "base/encode.h"
#include "crypto/crypto.h"
#include "front/credentials.h"
#include "text/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { ANSWER_MAX = 16 << 20, DEPTH_MAX = 8, PROBE_MS = 2000 };

/* ---- where it is ---- */

static const char *endpoint_path(struct arena *a, const char *data) {
    return arena_c_string(a, arena_format(a, "%s/endpoint", data));
}

void endpoint_note(struct arena *a, const char *data, str url) {
    int fd;
    const char *path = endpoint_path(a, data);
    int error = file_open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600, &fd);
    if (!error) {
        str line = arena_concat(a, url, S("\n"));
        error = file_write_at(fd, line.p, line.n, 0);
        close(fd);
    }
    if (error) log_line(LOG_WARN, "endpoint_not_noted", "path=%s error=\"%s\"", path, strerror(error));
}

void endpoint_forget(struct arena *a, const char *data) { (void)file_remove(endpoint_path(a, data)); }

static bool endpoint_noted(struct front *f, str *url) {
    int fd;
    size_t n = 0;
    char *text = arena_alloc(f->arena, 512, 1);
    if (file_open(endpoint_path(f->arena, f->config.data), O_RDONLY, 0, &fd) != 0) return false;
    int error = file_read_at(fd, text, 512, 0, &n);
    close(fd);
    struct http_url parts;
    str rest = {text, n};
    *url = str_cut(&rest, '\n');
    return !error && http_url_parse(*url, &parts);
}

str endpoint_url(struct front *f) {
    const struct config *c = &f->config;
    str noted;
    bool asked = config_was_set(c, "port") || config_was_set(c, "listen") || config_was_set(c, "tls");
    if (!asked && endpoint_noted(f, &noted)) return noted;
    const char *host = address_is_loopback(c->listen) || strcmp(c->listen, "0.0.0.0") == 0 || strcmp(c->listen, "::") == 0 ? "localhost" : c->listen;
    bool six = strchr(host, ':') != NULL;
    return arena_format(f->arena, "%s://%s%s%s:%lld", c->tls ? "https" : "http", six ? "[" : "", host, six ? "]" : "", (long long)c->port);
}

const char *endpoint_ca(struct front *f, str url) {
    return str_starts(url, S("https:")) ? arena_c_string(f->arena, arena_format(f->arena, "%s/tls/ca.pem", f->config.data)) : NULL;
}

bool server_answers(struct front *f) {
    struct http_call call = {.method = S("GET"), .timeout_ms = PROBE_MS};
    struct http_answer answer;
    str problem, url = endpoint_url(f);
    call.ca_path = endpoint_ca(f, url);
    return http_url_parse(arena_concat(f->arena, url, S("/_brume/ready")), &call.url)
           && http_call(f->arena, &call, &answer, &problem) == HTTP_ANSWERED && answer.status == 200;
}

/* ---- the call ---- */

bool remote_sign(struct front *f, struct http_call *call, str service, struct http_header *headers, size_t n, str *problem) {
    struct root_credentials keys;
    if (!credentials_for_client(f->arena, &f->config, &keys, problem)) return false;
    u8 digest[32];
    sha256(call->body, digest);
    str hash = hex_of(f->arena, (str){(char *)digest, sizeof digest});
    struct buf date = buf_new(f->arena, 32);
    buf_amz_date(&date, sys_wall_ms());
    struct auth_header *signs = NEW_ARRAY(f->arena, struct auth_header, n + 3);
    size_t count = 0;
    signs[count++] = (struct auth_header){S("host"), call->url.authority};
    signs[count++] = (struct auth_header){S("x-amz-content-sha256"), hash};
    signs[count++] = (struct auth_header){S("x-amz-date"), buf_str(&date)};
    for (size_t i = 0; i < n; i++) /* S3 wants all of its own signed */
        if (str_starts(headers[i].name, S("x-amz-"))) signs[count++] = (struct auth_header){headers[i].name, headers[i].value};
    struct auth_request request = {.method = call->method, .path = call->url.path, .query = call->url.query, .headers = signs, .header_count = count};
    headers[n++] = (struct http_header){S("x-amz-content-sha256"), hash};
    headers[n++] = (struct http_header){S("x-amz-date"), buf_str(&date)};
    headers[n++] = (struct http_header){S("authorization"), sigv4_authorization(&request, keys.access_key, keys.secret, S("us-east-1"), service,
                                                                               buf_str(&date), hash, str_eq(service, S("s3")), f->arena)};
    call->headers = headers;
    call->header_count = n;
    return true;
}

int remote_call(struct front *f, const char *method, const char *name, str query, i64 timeout_ms, str *answer) {
    str url = endpoint_url(f), problem = {0};
    struct http_header headers[3];
    struct http_answer got;
    struct http_call call = {.method = str_of(method), .timeout_ms = timeout_ms, .answer_max = ANSWER_MAX, .ca_path = endpoint_ca(f, url)};
    str target = arena_format(f->arena, "%.*s/_brume/%s%s%.*s", STR_ARGS(url), name, query.n ? "?" : "", STR_ARGS(query));
    if (!http_url_parse(target, &call.url))
        return complain(EXIT_USAGE, "%.*s is no address that brume understands: check --listen and --port.", STR_ARGS(url));
    if (!remote_sign(f, &call, S("brume"), headers, 0, &problem)) return complain(EXIT_REFUSED, "%.*s", STR_ARGS(problem));
    switch (http_call(f->arena, &call, &got, &problem)) {
    case HTTP_UNREACHABLE:
        return complain(EXIT_NO_SERVER, "no server answers at %.*s (%.*s). Start one with 'brume', or name another with --port or --data.",
                        STR_ARGS(url), STR_ARGS(problem));
    case HTTP_FAILED:
        return complain(EXIT_REFUSED, "%.*s did not answer to the end (%.*s). 'brume status' tells how it is.", STR_ARGS(url), STR_ARGS(problem));
    case HTTP_ANSWERED: break;
    }
    *answer = got.body;
    if (got.status == 200) return EXIT_DONE;
    str message = remote_member(f, got.body, S("message"));
    const char *next = got.status == 403 ? " Its key is in DATA/credentials of its data directory: name that with --data." : "";
    return complain(EXIT_REFUSED, "%.*s refused (%d): %.*s%s", STR_ARGS(url), got.status, STR_ARGS(message.n ? message : S("without a reason")), next);
}

/* ---- answers ---- */

static const struct json_limits limits = {ANSWER_MAX, DEPTH_MAX};

str remote_member(struct front *f, str json, str name) {
    struct json_reader r = json_reader_new(f->arena, json, limits);
    str key, value = {0};
    if (json_peek(&r) != JSON_OBJECT || !json_read_object(&r)) return value;
    while (json_read_key(&r, &key)) {
        if (!str_eq(key, name)) json_skip(&r);
        else if (json_peek(&r) == JSON_STRING ? !json_read_string(&r, &value) : !json_read_raw(&r, &value)) break;
    }
    return value;
}

static void print_object(struct front *f, struct json_reader *r, str path, int depth) {
    str key, value;
    if (depth == DEPTH_MAX || !json_read_object(r)) return;
    while (json_read_key(r, &key)) {
        str name = path.n ? arena_format(f->arena, "%.*s.%.*s", STR_ARGS(path), STR_ARGS(key)) : key;
        enum json_type type = json_peek(r);
        if (type == JSON_OBJECT) print_object(f, r, name, depth + 1);
        else if (type == JSON_STRING ? json_read_string(r, &value) : json_read_raw(r, &value))
            printf("%-28.*s %.*s\n", STR_ARGS(name), STR_ARGS(value));
    }
}

void print_values(struct front *f, str json) {
    struct json_reader r = json_reader_new(f->arena, json, limits);
    print_object(f, &r, S(""), 0);
}
