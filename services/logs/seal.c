/* KMS keys of groups. Each association makes a data key, which KMS seals in the name of the group; what comes from then
 * on is sealed with it, and read only as long as KMS opens it. */
#include "logs.h"

#include "gen/kms.h"

static str data_key_row(struct arena *a, u64 group, i64 epoch) {
    struct key k = key_new(a, S("logs-key"));
    key_u64(&k, group);
    key_i64(&k, epoch);
    return key_bytes(&k);
}

static err refused(struct call *c, const struct log_group *group) {
    return fail(c, &logs_access_denied_exception, "The specified KMS key does not exist or is not allowed to be used with Arn '%.*s'", STR_ARGS(log_group_arn(c->arena, group)));
}

static struct kms_encryption_context_type context_of(struct call *c, const struct log_group *group) {
    struct kms_encryption_context_type_entry *entry = NEW(c->arena, struct kms_encryption_context_type_entry);
    *entry = (struct kms_encryption_context_type_entry){S("aws:logs:arn"), log_group_arn(c->arena, group)};
    return (struct kms_encryption_context_type){entry, 1, true};
}

static bool kms_of(struct call *c, const struct log_group *group, str key_arn, u16 op, struct call_other *kms) {
    struct arn arn;
    if (!arn_parse(key_arn, &arn) || !str_eq(arn.service, S("kms")) || !str_eq(arn.region, c->region)) return false;
    *kms = (struct call_other){.service = &kms_service, .op = op, .as = CALL_AS_SERVICE, .account = arn.account, .region = arn.region, .source_arn = log_group_arn(c->arena, group)};
    return true;
}

err log_seal_new(struct call *c, struct log_group *group, str kms_key) {
    struct call_other kms;
    struct kms_generate_data_key_request in = {.key_id = kms_key, .key_spec = S("AES_256"), .encryption_context = context_of(c, group)};
    struct kms_generate_data_key_response out;
    if (!kms_of(c, group, kms_key, KMS_OP_GENERATE_DATA_KEY, &kms)) return fail(c, &logs_invalid_parameter_exception, "Invalid kmsKeyId '%.*s' specified.", STR_ARGS(kms_key));
    if (call_service(c, &kms, &in, &out)) return refused(c, group);
    struct log_data_key data_key = {.kms_key = kms_key, .ciphertext = out.ciphertext_blob};
    explicit_bzero((void *)(uintptr_t)out.plaintext.p, out.plaintext.n);
    group->kms_key = kms_key;
    group->kms_epoch = (i64)txn_sequence(c->txn);
    txn_put(c->txn, data_key_row(c->arena, group->id, group->kms_epoch), record_encode(c->arena, &logs_data_key_record, &data_key));
    return NULL;
}

err log_seal_key(struct call *c, const struct log_group *group, i64 epoch, str *key) {
    struct log_data_key data_key = {0};
    struct call_other kms;
    struct kms_decrypt_response out;
    str row;
    *key = (str){0};
    if (!epoch) return NULL;
    if (!txn_get(c->txn, data_key_row(c->arena, group->id, epoch), &row)) return fail(c, &cloud_internal_failure, "A data key of the log group is missing.");
    ASSERT(record_decode(c->arena, &logs_data_key_record, arena_str(c->arena, row), &data_key));
    struct kms_decrypt_request in = {.ciphertext_blob = data_key.ciphertext, .encryption_context = context_of(c, group), .encryption_algorithm = S("SYMMETRIC_DEFAULT")};
    if (!kms_of(c, group, data_key.kms_key, KMS_OP_DECRYPT, &kms) || call_service(c, &kms, &in, &out)) return refused(c, group);
    *key = out.plaintext;
    return NULL;
}

err logs_associate_kms_key(struct call *c, const struct logs_associate_kms_key_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    if (str_ends(in->resource_identifier, S(":query-result:*"))) return fail(c, &cloud_not_implemented, "brume does not seal the results of queries with a key of KMS (yet).");
    TRY(log_group_identify(c, in->log_group_name, in->resource_identifier, &group));
    TRY(log_seal_new(c, &group, in->kms_key_id));
    log_group_save(c->txn, c->arena, &group);
    return NULL;
}

/* What was sealed stays so, and needs the key. */
err logs_disassociate_kms_key(struct call *c, const struct logs_disassociate_kms_key_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_identify(c, in->log_group_name, in->resource_identifier, &group));
    group.kms_key = (str){0};
    group.kms_epoch = 0;
    log_group_save(c->txn, c->arena, &group);
    return NULL;
}

void log_seal_forget(struct txn *t, struct arena *a, u64 group, int *left) {
    struct key k = key_new(a, S("logs-key"));
    key_u64(&k, group);
    log_rows_forget(t, a, &k, left);
}
