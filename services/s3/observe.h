/* Requests that somebody wants to know of: a bucket's access log and its request metrics. What they are about is found
 * before the rights are decided, so that refusals count too; what became of them is known when the answer leaves. */
#ifndef S3_OBSERVE_H
#define S3_OBSERVE_H

#include "services/s3/config.h"

struct observed {
    str bucket, account, region, key, version_id; /* the bucket's */
    u64 bucket_id;
    u64 size; /* of the object that was there, */
    i64 modified_ms;
    str storage_class;
    str analysed; /* and ids of the storage class analyses that mean it */
    bool logged;
    const str *filters; /* ids of the metrics configurations that mean it */
    u32 filter_count;
};

/* In the facts of an operation. A bucket that is not observed pays a look at two bits. */
void s3_observe(struct call *c, const struct bucket_row *bucket, str key, str version_id);

/* access_log.c */
void s3_access_log_add(struct call *c, const struct observed *o, const struct call_ended *end);
void s3_access_log_begin(struct call *c, const struct bucket_row *bucket); /* logging was turned on */
err s3_access_log_make(struct arena *a, const struct task *task, str *result);
err s3_access_log_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
/* request_metrics.c */
u32 s3_metrics_filters(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const str **filters);
void s3_metrics_count(struct call *c, const struct observed *o, const struct call_ended *end);

#endif
