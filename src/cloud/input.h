/* The input of a call, seen through its API description: what rights depend on, by name. */
#ifndef BRUME_CLOUD_INPUT_H
#define BRUME_CLOUD_INPUT_H

#include "auth/policy.h"
#include "cloud/cloud.h"

/* A top-level string member by its API name; absent if there is none. */
str input_text(const struct call *c, str name);
/* The names of the members that the input has; of a boolean: that is true. */
struct input_names {
    str *v;
    u32 n;
};
struct input_names input_present(const struct call *c);
/* The value of a condition key of the service, taken from the member of that name, at the top or one level
 * below ("s3:max-keys" is MaxKeys, "s3:LocationConstraint" stands in CreateBucketConfiguration), or from the
 * member that travels in the header of that name ("s3:x-amz-acl"). v NULL: no such member, or it is not there. */
struct policy_values input_values(const struct call *c, str name);
/* The tags that the request brings, wherever its description has a list of keys and values named for tags,
 * and the keys of tags that it removes. */
struct record_pairs input_tags(const struct call *c);

#endif
