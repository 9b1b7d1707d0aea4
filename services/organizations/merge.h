/* What management policies of one type come to, from the root down to an account. A document is a tree of
 * settings whose leaves say by operators what they do with the value that came down to them:
 *
 *   @@assign   replaces it      @@append   adds to a list      @@remove   takes from a list
 *   @@operators_allowed_for_child_policies   which of these the policies further down may still use here
 *
 * Source: "Inheritance operators" and "Inheritance examples" of the Organizations user guide. */
#ifndef BRUME_ORGANIZATIONS_MERGE_H
#define BRUME_ORGANIZATIONS_MERGE_H

#include "cloud/cloud.h"

/* Is this such a document? `top` is its one outermost key, NULL: any. On false *problem says why. */
MUST_USE bool merge_check(struct arena *a, str json, const char *top, const char **problem);

struct merge;
struct merge *merge_new(struct arena *a);
/* The next policy; levels count from the root. False: it is none, and changes nothing. */
MUST_USE bool merge_add(struct merge *m, u32 level, str json);
str merge_result(struct merge *m); /* JSON; absent: nothing is set */

#endif
