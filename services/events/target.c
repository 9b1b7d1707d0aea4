/* The targets of a rule: at most five, part of its row. */
#include "events.h"

static struct record_pairs new_pairs(struct call *c, u32 n) { return (struct record_pairs){.v = NEW_ARRAY(c->arena, struct record_pair, n + 1), .set = n > 0}; }

static void store_http(struct call *c, const struct events_http_parameters *in, struct target *t) {
    t->has_http = true;
    t->path_values = new_pairs(c, in->path_parameter_values.n);
    t->http_headers = new_pairs(c, in->header_parameters.n);
    t->http_query = new_pairs(c, in->query_string_parameters.n);
    for (u32 i = 0; i < in->path_parameter_values.n; i++) t->path_values.v[t->path_values.n++].value = in->path_parameter_values.v[i];
    for (u32 i = 0; i < in->header_parameters.n; i++)
        t->http_headers.v[t->http_headers.n++] = (struct record_pair){in->header_parameters.v[i].key, in->header_parameters.v[i].value};
    for (u32 i = 0; i < in->query_string_parameters.n; i++)
        t->http_query.v[t->http_query.n++] = (struct record_pair){in->query_string_parameters.v[i].key, in->query_string_parameters.v[i].value};
}

static struct events_http_parameters *show_http(struct call *c, const struct target *t) {
    struct events_http_parameters *out = NEW(c->arena, struct events_http_parameters);
    out->path_parameter_values.v = NEW_ARRAY(c->arena, str, t->path_values.n + 1);
    out->header_parameters.v = NEW_ARRAY(c->arena, struct events_header_parameters_map_entry, t->http_headers.n + 1);
    out->query_string_parameters.v = NEW_ARRAY(c->arena, struct events_query_string_parameters_map_entry, t->http_query.n + 1);
    for (u32 i = 0; i < t->path_values.n; i++) out->path_parameter_values.v[out->path_parameter_values.n++] = t->path_values.v[i].value;
    for (u32 i = 0; i < t->http_headers.n; i++)
        out->header_parameters.v[out->header_parameters.n++] = (struct events_header_parameters_map_entry){t->http_headers.v[i].key, t->http_headers.v[i].value};
    for (u32 i = 0; i < t->http_query.n; i++)
        out->query_string_parameters.v[out->query_string_parameters.n++] = (struct events_query_string_parameters_map_entry){t->http_query.v[i].key, t->http_query.v[i].value};
    out->path_parameter_values.set = out->path_parameter_values.n > 0;
    out->header_parameters.set = out->header_parameters.n > 0;
    out->query_string_parameters.set = out->query_string_parameters.n > 0;
    return out;
}

static struct target stored(struct call *c, const struct events_target *in) {
    struct target t = {.id = in->id, .arn = in->arn, .role = in->role_arn, .input = in->input, .input_path = in->input_path};
    if (in->sqs_parameters) t.group = in->sqs_parameters->message_group_id;
    if (in->dead_letter_config) t.dead_letter_arn = in->dead_letter_config->arn;
    if (in->retry_policy) {
        t.has_retry = true;
        t.retry_attempts = in->retry_policy->maximum_retry_attempts.set ? in->retry_policy->maximum_retry_attempts.v : 185;
        t.retry_age_s = in->retry_policy->maximum_event_age_in_seconds.set ? in->retry_policy->maximum_event_age_in_seconds.v : 86400;
    }
    if (in->http_parameters) store_http(c, in->http_parameters, &t);
    if (!in->input_transformer) return t;
    const struct events_transformer_paths *paths = &in->input_transformer->input_paths_map;
    t.template = in->input_transformer->input_template;
    t.paths = (struct record_pairs){.v = NEW_ARRAY(c->arena, struct record_pair, paths->n + 1), .n = paths->n, .set = paths->n > 0};
    for (u32 i = 0; i < paths->n; i++) t.paths.v[i] = (struct record_pair){paths->v[i].key, paths->v[i].value};
    return t;
}

static struct events_target shown(struct call *c, const struct target *t) {
    struct events_target out = {.id = t->id, .arn = t->arn, .role_arn = t->role, .input = t->input, .input_path = t->input_path};
    if (t->group.p) {
        out.sqs_parameters = NEW(c->arena, struct events_sqs_parameters);
        out.sqs_parameters->message_group_id = t->group;
    }
    if (t->dead_letter_arn.p) {
        out.dead_letter_config = NEW(c->arena, struct events_dead_letter_config);
        out.dead_letter_config->arn = t->dead_letter_arn;
    }
    if (t->has_retry) {
        out.retry_policy = NEW(c->arena, struct events_retry_policy);
        out.retry_policy->maximum_retry_attempts = SOME_I32((i32)t->retry_attempts);
        out.retry_policy->maximum_event_age_in_seconds = SOME_I32((i32)t->retry_age_s);
    }
    if (t->has_http) out.http_parameters = show_http(c, t);
    if (!t->template.p) return out;
    struct events_input_transformer *transformer = out.input_transformer = NEW(c->arena, struct events_input_transformer);
    transformer->input_template = t->template;
    transformer->input_paths_map.v = NEW_ARRAY(c->arena, struct events_transformer_paths_entry, t->paths.n + 1);
    transformer->input_paths_map.set = t->paths.n > 0;
    for (u32 i = 0; i < t->paths.n; i++)
        transformer->input_paths_map.v[transformer->input_paths_map.n++] = (struct events_transformer_paths_entry){.key = t->paths.v[i].key, .value = t->paths.v[i].value};
    return out;
}

/* Parameters of services that are not there: better refused now than dropped silently at every event. */
static const char *absent_part(const struct events_target *t) {
    if (t->kinesis_parameters) return "KinesisParameters";
    if (t->run_command_parameters) return "RunCommandParameters";
    if (t->ecs_parameters) return "EcsParameters";
    if (t->batch_parameters) return "BatchParameters";
    if (t->redshift_data_parameters) return "RedshiftDataParameters";
    if (t->sage_maker_pipeline_parameters) return "SageMakerPipelineParameters";
    return t->app_sync_parameters ? "AppSyncParameters" : NULL;
}

static err check(struct call *c, const struct events_target *t) {
    struct arn arn;
    const char *absent = absent_part(t);
    if (!arn_parse(t->arn, &arn)) return fail(c, &cloud_validation, "Parameter %.*s is not valid. Reason: Provided Arn is not in correct format.", STR_ARGS(t->arn));
    if (absent) return fail(c, &cloud_not_implemented, "brume does not have targets with %s (yet).", absent);
    if ((t->input.p != NULL) + (t->input_path.p != NULL) + (t->input_transformer != NULL) > 1)
        return fail(c, &cloud_validation, "Only one of Input, InputPath, or InputTransformer must be provided for target %.*s.", STR_ARGS(t->id));
    if (t->http_parameters && !destination_is_arn(&arn)) return fail(c, &cloud_not_implemented, "brume does not have targets with HttpParameters but API destinations (yet).");
    if (destination_is_arn(&arn) && !t->role_arn.p) return fail(c, &cloud_validation, "RoleArn is required for target %.*s.", STR_ARGS(t->arn));
    if (str_eq(arn.service, S("sqs")) && str_ends(arn.resource, S(".fifo")) && !t->sqs_parameters)
        return fail(c, &cloud_validation, "Parameter(s) MessageGroupId must be specified for target: %.*s.", STR_ARGS(t->id));
    if (t->input.p && !json_tree(c->arena, t->input, json_default_limits, NULL, NULL))
        return fail(c, &cloud_validation, "JSON syntax error in input for target %.*s.", STR_ARGS(t->id));
    return target_input_check(c, t);
}

static struct target *find(struct targets *targets, str id) {
    for (u32 i = 0; i < targets->n; i++)
        if (str_eq(targets->v[i].id, id)) return &targets->v[i];
    return NULL;
}

err events_put_targets(struct call *c, const struct events_put_targets_request *in, struct events_put_targets_response *out) {
    struct bus bus;
    struct rule rule;
    TRY(bus_open(c, in->event_bus_name, &bus));
    TRY(rule_open(c, &bus, in->rule, &rule));
    TRY(rule_unmanaged(c, &rule, false));
    struct targets targets = {.v = NEW_ARRAY(c->arena, struct target, rule.targets.n + in->targets.n + 1), .n = rule.targets.n, .set = true};
    if (targets.n) memcpy(targets.v, rule.targets.v, targets.n * sizeof *targets.v);
    for (u32 i = 0; i < in->targets.n; i++) {
        TRY(check(c, &in->targets.v[i]));
        TRY(pass_role(c, in->targets.v[i].role_arn, S("events.amazonaws.com")));
        struct target *old = find(&targets, in->targets.v[i].id);
        *(old ? old : &targets.v[targets.n++]) = stored(c, &in->targets.v[i]);
    }
    if (targets.n > TARGETS_MAX) return fail(c, &events_limit_exceeded_exception, "The requested resource exceeds the maximum number allowed.");
    rule.targets = targets;
    rule_save(c->txn, c->arena, &rule);
    out->failed_entry_count = SOME_I32(0);
    out->failed_entries.set = true;
    return NULL;
}

err events_remove_targets(struct call *c, const struct events_remove_targets_request *in, struct events_remove_targets_response *out) {
    struct bus bus;
    struct rule rule;
    TRY(bus_open(c, in->event_bus_name, &bus));
    TRY(rule_open(c, &bus, in->rule, &rule));
    TRY(rule_unmanaged(c, &rule, in->force.set && in->force.v));
    u32 kept = 0;
    for (u32 i = 0; i < rule.targets.n; i++) {
        bool goes = false;
        for (u32 j = 0; j < in->ids.n; j++) goes |= str_eq(in->ids.v[j], rule.targets.v[i].id);
        if (!goes) rule.targets.v[kept++] = rule.targets.v[i];
    }
    rule.targets.n = kept;
    rule.targets.set = kept > 0;
    rule_save(c->txn, c->arena, &rule);
    out->failed_entry_count = SOME_I32(0);
    out->failed_entries.set = true;
    return NULL;
}

err events_list_targets_by_rule(struct call *c, const struct events_list_targets_by_rule_request *in, struct events_list_targets_by_rule_response *out) {
    struct bus bus;
    struct rule rule;
    str position;
    u32 max, from = 0;
    TRY(bus_open(c, in->event_bus_name, &bus));
    TRY(rule_open(c, &bus, in->rule, &rule));
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    while (position.p && from < rule.targets.n && !str_eq(rule.targets.v[from].id, position)) from++;
    out->targets.v = NEW_ARRAY(c->arena, struct events_target, rule.targets.n + 1);
    out->targets.set = true;
    for (u32 i = from; i < rule.targets.n; i++) {
        if (out->targets.n == max) {
            out->next_token = page_token(c, rule.targets.v[i].id);
            break;
        }
        out->targets.v[out->targets.n++] = shown(c, &rule.targets.v[i]);
    }
    return NULL;
}
