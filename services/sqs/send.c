/* SendMessage, SendMessageBatch. */
#include "sqs.h"

#include "crypto/crypto.h"

struct sent {
    str id, body_md5, attributes_md5, system_md5, sequence;
};

static struct attributes attributes_of(struct call *c, const struct sqs_message_body_attribute_map *map) {
    struct attributes list = {.v = NEW_ARRAY(c->arena, struct attribute, map->n + 1), .n = map->n, .set = map->n > 0};
    for (u32 i = 0; i < map->n; i++) {
        const struct sqs_message_attribute_value *v = &map->v[i].value;
        bool binary = str_starts(v->data_type, S("Binary"));
        list.v[i] = (struct attribute){.name = map->v[i].key, .type = v->data_type};
        if (binary) list.v[i].binary = v->binary_value;
        else list.v[i].text = v->string_value;
    }
    return list;
}

static str system_md5(struct call *c, const struct contents *in) {
    if (!in->system->n) return (str){0};
    struct attribute one = {.name = in->system->v[0].key, .type = in->system->v[0].value.data_type, .text = in->system->v[0].value.string_value};
    return attributes_md5(c->arena, &(struct attributes){.v = &one, .n = 1, .set = true});
}

/* Twenty digits that grow. */
static str sequence_text(struct call *c, u64 seq) { return arena_format(c->arena, "188%017llu", (unsigned long long)seq); }

static str content_hash(struct call *c, str body) {
    u8 digest[32];
    sha256(body, digest);
    return hex_of(c->arena, (str){(char *)digest, 32});
}

static void send(struct call *c, struct queue *q, const struct data_key *key, const struct contents *in, struct sent *out) {
    struct message m = {.body = in->body, .group = in->group, .dedup = in->dedup, .sender = c->principal->user_id, .sent_ms = c->now_ms};
    if (!m.sender.p) m.sender = c->principal->arn;
    m.attributes = attributes_of(c, in->attributes);
    if (in->system->n) m.trace = in->system->v[0].value.string_value;
    out->body_md5 = md5_hex(c->arena, in->body);
    out->attributes_md5 = attributes_md5(c->arena, &m.attributes);
    out->system_md5 = system_md5(c, in);
    if (q->fifo) {
        struct sent_once once;
        if (!m.dedup.p) m.dedup = content_hash(c, in->body);
        if (fifo_sent_before(c->txn, c->arena, q, m.group, m.dedup, c->now_ms, &once)) {
            out->id = once.message_id;
            out->sequence = sequence_text(c, once.seq);
            return;
        }
    }
    m.id = out->id = id_uuid(c->arena);
    m.seq = txn_sequence(c->txn);
    i64 delay_s = in->delay.set && !q->fifo ? in->delay.v : q->delay_s;
    m.delayed = delay_s > 0;
    if (m.delayed) m.due_ms = c->now_ms + delay_s * 1000;
    if (q->fifo) {
        m.first_seq = m.seq;
        fifo_remember(c->txn, c->arena, q, m.group, m.dedup, &(struct sent_once){m.id, m.seq, c->now_ms});
        out->sequence = sequence_text(c, m.seq);
    }
    message_seal(c, key, &m);
    message_add(c->txn, c->arena, q, &m);
}

err sqs_send_message(struct call *c, const struct sqs_send_message_request *in, struct sqs_send_message_result *out) {
    struct queue q;
    const struct data_key *key;
    struct sent sent = {0};
    TRY(queue_open(c, in->queue_url, &q));
    struct contents m = {.body = in->message_body, .group = in->message_group_id, .dedup = in->message_deduplication_id, .delay = in->delay_seconds,
                         .attributes = &in->message_attributes, .system = &in->message_system_attributes};
    TRY(contents_check(c, &q, &m));
    TRY(queue_seals(c, &q, &key));
    TRY(fifo_throttle(c, &q, FIFO_SENDS));
    send(c, &q, key, &m, &sent);
    queue_close(c->txn, c->arena, &q, c->now_ms);
    count_messages(c, &q, "NumberOfMessagesSent", 1);
    count_size(c, &q, contents_bytes(&m));
    count_request(c, &q, contents_bytes(&m));
    *out = (struct sqs_send_message_result){.message_id = sent.id, .md5_of_message_body = sent.body_md5, .md5_of_message_attributes = sent.attributes_md5,
                                            .md5_of_message_system_attributes = sent.system_md5, .sequence_number = sent.sequence};
    return NULL;
}

static struct contents entry_contents(const struct sqs_send_message_batch_request_entry *e) {
    return (struct contents){.body = e->message_body, .group = e->message_group_id, .dedup = e->message_deduplication_id, .delay = e->delay_seconds,
                             .attributes = &e->message_attributes, .system = &e->message_system_attributes};
}

static err check_batch(struct call *c, const struct sqs_send_message_batch_request *in, size_t *total) {
    TRY(batch_check(c, in->entries.n, "SendMessageBatchRequestEntry"));
    for (u32 i = 0; i < in->entries.n; i++) {
        TRY(batch_check_id(c, in->entries.v[i].id));
        for (u32 j = 0; j < i; j++)
            if (str_eq(in->entries.v[i].id, in->entries.v[j].id)) return batch_repeated(c, in->entries.v[i].id);
        struct contents m = entry_contents(&in->entries.v[i]);
        *total += contents_bytes(&m);
    }
    if (*total > MESSAGE_MAX)
        return fail(c, &sqs_batch_request_too_long, "Batch requests cannot be longer than %d bytes. You have sent %zu bytes.", MESSAGE_MAX, *total);
    return NULL;
}

err sqs_send_message_batch(struct call *c, const struct sqs_send_message_batch_request *in, struct sqs_send_message_batch_result *out) {
    struct queue q;
    const struct data_key *key;
    size_t total = 0;
    TRY(queue_open(c, in->queue_url, &q));
    TRY(check_batch(c, in, &total));
    TRY(queue_seals(c, &q, &key));
    TRY(fifo_throttle(c, &q, FIFO_SENDS));
    out->successful.v = NEW_ARRAY(c->arena, struct sqs_send_message_batch_result_entry, in->entries.n);
    out->failed.v = NEW_ARRAY(c->arena, struct sqs_batch_result_error_entry, in->entries.n);
    for (u32 i = 0; i < in->entries.n; i++) {
        struct contents m = entry_contents(&in->entries.v[i]);
        struct sent s = {0};
        err e = contents_check(c, &q, &m); /* before anything is written: there is nothing to undo */
        if (e) {
            batch_failure(c, &out->failed, in->entries.v[i].id, e);
            continue;
        }
        send(c, &q, key, &m, &s);
        count_size(c, &q, contents_bytes(&m));
        out->successful.v[out->successful.n++] = (struct sqs_send_message_batch_result_entry){
            .id = in->entries.v[i].id, .message_id = s.id, .md5_of_message_body = s.body_md5, .md5_of_message_attributes = s.attributes_md5,
            .md5_of_message_system_attributes = s.system_md5, .sequence_number = s.sequence};
    }
    out->successful.set = out->successful.n > 0;
    queue_close(c->txn, c->arena, &q, c->now_ms);
    if (out->successful.n) count_messages(c, &q, "NumberOfMessagesSent", out->successful.n);
    count_request(c, &q, total);
    return NULL;
}
