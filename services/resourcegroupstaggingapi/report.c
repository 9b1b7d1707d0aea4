/* The report on an organization: all tagged resources of its accounts, and whether they comply, in a file of CSV. It is
 * made on a worker and put when that settles. */
#include "gen/s3.h"
#include "tagging.h"

#define HOME S("us-east-1")

enum { REPORT_MAX = 256 << 20 };
static const i64 kept_ms = 90ll * 24 * 3600 * 1000;

static const char head[] = "AccountId,Region,ResourceARN,ComplianceStatus,NoncompliantKeys,KeysWithNoncompliantValues\n";

static str report_row(struct call *c) {
    struct key k = call_key(c, S("report"));
    return key_bytes(&k);
}

static bool report_load(struct call *c, struct tagging_report *r) {
    str row;
    *r = (struct tagging_report){0};
    if (!txn_get(c->txn, report_row(c), &row)) return false;
    ASSERT(record_decode(c->arena, &tagging_report_record, arena_str(c->arena, row), r));
    return true;
}

static void report_save(struct call *c, const struct tagging_report *r) { txn_put(c->txn, report_row(c), record_encode(c->arena, &tagging_report_record, r)); }

/* ---- operations ---- */

err resourcegroupstaggingapi_start_report_creation(struct call *c, const struct resourcegroupstaggingapi_start_report_creation_input *in,
                                                   struct resourcegroupstaggingapi_start_report_creation_output *out) {
    (void)out;
    struct identity_organization o;
    struct tagging_report report;
    TRY(tagging_organization(c, &o));
    TRY(tagging_policy_needed(c));
    if (report_load(c, &report) && str_eq(report.status, S("RUNNING")))
        return fail(c, &resourcegroupstaggingapi_concurrent_modification_exception,
                    "The target of the operation is currently being modified by a different request. Try again later.");
    struct buf object = buf_new(c->arena, 256);
    buf_format(&object, "AwsTagPolicies/%.*s/", STR_ARGS(o.id));
    buf_iso8601(&object, c->now_ms / 1000 * 1000); /* without the milliseconds */
    buf_add(&object, S("/report.csv"));
    report = (struct tagging_report){.started_ms = c->now_ms, .bucket = in->s3_bucket, .object = buf_str(&object), .caller = caller_keep(c), .status = S("RUNNING")};
    report_save(c, &report);
    txn_task_set(c->txn, &(struct task){.kind = S("tagging-report"), .key = report_row(c), .payload = c->account});
    return NULL;
}

err resourcegroupstaggingapi_describe_report_creation(struct call *c, const struct resourcegroupstaggingapi_describe_report_creation_input *in,
                                                      struct resourcegroupstaggingapi_describe_report_creation_output *out) {
    (void)in;
    struct identity_organization o;
    struct tagging_report report;
    TRY(tagging_organization(c, &o));
    if (!report_load(c, &report) || report.started_ms + kept_ms <= c->now_ms) {
        out->status = S("NO REPORT");
        return NULL;
    }
    out->status = report.status;
    out->error_message = report.error;
    if (str_eq(report.status, S("SUCCEEDED"))) out->s3_location = arena_format(c->arena, "s3://%.*s/%.*s", STR_ARGS(report.bucket), STR_ARGS(report.object));
    return NULL;
}

/* ---- the file; DIFFERS: AWS does not tell its columns ---- */

static void add_field(struct buf *b, str text, char end) {
    buf_char(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_char(b, '"');
        buf_char(b, text.p[i]);
    }
    buf_char(b, '"');
    buf_char(b, end);
}

static void add_keys(struct buf *b, struct arena *a, const struct resourcegroupstaggingapi_tag_key_list *keys, char end) {
    struct buf all = buf_new(a, 64 << 10);
    for (u32 i = 0; i < keys->n; i++) {
        if (i) buf_char(&all, ';');
        buf_add(&all, keys->v[i]);
    }
    add_field(b, buf_str(&all), end);
}

struct file {
    struct buf text;
    struct stream *body; /* NULL: it was not made */
};

static void add_line(void *context, const struct judged *judged) {
    struct file *f = context;
    const struct resource *r = &judged->resource;
    struct arena scratch = {0};
    add_field(&f->text, r->account, ',');
    add_field(&f->text, r->region, ',');
    add_field(&f->text, r->arn, ',');
    add_field(&f->text, judged->details->compliance_status.v ? S("true") : S("false"), ',');
    add_keys(&f->text, &scratch, &judged->details->noncompliant_keys, ',');
    add_keys(&f->text, &scratch, &judged->details->keys_with_noncompliant_values, '\n');
    arena_free(&scratch);
}

/* ---- the job: its payload is the management account ---- */

static err report_make(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct file *f = NEW(a, struct file);
    err e = NULL;
    *f = (struct file){.text = buf_new(a, REPORT_MAX)};
    *result = (str){(const char *)f, sizeof *f}; /* of this process: settled in the same flight */
    if (txn_owner(t)) {
        struct call *c = call_for_task(t, &resourcegroupstaggingapi_service, task->payload, HOME, store_now_ms(task->store));
        buf_add(&f->text, str_of(head));
        e = tagging_visit(c, CALL_AS_SERVICE, add_line, f);
        if (!e && !f->text.over) f->body = stream_stage(task->store, a, buf_str(&f->text));
        call_task_end(c);
    }
    store_snapshot_end(t);
    return e;
}

/* As tag policies where the bucket lets them in, otherwise with the rights of who asked: a bucket of his own account
 * needs no policy. */
static err report_put(struct call *c, const struct tagging_report *report, const struct file *f) {
    struct s3_get_bucket_acl_request asked = {.bucket = report->bucket};
    struct s3_get_bucket_acl_output acl;
    struct s3_put_object_request in = {.bucket = report->bucket, .key = report->object, .body = f->body, .content_type = S("text/csv")};
    struct s3_put_object_output out;
    struct call_other s3 = {.service = &s3_service, .op = S3_OP_GET_BUCKET_ACL, .as = CALL_AS_SERVICE, .principal = TAG_POLICIES,
                            .source_arn = arn_of(c, S("tag"), S("report"))};
    if (call_service(c, &s3, &asked, &acl)) {
        caller_take(c, report->caller);
        s3.as = CALL_FORWARDED;
    }
    s3.op = S3_OP_PUT_OBJECT;
    return call_service(c, &s3, &in, &out);
}

static err report_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    const struct file *f = (const void *)result.p;
    struct call *c = call_for_task(t, &resourcegroupstaggingapi_service, arena_str(txn_arena(t), task->payload), HOME, now_ms);
    struct tagging_report report;
    if (!report_load(c, &report)) return NULL;
    bool made = !outcome && f->body;
    report.status = made && !report_put(c, &report, f) ? S("SUCCEEDED") : S("FAILED");
    if (str_eq(report.status, S("FAILED"))) report.error = made && c->error_message.n ? c->error_message : S("The report could not be made.");
    report_save(c, &report);
    return NULL;
}

const struct task_kind tagging_task_kinds[] = {
    {.name = "tagging-report", .perform = report_make, .settle = report_settle},
    {0},
};
