/* Access logs: a line for each request to the bucket, in S3's format, delivered by the hour of the cloud's clock into
 * the bucket that its owner named. Best effort, as AWS has it: what the target refuses is gone. */
#include "services/s3/delivery.h"
#include "services/s3/observe.h"

enum { ROUND_MS = 3600000, SECOND_MS = 1000, FILE_MAX = 16 << 20, LINE_MAX = 16 << 10, KEEP_MS = 2 * 86400000 };

static str subject_of(struct arena *a, u64 bucket_id) { return arena_format(a, "s3-access %llx", (unsigned long long)bucket_id); }

/* ---- a line ---- */

/* What an operation's name says it is about, behind REST.METHOD. */
static const char *resource_of(str operation, bool of_object) {
    static const char *const names[][2] = {
        {"PutObject", "OBJECT"}, {"GetObject", "OBJECT"}, {"HeadObject", "OBJECT"}, {"DeleteObject", "OBJECT"}, {"CopyObject", "OBJECT"},
        {"DeleteObjects", "MULTI_OBJECT_DELETE"}, {"ListObjectVersions", "BUCKETVERSIONS"}, {"CreateMultipartUpload", "UPLOADS"},
        {"ListMultipartUploads", "UPLOADS"}, {"CompleteMultipartUpload", "UPLOAD"}, {"AbortMultipartUpload", "UPLOAD"}, {"ListParts", "UPLOAD"},
        {"UploadPart", "PART"}, {"UploadPartCopy", "PART"}, {"RestoreObject", "OBJECT_RESTORE"}, {"GetObjectAttributes", "OBJECT_ATTRIBUTES"},
    };
    static const char *const ends[][2] = {
        {"ObjectTagging", "OBJECT_TAGGING"}, {"BucketTagging", "TAGGING"}, {"Acl", "ACL"}, {"BucketPolicy", "BUCKETPOLICY"},
        {"BucketPolicyStatus", "BUCKETPOLICYSTATUS"}, {"Versioning", "VERSIONING"}, {"Location", "LOCATION"}, {"Logging", "LOGGING_STATUS"},
        {"LifecycleConfiguration", "LIFECYCLE"}, {"BucketLifecycle", "LIFECYCLE"}, {"Cors", "CORS"}, {"Website", "WEBSITE"},
        {"NotificationConfiguration", "NOTIFICATION"}, {"Encryption", "ENCRYPTION"}, {"Replication", "REPLICATION"},
        {"AccelerateConfiguration", "ACCELERATE"}, {"RequestPayment", "REQUEST_PAYMENT"}, {"PublicAccessBlock", "PUBLIC_ACCESS_BLOCK"},
        {"OwnershipControls", "OWNERSHIP_CONTROLS"}, {"ObjectRetention", "OBJECT_LOCK_RETENTION"}, {"ObjectLegalHold", "OBJECT_LOCK_LEGALHOLD"},
        {"ObjectLockConfiguration", "OBJECT_LOCK_CONFIGURATION"}, {"InventoryConfiguration", "INVENTORY"}, {"MetricsConfiguration", "METRICS"}, {"AnalyticsConfiguration", "ANALYTICS"},
        {"IntelligentTieringConfiguration", "INTELLIGENT_TIERING"},
    };
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq(operation, str_of(names[i][0]))) return names[i][1];
    for (size_t i = 0; i < LENGTH(ends); i++)
        if (str_ends(operation, str_of(ends[i][0]))) return ends[i][1];
    return of_object ? "OBJECT" : "BUCKET";
}

static void add(struct buf *b, str field) {
    buf_char(b, ' ');
    buf_add(b, field.n ? field : S("-"));
}

static void add_quoted(struct buf *b, str field) {
    buf_add(b, S(" \""));
    if (!field.n) buf_char(b, '-');
    for (size_t i = 0; i < field.n; i++) /* what would end the field is written as it is in a URL */
        if (field.p[i] == '"' || (u8)field.p[i] < 0x20) buf_format(b, "%%%02X", (u8)field.p[i]);
        else buf_char(b, field.p[i]);
    buf_char(b, '"');
}

static void add_number(struct buf *b, u64 n) {
    if (n) buf_format(b, " %llu", (unsigned long long)n);
    else buf_add(b, S(" -"));
}

static void add_time(struct buf *b, i64 ms) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil_time t = civil_of(ms);
    buf_format(b, " [%02d/%s/%04lld:%02d:%02d:%02d +0000]", t.day, months[t.month - 1], (long long)t.year, t.hour, t.minute, t.second);
}

/* An account's root is its canonical id, others their ARN. */
static str requester(struct call *c) {
    const struct principal *p = c->principal;
    if (!p || p->kind == PRINCIPAL_ANONYMOUS) return (str){0};
    return p->kind == PRINCIPAL_ROOT ? s3_canonical_id(c, p->account) : p->arn;
}

struct record {
    str operation, key, version_id, error;
    int status;
    u64 size;
};

static void record_add(struct call *c, const struct observed *o, const struct call_ended *end, const struct record *r) {
    struct buf b = buf_new(c->arena, LINE_MAX);
    u64 ms = (u64)MAX(end->us / 1000, 1);
    buf_add(&b, s3_canonical_id(c, o->account));
    add(&b, o->bucket);
    add_time(&b, c->now_ms);
    add(&b, c->source_ip);
    add(&b, requester(c));
    add(&b, c->request_id);
    add(&b, r->operation);
    add(&b, r->key.n ? percent_encode(c->arena, percent_encode(c->arena, r->key, true), true) : r->key); /* twice, as S3 writes it */
    add_quoted(&b, arena_format(c->arena, "%.*s %.*s %.*s", STR_ARGS(end->method), STR_ARGS(end->target), STR_ARGS(end->version)));
    buf_format(&b, " %d", r->status);
    add(&b, r->error);
    add_number(&b, end->sent);
    add_number(&b, r->size);
    add_number(&b, ms);
    add_number(&b, ms);
    add_quoted(&b, end->referer);
    add_quoted(&b, end->user_agent);
    add(&b, r->version_id);
    add(&b, c->host_id);
    add(&b, end->signature ? end->signature == 4 ? S("SigV4") : S("SigV2") : (str){0});
    add(&b, end->tls_cipher);
    add(&b, end->signature ? end->in_query ? S("QueryString") : S("AuthHeader") : (str){0});
    add(&b, end->host);
    add(&b, end->tls_minor ? arena_format(c->arena, "TLSv1.%u", end->tls_minor) : (str){0});
    buf_add(&b, S(" - - "));
    buf_add(&b, o->region);
    if (!b.over) line_add(c, subject_of(c->arena, o->bucket_id), buf_str(&b));
}

void s3_access_log_add(struct call *c, const struct observed *o, const struct call_ended *end) {
    str name = wire_text(c->service->wire, c->op->name);
    bool copies = str_eq(name, S("CopyObject")) || str_eq(name, S("UploadPartCopy"));
    u64 size = o->size;
    if (str_eq(name, S("PutObject")) || str_eq(name, S("UploadPart"))) size = end->received;
    struct record r = {.key = o->key, .version_id = o->version_id, .error = end->error, .status = end->status, .size = size};
    r.operation = arena_format(c->arena, "REST.%.*s.%s", STR_ARGS(copies ? S("COPY") : end->method), resource_of(name, o->key.n > 0));
    record_add(c, o, end, &r);
    if (!str_eq(name, S("DeleteObjects")) || end->error.p || !c->input) return;
    const struct s3_delete_objects_request *in = c->input;
    for (u32 i = 0; in->delete && i < in->delete->objects.n; i++) {
        const struct s3_object_identifier *one = &in->delete->objects.v[i];
        record_add(c, o, end, &(struct record){.operation = S("BATCH.DELETE.OBJECT"), .key = one->key, .version_id = one->version_id, .status = 204});
    }
}

/* ---- delivery: files are made on a worker and put in the settling transaction ---- */

struct log_task {
    str account, bucket;
    u64 bucket_id;
    i64 from_ms;
};
static const struct record_field log_fields[] = {RECORD_STR(1, struct log_task, account), RECORD_STR(2, struct log_task, bucket),
                                                 RECORD_U64(3, struct log_task, bucket_id), RECORD_I64(4, struct log_task, from_ms)};
static const struct record_type log_record = RECORD_TYPE(struct log_task, log_fields);

static void schedule(struct call *c, const struct log_task *log) {
    i64 due = (c->now_ms / ROUND_MS + 1) * ROUND_MS;
    struct task task = {.kind = S("s3.access-log"), .key = arena_format(c->arena, "%llx", (unsigned long long)log->bucket_id),
                        .payload = record_encode(c->arena, &log_record, log), .due_ms = due};
    txn_task_set(c->txn, &task);
}

void s3_access_log_begin(struct call *c, const struct bucket_row *bucket) {
    schedule(c, &(struct log_task){bucket->account, bucket->name, bucket->id, c->now_ms});
}

struct log_file {
    i64 day_ms; /* of its events */
    struct buf text;
    struct stream *body;
    struct log_file *next;
};
struct round {
    struct arena *arena;
    struct store *store;
    struct log_file *files; /* newest first */
    bool by_day;
};

static bool collect(void *context, i64 time_ms, str line) {
    struct round *r = context;
    i64 day_ms = r->by_day ? time_ms / 86400000 * 86400000 : 0;
    if (!r->files || r->files->text.n + line.n >= FILE_MAX || r->files->day_ms != day_ms) {
        struct log_file *f = NEW(r->arena, struct log_file);
        *f = (struct log_file){.day_ms = day_ms, .text = buf_new(r->arena, FILE_MAX + 1), .next = r->files};
        r->files = f;
    }
    buf_add(&r->files->text, line);
    buf_char(&r->files->text, '\n');
    return true;
}

/* By the day of the events, where the keys shall say it. */
static bool by_event_time(const struct s3_logging_enabled *l) {
    const struct s3_target_object_key_format *f = l->target_object_key_format;
    return f && f->partitioned_prefix && str_eq(f->partitioned_prefix->partition_date_source, S("EventTime"));
}

static bool open_log(struct call *c, const struct log_task *log, struct bucket_row *bucket, struct s3_logging_enabled *logging) {
    return s3_bucket_own(c, log->account, log->bucket, bucket) && bucket->id == log->bucket_id
           && s3_config_get(c, bucket, S3_CONFIG_LOGGING, &s3_logging_record, logging);
}

err s3_access_log_make(struct arena *a, const struct task *task, str *result) {
    struct log_task log = {0};
    struct bucket_row bucket;
    struct s3_logging_enabled logging;
    struct round *r = NEW(a, struct round);
    ASSERT(record_decode(a, &log_record, task->payload, &log));
    struct txn *t = store_snapshot(task->store, a);
    *r = (struct round){.arena = a, .store = task->store};
    *result = (str){(const char *)r, sizeof *r}; /* of this process: settled in the same flight */
    if (txn_owner(t)) {
        struct call *c = call_for_task(t, &s3_service, log.account, S(""), task->due_ms);
        if (open_log(c, &log, &bucket, &logging)) {
            r->by_day = by_event_time(&logging);
            lines_read(c, subject_of(a, log.bucket_id), log.from_ms, task->due_ms - SECOND_MS, collect, r);
        }
        lines_trim(c, task->due_ms - KEEP_MS);
    }
    store_snapshot_end(t);
    for (struct log_file *f = r->files; f; f = f->next)
        if (!(f->body = stream_stage(task->store, a, buf_str(&f->text)))) return &store_unavailable;
    return NULL;
}

static str key_of(struct call *c, const struct bucket_row *source, const struct s3_logging_enabled *l, const struct log_file *f) {
    struct civil_time now = civil_of(c->now_ms), day = f->day_ms ? civil_of(f->day_ms) : now;
    str unique = id_from(c->arena, S("0123456789ABCDEF"), 16);
    str name = arena_format(c->arena, "%04lld-%02d-%02d-%02d-%02d-%02d-%.*s", (long long)day.year, day.month, day.day, day.hour, day.minute,
                            day.second, STR_ARGS(unique));
    if (!l->target_object_key_format || !l->target_object_key_format->partitioned_prefix) return arena_concat(c->arena, l->target_prefix, name);
    return arena_format(c->arena, "%.*s%.*s/%.*s/%.*s/%04lld/%02d/%02d/%.*s", STR_ARGS(l->target_prefix), STR_ARGS(source->account),
                        STR_ARGS(source->region), STR_ARGS(source->name), (long long)day.year, day.month, day.day, STR_ARGS(name));
}

err s3_access_log_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct log_task log = {0};
    struct bucket_row bucket;
    struct s3_logging_enabled logging;
    ASSERT(record_decode(txn_arena(t), &log_record, task->payload, &log));
    struct call *c = call_for_task(t, &s3_service, log.account, S(""), now_ms);
    if (!open_log(c, &log, &bucket, &logging)) return NULL; /* turned off, or the bucket is gone */
    c->region = bucket.region;
    const struct round *r = (const struct round *)(const void *)result.p;
    for (struct log_file *f = outcome ? NULL : r->files; f; f = f->next) {
        struct s3_delivery d = {.service = "logging.s3.amazonaws.com", .source = &bucket, .bucket = logging.target_bucket,
                                .key = key_of(c, &bucket, &logging, f), .content_type = S("text/plain"), .body = f->body, .by_list = true,
                                .grants = &logging.target_grants};
        size_t mark = txn_mark(t);
        if (s3_deliver(c, &d)) txn_undo(t, mark);
    }
    if (!outcome) log.from_ms = task->due_ms - SECOND_MS;
    schedule(c, &log);
    return NULL;
}
