/* Any bytes as a reference or as a row of the blob part: refused, or the same again after encoding. */
#include "store/blob_internal.h"

static void reference(struct arena *a, str bytes) {
    struct blob_reference r, again;
    if (!reference_decode(bytes, &r) || r.kind == BLOB_INLINE) return;
    ASSERT(reference_decode(reference_encode(a, r.kind, r.id, r.length), &again));
    ASSERT(again.kind == r.kind && again.id == r.id && again.length == r.length);
    ASSERT(blob_length(bytes) == r.length);
}

static void row(struct arena *a, str bytes) {
    struct blob_row r, again;
    struct segment_row s;
    (void)segment_row_decode(bytes, &s);
    if (!blob_row_decode(bytes, &r)) return;
    ASSERT(blob_row_decode(blob_row_encode(a, &r), &again));
    ASSERT(again.kind == r.kind && again.length == r.length && again.segment == r.segment && again.offset == r.offset);
    ASSERT(str_eq(again.parts, r.parts) && memcmp(again.wrapped, r.wrapped, WRAPPED_KEY) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = {0};
    str bytes = {(const char *)data, size};
    reference(&a, bytes);
    row(&a, bytes);
    arena_free(&a);
    return 0;
}
