/* The queue's policy: stored as it came, checked for its form, and grown by AddPermission. Who may do
 * what is the evaluator's to say: the facts below hand it the policy and the queue's owner. */
#include "sqs.h"

#include "text/json.h"

enum { STATEMENTS_MAX = 20 };

static err invalid(struct call *c) { return fail(c, &sqs_invalid_attribute_value, "Invalid value for the parameter Policy."); }

/* Its statements as they stand; false: no policy document. */
static bool read_policy(struct arena *a, str text, str *id, str *version, str *statements, str *sids, u32 *n) {
    struct json_reader r = json_reader_new(a, text, json_default_limits);
    str key;
    *n = 0;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("Id"))) (void)!json_read_string(&r, id);
            else if (str_eq(key, S("Version"))) (void)!json_read_string(&r, version);
            else if (!str_eq(key, S("Statement"))) json_skip(&r);
            else if (json_peek(&r) == JSON_OBJECT) {
                if (!json_read_raw(&r, &statements[(*n)++])) return false;
            } else if (json_read_array(&r))
                while (json_read_item(&r)) {
                    if (*n == STATEMENTS_MAX || !json_read_raw(&r, &statements[*n])) return false;
                    ++*n;
                }
        }
    if (!json_done(&r)) return false;
    for (u32 i = 0; i < *n; i++) {
        struct json_reader s = json_reader_new(a, statements[i], json_default_limits);
        bool effect = false;
        sids[i] = (str){0};
        if (json_read_object(&s))
            while (json_read_key(&s, &key)) {
                effect |= str_eq(key, S("Effect"));
                if (str_eq(key, S("Sid"))) (void)!json_read_string(&s, &sids[i]);
                else json_skip(&s);
            }
        if (!json_done(&s) || !effect) return false;
    }
    return *n > 0;
}

struct document {
    str id, version, statements[STATEMENTS_MAX], sids[STATEMENTS_MAX];
    u32 n;
};

err policy_check(struct call *c, str text) {
    struct document d = {0};
    return read_policy(c->arena, text, &d.id, &d.version, d.statements, d.sids, &d.n) ? NULL : invalid(c);
}

static str write_policy(struct call *c, const struct document *d) {
    if (!d->n) return (str){0};
    struct buf b = buf_new(c->arena, 256 << 10);
    json_write_object(&b);
    json_write_key(&b, S("Version"));
    json_write_string(&b, d->version);
    if (d->id.p) {
        json_write_key(&b, S("Id"));
        json_write_string(&b, d->id);
    }
    json_write_key(&b, S("Statement"));
    json_write_array(&b);
    for (u32 i = 0; i < d->n; i++) json_write_raw(&b, d->statements[i]);
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

static void write_list(struct buf *b, const char *name, const str *v, u32 n) {
    json_write_key(b, str_of(name));
    if (n > 1) json_write_array(b);
    for (u32 i = 0; i < n; i++) json_write_string(b, v[i]);
    if (n > 1) json_write_array_end(b);
}

static str permission(struct call *c, const struct queue *q, const struct sqs_add_permission_request *in) {
    str *principals = NEW_ARRAY(c->arena, str, in->aws_account_ids.n + 1), *actions = NEW_ARRAY(c->arena, str, in->actions.n + 1);
    for (u32 i = 0; i < in->aws_account_ids.n; i++)
        principals[i] = arena_format(c->arena, "arn:aws:iam::%.*s:root", STR_ARGS(in->aws_account_ids.v[i]));
    for (u32 i = 0; i < in->actions.n; i++) actions[i] = arena_format(c->arena, "SQS:%.*s", STR_ARGS(in->actions.v[i]));
    struct buf b = buf_new(c->arena, 64 << 10);
    json_write_object(&b);
    json_write_key(&b, S("Sid"));
    json_write_string(&b, in->label);
    json_write_key(&b, S("Effect"));
    json_write_string(&b, S("Allow"));
    json_write_key(&b, S("Principal"));
    json_write_object(&b);
    write_list(&b, "AWS", principals, in->aws_account_ids.n);
    json_write_object_end(&b);
    write_list(&b, "Action", actions, in->actions.n);
    json_write_key(&b, S("Resource"));
    json_write_string(&b, queue_arn(c->arena, q));
    json_write_object_end(&b);
    return buf_str(&b);
}

static bool action_known(str name) {
    static const char *const names[] = {"*", "AddPermission", "ChangeMessageVisibility", "DeleteMessage", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl",
                                        "ListDeadLetterSourceQueues", "ListMessageMoveTasks", "ListQueueTags", "PurgeQueue", "ReceiveMessage", "RemovePermission",
                                        "SendMessage", "SetQueueAttributes", "StartMessageMoveTask", "CancelMessageMoveTask", "TagQueue", "UntagQueue", "CreateQueue"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq(name, str_of(names[i]))) return true;
    return false;
}

static err check_permission(struct call *c, const struct sqs_add_permission_request *in) {
    str label = in->label;
    bool valid = label.n > 0 && label.n <= 80;
    for (size_t i = 0; i < label.n && valid; i++) {
        char ch = label.p[i];
        valid = ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
    }
    if (!valid)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "Value %.*s for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.", STR_ARGS(label));
    if (!in->aws_account_ids.n) return fail(c, &sqs_missing_required_parameter_exception, "The request must contain the parameter PrincipalId.");
    if (!in->actions.n) return fail(c, &sqs_missing_required_parameter_exception, "The request must contain the parameter Actions.");
    if (in->actions.n > 7) return fail(c, &sqs_over_limit, "%u Actions were found, maximum allowed is 7.", in->actions.n);
    for (u32 i = 0; i < in->actions.n; i++)
        if (!action_known(in->actions.v[i]))
            return fail(c, &sqs_invalid_parameter_value_exception, "Value SQS:%.*s for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions.", STR_ARGS(in->actions.v[i]));
    for (u32 i = 0; i < in->aws_account_ids.n; i++)
        if (!account_valid(in->aws_account_ids.v[i]))
            return fail(c, &sqs_invalid_parameter_value_exception, "Value [%.*s] for parameter PrincipalId is invalid. Reason: Unable to verify.", STR_ARGS(in->aws_account_ids.v[i]));
    return NULL;
}

static err load(struct call *c, str url, struct queue *q, struct document *d) {
    TRY(queue_open(c, url, q));
    *d = (struct document){0};
    if (q->policy.n) ASSERT(read_policy(c->arena, q->policy, &d->id, &d->version, d->statements, d->sids, &d->n));
    if (!d->version.p) d->version = S("2008-10-17");
    return NULL;
}

static void store(struct call *c, struct queue *q, const struct document *d) {
    q->policy = write_policy(c, d);
    q->modified_ms = c->now_ms;
    queue_save(c->txn, c->arena, q);
    txn_raise_epoch(c->txn);
    count_request(c, q, 0);
}

err sqs_add_permission(struct call *c, const struct sqs_add_permission_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    struct document d;
    TRY(load(c, in->queue_url, &q, &d));
    TRY(check_permission(c, in));
    for (u32 i = 0; i < d.n; i++)
        if (str_eq(d.sids[i], in->label))
            return fail(c, &sqs_invalid_parameter_value_exception, "Value %.*s for parameter Label is invalid. Reason: Already exists.", STR_ARGS(in->label));
    if (d.n == STATEMENTS_MAX) return fail(c, &sqs_over_limit, "%d Statements were found, maximum allowed is %d.", d.n + 1, STATEMENTS_MAX);
    if (!d.n) d.id = arena_format(c->arena, "%.*s/SQSDefaultPolicy", STR_ARGS(queue_arn(c->arena, &q)));
    d.statements[d.n++] = permission(c, &q, in);
    store(c, &q, &d);
    return NULL;
}

err sqs_remove_permission(struct call *c, const struct sqs_remove_permission_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    struct document d;
    TRY(load(c, in->queue_url, &q, &d));
    u32 kept = 0;
    for (u32 i = 0; i < d.n; i++)
        if (!str_eq(d.sids[i], in->label)) d.statements[kept++] = d.statements[i];
    if (kept == d.n)
        return fail(c, &sqs_invalid_parameter_value_exception, "Value %.*s for parameter Label is invalid. Reason: can't find label.", STR_ARGS(in->label));
    d.n = kept;
    store(c, &q, &d);
    return NULL;
}

/* ---- facts: the queue that a URL names, its owner and its policy ---- */

static err facts_of(struct call *c, str account, str name, struct auth_facts *facts) {
    struct queue q;
    facts->resource_account = account;
    facts->resource_arn = arn_format(c->arena, S("sqs"), c->region, account, name);
    if (queue_load(c->txn, c->arena, account, c->region, name, &q)) facts->resource_policy = q.policy;
    return NULL;
}

static err url_facts(struct call *c, str url, struct auth_facts *facts) {
    str account, name;
    return queue_url_parts(c, url, &account, &name) ? facts_of(c, account, name, facts) : NULL;
}

err sqs_get_queue_url_facts(struct call *c, const struct sqs_get_queue_url_request *in, struct auth_facts *facts) {
    return facts_of(c, in->queue_owner_aws_account_id.n ? in->queue_owner_aws_account_id : c->account, in->queue_name, facts);
}

#define URL_FACTS(operation)                                                                                                           \
    err sqs_##operation##_facts(struct call *c, const struct sqs_##operation##_request *in, struct auth_facts *facts) {                \
        return url_facts(c, in->queue_url, facts);                                                                                     \
    }
URL_FACTS(add_permission)
URL_FACTS(change_message_visibility)
URL_FACTS(change_message_visibility_batch)
URL_FACTS(delete_message)
URL_FACTS(delete_message_batch)
URL_FACTS(delete_queue)
URL_FACTS(get_queue_attributes)
URL_FACTS(list_dead_letter_source_queues)
URL_FACTS(list_queue_tags)
URL_FACTS(purge_queue)
URL_FACTS(receive_message)
URL_FACTS(remove_permission)
URL_FACTS(send_message)
URL_FACTS(send_message_batch)
URL_FACTS(set_queue_attributes)
URL_FACTS(tag_queue)
URL_FACTS(untag_queue)
