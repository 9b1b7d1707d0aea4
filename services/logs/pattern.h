/* The filter patterns of CloudWatch Logs: of FilterLogEvents, metric and subscription filters, Live Tail. Pure.
 *
 *     ERROR "not found" -DEBUG        terms; with '?' before each: any of them
 *     %4\d{2}%                        a regular expression of a few operators
 *     { $.user.id = 1 && $.name = "J*" }          events that are JSON
 *     [ip, ..., status = 4*, bytes > 1000]        events of fields between spaces */
#ifndef BRUME_LOGS_PATTERN_H
#define BRUME_LOGS_PATTERN_H

#include "base/arena.h"

struct log_pattern; /* belongs to one thread: it holds regular expressions */

/* NULL: it is none, and *problem says why in AWS's words. */
MUST_USE struct log_pattern *log_pattern_compile(struct arena *a, str text, str *problem);
/* scratch: for what is read of one message; the caller rewinds it. */
MUST_USE bool log_pattern_matches(const struct log_pattern *p, struct arena *scratch, str message);
/* Bytes that each message which matches contains; absent: none is known. */
str log_pattern_literal(const struct log_pattern *p);
u32 log_pattern_regexes(const struct log_pattern *p);

/* The value at "$.a.b" of a message that is JSON, at "$name" or "$3" of one of fields. False: there is none. */
MUST_USE bool log_pattern_pick(const struct log_pattern *p, struct arena *scratch, str message, str selector, str *value);
/* What the pattern names of a message: its selectors, its fields. */
struct log_picked {
    str selector, value;
};
u32 log_pattern_extract(const struct log_pattern *p, struct arena *scratch, str message, struct log_picked *picked, u32 max);

#endif
