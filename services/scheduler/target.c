/* What a schedule calls: a queue, a topic, a bus, or any operation that brume has ("universal target"). */
#include "scheduler.h"

#include "cloud/operation.h"
#include "text/tree.h"

/* Parameters of services that are not there: better refused now than dropped at every invocation. */
static const char *absent_part(const struct scheduler_target *t) {
    if (t->ecs_parameters) return "EcsParameters";
    if (t->kinesis_parameters) return "KinesisParameters";
    if (t->sage_maker_pipeline_parameters) return "SageMakerPipelineParameters";
    if (t->event_bridge_put_events_v2_parameters) return "EventBridgePutEventsV2Parameters";
    return t->event_bridge_put_raw_events_parameters ? "EventBridgePutRawEventsParameters" : NULL;
}

/* The execution role: of this account, given by who may, and ready to be taken. */
static err role_check(struct call *c, str role) {
    struct arn arn;
    ASSERT(arn_parse(role, &arn)); /* the description has its form */
    if (!str_eq(arn.account, c->account)) return fail(c, &scheduler_validation_exception, "The execution role must be of the schedule's own account.");
    TRY(pass_role(c, role, S("scheduler.amazonaws.com")));
    struct call as = *c;
    as.outer = c;
    as.flight = NULL;
    if (!call_take_role(&as, role)) return NULL;
    return fail(c, &scheduler_validation_exception, "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
}

/* AWS's list of operations that only read: a schedule has nobody to read for. */
static bool only_reads(str operation) {
    static const char *const prefixes[] = {
        "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover", "validate", "batchGet", "batchDescribe", "batchRead",
        "transactGet", "adminGet", "adminList", "testMigration", "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel"};
    for (size_t i = 0; i < LENGTH(prefixes); i++)
        if (str_eq_nocase(str_take(operation, strlen(prefixes[i])), str_of(prefixes[i]))) return true;
    return false;
}

static err universal_check(struct call *c, const struct scheduler_target *in, str resource) {
    struct call_other other = {0};
    str operation = resource, service;
    (void)str_cut(&operation, ':');
    service = str_cut(&operation, ':');
    if (!operation.n || only_reads(operation)) return fail(c, &scheduler_validation_exception, "Provided Arn %.*s is not supported.", STR_ARGS(in->arn));
    if (in->input.p && !json_tree(c->arena, in->input, json_default_limits, NULL, NULL))
        return fail(c, &scheduler_validation_exception, "Invalid RequestJson provided. Reason: it is not well-formed JSON.");
    TRY(operation_find(c, service, operation, &other));
    return operation_check(c, &other, in->input.p ? in->input : S("{}"));
}

static err templated_check(struct call *c, const struct scheduler_target *in, const struct arn *arn) {
    bool queue = str_eq(arn->service, S("sqs")), bus = str_eq(arn->service, S("events")) && str_starts(arn->resource, S("event-bus/"));
    if (!queue && !bus && !str_eq(arn->service, S("sns"))) return fail(c, &cloud_not_implemented, "brume does not have the target %.*s (yet).", STR_ARGS(in->arn));
    if (queue && str_ends(arn->resource, S(".fifo")) && !(in->sqs_parameters && in->sqs_parameters->message_group_id.p))
        return fail(c, &scheduler_validation_exception, "MessageGroupId is required for a FIFO queue.");
    if (bus && !in->event_bridge_parameters) return fail(c, &scheduler_validation_exception, "EventBridgeParameters are required for an EventBridge PutEvents target.");
    if (bus && in->input.p) {
        const struct json_node *detail = json_tree(c->arena, in->input, json_default_limits, NULL, NULL);
        if (!detail || detail->type != JSON_OBJECT) return fail(c, &scheduler_validation_exception, "The Input of an EventBridge PutEvents target must be a JSON object.");
    }
    if ((in->sqs_parameters && !queue) || (in->event_bridge_parameters && !bus))
        return fail(c, &scheduler_validation_exception, "The target parameters do not fit the target %.*s.", STR_ARGS(in->arn));
    return NULL;
}

err target_check(struct call *c, const struct scheduler_target *in) {
    struct arn arn;
    const char *absent = absent_part(in);
    if (!arn_parse(in->arn, &arn)) return fail(c, &scheduler_validation_exception, "Provided Arn is not in correct format.");
    if (absent) return fail(c, &cloud_not_implemented, "brume does not have targets with %s (yet).", absent);
    if (in->input.n > INPUT_MAX) return fail(c, &scheduler_validation_exception, "The Input must not be longer than %d bytes.", INPUT_MAX);
    bool universal = str_eq(arn.service, S("scheduler")) && str_starts(arn.resource, S("aws-sdk:"));
    TRY(universal ? universal_check(c, in, arn.resource) : templated_check(c, in, &arn));
    return role_check(c, in->role_arn);
}

struct target *target_stored(struct call *c, const struct scheduler_target *in) {
    struct target *t = NEW(c->arena, struct target);
    *t = (struct target){.arn = in->arn, .role = in->role_arn, .input = in->input, .retry_attempts = RETRY_ATTEMPTS, .retry_age_s = RETRY_AGE_S};
    if (in->dead_letter_config) t->dead_letter_arn = in->dead_letter_config->arn;
    if (in->sqs_parameters) t->message_group = in->sqs_parameters->message_group_id;
    if (in->event_bridge_parameters) {
        t->detail_type = in->event_bridge_parameters->detail_type;
        t->source = in->event_bridge_parameters->source;
    }
    if (!in->retry_policy) return t;
    if (in->retry_policy->maximum_retry_attempts.set) t->retry_attempts = in->retry_policy->maximum_retry_attempts.v;
    if (in->retry_policy->maximum_event_age_in_seconds.set) t->retry_age_s = in->retry_policy->maximum_event_age_in_seconds.v;
    return t;
}

/* A target without a retry policy is shown with the default one, as AWS does. */
struct scheduler_target *target_shown(struct call *c, const struct target *t) {
    struct scheduler_target *out = NEW(c->arena, struct scheduler_target);
    *out = (struct scheduler_target){.arn = t->arn, .role_arn = t->role, .input = t->input};
    out->retry_policy = NEW(c->arena, struct scheduler_retry_policy);
    out->retry_policy->maximum_retry_attempts = SOME_I32((i32)t->retry_attempts);
    out->retry_policy->maximum_event_age_in_seconds = SOME_I32((i32)t->retry_age_s);
    if (t->dead_letter_arn.p) {
        out->dead_letter_config = NEW(c->arena, struct scheduler_dead_letter_config);
        out->dead_letter_config->arn = t->dead_letter_arn;
    }
    if (t->message_group.p) {
        out->sqs_parameters = NEW(c->arena, struct scheduler_sqs_parameters);
        out->sqs_parameters->message_group_id = t->message_group;
    }
    if (t->source.p) {
        out->event_bridge_parameters = NEW(c->arena, struct scheduler_event_bridge_parameters);
        out->event_bridge_parameters->detail_type = t->detail_type;
        out->event_bridge_parameters->source = t->source;
    }
    return out;
}
