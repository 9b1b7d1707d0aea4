/* What S3 does with every bucket once a day, at midnight (UTC) of the cloud's clock: it counts what is
 * stored, in byte hours by class, and does what lifecycle rules want. A walk over the bucket's rows in
 * slices; each slice is a task that leaves the next one behind. */
#include "services/s3/lifecycle.h"
#include "services/s3/lock.h"
#include "services/s3/storage.h"
#include "services/s3/versions.h"

enum { SLICE_LOOKS = 2000, SLICE_CHANGES = 250, HOURS_OF_DAY = 24, CLASSES_MAX = 16 };

struct night_sum {
    str type; /* as CloudWatch names it: "StandardStorage" */
    u64 bytes;
};

/* Where the walk stands, between slices. */
struct night {
    str account, bucket;
    u64 bucket_id;
    bool uploads; /* objects are done */
    str after;    /* row key; absent: from the start */
    i64 newer_ms; /* of the last row: what rules ask of those before it */
    u64 newer_noncurrent;
    i64 midnight_ms;
    struct {
        struct night_sum *v;
        u32 n;
        bool set;
    } sums;      /* what was seen so far, by storage type */
    u64 objects;
};
static const struct record_field sum_fields[] = {RECORD_STR(1, struct night_sum, type), RECORD_U64(2, struct night_sum, bytes)};
static const struct record_type sum_record = RECORD_TYPE(struct night_sum, sum_fields);
static const struct record_field night_fields[] = {
    RECORD_STR(1, struct night, account), RECORD_STR(2, struct night, bucket), RECORD_U64(3, struct night, bucket_id),
    RECORD_BOOL(4, struct night, uploads), RECORD_STR(5, struct night, after),
    RECORD_I64(7, struct night, newer_ms), RECORD_U64(8, struct night, newer_noncurrent), RECORD_I64(9, struct night, midnight_ms),
    RECORD_LIST(10, struct night, sums, sum_record), RECORD_U64(11, struct night, objects),
};
static const struct record_type night_record = RECORD_TYPE(struct night, night_fields);

struct walker {
    struct call *c;
    struct bucket_row bucket;
    struct night *night;
    bool has_rules, has_archives;
    struct s3_lifecycle_row rules;
    struct {
        str usage;
        double bytes;
    } stored[CLASSES_MAX];
    u32 stored_count;
    u64 watched; /* objects that Intelligent-Tiering watches */
    int looks, changes;
};

static void schedule(struct call *c, struct night *night, i64 due_ms) {
    struct task task = {.kind = S("s3.night"), .key = arena_format(c->arena, "%llx", (unsigned long long)night->bucket_id),
                        .payload = record_encode(c->arena, &night_record, night), .due_ms = due_ms};
    txn_task_set(c->txn, &task);
}

void s3_night_begin(struct call *c, const struct bucket_row *bucket) {
    i64 midnight = s3_midnight(c->now_ms + 1);
    struct night night = {.account = bucket->account, .bucket = bucket->name, .bucket_id = bucket->id, .midnight_ms = midnight};
    schedule(c, &night, midnight);
}

/* ---- counting ---- */

static void add_stored(struct walker *w, const char *usage, u64 bytes) {
    str name = str_of(usage);
    u32 i = 0;
    while (i < w->stored_count && !str_eq(w->stored[i].usage, name)) i++;
    if (i == w->stored_count) {
        ASSERT(i < CLASSES_MAX);
        w->stored[w->stored_count++].usage = name;
    }
    w->stored[i].bytes += (double)bytes;
}

/* As they are, for CloudWatch; what is billed counts minimum sizes. */
static void add_sum(struct walker *w, const char *type, u64 bytes) {
    struct night *n = w->night;
    u32 i = 0;
    while (i < n->sums.n && !str_eq(n->sums.v[i].type, str_of(type))) i++;
    if (i == n->sums.n) {
        struct night_sum *v = NEW_ARRAY(w->c->arena, struct night_sum, n->sums.n + 1);
        if (n->sums.n) memcpy(v, n->sums.v, n->sums.n * sizeof *v);
        v[n->sums.n++].type = str_of(type);
        n->sums.v = v;
        n->sums.set = true;
    }
    n->sums.v[i].bytes += bytes;
}

/* Of one point in time a day: BucketSizeBytes by storage type, NumberOfObjects. */
static void count_sums(struct walker *w) {
    for (u32 i = 0; i < w->night->sums.n; i++)
        count_metric(w->c, S("BucketSizeBytes"), S("BucketName,StorageType"),
                     arena_format(w->c->arena, "%.*s,%.*s", STR_ARGS(w->bucket.name), STR_ARGS(w->night->sums.v[i].type)), (double)w->night->sums.v[i].bytes, S("Bytes"));
    if (w->night->objects)
        count_metric(w->c, S("NumberOfObjects"), S("BucketName,StorageType"), arena_format(w->c->arena, "%.*s,AllStorageTypes", STR_ARGS(w->bucket.name)),
                     (double)w->night->objects, S("Count"));
}

static void count_object(struct walker *w, str key, const struct object_row *object) {
    enum { WATCHED_MIN = 128 << 10 };
    static const char *const tiers[] = {"IntelligentTieringFAStorage", "IntelligentTieringIAStorage", "IntelligentTieringAIAStorage",
                                        "IntelligentTieringAAStorage", "IntelligentTieringDAAStorage"};
    const struct storage_class *class = s3_storage_of(object);
    w->night->objects++; /* markers too */
    if (!class || object->delete_marker) return;
    add_sum(w, class->kind == STORAGE_TIERING ? tiers[s3_storage_tier(w->c, &w->bucket, key, object)] : class->metric, object->size);
    if (class->kind == STORAGE_TIERING) {
        add_stored(w, s3_tier_usage[s3_storage_tier(w->c, &w->bucket, key, object)], object->size);
        w->watched += object->size >= WATCHED_MIN;
        return;
    }
    add_stored(w, class->storage_usage, MAX(object->size, class->minimum_size));
    bool copied = object->restore_ready_ms && object->restore_ready_ms <= w->c->now_ms && w->c->now_ms < object->restore_until_ms;
    if (copied) add_stored(w, "TimedStorage-ByteHrs", object->size); /* the copy out of the archive */
}

static void count_stored(struct walker *w) {
    for (u32 i = 0; i < w->stored_count; i++) {
        count_usage(w->c, w->stored[i].usage, w->stored[i].bytes * HOURS_OF_DAY);
        w->stored[i].bytes = 0;
    }
    w->stored_count = 0;
    /* Watching is paid by the month: counted on its first day. */
    if (w->watched && civil_of(w->night->midnight_ms).day == 1) count_usage(w->c, S("Monitoring-Automation-INT"), (double)w->watched);
    w->watched = 0;
}

/* ---- rules ---- */

static bool is_alone(struct walker *w, str key) {
    str from = s3_object_key(w->c, &w->bucket, key, 1), row_key, value;
    struct range others = txn_range(w->c->txn, from, s3_key_after_string(w->c, s3_objects_prefix(w->c, &w->bucket), key));
    return !range_next(&others, &row_key, &value);
}

static void expire(struct walker *w, str key, struct object_row *object) {
    struct object_row marker;
    bool hides = !object->order && !object->delete_marker && w->bucket.versioning;
    if (!hides && s3_lock_holds(object, w->c->now_ms)) return;
    if (hides) s3_object_hide(w->c, &w->bucket, key, &marker, S("Lifecycle Expiration"));
    else s3_object_remove(w->c, &w->bucket, key, object, S("Lifecycle Expiration"));
    w->changes++;
}

/* DIFFERS: the bytes stay in the zones where they are, also when they move to ONEZONE_IA. */
static void move(struct walker *w, str key, struct object_row *object, str class) {
    s3_storage_left_early(w->c, object);
    object->storage_class = class;
    object->stored_ms = w->c->now_ms;
    s3_version_update(w->c, &w->bucket, key, object);
    count_usage(w->c, S("Requests-Tier1"), 1);
    s3_event_class_changed(w->c, &w->bucket, key, object);
    w->changes++;
}

static void judge(struct walker *w, str key, struct object_row *object) {
    struct night *n = w->night;
    if (!object->order) n->newer_noncurrent = 0;
    struct lifecycle_subject s = {.key = key, .object = object, .since_ms = n->newer_ms, .newer_noncurrent = (u32)n->newer_noncurrent};
    s.alone = !object->order && object->delete_marker && is_alone(w, key);
    struct lifecycle_verdict v = s3_lifecycle_judge(&w->rules, &s, w->c->now_ms);
    if (object->order) n->newer_noncurrent++;
    n->newer_ms = object->modified_ms;
    if (v.act == LIFECYCLE_EXPIRE) expire(w, key, object);
    else if (v.act == LIFECYCLE_TRANSITION) move(w, key, object, v.class);
}

/* An archive tier begins by itself; here it is told of, once. */
static void tell_tier(struct walker *w, str key, struct object_row *object) {
    const struct storage_class *class = s3_storage_of(object);
    if (!class || class->kind != STORAGE_TIERING || object->delete_marker) return;
    enum storage_tier tier = s3_storage_tier(w->c, &w->bucket, key, object);
    i32 archive = tier >= TIER_ARCHIVE ? (i32)tier : TIER_FREQUENT;
    if (archive == object->told_tier) return;
    object->told_tier = archive;
    s3_version_update(w->c, &w->bucket, key, object);
    if (archive) s3_event_archived(w->c, &w->bucket, key, object, s3_archive_name(tier));
    w->changes++;
}

/* ---- the walk ---- */

static bool has_room(const struct walker *w) { return w->looks < SLICE_LOOKS && w->changes < SLICE_CHANGES; }

/* True: all rows were seen. A change may move rows behind the walk: markers that it made itself are new
 * today, and what takes an expired version's place is judged tomorrow. */
static bool walk_objects(struct walker *w) {
    struct call *c = w->c;
    str base = s3_objects_prefix(c, &w->bucket), row_key, value, from = w->night->after.p ? w->night->after : base;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, base));
    while (has_room(w)) {
        struct object_row object = {0};
        str key;
        u64 order;
        if (!range_next(&rows, &row_key, &value)) return true;
        w->looks++;
        str rest = str_skip(row_key, base.n);
        ASSERT(key_read_str(&rest, c->arena, &key) && key_read_u64(&rest, &order));
        w->night->after = s3_object_key(c, &w->bucket, key, order + 1);
        ASSERT(record_decode(c->arena, &s3_object_record, w->has_rules || w->has_archives ? arena_str(c->arena, value) : value, &object));
        object.order = order;
        count_object(w, key, &object);
        if (w->has_archives) tell_tier(w, key, &object);
        if (w->has_rules) judge(w, key, &object);
    }
    return false;
}

static bool walk_uploads(struct walker *w) {
    struct call *c = w->c;
    str base = s3_uploads_prefix(c, &w->bucket), row_key, value, from = w->night->after.p ? w->night->after : base;
    if (!w->has_rules) return true;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, base));
    while (has_room(w)) {
        struct upload_row upload = {0};
        str key;
        if (!range_next(&rows, &row_key, &value)) return true;
        w->looks++;
        str rest = str_skip(row_key, base.n);
        ASSERT(key_read_str(&rest, c->arena, &key));
        row_key = arena_str(c->arena, row_key);
        w->night->after = key_after_prefix(c->arena, row_key);
        ASSERT(record_decode(c->arena, &s3_upload_record, arena_str(c->arena, value), &upload));
        i32 days = s3_lifecycle_abort_days(&w->rules, key);
        if (!days || s3_midnight(upload.initiated_ms + days * (i64)S3_DAY_MS) > c->now_ms) continue;
        s3_parts_sweep(c, &w->bucket, upload.id, true);
        txn_delete(c->txn, row_key);
        w->changes += SLICE_CHANGES / 4; /* its parts go too */
    }
    return false;
}

err s3_night_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct night night = {0};
    ASSERT(record_decode(txn_arena(t), &night_record, task->payload, &night));
    struct call *c = call_for_task(t, &s3_service, night.account, S(""), now_ms);
    struct walker *w = NEW(c->arena, struct walker);
    *w = (struct walker){.c = c, .night = &night};
    if (!s3_bucket_own(c, night.account, night.bucket, &w->bucket) || w->bucket.id != night.bucket_id) return NULL; /* deleted */
    c->region = w->bucket.region;
    w->has_rules = s3_config_get(c, &w->bucket, S3_CONFIG_LIFECYCLE, &s3_lifecycle_record, &w->rules);
    w->has_archives = s3_configured(&w->bucket, S3_CONFIG_TIERING);
    if (!night.uploads && walk_objects(w)) {
        night.uploads = true;
        night.after = (str){0};
    }
    bool done = night.uploads && walk_uploads(w);
    count_stored(w);
    if (done) count_sums(w);
    if (done) s3_night_begin(c, &w->bucket);
    else schedule(c, &night, now_ms);
    return NULL;
}
