/* Object lock: retention (governance, compliance), legal hold, and a bucket's default. A version under
 * either cannot be deleted; delete markers may always be put over it. */
#include "services/s3/lock.h"
#include "services/s3/versions.h"

static const i64 day_ms = 86400000;
enum { DAYS_MAX = 36500, YEARS_MAX = 100 };

static bool mode_known(str mode) { return str_eq(mode, S("GOVERNANCE")) || str_eq(mode, S("COMPLIANCE")); }

static err missing(struct call *c) { return fail(c, &s3_invalid_request, "Bucket is missing Object Lock Configuration"); }
static err locked(struct call *c) { return fail(c, &cloud_access_denied, "Access Denied because object protected by object lock."); }
static err none_there(struct call *c) {
    return fail(c, &s3_no_such_object_lock_configuration, "The specified object does not have a ObjectLock configuration");
}
static err past_date(struct call *c, const char *argument, i64 ms) {
    struct buf date = buf_new(c->arena, 64);
    buf_iso8601(&date, ms);
    return s3_fail_argument(c, argument, buf_str(&date), "The retain until date must be in the future!");
}

static bool retained(const struct object_row *object, i64 now_ms) { return object->lock_mode.p && object->lock_until_ms > now_ms; }

bool s3_lock_holds(const struct object_row *object, i64 now_ms) { return object->legal_hold || retained(object, now_ms); }

static bool may_bypass(struct call *c, const struct bucket_row *bucket, str key, bool asked) {
    return asked && s3_may(c, bucket, S("s3:BypassGovernanceRetention"), s3_object_arn(c, bucket->name, key));
}

err s3_lock_check(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, bool bypass) {
    if (!s3_lock_holds(object, c->now_ms)) return NULL;
    bool governed = !object->legal_hold && str_eq(object->lock_mode, S("GOVERNANCE"));
    return governed && may_bypass(c, bucket, key, bypass) ? NULL : locked(c);
}

/* ---- new versions ---- */

static void default_retention(struct call *c, const struct bucket_row *bucket, struct object_row *object) {
    struct s3_default_retention rule;
    if (!s3_config_get(c, bucket, S3_CONFIG_LOCK, &s3_lock_record, &rule)) return;
    object->lock_mode = rule.mode;
    object->lock_until_ms = c->now_ms + day_ms * (rule.days.set ? rule.days.v : 365ll * rule.years.v);
}

err s3_lock_of_new(struct call *c, const struct bucket_row *bucket, const struct object_headers *h, struct object_row *object) {
    object->lock_mode = (str){0};
    object->lock_until_ms = 0;
    object->legal_hold = object->hold_known = false;
    if (h->event_hold) return s3_fail_header_not_implemented(c, "x-amz-object-lock-event-hold", NULL);
    if (!bucket->object_lock) return h->lock_mode.p || h->legal_hold.p || h->lock_until.set ? missing(c) : NULL;
    if (!h->lock_mode.p != !h->lock_until.set)
        return s3_fail_argument(c, h->lock_mode.p ? "x-amz-object-lock-retain-until-date" : "x-amz-object-lock-mode", (str){0},
                                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied");
    if (h->lock_mode.p && !mode_known(h->lock_mode))
        return s3_fail_argument(c, "x-amz-object-lock-mode", h->lock_mode, "Unknown wormMode directive.");
    if (h->lock_until.set && h->lock_until.ms <= c->now_ms)
        return past_date(c, "x-amz-object-lock-retain-until-date", h->lock_until.ms);
    bool on = str_eq(h->legal_hold, S("ON"));
    if (h->legal_hold.p && !on && !str_eq(h->legal_hold, S("OFF")))
        return s3_fail_argument(c, "x-amz-object-lock-legal-hold", h->legal_hold, "Legal Hold must be either of 'ON' or 'OFF'");
    object->legal_hold = on;
    object->hold_known = h->legal_hold.p != NULL;
    object->lock_mode = h->lock_mode;
    object->lock_until_ms = h->lock_until.ms;
    if (!h->lock_mode.p) default_retention(c, bucket, object);
    return NULL;
}

/* ---- the bucket's configuration ---- */

static err rule_check(struct call *c, const struct s3_default_retention *rule) {
    if (!rule || !mode_known(rule->mode) || rule->days.set == rule->years.set) return s3_fail_malformed(c);
    if (rule->default_event_hold) return s3_fail_header_not_implemented(c, "DefaultEventHold", NULL);
    i32 period = rule->days.set ? rule->days.v : rule->years.v;
    if (period < 1) return fail(c, &s3_invalid_argument, "Default retention period must be a positive integer value.");
    if (period > (rule->days.set ? DAYS_MAX : YEARS_MAX))
        return fail(c, &s3_invalid_argument, "Default retention period too large.");
    return NULL;
}

err s3_put_object_lock_configuration(struct call *c, const struct s3_put_object_lock_configuration_request *in,
                                     struct s3_put_object_lock_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    const struct s3_object_lock_configuration *wanted = in->object_lock_configuration;
    if (!wanted || !str_eq(wanted->object_lock_enabled, S("Enabled"))) return s3_fail_malformed(c);
    if (wanted->rule) TRY(rule_check(c, wanted->rule->default_retention));
    if (bucket.versioning != S3_VERSIONING_ENABLED)
        return fail(c, &s3_invalid_bucket_state, "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
    bucket.object_lock = true;
    if (wanted->rule) s3_config_put(c, &bucket, S3_CONFIG_LOCK, &s3_lock_record, wanted->rule->default_retention);
    else s3_config_delete(c, &bucket, S3_CONFIG_LOCK);
    s3_bucket_update(c, &bucket);
    return NULL;
}

err s3_get_object_lock_configuration(struct call *c, const struct s3_get_object_lock_configuration_request *in,
                                     struct s3_get_object_lock_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!bucket.object_lock) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_object_lock_configuration_not_found_error, "Object Lock configuration does not exist for this bucket");
    }
    struct s3_default_retention *rule = NEW(c->arena, struct s3_default_retention);
    out->object_lock_configuration = NEW(c->arena, struct s3_object_lock_configuration);
    out->object_lock_configuration->object_lock_enabled = S("Enabled");
    if (!s3_config_get(c, &bucket, S3_CONFIG_LOCK, &s3_lock_record, rule)) return NULL;
    out->object_lock_configuration->rule = NEW(c->arena, struct s3_object_lock_rule);
    out->object_lock_configuration->rule->default_retention = rule;
    return NULL;
}

/* ---- retention ---- */

static err lockable_open(struct call *c, str name, str owner, str key, str version_id, struct bucket_row *bucket,
                         struct object_row *object) {
    TRY(s3_bucket_open(c, name, owner, bucket));
    if (!bucket->object_lock) {
        TRY(s3_object_open(c, bucket, key, version_id, object));
        return missing(c);
    }
    return s3_object_open_attribute(c, bucket, key, version_id, object);
}

/* A lock may be made longer by all; anything else is forbidden, or takes the bypass. */
static err retention_change(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object,
                            const struct s3_object_lock_retention *wanted, bool bypass) {
    if (!retained(object, c->now_ms)) return NULL;
    bool longer = str_eq(wanted->mode, object->lock_mode) && wanted->retain_until_date.set
                  && wanted->retain_until_date.ms >= s3_whole_seconds(object->lock_until_ms);
    if (longer) return NULL;
    bool governed = str_eq(object->lock_mode, S("GOVERNANCE"));
    return governed && may_bypass(c, bucket, key, bypass) ? NULL : locked(c);
}

err s3_put_object_retention(struct call *c, const struct s3_put_object_retention_request *in,
                            struct s3_put_object_retention_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    const struct s3_object_lock_retention *wanted = in->retention;
    s3_usage_tier1(c);
    TRY(lockable_open(c, in->bucket, in->expected_bucket_owner, in->key, in->version_id, &bucket, &object));
    if (!wanted || !wanted->mode.p != !wanted->retain_until_date.set) return s3_fail_malformed(c);
    if (wanted->mode.p && !mode_known(wanted->mode)) return s3_fail_malformed(c);
    if (wanted->event_hold.p || wanted->event_hold_duration) return s3_fail_header_not_implemented(c, "EventHold", NULL);
    if (wanted->mode.p && wanted->retain_until_date.ms <= c->now_ms)
        return past_date(c, "RetainUntilDate", wanted->retain_until_date.ms);
    TRY(retention_change(c, &bucket, in->key, &object, wanted,
                         in->bypass_governance_retention.set && in->bypass_governance_retention.v));
    object.lock_mode = wanted->mode;
    object.lock_until_ms = wanted->mode.p ? wanted->retain_until_date.ms : 0;
    s3_object_update(c, &bucket, in->key, &object);
    return NULL;
}

err s3_get_object_retention(struct call *c, const struct s3_get_object_retention_request *in,
                            struct s3_get_object_retention_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    s3_usage_tier2(c);
    TRY(lockable_open(c, in->bucket, in->expected_bucket_owner, in->key, in->version_id, &bucket, &object));
    if (!object.lock_mode.p) return none_there(c);
    out->retention = NEW(c->arena, struct s3_object_lock_retention);
    out->retention->mode = object.lock_mode;
    out->retention->retain_until_date = SOME_TIME(object.lock_until_ms);
    return NULL;
}

/* ---- legal hold ---- */

err s3_put_object_legal_hold(struct call *c, const struct s3_put_object_legal_hold_request *in,
                             struct s3_put_object_legal_hold_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    s3_usage_tier1(c);
    TRY(lockable_open(c, in->bucket, in->expected_bucket_owner, in->key, in->version_id, &bucket, &object));
    str status = in->legal_hold ? in->legal_hold->status : (str){0};
    if (!str_eq(status, S("ON")) && !str_eq(status, S("OFF"))) return s3_fail_malformed(c);
    object.legal_hold = str_eq(status, S("ON"));
    object.hold_known = true;
    s3_object_update(c, &bucket, in->key, &object);
    return NULL;
}

err s3_get_object_legal_hold(struct call *c, const struct s3_get_object_legal_hold_request *in,
                             struct s3_get_object_legal_hold_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    s3_usage_tier2(c);
    TRY(lockable_open(c, in->bucket, in->expected_bucket_owner, in->key, in->version_id, &bucket, &object));
    if (!object.hold_known) return none_there(c);
    out->legal_hold = NEW(c->arena, struct s3_object_lock_legal_hold);
    out->legal_hold->status = object.legal_hold ? S("ON") : S("OFF");
    return NULL;
}
