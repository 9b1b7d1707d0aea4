/* Definitions of insight rules, and lines of logs under them: the input is a definition, a NUL, a line. */
#include "../insight_rule.h"

static const char *const rules[] = {
    "{\"Schema\":{\"Name\":\"CloudWatchLogRule\",\"Version\":1},\"LogGroupNames\":[\"g\"],\"LogFormat\":\"JSON\",\"Contribution\":{\"Keys\":[\"$.a\",\"$.b[1].c\"],\"ValueOf\":\"$.v\","
    "\"Filters\":[{\"Match\":\"$.s\",\"StartsWith\":[\"x\"]},{\"Match\":\"$.n\",\"GreaterThan\":1}]},\"AggregateOn\":\"Sum\"}",
    "{\"Schema\":{\"Name\":\"CloudWatchLogRule\",\"Version\":1},\"LogGroupNames\":[\"g\"],\"LogFormat\":\"CLF\",\"Fields\":{\"4\":\"When\"},\"Contribution\":{\"Keys\":[\"1\",\"When\"],"
    "\"Filters\":[{\"Match\":\"2\",\"IsPresent\":true}]}}",
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct arena a = {0};
    struct insight_rule rule;
    str text = {(const char *)bytes, n}, definition = str_cut(&text, '\0'), keys = {0}, problem = {0};
    double value = 0;
    bool read = insight_rule_read(&a, definition, &rule, &problem);
    ASSERT(read != (problem.p != NULL));
    if (read && insight_rule_line(&a, &rule, text, &keys, &value)) ASSERT(keys.n > 2);
    for (size_t i = 0; i < LENGTH(rules); i++)
        if (insight_rule_read(&a, str_of(rules[i]), &rule, &problem) && insight_rule_line(&a, &rule, text, &keys, &value)) ASSERT(keys.n > 2);
    arena_free(&a);
    return 0;
}
