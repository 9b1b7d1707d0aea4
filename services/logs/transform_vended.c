/* The parsers for logs of services, whose form is known: each value has its name. */
#include "transform_parts.h"

#include "base/encode.h"
#include "text/regex.h"

enum { WORDS_MAX = 40 };

struct column {
    const char *name;
    bool number;
};

static void put_column(struct transform_event *e, const struct column *c, str value) {
    bool number = c->number && transform_is_number(e->arena, value);
    transform_put_member(e->root, str_of(c->name), transform_new(e->arena, number ? JSON_NUMBER : JSON_STRING, value), true);
}

/* Words between tabs where there are any (they may be empty), else between spaces. */
static u32 words_of(str text, str *words) {
    char between = str_find_char(text, '\t') == STR_NONE ? ' ' : '\t';
    u32 n = 0;
    for (str rest = str_trim(text); rest.p && n < WORDS_MAX;) {
        str word = str_cut(&rest, between);
        if (word.n || between == '\t') words[n++] = word;
    }
    return n;
}

static bool put_columns(struct transform_event *e, const char *processor, const struct column *columns, u32 count) {
    str words[WORDS_MAX], decoded;
    u32 n = words_of(e->message, words);
    if (n != count) return transform_fail(e, "%s: the log event has %u fields where there are %u.", processor, n, count);
    for (u32 i = 0; i < n; i++) put_column(e, &columns[i], percent_decode(e->arena, words[i], false, &decoded) ? decoded : words[i]);
    return true;
}

bool transform_parse_vpc(const struct transform_step *step, struct transform_event *e) {
    static const struct column columns[] = {
        {"version", true}, {"accountId", false}, {"interfaceId", false}, {"srcAddr", false}, {"dstAddr", false}, {"srcPort", true}, {"dstPort", true},
        {"protocol", true}, {"packets", true}, {"bytes", true}, {"start", true}, {"end", true}, {"action", false}, {"logStatus", false},
    };
    (void)step;
    return put_columns(e, "parseVPC", columns, LENGTH(columns));
}

bool transform_parse_route53(const struct transform_step *step, struct transform_event *e) {
    static const struct column columns[] = {
        {"version", true}, {"queryTimestamp", false}, {"hostZoneId", false}, {"queryName", false}, {"queryType", false},
        {"responseCode", false}, {"protocol", false}, {"edgeLocation", false}, {"resolverIp", false}, {"ednsClientSubnet", false},
    };
    (void)step;
    return put_columns(e, "parseRoute53", columns, LENGTH(columns));
}

bool transform_parse_cloudfront(const struct transform_step *step, struct transform_event *e) {
    static const struct column columns[] = {
        {"date", false}, {"time", false}, {"x-edge-location", false}, {"sc-bytes", true}, {"c-ip", false}, {"cs-method", false}, {"cs(Host)", false},
        {"cs-uri-stem", false}, {"sc-status", true}, {"cs(Referer)", false}, {"cs(User-Agent)", false}, {"cs-uri-query", false}, {"cs(Cookie)", false},
        {"x-edge-result-type", false}, {"x-edge-request-id", false}, {"x-host-header", false}, {"cs-protocol", false}, {"cs-bytes", true}, {"time-taken", true},
        {"x-forwarded-for", false}, {"ssl-protocol", false}, {"ssl-cipher", false}, {"x-edge-response-result-type", false}, {"cs-protocol-version", false},
        {"fle-status", false}, {"fle-encrypted-fields", false}, {"c-port", true}, {"time-to-first-byte", true}, {"x-edge-detailed-result-type", false},
        {"sc-content-type", false}, {"sc-content-len", true}, {"sc-range-start", true}, {"sc-range-end", true},
    };
    (void)step;
    return put_columns(e, "parseCloudfront", columns, LENGTH(columns));
}

/* ---- parsePostgres: the prefix of a line, "%t:%r:%u@%d:[%p]:", and its level ---- */

bool transform_check_postgres(struct transform_compiler *c, struct transform_step *step) {
    step->compiled = regex_compile(c->arena, S("\\A(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d [A-Z]+):(\\S*?):([^:@\\s]*)@([^:\\s]*):\\[(\\d+)\\]:([A-Z0-9]+):"), NULL, NULL);
    ASSERT(step->compiled);
    return true;
}

bool transform_parse_postgres(const struct transform_step *step, struct transform_event *e) {
    static const struct column columns[] = {{"logTime", false}, {"srcIp", false}, {"userName", false}, {"dbName", false}, {"processId", false}, {"logLevel", false}};
    str groups[LENGTH(columns) + 1];
    if (!regex_capture((struct regex *)(uintptr_t)step->compiled, e->message, groups, LENGTH(groups))) return transform_fail(e, "parsePostgres: the log event has another form.");
    for (u32 i = 0; i < LENGTH(columns); i++) put_column(e, &columns[i], groups[i + 1]);
    return true;
}

/* ---- parseWAF ---- */

/* A list of {"name": n, "value": v} becomes {n: v}; what has another form keeps its own members. */
static void map_names(struct transform_event *e, struct json_node *root, str path) {
    struct json_node *list = transform_at(root, path), *map = transform_new(e->arena, JSON_OBJECT, (str){0});
    if (!list || list->type != JSON_ARRAY) return;
    for (const struct json_node *i = list->first; i; i = i->next) {
        const struct json_node *name = json_node_member(i, S("name")), *value = json_node_member(i, S("value"));
        if (name && value && name->type == JSON_STRING) transform_put_member(map, name->text, transform_copy(e->arena, value), true);
        else
            for (const struct json_node *m = i->type == JSON_OBJECT ? i->first : NULL; m; m = m->next) transform_put_member(map, m->key, transform_copy(e->arena, m), true);
    }
    transform_put(e->arena, root, path, map, true);
}

bool transform_parse_waf(const struct transform_step *step, struct transform_event *e) {
    (void)step;
    struct json_node *tree = json_tree(e->arena, e->message, json_default_limits, NULL, NULL);
    if (!tree || tree->type != JSON_OBJECT) return transform_fail(e, "parseWAF: the log event is no JSON object.");
    map_names(e, tree, S("httpRequest.headers"));
    map_names(e, tree, S("labels"));
    e->root = tree;
    return true;
}
