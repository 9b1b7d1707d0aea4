/* Deliveries over HTTP: an outbox row each. A worker sends it; what came of it decides between done, another
 * attempt by the delivery policy, and the dead-letter queue. */
#include "sns.h"

#include "http/client.h"

enum { TIMEOUT_MS = 15000 };

static void set_push(struct call *c, const struct push *p, str key, i64 due_ms) {
    txn_task_set(c->txn, &(struct task){.kind = S("sns-push"), .key = key, .payload = record_encode(c->arena, &sns_push_record, p), .due_ms = due_ms});
}

static str push_key(struct call *c, str message_id, str subscription) { return arena_format(c->arena, "%.*s %.*s", STR_ARGS(message_id), STR_ARGS(subscription)); }

void push_notification(struct call *c, const struct topic *topic, const struct subscription *s, const struct message *m, const struct variant *v, str signing_url) {
    struct retry_policy policy = retry_policy_of(c->arena, topic, s);
    struct push p = {.account = topic->account, .region = topic->region, .topic = topic->name, .subscription = s->id, .url = s->endpoint, .type = S("Notification"),
                     .message_id = m->id, .content_type = policy.content_type, .raw = s->raw, .first_ms = c->now_ms};
    p.body = s->raw ? v->text : notification_json(c->arena, topic, s, m, v, signing_url);
    if (s->raw) p.attributes = m->attributes;
    push_close(c, &m->seal, &p);
    set_push(c, &p, push_key(c, m->id, s->id), 0);
}

/* ---- the invitation to confirm: a job, since it is signed and the key may not be there yet ---- */

void push_confirmation(struct call *c, const struct topic *topic, const struct subscription *s) {
    signing_wanted(c);
    txn_task_set(c->txn, &(struct task){.kind = S("sns-confirm"), .key = subscription_arn(c->arena, topic, s), .payload = c->base_url});
}

static bool find(struct txn *t, struct arena *a, str subscription_arn, struct topic *topic, struct subscription *s) {
    struct arn arn;
    ASSERT(arn_parse(subscription_arn, &arn));
    str id = arn.resource, name = str_cut(&id, ':');
    return topic_load(t, a, arn.account, arn.region, name, topic) && subscription_load(t, a, topic, id, s);
}

err confirmation_send(struct txn *t, const struct task *task, i64 now_ms) {
    enum { AGAIN_MS = 20 };
    struct arena *a = txn_arena(t);
    struct topic topic;
    struct subscription s;
    if (!find(t, a, arena_str(a, task->key), &topic, &s) || !s.pending) return NULL;
    if (!signing_ready(t, a)) {
        txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .payload = task->payload, .due_ms = now_ms + AGAIN_MS});
        return NULL;
    }
    struct call *c = call_for_task(t, &sns_service, topic.account, topic.region, now_ms);
    struct confirmation k = {.message_id = id_uuid(c->arena), .base_url = arena_str(c->arena, task->payload), .at_ms = now_ms};
    k.signing_url = signing_url(t, c->arena, k.base_url);
    k.signature = signing_sign(t, c->arena, topic.signature_version, confirmation_to_sign(c->arena, &topic, &s, &k));
    struct push p = {.account = topic.account, .region = topic.region, .topic = topic.name, .subscription = s.id, .url = s.endpoint,
                     .type = S("SubscriptionConfirmation"), .message_id = k.message_id, .content_type = S("text/plain; charset=UTF-8"), .first_ms = now_ms};
    p.body = confirmation_json(c->arena, &topic, &s, &k);
    set_push(c, &p, push_key(c, k.message_id, s.id), 0);
    return NULL;
}

/* ---- sending ---- */

/* On a worker, which has no transaction. */
static bool readable(struct arena *a, const struct task *task, struct push *p) {
    if (!p->sealed.p) return true;
    struct txn *t = store_snapshot(task->store, a);
    struct call *c = call_for_task(t, &sns_service, p->account, p->region, store_now_ms(task->store));
    err e = push_open(c, p);
    call_task_end(c);
    store_snapshot_end(t);
    return !e;
}

err push_perform(struct arena *a, const struct task *task, str *result) {
    struct push p = {0};
    struct http_call call = {.method = S("POST"), .timeout_ms = TIMEOUT_MS, .answer_max = 64 << 10};
    struct http_answer answer = {0};
    str problem;
    *result = S("0");
    ASSERT(record_decode(a, &sns_push_record, task->payload, &p));
    if (!http_url_parse(p.url, &call.url) || !readable(a, task, &p)) return NULL;
    str topic = arn_format(a, S("sns"), p.region, p.account, p.topic);
    struct http_header headers[8] = {
        {S("Content-Type"), p.content_type},         {S("User-Agent"), S("Amazon Simple Notification Service Agent")}, {S("x-amz-sns-message-type"), p.type},
        {S("x-amz-sns-message-id"), p.message_id}, {S("x-amz-sns-topic-arn"), topic}};
    call.header_count = 5;
    if (str_eq(p.type, S("Notification")))
        headers[call.header_count++] = (struct http_header){S("x-amz-sns-subscription-arn"), arena_format(a, "%.*s:%.*s", STR_ARGS(topic), STR_ARGS(p.subscription))};
    if (p.raw) headers[call.header_count++] = (struct http_header){S("x-amz-sns-rawdelivery"), S("true")};
    call.headers = headers;
    call.body = p.body;
    if (http_call(a, &call, &answer, &problem) == HTTP_ANSWERED) *result = arena_format(a, "%d", answer.status);
    return NULL;
}

/* 429 and the server's own faults pass; other refusals stay what they are. */
static bool worth_another(i64 status) { return status < 400 || status >= 500 || status == 429; }

err push_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    (void)outcome;
    struct arena *a = txn_arena(t);
    struct push p = {0};
    struct topic topic;
    struct subscription s;
    i64 status = 0;
    ASSERT(record_decode(a, &sns_push_record, arena_str(a, task->payload), &p) && str_to_i64(result, &status));
    if (!topic_load(t, a, p.account, p.region, p.topic, &topic) || !subscription_load(t, a, &topic, p.subscription, &s)) return NULL; /* ended since */
    struct call *c = call_for_task(t, &sns_service, p.account, p.region, now_ms);
    bool invitation = str_eq(p.type, S("SubscriptionConfirmation"));
    bool done = status >= 200 && status < 300;
    struct delivery_status told = {.success = done, .status = status, .response = done ? S("OK") : S("The endpoint refused or was not reached"), .message_id = p.message_id, .published_ms = p.first_ms};
    if (!invitation) topic_delivery_log(c, &topic, &s, &told);
    if (done) {
        if (!invitation) count_metric(c, S("NumberOfNotificationsDelivered"), S("TopicName"), topic.name, 1, S("Count"));
        return NULL;
    }
    struct retry_policy policy = retry_policy_of(a, &topic, &s);
    i64 delay_s = worth_another(status) ? retry_delay_s(&policy, ++p.attempts) : -1;
    if (delay_s >= 0) {
        set_push(c, &p, task->key, now_ms + delay_s * 1000);
        return NULL;
    }
    if (invitation) return NULL;
    if (push_open(c, &p)) count_metric(c, S("NumberOfNotificationsFailed"), S("TopicName"), topic.name, 1, S("Count")); /* nobody can read it */
    else dead_letter(c, &topic, &s, &(struct undelivered){.body = p.body, .attributes = p.raw ? &p.attributes : NULL});
    return NULL;
}
