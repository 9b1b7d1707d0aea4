/* What the host of a request says: S3 puts names in front of its own. Pure functions. */
#ifndef BRUME_HOST_H
#define BRUME_HOST_H

#include "base/arena.h"

enum host_kind {
    HOST_PLAIN,
    HOST_BUCKET,  /* bucket.s3.eu-west-1.localhost, bucket.localhost */
    HOST_WEBSITE, /* bucket.s3-website-eu-west-1.localhost, bucket.s3-website.eu-west-1.localhost */
};
struct host_name {
    enum host_kind kind;
    str name; /* of the bucket */
};
/* `host` is the header, with or without a port. */
struct host_name host_read(str host);

#endif
