/* The ways in which the room fails: S3's messages and the further elements of its error bodies. */
#ifndef S3_ERRORS_H
#define S3_ERRORS_H

#include "cloud/cloud.h"
#include "gen/s3.h"

struct bucket_row;

MUST_USE err s3_fail_argument(struct call *c, const char *name, str value, const char *message);
MUST_USE err s3_fail_no_bucket(struct call *c, str bucket);
MUST_USE err s3_fail_precondition(struct call *c, const char *condition);
MUST_USE err s3_fail_no_upload(struct call *c, str upload_id);
/* A header or feature that the room does not have: never accepted and ignored. */
MUST_USE err s3_fail_header_not_implemented(struct call *c, const char *header, const char *more);
MUST_USE err s3_fail_malformed(struct call *c);

#endif
