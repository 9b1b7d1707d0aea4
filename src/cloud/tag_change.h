/* Changes of tags, as EventBridge hears of them: "Tag Change on Resource", from aws.tag, whichever service's operation
 * changed them. What a resource's tags were is noted before the first change, and a task compares once it is committed:
 * what is cleared and set again (S3's documents) is one change, or none. Best effort, as on AWS: nothing is noted where
 * no rule listens. */
#ifndef BRUME_TAG_CHANGE_H
#define BRUME_TAG_CHANGE_H

#include "cloud/cloud.h"

/* Its tags are about to change. */
void tag_change_note(struct call *c, const struct resource *r);
void tag_change_forget(struct call *c, str arn); /* the resource goes */
err tag_change_tell(struct txn *t, const struct task *task, i64 now_ms);

/* What sort of thing it is, as its ARN calls it, "table" of "table/orders"; where that does not, as its type does:
 * "Queue" of AWS::SQS::Queue. */
str resource_kind(const struct resource *r);

#endif
