/* Subscriptions: made, confirmed, listed, ended. */
#include "sns.h"

#include "http/client.h"

struct key subscription_key(struct arena *a, u64 topic, str id) {
    struct key k = key_new(a, S("sns-subscription"));
    key_u64(&k, topic);
    if (id.p) key_str(&k, id);
    return k;
}

static str subscription_row(struct arena *a, u64 topic, str id) {
    struct key k = subscription_key(a, topic, id);
    return key_bytes(&k);
}

/* By endpoint: subscribing once more finds the one that is there. */
static str endpoint_row(struct arena *a, u64 topic, str protocol, str endpoint) {
    struct key k = key_new(a, S("sns-endpoint"));
    key_u64(&k, topic);
    key_str(&k, protocol);
    key_str(&k, endpoint);
    return key_bytes(&k);
}

/* By owner, who may be of another account than the topic. */
static struct key owned_key(struct arena *a, str owner, str region, str arn) {
    struct key k = topic_key(a, owner, region, S("owned"), (str){0});
    if (arn.p) key_str(&k, arn);
    return k;
}

void subscription_decode(struct arena *a, str key, str row, struct subscription *s) {
    str part, rest = arena_str(a, key);
    u64 topic;
    *s = (struct subscription){0};
    ASSERT(record_decode(a, &sns_subscription_record, arena_str(a, row), s));
    ASSERT(key_read_str(&rest, a, &part) && key_read_u64(&rest, &topic) && key_read_str(&rest, a, &s->id));
}

bool subscription_load(struct txn *t, struct arena *a, const struct topic *topic, str id, struct subscription *s) {
    str key = subscription_row(a, topic->id, id), row;
    if (id.n > 64 || !txn_get(t, key, &row)) return false;
    subscription_decode(a, key, row, s);
    return true;
}

void subscription_save(struct txn *t, struct arena *a, const struct topic *topic, const struct subscription *s) {
    txn_put(t, subscription_row(a, topic->id, s->id), record_encode(a, &sns_subscription_record, s));
}

str subscription_arn(struct arena *a, const struct topic *topic, const struct subscription *s) {
    return arena_format(a, "%.*s:%.*s", STR_ARGS(topic_arn(a, topic)), STR_ARGS(s->id));
}

/* FIFO topics sign nothing, and who gets the bare text has no place for a signature. */
bool subscription_signed(const struct topic *topic, const struct subscription *s) {
    bool pushed = str_eq(s->protocol, S("http")) || str_eq(s->protocol, S("https"));
    return !topic->fifo && !s->raw && (pushed || str_eq(s->protocol, S("sqs")));
}

err subscription_open(struct call *c, str text, struct topic *topic, struct subscription *s) {
    struct arn arn;
    if (!text.n) return invalid_parameter(c, "SubscriptionArn Reason: no value for required parameter");
    TRY(arn_check(c, "SubscriptionArn", text, &arn));
    str id = arn.resource, name = str_cut(&id, ':');
    if (!id.p || id.n != 36) return invalid_parameter(c, "SubscriptionId");
    bool here = str_eq(arn.region, c->region) && topic_load(c->txn, c->arena, arn.account, arn.region, name, topic);
    if (here && subscription_load(c->txn, c->arena, topic, id, s)) return NULL;
    return fail(c, &sns_not_found_exception, "Subscription does not exist");
}

/* ---- what may be subscribed ---- */

static err check_queue(struct call *c, const struct topic *topic, str endpoint) {
    struct arn arn;
    if (!arn_parse(endpoint, &arn) || !str_eq(arn.service, S("sqs")) || !account_valid(arn.account)) return invalid_parameter(c, "SQS endpoint ARN");
    if (!topic->fifo && str_ends(arn.resource, S(".fifo")))
        return invalid_parameter(c, "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics");
    return NULL;
}

static err check_url(struct call *c, str protocol, str endpoint) {
    struct http_url url;
    if (!str_starts(endpoint, arena_concat(c->arena, protocol, S("://"))))
        return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Endpoint must match the specified protocol");
    return http_url_parse(endpoint, &url) ? NULL : invalid_parameter(c, "HTTP(S) Endpoint Reason: malformed URL");
}

static err check_endpoint(struct call *c, const struct topic *topic, str protocol, str endpoint) {
    bool mail = str_eq(protocol, S("email")) || str_eq(protocol, S("email-json"));
    if (str_eq(protocol, S("sqs"))) return check_queue(c, topic, endpoint);
    if (str_eq(protocol, S("sms")) && !phone_valid(endpoint)) return fail(c, &sns_invalid_parameter_exception, "Invalid SMS endpoint: %.*s", STR_ARGS(endpoint));
    if (topic->fifo) return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue");
    if (str_eq(protocol, S("http")) || str_eq(protocol, S("https"))) return check_url(c, protocol, endpoint);
    struct arn arn;
    if (str_eq(protocol, S("lambda")))
        return arn_parse(endpoint, &arn) && str_eq(arn.service, S("lambda")) ? NULL : invalid_parameter(c, "Lambda endpoint ARN");
    if (mail) return mail_address_valid(endpoint) ? NULL : invalid_parameter(c, "Email address");
    if (str_eq(protocol, S("sms"))) return NULL;
    if (str_eq(protocol, S("application"))) return device_check(c, endpoint);
    if (str_eq(protocol, S("firehose"))) return fail(c, &cloud_not_implemented, "brume does not deliver by the protocol firehose (yet).");
    return fail(c, &sns_invalid_parameter_exception, "Invalid parameter: Amazon SNS does not support this protocol string: %.*s", STR_ARGS(protocol));
}

/* ---- Subscribe ---- */

static void count(struct topic *topic, const struct subscription *s, int by) {
    if (s->pending) topic->pending += by;
    else topic->confirmed += by;
    if (subscription_signed(topic, s)) topic->signed_subscriptions += by;
}

/* No address has them; and where endpoints are kept they would take two bytes each. */
static bool has_control(str text) {
    for (size_t i = 0; i < text.n; i++)
        if ((u8)text.p[i] < ' ') return true;
    return false;
}

static err subscribe_again(struct call *c, const struct sns_subscribe_input *in, struct subscription *s) {
    struct subscription wanted = *s;
    TRY(subscription_attributes_apply(c, &wanted, &in->attributes));
    if (str_eq(record_encode(c->arena, &sns_subscription_record, &wanted), record_encode(c->arena, &sns_subscription_record, s))) return NULL;
    return invalid_parameter(c, "Attributes Reason: Subscription already exists with different attributes");
}

static void add(struct call *c, struct topic *topic, struct subscription *s) {
    s->id = id_uuid(c->arena);
    count(topic, s, 1);
    subscription_save(c->txn, c->arena, topic, s);
    txn_put(c->txn, endpoint_row(c->arena, topic->id, s->protocol, s->endpoint), s->id);
    struct key owned = owned_key(c->arena, s->owner, topic->region, subscription_arn(c->arena, topic, s));
    txn_put(c->txn, key_bytes(&owned), S(""));
    if (subscription_signed(topic, s)) signing_wanted(c);
    topic_save(c->txn, c->arena, topic);
}

static void ask_for_confirmation(struct call *c, const struct topic *topic, const struct subscription *s) {
    if (str_starts(s->protocol, S("http"))) push_confirmation(c, topic, s);
    else mail_confirmation(c, topic, s);
    str key = arena_format(c->arena, "%.*s", STR_ARGS(subscription_arn(c->arena, topic, s)));
    txn_task_set(c->txn, &(struct task){.kind = S("sns-pending"), .key = key, .due_ms = c->now_ms + PENDING_MS});
}

err sns_subscribe(struct call *c, const struct sns_subscribe_input *in, struct sns_subscribe_response *out) {
    struct topic topic;
    str endpoint = in->endpoint.p ? in->endpoint : S(""), id;
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    TRY(check_endpoint(c, &topic, in->protocol, endpoint));
    if (endpoint.n > 1024 || has_control(endpoint)) return invalid_parameter(c, "Endpoint");
    bool pushed = str_starts(in->protocol, S("http")) || str_starts(in->protocol, S("email"));
    struct subscription s = {.protocol = in->protocol, .endpoint = endpoint, .owner = c->account, .principal = c->principal->arn,
                             .from_ms = c->now_ms, .pending = pushed, .authenticated = !pushed};
    if (txn_get(c->txn, endpoint_row(c->arena, topic.id, s.protocol, s.endpoint), &id)) {
        ASSERT(subscription_load(c->txn, c->arena, &topic, arena_str(c->arena, id), &s));
        TRY(subscribe_again(c, in, &s));
        if (s.pending) ask_for_confirmation(c, &topic, &s);
    } else {
        TRY(subscription_attributes_apply(c, &s, &in->attributes));
        if (s.pending) s.token = id_hex(c->arena, 256);
        add(c, &topic, &s);
        TRY(subscription_replay_begin(c, &topic, &s));
        if (s.pending) ask_for_confirmation(c, &topic, &s);
    }
    out->subscription_arn = s.pending && !in->return_subscription_arn.v ? S("pending confirmation") : subscription_arn(c->arena, &topic, &s);
    return NULL;
}

/* ---- ConfirmSubscription ---- */

static bool is_hex(str text) {
    for (size_t i = 0; i < text.n; i++)
        if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f'))) return false;
    return text.n > 64;
}

static bool find_by_token(struct call *c, const struct topic *topic, str token, struct subscription *s) {
    str from = subscription_row(c->arena, topic->id, (str){0}), key, row;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, &row)) {
        subscription_decode(c->arena, key, row, s);
        if (s->token.p && str_eq_constant_time(s->token, token)) return true;
    }
    return false;
}

err sns_confirm_subscription(struct call *c, const struct sns_confirm_subscription_input *in, struct sns_confirm_subscription_response *out) {
    struct topic topic;
    struct subscription s;
    struct arn arn;
    if (!arn_parse(in->topic_arn, &arn) || !str_eq(arn.service, S("sns"))) return invalid_parameter(c, "Topic");
    /* An unsigned request names no region: the ARN does. */
    if (c->principal->kind != PRINCIPAL_ANONYMOUS && !str_eq(arn.region, c->region)) return invalid_parameter(c, "Topic");
    if (!topic_load(c->txn, c->arena, arn.account, arn.region, arn.resource, &topic)) return invalid_parameter(c, "Topic");
    if (!is_hex(in->token)) return fail(c, &sns_invalid_parameter_exception, "Invalid token");
    if (!find_by_token(c, &topic, in->token, &s)) return invalid_parameter(c, "Token");
    out->subscription_arn = subscription_arn(c->arena, &topic, &s);
    if (!s.pending) return NULL;
    count(&topic, &s, -1);
    s.pending = false;
    s.from_ms = c->now_ms;
    s.authenticated = c->principal->kind != PRINCIPAL_ANONYMOUS;
    s.guarded = str_eq_nocase(in->authenticate_on_unsubscribe, S("true"));
    count(&topic, &s, 1);
    subscription_save(c->txn, c->arena, &topic, &s);
    topic_save(c->txn, c->arena, &topic);
    txn_task_cancel(c->txn, S("sns-pending"), out->subscription_arn);
    return NULL;
}

/* ---- Unsubscribe ---- */

void subscription_remove(struct txn *t, struct arena *a, struct topic *topic, const struct subscription *s) {
    count(topic, s, -1);
    struct key owned = owned_key(a, s->owner, topic->region, subscription_arn(a, topic, s));
    txn_delete(t, key_bytes(&owned));
    txn_delete(t, endpoint_row(a, topic->id, s->protocol, s->endpoint));
    txn_delete(t, subscription_row(a, topic->id, s->id));
}

err sns_unsubscribe(struct call *c, const struct sns_unsubscribe_input *in, struct wire_unit *out) {
    (void)out;
    struct topic topic;
    struct subscription s;
    struct arn arn;
    bool unsigned_ = c->principal->kind == PRINCIPAL_ANONYMOUS;
    if (unsigned_ && arn_parse(in->subscription_arn, &arn)) c->region = arn.region;
    err e = subscription_open(c, in->subscription_arn, &topic, &s);
    if (e == &sns_not_found_exception) return NULL; /* ended already: as asked */
    if (e) return e;
    if (unsigned_ && s.guarded) return fail(c, &sns_authorization_error_exception, "Not authorized to unsubscribe without a signature");
    if (s.pending && unsigned_) return invalid_parameter(c, "SubscriptionArn Reason: This operation is not supported for pending confirmation subscriptions");
    subscription_remove(c->txn, c->arena, &topic, &s);
    topic.deleted++;
    topic_save(c->txn, c->arena, &topic);
    return NULL;
}

/* ---- lists ---- */

static struct sns_subscription shown(struct call *c, const struct topic *topic, const struct subscription *s) {
    return (struct sns_subscription){.subscription_arn = s->pending ? S("PendingConfirmation") : subscription_arn(c->arena, topic, s),
                                     .owner = s->owner,
                                     .protocol = s->protocol,
                                     .endpoint = s->endpoint,
                                     .topic_arn = topic_arn(c->arena, topic)};
}

err sns_list_subscriptions_by_topic(struct call *c, const struct sns_list_subscriptions_by_topic_input *in, struct sns_list_subscriptions_by_topic_response *out) {
    struct topic topic;
    struct subscription s;
    str position = {0}, key, row;
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
    str all = subscription_row(c->arena, topic.id, (str){0}), from = position.p ? subscription_row(c->arena, topic.id, position) : all;
    out->subscriptions.v = NEW_ARRAY(c->arena, struct sns_subscription, PAGE);
    out->subscriptions.set = true;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        subscription_decode(c->arena, key, row, &s);
        if (out->subscriptions.n == PAGE) {
            out->next_token = page_token(c, s.id);
            break;
        }
        out->subscriptions.v[out->subscriptions.n++] = shown(c, &topic, &s);
    }
    return NULL;
}

err sns_list_subscriptions(struct call *c, const struct sns_list_subscriptions_input *in, struct sns_list_subscriptions_response *out) {
    str position = {0}, key, row, part, arn_text = {0};
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return invalid_parameter(c, "NextToken");
    struct key all = owned_key(c->arena, c->account, c->region, (str){0}), at = owned_key(c->arena, c->account, c->region, position);
    str prefix = key_bytes(&all);
    out->subscriptions.v = NEW_ARRAY(c->arena, struct sns_subscription, PAGE);
    out->subscriptions.set = true;
    struct range r = txn_range(c->txn, position.p ? key_bytes(&at) : prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        struct topic topic;
        struct subscription s;
        struct arn arn;
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) arn_text = part;
        ASSERT(arn_parse(arn_text, &arn));
        str id = arn.resource, name = str_cut(&id, ':');
        if (!topic_load(c->txn, c->arena, arn.account, arn.region, name, &topic) || !subscription_load(c->txn, c->arena, &topic, id, &s)) continue;
        if (out->subscriptions.n == PAGE) {
            out->next_token = page_token(c, arn_text);
            break;
        }
        out->subscriptions.v[out->subscriptions.n++] = shown(c, &topic, &s);
    }
    return NULL;
}
