/* Kinesis streaming destinations. There is no Kinesis in this cloud: no stream can be named that exists. As on AWS that
 * is told by what becomes of the destination, which fails to be enabled. */
#include "services/dynamodb/dynamodb.h"

#define NO_STATE "Table is not in a valid state to enable Kinesis Streaming Destination: " /* whatever the operation was */
enum { DESTINATIONS_MAX = 50 }; /* of those that failed; the oldest is forgotten */

static bool is_known(const struct ddb_table *t, str stream) {
    for (u32 i = 0; i < t->failed_streams.n; i++)
        if (str_eq(t->failed_streams.v[i].text, stream)) return true;
    return false;
}

/* Newest first. */
static void note_failed(struct arena *a, struct ddb_table *t, str stream) {
    struct ddb_names kept = {NEW_ARRAY(a, struct ddb_name, DESTINATIONS_MAX), 0, true};
    kept.v[kept.n++].text = stream;
    for (u32 i = 0; i < t->failed_streams.n && kept.n < DESTINATIONS_MAX; i++) kept.v[kept.n++] = t->failed_streams.v[i];
    t->failed_streams = kept;
}

static str why(const struct ddb_table *t, str stream) {
    struct arn arn;
    if (arn_parse(stream, &arn) && str_eq(arn.service, S("kinesis")) && !str_eq(arn.region, t->region))
        return S("The kinesis Arn used to enable kinesis replication belongs to a stream which is not in the current region");
    if (arn_parse(stream, &arn) && (!str_eq(arn.account, t->account) || str_eq(arn.service, S("firehose"))))
        return S("The kinesis Arn used to enable kinesis replication belongs to a stream which is not in Active state");
    return S("User does not have a permission to use kinesis stream");
}

err dynamodb_describe_kinesis_streaming_destination(struct call *c, const struct dynamodb_describe_kinesis_streaming_destination_input *in,
                                                    struct dynamodb_describe_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    TRY(ddb_table_open(c, in->table_name, &t));
    out->table_name = t.name;
    out->kinesis_data_stream_destinations.set = true;
    out->kinesis_data_stream_destinations.v = NEW_ARRAY(c->arena, struct dynamodb_kinesis_data_stream_destination, t.failed_streams.n);
    for (u32 i = 0; i < t.failed_streams.n; i++) {
        str stream = t.failed_streams.v[i].text;
        out->kinesis_data_stream_destinations.v[out->kinesis_data_stream_destinations.n++] = (struct dynamodb_kinesis_data_stream_destination){
            .stream_arn = stream, .destination_status = S("ENABLE_FAILED"), .destination_status_description = why(&t, stream)};
    }
    return NULL;
}

/* Whatever the ARN names, AWS answers first and looks then. DIFFERS: it looks for a second or two, ENABLING meanwhile. */
err dynamodb_enable_kinesis_streaming_destination(struct call *c, const struct dynamodb_kinesis_streaming_destination_input *in,
                                                  struct dynamodb_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    TRY(ddb_table_open(c, in->table_name, &t));
    if (!is_known(&t, in->stream_arn)) {
        note_failed(c->arena, &t, in->stream_arn);
        ddb_table_save(c->txn, c->arena, &t);
    }
    *out = (struct dynamodb_kinesis_streaming_destination_output){.table_name = t.name, .stream_arn = in->stream_arn, .destination_status = S("ENABLING"),
                                                                  .enable_kinesis_streaming_configuration = in->enable_kinesis_streaming_configuration};
    if (!out->enable_kinesis_streaming_configuration)
        out->enable_kinesis_streaming_configuration = NEW(c->arena, struct dynamodb_enable_kinesis_streaming_configuration);
    return NULL;
}

err dynamodb_disable_kinesis_streaming_destination(struct call *c, const struct dynamodb_kinesis_streaming_destination_input *in,
                                                   struct dynamodb_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    (void)out;
    TRY(ddb_table_open(c, in->table_name, &t));
    return fail(c, &cloud_validation, NO_STATE "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.");
}

err dynamodb_update_kinesis_streaming_destination(struct call *c, const struct dynamodb_update_kinesis_streaming_destination_input *in,
                                                  struct dynamodb_update_kinesis_streaming_destination_output *out) {
    struct ddb_table t;
    (void)out;
    if (!in->update_kinesis_streaming_configuration || !in->update_kinesis_streaming_configuration->approximate_creation_date_time_precision.p)
        return fail(c, &cloud_validation,
                    "Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain "
                    "only null values");
    TRY(ddb_table_open(c, in->table_name, &t));
    if (is_known(&t, in->stream_arn))
        return fail(c, &cloud_validation,
                    NO_STATE "Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. TableName: %.*s, kdsArn: %.*s",
                    STR_ARGS(t.name), STR_ARGS(in->stream_arn));
    return fail(c, &cloud_validation, NO_STATE "No streaming destination with streamArn: %.*s found for table with tableName: %.*s", STR_ARGS(in->stream_arn),
                STR_ARGS(t.name));
}
