/* The queue's policy: stored as it came, checked for its form, and grown by AddPermission. Who may do
 * what is the evaluator's to say: the facts below hand it the policy and the queue's owner. */
#include "sqs.h"

#include "auth/policy.h"
#include "cloud/policy_document.h"
#include "cloud/policy_principal.h"

enum { STATEMENTS_MAX = 20 };

static err invalid(struct call *c) { return fail(c, &sqs_invalid_attribute_value, "Invalid value for the parameter Policy."); }

err policy_take(struct call *c, str text, str *policy) {
    struct policy_document *d = NEW(c->arena, struct policy_document);
    str problem;
    bool valid = policy_document_read(c->arena, text, d) && d->n <= STATEMENTS_MAX && policy_compile(text, POLICY_RESOURCE, c->arena, &problem);
    return valid && policy_principals_bind(c, text, policy, NULL) ? NULL : invalid(c);
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

static err load(struct call *c, str url, struct queue *q, struct policy_document **d) {
    TRY(queue_open(c, url, q));
    *d = NEW(c->arena, struct policy_document);
    (*d)->version = S("2008-10-17");
    if (q->policy.n) ASSERT(policy_document_read(c->arena, q->policy, *d)); /* was checked when it was set */
    return NULL;
}

static void store(struct call *c, struct queue *q, const struct policy_document *d) {
    q->policy = d->n ? policy_document_write(c->arena, d) : (str){0};
    q->modified_ms = c->now_ms;
    queue_save(c->txn, c->arena, q);
    txn_raise_epoch(c->txn);
    count_request(c, q, 0);
}

err sqs_add_permission(struct call *c, const struct sqs_add_permission_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    struct policy_document *d;
    TRY(load(c, in->queue_url, &q, &d));
    TRY(check_permission(c, in));
    if (policy_document_find(d, in->label) != STR_NONE)
        return fail(c, &sqs_invalid_parameter_value_exception, "Value %.*s for parameter Label is invalid. Reason: Already exists.", STR_ARGS(in->label));
    if (d->n >= STATEMENTS_MAX) return fail(c, &sqs_over_limit, "%u Statements were found, maximum allowed is %d.", d->n + 1, STATEMENTS_MAX);
    str queue = queue_arn(c->arena, &q);
    if (!d->n) d->id = arena_format(c->arena, "%.*s/SQSDefaultPolicy", STR_ARGS(queue));
    str *principals = NEW_ARRAY(c->arena, str, in->aws_account_ids.n), *actions = NEW_ARRAY(c->arena, str, in->actions.n);
    for (u32 i = 0; i < in->aws_account_ids.n; i++)
        principals[i] = arena_format(c->arena, "arn:aws:iam::%.*s:root", STR_ARGS(in->aws_account_ids.v[i]));
    for (u32 i = 0; i < in->actions.n; i++) actions[i] = arena_format(c->arena, "SQS:%.*s", STR_ARGS(in->actions.v[i]));
    struct policy_permission p = {in->label, queue, principals, actions, in->aws_account_ids.n, in->actions.n};
    ASSERT(policy_document_permit(c->arena, d, &p));
    store(c, &q, d);
    return NULL;
}

err sqs_remove_permission(struct call *c, const struct sqs_remove_permission_request *in, struct wire_unit *out) {
    (void)out;
    struct queue q;
    struct policy_document *d;
    TRY(load(c, in->queue_url, &q, &d));
    size_t at = policy_document_find(d, in->label);
    if (at == STR_NONE)
        return fail(c, &sqs_invalid_parameter_value_exception, "Value %.*s for parameter Label is invalid. Reason: can't find label.", STR_ARGS(in->label));
    policy_document_remove(d, at);
    store(c, &q, d);
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

/* A policy that shuts everybody out is for the root of the account to open: it does not bind the root here. */
static err unlocking_facts(struct call *c, str url, struct auth_facts *facts) {
    TRY(url_facts(c, url, facts));
    if (c->principal->kind == PRINCIPAL_ROOT && str_eq(c->principal->account, facts->resource_account)) facts->resource_policy = (str){0};
    return NULL;
}

err sqs_get_queue_attributes_facts(struct call *c, const struct sqs_get_queue_attributes_request *in, struct auth_facts *facts) {
    return unlocking_facts(c, in->queue_url, facts);
}

err sqs_set_queue_attributes_facts(struct call *c, const struct sqs_set_queue_attributes_request *in, struct auth_facts *facts) {
    return unlocking_facts(c, in->queue_url, facts);
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
URL_FACTS(list_dead_letter_source_queues)
URL_FACTS(list_queue_tags)
URL_FACTS(purge_queue)
URL_FACTS(receive_message)
URL_FACTS(remove_permission)
URL_FACTS(send_message)
URL_FACTS(send_message_batch)
URL_FACTS(tag_queue)
URL_FACTS(untag_queue)
