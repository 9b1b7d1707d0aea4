/* Kinesis streaming destinations. There is no Kinesis in this cloud: no stream can be named that exists, so a table
 * never has a destination. */
#include "services/dynamodb/dynamodb.h"

static err no_destination(struct call *c, const struct ddb_table *t, str stream, const char *to) {
    return fail(c, &cloud_validation,
                "Table is not in a valid state to %s Kinesis Streaming Destination: No streaming destination with streamArn: %.*s found for "
                "table with tableName: %.*s",
                to, STR_ARGS(stream), STR_ARGS(t->name));
}

static err check_stream(struct call *c, str arn) {
    struct arn parts;
    if (arn_parse(arn, &parts) && str_eq(parts.service, S("kinesis")) && str_starts(parts.resource, S("stream/"))) return NULL;
    return fail(c, &cloud_validation, "Invalid StreamArn: %.*s", STR_ARGS(arn));
}

err dynamodb_describe_kinesis_streaming_destination(struct call *c, const struct dynamodb_describe_kinesis_streaming_destination_input *in,
                                                    struct dynamodb_describe_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    TRY(ddb_table_open(c, in->table_name, &t));
    out->table_name = t.name;
    out->kinesis_data_stream_destinations.set = true;
    return NULL;
}

err dynamodb_enable_kinesis_streaming_destination(struct call *c, const struct dynamodb_kinesis_streaming_destination_input *in,
                                                  struct dynamodb_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    (void)out;
    TRY(ddb_table_open(c, in->table_name, &t));
    TRY(check_stream(c, in->stream_arn));
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Kinesis stream: %.*s not found", STR_ARGS(in->stream_arn));
}

err dynamodb_disable_kinesis_streaming_destination(struct call *c, const struct dynamodb_kinesis_streaming_destination_input *in,
                                                   struct dynamodb_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    (void)out;
    TRY(ddb_table_open(c, in->table_name, &t));
    TRY(check_stream(c, in->stream_arn));
    return no_destination(c, &t, in->stream_arn, "disable");
}

/* The last words are AWS's own, "enable" among them (recorded). */
err dynamodb_update_kinesis_streaming_destination(struct call *c, const struct dynamodb_update_kinesis_streaming_destination_input *in,
                                                  struct dynamodb_update_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    (void)out;
    if (!in->update_kinesis_streaming_configuration || !in->update_kinesis_streaming_configuration->approximate_creation_date_time_precision.p)
        return fail(c, &cloud_validation,
                    "Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain "
                    "only null values");
    TRY(ddb_table_open(c, in->table_name, &t));
    return no_destination(c, &t, in->stream_arn, "enable");
}
