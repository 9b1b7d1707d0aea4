/* Subscribers by email and email-json: an invitation with a link that confirms, then notifications. */
#include "sns.h"

#include "cloud/outbound.h"

static str sender(struct arena *a, const struct topic *topic) {
    str name = topic->display_name.n ? topic->display_name : S("AWS Notifications");
    return arena_format(a, "%.*s <no-reply@sns.amazonaws.com>", STR_ARGS(name));
}

/* Something, one @, and a host with a dot or without; no blanks. */
bool mail_address_valid(str address) {
    size_t at = str_find_char(address, '@');
    if (at == STR_NONE || at == 0 || at + 1 >= address.n || address.n > 254) return false;
    for (size_t i = 0; i < address.n; i++)
        if ((u8)address.p[i] <= ' ' || (i != at && address.p[i] == '@')) return false;
    return true;
}

void mail_confirmation(struct call *c, const struct topic *topic, const struct subscription *s) {
    str arn = topic_arn(c->arena, topic);
    bool json = str_eq(s->protocol, S("email-json"));
    struct confirmation k = {.message_id = id_uuid(c->arena), .base_url = c->base_url, .at_ms = c->now_ms};
    str link = arena_format(c->arena, "%.*s/?Action=ConfirmSubscription&TopicArn=%.*s&Token=%.*s", STR_ARGS(c->base_url), STR_ARGS(arn), STR_ARGS(s->token));
    str text = arena_format(c->arena, "A subscription to this topic was asked for:\n%.*s\n\nTo confirm it, visit this link (if you did not expect this, do nothing):\n%.*s\n",
                            STR_ARGS(arn), STR_ARGS(link));
    outbound_put(c, &(struct outbound){.kind = S("email"), .from = sender(c->arena, topic), .to = s->endpoint, .subject = S("AWS Notification - Subscription Confirmation"),
                                       .body = json ? confirmation_json(c->arena, topic, s, &k) : text, .outcome = S("delivered"), .id = k.message_id});
}

void mail_notification(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, const struct variant *v) {
    str leave = arena_format(c->arena, "%.*s/?Action=Unsubscribe&SubscriptionArn=%.*s", STR_ARGS(m->base_url), STR_ARGS(subscription_arn(c->arena, topic, s)));
    str text = arena_format(c->arena, "%.*s\n\n--\nTo receive no more notifications from this topic, visit:\n%.*s\n", STR_ARGS(v->text), STR_ARGS(leave));
    if (str_eq(s->protocol, S("email-json"))) text = notification_json(c->arena, topic, s, m, v, (str){0});
    outbound_put(c, &(struct outbound){.kind = S("email"), .from = sender(c->arena, topic), .to = s->endpoint,
                                       .subject = m->subject.n ? m->subject : S("AWS Notification Message"), .body = text, .outcome = S("delivered"), .id = m->id});
}
