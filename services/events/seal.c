/* Archives under a key of KMS: each event stands sealed in its row, by EventBridge's own right (the key's policy lets
 * events.amazonaws.com). What was archived under an earlier key stays under that one.
 *
 * DIFFERS: the pattern of such an archive is not sealed with its events. */
#include "cloud/key_use.h"
#include "events.h"

enum { REUSE_MS = 300000 };

static struct record_pairs context_of(struct arena *a, str bus_arn) { return key_use_arn_context(a, "aws:events:event-bus:arn", bus_arn); }

static const struct key_use_errors errors = {&cloud_validation, &cloud_validation, &cloud_validation, &cloud_validation, &cloud_validation};
static const struct key_use use = {.context = context_of, .reuse_ms = REUSE_MS, .errors = &errors, .by_service = true};

err archive_key_check(struct call *c, const struct archive *archive) {
    const struct data_key *key;
    return archive->kms_key.n ? key_use_to_seal(c, &use, archive->source_arn, archive->kms_key, &key) : NULL;
}

err archived_seal(struct call *c, const struct archive *archive, struct archived *one) {
    const struct data_key *key;
    one->bytes = (i64)one->json.n;
    one->sealed = archive->kms_key.n > 0;
    if (!one->sealed) return NULL;
    TRY(key_use_to_seal(c, &use, archive->source_arn, archive->kms_key, &key));
    one->json = data_key_seal(c, key, one->json);
    return NULL;
}

err archived_open(struct call *c, const struct archived *one, str *json) {
    *json = one->json;
    return one->sealed ? key_use_open(c, &use, one->json, json) : NULL;
}

void archive_key_forget(struct call *c, const struct archive *archive) { key_use_forget(c, archive->source_arn); }
