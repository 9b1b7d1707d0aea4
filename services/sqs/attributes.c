/* A queue's attributes: one table of what each may hold; GetQueueAttributes, SetQueueAttributes. */
#include "sqs.h"

#include "cloud/policy_principal.h"

enum kind { NUMBER, SWITCH, TEXT, CHOICE };
struct attribute_rule {
    str name;
    u8 kind;
    bool fifo_only, after_create; /* after_create: AWS lets it change later */
    size_t offset;
    i64 least, most, usual;
    const char *no, *yes; /* CHOICE */
};
#define RULE_NUMBER(name_, field_, least_, most_, usual_)                                                                              \
    {.name = {name_, sizeof(name_) - 1}, .kind = NUMBER, .after_create = true, .offset = offsetof(struct queue, field_),               \
     .least = (least_), .most = (most_), .usual = (usual_)}
static const struct attribute_rule rules[] = {
    RULE_NUMBER("VisibilityTimeout", visibility_s, 0, VISIBILITY_MAX_S, 30),
    RULE_NUMBER("MaximumMessageSize", max_bytes, 1024, MESSAGE_MAX, MESSAGE_MAX),
    RULE_NUMBER("MessageRetentionPeriod", retention_s, 60, 1209600, 345600),
    RULE_NUMBER("DelaySeconds", delay_s, 0, DELAY_MAX_S, 0),
    RULE_NUMBER("ReceiveMessageWaitTimeSeconds", wait_s, 0, 20, 0),
    RULE_NUMBER("KmsDataKeyReusePeriodSeconds", kms_reuse_s, 60, 86400, 300),
    {.name = {"KmsMasterKeyId", 14}, .kind = TEXT, .after_create = true, .offset = offsetof(struct queue, kms_key)},
    {.name = {"Policy", 6}, .kind = TEXT, .after_create = true, .offset = offsetof(struct queue, policy)},
    {.name = {"RedrivePolicy", 13}, .kind = TEXT, .after_create = true, .offset = offsetof(struct queue, redrive_policy)},
    {.name = {"RedriveAllowPolicy", 18}, .kind = TEXT, .after_create = true, .offset = offsetof(struct queue, redrive_allow_policy)},
    {.name = {"SqsManagedSseEnabled", 20}, .kind = SWITCH, .after_create = true, .offset = offsetof(struct queue, sse)},
    {.name = {"FifoQueue", 9}, .kind = SWITCH, .fifo_only = true, .offset = offsetof(struct queue, fifo)},
    {.name = {"ContentBasedDeduplication", 25}, .kind = SWITCH, .fifo_only = true, .after_create = true, .offset = offsetof(struct queue, content_dedup)},
    {.name = {"DeduplicationScope", 18}, .kind = CHOICE, .fifo_only = true, .after_create = true, .offset = offsetof(struct queue, scope_group), .no = "queue", .yes = "messageGroup"},
    {.name = {"FifoThroughputLimit", 19}, .kind = CHOICE, .fifo_only = true, .after_create = true, .offset = offsetof(struct queue, limit_per_group), .no = "perQueue", .yes = "perMessageGroupId"},
};

static const struct attribute_rule *rule_of(str name) {
    for (size_t i = 0; i < LENGTH(rules); i++)
        if (str_eq(rules[i].name, name)) return &rules[i];
    return NULL;
}
static i64 *number_at(const struct queue *q, const struct attribute_rule *r) { return (i64 *)(void *)((char *)(uintptr_t)q + r->offset); }
static bool *switch_at(const struct queue *q, const struct attribute_rule *r) { return (bool *)(void *)((char *)(uintptr_t)q + r->offset); }
static str *text_at(const struct queue *q, const struct attribute_rule *r) { return (str *)(void *)((char *)(uintptr_t)q + r->offset); }

void queue_defaults(struct queue *q) {
    for (size_t i = 0; i < LENGTH(rules); i++)
        if (rules[i].kind == NUMBER) *number_at(q, &rules[i]) = rules[i].usual;
    q->sse = true;
}

static err invalid_value(struct call *c, str name) {
    return fail(c, &sqs_invalid_attribute_value, "Invalid value for the parameter %.*s.", STR_ARGS(name));
}

static err set_number(struct call *c, struct queue *q, const struct attribute_rule *r, str value) {
    i64 v = r->usual; /* an empty value is AWS's default again */
    if (value.n && (!str_to_i64(value, &v) || v < r->least || v > r->most)) return invalid_value(c, r->name);
    *number_at(q, r) = v;
    return NULL;
}

static err set_switch(struct call *c, struct queue *q, const struct attribute_rule *r, str value) {
    bool yes = str_eq_nocase(value, S("true"));
    if (!yes && !str_eq_nocase(value, S("false"))) return invalid_value(c, r->name);
    *switch_at(q, r) = yes;
    return NULL;
}

static err set_choice(struct call *c, struct queue *q, const struct attribute_rule *r, str value) {
    bool yes = str_eq(value, str_of(r->yes));
    if (!yes && !str_eq(value, str_of(r->no))) return invalid_value(c, r->name);
    *switch_at(q, r) = yes;
    return NULL;
}

static err set_text(struct call *c, struct queue *q, const struct attribute_rule *r, str value) {
    if (r->offset == offsetof(struct queue, redrive_policy)) return redrive_policy_apply(c, q, value);
    if (r->offset == offsetof(struct queue, redrive_allow_policy)) return redrive_allow_policy_apply(c, q, value);
    if (r->offset == offsetof(struct queue, policy) && value.n) TRY(policy_take(c, value, &value));
    *text_at(q, r) = value.n ? value : (str){0};
    if (r->offset == offsetof(struct queue, kms_key) && value.n) q->sse = false;
    return NULL;
}

static err check_fifo_rule(struct call *c, const struct queue *q, const struct attribute_rule *r, bool fifo, bool creating, str value) {
    if (r->fifo_only && !fifo) {
        if (r->kind == CHOICE)
            return fail(c, &sqs_invalid_attribute_name, "You can specify the %.*s only when FifoQueue is set to true.", STR_ARGS(r->name));
        return fail(c, &sqs_invalid_attribute_name, "Unknown Attribute %.*s.", STR_ARGS(r->name));
    }
    if (!creating && !r->after_create && !(q->fifo && str_eq_nocase(value, S("true"))))
        return fail(c, &sqs_invalid_attribute_value, "Invalid value for the parameter %.*s. Reason: Modifying queue type is not supported.", STR_ARGS(r->name));
    return NULL;
}

err attributes_apply(struct call *c, struct queue *q, const struct sqs_queue_attribute_map *given, bool creating) {
    bool fifo = q->fifo, sse_asked = false, kms_asked = false;
    for (u32 i = 0; i < given->n; i++)
        if (creating && str_eq(given->v[i].key, S("FifoQueue"))) fifo = q->fifo = str_eq_nocase(given->v[i].value, S("true"));
    for (u32 i = 0; i < given->n; i++) {
        str name = given->v[i].key, value = given->v[i].value.p ? given->v[i].value : S("");
        const struct attribute_rule *r = rule_of(name);
        if (!r) return fail(c, &sqs_invalid_attribute_name, "Unknown Attribute %.*s.", STR_ARGS(name));
        TRY(check_fifo_rule(c, q, r, fifo, creating, value));
        err (*const set[])(struct call *, struct queue *, const struct attribute_rule *, str) = {set_number, set_switch, set_text, set_choice};
        TRY(set[r->kind](c, q, r, value));
        sse_asked |= r->offset == offsetof(struct queue, sse) && q->sse;
        kms_asked |= r->offset == offsetof(struct queue, kms_key) && q->kms_key.n;
    }
    if (sse_asked && (kms_asked || q->kms_key.n))
        return fail(c, &sqs_invalid_attribute_name, "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.");
    if (kms_asked) q->sse = false;
    if (q->limit_per_group && !q->scope_group)
        return fail(c, &sqs_invalid_attribute_value, "FifoThroughputLimit can be set to perMessageGroupId only if DeduplicationScope is set to messageGroup.");
    return NULL;
}

/* ---- reading ---- */

static str number_text(struct call *c, i64 v) {
    struct buf b = buf_new(c->arena, 24);
    buf_i64(&b, v);
    return buf_str(&b);
}

static bool counted(struct call *c, const struct queue *q, str name, str *text) {
    const struct counts *n = &q->counts;
    if (str_eq(name, S("QueueArn"))) *text = queue_arn(c->arena, q);
    else if (str_eq(name, S("CreatedTimestamp"))) *text = number_text(c, q->created_ms / 1000);
    else if (str_eq(name, S("LastModifiedTimestamp"))) *text = number_text(c, q->modified_ms / 1000);
    else if (str_eq(name, S("ApproximateNumberOfMessages"))) *text = number_text(c, n->ready);
    else if (str_eq(name, S("ApproximateNumberOfMessagesNotVisible"))) *text = number_text(c, n->in_flight);
    else if (str_eq(name, S("ApproximateNumberOfMessagesDelayed"))) *text = number_text(c, n->delayed);
    else return false;
    return true;
}

str attribute_text(struct call *c, const struct queue *q, str name) {
    str text;
    if (counted(c, q, name, &text)) return text;
    const struct attribute_rule *r = rule_of(name);
    if (!r || (r->fifo_only && !q->fifo)) return (str){0};
    if (r->offset == offsetof(struct queue, kms_reuse_s) && !q->kms_key.n) return (str){0};
    if (r->kind == NUMBER) return number_text(c, *number_at(q, r));
    if (r->kind == SWITCH) return *switch_at(q, r) ? S("true") : S("false");
    if (r->kind == CHOICE) return str_of(*switch_at(q, r) ? r->yes : r->no);
    text = *text_at(q, r);
    if (r->offset == offsetof(struct queue, policy)) text = policy_principals_shown(c, text);
    return text.n ? text : (str){0};
}

static bool attribute_known(str name) {
    static const str counted_names[] = {{"QueueArn", 8}, {"CreatedTimestamp", 16}, {"LastModifiedTimestamp", 21},
                                        {"ApproximateNumberOfMessages", 27}, {"ApproximateNumberOfMessagesNotVisible", 37},
                                        {"ApproximateNumberOfMessagesDelayed", 34}};
    for (size_t i = 0; i < LENGTH(counted_names); i++)
        if (str_eq(counted_names[i], name)) return true;
    return rule_of(name) != NULL;
}

static void add_text(struct call *c, const struct queue *q, str name, struct sqs_queue_attribute_map *map) {
    str text = attribute_text(c, q, name);
    if (!text.p) return;
    for (u32 i = 0; i < map->n; i++)
        if (str_eq(map->v[i].key, name)) return;
    map->v[map->n++] = (struct sqs_queue_attribute_map_entry){name, text};
}

err sqs_get_queue_attributes(struct call *c, const struct sqs_get_queue_attributes_request *in, struct sqs_get_queue_attributes_result *out) {
    static const str read_only[] = {{"QueueArn", 8}, {"ApproximateNumberOfMessages", 27}, {"ApproximateNumberOfMessagesNotVisible", 37},
                                    {"ApproximateNumberOfMessagesDelayed", 34}, {"CreatedTimestamp", 16}, {"LastModifiedTimestamp", 21}};
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    struct sqs_queue_attribute_map *map = &out->attributes;
    map->v = NEW_ARRAY(c->arena, struct sqs_queue_attribute_map_entry, LENGTH(rules) + LENGTH(read_only));
    for (u32 i = 0; i < in->attribute_names.n; i++) {
        str name = in->attribute_names.v[i];
        if (!str_eq(name, S("All"))) {
            if (!attribute_known(name)) return fail(c, &sqs_invalid_attribute_name, "Unknown Attribute %.*s.", STR_ARGS(name));
            add_text(c, &q, name, map);
            continue;
        }
        for (size_t j = 0; j < LENGTH(read_only); j++) add_text(c, &q, read_only[j], map);
        for (size_t j = 0; j < LENGTH(rules); j++) add_text(c, &q, rules[j].name, map);
    }
    map->set = map->n > 0;
    count_request(c, &q, 0);
    return NULL;
}

err sqs_set_queue_attributes(struct call *c, const struct sqs_set_queue_attributes_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    TRY(queue_open(c, in->queue_url, &q));
    str old_dlq = q.dlq_arn;
    TRY(attributes_apply(c, &q, &in->attributes, false));
    q.modified_ms = c->now_ms;
    queue_save(c->txn, c->arena, &q);
    if (q.counts.timer_ms) { /* the retention may be shorter now: the timer looks again */
        q.counts.timer_ms = 0;
        queue_set_timer(c->txn, c->arena, &q, c->now_ms);
        queue_close(c->txn, c->arena, &q, c->now_ms);
    }
    redrive_index(c, &q, old_dlq);
    txn_raise_epoch(c->txn);
    count_request(c, &q, 0);
    return NULL;
}
