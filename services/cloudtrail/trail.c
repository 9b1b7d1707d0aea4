/* The trail: made, changed, described, switched on and off. */
#include "cloudtrail.h"

#include "gen/kms.h"
#include "gen/s3.h"
#include "gen/sns.h"

enum { TRAILS_MAX = 5 };

/* ---- what a trail needs from others ---- */

/* The bucket must let CloudTrail write where the logs will be: an empty object at their place is the proof. */
static err check_bucket(struct call *c, const struct ct_trail *trail) {
    str where = arena_concat(c->arena, ct_place(c->arena, trail, trail->account), S("/CloudTrail/"));
    struct s3_put_object_request put = {.bucket = trail->bucket, .key = where, .acl = S("bucket-owner-full-control")};
    struct s3_put_object_output out;
    struct call_other s3 = {.service = &s3_service, .op = S3_OP_PUT_OBJECT, .as = CALL_AS_SERVICE, .source_arn = trail->arn};
    err e = call_service(c, &s3, &put, &out);
    if (!e) return NULL;
    if (e == &s3_no_such_bucket) return fail(c, &cloudtrail_s3_bucket_does_not_exist_exception, "S3 bucket %.*s does not exist!", STR_ARGS(trail->bucket));
    return fail(c, &cloudtrail_insufficient_s3_bucket_policy_exception, "Incorrect S3 bucket policy is detected for bucket: %.*s", STR_ARGS(trail->bucket));
}

/* The topic must let CloudTrail publish. */
static err check_topic(struct call *c, const struct ct_trail *trail) {
    struct sns_publish_input in = {.topic_arn = trail->topic_arn, .message = S("CloudTrail validation message.")};
    struct sns_publish_response out;
    struct arn arn;
    if (!trail->topic_arn.n) return NULL;
    if (!arn_parse(trail->topic_arn, &arn)) return fail(c, &cloudtrail_invalid_sns_topic_name_exception, "The SNS topic name is not valid: %.*s", STR_ARGS(trail->topic_arn));
    struct call_other sns = {.service = &sns_service, .op = SNS_OP_PUBLISH, .as = CALL_AS_SERVICE, .source_arn = trail->arn, .account = arn.account, .region = arn.region};
    if (!call_service(c, &sns, &in, &out)) return NULL;
    return fail(c, &cloudtrail_insufficient_sns_topic_policy_exception, "SNS Topic does not exist or the topic policy is incorrect!");
}

static err check_key(struct call *c, struct ct_trail *trail) {
    struct kms_describe_key_request in = {.key_id = trail->kms_key};
    struct kms_describe_key_response out;
    if (!trail->kms_key.n) return NULL;
    struct call_other kms = {.service = &kms_service, .op = KMS_OP_DESCRIBE_KEY, .as = CALL_FORWARDED};
    if (call_service(c, &kms, &in, &out)) return fail(c, &cloudtrail_kms_key_not_found_exception, "The KMS key %.*s could not be found.", STR_ARGS(trail->kms_key));
    trail->kms_key = out.key_metadata->arn;
    return NULL;
}

static err check_settings(struct call *c, struct ct_trail *trail) {
    if (trail->multi_region && !trail->global_events)
        return fail(c, &cloudtrail_invalid_parameter_combination_exception, "Multi-Region trail must include global service events.");
    if (trail->prefix.n > 200) return fail(c, &cloudtrail_invalid_s3_prefix_exception, "The S3 prefix is longer than 200 characters.");
    TRY(ct_logs_check(c, trail));
    TRY(check_key(c, trail));
    TRY(check_topic(c, trail));
    return check_bucket(c, trail);
}

static str topic_arn(struct call *c, str name) {
    return str_starts(name, S("arn:")) ? name : arn_format(c->arena, S("sns"), c->region, c->account, name);
}

static bool or_else(struct opt_bool asked, bool otherwise) { return asked.set ? asked.v : otherwise; }

/* ---- CreateTrail, UpdateTrail, DeleteTrail ---- */

err cloudtrail_create_trail(struct call *c, const struct cloudtrail_create_trail_request *in, struct cloudtrail_create_trail_response *out) {
    struct ct_trail trail, other;
    if (!ct_name_formed(in->name)) return ct_trail_open(c, in->name, &trail);
    str organization = {0}, account = c->account;
    if (or_else(in->is_organization_trail, false)) TRY(ct_organization_check(c, &organization, &account));
    if (ct_trail_load(c->txn, c->arena, ct_trail_row(c->arena, &(struct ct_trail){.account = account, .region = c->region, .name = in->name}), &trail))
        return fail(c, &cloudtrail_trail_already_exists_exception, "Trail %.*s already exists for customer: %.*s", STR_ARGS(in->name), STR_ARGS(c->account));
    u32 n = 0;
    str key, row;
    struct range r = ct_trails_of(c, account, c->region);
    while (range_next(&r, &key, &row)) n++;
    if (n >= quota(c, S("trails-per-region"), TRAILS_MAX))
        return fail(c, &cloudtrail_maximum_number_of_trails_exceeded_exception, "User: %.*s already has %u trails in %.*s.", STR_ARGS(c->account), n, STR_ARGS(c->region));
    trail = (struct ct_trail){.account = account, .organization = organization, .region = c->region, .name = in->name, .bucket = in->s3_bucket_name, .prefix = in->s3_key_prefix,
                              .global_events = or_else(in->include_global_service_events, true), .multi_region = or_else(in->is_multi_region_trail, false),
                              .validates = or_else(in->enable_log_file_validation, false), .logs_group_arn = in->cloudwatch_logs_log_group_arn,
                              .logs_role_arn = in->cloudwatch_logs_role_arn, .kms_key = in->kms_key_id};
    if (in->sns_topic_name.n) trail.topic_arn = topic_arn(c, in->sns_topic_name);
    trail.arn = arn_format(c->arena, S("cloudtrail"), c->region, account, arena_concat(c->arena, S("trail/"), in->name));
    TRY(check_settings(c, &trail));
    ct_trail_save(c->txn, c->arena, &trail);
    registry_add(c, trail.arn, S("AWS::CloudTrail::Trail"));
    if (in->tags_list.n) TRY(ct_tags_set(c, trail.arn, &in->tags_list));
    ASSERT(ct_trail_load(c->txn, c->arena, ct_trail_row(c->arena, &trail), &other));
    *out = (struct cloudtrail_create_trail_response){.name = trail.name, .s3_bucket_name = trail.bucket, .s3_key_prefix = trail.prefix, .trail_arn = trail.arn,
                                                     .include_global_service_events = SOME_BOOL(trail.global_events), .is_multi_region_trail = SOME_BOOL(trail.multi_region),
                                                     .log_file_validation_enabled = SOME_BOOL(trail.validates), .kms_key_id = trail.kms_key,
                                                     .cloudwatch_logs_log_group_arn = trail.logs_group_arn, .cloudwatch_logs_role_arn = trail.logs_role_arn,
                                                     .sns_topic_arn = trail.topic_arn, .is_organization_trail = SOME_BOOL(trail.organization.p != NULL)};
    return NULL;
}

/* The management account's own trail may become the organization's, and the other way. */
static err set_organization(struct call *c, struct ct_trail *trail, bool wanted) {
    str organization = {0}, account;
    if (wanted) TRY(ct_organization_check(c, &organization, &account));
    if (wanted && !str_eq(account, trail->account))
        return fail(c, &cloudtrail_not_organization_master_account_exception, "A trail of a member account cannot become the organization's.");
    trail->organization = organization;
    return NULL;
}

err cloudtrail_update_trail(struct call *c, const struct cloudtrail_update_trail_request *in, struct cloudtrail_update_trail_response *out) {
    struct ct_trail trail;
    TRY(ct_trail_open_to_change(c, in->name, &trail));
    if (in->s3_bucket_name.p) trail.bucket = in->s3_bucket_name;
    if (in->s3_key_prefix.p) trail.prefix = in->s3_key_prefix;
    if (in->sns_topic_name.p) trail.topic_arn = in->sns_topic_name.n ? topic_arn(c, in->sns_topic_name) : (str){0};
    if (in->kms_key_id.p) trail.kms_key = in->kms_key_id;
    if (in->cloudwatch_logs_log_group_arn.p) trail.logs_group_arn = in->cloudwatch_logs_log_group_arn;
    if (in->cloudwatch_logs_role_arn.p) trail.logs_role_arn = in->cloudwatch_logs_role_arn;
    trail.global_events = or_else(in->include_global_service_events, trail.global_events);
    trail.multi_region = or_else(in->is_multi_region_trail, trail.multi_region);
    trail.validates = or_else(in->enable_log_file_validation, trail.validates);
    if (in->is_organization_trail.set) TRY(set_organization(c, &trail, in->is_organization_trail.v));
    TRY(check_settings(c, &trail));
    ct_trail_save(c->txn, c->arena, &trail);
    ct_apply(c, &trail);
    *out = (struct cloudtrail_update_trail_response){.name = trail.name, .s3_bucket_name = trail.bucket, .s3_key_prefix = trail.prefix, .trail_arn = trail.arn,
                                                     .include_global_service_events = SOME_BOOL(trail.global_events), .is_multi_region_trail = SOME_BOOL(trail.multi_region),
                                                     .log_file_validation_enabled = SOME_BOOL(trail.validates), .kms_key_id = trail.kms_key,
                                                     .cloudwatch_logs_log_group_arn = trail.logs_group_arn, .cloudwatch_logs_role_arn = trail.logs_role_arn,
                                                     .sns_topic_arn = trail.topic_arn, .is_organization_trail = SOME_BOOL(trail.organization.p != NULL)};
    return NULL;
}

static void forget_chains(struct call *c, const struct ct_trail *trail) {
    str from = ct_chain_row(c->arena, trail, (str){0}, (str){0}), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, NULL)) txn_delete(c->txn, arena_str(c->arena, key)); /* one a region */
}

err cloudtrail_delete_trail(struct call *c, const struct cloudtrail_delete_trail_request *in, struct cloudtrail_delete_trail_response *out) {
    (void)out;
    struct ct_trail trail;
    TRY(ct_trail_open_to_change(c, in->name, &trail));
    str row = ct_trail_row(c->arena, &trail);
    txn_delete(c->txn, row);
    forget_chains(c, &trail);
    ct_insights_forget(c, &trail);
    registry_remove(c, trail.arn);
    trail.logging = false;
    ct_apply(c, &trail);
    return NULL;
}

/* ---- described ---- */

static struct cloudtrail_trail describe(const struct ct_trail *t) {
    return (struct cloudtrail_trail){.name = t->name, .s3_bucket_name = t->bucket, .s3_key_prefix = t->prefix, .sns_topic_arn = t->topic_arn,
                                     .include_global_service_events = SOME_BOOL(t->global_events), .is_multi_region_trail = SOME_BOOL(t->multi_region),
                                     .home_region = t->region, .trail_arn = t->arn, .log_file_validation_enabled = SOME_BOOL(t->validates),
                                     .kms_key_id = t->kms_key, .cloudwatch_logs_log_group_arn = t->logs_group_arn,
                                     .cloudwatch_logs_role_arn = t->logs_role_arn, .has_custom_event_selectors = SOME_BOOL(t->selectors.n || t->advanced.n),
                                     .has_insight_selectors = SOME_BOOL(t->call_insights || t->error_insights),
                                     .is_organization_trail = SOME_BOOL(t->organization.p != NULL)};
}

err cloudtrail_get_trail(struct call *c, const struct cloudtrail_get_trail_request *in, struct cloudtrail_get_trail_response *out) {
    struct ct_trail trail;
    TRY(ct_trail_open(c, in->name, &trail));
    out->trail = NEW(c->arena, struct cloudtrail_trail);
    *out->trail = describe(&trail);
    return NULL;
}

enum { LISTED_MAX = 200 }; /* five a region */

struct described {
    struct call *c;
    bool shadows; /* those of other regions that are for all */
    struct cloudtrail_describe_trails_response *out;
};

static void add_description(void *context, const struct ct_trail *trail) {
    struct described *d = context;
    bool shown = str_eq(trail->region, d->c->region) || (d->shadows && trail->multi_region);
    if (shown && d->out->trail_list.n < LISTED_MAX) d->out->trail_list.v[d->out->trail_list.n++] = describe(trail);
}

err cloudtrail_describe_trails(struct call *c, const struct cloudtrail_describe_trails_request *in, struct cloudtrail_describe_trails_response *out) {
    out->trail_list.v = NEW_ARRAY(c->arena, struct cloudtrail_trail, LISTED_MAX);
    out->trail_list.set = true;
    struct described all = {c, or_else(in->include_shadow_trails, true), out};
    if (!in->trail_name_list.n) ct_trails_visit(c, add_description, &all);
    for (u32 i = 0; i < in->trail_name_list.n; i++) {
        struct ct_trail trail;
        if (ct_trail_open(c, in->trail_name_list.v[i], &trail) || out->trail_list.n == LISTED_MAX) continue; /* one that is not there is left out */
        out->trail_list.v[out->trail_list.n++] = describe(&trail);
    }
    return NULL;
}

static void add_name(void *context, const struct ct_trail *trail) {
    struct cloudtrail_list_trails_response *out = context;
    if (out->trails.n < LISTED_MAX)
        out->trails.v[out->trails.n++] = (struct cloudtrail_trail_info){.trail_arn = trail->arn, .name = trail->name, .home_region = trail->region};
}

err cloudtrail_list_trails(struct call *c, const struct cloudtrail_list_trails_request *in, struct cloudtrail_list_trails_response *out) {
    (void)in;
    out->trails.v = NEW_ARRAY(c->arena, struct cloudtrail_trail_info, LISTED_MAX);
    out->trails.set = true;
    ct_trails_visit(c, add_name, out);
    return NULL;
}

/* ---- on and off ---- */

err cloudtrail_start_logging(struct call *c, const struct cloudtrail_start_logging_request *in, struct cloudtrail_start_logging_response *out) {
    (void)out;
    struct ct_trail trail;
    TRY(ct_trail_open_to_change(c, in->name, &trail));
    if (trail.logging) return NULL;
    trail.logging = true;
    trail.started_ms = trail.from_ms = c->now_ms;
    ct_trail_save(c->txn, c->arena, &trail);
    ct_apply(c, &trail);
    return NULL;
}

err cloudtrail_stop_logging(struct call *c, const struct cloudtrail_stop_logging_request *in, struct cloudtrail_stop_logging_response *out) {
    (void)out;
    struct ct_trail trail;
    TRY(ct_trail_open_to_change(c, in->name, &trail));
    if (!trail.logging) return NULL;
    trail.logging = false;
    trail.stopped_ms = c->now_ms;
    ct_trail_save(c->txn, c->arena, &trail);
    ct_apply(c, &trail);
    return NULL;
}

err cloudtrail_get_trail_status(struct call *c, const struct cloudtrail_get_trail_status_request *in, struct cloudtrail_get_trail_status_response *out) {
    struct ct_trail t;
    TRY(ct_trail_open(c, in->name, &t));
    out->is_logging = SOME_BOOL(t.logging);
    out->latest_delivery_error = t.delivery_error;
    out->latest_digest_delivery_error = t.digest_error;
    out->latest_cloudwatch_logs_delivery_error = t.logs_error;
    if (t.logs_delivered_ms) out->latest_cloudwatch_logs_delivery_time = SOME_TIME(t.logs_delivered_ms);
    if (t.delivered_ms) out->latest_delivery_time = SOME_TIME(t.delivered_ms);
    if (t.digested_ms) out->latest_digest_delivery_time = SOME_TIME(t.digested_ms);
    if (t.started_ms) out->start_logging_time = SOME_TIME(t.started_ms);
    if (t.stopped_ms) out->stop_logging_time = SOME_TIME(t.stopped_ms);
    out->latest_delivery_attempt_time = t.tried_ms ? ct_iso(c->arena, t.tried_ms) : S("");
    out->latest_delivery_attempt_succeeded = t.delivered_ms ? ct_iso(c->arena, t.delivered_ms) : S("");
    out->time_logging_started = t.started_ms ? ct_iso(c->arena, t.started_ms) : S("");
    out->time_logging_stopped = t.stopped_ms ? ct_iso(c->arena, t.stopped_ms) : S("");
    return NULL;
}
