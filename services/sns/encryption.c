/* Topics with a key of KMS: who publishes must be let use it.
 *
 * DIFFERS: what waits is not sealed by it. */
#include "cloud/key_use.h"
#include "sns.h"

static struct record_pairs context_of(struct arena *a, str arn) { return key_use_arn_context(a, "aws:sns:topicArn", arn); }

err topic_seals(struct call *c, const struct topic *topic) {
    enum { REUSE_MS = 300000 };
    static const struct key_use_errors errors = {&sns_kms_disabled_exception, &sns_kms_invalid_state_exception, &sns_kms_not_found_exception, &sns_kms_access_denied_exception,
                                                 &sns_invalid_parameter_exception};
    static const struct key_use use = {.context = context_of, .reuse_ms = REUSE_MS, .errors = &errors};
    const struct data_key *key;
    return topic->kms_key.n ? key_use_to_seal(c, &use, topic_arn(c->arena, topic), topic->kms_key, &key) : NULL;
}
