/* Publish and PublishBatch. Checks, the parts by protocol and the signature are made in the prepare stage, off
 * the writer; the handler numbers, deduplicates and delivers. */
#include "sns.h"

#include "crypto/crypto.h"

enum { DEDUP_MS = 300000 };

/* ---- once in five minutes ---- */

static str dedup_row(struct call *c, const struct topic *topic, const struct message *m) {
    struct key k = key_new(c->arena, S("sns-once"));
    key_u64(&k, topic->id);
    key_str(&k, topic->scope_group ? m->group : S(""));
    key_str(&k, m->dedup);
    return key_bytes(&k);
}

static bool sent_before(struct call *c, const struct topic *topic, const struct message *m, struct sent_once *once) {
    str row;
    if (!txn_get(c->txn, dedup_row(c, topic, m), &row)) return false;
    ASSERT(record_decode(c->arena, &sns_sent_once_record, arena_str(c->arena, row), once));
    return once->published_ms + DEDUP_MS > c->now_ms;
}

static void remember(struct call *c, const struct topic *topic, const struct message *m) {
    str key = dedup_row(c, topic, m);
    struct sent_once once = {m->id, m->sequence, c->now_ms};
    txn_put(c->txn, key, record_encode(c->arena, &sns_sent_once_record, &once));
    txn_task_set(c->txn, &(struct task){.kind = S("sns-forget"), .key = key, .due_ms = c->now_ms + DEDUP_MS});
}

static str content_hash(struct call *c, str text) {
    u8 digest[32];
    sha256(text, digest);
    return hex_of(c->arena, (str){(char *)digest, 32});
}

/* ---- one message ---- */

struct published {
    str id, sequence;
};

static void publish(struct call *c, struct topic *topic, const struct publication *in, struct message *m, struct published *out) {
    struct sent_once once = {.message_id = m->id};
    bool again = false;
    if (topic->fifo) {
        if (!m->dedup.n) m->dedup = content_hash(c, in->message);
        again = sent_before(c, topic, m, &once);
        if (!again) once.sequence = m->sequence = ++topic->sequence;
        out->sequence = arena_format(c->arena, "1%019llu", (unsigned long long)once.sequence);
    }
    out->id = once.message_id;
    if (again) return;
    if (topic->fifo) remember(c, topic, m);
    if (topic->fifo) topic_archive_add(c, topic, m);
    deliver(c, topic, m);
    publication_audited(c, topic, in, m->id);
    count_metric(c, S("NumberOfMessagesPublished"), S("TopicName"), topic->name, 1, S("Count"));
    count_metric(c, S("PublishSize"), S("TopicName"), topic->name, (double)publication_bytes(in), S("Bytes"));
    count_usage(c, S("Requests-Tier1"), (double)((publication_bytes(in) + 65535) / 65536));
}

/* ---- Publish ---- */

static struct publication publication_of(const struct sns_publish_input *in) {
    return (struct publication){in->message, in->subject, in->message_structure, in->message_group_id, in->message_deduplication_id, &in->message_attributes, NULL};
}

static err open_target(struct call *c, const struct sns_publish_input *in, struct topic *topic) {
    int targets = (in->topic_arn.p != NULL) + (in->target_arn.p != NULL) + (in->phone_number.p != NULL);
    if (targets == 0) return invalid_parameter(c, "TopicArn or TargetArn Reason: no value for required parameter");
    if (targets > 1) return invalid_parameter(c, "TopicArn or TargetArn Reason: You must specify only one of TopicArn, TargetArn or PhoneNumber");
    return in->topic_arn.p ? topic_open(c, "TopicArn", in->topic_arn, topic) : topic_open(c, "TargetArn", in->target_arn, topic);
}

static bool to_device(const struct sns_publish_input *in) { return !in->topic_arn.p && in->target_arn.p && str_find(in->target_arn, S(":endpoint/")) != STR_NONE; }
static bool to_phone(const struct sns_publish_input *in) { return in->phone_number.p && !in->topic_arn.p && !in->target_arn.p; }

err sns_publish_prepare(struct call *c, const struct sns_publish_input *in, struct call_plan *plan) {
    struct topic topic;
    struct publication p = publication_of(in);
    struct prepared prepared = {.messages = {.v = NEW(c->arena, struct message), .n = 1, .set = true}};
    if (to_device(in) || to_phone(in)) return NULL;
    TRY(open_target(c, in, &topic));
    TRY(publication_check(c, &topic, &p));
    TRY(publication_protect(c, &topic, &p));
    message_make(c, &topic, &p, prepared.messages.v);
    plan->note = record_encode(c->arena, &sns_prepared_record, &prepared);
    return NULL;
}

err sns_publish(struct call *c, const struct sns_publish_input *in, struct sns_publish_response *out) {
    struct topic topic;
    struct publication p = publication_of(in);
    struct prepared prepared = {.messages = {.v = NEW(c->arena, struct message)}};
    struct published published = {0};
    struct seal seal;
    if (to_device(in)) return device_publish(c, in, out);
    if (to_phone(in)) return sms_publish(c, in, out);
    TRY(open_target(c, in, &topic));
    TRY(publication_check(c, &topic, &p)); /* the topic may have changed since */
    TRY(publication_protect(c, &topic, &p));
    TRY(topic_seals(c, &topic, &seal));
    if (c->note.p) ASSERT(record_decode(c->arena, &sns_prepared_record, c->note, &prepared));
    else message_make(c, &topic, &p, prepared.messages.v); /* a service publishes: it has no prepare stage */
    prepared.messages.v->seal = seal;
    publish(c, &topic, &p, prepared.messages.v, &published);
    if (topic.fifo) topic_save(c->txn, c->arena, &topic);
    out->message_id = published.id;
    out->sequence_number = published.sequence;
    return NULL;
}

/* ---- PublishBatch ---- */

static struct publication entry_of(const struct sns_publish_batch_request_entry *e) {
    return (struct publication){e->message, e->subject, e->message_structure, e->message_group_id, e->message_deduplication_id, &e->message_attributes, NULL};
}

static err check_id(struct call *c, str id) {
    if (id.n > 80) return fail(c, &sns_invalid_batch_entry_id_exception, "The Id of a batch entry in the batch request is too long: %.*s", STR_ARGS(id));
    for (size_t i = 0; i < id.n; i++) {
        char ch = id.p[i];
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        if (!letter && !(ch >= '0' && ch <= '9') && ch != '-' && ch != '_')
            return fail(c, &sns_invalid_batch_entry_id_exception, "The Id of a batch entry in the batch request contains an impermissible character: %.*s", STR_ARGS(id));
    }
    return NULL;
}

static err check_batch(struct call *c, const struct sns_publish_batch_input *in) {
    const struct sns_publish_batch_request_entry_list *entries = &in->publish_batch_request_entries;
    size_t total = 0;
    if (entries->n == 0) return fail(c, &sns_empty_batch_request_exception, "The batch request doesn't contain any entries.");
    if (entries->n > BATCH_MAX)
        return fail(c, &sns_too_many_entries_in_batch_request_exception, "The batch request contains more entries than permissible.");
    for (u32 i = 0; i < entries->n; i++) {
        TRY(check_id(c, entries->v[i].id));
        for (u32 j = 0; j < i; j++)
            if (str_eq(entries->v[i].id, entries->v[j].id))
                return fail(c, &sns_batch_entry_ids_not_distinct_exception, "Two or more batch entries in the request have the same Id.");
        struct publication p = entry_of(&entries->v[i]);
        total += publication_bytes(&p);
    }
    if (total > MESSAGE_MAX) return fail(c, &sns_batch_request_too_long_exception, "The length of all the messages put together is more than the limit.");
    return NULL;
}

err sns_publish_batch_prepare(struct call *c, const struct sns_publish_batch_input *in, struct call_plan *plan) {
    struct topic topic;
    u32 n = in->publish_batch_request_entries.n;
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    TRY(check_batch(c, in));
    struct prepared prepared = {.messages = {.v = NEW_ARRAY(c->arena, struct message, n), .n = n, .set = true}};
    for (u32 i = 0; i < n; i++) {
        struct publication p = entry_of(&in->publish_batch_request_entries.v[i]);
        if (!publication_check(c, &topic, &p) && !publication_protect(c, &topic, &p)) message_make(c, &topic, &p, &prepared.messages.v[i]);
    }
    plan->note = record_encode(c->arena, &sns_prepared_record, &prepared);
    return NULL;
}

err sns_publish_batch(struct call *c, const struct sns_publish_batch_input *in, struct sns_publish_batch_response *out) {
    struct topic topic;
    struct prepared prepared = {0};
    struct seal seal;
    u32 n = in->publish_batch_request_entries.n;
    TRY(topic_open(c, "TopicArn", in->topic_arn, &topic));
    TRY(check_batch(c, in));
    TRY(topic_seals(c, &topic, &seal));
    if (c->note.p) ASSERT(record_decode(c->arena, &sns_prepared_record, c->note, &prepared));
    out->successful.v = NEW_ARRAY(c->arena, struct sns_publish_batch_result_entry, n);
    out->failed.v = NEW_ARRAY(c->arena, struct sns_batch_result_error_entry, n);
    out->successful.set = out->failed.set = true;
    for (u32 i = 0; i < n; i++) {
        const struct sns_publish_batch_request_entry *e = &in->publish_batch_request_entries.v[i];
        struct publication p = entry_of(e);
        struct published published = {0};
        struct message made, *m = i < prepared.messages.n && prepared.messages.v[i].id.p ? &prepared.messages.v[i] : NULL;
        err problem = publication_check(c, &topic, &p);
        if (!problem) problem = publication_protect(c, &topic, &p);
        if (problem) {
            out->failed.v[out->failed.n++] = (struct sns_batch_result_error_entry){
                .id = e->id, .code = str_of(problem->query_code ? problem->query_code : problem->code), .message = c->error_message, .sender_fault = {.v = true, .set = true}};
            continue;
        }
        if (!m) message_make(c, &topic, &p, m = &made);
        m->seal = seal;
        publish(c, &topic, &p, m, &published);
        out->successful.v[out->successful.n++] = (struct sns_publish_batch_result_entry){.id = e->id, .message_id = published.id, .sequence_number = published.sequence};
    }
    if (topic.fifo) topic_save(c->txn, c->arena, &topic);
    return NULL;
}
