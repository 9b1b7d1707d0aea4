/* Which transformer stood when an event came: the group's own, else the account's that is for it. What it makes of the event
 * is not stored: it is made anew, the same, wherever the transformed event is asked for. */
#ifndef BRUME_LOGS_TRANSFORMER_H
#define BRUME_LOGS_TRANSFORMER_H

#include "logs.h"

struct log_transforms;
/* All that stood for the group and stands; lives in the arena. NULL: there never was one. */
struct log_transforms *log_transforms_of(struct txn *t, struct arena *a, const struct log_group *group);

/* When there was the last change for it, as a put's number: 0 never. */
u64 log_transforms_changed(struct txn *t, struct arena *a, const struct log_group *group);

struct log_transformed {
    str message; /* absent: no transformer stood, or it failed */
    str error;   /* why it failed */
};
/* Of an event that came by that put; for one that comes now LOG_PUT_NOW (mask.h). */
struct log_transformed log_transform(struct log_transforms *t, struct arena *a, str stream, u64 put, str message);

void log_transformers_prune(struct txn *t, struct arena *a, const struct log_group *group); /* what no event of it needs */
void log_transformers_forget(struct txn *t, struct arena *a, u64 group, int *left);

/* ---- policies of the account ---- */
/* The document, and which groups it is for. */
MUST_USE err log_transformer_policy_read(struct call *c, str document, str selection, struct log_policy *p);
/* From now on. NULL: there is none of that name any more. */
void log_transformer_policy_set(struct call *c, str name, const struct log_policy *p);

#endif
