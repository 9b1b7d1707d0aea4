/* Policies as text: what IAM accepts, what it counts, how it shows them, their statements. */
#include "iam.h"

#include "text/json.h"

err document_check(struct call *c, str json, enum policy_kind kind) {
    str problem;
    if (policy_compile(json, kind, c->arena, &problem)) return NULL;
    return fail(c, &iam_malformed_policy_document_exception, "%.*s", STR_ARGS(problem));
}

i64 document_size(str json) {
    i64 n = 0;
    for (size_t i = 0; i < json.n; i++) n += !memchr(" \t\r\n", json.p[i], 4);
    return n;
}

str document_shown(struct call *c, str json) { return percent_encode(c->arena, json, false); }

struct statements statements_of(struct arena *a, str document) {
    struct statements list = {.v = NEW_ARRAY(a, struct statement, STATEMENTS_MAX), .version = S("2008-10-17")};
    struct json_reader r = json_reader_new(a, document, json_default_limits);
    str key;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("Version"))) (void)!json_read_string(&r, &list.version);
            else if (!str_eq(key, S("Statement"))) json_skip(&r);
            else if (json_peek(&r) == JSON_OBJECT) {
                if (json_read_raw(&r, &list.v[list.n].text)) list.n++;
            } else if (json_read_array(&r))
                while (json_read_item(&r) && list.n < STATEMENTS_MAX)
                    if (json_read_raw(&r, &list.v[list.n].text)) list.n++;
        }
    return list;
}
