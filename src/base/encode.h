/* Encodings between bytes and text: hex, base64, percent, UTF-8, floats, and dates. Pure functions. */
#ifndef BRUME_ENCODE_H
#define BRUME_ENCODE_H

#include "base/arena.h"

/* Hex. */
void hex_encode(str bytes, char *out); /* writes 2 * n lower-case digits, no NUL */
str hex_of(struct arena *a, str bytes);
bool hex_decode(str text, u8 *out); /* either case; out has n / 2 bytes; false: odd or not hex */

/* Base64 (RFC 4648, padded). Decoding is strict: padding required, no white space. */
str base64_of(struct arena *a, str bytes);
bool base64_decode(struct arena *a, str text, str *bytes);
void buf_base64(struct buf *b, str bytes);
/* With '-' and '_' and without padding, as tokens of the web have it: no other form is taken. */
str base64url_of(struct arena *a, str bytes);
bool base64url_decode(struct arena *a, str text, str *bytes);

/* Percent-encoding. Encoding keeps A-Z a-z 0-9 - _ . ~ and, if keep_slash, '/'; digits upper case.
 * Decoding is false on a broken escape; plus_is_space for forms. */
void buf_percent(struct buf *b, str s, bool keep_slash);
str percent_encode(struct arena *a, str s, bool keep_slash);
bool percent_decode(struct arena *a, str s, bool plus_is_space, str *out);

/* UTF-8. */
bool utf8_valid(str s);             /* no overlong forms, no surrogates, at most U+10FFFF */
size_t utf8_length(str s);          /* code points of a valid string */
/* Next code point, moving *s behind it; false at the end or on a broken sequence. */
bool utf8_next(str *s, u32 *code_point);
void buf_utf8(struct buf *b, u32 code_point);

/* Floats: the shortest decimal that reads back as the same value, "0.1", "2.0", "1e+300"; "NaN",
 * "Infinity", "-Infinity". buf_f32 is for values that are floats in the API. Reading: str_to_f64. */
void buf_f64(struct buf *b, double v);
void buf_f32(struct buf *b, float v);

/* Dates. Milliseconds since 1970-01-01T00:00:00Z, proleptic Gregorian, no leap seconds. */
struct civil_time {
    i64 year; /* full */
    int month, day, hour, minute, second, millisecond; /* month and day from 1 */
    int weekday; /* 0 is Sunday */
};
struct civil_time civil_of(i64 ms);
i64 civil_to_ms(const struct civil_time *t);
/* ISO 8601 as AWS writes it: "2026-11-22T01:02:03Z", with ".123" if the milliseconds are not 0. */
void buf_iso8601(struct buf *b, i64 ms);
/* As above, but always with three digits: "2026-11-22T01:02:03.000Z" (S3's listings). */
void buf_iso8601_ms(struct buf *b, i64 ms);
/* HTTP's date: "Sun, 22 Nov 2026 01:02:03 GMT". */
void buf_http_date(struct buf *b, i64 ms);
/* Accepts Z and numeric offsets, fractions of any length (beyond ms cut off). */
bool iso8601_parse(str s, i64 *ms);
/* IMF-fixdate, with optional fraction; also RFC 850 and asctime forms. */
bool http_date_parse(str s, i64 *ms);
/* RFC 5322's date, with a numeric zone: "Sun, 22 Nov 2026 01:02:03 -0000". */
bool mail_date_parse(str s, i64 *ms);
/* SigV4's "20261122T010203Z". */
bool amz_date_parse(str s, i64 *ms);
void buf_amz_date(struct buf *b, i64 ms);

#endif
