/* Telling the destinations of a bucket's notifications, in S3's record format. */
#ifndef S3_NOTIFY_H
#define S3_NOTIFY_H

#include "services/s3/config.h"

struct s3_notice {
    const char *name;    /* "ObjectCreated:Put" */
    const char *version; /* of the record's format: it grew with the kinds of events */
    str key;
    const struct object_row *object;
    bool sized, tagged, sequenced; /* what the record says of the object: size, ETag, sequencer */
    str more;            /* further members of the record, each behind a comma */
};
/* Sends to every destination that asks for it, in the call's transaction. Who cannot be reached goes without. */
void s3_notify(struct call *c, const struct bucket_row *bucket, const struct s3_notification_row *row, const struct s3_notice *notice);
/* s3:TestEvent, which also shows whether S3 may send there. */
MUST_USE err s3_notify_test(struct call *c, const struct bucket_row *bucket, const struct s3_listener *destination);
bool s3_listener_is_queue(const struct s3_listener *destination);
/* The value of the filter's rule of this name ("prefix", "suffix"); empty: there is none. */
str s3_notification_rule(const struct s3_listener *destination, const char *name);
/* Whether an event as configured ("s3:ObjectCreated:*") means one that happened ("ObjectCreated:Put"). */
bool s3_notification_means(str configured, str name);

#endif
