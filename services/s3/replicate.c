/* Carrying one version to the buckets that want it: as S3 itself, in the role that the configuration names. What the
 * destination must allow, and the reasons of failures, are the S3 user guide's. Bytes are shared, as copies share them. */
#include "services/s3/acl.h"
#include "services/s3/encryption.h"
#include "services/s3/lock.h"
#include "services/s3/notify.h"
#include "services/s3/replication.h"
#include "services/s3/versions.h"

#include "text/json.h"

enum { PARTS_SLICE = 500, RETRY_MS = 1000, RETRY_MAX_MS = 60000, THRESHOLD_MS = 15 * 60000 };

struct replication {
    struct call *c;  /* S3 */
    struct call *as; /* in the role */
    struct bucket_row source;
    str key;
    struct object_row object;
    struct replication_job job;
    bool more, later; /* the destination takes another run: at once, or when it can be reached */
};

/* ---- rights ---- */

static bool may_take(struct replication *r, const char *action) {
    return s3_may_read(r->as, &r->source, &r->object, str_of(action), s3_object_arn(r->c, r->source.name, r->key));
}

static bool may_give(struct replication *r, const struct bucket_row *to, const char *action) {
    return s3_may(r->as, to, str_of(action), s3_object_arn(r->c, to->name, r->key));
}

/* NULL, or the reason why not. */
static const char *take_check(struct replication *r) {
    const struct object_row *o = &r->object;
    if (o->delete_marker) return NULL;
    if (!may_take(r, "s3:GetObjectVersionForReplication")) return "SrcGetObjectNotPermitted";
    if (!may_take(r, "s3:GetObjectVersionAcl")) return "SrcGetAclNotPermitted";
    if (o->tags.n && !may_take(r, "s3:GetObjectVersionTagging")) return "SrcGetTaggingNotPermitted";
    if (o->lock_mode.p && !may_take(r, "s3:GetObjectRetention")) return "SrcGetRetentionNotPermitted";
    if (o->hold_known && !may_take(r, "s3:GetObjectLegalHold")) return "SrcGetLegalHoldNotPermitted";
    return NULL;
}

static bool owner_changes(const struct s3_destination *d) { return d->access_control_translation != NULL; }

static const char *give_check(struct replication *r, const struct s3_destination *d, const struct bucket_row *to) {
    if (r->object.delete_marker) return may_give(r, to, "s3:ReplicateDelete") ? NULL : "DstDelObjNotPermitted";
    if (!may_give(r, to, "s3:ReplicateObject")) return "DstPutObjectNotPermitted";
    if (r->object.tags.n && !may_give(r, to, "s3:ReplicateTags")) return "DstPutTaggingNotPermitted";
    if (owner_changes(d) && !may_give(r, to, "s3:ObjectOwnerOverrideToBucketOwner")) return "DstPutObjectNotPermitted";
    return NULL;
}

/* ---- the copy ---- */

/* Tags, rights and lock: what may change while the bytes stay. */
static void attributes(struct replication *r, const struct s3_destination *d, const struct bucket_row *to, struct object_row *copy) {
    const struct object_row *o = &r->object;
    str owner = o->owner.p ? o->owner : r->source.account;
    bool theirs = owner_changes(d) || s3_acls_off(to) || str_eq(owner, to->account);
    copy->tags = o->tags;
    copy->owner = theirs ? (str){0} : owner;
    copy->grants = owner_changes(d) || s3_acls_off(to) ? (struct s3_grants){0} : o->grants;
    if (o->lock_mode.p) {
        copy->lock_mode = o->lock_mode;
        copy->lock_until_ms = o->lock_until_ms;
    }
    copy->legal_hold = o->legal_hold;
    copy->hold_known = o->hold_known;
}

/* Why KMS does not lend its key: the one of the source, or the one of the destination. */
static const char *key_reason(err e, bool source) {
    if (e == &s3_kms_disabled_exception || e == &s3_kms_kms_invalid_state_exception) return source ? "SrcKmsKeyInvalidState" : "DstKmsKeyInvalidState";
    if (e == &s3_kms_not_found_exception) return source ? "SrcKmsKeyInvalidState" : "DstKmsKeyNotFound";
    return source ? "SrcGetObjectNotPermitted" : "DstPutObjectNotPermitted";
}

/* The copy is under the destination's KMS key: its data key is opened and sealed again. */
static const char *change_key(struct replication *r, const struct s3_destination *d, const struct bucket_row *to, struct object_row *copy) {
    str data_key;
    if (!copy->kms_key.p) return NULL;
    err e = s3_encryption_open(r->as, r->source.name, r->key, &r->object, &data_key);
    if (e) return key_reason(e, true);
    e = s3_encryption_seal(r->as, to, r->key, d->encryption_configuration->replica_kms_key_id, data_key, copy);
    return e ? key_reason(e, false) : NULL;
}

/* The table of an object's parts goes before it, in slices; true: all of it is there. */
static bool parts_carried(struct replication *r, const struct bucket_row *to) {
    if (!r->object.part_count) return true;
    struct part_walk walk = s3_parts_walk(r->c, &r->source, r->object.upload_id, (u32)r->job.parts_after);
    struct part_row part;
    u32 number;
    for (int n = 0; s3_parts_next(&walk, &number, &part); n++) {
        if (n == PARTS_SLICE) return false;
        part.blob = (str){0};
        txn_put(r->c->txn, s3_part_key(r->c, to, r->object.upload_id, number), record_encode(r->c->arena, &s3_part_record, &part));
        r->job.parts_after = number;
    }
    return true;
}

static const char *make(struct replication *r, const struct s3_replication_rule *rule, const struct bucket_row *to) {
    const struct s3_destination *d = rule->destination;
    struct object_row copy = r->object;
    if (r->job.attributes) return "DstVersionNotFound";
    copy.replication = S3_REPLICATION_REPLICA;
    copy.accessed_ms = copy.restore_ready_ms = copy.restore_until_ms = 0;
    copy.told_tier = 0;
    if (copy.delete_marker) {
        s3_version_place_replica(r->c, to, r->key, &copy);
        s3_event_deleted(r->as, to, r->key, &copy, true, S("DeleteObject"));
        return NULL;
    }
    struct object_headers none = {0};
    if (s3_lock_of_new(r->as, to, &none, &copy)) return "DstPutRetentionNotPermitted"; /* the bucket's default */
    attributes(r, d, to, &copy);
    if (d->storage_class.p) copy.storage_class = d->storage_class;
    copy.stored_ms = r->c->now_ms;
    const char *reason = change_key(r, d, to, &copy);
    if (reason) return reason;
    if ((r->more = !parts_carried(r, to))) return NULL;
    if (copy.blob.p) copy.blob = txn_blob_share(r->c->txn, copy.blob);
    s3_version_place_replica(r->c, to, r->key, &copy);
    s3_event_created(r->as, to, r->key, &copy, S("PutObject"));
    s3_usage_tier1(r->c);
    if (!str_eq(to->region, r->source.region)) count_usage(r->c, S("AWS-Out-Bytes"), (double)copy.size);
    return NULL;
}

static const char *change(struct replication *r, const struct s3_replication_rule *rule, const struct bucket_row *to, struct object_row *copy) {
    if (copy->delete_marker) return NULL;
    attributes(r, rule->destination, to, copy);
    s3_version_update(r->c, to, r->key, copy);
    txn_raise_epoch(r->c->txn);
    return NULL;
}

/* ---- one destination ---- */

static bool bucket_of(struct replication *r, const struct s3_destination *d, struct bucket_row *to) {
    struct arn arn;
    ASSERT(arn_parse(d->bucket, &arn)); /* as the configuration was taken */
    return d->account.p ? s3_bucket_own(r->c, d->account, arn.resource, to) : s3_bucket_find(r->c, arn.resource, to);
}

/* As the role; what it could not do is taken back. */
static const char *carry(struct replication *r, str role, const struct s3_replication_rule *rule) {
    struct bucket_row to;
    struct object_row copy;
    if (!bucket_of(r, rule->destination, &to)) return "DstBucketNotFound";
    if (!region_linked(r->c->txn, r->c->arena, r->source.region, to.region)) return r->later = true, NULL;
    if (to.versioning != S3_VERSIONING_ENABLED) return "DstBucketUnversioned";
    if (r->source.object_lock && !to.object_lock) return "DstBucketObjectLockConfigMissing";
    struct call as = *r->c;
    as.outer = r->c;
    as.source_arn = s3_bucket_arn(r->c, r->source.name);
    r->as = &as;
    if (call_take_role(&as, role)) return "AssumeRoleNotPermitted";
    const char *reason = take_check(r);
    if (!reason) reason = give_check(r, rule->destination, &to);
    if (reason) return reason;
    bool there = s3_version_of_sequence(r->c, &to, r->key, r->object.sequence, &copy);
    return there ? change(r, rule, &to, &copy) : make(r, rule, &to);
}

/* ---- who is told ---- */

static bool measured(const struct s3_replication_rule *rule) {
    const struct s3_metrics *m = rule->destination->metrics;
    return m && s3_enabled(m->status);
}

static bool timed(const struct s3_replication_rule *rule) {
    const struct s3_replication_time *t = rule->destination->replication_time;
    return t && s3_enabled(t->status);
}

static struct replication_at at_of(const struct s3_replication_rule *rule) {
    return (struct replication_at){rule->destination->bucket, rule->id};
}

/* member: what this event has besides; NULL: nothing. */
static void tell(struct replication *r, struct replication_at at, const char *event, const char *member, str value) {
    struct buf b = buf_new(r->c->arena, 4096);
    buf_add(&b, S(",\"replicationEventData\":{\"replicationRuleId\":"));
    json_write_string(&b, at.rule);
    buf_add(&b, S(",\"destinationBucket\":"));
    json_write_string(&b, at.bucket);
    buf_add(&b, S(",\"s3Operation\":\"OBJECT_PUT\",\"requestTime\":\""));
    buf_iso8601_ms(&b, r->job.since_ms);
    buf_char(&b, '"');
    if (member) {
        buf_format(&b, ",\"%s\":", member);
        json_write_string(&b, value);
    }
    buf_char(&b, '}');
    s3_event_replication(r->c, &r->source, r->key, &r->object, event, buf_str(&b));
}

/* In CloudWatch, where the rule is measured. */
static void measure(struct replication *r, const struct s3_replication_rule *rule, const char *metric, double value, const char *unit) {
    struct arn to;
    if (!measured(rule) || !arn_parse(rule->destination->bucket, &to)) return;
    str of = arena_format(r->c->arena, "%.*s,%.*s,%.*s", STR_ARGS(r->source.name), STR_ARGS(to.resource), STR_ARGS(rule->id));
    count_metric(r->c, str_of(metric), S("SourceBucket,DestinationBucket,RuleId"), of, value, str_of(unit));
}

static void add(struct replication *r, struct replication_list *list, struct replication_at at) {
    struct replication_at *all = NEW_ARRAY(r->c->arena, struct replication_at, list->n + 1);
    if (list->n) memcpy(all, list->v, list->n * sizeof *all);
    all[list->n++] = at;
    list->v = all;
}

static void settle(struct replication *r, const struct s3_replication_rule *rule, const char *reason) {
    add(r, &r->job.done, at_of(rule));
    r->job.parts_after = 0;
    r->job.failed |= reason != NULL;
    measure(r, rule, "OperationsFailedReplication", reason != NULL, "Count");
    if (!reason) measure(r, rule, "ReplicationLatency", (double)(r->c->now_ms - r->job.since_ms) / 1000, "Seconds");
    str seconds = arena_format(r->c->arena, "%lld", (long long)((r->c->now_ms - r->job.since_ms) / 1000));
    if (reason && measured(rule)) tell(r, at_of(rule), "Replication:OperationFailedReplication", "failureReason", str_of(reason));
    else if (r->job.late && timed(rule)) tell(r, at_of(rule), "Replication:OperationReplicatedAfterThreshold", "replicationTime", seconds);
}

/* ---- the run ---- */

static bool settled(const struct replication *r, const struct s3_replication_rule *rule) {
    for (u32 i = 0; i < r->job.done.n; i++)
        if (str_eq(r->job.done.v[i].bucket, rule->destination->bucket)) return true;
    return false;
}

/* A rule under which the version waited went, or its metrics did: nobody hears of that copy any more. */
static void untracked(struct replication *r, const struct s3_replication_rule *const *rules, u32 n) {
    for (u32 i = 0; i < r->job.tracked.n; i++) {
        u32 k = 0;
        while (k < n && !(str_eq(rules[k]->id, r->job.tracked.v[i].rule) && measured(rules[k]))) k++;
        if (k == n) tell(r, r->job.tracked.v[i], "Replication:OperationNotTracked", NULL, (str){0});
    }
    r->job.tracked = (struct replication_list){0};
}

static void again(struct replication *r, const struct s3_replication_rule *const *rules, u32 n) {
    i64 now = r->c->now_ms, threshold = r->job.since_ms + THRESHOLD_MS;
    i64 wait = MIN((i64)RETRY_MS << MIN(r->job.tries, 10), RETRY_MAX_MS);
    bool late = now >= threshold;
    for (u32 i = 0; i < n && late && !r->job.late; i++)
        if (timed(rules[i]) && !settled(r, rules[i])) tell(r, at_of(rules[i]), "Replication:OperationMissedThreshold", "threshold", S("15"));
    for (u32 i = 0; i < n; i++) {
        if (settled(r, rules[i])) continue;
        measure(r, rules[i], "OperationsPendingReplication", 1, "Count");
        measure(r, rules[i], "BytesPendingReplication", (double)r->object.size, "Bytes");
        if (measured(rules[i])) add(r, &r->job.tracked, at_of(rules[i]));
    }
    r->job.late |= late;
    r->job.tries++;
    s3_replication_schedule(r->c, &r->job, late ? now + wait : MIN(now + wait, threshold));
}

static void carry_all(struct replication *r, const struct s3_replication_configuration *configuration) {
    const struct s3_replication_rule **rules = NEW_ARRAY(r->c->arena, const struct s3_replication_rule *, configuration->rules.n);
    u32 n = s3_replication_rules(configuration, r->key, &r->object, rules);
    bool later = false;
    untracked(r, rules, n);
    for (u32 i = 0; i < n && !r->more; i++) {
        if (settled(r, rules[i])) continue;
        size_t mark = txn_mark(r->c->txn);
        r->later = false;
        const char *reason = carry(r, configuration->role, rules[i]);
        if (reason) txn_undo(r->c->txn, mark);
        if (!r->more && !r->later) settle(r, rules[i], reason);
        later |= r->later;
    }
    if (r->more) s3_replication_schedule(r->c, &r->job, 0);
    else if (later) again(r, rules, n);
    if (r->more || later || r->object.replication == S3_REPLICATION_REPLICA) return;
    r->object.replication = r->job.failed || !n ? S3_REPLICATION_FAILED : S3_REPLICATION_COMPLETED;
    s3_version_update(r->c, &r->source, r->key, &r->object);
}

/* The version went while its part rows were on their way: they go too. */
static void abandon(struct replication *r) {
    struct s3_replication_configuration configuration;
    struct bucket_row to;
    if (!r->job.parts_after || !r->source.id || !s3_config_get(r->c, &r->source, S3_CONFIG_REPLICATION, &s3_replication_record, &configuration)) return;
    for (u32 i = 0; i < configuration.rules.n; i++)
        if (!settled(r, &configuration.rules.v[i]) && bucket_of(r, configuration.rules.v[i].destination, &to))
            s3_parts_sweep(r->c, &to, r->job.upload_id, false);
}

err s3_replicate_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct replication *r = NEW(txn_arena(t), struct replication);
    struct s3_replication_configuration configuration = {0};
    struct version_at at;
    ASSERT(record_decode(txn_arena(t), &s3_replication_job_record, task->payload, &r->job));
    bool there = s3_version_of_task(t, task, now_ms, &r->c, &r->source, &at, &r->object);
    r->key = at.key;
    if (!there) return abandon(r), NULL;
    (void)s3_config_get(r->c, &r->source, S3_CONFIG_REPLICATION, &s3_replication_record, &configuration); /* none: no rules */
    carry_all(r, &configuration);
    return NULL;
}
