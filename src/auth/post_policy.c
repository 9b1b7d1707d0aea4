#include "auth/post_policy.h"

#include "base/encode.h"
#include "text/json.h"

#include <stdlib.h>

struct check {
    struct arena *arena;
    const struct form_field *fields;
    size_t n;
    bool *covered;
    struct post_policy_verdict verdict;
};

static bool refuse(struct check *c, str code, str message) {
    if (!c->verdict.code.p) {
        c->verdict.code = code;
        c->verdict.message = message;
    }
    return false;
}

static bool invalid(struct check *c, const char *why) {
    return refuse(c, S("InvalidPolicyDocument"), arena_format(c->arena, "Invalid Policy: %s", why));
}

static bool failed(struct check *c, str condition) {
    return refuse(c, S("AccessDenied"),
                  arena_format(c->arena, "Invalid according to Policy: Policy Condition failed: %.*s", STR_ARGS(condition)));
}

/* The field's value; covered from now on. Absent if the form has none. */
static str field_of(struct check *c, str name) {
    for (size_t i = 0; i < c->n; i++)
        if (str_eq_nocase(c->fields[i].name, name)) {
            c->covered[i] = true;
            return c->fields[i].value;
        }
    return (str){0};
}

/* {"acl": "public-read"} */
static bool exact_matches(struct check *c, struct json_reader *r) {
    str key, value;
    int properties = 0;
    if (!json_read_object(r)) return false;
    for (; json_read_key(r, &key); properties++) {
        if (!json_read_string(r, &value)) return false;
        str have = field_of(c, key);
        if (!have.p || !str_eq(have, value))
            failed(c, arena_format(c->arena, "[\"eq\", \"$%.*s\", \"%.*s\"]", STR_ARGS(key), STR_ARGS(value)));
    }
    if (properties == 1) return true;
    c->verdict.code = (str){0}; /* a malformed policy is that before it is one that does not hold */
    return invalid(c, "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
}

static bool length_range(struct check *c, struct json_reader *r) {
    i64 bounds[2];
    for (int i = 0; i < 2; i++) {
        str text;
        if (!json_read_item(r)) return false;
        bool quoted = json_peek(r) == JSON_STRING;
        if (quoted ? !json_read_string(r, &text) : !json_read_number(r, &text)) return false;
        if (!str_to_i64(text, &bounds[i]) || bounds[i] < 0) return invalid(c, "Invalid content-length-range.");
    }
    c->verdict.min_bytes = bounds[0];
    c->verdict.max_bytes = bounds[1];
    return !json_read_item(r);
}

/* ["eq"|"starts-with", "$key", "value"] or ["content-length-range", min, max] */
static bool operator_match(struct check *c, struct json_reader *r, str raw) {
    str operation, name, value;
    if (!json_read_array(r) || !json_read_item(r) || !json_read_string(r, &operation)) return false;
    if (str_eq_nocase(operation, S("content-length-range"))) return length_range(c, r);
    if (!json_read_item(r) || !json_read_string(r, &name) || !json_read_item(r) || !json_read_string(r, &value) || json_read_item(r))
        return false;
    if (!str_starts(name, S("$"))) return invalid(c, "Invalid Simple-Condition: field names begin with $.");
    str have = field_of(c, str_skip(name, 1));
    bool prefix = str_eq_nocase(operation, S("starts-with"));
    if (!prefix && !str_eq_nocase(operation, S("eq"))) return invalid(c, "Invalid Simple-Condition: unknown operation.");
    bool holds = have.p && (prefix ? str_starts(have, value) : str_eq(have, value));
    if (!holds) failed(c, raw);
    return true;
}

static bool conditions(struct check *c, struct json_reader *r) {
    if (!json_read_array(r)) return false;
    while (json_read_item(r)) {
        str raw;
        if (!json_read_raw(r, &raw)) return false;
        struct json_reader one = json_reader_new(c->arena, raw, json_default_limits);
        enum json_type type = json_peek(&one);
        bool read = type == JSON_OBJECT ? exact_matches(c, &one) : type == JSON_ARRAY && operator_match(c, &one, raw);
        if (!read || !json_done(&one)) return false;
    }
    return true;
}

static bool document_read(struct check *c, str document, i64 now_ms) {
    struct json_reader r = json_reader_new(c->arena, document, json_default_limits);
    bool has_expiration = false, has_conditions = false;
    str key, text;
    i64 expiration;
    if (!json_read_object(&r)) return invalid(c, "Invalid JSON.");
    while (json_read_key(&r, &key)) {
        if (str_eq(key, S("expiration"))) {
            if (!json_read_string(&r, &text) || !iso8601_parse(text, &expiration)) return invalid(c, "Invalid 'expiration' value.");
            has_expiration = true;
            if (expiration < now_ms) refuse(c, S("AccessDenied"), S("Invalid according to Policy: Policy expired."));
        } else if (str_eq(key, S("conditions"))) {
            has_conditions = true;
            if (!conditions(c, &r)) return invalid(c, "Invalid JSON.");
        } else {
            json_skip(&r);
        }
    }
    if (!json_done(&r)) return invalid(c, "Invalid JSON.");
    if (!has_expiration) return invalid(c, "Policy missing expiration.");
    return has_conditions || invalid(c, "Policy missing conditions.");
}

/* Fields that need no condition. */
static bool exempt(str name) {
    static const char *const names[] = {"x-amz-signature", "file", "policy", "bucket", "awsaccesskeyid", "signature"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq_nocase(name, str_of(names[i]))) return true;
    return name.n > 9 && str_eq_nocase(str_take(name, 9), S("x-ignore-"));
}

struct post_policy_verdict post_policy_check(str document, const struct form_field *fields, size_t n, i64 now_ms, struct arena *a) {
    struct check c = {.arena = a, .fields = fields, .n = n, .covered = NEW_ARRAY(a, bool, n), .verdict = {.max_bytes = -1}};
    if (!document_read(&c, document, now_ms)) return c.verdict;
    for (size_t i = 0; i < n; i++)
        if (!c.covered[i] && !exempt(fields[i].name))
            refuse(&c, S("AccessDenied"),
                   arena_format(a, "Invalid according to Policy: Extra input fields: %.*s", STR_ARGS(fields[i].name)));
    return c.verdict;
}
