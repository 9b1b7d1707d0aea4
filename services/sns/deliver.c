/* From a message to its subscribers. Up to DIRECT_TARGETS are served in the publisher's transaction: their queues
 * have the message exactly when the publisher has its answer. More are served by a job that commits with it.
 * A target that fails goes its own way and never fails the publisher. */
#include "sns.h"

#include "gen/sqs.h"

static void counted(struct call *c, const struct topic *topic, const char *metric) {
    count_metric(c, str_of(metric), S("TopicName"), topic->name, 1, S("Count"));
}

/* ---- to a queue ---- */

static void raw_attributes(struct call *c, const struct attributes *from, struct sqs_message_body_attribute_map *to) {
    to->v = NEW_ARRAY(c->arena, struct sqs_message_body_attribute_map_entry, from->n + 1);
    to->n = from->n;
    to->set = from->n > 0;
    for (u32 i = 0; i < from->n; i++) {
        to->v[i].key = from->v[i].name;
        to->v[i].value = (struct sqs_message_attribute_value){.data_type = from->v[i].type, .string_value = from->v[i].text, .binary_value = from->v[i].binary};
    }
}

static err send_to_queue(struct call *c, const struct topic *topic, str queue_arn, const struct undelivered *u) {
    struct arn arn;
    if (!arn_parse(queue_arn, &arn)) return &sns_not_found_exception;
    struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn.account), STR_ARGS(arn.resource)), .message_body = u->body,
                                          .message_group_id = u->group};
    if (str_ends(arn.resource, S(".fifo"))) in.message_deduplication_id = u->dedup;
    if (u->attributes) raw_attributes(c, u->attributes, &in.message_attributes);
    struct sqs_send_message_result out;
    struct call_other queue = {.service = &sqs_service, .op = SQS_OP_SEND_MESSAGE, .as = CALL_AS_SERVICE, .account = arn.account, .region = arn.region,
                               .source_arn = topic_arn(c->arena, topic)};
    return call_service(c, &queue, &in, &out);
}

void dead_letter(struct call *c, const struct topic *topic, const struct subscription *s, const struct undelivered *u) {
    counted(c, topic, "NumberOfNotificationsFailed");
    if (!s->dead_letter_arn.p) return;
    err e = send_to_queue(c, topic, s->dead_letter_arn, u);
    counted(c, topic, e ? "NumberOfNotificationsFailedToRedriveToDlq" : "NumberOfNotificationsRedrivenToDlq");
}

/* ---- to one subscriber ---- */

static struct undelivered contents(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, str url) {
    const struct variant *v = message_variant(m, s->protocol);
    struct undelivered u = {.group = m->group, .dedup = m->dedup, .body = v->text};
    if (s->raw) u.attributes = &m->attributes;
    else u.body = notification_json(c->arena, topic, s, m, v, url);
    return u;
}

static void serve(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, str url) {
    bool late = m->published_ms < s->from_ms && !m->replayed; /* a job may come to it later than the message did */
    if (s->pending || late) return;
    if (!subscription_accepts(c->arena, s, m)) {
        counted(c, topic, "NumberOfNotificationsFilteredOut");
        return;
    }
    struct message hidden;
    if (topic->protection.p) {
        if (!message_protect(c, topic, s, m, &hidden)) return;
        m = &hidden;
        if (topic->signed_subscriptions > 0 && url.p) message_sign(c->txn, c->arena, topic, &hidden);
    }
    str signed_by = subscription_signed(topic, s) ? url : (str){0};
    if (str_starts(s->protocol, S("http"))) {
        push_notification(c, topic, s, m, message_variant(m, s->protocol), signed_by);
        return;
    }
    struct undelivered u = contents(c, topic, s, m, signed_by);
    bool failed;
    if (str_starts(s->protocol, S("email"))) failed = (mail_notification(c, topic, s, m, message_variant(m, s->protocol)), false);
    else if (str_eq(s->protocol, S("sms"))) failed = !sms_send(c, s->endpoint, message_variant(m, s->protocol)->text, &m->attributes, m->id);
    else if (str_eq(s->protocol, S("application"))) failed = !device_push(c, s->endpoint, m);
    else failed = !str_eq(s->protocol, S("sqs")) || send_to_queue(c, topic, s->endpoint, &u); /* there are no functions yet */
    topic_delivery_log(c, topic, s, &(struct delivery_status){.success = !failed, .status = failed ? 0 : 200, .response = failed ? S("The endpoint refused") : S("delivered"),
                                                              .message_id = m->id, .published_ms = m->published_ms});
    if (failed) dead_letter(c, topic, s, &u);
    else counted(c, topic, "NumberOfNotificationsDelivered");
}

void deliver_again(struct call *c, const struct topic *topic, const struct subscription *s, struct message *m) { serve(c, topic, s, m, (str){0}); } /* FIFO: unsigned */

/* ---- to all ---- */

/* Serves up to `max` subscribers behind `after`; the last one served, or absent at the end. */
static str serve_some(struct call *c, const struct topic *topic, const struct message *m, str after, int max) {
    struct key all = subscription_key(c->arena, topic->id, (str){0}), at = subscription_key(c->arena, topic->id, after);
    str prefix = key_bytes(&all), key, row, last = {0};
    str url = topic->signed_subscriptions > 0 ? signing_url(c->txn, c->arena, m->base_url) : (str){0};
    struct range r = txn_range(c->txn, after.p ? key_bytes(&at) : prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        struct subscription s;
        subscription_decode(c->arena, key, row, &s);
        if (after.p && str_eq(s.id, after)) continue;
        if (max-- == 0) return last;
        serve(c, topic, &s, m, url);
        last = s.id;
    }
    return (str){0};
}

static void by_job(struct call *c, const struct topic *topic, const struct message *m, str after, i64 due_ms) {
    struct message closed = topic_message_close(c, m);
    struct fanout f = {.account = topic->account, .region = topic->region, .topic = topic->name, .after = after, .message = &closed};
    txn_task_set(c->txn, &(struct task){.kind = S("sns-fanout"), .key = m->id, .payload = record_encode(c->arena, &sns_fanout_record, &f), .due_ms = due_ms});
}

void deliver(struct call *c, const struct topic *topic, struct message *m) {
    size_t bytes = message_variant(m, S("sqs"))->text.n * (size_t)topic->confirmed;
    bool waits = topic->signed_subscriptions > 0 && !signing_ready(c->txn, c->arena);
    bool many = !topic->fifo && (topic->confirmed > DIRECT_TARGETS || bytes > DIRECT_BYTES);
    if (waits || many) {
        by_job(c, topic, m, (str){0}, 0);
        return;
    }
    if (topic->signed_subscriptions > 0 && !m->variants.v[0].signature.p) message_sign(c->txn, c->arena, topic, m);
    ASSERT(!serve_some(c, topic, m, (str){0}, INT32_MAX).p);
}

/* Its key is closed: perhaps not for long. */
static void put_off(struct call *c, const struct topic *topic, const struct fanout *f) {
    enum { EVERY_MS = 60000, LONGEST_MS = 3600000 };
    if (c->now_ms < f->message->published_ms + LONGEST_MS) by_job(c, topic, f->message, f->after, c->now_ms + EVERY_MS);
    else counted(c, topic, "NumberOfNotificationsFailed");
}

err fanout_slice(struct txn *t, const struct task *task, i64 now_ms) {
    enum { AGAIN_MS = 20 };
    struct arena *a = txn_arena(t);
    struct fanout f = {0};
    struct topic topic;
    ASSERT(record_decode(a, &sns_fanout_record, arena_str(a, task->payload), &f));
    if (!topic_load(t, a, f.account, f.region, f.topic, &topic)) return NULL; /* deleted since, and its subscriptions with it */
    struct call *c = call_for_task(t, &sns_service, f.account, f.region, now_ms);
    bool wanted = topic.signed_subscriptions > 0;
    if (wanted && !signing_ready(t, a)) {
        by_job(c, &topic, f.message, f.after, now_ms + AGAIN_MS);
        return NULL;
    }
    if (topic_message_open(c, f.message)) {
        put_off(c, &topic, &f);
        return NULL;
    }
    if (wanted && !f.message->variants.v[0].signature.p) message_sign(t, a, &topic, f.message);
    str last = serve_some(c, &topic, f.message, f.after, SLICE);
    if (last.p) by_job(c, &topic, f.message, last, 0);
    return NULL;
}
