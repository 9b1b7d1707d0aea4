/* Event patterns: EventBridge's rules, its pipes and archives, and SNS's filter policies all speak this
 * one language. A pattern is compiled once and asked about one event at a time.
 *
 * An object of the pattern asks for all of its fields, the list at a field for one of its values; "$or" for
 * one of its objects. Where the event has an array of objects, one element has to satisfy all that the
 * pattern asks below that field. */
#ifndef BRUME_PATTERN_H
#define BRUME_PATTERN_H

#include "text/tree.h"

enum pattern_dialect {
    PATTERN_EVENTS,          /* EventBridge */
    PATTERN_SNS_BODY,        /* FilterPolicyScope MessageBody */
    PATTERN_SNS_ATTRIBUTES,  /* FilterPolicyScope MessageAttributes: nothing nested */
};

enum pattern_test {
    PATTERN_EQUALS_STRING,
    PATTERN_EQUALS_NUMBER,
    PATTERN_EQUALS_LITERAL, /* true, false, null */
    PATTERN_PREFIX,
    PATTERN_SUFFIX,
    PATTERN_WILDCARD,
    PATTERN_NUMERIC, /* a range */
    PATTERN_CIDR,
    PATTERN_EXISTS,
    PATTERN_ANYTHING_BUT, /* none of `but`; `but` NULL cannot be */
};
struct pattern_value {
    struct pattern_value *next;
    u8 test; /* enum pattern_test */
    bool ignore_case; /* equals, prefix, suffix */
    bool exists;
    bool from_open, to_open; /* numeric: the bounds themselves do not belong to it */
    u8 literal; /* enum json_type, and `exists` as the boolean */
    u8 address[16], address_bits, address_bytes;
    str text;
    double from, to; /* an exact number is from == to */
    struct pattern_value *but;
};
struct pattern_field {
    struct pattern_field *next;
    str name;
    struct pattern_value *values;  /* of a leaf */
    struct pattern_object *nested; /* or what is asked further down */
};
struct pattern_choice { /* "$or" */
    struct pattern_choice *next;
    struct pattern_object *of; /* linked by `next` */
};
struct pattern_object {
    struct pattern_object *next;
    struct pattern_field *fields;
    struct pattern_choice *choices;
};
struct pattern {
    struct pattern_object root;
    u32 leaves;     /* fields that have values */
    u64 complexity; /* product over the leaves of values times depth, saturating: SNS's measure */
};

/* NULL if it is no pattern; *problem is then AWS's own reason, with the place in the source. */
MUST_USE const struct pattern *pattern_compile(str json, enum pattern_dialect dialect, struct arena *a, str *problem);

bool pattern_matches(const struct pattern *p, const struct json_node *event);

#endif
