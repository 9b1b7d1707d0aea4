/* A customer's key in front of a room's data (SSE-KMS of queues and topics): who puts something in must be let make a
 * data key of it, who takes something out must be let open one, and the key must be enabled. Asked with the caller's
 * own rights (kms:ViaService), and recorded, once in `reuse_ms` for each principal, as AWS's services do.
 *
 * The key decides who and until when. What the room stores is not sealed by it. */
#ifndef BRUME_CLOUD_KEY_USE_H
#define BRUME_CLOUD_KEY_USE_H

#include "cloud/cloud.h"

struct key_use {
    str key;      /* id, ARN or alias, as the customer wrote it */
    str resource; /* ARN of what it protects */
    const char *context; /* the name under which that stands in the encryption context: "aws:sqs:arn" */
    i64 reuse_ms;
};
/* A room's own errors for those of KMS. */
struct key_use_errors {
    err disabled, invalid_state, not_found, access_denied, invalid_usage;
};

/* In a call that writes. */
MUST_USE err key_use_to_seal(struct call *c, const struct key_use *use, const struct key_use_errors *errors);
MUST_USE err key_use_to_open(struct call *c, const struct key_use *use, const struct key_use_errors *errors);
/* With the resource: up to 1,000 principals. */
void key_use_forget(struct call *c, str resource);

#endif
