/* The storage classes. Figures are of the S3 user guide: minimum durations and sizes; the usage types are those of S3's
 * usage reports. */
#include "services/s3/storage.h"

enum { SMALLEST_BILLED = 128 << 10 };
static const struct storage_class classes[] = {
    {"STANDARD", STORAGE_NORMAL, 0, false, 0, 0, "StandardStorage", "TimedStorage-ByteHrs", NULL, NULL},
    {"REDUCED_REDUNDANCY", STORAGE_NORMAL, 0, false, 0, 0, "ReducedRedundancyStorage", "TimedStorage-RRS-ByteHrs", NULL, NULL},
    {"STANDARD_IA", STORAGE_NORMAL, 1, false, 30, SMALLEST_BILLED, "StandardIAStorage", "TimedStorage-SIA-ByteHrs", "Retrieval-SIA", "EarlyDelete-SIA"},
    {"INTELLIGENT_TIERING", STORAGE_TIERING, 2, false, 0, 0, NULL, NULL, NULL, NULL},
    {"ONEZONE_IA", STORAGE_NORMAL, 3, true, 30, SMALLEST_BILLED, "OneZoneIAStorage", "TimedStorage-ZIA-ByteHrs", "Retrieval-ZIA", "EarlyDelete-ZIA"},
    {"GLACIER_IR", STORAGE_NORMAL, 4, false, 90, SMALLEST_BILLED, "GlacierInstantRetrievalStorage", "TimedStorage-GIR-ByteHrs", "Retrieval-GIR", "EarlyDelete-GIR"},
    {"GLACIER", STORAGE_ARCHIVE, 5, false, 90, 0, "GlacierStorage", "TimedStorage-GlacierByteHrs", NULL, "EarlyDelete-ByteHrs"},
    {"DEEP_ARCHIVE", STORAGE_ARCHIVE, 6, false, 180, 0, "DeepArchiveStorage", "TimedStorage-GDA-ByteHrs", NULL, "EarlyDelete-GDA"},
};

const struct storage_class *s3_storage_class(str name) {
    for (size_t i = 0; i < LENGTH(classes); i++)
        if (str_eq(name, str_of(classes[i].name))) return &classes[i];
    return NULL;
}

str s3_storage_shown(const struct object_row *object) {
    return str_eq(object->storage_class, S("STANDARD")) ? (str){0} : object->storage_class;
}

/* Two copies, where the data directory has two zones: an object outlives the loss of one. */
u32 s3_storage_zones(struct call *c, str name) {
    const struct storage_class *class = s3_storage_class(name);
    return txn_blob_spread(c->txn, class && class->one_zone ? 1 : 2);
}

void s3_storage_left_early(struct call *c, const struct object_row *object) {
    enum { HOUR_MS = 3600000 };
    const struct storage_class *class = s3_storage_of(object);
    if (!class || !class->early_usage || object->delete_marker) return;
    i64 left_ms = s3_stored_ms(object) + class->minimum_days * (i64)S3_DAY_MS - c->now_ms;
    u64 bytes = MAX(object->size, class->minimum_size);
    if (left_ms > 0) count_usage(c, str_of(class->early_usage), (double)bytes * (double)((left_ms + HOUR_MS - 1) / HOUR_MS));
}
