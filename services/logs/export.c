/* Export tasks: the events of a group to a bucket, a folder for each stream, in gzip files. Each slice of the job makes
 * one file on a worker; its settling puts the file and says where to go on. */
#include "scan.h"

#include "gen/s3.h"
#include "text/gzip.h"

enum { FILE_BYTES = 16 << 20 /* of text to a file; DIFFERS: AWS does not say how long its files are */, PAGE = 50 };

struct file {
    struct stream *body;      /* NULL: there is nothing left of the stream */
    struct log_position last; /* of the events in it */
    str stream;               /* whose; absent: all streams are done */
    bool stream_done, failed;
};

static str task_row(struct arena *a, str account, str region, str id) {
    struct key k = log_rows(a, account, region, S("export"));
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

static bool task_load(struct txn *t, struct arena *a, str row_key, struct log_export *e) {
    str row, part;
    if (!txn_get(t, row_key, &row)) return false;
    *e = (struct log_export){0};
    ASSERT(record_decode(a, &logs_export_record, arena_str(a, row), e));
    for (str rest = arena_str(a, row_key); key_read_str(&rest, a, &part);) {
        e->account = e->region;
        e->region = e->type;
        e->type = e->id;
        e->id = part;
    }
    return true;
}

static void task_save(struct txn *t, struct arena *a, const struct log_export *e) { txn_put(t, task_row(a, e->account, e->region, e->id), record_encode(a, &logs_export_record, e)); }

static bool active(const struct log_export *e) { return str_eq(e->status, S("PENDING")) || str_eq(e->status, S("RUNNING")); }

static bool task_next(struct range *r, struct txn *t, struct arena *a, struct log_export *e) {
    str key;
    return range_next(r, &key, NULL) && task_load(t, a, arena_str(a, key), e);
}

static struct range tasks_of(struct call *c) {
    str all = task_row(c->arena, c->account, c->region, (str){0});
    return txn_range(c->txn, all, key_after_prefix(c->arena, all));
}

/* ---- the bucket ---- */

static err put_object(struct call *c, const struct log_export *e, str key, struct stream *body) {
    struct s3_put_object_request in = {.bucket = e->bucket, .key = key, .body = body};
    struct s3_put_object_output out;
    str source = arn_of(c, S("logs"), S("export-task:*"));
    if (!body) return &store_unavailable;
    return call_service(c, &(struct call_other){.service = &s3_service, .op = S3_OP_PUT_OBJECT, .as = CALL_AS_SERVICE, .source_arn = source}, &in, &out);
}

static err check_bucket(struct call *c, const struct log_export *e) {
    struct s3_get_bucket_acl_request in = {.bucket = e->bucket};
    struct s3_get_bucket_acl_output out;
    struct call_other s3 = {.service = &s3_service, .op = S3_OP_GET_BUCKET_ACL, .as = CALL_AS_SERVICE, .source_arn = arn_of(c, S("logs"), S("export-task:*"))};
    static const char refused[] = "call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.";
    err problem = call_service(c, &s3, &in, &out);
    if (problem == &s3_no_such_bucket) return fail(c, &logs_invalid_parameter_exception, "The given bucket does not exist. Please provide a valid bucket.");
    if (problem) return fail(c, &logs_invalid_parameter_exception, "GetBucketAcl %s", refused);
    str test = arena_concat(c->arena, e->prefix, S("/aws-logs-write-test"));
    if (put_object(c, e, test, stream_stage(call_store(c), c->arena, S("Permission Check Successful")))) return fail(c, &logs_invalid_parameter_exception, "PutObject %s", refused);
    return NULL;
}

/* ---- operations ---- */

err logs_create_export_task(struct call *c, const struct logs_create_export_task_request *in, struct logs_create_export_task_response *out) {
    struct log_group group;
    struct log_export e;
    TRY(log_group_open(c, in->log_group_name, &group));
    if (in->from.v >= in->to.v) return fail(c, &logs_invalid_parameter_exception, "Parameter from must be earlier than parameter to.");
    struct range r = tasks_of(c);
    while (task_next(&r, c->txn, c->arena, &e))
        if (active(&e)) return fail(c, &logs_limit_exceeded_exception, "Resource limit exceeded.");
    e = (struct log_export){.name = in->task_name, .group = group.name, .group_id = group.id, .stream_prefix = in->log_stream_name_prefix, .bucket = in->destination,
                            .prefix = in->destination_prefix.n ? in->destination_prefix : S("exportedlogs"), .from_ms = in->from.v, .to_ms = in->to.v, .status = S("PENDING"),
                            .created_ms = c->now_ms, .account = c->account, .region = c->region, .id = id_uuid(c->arena)};
    TRY(check_bucket(c, &e));
    task_save(c->txn, c->arena, &e);
    txn_task_set(c->txn, &(struct task){.kind = S("logs-export"), .key = task_row(c->arena, e.account, e.region, e.id)});
    out->task_id = e.id;
    return NULL;
}

err logs_cancel_export_task(struct call *c, const struct logs_cancel_export_task_request *in, struct wire_unit *out) {
    (void)out;
    struct log_export e;
    if (!task_load(c->txn, c->arena, task_row(c->arena, c->account, c->region, in->task_id), &e))
        return fail(c, &logs_resource_not_found_exception, "The specified export task does not exist.");
    if (!active(&e)) return fail(c, &logs_invalid_operation_exception, "The specified export task has already finished.");
    e.status = S("CANCELLED");
    e.ended_ms = c->now_ms;
    task_save(c->txn, c->arena, &e);
    txn_task_cancel(c->txn, S("logs-export"), task_row(c->arena, e.account, e.region, e.id));
    return NULL;
}

static struct logs_export_task shown(struct arena *a, const struct log_export *e) {
    struct logs_export_task_status *status = NEW(a, struct logs_export_task_status);
    struct logs_export_task_execution_info *info = NEW(a, struct logs_export_task_execution_info);
    *status = (struct logs_export_task_status){.code = e->status, .message = e->message};
    info->creation_time = SOME_I64(e->created_ms);
    if (e->ended_ms) info->completion_time = SOME_I64(e->ended_ms);
    return (struct logs_export_task){.task_id = e->id, .task_name = e->name, .log_group_name = e->group, .from = SOME_I64(e->from_ms), .to = SOME_I64(e->to_ms),
                                     .destination = e->bucket, .destination_prefix = e->prefix, .status = status, .execution_info = info};
}

err logs_describe_export_tasks(struct call *c, const struct logs_describe_export_tasks_request *in, struct logs_describe_export_tasks_response *out) {
    struct log_export e;
    str position;
    u32 max;
    TRY(log_page(c, in->next_token, in->limit, PAGE, &position, &max));
    out->export_tasks.v = NEW_ARRAY(c->arena, struct logs_export_task, max);
    out->export_tasks.set = true;
    struct range r = tasks_of(c);
    if (position.p) range_seek(&r, task_row(c->arena, c->account, c->region, position));
    while (task_next(&r, c->txn, c->arena, &e)) {
        if ((in->task_id.p && !str_eq(e.id, in->task_id)) || (in->status_code.p && !str_eq(e.status, in->status_code))) continue;
        if (out->export_tasks.n == max) {
            out->next_token = page_token(c, e.id);
            break;
        }
        out->export_tasks.v[out->export_tasks.n++] = shown(c->arena, &e);
    }
    return NULL;
}

/* ---- the job ---- */

/* The stream that the job is at, or the first behind it. */
static bool next_stream(struct call *c, const struct log_export *e, struct log_stream *stream) {
    struct key prefix = log_streams(c->arena, e->group_id), from = log_streams(c->arena, e->group_id);
    key_str_prefix(&prefix, e->stream_prefix.p ? e->stream_prefix : S(""));
    if (e->stream.p) key_str(&from, e->stream);
    struct range r = txn_range(c->txn, key_bytes(&prefix), key_after_prefix(c->arena, key_bytes(&prefix)));
    if (e->stream.p) range_seek(&r, key_bytes(&from));
    while (log_stream_next(&r, c->arena, stream))
        if (!e->stream.p || !e->stream_done || !str_eq(stream->name, e->stream)) return true;
    return false;
}

static err make_file(struct call *c, const struct task *task, const struct log_export *e, const struct log_group *group, struct file *f) {
    struct log_stream stream;
    struct scan_event event;
    struct buf text = buf_new(c->arena, FILE_BYTES + (4 << 20));
    if (!next_stream(c, e, &stream)) return NULL;
    f->stream = stream.name;
    bool going_on = str_eq(stream.name, e->stream);
    struct scan *s = scan_new(c, e->from_ms, e->to_ms);
    if (going_on && e->file) scan_after(s, &(struct log_position){e->at_ms, e->at_put, (u32)e->at_number});
    scan_add_stream(s, group, &stream);
    f->stream_done = true;
    while (scan_next(s, &event)) {
        buf_iso8601_ms(&text, event.event.time_ms);
        buf_char(&text, ' ');
        buf_add(&text, event.event.message);
        buf_char(&text, '\n');
        f->last = log_position_of(&event.event);
        f->stream_done = text.n < FILE_BYTES;
        if (!f->stream_done) break;
    }
    TRY(scan_error(s));
    if (text.n) f->body = stream_stage(task->store, c->arena, gzip_of(c->arena, buf_str(&text)));
    f->failed = text.n && !f->body;
    return f->failed ? &store_unavailable : NULL;
}

err log_export_make(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct file *f = NEW(a, struct file);
    struct log_export e;
    struct log_group group;
    err problem = NULL;
    *result = (str){(const char *)f, sizeof *f}; /* of this process: settled in the same flight */
    if (txn_owner(t) && task_load(t, a, task->key, &e) && log_group_load(t, a, e.account, e.region, e.group, &group) && group.id == e.group_id)
        problem = make_file(call_for_task(t, &logs_service, e.account, e.region, store_now_ms(task->store)), task, &e, &group, f);
    store_snapshot_end(t);
    return problem;
}

/* A '/' in the name of a stream would make folders. */
static str object_name(struct arena *a, const struct log_export *e, str stream) {
    char *name = arena_c_string(a, stream);
    for (char *p = name; *p; p++)
        if (*p == '/') *p = '-';
    return arena_format(a, "%.*s/%.*s/%s/%06lld.gz", STR_ARGS(e->prefix), STR_ARGS(e->id), name, (long long)e->file);
}

static void finish(struct log_export *e, str status, str message, i64 now_ms) {
    e->status = status;
    e->message = message;
    e->ended_ms = now_ms;
}

err log_export_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    const struct file *f = (const void *)result.p;
    struct log_export e;
    if (!task_load(t, a, task->key, &e) || !active(&e)) return NULL;
    e.status = S("RUNNING");
    if (!str_eq(f->stream, e.stream)) e.file = 0;
    if (outcome) finish(&e, S("FAILED"), S("The events could not be read."), now_ms);
    else if (!f->stream.p) finish(&e, S("COMPLETED"), S("Completed successfully"), now_ms);
    else if (f->body && put_object(call_for_task(t, &logs_service, e.account, e.region, now_ms), &e, object_name(a, &e, f->stream), f->body))
        finish(&e, S("FAILED"), S("The bucket did not take a file."), now_ms);
    else {
        e.stream = f->stream;
        e.stream_done = f->stream_done;
        e.file += f->body != NULL;
        e.at_ms = f->last.time_ms;
        e.at_put = f->last.put;
        e.at_number = f->last.number;
    }
    task_save(t, a, &e);
    if (active(&e)) txn_task_set(t, &(struct task){.kind = task->kind, .key = task_row(a, e.account, e.region, e.id)});
    return NULL;
}
