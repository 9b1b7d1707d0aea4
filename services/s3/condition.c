/* Conditional requests. Reads and copy sources follow RFC 9110, section 13.2.2: an ETag condition
 * makes the date condition of the same sense irrelevant. Dates count whole seconds. */
#include "services/s3/s3.h"

static str unquoted(str etag) {
    if (str_starts(etag, S("W/"))) etag = str_skip(etag, 2);
    if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
        return (str){etag.p + 1, etag.n - 2};
    return etag;
}

bool s3_etag_matches(str header, str etag) {
    str rest = header;
    while (rest.p) {
        str one = str_trim(str_cut(&rest, ','));
        if (str_eq(one, S("*")) || str_eq(unquoted(one), etag)) return true;
    }
    return false;
}

enum condition_result s3_condition_read(const struct condition *condition, str etag, i64 modified_ms,
                                        i64 now_ms, const char **which) {
    i64 modified = s3_whole_seconds(modified_ms);
    if (condition->if_match.p) {
        *which = "If-Match";
        if (!s3_etag_matches(condition->if_match, etag)) return CONDITION_FAILED;
    } else if (condition->unmodified_since.set) {
        *which = "If-Unmodified-Since";
        if (modified > condition->unmodified_since.ms) return CONDITION_FAILED;
    }
    if (condition->if_none_match.p) {
        *which = "If-None-Match";
        if (s3_etag_matches(condition->if_none_match, etag)) return CONDITION_NOT_MODIFIED;
    } else if (condition->modified_since.set && condition->modified_since.ms <= now_ms) {
        *which = "If-Modified-Since"; /* a date in the future is invalid and asks for nothing */
        if (modified <= condition->modified_since.ms) return CONDITION_NOT_MODIFIED;
    }
    return CONDITION_HOLDS;
}

err s3_condition_copy(struct call *c, const struct condition *condition, const struct object_row *source) {
    const char *which = NULL;
    if (s3_condition_read(condition, source->etag, source->modified_ms, c->now_ms, &which)
        == CONDITION_HOLDS)
        return NULL;
    return s3_fail_precondition(c, arena_format(c->arena, "x-amz-copy-source-%s%c", which, 0).p);
}

err s3_condition_write(struct call *c, str if_match, str if_none_match, const struct bucket_row *bucket, str key,
                       const struct object_row *current) {
    if (if_match.p && if_none_match.p)
        return s3_fail_header_not_implemented(
            c, "If-Match,If-None-Match", "Multiple conditional request headers present in the request");
    if (if_none_match.p) {
        if (!str_eq(str_trim(if_none_match), S("*")))
            return s3_fail_header_not_implemented(
                c, "If-None-Match",
                "We don't accept the provided value of If-None-Match header for this API");
        return current ? s3_fail_precondition(c, "If-None-Match") : NULL;
    }
    if (!if_match.p) return NULL;
    if (!current) return s3_fail_no_key(c, bucket, key);
    return s3_etag_matches(if_match, current->etag) ? NULL : s3_fail_precondition(c, "If-Match");
}
