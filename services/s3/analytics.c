/* A bucket's configurations of storage class analysis. */
#include "services/s3/analytics.h"

static err filter_check(struct call *c, const struct s3_analytics_filter *f) {
    if (!f) return NULL;
    return s3_filter_check(c, (f->prefix.p != NULL) + (f->tag != NULL) + (f->and != NULL), f->and != NULL, S3_FILTER_OF(f));
}

static err export_check(struct call *c, const struct s3_storage_class_analysis_data_export *export) {
    struct arn arn;
    if (!export) return NULL;
    const struct s3_analytics_s3_bucket_destination *to = export->destination ? export->destination->s3_bucket_destination : NULL;
    if (!to || !str_eq(export->output_schema_version, S("V_1")) || !str_eq(to->format, S("CSV"))) return s3_fail_malformed(c);
    if (!arn_parse(to->bucket, &arn) || !str_eq(arn.service, S("s3")) || !s3_bucket_name_valid(arn.resource))
        return s3_fail_argument(c, "Bucket", to->bucket, "Invalid bucket ARN.");
    bool fine = !to->bucket_account_id.p || account_valid(to->bucket_account_id);
    return fine ? NULL : s3_fail_argument(c, "BucketAccountId", to->bucket_account_id, "Invalid account ID.");
}

err s3_put_bucket_analytics_configuration(struct call *c, const struct s3_put_bucket_analytics_configuration_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    struct s3_analytics_configuration old;
    const struct s3_analytics_configuration *wanted = in->analytics_configuration;
    (void)out;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!wanted || !str_eq(wanted->id, in->id) || !wanted->storage_class_analysis) return s3_fail_malformed(c);
    TRY(s3_config_id_check(c, in->id));
    TRY(filter_check(c, wanted->filter));
    TRY(export_check(c, wanted->storage_class_analysis->data_export));
    bool there = s3_config_find(c, &bucket, S3_CONFIG_ANALYTICS, in->id, &s3_analytics_record, &old);
    if (!there) TRY(s3_config_room_check(c, &bucket, S3_CONFIG_ANALYTICS));
    s3_config_add(c, &bucket, S3_CONFIG_ANALYTICS, in->id, &s3_analytics_record, wanted);
    if (!there) s3_analytics_begin(c, &bucket, in->id);
    return NULL;
}

err s3_get_bucket_analytics_configuration(struct call *c, const struct s3_get_bucket_analytics_configuration_request *in,
                                          struct s3_get_bucket_analytics_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    out->analytics_configuration = NEW(c->arena, struct s3_analytics_configuration);
    bool there = s3_config_find(c, &bucket, S3_CONFIG_ANALYTICS, in->id, &s3_analytics_record, out->analytics_configuration);
    return there ? NULL : s3_fail_no_configuration(c);
}

err s3_delete_bucket_analytics_configuration(struct call *c, const struct s3_delete_bucket_analytics_configuration_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    (void)out;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_config_remove(c, &bucket, S3_CONFIG_ANALYTICS, in->id));
    s3_analytics_end(c, &bucket, in->id);
    return NULL;
}

err s3_list_bucket_analytics_configurations(struct call *c, const struct s3_list_bucket_analytics_configurations_request *in,
                                            struct s3_list_bucket_analytics_configurations_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct s3_analytics_configuration_list *list = &out->analytics_configuration_list;
    list->v = NEW_ARRAY(c->arena, struct s3_analytics_configuration, S3_CONFIG_PAGE);
    TRY(s3_config_page(c, &bucket, S3_CONFIG_ANALYTICS, &s3_analytics_record, in->continuation_token, list->v, &list->n, &out->next_continuation_token));
    list->set = list->n > 0;
    out->is_truncated = SOME_BOOL(out->next_continuation_token.p != NULL);
    out->continuation_token = in->continuation_token;
    return NULL;
}

str s3_analytics_ids(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    enum { IDS_MAX = 80000 }; /* a thousand of them, 64 letters each */
    if (!s3_configured(bucket, S3_CONFIG_ANALYTICS)) return (str){0};
    struct range rows = s3_config_range(c, bucket, S3_CONFIG_ANALYTICS);
    struct buf b = buf_new(c->arena, IDS_MAX);
    str row_key, value;
    while (range_next(&rows, &row_key, &value)) {
        struct s3_analytics_configuration a = {0};
        ASSERT(record_decode(c->arena, &s3_analytics_record, arena_str(c->arena, value), &a));
        if (a.filter && !s3_filter_means(S3_FILTER_OF(a.filter), key, object)) continue;
        if (b.n) buf_char(&b, ',');
        buf_add(&b, a.id);
    }
    return b.n ? buf_str(&b) : (str){0};
}
