/* In which state an object of a class stands: its tier (Intelligent-Tiering's days are of the S3 user guide), its archive,
 * and what reading it counts. */
#include "services/s3/storage.h"
#include "services/s3/versions.h"

enum { SMALL = 128 << 10 };

/* ---- Intelligent-Tiering ---- */

const char *const s3_tier_usage[] = {"TimedStorage-INT-FA-ByteHrs", "TimedStorage-INT-IA-ByteHrs", "TimedStorage-INT-AIA-ByteHrs",
                                     "TimedStorage-INT-AA-ByteHrs", "TimedStorage-INT-DAA-ByteHrs"};

/* Days after which the opted-in archive tiers begin; 0: never. The shortest of the configurations. */
static void archive_days(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, i32 *archive,
                         i32 *deep) {
    str prefix = s3_config_key(c, bucket, S3_CONFIG_TIERING, (str){0}), row_key, value;
    *archive = *deep = 0;
    if (!s3_configured(bucket, S3_CONFIG_TIERING)) return;
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&rows, &row_key, &value)) {
        struct s3_intelligent_tiering_configuration row = {0};
        ASSERT(record_decode(c->arena, &s3_tiering_record, value, &row));
        if (!str_eq(row.status, S("Enabled")) || (row.filter && !s3_filter_means(S3_FILTER_OF(row.filter), key, object))) continue;
        for (u32 i = 0; i < row.tierings.n; i++) {
            i32 *days = str_eq(row.tierings.v[i].access_tier, S("ARCHIVE_ACCESS")) ? archive : deep;
            if (!*days || row.tierings.v[i].days.v < *days) *days = row.tierings.v[i].days.v;
        }
    }
}

enum storage_tier s3_storage_tier(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    enum { INFREQUENT_DAYS = 30, ARCHIVE_INSTANT_DAYS = 90 };
    i64 last = MAX(object->accessed_ms, s3_stored_ms(object)), idle = (c->now_ms - last) / S3_DAY_MS;
    i32 archive, deep;
    if (object->size < SMALL) return TIER_FREQUENT; /* never watched, never moved */
    if (idle < INFREQUENT_DAYS) return TIER_FREQUENT;
    archive_days(c, bucket, key, object, &archive, &deep);
    if (deep && idle >= deep) return TIER_DEEP_ARCHIVE;
    if (archive && idle >= archive) return TIER_ARCHIVE;
    return idle >= ARCHIVE_INSTANT_DAYS ? TIER_ARCHIVE_INSTANT : TIER_INFREQUENT;
}

/* ---- archives ---- */

static bool restored(const struct object_row *object, i64 now_ms) {
    return object->restore_ready_ms && object->restore_ready_ms <= now_ms && now_ms < object->restore_until_ms;
}

err s3_storage_check(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    const struct storage_class *class = s3_storage_of(object);
    if (!class || class->kind == STORAGE_NORMAL) return NULL;
    if (class->kind == STORAGE_ARCHIVE && restored(object, c->now_ms)) return NULL;
    if (class->kind == STORAGE_TIERING) {
        enum storage_tier tier = s3_storage_tier(c, bucket, key, object);
        if (tier < TIER_ARCHIVE) return NULL;
        fail_detail(c, S("AccessTier"), s3_archive_name(tier));
    }
    fail_detail(c, S("StorageClass"), object->storage_class);
    return fail(c, &s3_invalid_object_state, "The operation is not valid for the object's storage class");
}

str s3_restore_shown(struct call *c, const struct object_row *object) {
    if (!object->restore_ready_ms || c->now_ms >= object->restore_until_ms) return (str){0};
    if (c->now_ms < object->restore_ready_ms) return S("ongoing-request=\"true\"");
    struct buf date = buf_new(c->arena, 64);
    buf_http_date(&date, object->restore_until_ms);
    return arena_format(c->arena, "ongoing-request=\"false\", expiry-date=\"%.*s\"", STR_ARGS(buf_str(&date)));
}

struct s3_restore_status *s3_restore_status(struct call *c, const struct object_row *object) {
    if (!object->restore_ready_ms || c->now_ms >= object->restore_until_ms) return NULL;
    struct s3_restore_status *status = NEW(c->arena, struct s3_restore_status);
    status->is_restore_in_progress = SOME_BOOL(c->now_ms < object->restore_ready_ms);
    if (!status->is_restore_in_progress.v) status->restore_expiry_date = SOME_TIME(object->restore_until_ms);
    return status;
}

err s3_listing_attributes(struct call *c, const struct s3_optional_object_attributes_list *asked, bool *restores) {
    *restores = false;
    for (u32 i = 0; i < asked->n; i++) {
        str rest = asked->v[i]; /* some clients send the list as one value */
        while (rest.p) {
            str one = str_trim(str_cut(&rest, ','));
            if (!str_eq(one, S("RestoreStatus"))) return s3_fail_argument(c, "x-amz-optional-object-attributes", one, "Invalid attribute name specified");
            *restores = true;
        }
    }
    return NULL;
}

/* ---- who reads it ---- */

static void access_later(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    struct version_at at = s3_version_at(bucket, key, object);
    at.at_ms = c->now_ms;
    struct task task = {.kind = S("s3.accessed"),
                        .key = s3_version_task_key(c, bucket, object),
                        .payload = record_encode(c->arena, &s3_version_at_record, &at)};
    task_later(c, &task);
}

void s3_storage_was_read(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, u64 bytes) {
    const struct storage_class *class = s3_storage_of(object);
    if (!class) return;
    if (class->retrieval_usage && bytes) count_usage(c, str_of(class->retrieval_usage), (double)bytes);
    bool stale = c->now_ms - MAX(object->accessed_ms, s3_stored_ms(object)) > S3_DAY_MS; /* a write a day at most */
    if (class->kind == STORAGE_TIERING && object->size >= SMALL && stale) access_later(c, bucket, key, object);
}

err s3_accessed_run(struct txn *t, const struct task *task, i64 now_ms) {
    struct call *c;
    struct bucket_row bucket;
    struct version_at at;
    struct object_row object;
    if (!s3_version_of_task(t, task, now_ms, &c, &bucket, &at, &object)) return NULL;
    object.accessed_ms = MAX(object.accessed_ms, at.at_ms);
    s3_version_update(c, &bucket, at.key, &object);
    return NULL;
}
