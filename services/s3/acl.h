/* Access control lists: what a request asks for, and whom a list lets in. */
#ifndef S3_ACL_H
#define S3_ACL_H

#include "services/s3/config.h"

enum s3_ownership { S3_OWNERSHIP_ENFORCED, S3_OWNERSHIP_PREFERRED, S3_OWNERSHIP_WRITER, S3_OWNERSHIP_UNSET };
static inline bool s3_acls_off(const struct bucket_row *bucket) { return bucket->ownership == S3_OWNERSHIP_ENFORCED; }

/* Block Public Access, as bits of bucket_row.public_access. */
enum {
    S3_BLOCK_PUBLIC_ACLS = 1,
    S3_IGNORE_PUBLIC_ACLS = 2,
    S3_BLOCK_PUBLIC_POLICY = 4,
    S3_RESTRICT_PUBLIC_BUCKETS = 8,
    S3_PUBLIC_ACCESS_SET = 16, /* there is a configuration */
};

bool s3_ownership_read(str name, i32 *ownership);

/* The members by which requests say it. */
struct s3_acl_request {
    str canned, full_control, read, read_acp, write, write_acp;
    const struct s3_access_control_policy *policy;
};
bool s3_acl_asked(const struct s3_acl_request *request);
/* The list that is asked for, absent if it is the owner's alone. `owner`: the account that owns the thing. */
MUST_USE err s3_acl_read(struct call *c, const struct bucket_row *bucket, const struct s3_acl_request *request, str owner,
                         struct s3_grants *grants);
bool s3_acl_public(const struct s3_grants *grants);
/* Whether the list gives the caller this permission ("READ"), or his account. Grants to everybody do not
 * count where the bucket ignores them. */
void s3_acl_facts(struct call *c, const struct bucket_row *bucket, const struct s3_grants *grants, const char *permission,
                  struct auth_facts *facts);
/* As answers show it. */
struct s3_grants s3_acl_shown(struct call *c, const struct s3_grants *grants, str owner);

/* What a new object in this bucket gets: list and owner. */
MUST_USE err s3_acl_of_new(struct call *c, const struct bucket_row *bucket, const struct s3_acl_request *request,
                           struct object_row *object);
/* AccessDenied in the words of Block Public Access. */
MUST_USE err s3_policy_bind(struct call *c, str given, str *policy, err malformed_policy);
MUST_USE err s3_fail_public(struct call *c, str action, str arn, const char *what, const char *setting);
#define S3_ACL_OF(in)                                                                                                      \
    ((struct s3_acl_request){.canned = (in)->acl, .full_control = (in)->grant_full_control, .read = (in)->grant_read,     \
                             .read_acp = (in)->grant_read_acp, .write_acp = (in)->grant_write_acp})

#endif
