/* Queues with a key of KMS: bodies stand in rows sealed under it, and who sends and who receives must be let use it. What
 * came while the queue had one stays sealed, also in the dead-letter queue to which it went. */
#include "cloud/key_use.h"
#include "sqs.h"

static struct record_pairs context_of(struct arena *a, str arn) { return key_use_arn_context(a, "aws:sqs:arn", arn); }

static struct key_use use_of(const struct queue *q) {
    static const struct key_use_errors errors = {&sqs_kms_disabled, &sqs_kms_invalid_state, &sqs_kms_not_found, &sqs_kms_access_denied, &sqs_kms_invalid_key_usage};
    return (struct key_use){.context = context_of, .reuse_ms = q->kms_reuse_s * 1000, .errors = &errors};
}

err queue_seals(struct call *c, const struct queue *q, const struct data_key **key) {
    struct key_use use = use_of(q);
    *key = NULL;
    return q->kms_key.n ? key_use_to_seal(c, &use, queue_arn(c->arena, q), q->kms_key, key) : NULL;
}

void message_seal(struct call *c, const struct data_key *key, struct message *m) {
    if (!key) return;
    m->body = data_key_seal(c, key, m->body);
    m->sealed = true;
}

err message_open(struct call *c, const struct queue *q, const struct message *m, str *body) {
    struct key_use use = use_of(q);
    *body = message_body(c->txn, c->arena, q, m);
    return m->sealed ? key_use_open(c, &use, *body, body) : NULL;
}
