/* Requests to others' endpoints, as connections and API destinations put them together. */
#include "connection.h"

#include "text/json.h"

enum { TEXT_MAX = 64 << 10, ANSWER_MAX = 6 << 20 /* what Pipes take of an enrichment */ };

void request_begin(struct arena *a, struct request *r, str url, str method) {
    *r = (struct request){.url = url, .method = method, .headers = NEW_ARRAY(a, struct http_header, HTTP_HEADERS_MAX), .query = buf_new(a, TEXT_MAX), .form = buf_new(a, TEXT_MAX)};
}

/* A name that is there already is replaced. Bytes that would end a header are spaces. */
void request_header(struct arena *a, struct request *r, str name, str value) {
    char *clean = arena_c_string(a, value);
    for (size_t i = 0; i < value.n; i++)
        if ((u8)clean[i] < 0x20 || clean[i] == 0x7f) clean[i] = ' ';
    u32 at = 0;
    while (at < r->header_count && !str_eq_nocase(r->headers[at].name, name)) at++;
    if (at == HTTP_HEADERS_MAX) return;
    r->headers[at] = (struct http_header){name, (str){clean, value.n}};
    r->header_count = MAX(r->header_count, at + 1);
}

static void add_pair(struct buf *b, str name, str value) {
    if (b->n) buf_char(b, '&');
    buf_percent(b, name, false);
    buf_char(b, '=');
    buf_percent(b, value, false);
}

void request_query(struct request *r, str name, str value) { add_pair(&r->query, name, value); }

void request_parameters(struct arena *a, struct request *r, const struct parameters *list) {
    struct buf members = buf_new(a, TEXT_MAX);
    for (u32 i = 0; i < list->n; i++) {
        const struct parameter *p = &list->v[i];
        if (str_eq(p->place, S("header"))) request_header(a, r, p->key, p->value);
        if (str_eq(p->place, S("query"))) request_query(r, p->key, p->value);
        if (!str_eq(p->place, S("body"))) continue;
        add_pair(&r->form, p->key, p->value);
        if (members.n) buf_char(&members, ',');
        struct buf one = buf_new(a, TEXT_MAX);
        json_write_string(&one, p->key);
        buf_add(&members, buf_str(&one));
        buf_char(&members, ':');
        one = buf_new(a, TEXT_MAX);
        json_write_string(&one, p->value);
        buf_add(&members, buf_str(&one));
    }
    r->body_members = buf_str(&members);
}

int request_send(struct arena *a, struct request *r, str body, struct http_answer *answer, str *problem) {
    struct http_call call = {.method = r->method, .headers = r->headers, .header_count = r->header_count, .body = body, .timeout_ms = HTTP_TIMEOUT_MS, .answer_max = ANSWER_MAX};
    str url = r->url, query = buf_str(&r->query);
    if (query.n) url = arena_format(a, "%.*s%c%.*s", STR_ARGS(url), str_find_char(url, '?') == STR_NONE ? '?' : '&', STR_ARGS(query));
    *answer = (struct http_answer){0};
    *problem = (str){0};
    if (r->query.over || r->form.over || !http_url_parse(url, &call.url)) {
        *problem = S("The endpoint is not a valid URL.");
        return 0;
    }
    return http_call(a, &call, answer, problem) == HTTP_ANSWERED ? answer->status : 0;
}
