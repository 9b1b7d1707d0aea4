/* Private to the room of SNS; README.md says how the nouns fit together. */
#ifndef BRUME_SNS_H
#define BRUME_SNS_H

#include "gen/sns.h"
#include "records.h"

extern const struct task_kind sns_task_kinds[];
enum {
    MESSAGE_MAX = 256 << 10,
    BATCH_MAX = 10,
    PAGE = 100,
    DIRECT_TARGETS = 100,      /* served in the publisher's transaction */
    DIRECT_BYTES = 1 << 20,    /* of message text to them; beyond, by a job */
    SLICE = 50,                /* subscriptions that a job serves in one transaction */
    PENDING_MS = 48 * 3600000, /* a subscription that nobody confirmed goes after two days */
};

/* ---- topic.c ---- */
struct key topic_key(struct arena *a, str account, str region, str type, str name);
bool topic_load(struct txn *t, struct arena *a, str account, str region, str name, struct topic *topic);
void topic_save(struct txn *t, struct arena *a, const struct topic *topic);
str topic_arn(struct arena *a, const struct topic *topic);
/* InvalidParameter or NotFound in AWS's words. `parameter` is what the API calls the ARN. */
MUST_USE err topic_open(struct call *c, const char *parameter, str arn, struct topic *topic);
MUST_USE err arn_check(struct call *c, const char *parameter, str text, struct arn *arn);
MUST_USE err invalid_parameter(struct call *c, const char *reason);

/* ---- encryption.c: topics with a key of KMS ---- */
/* The caller publishes: he must be let use the key. Without one nothing is sealed. */
MUST_USE err topic_seals(struct call *c, const struct topic *topic, struct seal *seal);
/* A message as it stands in a row, and out of one. An error of KMS: it stays closed, for now or for ever. */
struct message topic_message_close(struct call *c, const struct message *m);
MUST_USE err topic_message_open(struct call *c, struct message *m);
void push_close(struct call *c, const struct seal *seal, struct push *p);
MUST_USE err push_open(struct call *c, struct push *p);

/* ---- topic_attributes.c ---- */
/* `wrong` stands in front of the reason: "Attributes Reason: " while creating. */
MUST_USE err topic_attribute_set(struct call *c, struct topic *topic, str name, str value, const char *wrong, bool creating);
str topic_policy(struct arena *a, const struct topic *topic); /* its own or the default one */
MUST_USE err json_parameter(struct call *c, const char *wrong, const char *name, str text);

/* ---- delivery_policy.c: the healthy retry policy of HTTP deliveries ---- */
struct retry_policy {
    i64 retries, no_delay, min_delay_retries, max_delay_retries, min_s, max_s;
    str backoff; /* linear, arithmetic, geometric, exponential */
    str content_type;
};
struct retry_policy retry_policy_of(struct arena *a, const struct topic *topic, const struct subscription *s);
/* Seconds before the n-th attempt after the first; -1: no more. */
i64 retry_delay_s(const struct retry_policy *p, i64 attempt);
str effective_delivery_policy(struct arena *a, const struct topic *topic);

/* ---- subscription.c ---- */
struct key subscription_key(struct arena *a, u64 topic, str id);
bool subscription_load(struct txn *t, struct arena *a, const struct topic *topic, str id, struct subscription *s);
void subscription_decode(struct arena *a, str key, str row, struct subscription *s);
void subscription_save(struct txn *t, struct arena *a, const struct topic *topic, const struct subscription *s);
str subscription_arn(struct arena *a, const struct topic *topic, const struct subscription *s);
bool subscription_signed(const struct topic *topic, const struct subscription *s);
void subscription_remove(struct txn *t, struct arena *a, struct topic *topic, const struct subscription *s);
MUST_USE err subscription_open(struct call *c, str arn, struct topic *topic, struct subscription *s);

/* ---- subscription_attributes.c ---- */
MUST_USE err subscription_attributes_apply(struct call *c, struct subscription *s, const struct sns_subscription_attributes_map *given);

/* ---- message.c: what is published, checked and made ready ---- */
struct publication { /* Publish, and an entry of PublishBatch */
    str message, subject, structure, group, dedup;
    const struct sns_message_attribute_map *attributes;
    struct audit *audits; /* what audits of the topic found in it, from publication_protect on */
};
MUST_USE err publication_check(struct call *c, const struct topic *topic, const struct publication *in);
size_t publication_bytes(const struct publication *in);
/* Of a checked publication; signed if the topic has subscribers who want that and the key is there. */
void message_make(struct call *c, const struct topic *topic, const struct publication *in, struct message *m);
void message_sign(struct txn *t, struct arena *a, const struct topic *topic, struct message *m);
struct variant *message_variant(const struct message *m, str protocol);

/* ---- filter.c ---- */
bool subscription_accepts(struct arena *a, const struct subscription *s, const struct message *m);

/* ---- envelope.c: what a subscriber reads ---- */
str notification_to_sign(struct arena *a, const struct topic *topic, const struct message *m, const struct variant *v);
/* signing_url absent: nothing is signed. */
str notification_json(struct arena *a, const struct topic *topic, const struct subscription *s, const struct message *m, const struct variant *v, str signing_url);
struct confirmation {
    str message_id, base_url, signing_url, signature;
    i64 at_ms;
};
str confirmation_to_sign(struct arena *a, const struct topic *topic, const struct subscription *s, const struct confirmation *k);
str confirmation_json(struct arena *a, const struct topic *topic, const struct subscription *s, const struct confirmation *k);

/* ---- signing.c: one RSA key and certificate a data directory, made when the first subscription wants it ---- */
void signing_wanted(struct call *c);
bool signing_ready(struct txn *t, struct arena *a);
/* Base64; version "2" is SHA-256, all else SHA-1. The key must be there. */
str signing_sign(struct txn *t, struct arena *a, str version, str text);
str signing_url(struct txn *t, struct arena *a, str base_url);
err signing_make(struct arena *a, const struct task *task, str *result);
err signing_keep(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* ---- deliver.c ---- */
/* To all subscribers that want it; to many, or while the signing key is being made, by a job. */
void deliver(struct call *c, const struct topic *topic, struct message *m);
/* To one of them, whenever it subscribed. */
void deliver_again(struct call *c, const struct topic *topic, const struct subscription *s, struct message *m);
err fanout_slice(struct txn *t, const struct task *task, i64 now_ms);
/* What could not be delivered goes to the subscription's dead-letter queue, if it has one. */
struct undelivered {
    str body, group, dedup;
    const struct attributes *attributes; /* of a raw message */
};
void dead_letter(struct call *c, const struct topic *topic, const struct subscription *s, const struct undelivered *u);

/* ---- protection.c: data protection policies ---- */
MUST_USE err topic_protection_set(struct call *c, struct topic *topic, str policy);
/* What may not be published is refused, what shall be hidden is written anew. */
MUST_USE err publication_protect(struct call *c, const struct topic *topic, struct publication *in);
/* What audits found in it, told in the log groups that the policy names; the publication has its id now. */
void publication_audited(struct call *c, const struct topic *topic, const struct publication *in, str message_id);
/* The same for what leaves the topic to that subscriber; false: nothing does. */
MUST_USE bool message_protect(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, struct message *copy);

/* ---- status_log.c ---- */
struct delivery_status {
    bool success;
    i64 status; /* HTTP; 0: none */
    str response, message_id;
    i64 published_ms;
    str topic_arn, destination; /* filled for deliveries of a topic */
};
/* An event into a log group, in that role, or (absent) as SNS on behalf of source_arn. What the group refuses is lost. */
struct log_writer {
    str role, account, region /* absent: the call's */, source_arn;
};
void log_event_put(struct call *c, const struct log_writer *w, str group, str stream, str text);
void topic_delivery_log(struct call *c, const struct topic *topic, const struct subscription *s, const struct delivery_status *d);
void sms_delivery_log(struct call *c, str role, str rate, const struct delivery_status *d);

/* ---- archive.c: of FIFO topics ---- */
MUST_USE err topic_archive_set(struct call *c, struct topic *topic, str value);
void topic_archive_add(struct call *c, const struct topic *topic, const struct message *m);
err topic_archive_trim(struct txn *t, const struct task *task, i64 now_ms);
MUST_USE err subscription_replay_set(struct call *c, struct subscription *s, str value);
/* Of a subscription whose replay policy was just set; it must be saved. */
MUST_USE err subscription_replay_begin(struct call *c, const struct topic *topic, const struct subscription *s);
err subscription_replay_slice(struct txn *t, const struct task *task, i64 now_ms);

/* ---- mail.c ---- */
bool mail_address_valid(str address);
void mail_confirmation(struct call *c, const struct topic *topic, const struct subscription *s);
void mail_notification(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, const struct variant *v);

/* ---- sms.c, sandbox.c ---- */
struct sms_settings {
    struct record_pairs given;
};
struct key sms_rows(struct call *c, str type); /* sns ACCOUNT REGION type */
bool phone_valid(str number);
MUST_USE err phone_check(struct call *c, str number); /* InvalidParameter */
str phone_plain(struct arena *a, str number);         /* without hyphens */
/* False: it did not arrive; the outbox says why. attributes may be NULL. */
bool sms_send(struct call *c, str number, str text, const struct attributes *attributes, str id);
MUST_USE err sms_publish(struct call *c, const struct sns_publish_input *in, struct sns_publish_response *out);
bool sandbox_reaches(struct call *c, str number); /* plain */

/* ---- platform.c: applications of push services; device.c: their endpoints ---- */
struct platform {
    u64 id; /* given at birth: its devices stand under it */
    struct record_pairs attributes;
    str kind, name; /* from the key: "GCM" */
};
MUST_USE err platform_find(struct call *c, const char *parameter, str arn, struct platform *p);
bool platform_load(struct txn *t, struct arena *a, str account, str region, str kind, str name, struct platform *p);
str platform_arn(struct call *c, const struct platform *p);
str platform_attribute(const struct platform *p, str name); /* absent: it has none */
/* To the topic that the application names for such events. */
void platform_event(struct call *c, const struct platform *p, const char *event, str device_arn);
/* Puts what is given into the pairs, or replaces it. */
struct record_pairs pairs_merge(struct arena *a, const struct record_pairs *now, const struct sns_map_string_to_string *given);

MUST_USE err device_check(struct call *c, str arn); /* that can be subscribed */
MUST_USE err device_publish(struct call *c, const struct sns_publish_input *in, struct sns_publish_response *out);
/* False: the device could not be reached. */
bool device_push(struct call *c, str arn, const struct message *m);
err device_sweep(struct txn *t, const struct task *task, i64 now_ms); /* those of a deleted application */

/* ---- push.c: deliveries over HTTP ---- */
void push_notification(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, const struct variant *v, str signing_url);
void push_confirmation(struct call *c, const struct topic *topic, const struct subscription *s);
err confirmation_send(struct txn *t, const struct task *task, i64 now_ms);
err push_perform(struct arena *a, const struct task *task, str *result);
err push_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

#endif
