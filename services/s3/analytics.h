/* Storage class analysis: of the objects that a filter means, how old are those that are read? Once a day what is stored
 * and what was read goes into a line for each age group, and the lines of all days into a file that the owner named. */
#ifndef S3_ANALYTICS_H
#define S3_ANALYTICS_H

#include "services/s3/observe.h"

/* analytics.c: the ids of the configurations that mean the object, with commas; absent: none. */
str s3_analytics_ids(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);

/* analytics_run.c */
void s3_analytics_begin(struct call *c, const struct bucket_row *bucket, str id);
void s3_analytics_end(struct call *c, const struct bucket_row *bucket, str id); /* forgets what was seen, too */
/* A GetObject of an object as old and large as this. */
void s3_analytics_saw(struct call *c, const struct observed *o, u64 sent);
err s3_analytics_make(struct arena *a, const struct task *task, str *result);
err s3_analytics_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

#endif
