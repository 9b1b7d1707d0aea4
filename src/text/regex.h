/* Regular expressions of customers (filter patterns, query languages), by PCRE2: found anywhere in a text of
 * UTF-8, with limits, so that none takes the machine away. Bytes that are no UTF-8 match nothing.
 *
 * An expression lives in its arena and, like that, belongs to one thread at a time. */
#ifndef BRUME_REGEX_H
#define BRUME_REGEX_H

#include "base/arena.h"

struct regex;
/* NULL if it is none: *problem is the reason, *offset (bytes of the pattern) the place; both may be NULL. */
MUST_USE struct regex *regex_compile(struct arena *a, str pattern, str *problem, size_t *offset);

/* Is there a match? One that would take too long to find is none. */
MUST_USE bool regex_matches(struct regex *r, str subject);
/* The same, with what the first n groups matched, views of the subject; groups[0] is the whole match, a group
 * that took no part is absent. */
MUST_USE bool regex_capture(struct regex *r, str subject, str *groups, u32 n);
/* The same for the first match at or behind that byte: for all matches of a subject, one after the other. */
MUST_USE bool regex_capture_from(struct regex *r, str subject, size_t from, str *groups, u32 n);

u32 regex_groups(const struct regex *r); /* without the whole */
/* The name of a group, from 1; absent if it has none. */
str regex_group_name(const struct regex *r, u32 group);

/* The longest bytes that stand in every text which the expression matches, as far as that is easily seen; may be
 * empty. A search for them is far cheaper than the match. A view of the pattern. */
str regex_literal(str pattern);

#endif
