#include "base/encode.h"
#include "unit.h"

#include <stdlib.h>

static struct arena a;

static void hex_both_ways(void) {
    u8 out[4];
    CHECK_STR(hex_of(&a, (str){"\x00\xff\x1a", 3}), S("00ff1a"));
    CHECK(hex_decode(S("00FF1a7E"), out) && memcmp(out, "\x00\xff\x1a\x7e", 4) == 0);
    CHECK(!hex_decode(S("abc"), out));
    CHECK(!hex_decode(S("0g"), out));
    CHECK(hex_decode(S(""), out));
}

static void base64_both_ways(void) {
    static const char *const pairs[][2] = {{"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},
                                           {"foo", "Zm9v"},  {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    str bytes;
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        CHECK_STR(base64_of(&a, str_of(pairs[i][0])), str_of(pairs[i][1]));
        CHECK(base64_decode(&a, str_of(pairs[i][1]), &bytes));
        CHECK_STR(bytes, str_of(pairs[i][0]));
    }
    char all[256];
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    struct buf b = buf_new(&a, 1000);
    buf_base64(&b, (str){all, 256});
    CHECK_INT(b.n, 344);
    CHECK(base64_decode(&a, buf_str(&b), &bytes));
    CHECK_STR(bytes, ((str){all, 256}));
    buf_base64(&b, (str){all, 0});
    CHECK_INT(b.n, 344);
}

static void base64_is_strict(void) {
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm9 ",
                                      "Zm9v\n", "=m9v", "Z===", "Zm-v", "Zm_v", "Zm9vZg==="};
    str bytes;
    for (size_t i = 0; i < LENGTH(bad); i++) CHECK(!base64_decode(&a, str_of(bad[i]), &bytes));
}

static void percent_both_ways(void) {
    CHECK_STR(percent_encode(&a, S("a b/ü~+"), false), S("a%20b%2F%C3%BC~%2B"));
    CHECK_STR(percent_encode(&a, S("a b/ü"), true), S("a%20b/%C3%BC"));
    CHECK_STR(percent_encode(&a, S(""), true), S(""));
    str out;
    CHECK(percent_decode(&a, S("a%20b%2f+"), false, &out));
    CHECK_STR(out, S("a b/+"));
    CHECK(percent_decode(&a, S("a+b%2B"), true, &out));
    CHECK_STR(out, S("a b+"));
    CHECK(!percent_decode(&a, S("a%2"), false, &out));
    CHECK(!percent_decode(&a, S("%zz"), false, &out));
    CHECK(!percent_decode(&a, S("%"), false, &out));
}

static void utf8_accepts_and_refuses(void) {
    CHECK(utf8_valid(S("")));
    CHECK(utf8_valid(S("plain ascii longer than eight, ü € 😀 end")));
    CHECK(utf8_valid((str){"nul \0 inside", 12}));
    CHECK(utf8_valid(S("\xf4\x8f\xbf\xbf")) && utf8_valid(S("\xed\x9f\xbf\xee\x80\x80")));
    static const char *const bad[] = {
        "\x80",     "\xc0\x80", "\xc1\xbf",         "\xe0\x9f\xbf",     "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "\xc3",     "\xe2\x82", "\xf0\x9f\x98",     "\xc3(",            "abcdefgh\xe2\x28\xa1"};
    for (size_t i = 0; i < LENGTH(bad); i++) CHECK(!utf8_valid(str_of(bad[i])));
    CHECK_INT(utf8_length(S("aü€😀")), 4);
    char text[80]; /* a wrong byte is found wherever it stands, by whatever step */
    for (size_t n = 1; n <= sizeof text; n++) {
        for (size_t at = 0; at < n; at++) {
            memset(text, 'x', n);
            CHECK(utf8_valid((str){text, n}));
            text[at] = '\xff';
            CHECK(!utf8_valid((str){text, n}));
        }
    }
}

static void utf8_every_code_point_survives(void) {
    for (u32 c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff) continue;
        struct arena_mark mark = arena_mark(&a);
        struct buf b = buf_new(&a, 8);
        buf_utf8(&b, c);
        str s = buf_str(&b);
        u32 back = 0;
        if (!utf8_next(&s, &back) || back != c || s.n) CHECK_INT(back, c);
        arena_rewind(&a, mark);
    }
}

static str written(void (*write)(struct buf *, i64), i64 ms) {
    struct buf b = buf_new(&a, 64);
    write(&b, ms);
    return buf_str(&b);
}

static void dates_are_written(void) {
    CHECK_STR(written(buf_iso8601, 0), S("1970-01-01T00:00:00Z"));
    CHECK_STR(written(buf_iso8601, 1398796238123), S("2014-04-29T18:30:38.123Z"));
    CHECK_STR(written(buf_iso8601, -1), S("1969-12-31T23:59:59.999Z"));
    CHECK_STR(written(buf_iso8601_ms, 951782400000), S("2000-02-29T00:00:00.000Z"));
    CHECK_STR(written(buf_http_date, 784111777000), S("Sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK_STR(written(buf_http_date, -86400000), S("Wed, 31 Dec 1969 00:00:00 GMT"));
    CHECK_STR(written(buf_amz_date, 1440938160000), S("20150830T123600Z"));
}

static void calendar_both_ways(void) {
    /* Every 25 h over some 1,700 years around the epoch, leap centuries included. */
    i64 previous = 0;
    for (i64 ms = -30000000000000; ms < 25000000000000; ms += 90000123) {
        struct civil_time t = civil_of(ms);
        if (civil_to_ms(&t) != ms) CHECK_INT(civil_to_ms(&t), ms);
        i64 order = ((t.year * 12 + t.month) * 31 + t.day) * 86400 + t.hour * 3600 + t.minute * 60;
        CHECK(ms == -30000000000000 || order > previous);
        previous = order;
    }
    CHECK_INT(civil_of(951782400000).weekday, 2);
    CHECK_INT(civil_of(-62135596800000).year, 1);
    CHECK_INT(civil_of(INT64_MIN).weekday, civil_of(INT64_MIN + 7 * 86400000).weekday);
}

static void dates_are_read(void) {
    i64 ms;
    CHECK(iso8601_parse(S("2014-04-29T18:30:38Z"), &ms) && ms == 1398796238000);
    CHECK(iso8601_parse(S("2014-04-29T18:30:38.1239Z"), &ms) && ms == 1398796238123);
    CHECK(iso8601_parse(S("2014-04-29T20:30:38.5+02:00"), &ms) && ms == 1398796238500);
    CHECK(iso8601_parse(S("2014-04-29T10:00:38-08:30"), &ms) && ms == 1398796238000);
    static const char *const bad_iso[] = {
        "", "2014-04-29", "2014-04-29T18:30:38", "2014-04-29 18:30:38Z", "2014-02-29T00:00:00Z",
        "2014-13-01T00:00:00Z", "2014-00-01T00:00:00Z", "2014-01-00T00:00:00Z",
        "2014-04-29T24:00:00Z", "2014-04-29T18:60:38Z", "2014-04-29T18:30:61Z",
        "2014-04-29T18:30:38.Z", "2014-04-29T18:30:38Zx", "14-04-29T18:30:38Z",
        "2014-04-29T18:30:38+0200", "2014-04-29T18:30:38+24:00", "1398796238"};
    for (size_t i = 0; i < LENGTH(bad_iso); i++) CHECK(!iso8601_parse(str_of(bad_iso[i]), &ms));

    CHECK(http_date_parse(S("Sun, 06 Nov 1994 08:49:37 GMT"), &ms) && ms == 784111777000);
    CHECK(http_date_parse(S("Sun, 06 Nov 1994 08:49:37.25 GMT"), &ms) && ms == 784111777250);
    CHECK(http_date_parse(S("Sunday, 06-Nov-94 08:49:37 GMT"), &ms) && ms == 784111777000);
    CHECK(http_date_parse(S("Sun Nov  6 08:49:37 1994"), &ms) && ms == 784111777000);
    CHECK(http_date_parse(S("Wed Nov 16 08:49:37 1994"), &ms) && ms == 784975777000);
    static const char *const bad_http[] = {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
                                           "Sun, 6 Nov 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
                                           "Sun, 06 Nov 1994 08:49:37 +0100", "2014-04-29T18:30:38Z"};
    for (size_t i = 0; i < LENGTH(bad_http); i++) CHECK(!http_date_parse(str_of(bad_http[i]), &ms));

    CHECK(mail_date_parse(S("Sun, 06 Nov 1994 08:49:37 -0000"), &ms) && ms == 784111777000);
    CHECK(mail_date_parse(S("Sun, 06 Nov 1994 09:49:37 +0100"), &ms) && ms == 784111777000);
    CHECK(!mail_date_parse(S("Sun, 06 Nov 1994 08:49:37 GMT"), &ms) && !mail_date_parse(S("Sun, 06 Nov 1994 08:49:37 +01:00"), &ms));

    CHECK(amz_date_parse(S("20150830T123600Z"), &ms) && ms == 1440938160000);
    CHECK(!amz_date_parse(S("20150830T123600"), &ms));
    CHECK(!amz_date_parse(S("2015-08-30T12:36:00Z"), &ms));
    CHECK(!amz_date_parse(S("20150230T123600Z"), &ms));
}

static str f64(double v) {
    struct buf b = buf_new(&a, 64);
    buf_f64(&b, v);
    return buf_str(&b);
}

static str f32(float v) {
    struct buf b = buf_new(&a, 64);
    buf_f32(&b, v);
    return buf_str(&b);
}

static void floats_are_written_short(void) {
    CHECK_STR(f64(0), S("0.0"));
    CHECK_STR(f64(-0.0), S("-0.0"));
    CHECK_STR(f64(1), S("1.0"));
    CHECK_STR(f64(0.1), S("0.1"));
    CHECK_STR(f64(0.1 + 0.2), S("0.30000000000000004"));
    CHECK_STR(f64(-12.050), S("-12.05"));
    CHECK_STR(f64(1e300), S("1e+300"));
    CHECK_STR(f64(5e-324), S("4.94065645841247e-324"));
    CHECK_STR(f64((double)(1ull << 53)), S("9007199254740992.0"));
    CHECK_STR(f64(strtod("nan", NULL)), S("NaN"));
    CHECK_STR(f64(strtod("-inf", NULL)), S("-Infinity"));
    CHECK_STR(f32(0.1f), S("0.1"));
    CHECK_STR(f32(5.0f), S("5.0"));
    CHECK_STR(f32(16777216.0f), S("16777216.0"));
    u64 seed = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        double v, back = 0;
        memcpy(&v, &seed, sizeof v);
        if (i % 2) v = (double)(i64)(seed >> 30) / 1000;
        struct arena_mark mark = arena_mark(&a);
        if (v == v && v - v == 0 && !(str_to_f64(f64(v), &back) && back == v)) CHECK_STR(f64(v), S(""));
        arena_rewind(&a, mark);
    }
}

static void base64_of_the_web(void) {
    str back;
    CHECK_STR(base64url_of(&a, S("")), S(""));
    CHECK_STR(base64url_of(&a, S("\xfb\xff\xfe")), S("-__-"));
    CHECK_STR(base64url_of(&a, S("f")), S("Zg"));
    CHECK(base64url_decode(&a, S("Zg"), &back));
    CHECK_STR(back, S("f"));
    CHECK(!base64url_decode(&a, S("Zg=="), &back));
}

UNIT_MAIN(UNIT(floats_are_written_short), UNIT(hex_both_ways), UNIT(base64_both_ways), UNIT(base64_is_strict), UNIT(base64_of_the_web),
          UNIT(percent_both_ways), UNIT(utf8_accepts_and_refuses),
          UNIT(utf8_every_code_point_survives), UNIT(dates_are_written), UNIT(calendar_both_ways),
          UNIT(dates_are_read))
