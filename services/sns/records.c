#include "records.h"

static const struct record_field topic_fields[] = {
    RECORD_I64(1, struct topic, created_ms),
    RECORD_STR(2, struct topic, display_name),
    RECORD_STR(3, struct topic, policy),
    RECORD_STR(4, struct topic, delivery_policy),
    RECORD_STR(5, struct topic, kms_key),
    RECORD_STR(6, struct topic, signature_version),
    RECORD_STR(7, struct topic, tracing),
    RECORD_BOOL(8, struct topic, fifo),
    RECORD_BOOL(9, struct topic, content_dedup),
    RECORD_BOOL(10, struct topic, scope_group),
    RECORD_LIST(11, struct topic, feedback, record_pair_type),
    RECORD_I64(12, struct topic, confirmed),
    RECORD_I64(13, struct topic, pending),
    RECORD_I64(14, struct topic, deleted),
    RECORD_I64(15, struct topic, signed_subscriptions),
    RECORD_U64(16, struct topic, sequence),
    RECORD_U64(17, struct topic, id),
    RECORD_STR(18, struct topic, archive),
    RECORD_I64(19, struct topic, archive_days),
    RECORD_I64(20, struct topic, archive_from_ms),
    RECORD_STR(21, struct topic, protection),
};
const struct record_type sns_topic_record = RECORD_TYPE(struct topic, topic_fields);

static const struct record_field subscription_fields[] = {
    RECORD_STR(1, struct subscription, protocol),
    RECORD_STR(2, struct subscription, endpoint),
    RECORD_STR(3, struct subscription, owner),
    RECORD_STR(4, struct subscription, principal),
    RECORD_BOOL(5, struct subscription, pending),
    RECORD_BOOL(6, struct subscription, authenticated),
    RECORD_BOOL(7, struct subscription, guarded),
    RECORD_BOOL(8, struct subscription, raw),
    RECORD_BOOL(9, struct subscription, body_scope),
    RECORD_STR(10, struct subscription, filter),
    RECORD_STR(11, struct subscription, redrive),
    RECORD_STR(12, struct subscription, dead_letter_arn),
    RECORD_STR(13, struct subscription, delivery_policy),
    RECORD_STR(14, struct subscription, role),
    RECORD_STR(15, struct subscription, token),
    RECORD_I64(16, struct subscription, from_ms),
    RECORD_STR(17, struct subscription, replay),
    RECORD_STR(18, struct subscription, replay_status),
    RECORD_I64(19, struct subscription, replay_from_ms),
    RECORD_I64(20, struct subscription, replay_to_ms),
};
const struct record_type sns_subscription_record = RECORD_TYPE(struct subscription, subscription_fields);

static const struct record_field attribute_fields[] = {
    RECORD_STR(1, struct attribute, name),
    RECORD_STR(2, struct attribute, type),
    RECORD_STR(3, struct attribute, text),
    RECORD_STR(4, struct attribute, binary),
};
static const struct record_type attribute_record = RECORD_TYPE(struct attribute, attribute_fields);

static const struct record_field variant_fields[] = {
    RECORD_STR(1, struct variant, protocol),
    RECORD_STR(2, struct variant, text),
    RECORD_STR(3, struct variant, signature),
};
static const struct record_type variant_record = RECORD_TYPE(struct variant, variant_fields);

static const struct record_field message_fields[] = {
    RECORD_STR(1, struct message, id),
    RECORD_STR(2, struct message, subject),
    RECORD_STR(3, struct message, group),
    RECORD_STR(4, struct message, dedup),
    RECORD_STR(5, struct message, base_url),
    RECORD_I64(6, struct message, published_ms),
    RECORD_U64(7, struct message, sequence),
    RECORD_LIST(8, struct message, attributes, attribute_record),
    RECORD_LIST(9, struct message, variants, variant_record),
    RECORD_STR(10, struct message, sealed),
    RECORD_STR(11, struct message, seal.publisher),
};
const struct record_type sns_message_record = RECORD_TYPE(struct message, message_fields);

static const struct record_field prepared_fields[] = {RECORD_LIST(1, struct prepared, messages, sns_message_record)};
const struct record_type sns_prepared_record = RECORD_TYPE(struct prepared, prepared_fields);

static const struct record_field sent_once_fields[] = {
    RECORD_STR(1, struct sent_once, message_id),
    RECORD_U64(2, struct sent_once, sequence),
    RECORD_I64(3, struct sent_once, published_ms),
};
const struct record_type sns_sent_once_record = RECORD_TYPE(struct sent_once, sent_once_fields);

static const struct record_field fanout_fields[] = {
    RECORD_STR(1, struct fanout, account), RECORD_STR(2, struct fanout, region),
    RECORD_STR(3, struct fanout, topic),   RECORD_STR(4, struct fanout, after),
    RECORD_STRUCT(5, struct fanout, message, sns_message_record),
};
const struct record_type sns_fanout_record = RECORD_TYPE(struct fanout, fanout_fields);

static const struct record_field push_fields[] = {
    RECORD_STR(1, struct push, account),
    RECORD_STR(2, struct push, region),
    RECORD_STR(3, struct push, topic),
    RECORD_STR(4, struct push, subscription),
    RECORD_STR(5, struct push, url),
    RECORD_STR(6, struct push, type),
    RECORD_STR(7, struct push, message_id),
    RECORD_STR(8, struct push, body),
    RECORD_STR(9, struct push, content_type),
    RECORD_BOOL(10, struct push, raw),
    RECORD_I64(11, struct push, attempts),
    RECORD_I64(12, struct push, first_ms),
    RECORD_LIST(13, struct push, attributes, attribute_record),
    RECORD_STR(14, struct push, sealed),
    RECORD_STR(15, struct push, publisher),
};
const struct record_type sns_push_record = RECORD_TYPE(struct push, push_fields);
