/* Intelligent-Tiering's archive tiers: a bucket opts in, by configurations of its own ids. */
#include "services/s3/config.h"

static err tierings_check(struct call *c, const struct s3_intelligent_tiering_configuration *wanted) {
    enum { ARCHIVE_DAYS = 90, DEEP_DAYS = 180, DAYS_MAX = 730 };
    bool status = str_eq(wanted->status, S("Enabled")) || str_eq(wanted->status, S("Disabled"));
    if (!status || !wanted->tierings.n || wanted->tierings.n > 2) return s3_fail_malformed(c);
    for (u32 i = 0; i < wanted->tierings.n; i++) {
        const struct s3_tiering *t = &wanted->tierings.v[i];
        bool archive = str_eq(t->access_tier, S("ARCHIVE_ACCESS"));
        if (!archive && !str_eq(t->access_tier, S("DEEP_ARCHIVE_ACCESS"))) return s3_fail_malformed(c);
        if (i && str_eq(t->access_tier, wanted->tierings.v[0].access_tier)) return s3_fail_malformed(c);
        i32 least = archive ? ARCHIVE_DAYS : DEEP_DAYS;
        if (!t->days.set || t->days.v < least || t->days.v > DAYS_MAX)
            return fail(c, &s3_invalid_argument, "'Days' for %.*s must be between %d and %d", STR_ARGS(t->access_tier), least, DAYS_MAX);
    }
    return NULL;
}

err s3_put_bucket_intelligent_tiering_configuration(struct call *c, const struct s3_put_bucket_intelligent_tiering_configuration_request *in,
                                                    struct wire_unit *out) {
    struct bucket_row bucket;
    const struct s3_intelligent_tiering_configuration *wanted = in->intelligent_tiering_configuration;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!wanted || !str_eq(wanted->id, in->id)) return s3_fail_malformed(c);
    TRY(tierings_check(c, wanted));
    s3_config_add(c, &bucket, S3_CONFIG_TIERING, in->id, &s3_tiering_record, wanted);
    return NULL;
}

err s3_get_bucket_intelligent_tiering_configuration(struct call *c, const struct s3_get_bucket_intelligent_tiering_configuration_request *in,
                                                    struct s3_get_bucket_intelligent_tiering_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    out->intelligent_tiering_configuration = NEW(c->arena, struct s3_intelligent_tiering_configuration);
    bool there = s3_config_find(c, &bucket, S3_CONFIG_TIERING, in->id, &s3_tiering_record, out->intelligent_tiering_configuration);
    return there ? NULL : s3_fail_no_configuration(c);
}

err s3_delete_bucket_intelligent_tiering_configuration(struct call *c,
                                                       const struct s3_delete_bucket_intelligent_tiering_configuration_request *in,
                                                       struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    return s3_config_remove(c, &bucket, S3_CONFIG_TIERING, in->id);
}

err s3_list_bucket_intelligent_tiering_configurations(struct call *c,
                                                      const struct s3_list_bucket_intelligent_tiering_configurations_request *in,
                                                      struct s3_list_bucket_intelligent_tiering_configurations_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct s3_intelligent_tiering_configuration_list *list = &out->intelligent_tiering_configuration_list;
    list->v = NEW_ARRAY(c->arena, struct s3_intelligent_tiering_configuration, S3_CONFIG_PAGE);
    TRY(s3_config_page(c, &bucket, S3_CONFIG_TIERING, &s3_tiering_record, in->continuation_token, list->v, &list->n, &out->next_continuation_token));
    list->set = list->n > 0;
    out->is_truncated = SOME_BOOL(out->next_continuation_token.p != NULL);
    out->continuation_token = in->continuation_token;
    return NULL;
}
