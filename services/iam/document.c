/* Policies as text: what IAM accepts, what it counts, how it shows them. */
#include "iam.h"

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
