/* An object that S3 itself puts into a bucket, as `service` and on behalf of `source`, where that bucket's policy lets it
 * (or, for access logs, its list of rights). */
#ifndef S3_DELIVERY_H
#define S3_DELIVERY_H

#include "services/s3/config.h"

struct s3_delivery {
    const char *service; /* "logging.s3.amazonaws.com" */
    const struct bucket_row *source;
    str bucket, account; /* account: absent: the source's */
    str key, content_type, kms_key;
    struct stream *body;
    bool sse_s3;  /* under S3's keys, whatever the bucket's default */
    bool by_list; /* WRITE for the group of log delivery does too */
    const struct s3_target_grants *grants; /* who may read it besides its owner, where the bucket has lists of rights; may be NULL */
};
MUST_USE err s3_deliver(struct call *c, const struct s3_delivery *d);

#endif
