/* Reports of audits: one for each event in which something sensitive was found, as an event of another group, as a file in
 * a bucket. What its destination refuses is lost; the events stay. */
#include "mask.h"

#include "cloud/sensitive.h"
#include "gen/s3.h"
#include "text/gzip.h"
#include "text/json.h"

enum { REPORT_MAX = 8 << 20 };
static const char stream_name[] = "data-protection-audit"; /* DIFFERS: AWS's name of it is not documented */

struct report { /* of one policy */
    str group, bucket;
    struct log_event *events;
    u32 n;
};
struct log_findings {
    struct report reports[2];
    u32 report_count;
    u32 events; /* with findings, by any policy */
};

static str text_of(struct call *c, const struct log_group *group, struct sensitive *set, str message) {
    str hit;
    if (!set || !sensitive_find(set, message, &hit)) return (str){0};
    struct buf b = buf_new(c->arena, REPORT_MAX);
    json_write_object(&b);
    json_write_key(&b, S("auditTimestamp"));
    buf_char(&b, '"');
    buf_iso8601(&b, c->now_ms / second_ms * second_ms);
    buf_char(&b, '"');
    json_write_member(&b, S("resourceArn"), arena_concat(c->arena, log_group_arn(c->arena, group), S(":*")));
    json_write_key(&b, S("dataIdentifiers"));
    bool any = sensitive_report(set, message, &b);
    json_write_object_end(&b);
    return any && !b.over ? buf_str(&b) : (str){0};
}

struct log_findings *log_findings_make(struct call *c, const struct log_group *group, struct log_masks *m, const struct log_event *events, u32 n) {
    const struct log_protection *p;
    struct sensitive *set;
    if (!m) return NULL;
    struct log_findings *f = NEW(c->arena, struct log_findings);
    bool *found = NEW_ARRAY(c->arena, bool, n + 1);
    *f = (struct log_findings){0};
    for (u32 i = 0; log_mask_now(m, i, &p, &set); i++) {
        if (!set) continue;
        struct report *r = &f->reports[f->report_count++];
        *r = (struct report){.group = p->findings_group, .bucket = p->findings_bucket, .events = NEW_ARRAY(c->arena, struct log_event, n + 1)};
        for (u32 j = 0; j < n; j++) {
            str text = text_of(c, group, set, events[j].message);
            if (text.p) r->events[r->n++] = (struct log_event){.message = text};
            f->events += text.p && !found[j];
            found[j] |= text.p != NULL;
        }
    }
    return f->events ? f : NULL;
}

/* ---- into a bucket: staged on a worker, put by the settling ---- */

struct file {
    str bucket, text, source_arn;
};
static const struct record_field file_fields[] = {RECORD_STR(1, struct file, bucket), RECORD_STR(2, struct file, text), RECORD_STR(3, struct file, source_arn)};
static const struct record_type file_record = RECORD_TYPE(struct file, file_fields);

static void put_file(struct call *c, const struct log_group *group, const struct report *r) {
    struct buf b = buf_new(c->arena, REPORT_MAX);
    for (u32 i = 0; i < r->n; i++) {
        buf_add(&b, r->events[i].message);
        buf_char(&b, '\n');
    }
    if (b.over) return;
    struct file file = {.bucket = r->bucket, .text = buf_str(&b), .source_arn = log_group_arn(c->arena, group)};
    struct key k = log_rows(c->arena, group->account, group->region, S("findings"));
    key_u64(&k, txn_sequence(c->txn));
    txn_task_set(c->txn, &(struct task){.kind = S("logs-findings"), .key = key_bytes(&k), .payload = record_encode(c->arena, &file_record, &file)});
}

err log_findings_stage(struct arena *a, const struct task *task, str *result) {
    struct file file = {0};
    ASSERT(record_decode(a, &file_record, task->payload, &file));
    struct stream *body = stream_stage(task->store, a, gzip_of(a, file.text));
    *result = (str){(const char *)body, 1}; /* of this process: settled in the same flight */
    return body ? NULL : &store_unavailable;
}

err log_findings_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct file file = {0};
    struct s3_put_object_output out;
    str rest = task->key, room, account, region;
    ASSERT(record_decode(a, &file_record, task->payload, &file));
    ASSERT(key_read_str(&rest, a, &room) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region));
    if (outcome || !txn_owner(t)) return NULL;
    struct call *c = call_for_task(t, &logs_service, account, region, now_ms);
    struct civil_time day = civil_of(now_ms);
    str key = arena_format(a, "AWSLogs/%.*s/%s/%.*s/%04lld/%02d/%02d/%.*s.log.gz", STR_ARGS(account), stream_name, STR_ARGS(region), (long long)day.year, day.month, day.day,
                           STR_ARGS(id_uuid(a)));
    struct s3_put_object_request in = {.bucket = file.bucket, .key = key, .body = (struct stream *)(uintptr_t)result.p};
    (void)!call_service(c, &(struct call_other){.service = &s3_service, .op = S3_OP_PUT_OBJECT, .as = CALL_AS_SERVICE, .source_arn = file.source_arn}, &in, &out);
    return NULL;
}

/* ---- all of it ---- */

void log_findings_put(struct call *c, const struct log_group *group, const struct log_findings *f) {
    if (!f) return;
    count_metric(c, S("LogEventsWithFindings"), S("LogGroupName"), group->name, f->events, S("Count"));
    for (u32 i = 0; i < f->report_count; i++) {
        const struct report *r = &f->reports[i];
        if (r->group.p && r->n) log_write(c, r->group, str_of(stream_name), r->events, r->n);
        if (r->bucket.p && r->n) put_file(c, group, r);
    }
}
