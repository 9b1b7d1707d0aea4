/* Transformers: what a list of processors makes of an event as it comes, JSON from any text. Pure.
 *
 * The list is compiled once and then belongs to one thread (it holds regular expressions). */
#ifndef BRUME_LOGS_TRANSFORM_H
#define BRUME_LOGS_TRANSFORM_H

#include "gen/logs.h"

enum { TRANSFORM_EVENT_MAX = 512 << 10 /* bytes: longer ones fail */, TRANSFORM_FIELDS_MAX = 200 /* of an event; further ones are left out */ };

struct log_transform;
/* NULL: the list breaks a rule, and *problem says which. The list lives as long as the transformer. */
MUST_USE struct log_transform *log_transform_compile(struct arena *a, const struct logs_processors *list, str *problem);

struct log_origin { /* of an event, for copyValue; what is absent is not copied */
    str account, region, group, stream;
};
/* What becomes of the event, in the arena. False: a processor could not, and *result says why. */
MUST_USE bool log_transform_event(const struct log_transform *t, struct arena *a, const struct log_origin *origin, str message, str *result);

#endif
