/* Destinations: what stands between a subscription of one account and the stream of another that takes its events, with a
 * policy that says who may subscribe. Subscription filters: there is no service yet that could take events, so each is
 * refused in the words that AWS has for a target that does not answer. */
#include "pattern.h"
#include "logs.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"

enum { PAGE = 50 };

static str destination_row(struct arena *a, str account, str region, str name) {
    struct key k = log_rows(a, account, region, S("destination"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

static bool destination_load(struct txn *t, struct arena *a, str account, str region, str name, struct log_destination *d) {
    str row;
    if (name.n > 512 || !txn_get(t, destination_row(a, account, region, name), &row)) return false;
    *d = (struct log_destination){0};
    ASSERT(record_decode(a, &logs_destination_record, arena_str(a, row), d));
    d->account = account;
    d->region = region;
    d->name = name;
    return true;
}

static void destination_save(struct call *c, const struct log_destination *d) {
    txn_put(c->txn, destination_row(c->arena, d->account, d->region, d->name), record_encode(c->arena, &logs_destination_record, d));
}

static str destination_arn(struct arena *a, const struct log_destination *d) { return arn_format(a, S("logs"), d->region, d->account, arena_concat(a, S("destination:"), d->name)); }

static struct logs_destination shown(struct call *c, const struct log_destination *d) {
    return (struct logs_destination){.destination_name = d->name, .target_arn = d->target, .role_arn = d->role, .access_policy = policy_principals_shown(c, d->policy), .arn = destination_arn(c->arena, d),
                                     .creation_time = SOME_I64(d->created_ms)};
}

err logs_put_destination(struct call *c, const struct logs_put_destination_request *in, struct logs_put_destination_response *out) {
    struct log_destination d = {0};
    struct arn arn;
    bool target = arn_parse(in->target_arn, &arn) && (str_eq(arn.service, S("kinesis")) || str_eq(arn.service, S("firehose")));
    if (!target) return fail(c, &logs_invalid_parameter_exception, "Invalid target ARN: %.*s", STR_ARGS(in->target_arn));
    if (!arn_parse(in->role_arn, &arn) || !str_eq(arn.service, S("iam"))) return fail(c, &logs_invalid_parameter_exception, "Invalid role ARN: %.*s", STR_ARGS(in->role_arn));
    TRY(pass_role(c, in->role_arn, S("logs.amazonaws.com")));
    bool known = destination_load(c->txn, c->arena, c->account, c->region, in->destination_name, &d);
    d.target = in->target_arn;
    d.role = in->role_arn;
    d.account = c->account;
    d.region = c->region;
    d.name = in->destination_name;
    if (!known) d.created_ms = c->now_ms;
    destination_save(c, &d);
    out->destination = NEW(c->arena, struct logs_destination);
    *out->destination = shown(c, &d);
    if (known) return NULL;
    registry_add(c, out->destination->arn, S("AWS::Logs::Destination"));
    return log_tags_add(c, out->destination->arn, &in->tags, true);
}

static err open_destination(struct call *c, str name, struct log_destination *d) {
    if (destination_load(c->txn, c->arena, c->account, c->region, name, d)) return NULL;
    return fail(c, &logs_resource_not_found_exception, "The specified destination does not exist.");
}

err logs_put_destination_policy(struct call *c, const struct logs_put_destination_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct log_destination d;
    str problem;
    TRY(open_destination(c, in->destination_name, &d));
    if (!policy_compile(in->access_policy, POLICY_RESOURCE, c->arena, &problem)) return fail(c, &logs_invalid_parameter_exception, "The access policy is not valid: %.*s", STR_ARGS(problem));
    if (!policy_principals_bind(c, in->access_policy, &d.policy, NULL)) return fail(c, &logs_invalid_parameter_exception, "Could not convert to persistable policy.");
    destination_save(c, &d);
    return NULL;
}

err logs_delete_destination(struct call *c, const struct logs_delete_destination_request *in, struct wire_unit *out) {
    (void)out;
    struct log_destination d;
    TRY(open_destination(c, in->destination_name, &d));
    txn_delete(c->txn, destination_row(c->arena, c->account, c->region, d.name));
    registry_remove(c, destination_arn(c->arena, &d));
    return NULL;
}

err logs_describe_destinations(struct call *c, const struct logs_describe_destinations_request *in, struct logs_describe_destinations_response *out) {
    str position, key, part, name = {0}, all = destination_row(c->arena, c->account, c->region, (str){0}), prefix = in->destination_name_prefix.p ? in->destination_name_prefix : S("");
    u32 max;
    struct log_destination d;
    TRY(log_page(c, in->next_token, in->limit, PAGE, &position, &max));
    out->destinations.v = NEW_ARRAY(c->arena, struct logs_destination, max);
    out->destinations.set = true;
    struct range r = txn_range(c->txn, destination_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, NULL)) {
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (!str_starts(name, prefix)) break;
        if (out->destinations.n == max) {
            out->next_token = page_token(c, name);
            break;
        }
        ASSERT(destination_load(c->txn, c->arena, c->account, c->region, name, &d));
        out->destinations.v[out->destinations.n++] = shown(c, &d);
    }
    return NULL;
}

/* ---- subscription filters ---- */

/* A test message is what AWS begins with. */
static err refuse_target(struct call *c, const struct logs_put_subscription_filter_request *in, const struct arn *arn) {
    if (str_eq(arn->service, S("kinesis"))) {
        if (!in->role_arn.p) return fail(c, &logs_invalid_parameter_exception, "destinationArn for vendor kinesis cannot be used without roleArn");
        return fail(c, &logs_invalid_parameter_exception, "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state.");
    }
    if (str_eq(arn->service, S("firehose"))) {
        if (!in->role_arn.p) return fail(c, &logs_invalid_parameter_exception, "destinationArn for vendor firehose cannot be used without roleArn");
        return fail(c, &logs_invalid_parameter_exception, "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state.");
    }
    if (str_eq(arn->service, S("lambda")))
        return fail(c, &logs_invalid_parameter_exception, "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.");
    return fail(c, &logs_invalid_parameter_exception, "destinationArn for vendor %.*s is not supported.", STR_ARGS(arn->service));
}

static err refuse_destination(struct call *c, const struct arn *arn) {
    struct log_destination d;
    str name = str_skip(arn->resource, S("destination:").n);
    if (!str_starts(arn->resource, S("destination:")) || !destination_load(c->txn, c->arena, arn->account, arn->region, name, &d))
        return fail(c, &logs_resource_not_found_exception, "The specified destination does not exist.");
    struct auth_facts facts = {.resource_policy = d.policy, .resource_account = d.account};
    str d_arn = destination_arn(c->arena, &d);
    if (!may_with(c, S("logs:PutSubscriptionFilter"), d_arn, &facts)) return deny(c, S("logs:PutSubscriptionFilter"), d_arn);
    return fail(c, &logs_invalid_parameter_exception, "Could not deliver test message to specified destination. Check if the destination is valid.");
}

err logs_put_subscription_filter(struct call *c, const struct logs_put_subscription_filter_request *in, struct wire_unit *out) {
    (void)out;
    struct arn arn;
    struct log_group group;
    str problem;
    if (!arn_parse(in->destination_arn, &arn)) return fail(c, &logs_invalid_parameter_exception, "Invalid destinationArn: %.*s", STR_ARGS(in->destination_arn));
    if (str_eq(arn.service, S("lambda")) && !str_eq(arn.account, c->account))
        return fail(c, &logs_access_denied_exception, "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.");
    if (str_eq(arn.service, S("kinesis")) && !in->role_arn.p) return refuse_target(c, in, &arn);
    TRY(log_group_open(c, in->log_group_name, &group));
    if (!log_pattern_compile(c->arena, in->filter_pattern, &problem)) return fail(c, &logs_invalid_parameter_exception, "%.*s", STR_ARGS(problem));
    return str_eq(arn.service, S("logs")) ? refuse_destination(c, &arn) : refuse_target(c, in, &arn);
}

err logs_delete_subscription_filter(struct call *c, const struct logs_delete_subscription_filter_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    return fail(c, &logs_resource_not_found_exception, "The specified subscription filter does not exist.");
}

err logs_describe_subscription_filters(struct call *c, const struct logs_describe_subscription_filters_request *in, struct logs_describe_subscription_filters_response *out) {
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    out->subscription_filters.set = true; /* none can be set: see above */
    return NULL;
}
