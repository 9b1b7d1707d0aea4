/* Object lock: what keeps a version from being deleted. */
#ifndef S3_LOCK_H
#define S3_LOCK_H

#include "services/s3/config.h"

/* What a new version gets: what the request says, else the bucket's default. */
MUST_USE err s3_lock_of_new(struct call *c, const struct bucket_row *bucket, const struct object_headers *h,
                            struct object_row *object);
/* May this version be deleted now? A caller who asked to bypass governance needs the right to. */
MUST_USE err s3_lock_check(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, bool bypass);
bool s3_lock_holds(const struct object_row *object, i64 now_ms);

#endif
