/* Lifecycle rules: which speak of an object, and what they want of it at a time. */
#ifndef S3_LIFECYCLE_H
#define S3_LIFECYCLE_H

#include "services/s3/config.h"

/* A version as the rules see it. */
struct lifecycle_subject {
    str key;
    const struct object_row *object;
    bool alone;             /* a current delete marker with no version behind it */
    i64 since_ms;           /* of a version that is not current: since when it is not */
    u32 newer_noncurrent;   /* ... and how many such are newer */
};
enum lifecycle_act { LIFECYCLE_NOTHING, LIFECYCLE_EXPIRE, LIFECYCLE_TRANSITION };
struct lifecycle_verdict {
    u8 act;    /* enum lifecycle_act */
    str class; /* to which it moves */
};
struct lifecycle_verdict s3_lifecycle_judge(const struct s3_lifecycle_row *rules, const struct lifecycle_subject *s, i64 now_ms);
/* After how many days a rule ends an upload of this key; 0: none does. */
i32 s3_lifecycle_abort_days(const struct s3_lifecycle_row *rules, str key);
/* x-amz-expiration of a current version; absent if no rule will. */
str s3_lifecycle_expiration(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);

#endif
