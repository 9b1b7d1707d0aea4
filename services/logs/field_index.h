/* Field indexes: which policy holds for a group, and its index over the events that come. */
#ifndef BRUME_LOGS_FIELD_INDEX_H
#define BRUME_LOGS_FIELD_INDEX_H

#include "transformer.h"

struct log_index; /* in the making, of blocks of one group */

/* NULL: no policy holds for the group. */
struct log_index *log_index_new(struct txn *t, struct arena *a, const struct log_group *group);
/* Over these events, or what was made of each (NULL: of none); lives in the arena of the index. */
str log_index_make(struct log_index *x, str stream, const struct log_event *events, const struct log_transformed *transformed, u32 n);
/* The fields that were found are the group's from now on. */
void log_index_found(struct call *c, struct log_index *x);
/* Has the group an index of this field, or had it one? */
bool log_index_of_field(struct txn *t, struct arena *a, const struct log_group *group, str field);
bool log_index_fields_are(struct txn *t, struct arena *a, const struct log_group *group, const str *fields, u32 n); /* by a policy, each of them */
void log_index_forget(struct txn *t, struct arena *a, u64 group);

/* A policy as it is written, with the fields and prefixes that it names; selection: absent, or of an account's policy. */
MUST_USE err log_index_policy_read(struct call *c, str document, str selection, struct log_policy *p);

#endif
