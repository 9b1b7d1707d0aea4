/* Insight rules: what is one, and what lines contribute. */
#include "../insight_rule.h"

#include "unit.h"

#define JSON_RULE(more) "{\"Schema\":{\"Name\":\"CloudWatchLogRule\",\"Version\":1},\"LogGroupNames\":[\"g\"],\"LogFormat\":\"JSON\"," more "}"
#define CLF_RULE(more) "{\"Schema\":{\"Name\":\"CloudWatchLogRule\",\"Version\":1},\"LogGroupNames\":[\"g\"],\"LogFormat\":\"CLF\"," more "}"

static str result(struct arena *a, const char *definition, const char *line) { /* "2.5 [\"key\"]" */
    struct insight_rule rule;
    str problem, keys;
    double value;
    if (!insight_rule_read(a, str_of(definition), &rule, &problem)) return problem;
    if (!insight_rule_line(a, &rule, str_of(line), &keys, &value)) return S("nothing");
    return arena_format(a, "%g %.*s", value, STR_ARGS(keys));
}
#define IS(definition, line, expected) CHECK_STR(result(&a, definition, line), S(expected))

static void lines_of_json(void) {
    struct arena a = {0};
    const char *by_key = JSON_RULE("\"Contribution\":{\"Keys\":[\"$.a\"]}");
    IS(by_key, "{\"a\":\"x\"}", "1 [\"x\"]");
    IS(by_key, "{\"a\":7}", "1 [\"7\"]");
    IS(by_key, "{\"a\":true}", "1 [\"true\"]");
    IS(by_key, "{\"a\":{}}", "nothing");
    IS(by_key, "{\"b\":1}", "nothing");
    IS(by_key, "[\"a\"]", "nothing");
    IS(by_key, "plain", "nothing");
    const char *deep = JSON_RULE("\"Contribution\":{\"Keys\":[\"$.a.b[1].c\",\"$.d\"],\"ValueOf\":\"$.v\"},\"AggregateOn\":\"Sum\"");
    IS(deep, "{\"a\":{\"b\":[0,{\"c\":\"x\"}]},\"d\":\"y\",\"v\":2.5}", "2.5 [\"x\",\"y\"]");
    IS(deep, "{\"a\":{\"b\":[0]},\"d\":\"y\",\"v\":2.5}", "nothing");
    IS(deep, "{\"a\":{\"b\":[0,{\"c\":\"x\"}]},\"d\":\"y\",\"v\":\"many\"}", "nothing");
    const char *number = JSON_RULE("\"Contribution\":{\"Keys\":[\"$.a\"],\"Filters\":[{\"Match\":\"$.n\",\"EqualTo\":2}]}");
    IS(number, "{\"a\":\"x\",\"n\":2.0}", "1 [\"x\"]");
    IS(number, "{\"a\":\"x\",\"n\":3}", "nothing");
    IS(number, "{\"a\":\"x\"}", "nothing");
    arena_free(&a);
}

static void lines_in_common_log_format(void) {
    struct arena a = {0};
    const char *rule = CLF_RULE("\"Fields\":{\"4\":\"When\"},\"Contribution\":{\"Keys\":[\"1\",\"When\"],\"ValueOf\":\"7\"},\"AggregateOn\":\"Sum\"");
    IS(rule, "10.0.0.9 - - [10/Oct/2026 -0700] \"GET / HTTP\" 200 12", "12 [\"10.0.0.9\",\"10/Oct/2026 -0700\"]");
    IS(rule, "10.0.0.9 - - [never closed", "nothing");
    IS(rule, "", "nothing");
    arena_free(&a);
}

static void what_is_no_rule(void) {
    struct arena a = {0};
    IS("[]", "", "The rule definition is not a JSON object");
    IS(JSON_RULE("\"Contribution\":{\"Keys\":[]}"), "", "Contribution must have 1 to 4 Keys");
    IS(JSON_RULE("\"AggregateOn\":\"Sum\",\"Contribution\":{\"Keys\":[\"$.a\"]}"), "", "AggregateOn Sum requires ValueOf");
    IS(CLF_RULE("\"Contribution\":{\"Keys\":[\"When\"]}"), "", "Keys, ValueOf and Match name a field: $.path in JSON; a number, or a name of Fields, in CLF");
    IS(CLF_RULE("\"Fields\":{\"0\":\"a\"},\"Contribution\":{\"Keys\":[\"1\"]}"), "", "Fields names fields by their number, from 1");
    arena_free(&a);
}

UNIT_MAIN(UNIT(lines_of_json), UNIT(lines_in_common_log_format), UNIT(what_is_no_rule))
