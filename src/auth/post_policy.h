/* The policy document of an S3 form upload: what the signer allowed the form to say. Every field must
 * be covered by a condition, every condition must hold. Pure computation. */
#ifndef BRUME_POST_POLICY_H
#define BRUME_POST_POLICY_H

#include "base/arena.h"

struct form_field {
    str name, value;
};
struct post_policy_verdict {
    str code, message; /* AWS's; absent code: the form is allowed */
    i64 min_bytes, max_bytes; /* content-length-range; max -1: no limit */
};
/* `document` is the decoded policy. `fields` are the form's, the bucket as "bucket" among them. */
struct post_policy_verdict post_policy_check(str document, const struct form_field *fields, size_t n, i64 now_ms,
                                             struct arena *a);

#endif
