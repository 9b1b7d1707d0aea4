/* What an event is seen by depends on when it came: of whatever may change (masks, transformers) each change is a row under the
 * number of the put before it, for a group or for all groups of an account and region. */
#ifndef BRUME_LOGS_CHANGES_H
#define BRUME_LOGS_CHANGES_H

#include "logs.h"

struct log_changes { /* whose: all rows of these */
    const char *of_group, *of_account; /* how their keys begin */
    const struct log_group *group;     /* NULL: the account's */
    str account, region;
};

struct log_change {
    struct log_change *older;
    u64 from;          /* holds for the puts behind this one, until the next change of the subject */
    i64 at_ms;         /* 0: not noted */
    str subject, body; /* of a policy that has a name: that; body: a record, without the fields 14 and 15; empty: from here on there is nothing */
};

/* Newest first; NULL: never. */
struct log_change *log_changes_read(struct txn *t, struct arena *a, const struct log_changes *of);
/* Which put was the last before the newest change; 0: never. */
u64 log_changes_newest(struct txn *t, struct arena *a, const struct log_changes *of);
/* From now on. What is set again as it is changes nothing. */
void log_change_add(struct call *c, const struct log_changes *of, str subject, str body);
/* Rows go that no event needs any more that is still there. */
void log_changes_prune(struct txn *t, struct arena *a, const struct log_changes *of);
/* Those of a group, which is gone. */
void log_changes_forget(struct txn *t, struct arena *a, const char *of_group, u64 group, int *left);

#endif
