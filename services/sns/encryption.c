/* Topics with a key of KMS: who publishes must be let use it.
 *
 * DIFFERS: what waits is not sealed by it. */
#include "cloud/key_use.h"
#include "sns.h"

err topic_seals(struct call *c, const struct topic *topic) {
    enum { REUSE_MS = 300000 };
    static const struct key_use_errors errors = {&sns_kms_disabled_exception, &sns_kms_invalid_state_exception, &sns_kms_not_found_exception, &sns_kms_access_denied_exception,
                                                 &sns_invalid_parameter_exception};
    if (!topic->kms_key.n) return NULL;
    struct key_use use = {topic->kms_key, topic_arn(c->arena, topic), "aws:sns:topicArn", REUSE_MS};
    return key_use_to_seal(c, &use, &errors);
}
