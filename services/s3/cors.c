/* Cross-origin requests: a bucket's rules, and the one that a browser's request meets. */
#include "services/s3/config.h"

enum { RULES_MAX = 100 };

static err wildcard_check(struct call *c, const char *what, str text) {
    size_t first = str_find_char(text, '*');
    if (first == STR_NONE || str_find_char(str_skip(text, first + 1), '*') == STR_NONE) return NULL;
    return fail(c, &s3_invalid_request, "%s \"%.*s\" can not have more than one wildcard.", what, STR_ARGS(text));
}

static err rule_check(struct call *c, const struct s3_cors_rule *rule) {
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
    enum { ID_MAX = 255 };
    if (!rule->allowed_methods.n || !rule->allowed_origins.n || rule->id.n > ID_MAX) return s3_fail_malformed(c);
    for (u32 i = 0; i < rule->allowed_methods.n; i++) {
        bool known = false;
        for (size_t k = 0; k < LENGTH(methods); k++) known |= str_eq(rule->allowed_methods.v[i], str_of(methods[k]));
        if (!known)
            return fail(c, &s3_invalid_request,
                        "Found unsupported HTTP method in CORS config. Unsupported method is %.*s",
                        STR_ARGS(rule->allowed_methods.v[i]));
    }
    for (u32 i = 0; i < rule->allowed_origins.n; i++) TRY(wildcard_check(c, "AllowedOrigin", rule->allowed_origins.v[i]));
    for (u32 i = 0; i < rule->allowed_headers.n; i++) TRY(wildcard_check(c, "AllowedHeader", rule->allowed_headers.v[i]));
    for (u32 i = 0; i < rule->expose_headers.n; i++)
        if (str_find_char(rule->expose_headers.v[i], '*') != STR_NONE)
            return fail(c, &s3_invalid_request, "ExposeHeader \"%.*s\" contains wildcard. We currently do not support wildcard for "
                                                "ExposeHeader.", STR_ARGS(rule->expose_headers.v[i]));
    return NULL;
}

err s3_put_bucket_cors(struct call *c, const struct s3_put_bucket_cors_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    const struct s3_cors_configuration *wanted = in->cors_configuration;
    if (!wanted || !wanted->cors_rules.n) return s3_fail_malformed(c);
    if (wanted->cors_rules.n > RULES_MAX)
        return fail(c, &s3_invalid_request, "The number of CORS rules should not exceed allowed limit of %d rules.", RULES_MAX);
    for (u32 i = 0; i < wanted->cors_rules.n; i++) TRY(rule_check(c, &wanted->cors_rules.v[i]));
    s3_config_put(c, &bucket, S3_CONFIG_CORS, &s3_cors_record, wanted);
    return NULL;
}

err s3_get_bucket_cors(struct call *c, const struct s3_get_bucket_cors_request *in, struct s3_get_bucket_cors_output *out) {
    struct bucket_row bucket;
    struct s3_cors_configuration cors;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!s3_config_get(c, &bucket, S3_CONFIG_CORS, &s3_cors_record, &cors)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_no_such_cors_configuration, "The CORS configuration does not exist");
    }
    out->cors_rules = cors.cors_rules;
    return NULL;
}

err s3_delete_bucket_cors(struct call *c, const struct s3_delete_bucket_cors_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    s3_config_delete(c, &bucket, S3_CONFIG_CORS);
    return NULL;
}

/* ---- a request against the rules ---- */

static bool matches(str pattern, str text, bool nocase) {
    size_t star = str_find_char(pattern, '*');
    if (star == STR_NONE) return nocase ? str_eq_nocase(pattern, text) : str_eq(pattern, text);
    str head = str_take(pattern, star), tail = str_skip(pattern, star + 1);
    if (text.n < head.n + tail.n) return false;
    str first = str_take(text, head.n), last = str_skip(text, text.n - tail.n);
    return nocase ? str_eq_nocase(first, head) && str_eq_nocase(last, tail) : str_eq(first, head) && str_eq(last, tail);
}

static bool any(const str *patterns, u32 n, str text, bool nocase, str *pattern) {
    for (u32 i = 0; i < n; i++)
        if (matches(patterns[i], text, nocase)) return *pattern = patterns[i], true;
    return false;
}

static bool rule_allows(const struct s3_cors_rule *rule, const struct cors_question *q, str *origin_pattern) {
    str ignored, rest = q->headers;
    if (!any(rule->allowed_origins.v, rule->allowed_origins.n, q->origin, false, origin_pattern)) return false;
    if (!any(rule->allowed_methods.v, rule->allowed_methods.n, q->method, false, &ignored)) return false;
    while (rest.p) {
        str header = str_trim(str_cut(&rest, ','));
        if (header.n && !any(rule->allowed_headers.v, rule->allowed_headers.n, header, true, &ignored)) return false;
    }
    return true;
}

static str joined(struct call *c, const str *v, u32 n) {
    size_t length = 2;
    for (u32 i = 0; i < n; i++) length += v[i].n + 2;
    struct buf b = buf_new(c->arena, length);
    for (u32 i = 0; i < n; i++) {
        if (i) buf_add(&b, S(", "));
        buf_add(&b, v[i]);
    }
    return buf_str(&b);
}

int s3_cors(struct call *c, const struct cors_question *q) {
    struct bucket_row bucket;
    struct s3_cors_configuration cors;
    str path = str_skip(q->path, 1), name = str_cut(&path, '/'), pattern = {0};
    if (!s3_bucket_find(c, name, &bucket) || !s3_config_get(c, &bucket, S3_CONFIG_CORS, &s3_cors_record, &cors)) return CORS_NONE;
    for (u32 i = 0; i < cors.cors_rules.n; i++) {
        const struct s3_cors_rule *rule = &cors.cors_rules.v[i];
        if (!rule_allows(rule, q, &pattern)) continue;
        bool everybody = str_eq(pattern, S("*"));
        answer_header(c, S("Access-Control-Allow-Origin"), everybody ? pattern : q->origin);
        if (q->headers.n) {
            struct buf lower = buf_new(c->arena, q->headers.n + 1);
            for (size_t k = 0; k < q->headers.n; k++) {
                char x = q->headers.p[k];
                buf_char(&lower, (char)(x >= 'A' && x <= 'Z' ? x + 32 : x));
            }
            answer_header(c, S("Access-Control-Allow-Headers"), buf_str(&lower));
        }
        answer_header(c, S("Access-Control-Allow-Methods"), joined(c, rule->allowed_methods.v, rule->allowed_methods.n));
        if (rule->expose_headers.n)
            answer_header(c, S("Access-Control-Expose-Headers"), joined(c, rule->expose_headers.v, rule->expose_headers.n));
        if (rule->max_age_seconds.set)
            answer_header(c, S("Access-Control-Max-Age"), arena_format(c->arena, "%d", rule->max_age_seconds.v));
        if (!everybody) answer_header(c, S("Access-Control-Allow-Credentials"), S("true"));
        answer_header(c, S("Vary"), S("Origin, Access-Control-Request-Headers, Access-Control-Request-Method"));
        return CORS_ALLOWED;
    }
    return CORS_REFUSED;
}
