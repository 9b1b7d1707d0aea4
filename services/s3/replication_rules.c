/* Which versions replication rules mean, and the task that will carry a version. */
#include "services/s3/replication.h"
#include "services/s3/storage.h"
#include "services/s3/versions.h"

static const struct record_field at_fields[] = {RECORD_STR(1, struct replication_at, bucket), RECORD_STR(2, struct replication_at, rule)};
static const struct record_type at_record = RECORD_TYPE(struct replication_at, at_fields);
static const struct record_field job_fields[] = {
    RECORD_STR(1, struct replication_job, account), RECORD_STR(2, struct replication_job, bucket),
    RECORD_U64(3, struct replication_job, bucket_id), RECORD_STR(4, struct replication_job, key),
    RECORD_U64(5, struct replication_job, sequence),
    RECORD_BOOL(10, struct replication_job, attributes), RECORD_I64(11, struct replication_job, since_ms),
    RECORD_I32(12, struct replication_job, tries), RECORD_BOOL(13, struct replication_job, failed),
    RECORD_BOOL(14, struct replication_job, late), RECORD_LIST(15, struct replication_job, done, at_record),
    RECORD_STR(16, struct replication_job, upload_id), RECORD_U64(17, struct replication_job, parts_after),
    RECORD_LIST(18, struct replication_job, tracked, at_record),
};
const struct record_type s3_replication_job_record = RECORD_TYPE(struct replication_job, job_fields);

/* ---- which ---- */

static bool carries_keys(const struct s3_replication_rule *rule) {
    const struct s3_source_selection_criteria *s = rule->source_selection_criteria;
    return s && s->sse_kms_encrypted_objects && s3_enabled(s->sse_kms_encrypted_objects->status);
}

static bool carries_back(const struct s3_replication_rule *rule) {
    const struct s3_source_selection_criteria *s = rule->source_selection_criteria;
    return s && s->replica_modifications && s3_enabled(s->replica_modifications->status);
}

/* A rule without a filter is of the first schema, which always carried markers. */
static bool carries_markers(const struct s3_replication_rule *rule) {
    return !rule->filter || (rule->delete_marker_replication && s3_enabled(rule->delete_marker_replication->status));
}

static bool means(const struct s3_replication_rule *rule, str key, const struct object_row *object) {
    const struct storage_class *class = s3_storage_of(object);
    if (!s3_enabled(rule->status)) return false;
    if (object->delete_marker && !carries_markers(rule)) return false;
    if (object->kms_key.p && !carries_keys(rule)) return false;
    if (object->replication == S3_REPLICATION_REPLICA && !carries_back(rule)) return false;
    if (!object->delete_marker && class && class->kind == STORAGE_ARCHIVE) return false;
    if (!rule->filter) return str_starts(key, rule->prefix);
    return s3_filter_means(S3_FILTER_OF(rule->filter), key, object);
}

u32 s3_replication_rules(const struct s3_replication_configuration *configuration, str key, const struct object_row *object,
                         const struct s3_replication_rule **found) {
    u32 n = 0;
    for (u32 i = 0; i < configuration->rules.n; i++) {
        const struct s3_replication_rule *rule = &configuration->rules.v[i];
        if (!means(rule, key, object)) continue;
        u32 k = 0;
        while (k < n && !str_eq(found[k]->destination->bucket, rule->destination->bucket)) k++;
        if (k == n) found[n++] = rule;
        else if (rule->priority.v > found[k]->priority.v) found[k] = rule;
    }
    return n;
}

/* ---- the task ---- */

static str task_key(struct arena *a, u64 bucket_id, u64 sequence) {
    return arena_format(a, "%llx.%llx", (unsigned long long)bucket_id, (unsigned long long)sequence);
}

void s3_replication_schedule(struct call *c, const struct replication_job *job, i64 due_ms) {
    struct task task = {.kind = S("s3.replicate"), .key = task_key(c->arena, job->bucket_id, job->sequence),
                        .payload = record_encode(c->arena, &s3_replication_job_record, job), .due_ms = due_ms};
    txn_task_set(c->txn, &task);
}

/* A task that waits already looks at the row when it runs; it only has to see all destinations again. */
static void queue(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, bool attributes) {
    struct task task;
    struct replication_job job = {.account = bucket->account, .bucket = bucket->name, .bucket_id = bucket->id, .key = key,
                                  .sequence = object->sequence, .attributes = attributes, .since_ms = c->now_ms, .upload_id = object->upload_id};
    bool waits = txn_task_get(c->txn, S("s3.replicate"), task_key(c->arena, bucket->id, object->sequence), &task);
    if (waits) {
        struct replication_job old = {0};
        ASSERT(record_decode(c->arena, &s3_replication_job_record, task.payload, &old));
        job.attributes &= old.attributes;
        job.since_ms = old.since_ms;
        job.late = old.late;
        job.tracked = old.tracked;
    }
    s3_replication_schedule(c, &job, 0);
}

bool s3_replication_begin(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object, enum replication_of of) {
    struct s3_replication_configuration configuration;
    if (of == REPLICATE_ATTRIBUTES && !object->replication) return false; /* it never went out */
    if (!s3_config_get(c, bucket, S3_CONFIG_REPLICATION, &s3_replication_record, &configuration)) return false;
    const struct s3_replication_rule **found = NEW_ARRAY(c->arena, const struct s3_replication_rule *, configuration.rules.n);
    if (!s3_replication_rules(&configuration, key, object, found)) return false;
    if (object->replication != S3_REPLICATION_REPLICA) {
        object->replication = S3_REPLICATION_PENDING;
        s3_version_update(c, bucket, key, object);
    }
    queue(c, bucket, key, object, of == REPLICATE_ATTRIBUTES);
    return true;
}

str s3_replication_shown(const struct object_row *object) {
    static const char *const names[] = {NULL, "PENDING", "COMPLETED", "FAILED", "REPLICA"};
    return object->replication ? str_of(names[object->replication]) : (str){0};
}
