/* What a subscriber reads, and what of it is signed (SNS developer guide, "Verifying the signatures of Amazon SNS
 * messages": names and values, each on a line of its own, in the order of the names). */
#include "sns.h"

#include "text/json.h"

enum { ENVELOPE_MAX = 2 << 20 };

static str timestamp(struct arena *a, i64 ms) {
    struct buf b = buf_new(a, 64);
    buf_iso8601_ms(&b, ms);
    return buf_str(&b);
}

static void sign_line(struct buf *b, const char *name, str value) {
    if (!value.p) return;
    buf_add(b, str_of(name));
    buf_char(b, '\n');
    buf_add(b, value);
    buf_char(b, '\n');
}

static void member(struct buf *b, const char *name, str value) {
    if (value.p) json_write_member(b, str_of(name), value);
}

str notification_to_sign(struct arena *a, const struct topic *topic, const struct message *m, const struct variant *v) {
    struct buf b = buf_new(a, ENVELOPE_MAX);
    sign_line(&b, "Message", v->text);
    sign_line(&b, "MessageId", m->id);
    sign_line(&b, "Subject", m->subject);
    sign_line(&b, "Timestamp", timestamp(a, m->published_ms));
    sign_line(&b, "TopicArn", topic_arn(a, topic));
    sign_line(&b, "Type", S("Notification"));
    return buf_str(&b);
}

static void write_attributes(struct buf *b, const struct attributes *attributes) {
    if (!attributes->n) return;
    json_write_key(b, S("MessageAttributes"));
    json_write_object(b);
    for (u32 i = 0; i < attributes->n; i++) {
        const struct attribute *v = &attributes->v[i];
        json_write_key(b, v->name);
        json_write_object(b);
        member(b, "Type", v->type);
        member(b, "Value", v->binary.p ? base64_of(b->arena, v->binary) : v->text);
        json_write_object_end(b);
    }
    json_write_object_end(b);
}

static str version_of(const struct topic *topic) { return topic->signature_version.p ? topic->signature_version : S("1"); }

str notification_json(struct arena *a, const struct topic *topic, const struct subscription *s, const struct message *m, const struct variant *v, str signing_url) {
    struct buf b = buf_new(a, ENVELOPE_MAX);
    json_write_object(&b);
    member(&b, "Type", S("Notification"));
    member(&b, "MessageId", m->id);
    if (topic->fifo) member(&b, "SequenceNumber", arena_format(a, "1%019llu", (unsigned long long)m->sequence));
    member(&b, "TopicArn", topic_arn(a, topic));
    member(&b, "Subject", m->subject);
    member(&b, "Message", v->text);
    member(&b, "Timestamp", timestamp(a, m->published_ms));
    if (m->replayed) {
        json_write_key(&b, S("Replayed"));
        json_write_boolean(&b, true);
    }
    if (signing_url.p) {
        member(&b, "SignatureVersion", version_of(topic));
        member(&b, "Signature", v->signature);
        member(&b, "SigningCertURL", signing_url);
    }
    member(&b, "UnsubscribeURL",
           arena_format(a, "%.*s/?Action=Unsubscribe&SubscriptionArn=%.*s", STR_ARGS(m->base_url), STR_ARGS(subscription_arn(a, topic, s))));
    write_attributes(&b, &m->attributes);
    json_write_object_end(&b);
    return buf_str(&b);
}

/* ---- SubscriptionConfirmation ---- */

static str invitation(struct arena *a, const struct topic *topic) {
    return arena_format(a, "You have chosen to subscribe to the topic %.*s.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
                        STR_ARGS(topic_arn(a, topic)));
}

static str subscribe_url(struct arena *a, const struct topic *topic, const struct subscription *s, const struct confirmation *k) {
    return arena_format(a, "%.*s/?Action=ConfirmSubscription&TopicArn=%.*s&Token=%.*s", STR_ARGS(k->base_url), STR_ARGS(topic_arn(a, topic)), STR_ARGS(s->token));
}

str confirmation_to_sign(struct arena *a, const struct topic *topic, const struct subscription *s, const struct confirmation *k) {
    struct buf b = buf_new(a, ENVELOPE_MAX);
    sign_line(&b, "Message", invitation(a, topic));
    sign_line(&b, "MessageId", k->message_id);
    sign_line(&b, "SubscribeURL", subscribe_url(a, topic, s, k));
    sign_line(&b, "Timestamp", timestamp(a, k->at_ms));
    sign_line(&b, "Token", s->token);
    sign_line(&b, "TopicArn", topic_arn(a, topic));
    sign_line(&b, "Type", S("SubscriptionConfirmation"));
    return buf_str(&b);
}

str confirmation_json(struct arena *a, const struct topic *topic, const struct subscription *s, const struct confirmation *k) {
    struct buf b = buf_new(a, ENVELOPE_MAX);
    json_write_object(&b);
    member(&b, "Type", S("SubscriptionConfirmation"));
    member(&b, "MessageId", k->message_id);
    member(&b, "Token", s->token);
    member(&b, "TopicArn", topic_arn(a, topic));
    member(&b, "Message", invitation(a, topic));
    member(&b, "SubscribeURL", subscribe_url(a, topic, s, k));
    member(&b, "Timestamp", timestamp(a, k->at_ms));
    member(&b, "SignatureVersion", version_of(topic));
    member(&b, "Signature", k->signature);
    member(&b, "SigningCertURL", k->signing_url);
    json_write_object_end(&b);
    return buf_str(&b);
}
