/* A batch job on its way. Each slice is read by a worker (a page of the manifest, bodies that copies need, lines of the
 * report) and settled by the writer in one commit with where it stands, so that a restart goes on behind it. */
#include "services/s3/batch.h"

enum { PAGE = 256 << 10, PAGE_BITS = 20, SLICE = 100, SLICE_BYTES = 64 << 20, THRESHOLD_TASKS = 1000, RETRY_MS = 1000, WAIT_MS = 200 };

struct batch_at {
    str account, region, id;
};
static const struct record_field at_fields[] = {RECORD_STR(1, struct batch_at, account), RECORD_STR(2, struct batch_at, region),
                                                RECORD_STR(3, struct batch_at, id)};
static const struct record_type at_record = RECORD_TYPE(struct batch_at, at_fields);

struct slice {
    i32 status; /* of the job, when it was read */
    u64 offset; /* where it stood, and stands */
    u64 next;
    bool end;
    struct batch_item *items; /* to be done */
    u32 n;
    u64 lines; /* that were counted */
    str bucket;
    const char *failure; /* of the manifest: a code, and why */
    str why;
    struct batch_report report;
    struct batch_source source;
};

void batch_schedule(struct call *c, const struct batch_job *job, i64 due_ms) {
    struct batch_at at = {.account = job->account, .region = job->region, .id = job->id};
    struct task task = {.kind = S("s3.batch"), .key = job->id, .payload = record_encode(c->arena, &at_record, &at), .due_ms = due_ms};
    txn_task_set(c->txn, &task);
}

/* ---- on a worker ---- */

static void unreadable(struct slice *s, const char *code, str why) {
    s->failure = code;
    s->why = why;
    s->end = true;
}

/* The offset is one of a page and within it. */
static bool row_read(struct call *c, const struct batch_job *job, struct slice *s, str *page) {
    u64 number = s->offset >> PAGE_BITS;
    s->end = number + 1 >= job->pages;
    if (!batch_page_get(c, job, number, page)) return s->end = true, *page = (str){0}, true;
    *page = str_skip(*page, (size_t)(s->offset & ((1u << PAGE_BITS) - 1)));
    return true;
}

/* A page of the manifest from the slice's offset on. */
static bool page_read(struct call *c, const struct batch_job *job, struct slice *s, str *page) {
    if (batch_paged(job)) return row_read(c, job, s, page);
    const struct s3control_job_manifest_location *l = job->manifest->location;
    struct arn arn;
    ASSERT(arn_parse(l->object_arn, &arn)); /* as it was taken */
    str key = arn.resource, bucket = str_cut(&key, '/');
    struct s3_get_object_request in = {.bucket = bucket, .key = key, .version_id = l->object_version_id};
    struct s3_get_object_output out = {0};
    err e = batch_call(c, job, S3_OP_GET_OBJECT, NULL, &in, &out);
    if (e) {
        unreadable(s, "ManifestReadFailed", arena_format(c->arena, "Reading the manifest failed: %s: %.*s", e->code, STR_ARGS(c->error_message)));
        return false;
    }
    if (!batch_etag_matches(l->etag, out.etag)) {
        unreadable(s, "ManifestETagMismatch", S("The ETag of the manifest does not match the one that the job was created with."));
        return false;
    }
    u64 length = stream_length(out.body), n = length > s->offset ? MIN(length - s->offset, (u64)PAGE) : 0;
    char *bytes = NEW_ARRAY(c->arena, char, n + 1);
    if (n && !stream_read(out.body, s->offset, bytes, n)) {
        unreadable(s, "ManifestReadFailed", S("The manifest cannot be read."));
        return false;
    }
    s->end = s->offset + n == length;
    *page = (str){bytes, n};
    return true;
}

/* The next line of the page; false: there is none, or it does not end here. */
static bool line_next(struct slice *s, str *page, str *line) {
    size_t end = str_find_char(*page, '\n');
    if (!page->n || (end == STR_NONE && !s->end)) return false;
    *line = str_take(*page, end == STR_NONE ? page->n : end);
    size_t taken = line->n + (end != STR_NONE);
    *page = str_skip(*page, taken);
    s->next += taken;
    if (str_ends(*line, S("\r"))) *line = str_take(*line, line->n - 1);
    return true;
}

/* The columns of the manifest, or of pages. */
static const struct s3control_job_manifest_spec *spec_of(struct call *c, const struct batch_job *job) {
    if (!batch_paged(job)) return job->manifest->spec;
    struct s3control_job_manifest_spec *spec = NEW(c->arena, struct s3control_job_manifest_spec);
    spec->fields.v = NEW_ARRAY(c->arena, str, 3);
    spec->fields.v[spec->fields.n++] = S("Bucket");
    spec->fields.v[spec->fields.n++] = S("Key");
    spec->fields.v[spec->fields.n++] = S("VersionId");
    return spec;
}

static void manifest_read(struct call *c, struct store *store, const struct batch_job *job, struct slice *s) {
    bool counts = job->status != BATCH_ACTIVE;
    const struct s3control_job_manifest_spec *spec = spec_of(c, job);
    str page, line;
    u64 bytes = 0;
    if (!page_read(c, job, s, &page)) return;
    s->bucket = job->bucket;
    if (!counts) s->items = NEW_ARRAY(c->arena, struct batch_item, SLICE);
    while ((counts || (s->n < SLICE && bytes < SLICE_BYTES)) && line_next(s, &page, &line)) {
        struct batch_item item;
        if (!line.n) continue;
        if (!batch_item_read(c->arena, spec, line, &item)) {
            unreadable(s, "InvalidManifestContent", S("One or more lines of the manifest are not valid."));
            return;
        }
        s->lines++;
        if (!s->bucket.p) s->bucket = item.bucket;
        if (!str_eq(s->bucket, item.bucket)) {
            unreadable(s, "InvalidManifestContent", S("The manifest has keys pertaining to multiple buckets."));
            return;
        }
        if (counts) continue;
        batch_operation_prepare(c, store, job, &item);
        bytes += item.bytes;
        s->items[s->n++] = item;
    }
    if (batch_paged(job) && !page.n && !s->end) s->next = ((s->offset >> PAGE_BITS) + 1) << PAGE_BITS;
    if (!s->end && s->next == s->offset) unreadable(s, "InvalidManifestContent", S("A line of the manifest is too long."));
    s->end = s->end && !page.n;
}

static void settled_state(const struct batch_job *job, bool *reports, bool *reads) {
    *reads = job->status == BATCH_NEW || job->status == BATCH_PREPARING || (job->status == BATCH_ACTIVE && !job->waits.n);
    *reports = (job->status == BATCH_COMPLETING || job->status == BATCH_CANCELLING || job->status == BATCH_FAILING) && job->report->enabled.v
               && job->succeeded + job->failed;
}

static bool source_read(struct call *c, struct store *store, const struct batch_job *job, struct slice *s) {
    batch_source_read(c, job, &s->source);
    s->failure = s->source.failure;
    s->why = s->source.why;
    s->end = s->source.end;
    s->lines = s->source.lines;
    s->bucket = s->source.bucket;
    return s->failure || batch_source_stage(c, store, job, &s->source);
}

err batch_make(struct arena *a, const struct task *task, str *result) {
    struct slice *s = NEW(a, struct slice);
    struct batch_at at = {0};
    struct batch_job job;
    bool reports, reads, staged = true;
    struct txn *t = store_snapshot(task->store, a);
    *result = (str){(const char *)s, sizeof *s}; /* of this process: settled in the same flight */
    ASSERT(record_decode(a, &at_record, task->payload, &at));
    s->status = -1;
    if (txn_owner(t)) {
        struct call *c = call_for_task(t, &s3control_service, at.account, at.region, store_now_ms(task->store));
        if (batch_get(c, at.account, at.region, at.id, &job)) {
            s->status = job.status;
            s->offset = s->next = job.offset;
            settled_state(&job, &reports, &reads);
            bool prepares = batch_paged(&job) && job.status != BATCH_ACTIVE;
            if (reads && prepares) staged = source_read(c, task->store, &job, s);
            else if (reads) manifest_read(c, task->store, &job, s);
            if (reports) staged = batch_report_make(c, task->store, &job, &s->report);
        }
        call_task_end(c);
    }
    store_snapshot_end(t);
    return staged ? NULL : &store_unavailable;
}

/* ---- in the writer ---- */

static void stop_clock(struct call *c, struct batch_job *job) {
    if (job->active_since_ms) job->active_ms += c->now_ms - job->active_since_ms;
    job->active_since_ms = 0;
}

static void end(struct call *c, struct batch_job *job, enum batch_status status) {
    job->status = status;
    job->ended_ms = c->now_ms;
    stop_clock(c, job);
    batch_pages_delete(c, job, job->pages);
}

/* It goes on where it stands when nobody is before it. */
static void pause_job(struct call *c, struct batch_job *job) {
    job->status = BATCH_PAUSED;
    stop_clock(c, job);
}

static void break_off(struct call *c, struct batch_job *job, const char *code, str why) {
    job->failure_code = str_of(code);
    job->failure_reason = str_take(why, MIN(why.n, (size_t)256));
    if (job->succeeded + job->failed) job->status = BATCH_FAILING;
    else end(c, job, BATCH_FAILED);
}

static void prepared(struct call *c, struct batch_job *job, const struct slice *s) {
    job->status = BATCH_PREPARING;
    job->bucket = s->bucket;
    job->total += s->lines;
    job->offset = s->next;
    if (batch_paged(job)) batch_source_settle(c, job, &s->source);
    if (!s->end) return;
    size_t mark = txn_mark(c->txn);
    if (batch_source_save(c, job, &s->source)) {
        txn_undo(c->txn, mark);
        break_off(c, job, "ManifestWriteFailed", S("The generated manifest could not be written to your bucket. Please check your permissions."));
        return;
    }
    job->offset = 0;
    job->status = job->confirmation ? BATCH_SUSPENDED : BATCH_READY;
    if (job->confirmation) job->suspended_ms = c->now_ms;
    if (!job->total) break_off(c, job, "InvalidManifestContent", S("The manifest names no objects."));
}

/* Lines of the report, until the end of a slice. */
struct lines {
    struct buf well, badly;
};

static struct lines lines_new(struct call *c) { return (struct lines){buf_new(c->arena, 4 << 20), buf_new(c->arena, 4 << 20)}; }

static void count_one(struct call *c, struct batch_job *job, struct lines *lines, const struct batch_item *item, err e) {
    bool wanted = job->report->enabled.v && (e || !str_eq(job->report->report_scope, S("FailedTasksOnly")));
    job->failed += e != NULL;
    job->succeeded += e == NULL;
    if (wanted) batch_result_line(e ? &lines->badly : &lines->well, c, item, e, c->error_message);
}

static void lines_end(struct call *c, struct batch_job *job, const struct lines *lines) {
    batch_results_add(c, job, false, buf_str(&lines->well));
    batch_results_add(c, job, true, buf_str(&lines->badly));
    u64 done = job->succeeded + job->failed;
    if (job->drained && !job->waits.n) job->status = BATCH_COMPLETING;
    else if (done >= THRESHOLD_TASKS && job->failed * 2 > done)
        break_off(c, job, "FailureThresholdExceeded", S("More than 50% of the tasks failed."));
}

static void perform(struct call *c, struct batch_job *job, const struct slice *s) {
    struct lines lines = lines_new(c);
    job->waits.v = NEW_ARRAY(c->arena, struct batch_wait, SLICE);
    for (u32 i = 0; i < s->n; i++) {
        struct batch_item *item = &s->items[i];
        size_t mark = txn_mark(c->txn);
        c->error_message = (str){0};
        err e = batch_operation_do(c, job, item);
        if (e) txn_undo(c->txn, mark);
        if (item->sequence) job->waits.v[job->waits.n++] = (struct batch_wait){item->key, item->version_id, item->sequence};
        else count_one(c, job, &lines, item, e);
    }
    job->waits.set = job->waits.n > 0;
    job->offset = s->next;
    job->drained = s->end;
    if (batch_paged(job)) batch_pages_delete(c, job, job->offset >> PAGE_BITS);
    lines_end(c, job, &lines);
}

/* Those whose replication has come to its end. */
static void gather(struct call *c, struct batch_job *job) {
    struct lines lines = lines_new(c);
    u32 n = job->waits.n;
    job->waits.n = 0;
    for (u32 i = 0; i < n; i++) {
        struct batch_wait w = job->waits.v[i];
        struct batch_item item = {.bucket = job->bucket, .key = w.key, .version_id = w.version_id};
        err e;
        c->error_message = (str){0};
        if (batch_replicated(c, job, &w, &e)) count_one(c, job, &lines, &item, e);
        else job->waits.v[job->waits.n++] = w;
    }
    job->waits.set = job->waits.n > 0;
    lines_end(c, job, &lines);
}

/* The report comes last. Where it cannot be written the job has failed. */
static void report(struct call *c, struct batch_job *job, const struct slice *s) {
    bool done = true;
    size_t mark = txn_mark(c->txn);
    enum batch_status after = job->status == BATCH_COMPLETING ? BATCH_COMPLETE : job->status == BATCH_CANCELLING ? BATCH_CANCELLED : BATCH_FAILED;
    err e = s->report.body || s->report.manifest ? batch_report_put(c, job, &s->report, &done) : NULL;
    if (e) {
        txn_undo(c->txn, mark);
        job->failure_code = S("ReportWriteFailed");
        job->failure_reason = S("The job report could not be written to your report bucket. Please check your permissions.");
        after = BATCH_FAILED;
        done = true;
    }
    if (done) end(c, job, after);
}

static void step(struct call *c, struct batch_job *job, const struct slice *s) {
    switch (job->status) {
    case BATCH_NEW:
    case BATCH_PREPARING:
        if (s->failure) break_off(c, job, s->failure, s->why);
        else prepared(c, job, s);
        break;
    case BATCH_READY:
    case BATCH_PAUSED:
        if (batch_outranked(c, job)) break;
        job->status = BATCH_ACTIVE;
        job->active_since_ms = c->now_ms;
        break;
    case BATCH_ACTIVE:
        if (batch_outranked(c, job)) pause_job(c, job);
        else if (job->waits.n) gather(c, job);
        else if (s->failure) break_off(c, job, s->failure, s->why);
        else perform(c, job, s);
        break;
    default: report(c, job, s);
    }
}

static bool rests(const struct batch_job *job) {
    return job->status == BATCH_SUSPENDED || job->status == BATCH_COMPLETE || job->status == BATCH_CANCELLED || job->status == BATCH_FAILED;
}

err batch_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct batch_at at = {0};
    struct batch_job job;
    ASSERT(record_decode(txn_arena(t), &at_record, task->payload, &at));
    struct call *c = call_for_task(t, &s3control_service, at.account, at.region, now_ms);
    if (!batch_get(c, at.account, at.region, at.id, &job) || rests(&job)) return NULL;
    const struct slice *s = outcome ? NULL : (const struct slice *)(const void *)result.p;
    /* Cancelled meanwhile, or not read: the next slice is of what it is now. */
    if (s && s->status == job.status && s->offset == job.offset) {
        step(c, &job, s);
        batch_put(c, &job);
    }
    bool waits = job.waits.n || (batch_runs(&job) && batch_outranked(c, &job));
    if (!rests(&job)) batch_schedule(c, &job, outcome ? now_ms + RETRY_MS : waits ? now_ms + WAIT_MS : 0);
    return NULL;
}
