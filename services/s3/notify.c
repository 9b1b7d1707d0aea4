/* S3's event records to queues and topics, with the right of S3 to send there for this bucket. */
#include "services/s3/notify.h"

#include "gen/sns.h"
#include "gen/sqs.h"
#include "text/json.h"

enum { RECORD_MAX = 16 << 10 };

/* ---- sending ---- */

bool s3_listener_is_queue(const struct s3_listener *destination) {
    struct arn arn;
    return arn_parse(destination->arn, &arn) && str_eq(arn.service, S("sqs"));
}

static err send_to_queue(struct call *c, const struct call_other *to, const struct arn *arn, str message) {
    struct call_other queue = *to;
    queue.service = &sqs_service;
    queue.op = SQS_OP_SEND_MESSAGE;
    struct sqs_send_message_request in = {.queue_url = arena_format(c->arena, "/%.*s/%.*s", STR_ARGS(arn->account), STR_ARGS(arn->resource)), .message_body = message};
    struct sqs_send_message_result out;
    return call_service(c, &queue, &in, &out);
}

static err publish(struct call *c, const struct call_other *to, str arn, str message) {
    struct call_other topic = *to;
    topic.service = &sns_service;
    topic.op = SNS_OP_PUBLISH;
    struct sns_publish_input in = {.topic_arn = arn, .subject = S("Amazon S3 Notification"), .message = message};
    struct sns_publish_response out;
    return call_service(c, &topic, &in, &out);
}

/* On behalf of the bucket: aws:SourceAccount is its owner's, whoever changed the object. */
static err send(struct call *c, const struct bucket_row *bucket, const struct s3_listener *destination, str message) {
    struct arn arn;
    ASSERT(arn_parse(destination->arn, &arn));
    str account = c->account;
    struct call_other to = {.as = CALL_AS_SERVICE, .account = arn.account, .region = arn.region, .source_arn = s3_bucket_arn(c, bucket->name)};
    c->account = bucket->account;
    err e = str_eq(arn.service, S("sqs")) ? send_to_queue(c, &to, &arn, message) : publish(c, &to, destination->arn, message);
    c->account = account;
    return e;
}

static void member(struct buf *b, const char *name, str value) {
    buf_format(b, ",\"%s\":", name);
    json_write_string(b, value);
}

err s3_notify_test(struct call *c, const struct bucket_row *bucket, const struct s3_listener *destination) {
    struct buf b = buf_new(c->arena, RECORD_MAX);
    buf_add(&b, S("{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Time\":\""));
    buf_iso8601_ms(&b, c->now_ms);
    buf_char(&b, '"');
    member(&b, "Bucket", bucket->name);
    member(&b, "RequestId", c->request_id);
    member(&b, "HostId", c->host_id);
    buf_char(&b, '}');
    return send(c, bucket, destination, buf_str(&b));
}

/* ---- the record ---- */

/* As forms encode: a space is '+', a slash stays. */
static str encoded_key(struct call *c, str key) {
    struct buf b = buf_new(c->arena, 3 * key.n + 1);
    for (str rest = key; rest.p;) {
        buf_percent(&b, str_cut(&rest, ' '), true);
        if (rest.p) buf_char(&b, '+');
    }
    return buf_str(&b);
}

static str principal_id(struct call *c) {
    const struct principal *p = c->principal;
    if (p->kind == PRINCIPAL_SERVICE) return p->arn;
    return p->kind == PRINCIPAL_ANONYMOUS ? S("Anonymous") : arena_concat(c->arena, S("AWS:"), p->user_id);
}

static void object_members(struct call *c, struct buf *b, const struct s3_notice *n) {
    buf_add(b, S("\"object\":{\"key\":"));
    json_write_string(b, encoded_key(c, n->key));
    if (n->sized) buf_format(b, ",\"size\":%llu", (unsigned long long)n->object->size);
    if (n->tagged) member(b, "eTag", n->object->etag);
    if (n->object->version_id.p) member(b, "versionId", n->object->version_id);
    if (n->sequenced) buf_format(b, ",\"sequencer\":\"%018llX\"", (unsigned long long)n->object->sequence);
    buf_char(b, '}');
}

static str record_json(struct call *c, const struct bucket_row *bucket, const struct s3_listener *destination, const struct s3_notice *n) {
    struct buf b = buf_new(c->arena, RECORD_MAX);
    buf_format(&b, "{\"Records\":[{\"eventVersion\":\"%s\",\"eventSource\":\"aws:s3\"", n->version);
    member(&b, "awsRegion", bucket->region);
    buf_add(&b, S(",\"eventTime\":\""));
    buf_iso8601_ms(&b, c->now_ms);
    buf_format(&b, "\",\"eventName\":\"%s\",\"userIdentity\":{\"principalId\":", n->name);
    json_write_string(&b, principal_id(c));
    buf_add(&b, S("},\"requestParameters\":{\"sourceIPAddress\":"));
    json_write_string(&b, c->source_ip.n ? c->source_ip : c->principal->arn);
    buf_add(&b, S("},\"responseElements\":{\"x-amz-request-id\":"));
    json_write_string(&b, c->request_id);
    member(&b, "x-amz-id-2", c->host_id);
    buf_add(&b, S("},\"s3\":{\"s3SchemaVersion\":\"1.0\""));
    member(&b, "configurationId", destination->id);
    buf_add(&b, S(",\"bucket\":{\"name\":"));
    json_write_string(&b, bucket->name);
    buf_add(&b, S(",\"ownerIdentity\":{\"principalId\":"));
    json_write_string(&b, bucket->account);
    buf_char(&b, '}');
    member(&b, "arn", s3_bucket_arn(c, bucket->name));
    buf_add(&b, S("},"));
    object_members(c, &b, n);
    buf_char(&b, '}');
    buf_add(&b, n->more);
    buf_add(&b, S("}]}"));
    return buf_str(&b);
}

str s3_notification_rule(const struct s3_listener *d, const char *name) {
    if (!d->filter || !d->filter->key) return S("");
    const struct s3_filter_rule_list *rules = &d->filter->key->filter_rules;
    for (u32 i = 0; i < rules->n; i++)
        if (str_eq_nocase(rules->v[i].name, str_of(name))) return rules->v[i].value;
    return S("");
}

bool s3_notification_means(str configured, str name) {
    str wanted = str_skip(configured, 3); /* "s3:" */
    return str_ends(wanted, S("*")) ? str_starts(name, str_take(wanted, wanted.n - 1)) : str_eq(wanted, name);
}

static bool wants(const struct s3_listener *destination, const struct s3_notice *n) {
    bool event = false;
    for (u32 i = 0; i < destination->events.n; i++) event |= s3_notification_means(destination->events.v[i], str_of(n->name));
    return event && str_starts(n->key, s3_notification_rule(destination, "prefix")) && str_ends(n->key, s3_notification_rule(destination, "suffix"));
}

void s3_notify(struct call *c, const struct bucket_row *bucket, const struct s3_notification_row *row, const struct s3_notice *notice) {
    for (u32 i = 0; i < row->destinations.n; i++) {
        const struct s3_listener *destination = &row->destinations.v[i];
        if (!wants(destination, notice)) continue;
        if (!send(c, bucket, destination, record_json(c, bucket, destination, notice))) continue;
        c->error_message = (str){0}; /* it left the queue or took the right away: the object's change stands */
        c->error_members = NULL;
    }
}
