/* Dead-letter queues: who may be one for whom, and the way there. */
#include "sqs.h"

#include "text/json.h"

static err policy_invalid(struct call *c, str text, const char *name, const char *reason) {
    return fail(c, &sqs_invalid_parameter_value_exception, "Value %.*s for parameter %s is invalid. Reason: %s", STR_ARGS(text), name, reason);
}

/* ---- RedriveAllowPolicy ---- */

enum allowed { ALLOW_ALL, DENY_ALL, BY_QUEUE };
struct allow {
    u8 who;
    u32 n;
    str arns[10];
};

static bool read_allow(struct arena *a, str text, struct allow *allow) {
    struct json_reader r = json_reader_new(a, text, json_default_limits);
    str key, permission = {0};
    *allow = (struct allow){0};
    bool known = true;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("redrivePermission"))) known &= json_read_string(&r, &permission);
            else if (str_eq(key, S("sourceQueueArns"))) {
                if (json_read_array(&r))
                    while (json_read_item(&r)) {
                        str arn;
                        if (!json_read_string(&r, &arn)) break;
                        if (allow->n == LENGTH(allow->arns)) return false;
                        allow->arns[allow->n++] = arn;
                    }
            } else {
                known = false;
                json_skip(&r);
            }
        }
    if (!json_done(&r) || !known) return false;
    if (str_eq(permission, S("allowAll"))) allow->who = ALLOW_ALL;
    else if (str_eq(permission, S("denyAll"))) allow->who = DENY_ALL;
    else if (str_eq(permission, S("byQueue"))) allow->who = BY_QUEUE;
    else return false;
    return (allow->n > 0) == (allow->who == BY_QUEUE);
}

/* As AWS shows it whatever the spaces it came with: Terraform compares the text. */
static str show_allow(struct arena *a, const struct allow *allow, size_t given) {
    static const char *const names[] = {"allowAll", "denyAll", "byQueue"};
    struct buf b = buf_new(a, 64 + 6 * given); /* a byte as \u00xx at the longest */
    json_write_object(&b);
    json_write_member(&b, S("redrivePermission"), str_of(names[allow->who]));
    if (allow->n) {
        json_write_key(&b, S("sourceQueueArns"));
        json_write_array(&b);
        for (u32 i = 0; i < allow->n; i++) json_write_string(&b, allow->arns[i]);
        json_write_array_end(&b);
    }
    json_write_object_end(&b);
    return buf_str(&b);
}

err redrive_allow_policy_apply(struct call *c, struct queue *q, str text) {
    struct allow allow;
    q->redrive_allow_policy = (str){0};
    if (!text.n) return NULL;
    if (!read_allow(c->arena, text, &allow)) return policy_invalid(c, text, "RedriveAllowPolicy", "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.");
    q->redrive_allow_policy = show_allow(c->arena, &allow, text.n);
    return NULL;
}

static bool allows(struct arena *a, const struct queue *dlq, str source_arn) {
    struct allow allow;
    if (!dlq->redrive_allow_policy.n || !read_allow(a, dlq->redrive_allow_policy, &allow)) return true;
    if (allow.who != BY_QUEUE) return allow.who == ALLOW_ALL;
    for (u32 i = 0; i < allow.n; i++)
        if (str_eq(allow.arns[i], source_arn)) return true;
    return false;
}

/* ---- RedrivePolicy ---- */

static bool read_redrive(struct arena *a, str text, str *target, str *count) {
    struct json_reader r = json_reader_new(a, text, json_default_limits);
    str key;
    bool known = true;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("deadLetterTargetArn"))) known &= json_read_string(&r, target);
            else if (str_eq(key, S("maxReceiveCount"))) known &= json_peek(&r) == JSON_STRING ? json_read_string(&r, count) : json_read_number(&r, count);
            else {
                known = false;
                json_skip(&r);
            }
        }
    return json_done(&r) && known;
}

static err check_target(struct call *c, const struct queue *q, str text, str target) {
    struct arn arn;
    struct queue dlq;
    if (!arn_parse(target, &arn) || !str_eq(arn.service, S("sqs"))) return policy_invalid(c, text, "RedrivePolicy", "Invalid value for deadLetterTargetArn.");
    if (!str_eq(arn.account, q->account) || !str_eq(arn.region, q->region) || str_eq(arn.resource, q->name))
        return policy_invalid(c, text, "RedrivePolicy", "Dead-letter target owner should be same as the source.");
    if (!queue_load_by_arn(c->txn, c->arena, target, &dlq)) return policy_invalid(c, text, "RedrivePolicy", "Dead letter target does not exist.");
    if (dlq.fifo != q->fifo)
        return policy_invalid(c, text, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.");
    if (!allows(c->arena, &dlq, queue_arn(c->arena, q)))
        return policy_invalid(c, text, "RedrivePolicy", "The dead-letter queue's redrive allow policy does not permit this source queue.");
    return NULL;
}

err redrive_policy_apply(struct call *c, struct queue *q, str text) {
    str target = {0}, count = {0};
    i64 most = 0;
    q->redrive_policy = q->dlq_arn = (str){0};
    q->max_receive = 0;
    if (!text.n) return NULL;
    if (!read_redrive(c->arena, text, &target, &count)) return policy_invalid(c, text, "RedrivePolicy", "Redrive policy is not a valid JSON map.");
    if (!target.n) return policy_invalid(c, text, "RedrivePolicy", "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    if (!count.n) return policy_invalid(c, text, "RedrivePolicy", "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
    if (!str_to_i64(count, &most) || most < 1 || most > 1000)
        return policy_invalid(c, text, "RedrivePolicy", "Invalid value for maxReceiveCount: it must be an integer between 1 and 1000.");
    TRY(check_target(c, q, text, target));
    q->dlq_arn = target;
    q->max_receive = most;
    q->redrive_policy = arena_format(c->arena, "{\"deadLetterTargetArn\":\"%.*s\",\"maxReceiveCount\":%lld}", STR_ARGS(target), (long long)most);
    return NULL;
}

/* ---- ("source", dead-letter queue, source): who points here ---- */

static struct key sources_key(struct arena *a, str account, str region, str dlq) {
    struct key k = key_new(a, S("sqs"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("source"));
    key_str(&k, dlq);
    return k;
}

void redrive_index(struct call *c, const struct queue *q, str old_dlq_arn) {
    struct arn arn;
    if (str_eq(q->dlq_arn, old_dlq_arn)) return;
    str arns[] = {old_dlq_arn, q->dlq_arn};
    for (int i = 0; i < 2; i++) {
        if (!arns[i].p || !arn_parse(arns[i], &arn)) continue;
        struct key k = sources_key(c->arena, q->account, q->region, arn.resource);
        key_str(&k, q->name);
        if (i == 0) txn_delete(c->txn, key_bytes(&k));
        else txn_put(c->txn, key_bytes(&k), S(""));
    }
}

bool redrive_has_source(struct txn *t, struct arena *a, const struct queue *dlq) {
    struct key k = sources_key(a, dlq->account, dlq->region, dlq->name);
    str from = key_bytes(&k), key, value;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    return range_next(&r, &key, &value);
}

static err ask(struct call *c, str action, const struct queue *q) {
    struct auth_facts facts = {.resource_policy = q->policy, .resource_account = q->account};
    str arn = queue_arn(c->arena, q);
    return may_with(c, action, arn, &facts) ? NULL : deny(c, action, arn);
}

err redrive_may_move(struct call *c, const struct queue *dlq, const struct queue *to) {
    TRY(ask(c, S("sqs:ReceiveMessage"), dlq));
    TRY(ask(c, S("sqs:DeleteMessage"), dlq));
    TRY(ask(c, S("sqs:GetQueueAttributes"), dlq));
    if (to) return ask(c, S("sqs:SendMessage"), to);
    struct key k = sources_key(c->arena, dlq->account, dlq->region, dlq->name);
    str from = key_bytes(&k), key, name;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, NULL)) {
        struct queue source;
        str rest = str_skip(key, from.n);
        ASSERT(key_read_str(&rest, c->arena, &name));
        if (queue_load(c->txn, c->arena, dlq->account, dlq->region, name, &source)) TRY(ask(c, S("sqs:SendMessage"), &source));
    }
    return NULL;
}

bool redrive_send(struct txn *t, struct arena *a, struct queue *q, struct message *m, i64 now_ms) {
    struct queue dlq;
    if (!queue_load_by_arn(t, a, q->dlq_arn, &dlq) || dlq.fifo != q->fifo || str_eq(dlq.key, q->key)) return false;
    struct message there = *m;
    there.body = message_body(t, a, q, m);
    message_remove(t, a, q, m);
    there.seq = txn_sequence(t);
    there.due_ms = 0;
    there.delayed = there.moved = false;
    there.nonce = 0;
    there.source_arn = queue_arn(a, q);
    if (q->fifo) there.sent_ms = now_ms; /* AWS: standard queues keep the time of sending, FIFO queues do not */
    message_add(t, a, &dlq, &there);
    queue_close(t, a, &dlq, now_ms);
    return true;
}
