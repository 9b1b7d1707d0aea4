/* Event patterns: EventBridge's rules, its pipes and archives, and SNS's filter policies all speak this
 * one language. A pattern is compiled once and asked about one event at a time.
 *
 * An object of the pattern asks for all of its fields, the list at a field for one of its values; "$or" for
 * one of its objects. Where the event has an array of objects, one element has to satisfy all that the
 * pattern asks below that field. */
#ifndef BRUME_EVENT_PATTERN_H
#define BRUME_EVENT_PATTERN_H

#include "text/tree.h"

enum event_pattern_dialect {
    EVENT_PATTERN_EVENTS,          /* EventBridge */
    EVENT_PATTERN_SNS_BODY,        /* FilterPolicyScope MessageBody */
    EVENT_PATTERN_SNS_ATTRIBUTES,  /* FilterPolicyScope MessageAttributes: nothing nested */
};

enum event_pattern_test {
    EVENT_PATTERN_EQUALS_STRING,
    EVENT_PATTERN_EQUALS_NUMBER,
    EVENT_PATTERN_EQUALS_LITERAL, /* true, false, null */
    EVENT_PATTERN_PREFIX,
    EVENT_PATTERN_SUFFIX,
    EVENT_PATTERN_WILDCARD,
    EVENT_PATTERN_NUMERIC, /* a range */
    EVENT_PATTERN_CIDR,
    EVENT_PATTERN_EXISTS,
    EVENT_PATTERN_ANYTHING_BUT, /* none of `but`; `but` NULL cannot be */
};
struct event_pattern_value {
    struct event_pattern_value *next;
    u8 test; /* enum event_pattern_test */
    bool ignore_case; /* equals, prefix, suffix */
    bool exists;
    bool from_open, to_open; /* numeric: the bounds themselves do not belong to it */
    u8 literal; /* enum json_type, and `exists` as the boolean */
    u8 address[16], address_bits, address_bytes;
    str text;
    double from, to; /* an exact number is from == to */
    struct event_pattern_value *but;
};
struct event_pattern_field {
    struct event_pattern_field *next;
    str name;
    struct event_pattern_value *values;  /* of a leaf */
    struct event_pattern_object *nested; /* or what is asked further down */
};
struct event_pattern_choice { /* "$or" */
    struct event_pattern_choice *next;
    struct event_pattern_object *of; /* linked by `next` */
};
struct event_pattern_object {
    struct event_pattern_object *next;
    struct event_pattern_field *fields;
    struct event_pattern_choice *choices;
};
struct event_pattern {
    struct event_pattern_object root;
    u32 leaves;     /* fields that have values */
    u64 complexity; /* product over the leaves of values times depth, saturating: SNS's measure */
};

/* NULL if it is no pattern; *problem is then AWS's own reason, with the place in the source. */
MUST_USE const struct event_pattern *event_pattern_compile(str json, enum event_pattern_dialect dialect, struct arena *a, str *problem);

bool event_pattern_matches(const struct event_pattern *p, const struct json_node *event);

#endif
