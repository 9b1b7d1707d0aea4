/* A store's key of KMS: one data key of the store's own seals its batches, what waits for them, and what came of
 * questions. CloudTrail makes and opens it by its own right (the key's policy lets cloudtrail.amazonaws.com); who asks a
 * question, or reads what came of it, must be let open it too. KMS is asked each time: a disabled key stops all of it. */
#include "lake.h"

static struct record_pairs context_of(struct arena *a, str store_arn) { return key_use_arn_context(a, "aws:cloudtrail:arn", store_arn); }

static const struct key_use_errors association = {&cloudtrail_kms_exception, &cloudtrail_kms_exception, &cloudtrail_kms_key_not_found_exception,
                                                  &cloudtrail_insufficient_encryption_policy_exception, &cloudtrail_invalid_kms_key_id_exception};
static const struct key_use_errors everyday = {&cloudtrail_insufficient_encryption_policy_exception, &cloudtrail_insufficient_encryption_policy_exception,
                                               &cloudtrail_insufficient_encryption_policy_exception, &cloudtrail_insufficient_encryption_policy_exception,
                                               &cloudtrail_insufficient_encryption_policy_exception};
static const struct key_use by_caller = {.context = context_of, .errors = &everyday};
static const struct key_use by_service = {.context = context_of, .errors = &everyday, .by_service = true};

err ct_key_associate(struct call *c, struct ct_store *s, str kms_key) {
    const struct key_use own = {.context = context_of, .errors = &association, .by_service = true}, callers = {.context = context_of, .errors = &association};
    struct resource_key made;
    if (!kms_key.n) return NULL;
    TRY(key_use_make(c, &own, s->arn, kms_key, &made));
    if (s->kms_key.n && str_eq(s->kms_key, made.key_arn)) return NULL;
    if (s->kms_key.n) return fail(c, &cloudtrail_invalid_parameter_exception, "The KMS key of an event data store cannot be changed.");
    TRY(key_use_check(c, &own, s->arn, &made));
    TRY(key_use_check(c, &callers, s->arn, &made));
    s->kms_key = made.key_arn;
    s->data_key = made.data_key;
    return NULL;
}

err ct_key_check(struct call *c, const struct ct_store *s) {
    return s->kms_key.n ? key_use_check(c, &by_caller, s->arn, &(struct resource_key){s->kms_key, s->data_key}) : NULL;
}

err ct_key_ready(struct call *c, const struct ct_store *s, const struct data_key **key) {
    struct call *own = call_for_task(c->txn, &cloudtrail_service, s->account, s->region, c->now_ms); /* cloudtrail-data puts events too */
    *key = NULL;
    err e = s->kms_key.n ? key_use_ready(own, &by_service, s->arn, &(struct resource_key){s->kms_key, s->data_key}, key) : NULL;
    if (e) c->error_message = own->error_message;
    if (!txn_writable(c->txn)) call_task_end(own);
    return e;
}

err ct_results_open(struct call *c, str sealed, str *plain) { return key_use_open(c, &by_caller, sealed, plain); }
