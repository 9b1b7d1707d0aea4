/* A customer's key of KMS in front of a room's data (SSE-KMS of queues, tables): a data key seals what is stored, KMS
 * seals the data key, and what was sealed names both. Who puts something in must be let make a data key, who takes
 * something out must be let open it, and the key must be enabled: asked with the caller's own rights (kms:ViaService),
 * and recorded, once in `reuse_ms` for each principal, as AWS's services do. In between the data key is kept in memory.
 *
 * The data directory with its root key alone does not open what a data key sealed, once the key of KMS is gone. */
#ifndef BRUME_CLOUD_KEY_USE_H
#define BRUME_CLOUD_KEY_USE_H

#include "cloud/cloud.h"

/* A room's own errors for those of KMS. */
struct key_use_errors {
    err disabled, invalid_state, not_found, access_denied, invalid_usage;
};
struct key_use {
    /* What the encryption context says of a resource (its ARN), as the service's documentation has it. */
    struct record_pairs (*context)(struct arena *a, str resource);
    i64 reuse_ms; /* 0: KMS is asked each time */
    const struct key_use_errors *errors;
    bool by_service; /* with the service's own right (a grant), not the caller's */
};
struct record_pairs key_use_arn_context(struct arena *a, const char *name, str resource); /* one pair: the ARN under that name */

struct data_key; /* ready to seal; of one call */

/* The caller's data key for what is put into `resource` (its ARN). `key`: id, ARN or alias, as the customer wrote it. In
 * a call that writes. */
MUST_USE err key_use_to_seal(struct call *c, const struct key_use *use, str resource, str key, const struct data_key **made);
str data_key_seal(struct call *c, const struct data_key *k, str plain);
/* What this data key sealed, without asking KMS again. False: damaged, or another sealed it. */
MUST_USE bool data_key_open(struct arena *a, const struct data_key *k, str sealed, str *plain);
/* What data_key_seal made, of whatever resource, in any call. */
MUST_USE err key_use_open(struct call *c, const struct key_use *use, str sealed, str *plain);
/* The data key that sealed it, for what is made of it. */
MUST_USE err key_use_again(struct call *c, const struct key_use *use, str sealed, const struct data_key **key);

/* A data key of the resource's own, which the room keeps with it; whoever uses the resource must be let open it. */
struct resource_key {
    str key_arn, data_key;
};
MUST_USE err key_use_make(struct call *c, const struct key_use *use, str resource, str key, struct resource_key *made);
MUST_USE err key_use_check(struct call *c, const struct key_use *use, str resource, const struct resource_key *k);
/* That data key, ready to seal; also in a call that reads. */
MUST_USE err key_use_ready(struct call *c, const struct key_use *use, str resource, const struct resource_key *k, const struct data_key **ready);
/* The service's right to go on without the caller: a grant for this resource alone, which it retires itself. */
MUST_USE err key_use_grant(struct call *c, const struct key_use *use, str resource, str key_arn, str *grant_id);
void key_use_retire(struct call *c, const struct key_use *use, str resource, str key_arn, str grant_id);

/* With the resource: up to 1,000 principals. */
void key_use_forget(struct call *c, str resource);

#endif
