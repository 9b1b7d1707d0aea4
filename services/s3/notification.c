/* A bucket's notifications: who is told of which events, under which keys. A configuration is taken when no two
 * of its destinations would be told of the same event, and when S3 could send each of them a test event. */
#include "services/s3/notify.h"

enum { DESTINATIONS_MAX = 100, ID_MAX = 255 };

/* ---- events ---- */

static const char *const event_names[] = {
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:Replication:*", "s3:Replication:OperationFailedReplication", "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold", "s3:Replication:OperationNotTracked",
    "s3:ObjectRestore:*", "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete",
    "s3:ObjectTagging:*", "s3:ObjectTagging:Put", "s3:ObjectTagging:Delete",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition", "s3:IntelligentTiering",
};

static err event_check(struct call *c, str event) {
    for (size_t i = 0; i < LENGTH(event_names); i++)
        if (str_eq(event, str_of(event_names[i]))) return NULL;
    return s3_fail_argument(c, "Event", event, "The event is not supported for notifications");
}

/* ---- validation of one ---- */

static err filter_check(struct call *c, const struct s3_listener *d) {
    if (!d->filter || !d->filter->key) return NULL;
    const struct s3_filter_rule_list *rules = &d->filter->key->filter_rules;
    u32 prefixes = 0, suffixes = 0;
    for (u32 i = 0; i < rules->n; i++) {
        str name = rules->v[i].name;
        bool prefix = str_eq_nocase(name, S("prefix"));
        if (!prefix && !str_eq_nocase(name, S("suffix")))
            return s3_fail_argument(c, "FilterRule.Name", name, "filter rule name must be either prefix or suffix");
        prefix ? prefixes++ : suffixes++;
    }
    if (prefixes > 1) return s3_fail_argument(c, "FilterRule.Name", S("prefix"), "Cannot specify more than one prefix rule in a filter.");
    if (suffixes > 1) return s3_fail_argument(c, "FilterRule.Name", S("suffix"), "Cannot specify more than one suffix rule in a filter.");
    return NULL;
}

/* The client's own place for the ARN tells which service must be in it. */
static err arn_check(struct call *c, const struct bucket_row *bucket, const char *element, const char *service, str text) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !str_eq(arn.service, str_of(service)) || !arn.resource.n)
        return s3_fail_argument(c, element, text, "The ARN could not be parsed");
    if (!str_eq(arn.region, bucket->region))
        return s3_fail_argument(c, element, text, "The notification destination service region is not valid for the bucket location constraint");
    return NULL;
}

static err destination_check(struct call *c, struct s3_listener *d) {
    if (!d->id.n) d->id = id_uuid(c->arena);
    if (d->id.n > ID_MAX || !d->events.n) return s3_fail_malformed(c);
    for (u32 i = 0; i < d->events.n; i++) TRY(event_check(c, d->events.v[i]));
    TRY(filter_check(c, d));
    struct s3_filter_rule_list *rules = d->filter && d->filter->key ? &d->filter->key->filter_rules : NULL;
    for (u32 i = 0; rules && i < rules->n; i++) /* as AWS gives them back */
        rules->v[i].name = str_eq_nocase(rules->v[i].name, S("prefix")) ? S("Prefix") : S("Suffix");
    return NULL;
}

/* ---- of all together ---- */

static bool share_event(const struct s3_listener *x, const struct s3_listener *y) {
    for (u32 i = 0; i < x->events.n; i++)
        for (u32 k = 0; k < y->events.n; k++)
            if (s3_notification_means(x->events.v[i], str_skip(y->events.v[k], 3)) || s3_notification_means(y->events.v[k], str_skip(x->events.v[i], 3)))
                return true;
    return false;
}

static bool either_starts(str x, str y) { return str_starts(x, y) || str_starts(y, x); }
static bool either_ends(str x, str y) { return str_ends(x, y) || str_ends(y, x); }

static err pair_check(struct call *c, const struct s3_listener *x, const struct s3_listener *y) {
    if (str_eq(x->id, y->id)) return fail(c, &s3_invalid_argument, "Same ID used for multiple configurations. IDs must be unique");
    str prefix = s3_notification_rule(x, "prefix"), suffix = s3_notification_rule(x, "suffix");
    str other_prefix = s3_notification_rule(y, "prefix"), other_suffix = s3_notification_rule(y, "suffix");
    if (!share_event(x, y) || !either_starts(prefix, other_prefix) || !either_ends(suffix, other_suffix)) return NULL;
    if (!prefix.n && !suffix.n && !other_prefix.n && !other_suffix.n)
        return fail(c, &s3_invalid_argument, "Configurations overlap. Configurations on the same bucket cannot share a common event type.");
    return fail(c, &s3_invalid_argument,
                "Configuration is ambiguously defined. Cannot have overlapping %s in two rules if the %s are overlapping for the same event type.",
                suffix.n || other_suffix.n ? "suffixes" : "prefixes", suffix.n || other_suffix.n ? "prefixes" : "suffixes");
}

/* What the answer says of a destination that could not be told. */
static str refusal(struct call *c, const struct s3_listener *d) {
    const char *noun = s3_listener_is_queue(d) ? "queue" : "topic";
    struct resource there;
    c->error_message = (str){0};
    c->error_members = NULL;
    if (registry_get(c, d->arn, &there))
        return arena_format(c->arena, "Permissions on the destination %s do not allow S3 to publish notifications from this bucket", noun);
    return arena_format(c->arena, "The destination %s does not exist", noun);
}

/* Every destination is sent a test event; those that fail are all named. */
static err destinations_try(struct call *c, const struct bucket_row *bucket, const struct s3_listeners *all) {
    u32 failed = 0;
    for (u32 i = 0; i < all->n; i++) {
        const struct s3_listener *d = &all->v[i];
        bool fifo = str_ends(d->arn, S(".fifo"));
        err e = fifo ? NULL : s3_notify_test(c, bucket, d);
        if (!fifo && !e) continue;
        str why = fifo ? S("S3 does not send notifications to FIFO queues and topics") : refusal(c, d);
        if (++failed > 3) continue; /* an error has room for few */
        fail_detail(c, arena_format(c->arena, "ArgumentName%u", failed), arena_concat(c->arena, d->arn, S(", null")));
        fail_detail(c, arena_format(c->arena, "ArgumentValue%u", failed), why);
    }
    return failed ? fail(c, &s3_invalid_argument, "Unable to validate the following destination configurations") : NULL;
}

/* ---- the operations ---- */

static err destinations_read(struct call *c, const struct bucket_row *bucket, const struct s3_notification_configuration *in,
                             struct s3_listeners *out) {
    const struct s3_lambda_function_configuration_list *functions = &in->lambda_function_configurations;
    u32 queues = in->queue_configurations.n, topics = in->topic_configurations.n;
    if (queues + topics + functions->n > DESTINATIONS_MAX) return s3_fail_malformed(c);
    for (u32 i = 0; i < functions->n; i++) TRY(arn_check(c, bucket, "CloudFunction", "lambda", functions->v[i].lambda_function_arn));
    if (functions->n) return fail(c, &s3_not_implemented, "brume does not have AWS Lambda (yet): notifications go to queues, topics and EventBridge.");
    out->v = NEW_ARRAY(c->arena, struct s3_listener, queues + topics + 1);
    for (u32 i = 0; i < queues; i++) {
        const struct s3_queue_configuration *q = &in->queue_configurations.v[i];
        TRY(arn_check(c, bucket, "Queue", "sqs", q->queue_arn));
        out->v[out->n++] = (struct s3_listener){q->id, q->queue_arn, q->events, q->filter};
    }
    for (u32 i = 0; i < topics; i++) {
        const struct s3_topic_configuration *t = &in->topic_configurations.v[i];
        TRY(arn_check(c, bucket, "Topic", "sns", t->topic_arn));
        out->v[out->n++] = (struct s3_listener){t->id, t->topic_arn, t->events, t->filter};
    }
    out->set = out->n > 0;
    for (u32 i = 0; i < out->n; i++) {
        TRY(destination_check(c, &out->v[i]));
        for (u32 k = 0; k < i; k++) TRY(pair_check(c, &out->v[k], &out->v[i]));
    }
    return NULL;
}

err s3_put_bucket_notification_configuration(struct call *c, const struct s3_put_bucket_notification_configuration_request *in,
                                             struct wire_unit *out) {
    struct bucket_row bucket;
    struct s3_notification_row row = {0};
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!in->notification_configuration) return s3_fail_malformed(c);
    TRY(destinations_read(c, &bucket, in->notification_configuration, &row.destinations));
    row.event_bridge = in->notification_configuration->event_bridge_configuration != NULL;
    bool skip = in->skip_destination_validation.set && in->skip_destination_validation.v;
    if (!skip) TRY(destinations_try(c, &bucket, &row.destinations));
    if (row.destinations.n || row.event_bridge) s3_config_put(c, &bucket, S3_CONFIG_NOTIFICATION, &s3_notification_record, &row);
    else s3_config_delete(c, &bucket, S3_CONFIG_NOTIFICATION);
    return NULL;
}

err s3_get_bucket_notification_configuration(struct call *c, const struct s3_get_bucket_notification_configuration_request *in,
                                             struct s3_notification_configuration *out) {
    struct bucket_row bucket;
    struct s3_notification_row row;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!s3_config_get(c, &bucket, S3_CONFIG_NOTIFICATION, &s3_notification_record, &row)) return NULL;
    struct s3_queue_configuration_list *queues = &out->queue_configurations;
    struct s3_topic_configuration_list *topics = &out->topic_configurations;
    queues->v = NEW_ARRAY(c->arena, struct s3_queue_configuration, row.destinations.n + 1);
    topics->v = NEW_ARRAY(c->arena, struct s3_topic_configuration, row.destinations.n + 1);
    for (u32 i = 0; i < row.destinations.n; i++) {
        const struct s3_listener *d = &row.destinations.v[i];
        if (s3_listener_is_queue(d)) queues->v[queues->n++] = (struct s3_queue_configuration){d->id, d->arn, d->events, d->filter};
        else topics->v[topics->n++] = (struct s3_topic_configuration){d->id, d->arn, d->events, d->filter};
    }
    queues->set = queues->n > 0;
    topics->set = topics->n > 0;
    if (row.event_bridge) out->event_bridge_configuration = NEW(c->arena, struct s3_event_bridge_configuration);
    return NULL;
}
