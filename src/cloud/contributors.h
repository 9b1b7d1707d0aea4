/* Who contributes most, by the minute. A room adds what somebody contributed to a subject of its own; kept are the 200
 * largest contributors of a minute and region (Metwally's space-saving counters: of a larger number each may be told up to a two
 * hundredth of the minute's sum too high), in memory until the minute is over, then as a row, for 15 days. So it costs
 * the same however many contributors there are; the minute in which the process is killed is lost.
 *
 * Contributors have keys: texts, as a JSON array ("[\"eu\",\"7\"]"). */
#ifndef BRUME_CONTRIBUTORS_H
#define BRUME_CONTRIBUTORS_H

#include "cloud/cloud.h"

struct contribution {
    i64 at_ms;    /* the minute, or the time of a line */
    str keys;
    double value; /* all of it */
    double count; /* of observations in it */
};
/* In any call, also one that reads. Nothing of it is taken back. */
void contributor_add(struct call *c, str subject, str keys, double value);
/* Of from <= minute < to, in its order; the views live until `visit` returns. */
void contributors_read(struct call *c, str subject, i64 from_ms, i64 to_ms, void (*visit)(void *context, const struct contribution *x), void *context);

/* ---- rules that a room keeps over subjects of its own: what the room of rules shows beside its own ones ---- */
struct contributor_rule {
    str name, subject, definition;
    i64 since_ms;
};
struct contributor_rules {
    struct contributor_rule *v;
    u32 n;
};
/* ---- and lines of logs, for rules over them. In the front's table (cloud_config.contributors) ---- */
struct contributor_sources {
    const char *prefix; /* with which their names begin, and no other rule's */
    struct contributor_rules (*rules)(struct call *c); /* of the call's account and region */
    /* Lines of from <= time < to of groups: by name, or "prefix*". Not on a loop thread. An error: they cannot be read. */
    MUST_USE err (*lines)(struct call *c, str group, i64 from_ms, i64 to_ms, void (*visit)(void *context, i64 time_ms, str line), void *context);
};
bool contributor_rule_managed(struct call *c, str name); /* has it the name of a service's rule? */
struct contributor_rules contributor_rules(struct call *c);
MUST_USE err contributor_lines(struct call *c, str group, i64 from_ms, i64 to_ms, void (*visit)(void *context, i64 time_ms, str line), void *context);

struct contributor_sketches;
struct contributor_sketches *contributor_sketches_new(struct arena *boot);
err contributors_keep(struct txn *t, const struct task *task, i64 now_ms); /* task of the cloud */

#endif
