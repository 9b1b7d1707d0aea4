/* Lifecycle rules: taken when they are valid, and what they say of a version. Days count from the version's
 * time and end at the next midnight (UTC); expiring wins over moving, and the cheaper class over the dearer. */
#include "services/s3/lifecycle.h"
#include "services/s3/storage.h"

enum { RULES_MAX = 1000, ID_MAX = 255, SMALL = 128 << 10, INFREQUENT_DAYS_MIN = 30, NEWER_MAX = 100 };

/* ---- validation ---- */

static err malformed(struct call *c) { return s3_fail_malformed(c); }

static err date_check(struct call *c, struct opt_time date) {
    if (!date.set || date.ms % S3_DAY_MS == 0) return NULL;
    struct buf text = buf_new(c->arena, 64);
    buf_iso8601(&text, date.ms);
    return s3_fail_argument(c, "Date", buf_str(&text), "'Date' must be at midnight GMT");
}

static err tags_check(struct call *c, const struct s3_tag *tags, u32 n) {
    for (u32 i = 0; i < n; i++) {
        if (!tags[i].key.n || !tags[i].value.p) return malformed(c);
        for (u32 k = 0; k < i; k++)
            if (str_eq(tags[i].key, tags[k].key)) return fail(c, &s3_invalid_request, "Duplicate Tag Keys are not allowed.");
    }
    return NULL;
}

static err filter_check(struct call *c, const struct s3_lifecycle_rule *rule) {
    const struct s3_lifecycle_rule_filter *f = rule->filter;
    if (!f) return rule->prefix.p ? NULL : malformed(c);
    if (rule->prefix.p) return malformed(c);
    int parts = (f->prefix.p != NULL) + (f->tag != NULL) + f->object_size_greater_than.set + f->object_size_less_than.set
                + (f->and != NULL);
    if (parts > 1) return malformed(c);
    if (f->tag) TRY(tags_check(c, f->tag, 1));
    if (!f->and) return NULL;
    const struct s3_lifecycle_rule_and_operator *and = f->and;
    if ((and->prefix.p != NULL) + and->tags.n + and->object_size_greater_than.set + and->object_size_less_than.set < 2) return malformed(c);
    if (and->object_size_greater_than.set && and->object_size_less_than.set
        && and->object_size_greater_than.v >= and->object_size_less_than.v)
        return fail(c, &s3_invalid_request, "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
    return tags_check(c, and->tags.v, and->tags.n);
}

static bool size_asked(const struct s3_lifecycle_rule *rule) {
    const struct s3_lifecycle_rule_filter *f = rule->filter;
    if (!f) return false;
    return f->object_size_greater_than.set || f->object_size_less_than.set
           || (f->and && (f->and->object_size_greater_than.set || f->and->object_size_less_than.set));
}

static bool tags_asked(const struct s3_lifecycle_rule *rule) {
    return rule->filter && (rule->filter->tag || (rule->filter->and && rule->filter->and->tags.n));
}

static err days_positive(struct call *c, const char *what, struct opt_i32 days) {
    if (!days.set || days.v > 0) return NULL;
    return fail(c, &s3_invalid_argument, "'%s' must be a positive integer", what);
}

static err expiration_check(struct call *c, const struct s3_lifecycle_rule *rule) {
    const struct s3_lifecycle_expiration *e = rule->expiration;
    if (!e) return NULL;
    if (e->days.set + e->date.set + e->expired_object_delete_marker.set != 1) return malformed(c);
    TRY(days_positive(c, "Days' for Expiration action", e->days));
    if (e->expired_object_delete_marker.set && tags_asked(rule))
        return fail(c, &s3_invalid_request, "ExpiredObjectDeleteMarker cannot be specified with tags.");
    return date_check(c, e->date);
}

static err class_check(struct call *c, str class) {
    const struct storage_class *known = s3_storage_class(class);
    return known && known->rank > 0 ? NULL : malformed(c);
}

static bool waits(str class) { return str_eq(class, S("STANDARD_IA")) || str_eq(class, S("ONEZONE_IA")); }

static str prefix_of(const struct s3_lifecycle_rule *rule) {
    const struct s3_lifecycle_rule_filter *f = rule->filter;
    str prefix = !f ? rule->prefix : f->and ? f->and->prefix : f->prefix;
    return prefix.p ? prefix : S("");
}

/* Two moves of one rule. */
static err pair_check(struct call *c, const struct s3_lifecycle_rule *rule, const struct s3_transition *x, const struct s3_transition *y) {
    bool archive = s3_storage_class(y->storage_class)->kind == STORAGE_ARCHIVE;
    if (str_eq(x->storage_class, y->storage_class))
        return fail(c, &s3_invalid_request, "StorageClass must be different for 'Transition' actions in same 'Rule' with filter '(prefix=%.*s)'",
                    STR_ARGS(prefix_of(rule)));
    if (!x->days.set || !y->days.set || !waits(x->storage_class) || !archive || y->days.v >= x->days.v + INFREQUENT_DAYS_MIN) return NULL;
    return fail(c, &s3_invalid_argument,
                "'Days' in the Transition action for StorageClass '%.*s' for filter '(prefix=%.*s)' must be %d days more than for StorageClass '%.*s'",
                STR_ARGS(y->storage_class), STR_ARGS(prefix_of(rule)), INFREQUENT_DAYS_MIN, STR_ARGS(x->storage_class));
}

static err newer_check(struct call *c, struct opt_i32 newer) {
    if (!newer.set || (newer.v > 0 && newer.v <= NEWER_MAX)) return NULL;
    return fail(c, &s3_invalid_argument, "'NewerNoncurrentVersions' must be an integer between 1 and %d", NEWER_MAX);
}

static err abort_check(struct call *c, const struct s3_lifecycle_rule *rule) {
    const struct s3_abort_incomplete_multipart_upload *a = rule->abort_incomplete_multipart_upload;
    if (!a) return NULL;
    if (!a->days_after_initiation.set) return malformed(c);
    TRY(days_positive(c, "DaysAfterInitiation' for AbortIncompleteMultipartUpload action", a->days_after_initiation));
    if (tags_asked(rule)) return fail(c, &s3_invalid_request, "AbortIncompleteMultipartUpload cannot be specified with Tags.");
    if (size_asked(rule)) return fail(c, &s3_invalid_request, "AbortIncompleteMultipartUpload cannot be specified with Object Size.");
    return NULL;
}

static err transitions_check(struct call *c, const struct s3_lifecycle_rule *rule) {
    for (u32 i = 0; i < rule->transitions.n; i++) {
        const struct s3_transition *t = &rule->transitions.v[i];
        TRY(class_check(c, t->storage_class));
        if (t->days.set == t->date.set) return malformed(c);
        TRY(date_check(c, t->date));
        if (t->days.set && t->days.v < 0)
            return fail(c, &s3_invalid_argument, "'Days' for Transition action must be nonnegative integer");
        if (t->days.set && t->days.v < INFREQUENT_DAYS_MIN && waits(t->storage_class))
            return fail(c, &s3_invalid_argument, "'Days' in Transition action must be greater than or equal to %d for storageClass '%.*s'",
                        INFREQUENT_DAYS_MIN, STR_ARGS(t->storage_class));
        if (rule->expiration && rule->expiration->days.set && t->days.set && t->days.v >= rule->expiration->days.v)
            return fail(c, &s3_invalid_argument,
                        "'Days' in the Expiration action for filter '(prefix=%.*s)' must be greater than 'Days' in the Transition action",
                        STR_ARGS(prefix_of(rule)));
        if (i && t->date.set != rule->transitions.v[0].date.set) return malformed(c);
        for (u32 k = 0; k < i; k++) {
            TRY(pair_check(c, rule, &rule->transitions.v[k], t));
            TRY(pair_check(c, rule, t, &rule->transitions.v[k]));
        }
    }
    for (u32 i = 0; i < rule->noncurrent_version_transitions.n; i++) {
        const struct s3_noncurrent_version_transition *t = &rule->noncurrent_version_transitions.v[i];
        TRY(class_check(c, t->storage_class));
        if (!t->noncurrent_days.set) return malformed(c);
        TRY(newer_check(c, t->newer_noncurrent_versions));
        if (t->noncurrent_days.v < INFREQUENT_DAYS_MIN && waits(t->storage_class))
            return fail(c, &s3_invalid_argument,
                        "'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to %d for storageClass '%.*s'",
                        INFREQUENT_DAYS_MIN, STR_ARGS(t->storage_class));
    }
    return NULL;
}

static err rule_check(struct call *c, const struct s3_lifecycle_rules *rules, u32 i) {
    const struct s3_lifecycle_rule *rule = &rules->v[i];
    if (!str_eq(rule->status, S("Enabled")) && !str_eq(rule->status, S("Disabled"))) return malformed(c);
    if (rule->id.n > ID_MAX) return fail(c, &s3_invalid_argument, "ID length should not exceed allowed limit of %d", ID_MAX);
    for (u32 k = 0; k < i; k++)
        if (str_eq(rule->id, rules->v[k].id)) return fail(c, &s3_invalid_argument, "Rule ID must be unique. Found same ID for more than one rule");
    bool acts = rule->expiration || rule->transitions.n || rule->noncurrent_version_transitions.n || rule->noncurrent_version_expiration
                || rule->abort_incomplete_multipart_upload;
    if (!acts)
        return fail(c, &s3_invalid_request, "At least one action needs to be specified in a rule");
    TRY(filter_check(c, rule));
    TRY(expiration_check(c, rule));
    TRY(transitions_check(c, rule));
    if (rule->noncurrent_version_expiration) {
        if (!rule->noncurrent_version_expiration->noncurrent_days.set) return malformed(c);
        TRY(days_positive(c, "NoncurrentDays' for NoncurrentVersionExpiration action", rule->noncurrent_version_expiration->noncurrent_days));
        TRY(newer_check(c, rule->noncurrent_version_expiration->newer_noncurrent_versions));
    }
    return abort_check(c, rule);
}

/* ---- the operations ---- */

#define ALL_128K S("all_storage_classes_128K")
#define BY_CLASS S("varies_by_storage_class")

err s3_put_bucket_lifecycle_configuration(struct call *c, const struct s3_put_bucket_lifecycle_configuration_request *in,
                                          struct s3_put_bucket_lifecycle_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!in->lifecycle_configuration || !in->lifecycle_configuration->rules.n || in->lifecycle_configuration->rules.n > RULES_MAX)
        return malformed(c);
    str minimum = in->transition_default_minimum_object_size;
    if (!minimum.p) minimum = ALL_128K;
    if (!str_eq(minimum, ALL_128K) && !str_eq(minimum, BY_CLASS))
        return fail(c, &s3_invalid_request, "Invalid TransitionDefaultMinimumObjectSize found: %.*s", STR_ARGS(minimum));
    struct s3_lifecycle_row row = {.rules = in->lifecycle_configuration->rules, .minimum_object_size = minimum};
    for (u32 i = 0; i < row.rules.n; i++) {
        if (!row.rules.v[i].id.n) row.rules.v[i].id = id_uuid(c->arena);
        TRY(rule_check(c, &row.rules, i));
    }
    s3_config_put(c, &bucket, S3_CONFIG_LIFECYCLE, &s3_lifecycle_record, &row);
    out->transition_default_minimum_object_size = minimum;
    return NULL;
}

err s3_get_bucket_lifecycle_configuration(struct call *c, const struct s3_get_bucket_lifecycle_configuration_request *in,
                                          struct s3_get_bucket_lifecycle_configuration_output *out) {
    struct bucket_row bucket;
    struct s3_lifecycle_row row;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!s3_config_get(c, &bucket, S3_CONFIG_LIFECYCLE, &s3_lifecycle_record, &row)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_no_such_lifecycle_configuration, "The lifecycle configuration does not exist");
    }
    out->rules = row.rules;
    out->transition_default_minimum_object_size = row.minimum_object_size;
    return NULL;
}

err s3_delete_bucket_lifecycle(struct call *c, const struct s3_delete_bucket_lifecycle_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    s3_config_delete(c, &bucket, S3_CONFIG_LIFECYCLE);
    return NULL;
}

/* ---- judging ---- */

static bool sizes_match(struct opt_i64 greater, struct opt_i64 less, const struct object_row *object) {
    return (!greater.set || (i64)object->size > greater.v) && (!less.set || (i64)object->size < less.v);
}

static bool speaks_of(const struct s3_lifecycle_rule *rule, str key, const struct object_row *object) {
    const struct s3_lifecycle_rule_filter *f = rule->filter;
    if (!str_eq(rule->status, S("Enabled"))) return false;
    if (!f) return str_starts(key, rule->prefix);
    struct s3_filter filter = S3_FILTER_OF(f);
    if (!object) return !filter.tag_count && str_starts(key, filter.prefix); /* an upload has no tags and no size yet */
    if (!s3_filter_means(filter, key, object)) return false;
    if (f->and) return sizes_match(f->and->object_size_greater_than, f->and->object_size_less_than, object);
    return sizes_match(f->object_size_greater_than, f->object_size_less_than, object);
}

static bool due(i64 from_ms, i32 days, i64 now_ms) { return s3_midnight(from_ms + days * (i64)S3_DAY_MS) <= now_ms; }

static void move(struct lifecycle_verdict *v, const struct s3_lifecycle_row *rules, const struct s3_lifecycle_rule *rule,
                 const struct object_row *object, str class) {
    const struct storage_class *from = s3_storage_of(object), *to = s3_storage_class(class);
    bool small = object->size < SMALL && !size_asked(rule)
                 && (str_eq(rules->minimum_object_size, ALL_128K) || to->kind != STORAGE_ARCHIVE);
    if (small || v->act == LIFECYCLE_EXPIRE || !from || to->rank <= from->rank) return;
    if (v->act == LIFECYCLE_TRANSITION && s3_storage_class(v->class)->rank >= to->rank) return;
    *v = (struct lifecycle_verdict){LIFECYCLE_TRANSITION, class};
}

static bool expires(const struct s3_lifecycle_expiration *e, const struct lifecycle_subject *s, i64 now_ms) {
    if (!e) return false;
    if (s->object->delete_marker)
        return s->alone && (e->expired_object_delete_marker.set ? e->expired_object_delete_marker.v
                                                                : e->days.set && due(s->object->modified_ms, e->days.v, now_ms));
    return (e->days.set && due(s->object->modified_ms, e->days.v, now_ms)) || (e->date.set && e->date.ms <= now_ms);
}

static void judge_current(struct lifecycle_verdict *v, const struct s3_lifecycle_row *rules, const struct s3_lifecycle_rule *rule,
                          const struct lifecycle_subject *s, i64 now_ms) {
    if (expires(rule->expiration, s, now_ms)) *v = (struct lifecycle_verdict){LIFECYCLE_EXPIRE, {0}};
    if (s->object->delete_marker) return;
    for (u32 i = 0; i < rule->transitions.n; i++) {
        const struct s3_transition *t = &rule->transitions.v[i];
        if (t->date.set ? t->date.ms <= now_ms : due(s->object->modified_ms, t->days.v, now_ms))
            move(v, rules, rule, s->object, t->storage_class);
    }
}

static void judge_noncurrent(struct lifecycle_verdict *v, const struct s3_lifecycle_row *rules, const struct s3_lifecycle_rule *rule,
                             const struct lifecycle_subject *s, i64 now_ms) {
    const struct s3_noncurrent_version_expiration *e = rule->noncurrent_version_expiration;
    if (e && due(s->since_ms, e->noncurrent_days.v, now_ms) && (i64)s->newer_noncurrent >= e->newer_noncurrent_versions.v)
        *v = (struct lifecycle_verdict){LIFECYCLE_EXPIRE, {0}};
    if (s->object->delete_marker) return;
    for (u32 i = 0; i < rule->noncurrent_version_transitions.n; i++) {
        const struct s3_noncurrent_version_transition *t = &rule->noncurrent_version_transitions.v[i];
        if (due(s->since_ms, t->noncurrent_days.v, now_ms) && (i64)s->newer_noncurrent >= t->newer_noncurrent_versions.v)
            move(v, rules, rule, s->object, t->storage_class);
    }
}

struct lifecycle_verdict s3_lifecycle_judge(const struct s3_lifecycle_row *rules, const struct lifecycle_subject *s, i64 now_ms) {
    struct lifecycle_verdict v = {0};
    for (u32 i = 0; i < rules->rules.n; i++) {
        const struct s3_lifecycle_rule *rule = &rules->rules.v[i];
        if (!speaks_of(rule, s->key, s->object)) continue;
        if (s->object->order) judge_noncurrent(&v, rules, rule, s, now_ms);
        else judge_current(&v, rules, rule, s, now_ms);
    }
    return v;
}

i32 s3_lifecycle_abort_days(const struct s3_lifecycle_row *rules, str key) {
    i32 days = 0;
    for (u32 i = 0; i < rules->rules.n; i++) {
        const struct s3_lifecycle_rule *rule = &rules->rules.v[i];
        if (!rule->abort_incomplete_multipart_upload || !speaks_of(rule, key, NULL)) continue;
        i32 given = rule->abort_incomplete_multipart_upload->days_after_initiation.v;
        if (!days || given < days) days = given;
    }
    return days;
}

str s3_lifecycle_expiration(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    struct s3_lifecycle_row rules;
    const struct s3_lifecycle_rule *soonest = NULL;
    i64 at = 0;
    if (object->order || !s3_config_get(c, bucket, S3_CONFIG_LIFECYCLE, &s3_lifecycle_record, &rules)) return (str){0};
    for (u32 i = 0; i < rules.rules.n; i++) {
        const struct s3_lifecycle_rule *rule = &rules.rules.v[i];
        const struct s3_lifecycle_expiration *e = rule->expiration;
        if (!e || (!e->days.set && !e->date.set) || !speaks_of(rule, key, object)) continue;
        i64 when = e->date.set ? e->date.ms : s3_midnight(object->modified_ms + e->days.v * (i64)S3_DAY_MS);
        if (soonest && when >= at) continue;
        soonest = rule;
        at = when;
    }
    if (!soonest) return (str){0};
    struct buf date = buf_new(c->arena, 64);
    buf_http_date(&date, at);
    return arena_format(c->arena, "expiry-date=\"%.*s\", rule-id=\"%.*s\"", STR_ARGS(buf_str(&date)),
                        STR_ARGS(percent_encode(c->arena, soonest->id, false)));
}
