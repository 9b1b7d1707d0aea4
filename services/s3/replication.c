/* A bucket's replication configuration: its rules are taken when their destinations could receive. */
#include "services/s3/replication.h"
#include "services/s3/storage.h"

enum { RULES_MAX = 1000, ID_MAX = 255, PREFIX_MAX = 1024, THRESHOLD_MINUTES = 15 };

static err invalid(struct call *c, const char *message) { return fail(c, &s3_invalid_request, "%s", message); }
static bool status_known(str status) { return s3_enabled(status) || str_eq(status, S("Disabled")); }

/* ---- one rule ---- */

static err tags_check(struct call *c, const struct s3_tag *tags, u32 n) {
    for (u32 i = 0; i < n; i++) {
        if (!tags[i].key.n || !tags[i].value.p) return s3_fail_malformed(c);
        for (u32 k = 0; k < i; k++)
            if (str_eq(tags[i].key, tags[k].key)) return invalid(c, "Duplicate Tag Keys are not allowed.");
    }
    return NULL;
}

static err filter_check(struct call *c, const struct s3_replication_rule *rule) {
    const struct s3_replication_rule_filter *f = rule->filter;
    str prefix = f ? S3_FILTER_OF(f).prefix : rule->prefix;
    if (!f && !rule->prefix.p) return s3_fail_malformed(c);
    if (prefix.n > PREFIX_MAX) return s3_fail_argument(c, "Prefix", prefix, "The maximum size of a prefix is 1024");
    if (!f) return NULL;
    if (rule->prefix.p || (f->prefix.p != NULL) + (f->tag != NULL) + (f->and != NULL) > 1) return s3_fail_malformed(c);
    if (f->and && (f->and->prefix.p != NULL) + f->and->tags.n < 2) return s3_fail_malformed(c);
    struct s3_filter filter = S3_FILTER_OF(f);
    return tags_check(c, filter.tags, filter.tag_count);
}

/* What the second schema (with a filter) wants to be said. */
static err schema_check(struct call *c, const struct s3_replication_rule *rule) {
    const struct s3_delete_marker_replication *markers = rule->delete_marker_replication;
    if (!rule->filter) return NULL;
    if (!rule->priority.set)
        return invalid(c, "Priority must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 "
                          "Developer Guide for more information.");
    if (rule->priority.v < 0) return invalid(c, "Priority must be between 0 and 2147483647.");
    if (!markers)
        return invalid(c, "DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema. "
                          "Please refer to S3 Developer Guide for more information.");
    if (!status_known(markers->status)) return s3_fail_malformed(c);
    if (s3_enabled(markers->status) && S3_FILTER_OF(rule->filter).tag_count)
        return invalid(c, "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for "
                          "more information.");
    return NULL;
}

static err criteria_check(struct call *c, const struct s3_replication_rule *rule) {
    const struct s3_source_selection_criteria *s = rule->source_selection_criteria;
    const struct s3_encryption_configuration *e = rule->destination->encryption_configuration;
    bool keys = s && s->sse_kms_encrypted_objects;
    if (s && !keys && !s->replica_modifications) return s3_fail_malformed(c);
    if (keys && !status_known(s->sse_kms_encrypted_objects->status)) return s3_fail_malformed(c);
    if (s && s->replica_modifications && !status_known(s->replica_modifications->status)) return s3_fail_malformed(c);
    if (e && !keys) return invalid(c, "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.");
    if (keys && s3_enabled(s->sse_kms_encrypted_objects->status) && !(e && e->replica_kms_key_id.n))
        return invalid(c, "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.");
    return NULL;
}

/* Time control and metrics go with the schema that has filters, and know one threshold. */
static err times_check(struct call *c, const struct s3_replication_rule *rule) {
    const struct s3_replication_time *t = rule->destination->replication_time;
    const struct s3_metrics *m = rule->destination->metrics;
    if ((t && !status_known(t->status)) || (m && !status_known(m->status))) return s3_fail_malformed(c);
    if (t && (!t->time || !t->time->minutes.set)) return s3_fail_malformed(c);
    if (t && t->time->minutes.v != THRESHOLD_MINUTES)
        return s3_fail_argument(c, "Minutes", arena_format(c->arena, "%d", t->time->minutes.v), "Replication time must be 15 minutes");
    if (m && m->event_threshold && m->event_threshold->minutes.v != THRESHOLD_MINUTES)
        return s3_fail_argument(c, "Minutes", arena_format(c->arena, "%d", m->event_threshold->minutes.v), "Event threshold must be 15 minutes");
    if (t && s3_enabled(t->status) && !(m && s3_enabled(m->status)))
        return invalid(c, "Replication metrics must be enabled when replication time control is enabled.");
    return NULL;
}

static err destination_check(struct call *c, const struct bucket_row *bucket, const struct s3_destination *d) {
    struct bucket_row target;
    struct arn arn;
    if (!arn_parse(d->bucket, &arn) || !str_eq(arn.service, S("s3")) || arn.account.n || arn.region.n || !arn.resource.n)
        return s3_fail_argument(c, "Bucket", d->bucket, "Invalid bucket ARN.");
    const struct storage_class *class = s3_storage_class(d->storage_class);
    if (d->storage_class.p && !class) return s3_fail_malformed(c);
    if (d->account.p && !account_valid(d->account)) return s3_fail_argument(c, "Account", d->account, "Invalid account ID.");
    if (d->access_control_translation && !d->account.p)
        return invalid(c, "Account must be specified in the destination if AccessControlTranslation is present.");
    if (d->access_control_translation && !str_eq(d->access_control_translation->owner, S("Destination"))) return s3_fail_malformed(c);
    if (str_eq(arn.resource, bucket->name) && (!d->account.p || str_eq(d->account, bucket->account)))
        return invalid(c, "Destination bucket cannot be the same as the source bucket.");
    bool there = d->account.p ? s3_bucket_own(c, d->account, arn.resource, &target) : s3_bucket_find(c, arn.resource, &target);
    if (!there) return invalid(c, "Destination bucket must exist.");
    if (target.versioning != S3_VERSIONING_ENABLED) return invalid(c, "Destination bucket must have versioning enabled.");
    if (bucket->object_lock && !target.object_lock) return invalid(c, "Destination bucket must have object lock enabled.");
    return NULL;
}

static err rule_check(struct call *c, const struct bucket_row *bucket, const struct s3_replication_rule *rule) {
    if (rule->id.n > ID_MAX) return s3_fail_argument(c, "ID", rule->id, "The maximum size of an ID is 255");
    if (!status_known(rule->status) || !rule->destination || !rule->destination->bucket.p) return s3_fail_malformed(c);
    if (rule->existing_object_replication)
        return invalid(c, "ExistingObjectReplication is no longer supported: existing objects are replicated by S3 Batch Replication.");
    TRY(filter_check(c, rule));
    TRY(schema_check(c, rule));
    TRY(criteria_check(c, rule));
    TRY(times_check(c, rule));
    return destination_check(c, bucket, rule->destination);
}

/* ---- all together ---- */

static err pair_check(struct call *c, const struct s3_replication_rule *x, const struct s3_replication_rule *y) {
    if (x->id.n && str_eq(x->id, y->id)) return s3_fail_argument(c, "ID", y->id, "Rule Id must be unique");
    if (!x->filter != !y->filter) return s3_fail_malformed(c); /* one schema for all */
    if (x->filter && x->priority.v == y->priority.v) return fail(c, &s3_invalid_request, "Found duplicate priority %d.", x->priority.v);
    if (!x->filter && !str_eq(x->destination->bucket, y->destination->bucket))
        return invalid(c, "All destination buckets must be the same for this version of Cross Region Replication configuration schema.");
    if (!x->filter && (str_starts(x->prefix, y->prefix) || str_starts(y->prefix, x->prefix)))
        return fail(c, &s3_invalid_request, "Found overlapping prefixes '%.*s' and '%.*s'", STR_ARGS(x->prefix), STR_ARGS(y->prefix));
    return NULL;
}

static err role_check(struct call *c, str role) {
    struct arn arn;
    if (!arn_parse(role, &arn) || !str_eq(arn.service, S("iam")) || !str_starts(arn.resource, S("role/")))
        return s3_fail_argument(c, "Role", role, "Invalid IAM role ARN.");
    return pass_role(c, role, S("s3.amazonaws.com"));
}

err s3_put_bucket_replication(struct call *c, const struct s3_put_bucket_replication_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    struct s3_replication_configuration *wanted = in->replication_configuration;
    (void)out;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!wanted || !wanted->rules.n) return s3_fail_malformed(c);
    if (wanted->rules.n > RULES_MAX)
        return invalid(c, "The number of replication rules must not exceed the allowed limit of 1000 rules.");
    if (bucket.versioning != S3_VERSIONING_ENABLED)
        return invalid(c, "Versioning must be 'Enabled' on the bucket to apply a replication configuration");
    for (u32 i = 0; i < wanted->rules.n; i++) {
        TRY(rule_check(c, &bucket, &wanted->rules.v[i]));
        for (u32 k = 0; k < i; k++) TRY(pair_check(c, &wanted->rules.v[k], &wanted->rules.v[i]));
        if (!wanted->rules.v[i].id.n) wanted->rules.v[i].id = id_uuid(c->arena);
    }
    TRY(role_check(c, wanted->role));
    s3_config_put(c, &bucket, S3_CONFIG_REPLICATION, &s3_replication_record, wanted);
    return NULL;
}

err s3_get_bucket_replication(struct call *c, const struct s3_get_bucket_replication_request *in, struct s3_get_bucket_replication_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct s3_replication_configuration *configuration = NEW(c->arena, struct s3_replication_configuration);
    if (!s3_config_get(c, &bucket, S3_CONFIG_REPLICATION, &s3_replication_record, configuration)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_replication_configuration_not_found_error, "The replication configuration was not found");
    }
    out->replication_configuration = configuration;
    return NULL;
}

err s3_delete_bucket_replication(struct call *c, const struct s3_delete_bucket_replication_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    (void)out;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    s3_config_delete(c, &bucket, S3_CONFIG_REPLICATION);
    return NULL;
}
