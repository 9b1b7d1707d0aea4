/* The form of an event; trail.h says where it goes. */
#ifndef BRUME_CLOUD_TRAIL_EVENT_H
#define BRUME_CLOUD_TRAIL_EVENT_H

#include "cloud/cloud.h"

struct trail_outcome {
    err error;
    const void *out; /* NULL: nothing was answered */
    i64 time_ms;
    str event_id, recipient; /* the account whose trail it stands on */
    str shared_id;           /* the same in both accounts' events of one call; absent: one account alone */
};
str trail_event_json(struct call *c, const struct trail_outcome *o);

/* "AWS::S3::Bucket"; absent: not known. */
str trail_resource_type(str arn);

#endif
