/* Storage classes: what each is, and in which state an object of one stands. */
#ifndef S3_STORAGE_H
#define S3_STORAGE_H

#include "services/s3/config.h"

enum storage_kind { STORAGE_NORMAL, STORAGE_TIERING, STORAGE_ARCHIVE };
struct storage_class {
    const char *name;
    u8 kind;         /* enum storage_kind */
    u8 rank;         /* lifecycle rules move objects only to a greater one */
    bool one_zone;
    u16 minimum_days;
    u32 minimum_size; /* bytes that are counted at least */
    const char *metric; /* StorageType of BucketSizeBytes; NULL: by tier */
    const char *storage_usage, *retrieval_usage, *early_usage; /* AWS's usage types; NULL: none */
};

/* ---- storage_class.c ---- */
/* NULL: no class of general purpose buckets. */
const struct storage_class *s3_storage_class(str name);
static inline const struct storage_class *s3_storage_of(const struct object_row *object) {
    return s3_storage_class(object->storage_class);
}

/* In which zones an object of this class stands. */
u32 s3_storage_zones(struct call *c, str class);
/* As answers say it: absent for STANDARD. */
str s3_storage_shown(const struct object_row *object);
/* Counts the days that are left of the class's minimum, when the object goes or moves. */
void s3_storage_left_early(struct call *c, const struct object_row *object);

/* ---- storage.c ---- */
/* Intelligent-Tiering moves by the days since the last read. */
enum storage_tier { TIER_FREQUENT, TIER_INFREQUENT, TIER_ARCHIVE_INSTANT, TIER_ARCHIVE, TIER_DEEP_ARCHIVE };
enum storage_tier s3_storage_tier(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);
extern const char *const s3_tier_usage[]; /* by enum storage_tier */
static inline str s3_archive_name(enum storage_tier archive) { return archive == TIER_ARCHIVE ? S("ARCHIVE_ACCESS") : S("DEEP_ARCHIVE_ACCESS"); }

/* Where the bytes are: InvalidObjectState when they are in an archive and not restored. */
MUST_USE err s3_storage_check(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object);
/* x-amz-restore; absent if nothing was restored. */
str s3_restore_shown(struct call *c, const struct object_row *object);
/* As listings say it, to who asked for it (x-amz-optional-object-attributes); NULL: nothing was restored. */
struct s3_restore_status *s3_restore_status(struct call *c, const struct object_row *object);
MUST_USE err s3_listing_attributes(struct call *c, const struct s3_optional_object_attributes_list *asked, bool *restores);
/* Reading `bytes` of it; and Intelligent-Tiering learns that somebody did. */
void s3_storage_was_read(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object, u64 bytes);
static inline i64 s3_stored_ms(const struct object_row *object) { return object->stored_ms ? object->stored_ms : object->modified_ms; }

enum { S3_DAY_MS = 86400000 };
/* The midnight (UTC) at or behind a time: when rules in days take effect. */
static inline i64 s3_midnight(i64 ms) { return (ms + S3_DAY_MS - 1) / S3_DAY_MS * S3_DAY_MS; }

#endif
