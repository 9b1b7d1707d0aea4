/* S3 Batch Operations: one operation on every object that a manifest names, in the rights of a role that trusts
 * batchoperations.s3.amazonaws.com. A job is a row; a task carries it on in slices: a worker reads the manifest, the
 * writer does what stands there and keeps what became of it, in one commit. */
#ifndef S3_BATCH_H
#define S3_BATCH_H

#include "services/s3/s3.h"

#include "gen/s3control.h"

/* Numbers are in rows. */
enum batch_status {
    BATCH_NEW, BATCH_PREPARING, BATCH_SUSPENDED, BATCH_READY, BATCH_ACTIVE, BATCH_COMPLETING, BATCH_COMPLETE, BATCH_CANCELLING,
    BATCH_CANCELLED, BATCH_FAILING, BATCH_FAILED,
    BATCH_PAUSED, /* jobs of higher priority are on their way */
};

struct batch_file { /* of the completion report */
    str key, md5;
    bool failed;
};
struct batch_wait { /* for what replication makes of a version */
    str key, version_id;
    u64 sequence;
};
struct batch_job {
    str account, region; /* of its key, not in the row */
    str id, description, role, reason;
    i32 status; /* enum batch_status */
    i32 priority;
    bool confirmation;
    i64 created_ms, ended_ms, suspended_ms;
    i64 active_ms, active_since_ms; /* how long it was active before; since when it is */
    str failure_code, failure_reason;
    struct s3control_job_manifest *manifest;
    struct s3control_job_operation *operation;
    struct s3control_job_report *report;
    str bucket;    /* in which all objects are, as the manifest's first line says */
    u64 offset;    /* in the manifest: what was read of it in this state */
    u64 total, succeeded, failed;
    u64 results;   /* rows of results that were written */
    struct {
        struct batch_file *v;
        u32 n;
        bool set;
    } files;
    struct {
        struct batch_wait *v;
        u32 n;
        bool set;
    } waits;
    bool drained; /* all of the manifest was read: only waits are left */
    /* batch_source.c: of a manifest that becomes pages */
    struct s3control_s3_job_manifest_generator *generator;
    str schema, sources_in; /* of an inventory: its columns, the bucket of its files */
    struct {
        struct batch_file *v;
        u32 n;
        bool set;
    } sources;
    u64 source_at; /* which of them is next */
    str after;     /* of a generator: the row key where it goes on */
    u64 pages;
    str saved_arn, saved_etag; /* the manifest that was made */
};
static inline bool batch_runs(const struct batch_job *job) {
    return job->status == BATCH_READY || job->status == BATCH_ACTIVE || job->status == BATCH_PAUSED;
}

/* batch_records.c */
str batch_encode(struct call *c, const struct batch_job *job);
bool batch_get(struct call *c, str account, str region, str id, struct batch_job *job);
void batch_put(struct call *c, const struct batch_job *job);
/* Is a job of higher priority on its way, in its account and region? */
bool batch_outranked(struct call *c, const struct batch_job *job);
/* Newest first: prefix, creation backwards, id. */
str batch_order_prefix(struct call *c);
str batch_order_key(struct call *c, const struct batch_job *job);
void batch_page_put(struct call *c, const struct batch_job *job, u64 number, str lines);
bool batch_page_get(struct call *c, const struct batch_job *job, u64 number, str *lines);
void batch_pages_delete(struct call *c, const struct batch_job *job, u64 before); /* those of lower numbers */
/* What became of a slice's objects, as lines of the report; failed ones and others apart. */
str batch_results_prefix(struct call *c, const struct batch_job *job, bool failed);
void batch_results_add(struct call *c, struct batch_job *job, bool failed, str lines);

/* batch_manifest.c */
struct batch_item {
    str bucket, key, version_id;
    u64 sequence;        /* of the version whose replication was begun */
    str note;            /* of what is prepared: what its prepare function left, */
    struct stream *body; /* the bytes that it needs, */
    u64 bytes;           /* how many were read for it, */
    err refused;         /* and whether it was let */
    str message;
    str said; /* in the report, where it is done; absent: "Successful" */
};
enum { BATCH_COLUMNS_MAX = 64 };
/* A line of CSV: true and its columns; false: not well-formed. */
MUST_USE bool batch_line_read(struct arena *a, str line, str *columns, u32 *n);
/* A line as what the manifest's columns say. False: it does not fit them. */
MUST_USE bool batch_item_read(struct arena *a, const struct s3control_job_manifest_spec *spec, str line, struct batch_item *item);

/* The ETag that a job was given against the object's; either may stand in quotation marks. */
bool batch_etag_matches(str given, str have);

/* batch_role.c: S3 itself, in the role of the job. */
MUST_USE err batch_in_role(struct call *c, const struct batch_job *job, struct call *as); /* *as: a call of S3's that begins here */
MUST_USE err batch_call(struct call *c, const struct batch_job *job, u16 op, const struct batch_item *prepared, const void *in, void *out);

/* batch_source.c: manifests that become pages of lines ("bucket,key,version", the key percent-encoded) in rows of the job. */
bool batch_paged(const struct batch_job *job);
struct batch_source { /* a step of their making */
    str *pages;
    u32 page_count;
    struct buf open;
    u64 lines;
    bool end;
    str bucket, after;
    str schema, files_in;
    struct batch_file *files;
    u32 file_count;
    str list_key; /* the manifest for who wants to keep it */
    struct stream *list, *manifest;
    const char *failure;
    str why;
};
void batch_source_read(struct call *c, const struct batch_job *job, struct batch_source *s);
MUST_USE bool batch_source_stage(struct call *c, struct store *store, const struct batch_job *job, struct batch_source *s);
void batch_source_settle(struct call *c, struct batch_job *job, const struct batch_source *s);
MUST_USE err batch_source_save(struct call *c, struct batch_job *job, const struct batch_source *s);

/* batch_checksum.c */
MUST_USE err batch_checksum_check(struct call *c, const struct s3control_s3_compute_object_checksum_operation *o);
/* On a worker, in the role. */
MUST_USE err batch_checksum(struct call *as, struct store *store, const struct s3control_s3_compute_object_checksum_operation *o, struct batch_item *item);

/* batch_operation.c */
str batch_operation_name(const struct s3control_job_operation *operation); /* absent: one that is not done here */
MUST_USE err batch_operation_check(struct call *c, const struct s3control_job_operation *operation);
/* On a worker, before: what an operation needs of the bytes. */
void batch_operation_prepare(struct call *c, struct store *store, const struct batch_job *job, struct batch_item *item);
/* c->error_message is the reason. */
MUST_USE err batch_operation_do(struct call *c, const struct batch_job *job, struct batch_item *item);
/* What became of a replication that was begun. False: nothing yet. */
MUST_USE bool batch_replicated(struct call *c, const struct batch_job *job, const struct batch_wait *wait, err *outcome);

/* batch_run.c */
void batch_schedule(struct call *c, const struct batch_job *job, i64 due_ms);
err batch_make(struct arena *a, const struct task *task, str *result);
err batch_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);

/* batch_report.c */
struct batch_report {
    struct batch_file file;
    struct stream *body;      /* NULL: no more results */
    struct stream *manifest, *manifest_md5;
    str last; /* the row up to which results are in it */
};
MUST_USE bool batch_report_make(struct call *c, struct store *store, const struct batch_job *job, struct batch_report *report);
/* *done: the manifest is written too. */
MUST_USE err batch_report_put(struct call *c, struct batch_job *job, const struct batch_report *report, bool *done);
void batch_result_line(struct buf *b, struct call *c, const struct batch_item *item, err outcome, str message);

#endif
