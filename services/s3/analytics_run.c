/* The daily round of storage class analysis, at midnight (UTC) of the cloud's clock: a worker walks over the bucket in
 * slices and counts what is stored by age, then adds what was read since the round before; the day's lines and the sums of
 * all days are rows, the file is written anew from them. DIFFERS: the file's name and, for want of AWS's own figure, when
 * an age group counts as rarely read: when less than all of it is read within 30 days. */
#include "services/s3/analytics.h"
#include "services/s3/delivery.h"
#include "services/s3/storage.h"

enum { AGES = 12, ALL = AGES, GROUPS = AGES + 1, CLASSES = 2, COUNTS = CLASSES * GROUPS };
enum { SLICE = 50000, SMALL = 128 << 10, OBSERVED_DAYS = 30, DAY_BYTES = 16 << 10, FILE_BYTES = 64 << 20, LINE_MAX = 100 << 10 };

static const char *const class_names[CLASSES] = {"STANDARD", "STANDARD_IA"};
static const struct {
    const char *name;
    i64 from; /* days */
} ages[GROUPS] = {{"000-014", 0},   {"015-029", 15},  {"030-044", 30},  {"045-059", 45},  {"060-074", 60},  {"075-089", 75}, {"090-119", 90},
                  {"120-149", 120}, {"150-179", 150}, {"180-364", 180}, {"365-729", 365}, {"730+", 730}, {"ALL", 0}};

struct count { /* of one class and age group */
    u64 objects, stored, retrieved, gets;
};
struct counts {
    struct count *v; /* COUNTS of them, class by class */
    u32 n;
    bool set;
};
struct round { /* between its slices */
    str account, bucket, id;
    u64 bucket_id;
    i64 midnight_ms;
    str after; /* row key; absent: from the start */
    struct counts day;
    u64 uploaded[CLASSES];
};
struct past { /* the sums of the days before */
    u64 days;
    struct counts sums;
    i64 recommended; /* on the last of them; days */
};

#define FIELDS(name) static const struct record_field name##_fields[] =
#define TYPE(name) static const struct record_type name##_record = RECORD_TYPE(struct name, name##_fields)
FIELDS(count) {RECORD_U64(1, struct count, objects), RECORD_U64(2, struct count, stored), RECORD_U64(3, struct count, retrieved), RECORD_U64(4, struct count, gets)};
TYPE(count);
FIELDS(round) {RECORD_STR(1, struct round, account), RECORD_STR(2, struct round, bucket), RECORD_STR(3, struct round, id), RECORD_U64(4, struct round, bucket_id),
               RECORD_I64(5, struct round, midnight_ms), RECORD_STR(6, struct round, after), RECORD_LIST(7, struct round, day, count_record),
               RECORD_U64(8, struct round, uploaded[0]), RECORD_U64(9, struct round, uploaded[1])};
TYPE(round);
FIELDS(past) {RECORD_U64(1, struct past, days), RECORD_LIST(2, struct past, sums, count_record), RECORD_I64(3, struct past, recommended)};
TYPE(past);

/* ---- rows: "id/" has the sums, "id/date" the lines of a day ---- */

static str day_key(struct call *c, const struct bucket_row *bucket, str id, str date) {
    return s3_config_key(c, bucket, S3_CONFIG_ANALYTICS_DAYS, arena_format(c->arena, "%.*s/%.*s", STR_ARGS(id), STR_ARGS(date)));
}

static struct range days_of(struct call *c, const struct bucket_row *bucket, str id) {
    str base = s3_config_key(c, bucket, S3_CONFIG_ANALYTICS_DAYS, (str){0});
    str first = s3_key_with_prefix(c, base, arena_concat(c->arena, id, S("/")));
    return txn_range(c->txn, first, key_after_prefix(c->arena, first));
}

static str subject_of(struct arena *a, u64 bucket_id) { return arena_format(a, "s3-analytics %llx", (unsigned long long)bucket_id); }

static struct counts counts_new(struct arena *a) {
    struct counts all = {.v = NEW_ARRAY(a, struct count, COUNTS), .n = COUNTS, .set = true};
    memset(all.v, 0, COUNTS * sizeof *all.v);
    return all;
}

static int class_of(str name) { return str_eq(name, str_of(class_names[0])) ? 0 : str_eq(name, str_of(class_names[1])) ? 1 : -1; }

static int age_of(i64 days) {
    int age = AGES - 1;
    while (age && days < ages[age].from) age--;
    return age;
}

/* ---- when ---- */

static str task_key(struct arena *a, u64 bucket_id, str id) { return arena_format(a, "%llx/%.*s", (unsigned long long)bucket_id, STR_ARGS(id)); }

static void schedule(struct call *c, const struct round *r, i64 due_ms) {
    struct task task = {.kind = S("s3.analytics"), .key = task_key(c->arena, r->bucket_id, r->id), .payload = record_encode(c->arena, &round_record, r),
                        .due_ms = due_ms};
    txn_task_set(c->txn, &task);
}

void s3_analytics_begin(struct call *c, const struct bucket_row *bucket, str id) {
    struct round r = {.account = bucket->account, .bucket = bucket->name, .id = id, .bucket_id = bucket->id, .midnight_ms = s3_midnight(c->now_ms + 1)};
    schedule(c, &r, r.midnight_ms);
}

/* A row a day was kept, so that they are few enough for one commit. */
void s3_analytics_end(struct call *c, const struct bucket_row *bucket, str id) {
    struct range days = days_of(c, bucket, id);
    str key, value;
    while (range_next(&days, &key, &value)) txn_delete(c->txn, arena_str(c->arena, key));
    txn_task_cancel(c->txn, S("s3.analytics"), task_key(c->arena, bucket->id, id));
}

/* ---- what is read ---- */

void s3_analytics_saw(struct call *c, const struct observed *o, u64 sent) {
    if (class_of(o->storage_class) < 0) return;
    struct buf b = buf_new(c->arena, LINE_MAX);
    buf_format(&b, "%llu %lld %llu %d %.*s", (unsigned long long)sent, (long long)((c->now_ms - o->modified_ms) / S3_DAY_MS), (unsigned long long)o->size,
               class_of(o->storage_class), STR_ARGS(o->analysed));
    line_add(c, subject_of(c->arena, o->bucket_id), buf_str(&b));
}

static bool among(str ids, str id) {
    while (ids.p)
        if (str_eq(str_cut(&ids, ','), id)) return true;
    return false;
}

static bool add_read(void *context, i64 time_ms, str line) {
    struct round *r = context;
    u64 v[4]; /* sent, days, size, class */
    (void)time_ms;
    for (int i = 0; i < 4; i++)
        if (!str_to_u64(str_cut(&line, ' '), &v[i])) return true; /* not ours */
    if (v[3] >= CLASSES || !among(line, r->id)) return true;
    struct count *of = &r->day.v[v[3] * GROUPS];
    for (int k = 0; k < 2; k++) {
        struct count *n = &of[k ? ALL : age_of((i64)v[1])];
        if (!k && v[2] < SMALL) continue;
        n->retrieved += v[0];
        n->gets++;
    }
    return true;
}

/* ---- what is stored ---- */

static void add_stored(struct round *r, const struct object_row *o) {
    int class = class_of(o->storage_class);
    if (class < 0) return;
    struct count *of = &r->day.v[class * GROUPS];
    i64 age_ms = MAX(r->midnight_ms - o->modified_ms, 0);
    struct count *n = &of[age_of(age_ms / S3_DAY_MS)];
    if (o->size >= SMALL) {
        n->objects++;
        n->stored += o->size;
    }
    of[ALL].objects++;
    of[ALL].stored += o->size;
    if (age_ms < S3_DAY_MS) r->uploaded[class] += o->size;
}

/* True: all rows were seen. */
static bool walk(struct call *c, const struct bucket_row *bucket, const struct s3_analytics_configuration *a, struct round *r) {
    struct s3_filter filter = {0};
    if (a->filter) filter = S3_FILTER_OF(a->filter);
    str base = s3_objects_prefix(c, bucket), first = s3_key_with_prefix(c, base, filter.prefix), row_key, value;
    struct range rows = txn_range(c->txn, r->after.p ? r->after : first, key_after_prefix(c->arena, first));
    for (int n = 0; n < SLICE; n++) {
        struct object_row object = {0};
        str key;
        u64 order;
        if (!range_next(&rows, &row_key, &value)) return true;
        str rest = str_skip(row_key, base.n);
        ASSERT(key_read_str(&rest, c->arena, &key) && key_read_u64(&rest, &order));
        r->after = s3_object_key(c, bucket, key, order + 1);
        ASSERT(record_decode(c->arena, &s3_object_record, value, &object));
        if (!order && !object.delete_marker && s3_filter_means(filter, key, &object)) add_stored(r, &object);
    }
    return false;
}

/* ---- the lines of a day ---- */

static void sum_up(struct past *p, const struct round *r) {
    p->days++;
    for (int i = 0; i < COUNTS; i++) {
        p->sums.v[i].stored += r->day.v[i].stored;
        p->sums.v[i].retrieved += r->day.v[i].retrieved;
    }
}

/* How often on average what was stored has been read, in all the days seen. */
static double read_ratio(const struct past *p, const struct count *sum) {
    return sum->stored ? (double)sum->retrieved * (double)p->days / (double)sum->stored : 0;
}

/* From which age on objects are better in STANDARD_IA, in days; 0: nothing can be said. */
static i64 recommend(const struct past *p) {
    i64 from = 0;
    if (p->days < OBSERVED_DAYS) return 0;
    for (int age = AGES - 1; age >= 0 && ages[age].from >= OBSERVED_DAYS; age--) {
        const struct count *sum = &p->sums.v[age];
        if (sum->stored && read_ratio(p, sum) / (double)p->days * OBSERVED_DAYS >= 1) break;
        if (sum->stored || from) from = ages[age].from;
    }
    return from;
}

static str filter_text(struct call *c, const struct s3_analytics_filter *f) {
    struct s3_filter filter = {0};
    struct buf b = buf_new(c->arena, 8 << 10);
    if (f) filter = S3_FILTER_OF(f);
    buf_add(&b, percent_encode(c->arena, filter.prefix, true));
    for (u32 i = 0; i < filter.tag_count; i++)
        buf_format(&b, "%s%.*s:%.*s", b.n ? ";" : "", STR_ARGS(percent_encode(c->arena, filter.tags[i].key, true)),
                   STR_ARGS(percent_encode(c->arena, filter.tags[i].value, true)));
    return buf_str(&b);
}

static void megabytes(struct buf *b, u64 bytes) { buf_format(b, ",%.6f", (double)bytes / (1 << 20)); }

static void line(struct buf *b, const struct round *r, const struct past *p, int class, int age, str date, str filter) {
    const struct count *n = &r->day.v[class * GROUPS + age];
    bool all = age == ALL, told = all && !class && p->recommended;
    buf_format(b, "%.*s,%.*s,%.*s,%s,%s,%llu", STR_ARGS(date), STR_ARGS(r->id), STR_ARGS(filter), class_names[class], ages[age].name, (unsigned long long)n->objects);
    if (all) megabytes(b, r->uploaded[class]);
    else buf_char(b, ',');
    megabytes(b, n->stored);
    megabytes(b, n->retrieved);
    buf_format(b, ",%llu,%.6f", (unsigned long long)n->gets, read_ratio(p, &p->sums.v[class * GROUPS + age]));
    if (told) buf_format(b, ",%lld,%lld\n", (long long)p->recommended, (long long)p->recommended);
    else buf_add(b, S(",,\n"));
}

static str day_lines(struct call *c, const struct round *r, const struct past *p, const struct s3_analytics_filter *f) {
    struct buf b = buf_new(c->arena, DAY_BYTES * CLASSES * GROUPS);
    struct civil_time t = civil_of(r->midnight_ms - S3_DAY_MS);
    str date = arena_format(c->arena, "%02d-%02d-%04lld", t.month, t.day, (long long)t.year), filter = filter_text(c, f);
    for (int class = 0; class < CLASSES; class++)
        for (int age = 0; age < GROUPS; age++) {
            const struct count *n = &r->day.v[class * GROUPS + age];
            if (n->objects || n->gets || (!class && age == ALL)) line(&b, r, p, class, age, date, filter);
        }
    return buf_str(&b);
}

/* ---- a slice: on a worker ---- */

struct slice {
    struct round round;
    struct past past;
    str lines; /* of the day */
    struct stream *file;
    bool done;
};

static bool open_round(struct call *c, const struct round *r, struct bucket_row *bucket, struct s3_analytics_configuration *a) {
    return s3_bucket_own(c, r->account, r->bucket, bucket) && bucket->id == r->bucket_id
           && s3_config_find(c, bucket, S3_CONFIG_ANALYTICS, r->id, &s3_analytics_record, a);
}

static const struct s3_analytics_s3_bucket_destination *destination(const struct s3_analytics_configuration *a) {
    const struct s3_storage_class_analysis_data_export *export = a->storage_class_analysis->data_export;
    return export ? export->destination->s3_bucket_destination : NULL;
}

static str file_text(struct call *c, const struct bucket_row *bucket, const struct slice *s) {
    struct buf b = buf_new(c->arena, FILE_BYTES);
    struct range days = days_of(c, bucket, s->round.id);
    str key, value;
    buf_add(&b, S("Date,ConfigId,Filter,StorageClass,ObjectAge,ObjectCount,DataUploaded_MB,Storage_MB,DataRetrieved_MB,GetRequestCount,CumulativeAccessRatio,"
                  "ObjectAgeForSIATransition,RecommendedObjectAgeForSIATransition\n"));
    for (bool first = true; range_next(&days, &key, &value); first = false)
        if (!first || !s->past.days) buf_add(&b, value); /* the sums come first */
    buf_add(&b, s->lines);
    return buf_str(&b);
}

static bool finish(struct call *c, struct store *store, const struct bucket_row *bucket, const struct s3_analytics_configuration *a, struct slice *s) {
    struct round *r = &s->round;
    str value;
    lines_read(c, subject_of(c->arena, r->bucket_id), r->midnight_ms - S3_DAY_MS, r->midnight_ms, add_read, r);
    bool known = txn_get(c->txn, day_key(c, bucket, r->id, S("")), &value);
    if (known) ASSERT(record_decode(c->arena, &past_record, arena_str(c->arena, value), &s->past));
    if (s->past.sums.n != COUNTS) s->past.sums = counts_new(c->arena);
    struct past with = s->past;
    with.sums = counts_new(c->arena);
    memcpy(with.sums.v, s->past.sums.v, COUNTS * sizeof *with.sums.v);
    sum_up(&with, r);
    with.recommended = recommend(&with);
    s->lines = day_lines(c, r, &with, a->filter);
    bool staged = !destination(a) || (s->file = stream_stage(store, c->arena, file_text(c, bucket, s)));
    s->past = with;
    return staged;
}

err s3_analytics_make(struct arena *arena, const struct task *task, str *result) {
    struct slice *s = NEW(arena, struct slice);
    struct bucket_row bucket;
    struct s3_analytics_configuration a = {0};
    bool staged = true;
    struct txn *t = store_snapshot(task->store, arena);
    *result = (str){(const char *)s, sizeof *s}; /* of this process: settled in the same flight */
    *s = (struct slice){.done = true};
    ASSERT(record_decode(arena, &round_record, task->payload, &s->round));
    if (s->round.day.n != COUNTS) s->round.day = counts_new(arena);
    if (txn_owner(t)) {
        struct call *c = call_for_task(t, &s3_service, s->round.account, S(""), s->round.midnight_ms);
        if (open_round(c, &s->round, &bucket, &a)) {
            s->done = walk(c, &bucket, &a, &s->round);
            if (s->done) staged = finish(c, task->store, &bucket, &a, s);
            lines_trim(c, s->round.midnight_ms - 2 * (i64)S3_DAY_MS);
        }
    }
    store_snapshot_end(t);
    return staged ? NULL : &store_unavailable;
}

/* ---- settling ---- */

static void keep_day(struct call *c, const struct bucket_row *bucket, const struct slice *s) {
    struct civil_time t = civil_of(s->round.midnight_ms - S3_DAY_MS);
    str date = arena_format(c->arena, "%04lld-%02d-%02d", (long long)t.year, t.month, t.day);
    txn_put(c->txn, day_key(c, bucket, s->round.id, S("")), record_encode(c->arena, &past_record, &s->past));
    txn_put(c->txn, day_key(c, bucket, s->round.id, date), s->lines);
}

/* What the destination refuses is not written; the next round brings it. */
static void deliver(struct call *c, const struct bucket_row *bucket, const struct s3_analytics_configuration *a, const struct slice *s) {
    const struct s3_analytics_s3_bucket_destination *to = destination(a);
    struct arn arn;
    if (!to || !s->file || !arn_parse(to->bucket, &arn)) return;
    str key = arena_format(c->arena, "%.*s%s%.*s/%.*s.csv", STR_ARGS(to->prefix), to->prefix.n && !str_ends(to->prefix, S("/")) ? "/" : "",
                           STR_ARGS(bucket->name), STR_ARGS(s->round.id));
    struct s3_delivery out = {.service = "s3.amazonaws.com", .source = bucket, .bucket = arn.resource, .account = to->bucket_account_id, .key = key,
                              .content_type = S("text/csv"), .body = s->file};
    size_t mark = txn_mark(c->txn);
    if (s3_deliver(c, &out)) txn_undo(c->txn, mark);
}

err s3_analytics_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct round r = {0};
    struct bucket_row bucket;
    struct s3_analytics_configuration a = {0};
    ASSERT(record_decode(txn_arena(t), &round_record, task->payload, &r));
    struct call *c = call_for_task(t, &s3_service, r.account, S(""), now_ms);
    if (!open_round(c, &r, &bucket, &a)) return NULL; /* turned off, or the bucket is gone */
    c->region = bucket.region;
    if (outcome) return schedule(c, &r, now_ms + 1000), NULL;
    const struct slice *s = (const struct slice *)(const void *)result.p;
    if (!s->done) return schedule(c, &s->round, 0), NULL;
    keep_day(c, &bucket, s);
    deliver(c, &bucket, &a, s);
    struct round next = {.account = r.account, .bucket = r.bucket, .id = r.id, .bucket_id = r.bucket_id, .midnight_ms = r.midnight_ms + S3_DAY_MS};
    schedule(c, &next, next.midnight_ms);
    return NULL;
}
