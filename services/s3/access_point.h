/* Access points: names under which a bucket is reached by rules of their own; and what an account blocks for all of
 * its buckets. Both are configured by S3 Control's API and asked by every request here. */
#ifndef S3_ACCESS_POINT_H
#define S3_ACCESS_POINT_H

#include "services/s3/s3.h"

struct access_point_row {
    str account, region, name; /* of its key, not in the row */
    str alias, bucket, bucket_account, vpc;
    i32 public_access; /* bits of acl.h */
    i64 created_ms;
    str policy;
    bool policy_public;
};
/* By what stands in the place of a bucket's name: an ARN, an alias, or "name-account" out of a host. */
bool s3_access_point_find(struct call *c, str name, struct access_point_row *row);
bool s3_access_point_get(struct call *c, str account, str region, str name, struct access_point_row *row);
void s3_access_point_put(struct call *c, const struct access_point_row *row, u64 bucket_id);
void s3_access_point_remove(struct call *c, const struct access_point_row *row, u64 bucket_id);
str s3_access_point_arn(struct call *c, const struct access_point_row *row);
str s3_access_points_prefix(struct call *c, str account, str region);
bool s3_access_point_read(struct call *c, str value, struct access_point_row *row);
bool s3_has_access_points(struct call *c, const struct bucket_row *bucket);
/* The facts of the bucket (and object) behind it become what stands beneath the access point's. */
MUST_USE err s3_access_point_facts(struct call *c, const struct access_point_row *row, const struct bucket_row *bucket, str key, struct auth_facts *facts);

/* Bits of acl.h: what the bucket or its account blocks. */
i32 s3_blocked(struct call *c, const struct bucket_row *bucket);
i32 s3_account_blocks(struct call *c, str account); /* 0: nothing was said */
void s3_account_blocks_put(struct call *c, str account, i32 blocks);

/* control.c: a request of S3 Control's says for which account it is: the caller's own. */
MUST_USE err s3_control_account_check(struct call *c, str account);
/* Narrows the rows of a list to those from a token on, and says how many of them a page shows (1,000, or fewer if asked).
 * A token that is none is the error `unknown`. */
MUST_USE err s3_control_page(struct call *c, str token, struct opt_i32 asked, err unknown, struct range *rows, u32 *max);

#endif
