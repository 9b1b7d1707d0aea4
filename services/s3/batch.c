/* S3 Control's operations on batch jobs. */
#include "services/s3/access_point.h"
#include "services/s3/batch.h"

enum { TAGS_MAX = 50 };
static const i64 token_ms = 86400000;

static const char *const names[] = {"New", "Preparing", "Suspended", "Ready", "Active", "Completing", "Complete", "Cancelling", "Cancelled", "Failing", "Failed", "Paused"};

static err invalid(struct call *c, const char *message) { return fail(c, &s3control_invalid_request, "%s", message); }

static str arn_of_job(struct call *c, str id) { return arn_of(c, S("s3"), arena_concat(c->arena, S("job/"), id)); }

static err job_open(struct call *c, str account, str id, struct batch_job *job) {
    TRY(s3_control_account_check(c, account));
    return batch_get(c, c->account, c->region, id, job) ? NULL : fail(c, &s3control_no_such_job, "The specified job does not exist.");
}

/* ---- tags ---- */

static err tags_put(struct call *c, str id, const struct s3control_s3_tag_set *tags) {
    static const struct tag_errors errors = {&s3control_too_many_tags_exception, &s3control_invalid_request};
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = true};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    if (tags->n > TAGS_MAX) return fail(c, &s3control_too_many_tags_exception, "The number of tags exceeds the limit of 50 tags");
    tags_clear(c, arn_of_job(c, id));
    return tags->n ? tags_set(c, arn_of_job(c, id), &pairs, &errors) : NULL;
}

err s3control_put_job_tagging(struct call *c, const struct s3control_put_job_tagging_request *in, struct s3control_put_job_tagging_result *out) {
    struct batch_job job;
    TRY(job_open(c, in->account_id, in->job_id, &job));
    return tags_put(c, in->job_id, &in->tags);
}

err s3control_get_job_tagging(struct call *c, const struct s3control_get_job_tagging_request *in, struct s3control_get_job_tagging_result *out) {
    struct batch_job job;
    TRY(job_open(c, in->account_id, in->job_id, &job));
    struct record_pairs tags = tags_of(c, arn_of_job(c, in->job_id));
    out->tags.v = NEW_ARRAY(c->arena, struct s3control_s3_tag, tags.n + 1);
    out->tags.set = true;
    for (; out->tags.n < tags.n; out->tags.n++) out->tags.v[out->tags.n] = (struct s3control_s3_tag){tags.v[out->tags.n].key, tags.v[out->tags.n].value};
    return NULL;
}

err s3control_delete_job_tagging(struct call *c, const struct s3control_delete_job_tagging_request *in, struct s3control_delete_job_tagging_result *out) {
    struct batch_job job;
    TRY(job_open(c, in->account_id, in->job_id, &job));
    tags_clear(c, arn_of_job(c, in->job_id));
    return NULL;
}

/* ---- creation ---- */

static err manifest_check(struct call *c, const struct s3control_job_manifest *m) {
    struct arn arn;
    u32 buckets = 0, keys = 0, versions = 0;
    const struct s3control_job_manifest_field_list *fields = &m->spec->fields;
    bool inventory = str_eq(m->spec->format, S("S3InventoryReport_CSV_20161130"));
    if (inventory && fields->n) return invalid(c, "The manifest spec of an inventory report must not name fields");
    for (u32 i = 0; i < fields->n; i++) {
        buckets += str_eq(fields->v[i], S("Bucket"));
        keys += str_eq(fields->v[i], S("Key"));
        versions += str_eq(fields->v[i], S("VersionId"));
    }
    if (!inventory && (buckets != 1 || keys != 1 || versions > 1 || fields->n > BATCH_COLUMNS_MAX))
        return invalid(c, "The manifest spec must name the fields Bucket and Key once, and VersionId at most once");
    if (!arn_parse(m->location->object_arn, &arn) || !str_eq(arn.service, S("s3")) || str_find_char(arn.resource, '/') == STR_NONE)
        return invalid(c, "Invalid manifest object ARN");
    return NULL;
}

static err bucket_check(struct call *c, str text, const char *message) {
    struct arn arn;
    bool fine = arn_parse(text, &arn) && str_eq(arn.service, S("s3")) && s3_bucket_name_valid(arn.resource);
    return fine ? NULL : invalid(c, message);
}

static err generator_check(struct call *c, const struct s3control_s3_job_manifest_generator *g) {
    const struct s3control_s3_manifest_output_location *to = g->manifest_output_location;
    TRY(bucket_check(c, g->source_bucket, "Invalid source bucket ARN"));
    if (!g->enable_manifest_output.v) return NULL;
    if (!to) return invalid(c, "ManifestOutputLocation must be specified when EnableManifestOutput is true");
    return bucket_check(c, to->bucket, "Invalid manifest output bucket ARN");
}

static err report_check(struct call *c, const struct s3control_job_report *r) {
    if (!r->enabled.v) return NULL;
    if (!r->bucket.n || !r->format.n || !r->report_scope.n) return invalid(c, "A report that is enabled needs Bucket, Format and ReportScope");
    return bucket_check(c, r->bucket, "Invalid report bucket ARN");
}

static err priority_check(struct call *c, i32 priority) { return priority < 0 ? invalid(c, "Priority must be between 0 and 2147483647") : NULL; }

static err request_check(struct call *c, const struct s3control_create_job_request *in) {
    TRY(s3_control_account_check(c, in->account_id));
    TRY(priority_check(c, in->priority.v));
    const struct s3control_s3_job_manifest_generator *generator = in->manifest_generator ? in->manifest_generator->s3_job_manifest_generator : NULL;
    if (!in->manifest == !generator) return invalid(c, "Exactly one of Manifest and ManifestGenerator must be specified");
    TRY(batch_operation_check(c, in->operation));
    TRY(generator ? generator_check(c, generator) : manifest_check(c, in->manifest));
    TRY(report_check(c, in->report));
    return pass_role(c, in->role_arn, S("batchoperations.s3.amazonaws.com"));
}

err s3control_create_job(struct call *c, const struct s3control_create_job_request *in, struct s3control_create_job_result *out) {
    TRY(request_check(c, in));
    struct batch_job job = {.account = c->account, .region = c->region, .description = in->description, .role = in->role_arn, .priority = in->priority.v,
                            .confirmation = in->confirmation_required.v, .manifest = in->manifest,
                            .generator = in->manifest_generator ? in->manifest_generator->s3_job_manifest_generator : NULL, .operation = in->operation, .report = in->report};
    str what = batch_encode(c, &job), id;
    enum idempotency before = idempotency_look(c, in->client_request_token, what, &id);
    if (before == IDEMPOTENCY_MISMATCH) return fail(c, &s3control_idempotency_exception, "A job with this client request token and other parameters exists");
    out->job_id = before == IDEMPOTENCY_SAME ? id : id_uuid(c->arena);
    if (before == IDEMPOTENCY_SAME) return NULL;
    str arn = arn_of_job(c, out->job_id);
    if (in->tags.n && !may(c, S("s3:PutJobTagging"), arn)) return deny(c, S("s3:PutJobTagging"), arn);
    job.id = out->job_id;
    job.created_ms = c->now_ms;
    TRY(tags_put(c, job.id, &in->tags));
    idempotency_store(c, in->client_request_token, what, job.id, token_ms);
    txn_put(c->txn, batch_order_key(c, &job), S(""));
    batch_put(c, &job);
    batch_schedule(c, &job, 0);
    return NULL;
}

/* ---- reading ---- */

static struct s3control_job_progress_summary *progress_of(struct call *c, const struct batch_job *job) {
    struct s3control_job_progress_summary *p = NEW(c->arena, struct s3control_job_progress_summary);
    i64 active = job->active_ms + (job->active_since_ms ? c->now_ms - job->active_since_ms : 0);
    p->total_number_of_tasks = SOME_I64((i64)job->total);
    p->number_of_tasks_succeeded = SOME_I64((i64)job->succeeded);
    p->number_of_tasks_failed = SOME_I64((i64)job->failed);
    p->timers = NEW(c->arena, struct s3control_job_timers);
    p->timers->elapsed_time_in_active_seconds = SOME_I64(active / 1000);
    return p;
}

err s3control_describe_job(struct call *c, const struct s3control_describe_job_request *in, struct s3control_describe_job_result *out) {
    struct batch_job job;
    TRY(job_open(c, in->account_id, in->job_id, &job));
    struct s3control_job_descriptor *d = out->job = NEW(c->arena, struct s3control_job_descriptor);
    d->job_id = job.id;
    d->confirmation_required = SOME_BOOL(job.confirmation);
    d->description = job.description;
    d->job_arn = arn_of_job(c, job.id);
    d->status = str_of(names[job.status]);
    d->manifest = job.manifest;
    if (job.generator) {
        d->manifest_generator = NEW(c->arena, struct s3control_job_manifest_generator);
        d->manifest_generator->s3_job_manifest_generator = job.generator;
    }
    if (job.saved_arn.p) {
        d->generated_manifest_descriptor = NEW(c->arena, struct s3control_s3_generated_manifest_descriptor);
        d->generated_manifest_descriptor->format = S("S3InventoryReport_CSV_20211130");
        d->generated_manifest_descriptor->location = NEW(c->arena, struct s3control_job_manifest_location);
        d->generated_manifest_descriptor->location->object_arn = job.saved_arn;
        d->generated_manifest_descriptor->location->etag = job.saved_etag;
    }
    d->operation = job.operation;
    d->priority = SOME_I32(job.priority);
    d->progress_summary = progress_of(c, &job);
    d->status_update_reason = job.reason;
    d->report = job.report;
    d->creation_time = SOME_TIME(job.created_ms);
    d->role_arn = job.role;
    if (job.ended_ms) d->termination_date = SOME_TIME(job.ended_ms);
    if (job.suspended_ms) {
        d->suspended_date = SOME_TIME(job.suspended_ms);
        d->suspended_cause = S("AWAITING_CONFIRMATION");
    }
    d->failure_reasons.set = true;
    if (job.failure_code.p) {
        d->failure_reasons.v = NEW(c->arena, struct s3control_job_failure);
        d->failure_reasons.v[d->failure_reasons.n++] = (struct s3control_job_failure){job.failure_code, job.failure_reason};
    }
    return NULL;
}

static bool listed(const struct s3control_list_jobs_request *in, const struct batch_job *job) {
    for (u32 i = 0; i < in->job_statuses.n; i++)
        if (str_eq(in->job_statuses.v[i], str_of(names[job->status]))) return true;
    return !in->job_statuses.n;
}

err s3control_list_jobs(struct call *c, const struct s3control_list_jobs_request *in, struct s3control_list_jobs_result *out) {
    u32 max;
    TRY(s3_control_account_check(c, in->account_id));
    str prefix = batch_order_prefix(c), key, value, id;
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    TRY(s3_control_page(c, in->next_token, in->max_results, &s3control_invalid_next_token_exception, &rows, &max));
    out->jobs.v = NEW_ARRAY(c->arena, struct s3control_job_list_descriptor, max);
    out->jobs.set = true;
    while (range_next(&rows, &key, &value)) {
        struct batch_job job;
        u64 order;
        str rest = str_skip(key, prefix.n);
        ASSERT(key_read_u64(&rest, &order) && key_read_str(&rest, c->arena, &id) && batch_get(c, c->account, c->region, id, &job));
        if (!listed(in, &job)) continue;
        if (out->jobs.n == max) {
            out->next_token = page_token(c, key);
            return NULL;
        }
        out->jobs.v[out->jobs.n++] = (struct s3control_job_list_descriptor){
            .job_id = job.id, .description = job.description, .operation = batch_operation_name(job.operation), .priority = SOME_I32(job.priority),
            .status = str_of(names[job.status]), .creation_time = SOME_TIME(job.created_ms),
            .termination_date = {job.ended_ms != 0, job.ended_ms}, .progress_summary = progress_of(c, &job)};
    }
    return NULL;
}

/* ---- changing ---- */

static bool ended(const struct batch_job *job) {
    return job->status == BATCH_COMPLETE || job->status == BATCH_CANCELLED || job->status == BATCH_FAILED;
}

static err fail_status(struct call *c, const struct batch_job *job) {
    return fail(c, &s3control_job_status_exception, "The job cannot be changed in the status %s.", names[job->status]);
}

/* Between its slices a job gives way to those of higher priority. */
err s3control_update_job_priority(struct call *c, const struct s3control_update_job_priority_request *in, struct s3control_update_job_priority_result *out) {
    struct batch_job job;
    TRY(job_open(c, in->account_id, in->job_id, &job));
    TRY(priority_check(c, in->priority.v));
    if (ended(&job)) return fail_status(c, &job);
    job.priority = in->priority.v;
    batch_put(c, &job);
    out->job_id = job.id;
    out->priority = SOME_I32(job.priority);
    return NULL;
}

err s3control_update_job_status(struct call *c, const struct s3control_update_job_status_request *in, struct s3control_update_job_status_result *out) {
    struct batch_job job;
    TRY(job_open(c, in->account_id, in->job_id, &job));
    bool confirms = str_eq(in->requested_job_status, S("Ready"));
    bool may_cancel = !ended(&job) && job.status != BATCH_COMPLETING && job.status != BATCH_CANCELLING && job.status != BATCH_FAILING;
    if (confirms ? job.status != BATCH_SUSPENDED : !may_cancel) return fail_status(c, &job);
    job.status = confirms ? BATCH_READY : BATCH_CANCELLING;
    job.reason = in->status_update_reason;
    batch_put(c, &job);
    batch_schedule(c, &job, 0);
    out->job_id = job.id;
    out->status = str_of(names[job.status]);
    out->status_update_reason = job.reason;
    return NULL;
}
