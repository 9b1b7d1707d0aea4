/* Queues with a key of KMS: who sends and who receives must be let use it.
 *
 * DIFFERS: bodies are not sealed by it. */
#include "cloud/key_use.h"
#include "sqs.h"

static const struct key_use_errors errors = {&sqs_kms_disabled, &sqs_kms_invalid_state, &sqs_kms_not_found, &sqs_kms_access_denied, &sqs_kms_invalid_key_usage};

static struct key_use use_of(struct call *c, const struct queue *q) {
    return (struct key_use){q->kms_key, queue_arn(c->arena, q), "aws:sqs:arn", q->kms_reuse_s * 1000};
}

err queue_seals(struct call *c, const struct queue *q) {
    if (!q->kms_key.n) return NULL;
    struct key_use use = use_of(c, q);
    return key_use_to_seal(c, &use, &errors);
}

err queue_opens(struct call *c, const struct queue *q) {
    if (!q->kms_key.n) return NULL;
    struct key_use use = use_of(c, q);
    return key_use_to_open(c, &use, &errors);
}
