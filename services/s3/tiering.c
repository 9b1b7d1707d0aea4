/* Intelligent-Tiering's archive tiers: a bucket opts in, by configurations of its own ids. */
#include "services/s3/config.h"

static err no_configuration(struct call *c) { return fail(c, &s3_no_such_configuration, "The specified configuration does not exist."); }

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
    txn_put(c->txn, s3_config_key(c, &bucket, S3_CONFIG_TIERING, in->id), record_encode(c->arena, &s3_tiering_record, wanted));
    bucket.configured |= 1ull << S3_CONFIG_TIERING;
    s3_bucket_update(c, &bucket);
    return NULL;
}

err s3_get_bucket_intelligent_tiering_configuration(struct call *c, const struct s3_get_bucket_intelligent_tiering_configuration_request *in,
                                                    struct s3_get_bucket_intelligent_tiering_configuration_output *out) {
    struct bucket_row bucket;
    str value;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!txn_get(c->txn, s3_config_key(c, &bucket, S3_CONFIG_TIERING, in->id), &value)) return no_configuration(c);
    out->intelligent_tiering_configuration = NEW(c->arena, struct s3_intelligent_tiering_configuration);
    ASSERT(record_decode(c->arena, &s3_tiering_record, value, out->intelligent_tiering_configuration));
    return NULL;
}

err s3_delete_bucket_intelligent_tiering_configuration(struct call *c,
                                                       const struct s3_delete_bucket_intelligent_tiering_configuration_request *in,
                                                       struct wire_unit *out) {
    struct bucket_row bucket;
    str value;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    str key = s3_config_key(c, &bucket, S3_CONFIG_TIERING, in->id);
    if (!txn_get(c->txn, key, &value)) return no_configuration(c);
    txn_delete(c->txn, key);
    return NULL;
}

err s3_list_bucket_intelligent_tiering_configurations(struct call *c,
                                                      const struct s3_list_bucket_intelligent_tiering_configurations_request *in,
                                                      struct s3_list_bucket_intelligent_tiering_configurations_output *out) {
    enum { PAGE_MAX = 100 };
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    str prefix = s3_config_key(c, &bucket, S3_CONFIG_TIERING, (str){0}), from = prefix, key, value, after = {0}, last = {0};
    if (in->continuation_token.n) {
        if (!page_position(c, in->continuation_token, &after))
            return s3_fail_argument(c, "continuation-token", (str){0}, "The continuation token provided is incorrect");
        from = key_after_prefix(c->arena, s3_config_key(c, &bucket, S3_CONFIG_TIERING, after));
    }
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, prefix));
    struct s3_intelligent_tiering_configuration *list = NEW_ARRAY(c->arena, struct s3_intelligent_tiering_configuration, PAGE_MAX);
    u32 n = 0;
    bool more = false;
    while (range_next(&rows, &key, &value)) {
        if ((more = n == PAGE_MAX)) break;
        ASSERT(record_decode(c->arena, &s3_tiering_record, value, &list[n]));
        last = list[n++].id;
    }
    out->intelligent_tiering_configuration_list.v = list;
    out->intelligent_tiering_configuration_list.n = n;
    out->intelligent_tiering_configuration_list.set = n > 0;
    out->is_truncated = SOME_BOOL(more);
    out->continuation_token = in->continuation_token;
    if (more) out->next_continuation_token = page_token(c, last);
    return NULL;
}
