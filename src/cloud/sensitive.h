/* Sensitive data in texts: what AWS's managed data identifiers find, as far as a pattern and a number's own check tell,
 * and expressions of customers.
 *
 * A set of them lives in its arena and, like that, belongs to one thread at a time. */
#ifndef BRUME_SENSITIVE_H
#define BRUME_SENSITIVE_H

#include "base/arena.h"

/* The name that the ARN of a managed identifier has; absent: it is none that is known. */
str sensitive_name(str arn);

struct sensitive *sensitive_new(struct arena *a);
/* One more of them. pattern: a customer's own; absent: the managed one of this name. False: there is none such, or the
 * pattern is none. */
MUST_USE bool sensitive_add(struct sensitive *set, str name, str pattern);
/* The next finding of any of them; false: there is none. Views of the text. */
MUST_USE bool sensitive_find(struct sensitive *set, str text, str *hit);
/* The text with each character that was found replaced; mask 0: taken out. The text itself where nothing was found. */
str sensitive_masked(struct sensitive *set, struct arena *a, str text, char mask);
/* What was found, as audits report it: a list of names with their counts and places, JSON. False: nothing. */
MUST_USE bool sensitive_report(struct sensitive *set, str text, struct buf *b);

#endif
