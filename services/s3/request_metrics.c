/* Request metrics: a bucket's configurations say of which requests CloudWatch is to hear, each under its FilterId. */
#include "services/s3/observe.h"

/* ---- the configurations ---- */

static err filter_check(struct call *c, const struct s3_metrics_filter *f) {
    if (!f) return NULL;
    if (f->access_point_arn.p || (f->and && f->and->access_point_arn.p))
        return s3_fail_header_not_implemented(c, "AccessPointArn", "Request metrics of access points are not implemented");
    return s3_filter_check(c, (f->prefix.p != NULL) + (f->tag != NULL) + (f->and != NULL), f->and != NULL, S3_FILTER_OF(f));
}

err s3_put_bucket_metrics_configuration(struct call *c, const struct s3_put_bucket_metrics_configuration_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    struct s3_metrics_configuration scratch;
    const struct s3_metrics_configuration *wanted = in->metrics_configuration;
    (void)out;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!wanted || !str_eq(wanted->id, in->id)) return s3_fail_malformed(c);
    TRY(s3_config_id_check(c, in->id));
    TRY(filter_check(c, wanted->filter));
    if (!s3_config_find(c, &bucket, S3_CONFIG_METRICS, in->id, &s3_metrics_record, &scratch)) TRY(s3_config_room_check(c, &bucket, S3_CONFIG_METRICS));
    s3_config_add(c, &bucket, S3_CONFIG_METRICS, in->id, &s3_metrics_record, wanted);
    return NULL;
}

err s3_get_bucket_metrics_configuration(struct call *c, const struct s3_get_bucket_metrics_configuration_request *in,
                                        struct s3_get_bucket_metrics_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    out->metrics_configuration = NEW(c->arena, struct s3_metrics_configuration);
    bool there = s3_config_find(c, &bucket, S3_CONFIG_METRICS, in->id, &s3_metrics_record, out->metrics_configuration);
    return there ? NULL : s3_fail_no_configuration(c);
}

err s3_delete_bucket_metrics_configuration(struct call *c, const struct s3_delete_bucket_metrics_configuration_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    (void)out;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    return s3_config_remove(c, &bucket, S3_CONFIG_METRICS, in->id);
}

err s3_list_bucket_metrics_configurations(struct call *c, const struct s3_list_bucket_metrics_configurations_request *in,
                                          struct s3_list_bucket_metrics_configurations_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct s3_metrics_configuration_list *list = &out->metrics_configuration_list;
    list->v = NEW_ARRAY(c->arena, struct s3_metrics_configuration, S3_CONFIG_PAGE);
    TRY(s3_config_page(c, &bucket, S3_CONFIG_METRICS, &s3_metrics_record, in->continuation_token, list->v, &list->n, &out->next_continuation_token));
    list->set = list->n > 0;
    out->is_truncated = SOME_BOOL(out->next_continuation_token.p != NULL);
    out->continuation_token = in->continuation_token;
    return NULL;
}

/* ---- counting ---- */

u32 s3_metrics_filters(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, const str **filters) {
    if (!s3_configured(bucket, S3_CONFIG_METRICS)) return 0;
    struct range rows = s3_config_range(c, bucket, S3_CONFIG_METRICS);
    str row_key, value, *found = NEW_ARRAY(c->arena, str, S3_CONFIG_MAX);
    u32 n = 0;
    while (n < S3_CONFIG_MAX && range_next(&rows, &row_key, &value)) {
        struct s3_metrics_configuration m = {0};
        ASSERT(record_decode(c->arena, &s3_metrics_record, arena_str(c->arena, value), &m));
        if (!m.filter || s3_filter_means(S3_FILTER_OF(m.filter), key, object)) found[n++] = m.id;
    }
    *filters = found;
    return n;
}

static const char *kind_of(str operation, str method) {
    if (str_starts(operation, S("List"))) return "ListRequests";
    if (str_eq(operation, S("SelectObjectContent"))) return "SelectRequests";
    if (str_eq(method, S("GET"))) return "GetRequests";
    if (str_eq(method, S("PUT"))) return "PutRequests";
    if (str_eq(method, S("HEAD"))) return "HeadRequests";
    return str_eq(method, S("DELETE")) ? "DeleteRequests" : "PostRequests";
}

void s3_metrics_count(struct call *c, const struct observed *o, const struct call_ended *end) {
    str operation = wire_text(c->service->wire, c->op->name);
    double ms = (double)end->us / 1000;
    for (u32 i = 0; i < o->filter_count; i++) {
        str of = arena_format(c->arena, "%.*s,%.*s", STR_ARGS(o->bucket), STR_ARGS(o->filters[i]));
        str dimensions = S("BucketName,FilterId");
        count_metric(c, S("AllRequests"), dimensions, of, 1, S("Count"));
        count_metric(c, str_of(kind_of(operation, end->method)), dimensions, of, 1, S("Count"));
        count_metric(c, S("4xxErrors"), dimensions, of, end->status >= 400 && end->status < 500, S("Count"));
        count_metric(c, S("5xxErrors"), dimensions, of, end->status >= 500, S("Count"));
        if (end->sent) count_metric(c, S("BytesDownloaded"), dimensions, of, (double)end->sent, S("Bytes"));
        if (end->received) count_metric(c, S("BytesUploaded"), dimensions, of, (double)end->received, S("Bytes"));
        count_metric(c, S("FirstByteLatency"), dimensions, of, ms, S("Milliseconds"));
        count_metric(c, S("TotalRequestLatency"), dimensions, of, ms, S("Milliseconds"));
    }
}
