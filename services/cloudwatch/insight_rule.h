/* Contributor Insights' rules over logs: the definition (JSON), and what a line contributes by it. Pure.
 *
 *     {"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": ["api", "web*"], "LogFormat": "JSON",
 *      "Contribution": {"Keys": ["$.ip"], "ValueOf": "$.bytes", "Filters": [{"Match": "$.status", "GreaterThan": 399}]},
 *      "AggregateOn": "Sum"} */
#ifndef BRUME_CLOUDWATCH_INSIGHT_RULE_H
#define BRUME_CLOUDWATCH_INSIGHT_RULE_H

#include "cloud/cloud.h"

enum { INSIGHT_GROUPS_MAX = 20, INSIGHT_KEYS_MAX = 4, INSIGHT_FILTERS_MAX = 4, INSIGHT_VALUES_MAX = 10, INSIGHT_FIELDS_MAX = 40 };

struct insight_filter {
    str field;
    u8 kind;   /* enum insight_match */
    str *values;
    u32 n;
    double number;
    bool present;
};
enum insight_match { MATCH_IN, MATCH_NOT_IN, MATCH_STARTS, MATCH_NOT_STARTS, MATCH_PRESENT, MATCH_EQUAL, MATCH_NOT_EQUAL, MATCH_GREATER, MATCH_LESS };

struct insight_rule {
    str groups[INSIGHT_GROUPS_MAX];
    u32 group_count;
    bool common; /* LogFormat CLF: fields by number, and names for them; else JSON: paths */
    bool sum;
    str keys[INSIGHT_KEYS_MAX], value /* absent: none */;
    u32 key_count;
    struct insight_filter filters[INSIGHT_FILTERS_MAX];
    u32 filter_count;
    str fields[INSIGHT_FIELDS_MAX + 1]; /* CLF: the name of each number, or absent */
};
/* False: *problem says why it is no rule. */
MUST_USE bool insight_rule_read(struct arena *a, str definition, struct insight_rule *rule, str *problem);
/* False: the line contributes nothing. *keys is a JSON array of texts. */
MUST_USE bool insight_rule_line(struct arena *a, const struct insight_rule *rule, str line, str *keys, double *value);

#endif
