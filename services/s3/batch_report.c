/* The completion report of a batch job: files of CSV, and the manifest that names them, with its MD5 beside it. */
#include "services/s3/batch.h"
#include "text/json.h"

enum { FILE_BYTES = 4 << 20, ROWS = 400 };

static void column(struct buf *b, str text) {
    bool plain = str_find_char(text, ',') == STR_NONE && str_find_char(text, '"') == STR_NONE && str_find_char(text, '\n') == STR_NONE;
    if (plain) {
        buf_add(b, text);
        return;
    }
    buf_char(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_char(b, '"');
        buf_char(b, text.p[i]);
    }
    buf_char(b, '"');
}

/* In the order of AWS's examples, where the status comes before the code, whatever the schema says. */
void batch_result_line(struct buf *b, struct call *c, const struct batch_item *item, err outcome, str message) {
    column(b, item->bucket);
    buf_char(b, ',');
    column(b, percent_encode(c->arena, item->key, true));
    buf_char(b, ',');
    column(b, item->version_id.p ? item->version_id : S(""));
    if (outcome) buf_format(b, ",failed,%d,%s,", outcome->status, outcome->code);
    else buf_add(b, S(",succeeded,200,,"));
    column(b, outcome ? message : item->said.p ? item->said : S("Successful"));
    buf_char(b, '\n');
}

static str folder_of(struct call *c, const struct batch_job *job) {
    str prefix = job->report->prefix;
    return arena_format(c->arena, "%.*s%sjob-%.*s/", STR_ARGS(prefix), prefix.n && !str_ends(prefix, S("/")) ? "/" : "", STR_ARGS(job->id));
}

/* Rows of one kind, as many as make a file. *last: up to where. */
static str collect(struct call *c, const struct batch_job *job, bool failed, str *last) {
    str prefix = batch_results_prefix(c, job, failed), key, value;
    struct buf text = buf_new(c->arena, FILE_BYTES * 2);
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    for (int n = 0; n < ROWS && text.n < FILE_BYTES && range_next(&rows, &key, &value); n++) {
        buf_add(&text, value);
        *last = arena_str(c->arena, key);
    }
    return buf_str(&text);
}

static str manifest_of(struct call *c, const struct batch_job *job, str bucket) {
    struct buf b = buf_new(c->arena, 64 << 20), at = buf_new(c->arena, 40);
    buf_iso8601_ms(&at, c->now_ms);
    json_write_object(&b);
    json_write_member(&b, S("Format"), S("Report_CSV_20180820"));
    json_write_member(&b, S("ReportCreationDate"), buf_str(&at));
    json_write_key(&b, S("Results"));
    json_write_array(&b);
    for (u32 i = 0; i < job->files.n; i++) {
        json_write_object(&b);
        json_write_member(&b, S("TaskExecutionStatus"), job->files.v[i].failed ? S("failed") : S("succeeded"));
        json_write_member(&b, S("Bucket"), bucket);
        json_write_member(&b, S("MD5Checksum"), job->files.v[i].md5);
        json_write_member(&b, S("Key"), job->files.v[i].key);
        json_write_object_end(&b);
    }
    json_write_array_end(&b);
    json_write_member(&b, S("ReportSchema"), S("Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"));
    json_write_object_end(&b);
    return buf_str(&b);
}

static str report_bucket(const struct batch_job *job) {
    struct arn arn;
    ASSERT(arn_parse(job->report->bucket, &arn)); /* as it was taken */
    return arn.resource;
}

bool batch_report_make(struct call *c, struct store *store, const struct batch_job *job, struct batch_report *r) {
    *r = (struct batch_report){0};
    str text = collect(c, job, false, &r->last);
    if (!text.n) {
        r->file.failed = true;
        text = collect(c, job, true, &r->last);
    }
    if (text.n) {
        r->file.md5 = md5_hex(c->arena, text);
        r->file.key = arena_format(c->arena, "%.*sresults/%.*s.csv", STR_ARGS(folder_of(c, job)), STR_ARGS(id_hex(c->arena, 40)));
        return (r->body = stream_stage(store, c->arena, text)) != NULL;
    }
    str manifest = manifest_of(c, job, report_bucket(job));
    r->manifest = stream_stage(store, c->arena, manifest);
    r->manifest_md5 = stream_stage(store, c->arena, md5_hex(c->arena, manifest));
    return r->manifest && r->manifest_md5;
}

static err put(struct call *c, const struct batch_job *job, str key, const char *type, struct stream *body) {
    struct s3_put_object_request in = {.bucket = report_bucket(job), .key = key, .body = body, .content_type = str_of(type),
                                       .server_side_encryption = S("AES256"), .expected_bucket_owner = job->report->expected_bucket_owner};
    struct s3_put_object_output out;
    return batch_call(c, job, S3_OP_PUT_OBJECT, NULL, &in, &out);
}

err batch_report_put(struct call *c, struct batch_job *job, const struct batch_report *r, bool *done) {
    str folder = folder_of(c, job), key, value;
    *done = !r->body;
    if (*done) {
        TRY(put(c, job, arena_concat(c->arena, folder, S("manifest.json")), "application/json", r->manifest));
        return put(c, job, arena_concat(c->arena, folder, S("manifest.json.md5")), "text/plain", r->manifest_md5);
    }
    TRY(put(c, job, r->file.key, "text/csv", r->body));
    struct batch_file *files = NEW_ARRAY(c->arena, struct batch_file, job->files.n + 1);
    if (job->files.n) memcpy(files, job->files.v, job->files.n * sizeof *files);
    files[job->files.n++] = r->file;
    job->files.v = files;
    job->files.set = true;
    struct range rows = txn_range(c->txn, batch_results_prefix(c, job, r->file.failed), key_after_prefix(c->arena, r->last));
    while (range_next(&rows, &key, &value)) txn_delete(c->txn, key);
    return NULL;
}
