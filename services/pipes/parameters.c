/* What a pipe takes from and sends to: checked, kept, shown. */
#include "pipes.h"

#include "cloud/template.h"

static err absent(struct call *c, const char *what) { return fail(c, &cloud_not_implemented, "brume does not have pipes with %s (yet).", what); }

/* ---- sources ---- */

static err take_filters(struct call *c, const struct pipes_filter_criteria *in, struct pipe_source *s) {
    str problem;
    u32 n = in ? in->filters.n : 0;
    s->filters = (struct record_pairs){.v = NEW_ARRAY(c->arena, struct record_pair, n + 1), .set = n > 0};
    for (u32 i = 0; i < n; i++) {
        str pattern = in->filters.v[i].pattern;
        if (!pattern.n) continue;
        if (!event_pattern_compile(pattern, EVENT_PATTERN_EVENTS, c->arena, &problem))
            return fail(c, &pipes_validation_exception, "Invalid Filter pattern: Event pattern is not valid. Reason: %.*s", STR_ARGS(problem));
        s->filters.v[s->filters.n++].key = pattern;
    }
    return NULL;
}

static err take_batch(struct call *c, struct pipe_source *s, struct opt_i32 batch, struct opt_i32 window, i32 largest) {
    s->has_batch = batch.set;
    s->batch = batch.set ? batch.v : 0;
    s->has_window = window.set;
    s->window_s = window.set ? window.v : 0;
    if (batch.set && batch.v > 10 && !window.v && largest == 10)
        return fail(c, &pipes_validation_exception, "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10");
    return NULL;
}

static err take_stream(struct call *c, struct pipe_source *s, const struct pipes_update_pipe_source_dynamodb_stream_parameters *in) {
    s->dead_letter_arn = in->dead_letter_config ? in->dead_letter_config->arn : (str){0};
    s->bisect = in->on_partial_batch_item_failure.p != NULL;
    s->has_age = in->maximum_record_age_in_seconds.set;
    s->age_s = s->has_age ? in->maximum_record_age_in_seconds.v : -1;
    s->has_attempts = in->maximum_retry_attempts.set;
    s->attempts = s->has_attempts ? in->maximum_retry_attempts.v : -1;
    s->has_parallel = in->parallelization_factor.set;
    s->parallel = s->has_parallel ? in->parallelization_factor.v : 0;
    if (s->has_age && s->age_s != -1 && s->age_s < 60) return fail(c, &pipes_validation_exception, "MaximumRecordAgeInSeconds must be -1 or at least 60.");
    struct arn arn;
    if (s->dead_letter_arn.p && (!arn_parse(s->dead_letter_arn, &arn) || !(str_eq(arn.service, S("sqs")) || str_eq(arn.service, S("sns")))))
        return fail(c, &pipes_validation_exception, "The dead-letter queue must be an Amazon SQS queue or an Amazon SNS topic.");
    return take_batch(c, s, in->batch_size, in->maximum_batching_window_in_seconds, 0);
}

static bool is_queue(const struct arn *arn) { return str_eq(arn->service, S("sqs")); }
static bool is_stream(const struct arn *arn) { return str_eq(arn->service, S("dynamodb")) && str_find(arn->resource, S("/stream/")) != STR_NONE; }

err source_take(struct call *c, const struct pipes_create_pipe_request *in, struct pipe_source *s) {
    static const struct pipes_pipe_source_parameters none;
    const struct pipes_pipe_source_parameters *p = in->source_parameters ? in->source_parameters : &none;
    struct arn arn;
    *s = (struct pipe_source){.arn = in->source, .attempts = -1, .age_s = -1};
    if (p->kinesis_stream_parameters || p->active_mq_broker_parameters || p->rabbit_mq_broker_parameters || p->managed_streaming_kafka_parameters
        || p->self_managed_kafka_parameters || !arn_parse(in->source, &arn) || (!is_queue(&arn) && !is_stream(&arn)))
        return fail(c, &cloud_not_implemented, "brume does not have the source %.*s (yet).", STR_ARGS(in->source));
    if (!str_eq(arn.account, c->account) || !str_eq(arn.region, c->region)) return fail(c, &pipes_validation_exception, "The source must be of the pipe's own account and Region.");
    TRY(take_filters(c, p->filter_criteria, s));
    const struct pipes_pipe_source_dynamodb_stream_parameters *stream = p->dynamodb_stream_parameters;
    if (is_queue(&arn) ? stream != NULL : p->sqs_queue_parameters != NULL) return fail(c, &pipes_validation_exception, "The source parameters do not fit the source.");
    if (is_queue(&arn)) {
        const struct pipes_pipe_source_sqs_queue_parameters *queue = p->sqs_queue_parameters;
        return queue ? take_batch(c, s, queue->batch_size, queue->maximum_batching_window_in_seconds, 10) : NULL;
    }
    if (!stream) return fail(c, &pipes_validation_exception, "StartingPosition is required for a DynamoDB stream.");
    s->starting = stream->starting_position;
    return take_stream(c, s, &(struct pipes_update_pipe_source_dynamodb_stream_parameters){
                                 .batch_size = stream->batch_size, .dead_letter_config = stream->dead_letter_config,
                                 .on_partial_batch_item_failure = stream->on_partial_batch_item_failure,
                                 .maximum_batching_window_in_seconds = stream->maximum_batching_window_in_seconds,
                                 .maximum_record_age_in_seconds = stream->maximum_record_age_in_seconds, .maximum_retry_attempts = stream->maximum_retry_attempts,
                                 .parallelization_factor = stream->parallelization_factor});
}

err source_change(struct call *c, const struct pipes_update_pipe_source_parameters *in, struct pipe_source *s) {
    if (!in) return NULL;
    TRY(take_filters(c, in->filter_criteria, s));
    if (in->sqs_queue_parameters) return take_batch(c, s, in->sqs_queue_parameters->batch_size, in->sqs_queue_parameters->maximum_batching_window_in_seconds, 10);
    return in->dynamodb_stream_parameters ? take_stream(c, s, in->dynamodb_stream_parameters) : NULL;
}

static struct opt_i32 number(bool has, i64 v) { return has ? SOME_I32((i32)v) : (struct opt_i32){0}; }

struct pipes_pipe_source_parameters *source_shown(struct call *c, const struct pipe_source *s) {
    struct pipes_pipe_source_parameters *out = NEW(c->arena, struct pipes_pipe_source_parameters);
    if (s->filters.n) {
        out->filter_criteria = NEW(c->arena, struct pipes_filter_criteria);
        struct pipes_filter_list *list = &out->filter_criteria->filters;
        list->v = NEW_ARRAY(c->arena, struct pipes_filter, s->filters.n);
        list->set = true;
        for (u32 i = 0; i < s->filters.n; i++) list->v[list->n++].pattern = s->filters.v[i].key;
    }
    if (!s->starting.p) {
        out->sqs_queue_parameters = NEW(c->arena, struct pipes_pipe_source_sqs_queue_parameters);
        out->sqs_queue_parameters->batch_size = SOME_I32(s->has_batch ? (i32)s->batch : 10);
        out->sqs_queue_parameters->maximum_batching_window_in_seconds = number(s->has_window, s->window_s);
        return out;
    }
    struct pipes_pipe_source_dynamodb_stream_parameters *stream = out->dynamodb_stream_parameters = NEW(c->arena, struct pipes_pipe_source_dynamodb_stream_parameters);
    *stream = (struct pipes_pipe_source_dynamodb_stream_parameters){
        .starting_position = s->starting, .batch_size = SOME_I32(s->has_batch ? (i32)s->batch : 100), .maximum_batching_window_in_seconds = number(s->has_window, s->window_s),
        .maximum_record_age_in_seconds = number(s->has_age, s->age_s), .maximum_retry_attempts = number(s->has_attempts, s->attempts),
        .parallelization_factor = number(s->has_parallel, s->parallel), .on_partial_batch_item_failure = s->bisect ? S("AUTOMATIC_BISECT") : (str){0}};
    if (s->dead_letter_arn.p) {
        stream->dead_letter_config = NEW(c->arena, struct pipes_dead_letter_config);
        stream->dead_letter_config->arn = s->dead_letter_arn;
    }
    return out;
}

/* ---- calls of API destinations ---- */

static struct record_pairs take_headers(struct call *c, const struct pipes_header_parameters_map *in) {
    struct record_pairs out = {.v = NEW_ARRAY(c->arena, struct record_pair, in->n + 1), .n = in->n, .set = in->n > 0};
    for (u32 i = 0; i < in->n; i++) out.v[i] = (struct record_pair){in->v[i].key, in->v[i].value};
    return out;
}

static struct record_pairs take_query(struct call *c, const struct pipes_query_string_parameters_map *in) {
    struct record_pairs out = {.v = NEW_ARRAY(c->arena, struct record_pair, in->n + 1), .n = in->n, .set = in->n > 0};
    for (u32 i = 0; i < in->n; i++) out.v[i] = (struct record_pair){in->v[i].key, in->v[i].value};
    return out;
}

/* The structure of a target's parameters is that of an enrichment's. */
static struct pipe_http take_http(struct call *c, const struct pipes_pipe_target_http_parameters *in) {
    if (!in) return (struct pipe_http){0};
    struct record_pairs values = {.v = NEW_ARRAY(c->arena, struct record_pair, in->path_parameter_values.n + 1), .set = in->path_parameter_values.n > 0};
    for (u32 i = 0; i < in->path_parameter_values.n; i++) values.v[values.n++].key = values.v[i].value = in->path_parameter_values.v[i];
    return (struct pipe_http){.set = true, .path_values = values, .headers = take_headers(c, &in->header_parameters), .query = take_query(c, &in->query_string_parameters)};
}

static struct pipes_pipe_target_http_parameters *http_shown(struct call *c, const struct pipe_http *http) {
    struct pipes_pipe_target_http_parameters *out = http->set ? NEW(c->arena, struct pipes_pipe_target_http_parameters) : NULL;
    if (!out) return NULL;
    out->path_parameter_values = (struct pipes_path_parameter_list){.v = NEW_ARRAY(c->arena, str, http->path_values.n + 1), .set = http->path_values.n > 0};
    for (u32 i = 0; i < http->path_values.n; i++) out->path_parameter_values.v[out->path_parameter_values.n++] = http->path_values.v[i].value;
    out->header_parameters = (struct pipes_header_parameters_map){.v = NEW_ARRAY(c->arena, struct pipes_header_parameters_map_entry, http->headers.n + 1), .set = http->headers.n > 0};
    for (u32 i = 0; i < http->headers.n; i++)
        out->header_parameters.v[out->header_parameters.n++] = (struct pipes_header_parameters_map_entry){http->headers.v[i].key, http->headers.v[i].value};
    out->query_string_parameters = (struct pipes_query_string_parameters_map){.v = NEW_ARRAY(c->arena, struct pipes_query_string_parameters_map_entry, http->query.n + 1), .set = http->query.n > 0};
    for (u32 i = 0; i < http->query.n; i++)
        out->query_string_parameters.v[out->query_string_parameters.n++] = (struct pipes_query_string_parameters_map_entry){http->query.v[i].key, http->query.v[i].value};
    return out;
}

static err check_template(struct call *c, str template) {
    static const char *const known[] = {"aws.pipes.pipe-arn",      "aws.pipes.pipe-name", "aws.pipes.source-arn", "aws.pipes.enrichment-arn", "aws.pipes.target-arn",
                                        "aws.pipes.event.ingestion-time", "aws.pipes.event",     "aws.pipes.event.json"};
    str rest = template;
    for (str name; (name = template_next_name(&rest, true)).p;) {
        bool fits = str_starts(name, S("$"));
        for (size_t i = 0; i < LENGTH(known) && !fits; i++) fits = str_eq(name, str_of(known[i]));
        if (!fits) return fail(c, &pipes_validation_exception, "Invalid InputTemplate: the variable %.*s is not known.", STR_ARGS(name));
    }
    return NULL;
}

/* ---- enrichments ---- */

err enrichment_take(struct call *c, str arn, const struct pipes_pipe_enrichment_parameters *in, struct pipe_enrichment **e) {
    *e = NULL;
    if (!arn.n) return in && (in->input_template.n || in->http_parameters) ? fail(c, &pipes_validation_exception, "EnrichmentParameters need an Enrichment.") : NULL;
    if (!target_is_destination(arn)) return fail(c, &cloud_not_implemented, "brume does not have the enrichment %.*s (yet).", STR_ARGS(arn));
    *e = NEW(c->arena, struct pipe_enrichment);
    **e = (struct pipe_enrichment){.arn = arn, .template = in && in->input_template.n ? in->input_template : (str){0}};
    if (in && in->http_parameters)
        (*e)->http = take_http(c, &(struct pipes_pipe_target_http_parameters){in->http_parameters->path_parameter_values, in->http_parameters->header_parameters,
                                                                             in->http_parameters->query_string_parameters});
    return check_template(c, (*e)->template);
}

struct pipes_pipe_enrichment_parameters *enrichment_parameters_shown(struct call *c, const struct pipe_enrichment *e) {
    struct pipes_pipe_enrichment_parameters *out = NEW(c->arena, struct pipes_pipe_enrichment_parameters);
    const struct pipes_pipe_target_http_parameters *http = http_shown(c, &e->http);
    out->input_template = e->template;
    if (!http) return out;
    out->http_parameters = NEW(c->arena, struct pipes_pipe_enrichment_http_parameters);
    *out->http_parameters = (struct pipes_pipe_enrichment_http_parameters){http->path_parameter_values, http->header_parameters, http->query_string_parameters};
    return out;
}

/* ---- targets ---- */

static const char *absent_part(const struct pipes_pipe_target_parameters *p) {
    if (p->lambda_function_parameters) return "LambdaFunctionParameters";
    if (p->step_function_state_machine_parameters) return "StepFunctionStateMachineParameters";
    if (p->kinesis_stream_parameters) return "KinesisStreamParameters";
    if (p->ecs_task_parameters) return "EcsTaskParameters";
    if (p->batch_job_parameters) return "BatchJobParameters";
    if (p->redshift_data_parameters) return "RedshiftDataParameters";
    if (p->sage_maker_pipeline_parameters) return "SageMakerPipelineParameters";
    return p->timestream_parameters ? "TimestreamParameters" : NULL;
}

static err check_target(struct call *c, str text, const struct pipe_target *t) {
    struct arn arn;
    bool there = arn_parse(text, &arn), queue = there && is_queue(&arn), bus = there && str_eq(arn.service, S("events")) && str_starts(arn.resource, S("event-bus/"));
    bool log = there && str_eq(arn.service, S("logs")) && str_starts(arn.resource, S("log-group:")), destination = target_is_destination(text);
    if (!queue && !bus && !log && !destination && !(there && str_eq(arn.service, S("sns")))) return fail(c, &cloud_not_implemented, "brume does not have the target %.*s (yet).", STR_ARGS(text));
    if ((t->queue && !queue) || (t->bus && !bus) || (t->log && !log) || (t->http.set && !destination))
        return fail(c, &pipes_validation_exception, "The target parameters do not fit the target.");
    if (queue && str_ends(arn.resource, S(".fifo")) && !t->message_group.n)
        return fail(c, &pipes_validation_exception, "MessageGroupId is required for a FIFO queue.");
    if (log && !t->log_stream.n) return fail(c, &pipes_validation_exception, "LogStreamName is required for a log group.");
    return check_template(c, t->template);
}

err target_take(struct call *c, str arn, const struct pipes_pipe_target_parameters *in, struct pipe_target *t) {
    *t = (struct pipe_target){.arn = arn};
    const char *missing = in ? absent_part(in) : NULL;
    if (missing) return absent(c, missing);
    if (in && in->input_template.n) t->template = in->input_template;
    if (in && in->sqs_queue_parameters) {
        t->queue = true;
        t->message_group = in->sqs_queue_parameters->message_group_id;
        t->message_dedup = in->sqs_queue_parameters->message_deduplication_id;
    }
    if (in && in->cloudwatch_logs_parameters) {
        t->log = true;
        t->log_stream = in->cloudwatch_logs_parameters->log_stream_name;
        t->time = in->cloudwatch_logs_parameters->timestamp;
    }
    if (in) t->http = take_http(c, in->http_parameters);
    const struct pipes_pipe_target_event_bridge_event_bus_parameters *bus = in ? in->event_bridge_event_bus_parameters : NULL;
    if (bus && bus->endpoint_id.p) return absent(c, "EndpointId");
    if (bus) {
        t->bus = true;
        t->detail_type = bus->detail_type;
        t->source = bus->source;
        t->time = bus->time;
        t->resources = (struct record_pairs){.v = NEW_ARRAY(c->arena, struct record_pair, bus->resources.n + 1), .n = bus->resources.n, .set = bus->resources.n > 0};
        for (u32 i = 0; i < bus->resources.n; i++) t->resources.v[i].key = bus->resources.v[i];
    }
    return check_target(c, arn, t);
}

struct pipes_pipe_target_parameters *target_parameters_shown(struct call *c, const struct pipe_target *t) {
    struct pipes_pipe_target_parameters *out = NEW(c->arena, struct pipes_pipe_target_parameters);
    out->input_template = t->template;
    out->http_parameters = http_shown(c, &t->http);
    if (t->queue) {
        out->sqs_queue_parameters = NEW(c->arena, struct pipes_pipe_target_sqs_queue_parameters);
        out->sqs_queue_parameters->message_group_id = t->message_group;
        out->sqs_queue_parameters->message_deduplication_id = t->message_dedup;
    }
    if (t->log) {
        out->cloudwatch_logs_parameters = NEW(c->arena, struct pipes_pipe_target_cloudwatch_logs_parameters);
        out->cloudwatch_logs_parameters->log_stream_name = t->log_stream;
        out->cloudwatch_logs_parameters->timestamp = t->time;
    }
    if (!t->bus) return out;
    struct pipes_pipe_target_event_bridge_event_bus_parameters *bus = out->event_bridge_event_bus_parameters = NEW(c->arena, struct pipes_pipe_target_event_bridge_event_bus_parameters);
    *bus = (struct pipes_pipe_target_event_bridge_event_bus_parameters){.detail_type = t->detail_type, .source = t->source, .time = t->time};
    bus->resources.v = NEW_ARRAY(c->arena, str, t->resources.n + 1);
    bus->resources.set = t->resources.n > 0;
    for (u32 i = 0; i < t->resources.n; i++) bus->resources.v[bus->resources.n++] = t->resources.v[i].key;
    return out;
}
