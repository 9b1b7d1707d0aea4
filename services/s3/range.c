/* The Range header (RFC 9110, section 14). S3 serves one range; what is malformed, of another unit or
 * several ranges is ignored and answered with the whole object. */
#include "services/s3/s3.h"

enum range_result s3_range_parse(str header, u64 size, u64 *first, u64 *length) {
    *first = 0;
    *length = size;
    if (!str_starts(header, S("bytes="))) return RANGE_WHOLE;
    str spec = str_trim(str_skip(header, 6));
    size_t dash = str_find_char(spec, '-');
    if (dash == STR_NONE || str_find_char(spec, ',') != STR_NONE) return RANGE_WHOLE;
    str from_text = str_take(spec, dash), to_text = str_skip(spec, dash + 1);
    u64 from = 0, to = 0;

    if (!from_text.n) { /* the last `to` bytes */
        if (!str_to_u64(to_text, &to)) return RANGE_WHOLE;
        if (!to || !size) return RANGE_UNSATISFIABLE;
        *length = MIN(to, size);
        *first = size - *length;
        return RANGE_PART;
    }
    if (!str_to_u64(from_text, &from)) return RANGE_WHOLE;
    if (to_text.n && (!str_to_u64(to_text, &to) || to < from)) return RANGE_WHOLE;
    if (from >= size) return RANGE_UNSATISFIABLE;
    *first = from;
    *length = to_text.n && to < size ? to - from + 1 : size - from;
    return RANGE_PART;
}
