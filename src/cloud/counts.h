/* What services count, as metrics. count_metric() leaves a line for each count in the journal, before the call's
 * answer leaves; that is all a call pays for it. Once a minute of the cloud's clock a task reads what came, sums it up
 * and hands it to the room that keeps metrics (cloud_config.metrics), in one transaction with the place up to which
 * it has read: nothing is lost or counted twice by a crash. Without counts there is no task.
 *
 * Gauges (how many messages are in a queue now) are asked of the rooms at the end of each minute, for six hours after
 * something was last counted of the thing; after the first hour at each fifth minute. */
#ifndef BRUME_COUNTS_H
#define BRUME_COUNTS_H

#include "cloud/boot.h"
#include "cloud/cloud.h"

struct metric_sample {
    double value, count;
};
struct metric_samples {
    struct metric_sample *v;
    u32 n;
    bool set;
};
/* Of one metric, in one minute. Many different values come in several of these. */
struct metric_sum {
    i64 at_ms;
    str account, region, service, name, dimension, of, unit;
    struct metric_samples samples;
};

/* A metric was counted in the cloud: its minute will be summed up. Any thread; costs a look at a flag. */
void counts_due(struct cloud *cloud, i64 at_ms);

/* Tasks of the cloud. */
err counts_read(struct arena *a, const struct task *task, str *result);
err counts_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
err counts_put(struct txn *t, const struct task *task, i64 now_ms); /* what one transaction could not take */
err gauges_sample(struct txn *t, const struct task *task, i64 now_ms);

#endif
