/* Replication: versions of a bucket are copied into the buckets that its rules name, in the rights of a role. A change
 * and the task that will carry it are one commit; the task brings what the version is when it runs, so that it may run
 * late, again, or for several changes at once. */
#ifndef S3_REPLICATION_H
#define S3_REPLICATION_H

#include "services/s3/config.h"

/* ---- replication_rules.c ---- */
/* The enabled rules that mean the version: of those with one destination the one of the highest priority. `found` has
 * room for all rules. Replicas are meant by those that carry changes of replicas back. */
u32 s3_replication_rules(const struct s3_replication_configuration *configuration, str key, const struct object_row *object,
                         const struct s3_replication_rule **found);
static inline bool s3_enabled(str status) { return str_eq(status, S("Enabled")); }

enum replication_of {
    REPLICATE_VERSION,   /* a version that was made just now */
    REPLICATE_ATTRIBUTES, /* tags, rights or lock of one that was replicated before */
    REPLICATE_EXISTING,  /* one from before the rules, or one that failed: for S3 Batch Operations */
};
/* Marks the row, writes it, and sets the task; false: no rule means it. */
bool s3_replication_begin(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object, enum replication_of of);
/* x-amz-replication-status; absent where nothing is said. */
str s3_replication_shown(const struct object_row *object);

/* What is to be done for one version, between the runs of its task. */
struct replication_at {
    str bucket; /* ARN of the destination */
    str rule;   /* its id */
};
struct replication_list {
    struct replication_at *v;
    u32 n;
    bool set;
};
struct replication_job {
    /* as struct version_at, under its numbers */
    str account, bucket;
    u64 bucket_id;
    str key;
    u64 sequence;
    bool attributes; /* only what stands beside the bytes: a copy that is not there is not made */
    i64 since_ms;
    i32 tries;
    bool failed, late; /* a destination failed; it was told that the threshold passed */
    struct replication_list done;    /* destinations that are settled */
    struct replication_list tracked; /* those that are waited for under rules with metrics */
    str upload_id;   /* of a version made of parts: */
    u64 parts_after; /* how many of its part rows stand in the destination that is next */
};
extern const struct record_type s3_replication_job_record;
void s3_replication_schedule(struct call *c, const struct replication_job *job, i64 due_ms);

/* ---- replicate.c ---- */
err s3_replicate_run(struct txn *t, const struct task *task, i64 now_ms);

#endif
