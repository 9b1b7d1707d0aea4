/* application/x-www-form-urlencoded, and query strings, which have the same form: pairs in order. */
#ifndef BRUME_FORM_H
#define BRUME_FORM_H

#include "base/arena.h"

struct form_pair {
    str name;  /* decoded, never absent */
    str value; /* decoded; absent if there was no '=' ("?acl"), which differs from empty ("?acl=") */
};
struct form {
    struct form_pair *pairs;
    size_t n;
};

/* False: a broken escape, or more than `max_pairs`. Empty pieces ("a=1&&b=2") are passed over.
 * `plus_is_space`: true for forms; S3's query strings know no such rule for what clients sign, but all
 * AWS SDKs write %20, so callers choose. Names and values are checked to be UTF-8. */
MUST_USE bool form_parse(struct arena *a, str bytes, bool plus_is_space, size_t max_pairs,
                         struct form *form);
/* The first value of that name; absent if there is none (or it came without '='). */
str form_get(const struct form *form, str name);
bool form_has(const struct form *form, str name);

/* The first value of that name straight from the bytes, for callers that want one of many and know its
 * name needs no escapes ("Action"); plus is space. Absent if there is none or its escapes are broken. */
str form_find(struct arena *a, str bytes, str name);

/* Adds "name=value", with '&' before it if the buf is not empty. */
void form_write(struct buf *b, str name, str value);

#endif
