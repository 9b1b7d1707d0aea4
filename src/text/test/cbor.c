#include "base/encode.h"
#include "text/cbor.h"
#include "unit.h"

#include <stdlib.h>

static struct arena a;

static struct cbor_reader reader(const char *hex) {
    u8 *bytes = arena_alloc(&a, strlen(hex) / 2 + 1, 1);
    CHECK(hex_decode(str_of(hex), bytes));
    return cbor_reader_new(&a, (str){(char *)bytes, strlen(hex) / 2}, cbor_default_limits);
}

static bool is_cbor(const char *hex) {
    struct cbor_reader r = reader(hex);
    cbor_skip(&r);
    return cbor_done(&r);
}

static void takes_and_refuses(void) {
    static const char *const good[] = {"00", "1818", "1bffffffffffffffff", "3bffffffffffffffff", "f4", "f6",
                                       "f7", "f97e00", "fa47c35000", "fb3ff199999999999a", "80", "9fff",
                                       "9f018202039f0405ffff", "a0", "bfff", "a16161f5", "bf6161f6ff",
                                       "5f42010243030405ff", "7f657374726561646d696e67ff", "c11a514b67b0", "60"};
    static const char *const bad[] = {"", "18", "1c", "1f", "3f", "5f", "5f60", "5f5fff", "7f40", "7f", "81", "9f",
                                      "a1", "a101f5", "a16161", "bf", "bf6161ff", "ff", "f8", "f8ff", "e0", "df",
                                      "c1", "f97e", "0000", "61ff", "9bffffffffffffffff", "7bffffffffffffffff",
                                      "7f61c361bcff", "dc"};
    for (size_t i = 0; i < LENGTH(good); i++)
        if (!is_cbor(good[i])) CHECK_STR(S("refused"), str_of(good[i]));
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (is_cbor(bad[i])) CHECK_STR(S("accepted"), str_of(bad[i]));
}

static void depth_has_a_limit(void) {
    char arrays[2 * 130 + 1], tags[2 * 130 + 1];
    for (int i = 0; i < 130; i++) memcpy(arrays + 2 * i, i < 129 ? "81" : "00", 2), memcpy(tags + 2 * i, i < 129 ? "c1" : "00", 2);
    arrays[260] = tags[260] = 0;
    CHECK(!is_cbor(arrays) && is_cbor(arrays + 2));
    CHECK(!is_cbor(tags) && is_cbor(tags + 2));
}

static double float_of(const char *hex) {
    struct cbor_reader r = reader(hex);
    double value = -1;
    CHECK(cbor_read_float(&r, &value) && cbor_done(&r));
    return value;
}

static void floats_of_three_widths(void) {
    CHECK(float_of("f90001") == 5.960464477539063e-8 && float_of("f93c00") == 1.0);
    CHECK(float_of("f97bff") == 65504 && float_of("f9c400") == -4.0 && float_of("f90400") == 0.00006103515625);
    CHECK(float_of("f97c00") > 1e308 && float_of("f9fc00") < -1e308 && float_of("f97e00") != float_of("f97e00"));
    CHECK(float_of("fa7f7fffff") == 3.4028234663852886e+38 && float_of("fb7e37e43c8800759c") == 1e300);
}

/* ---- RFC 8949, appendix A: all its rows, in its notation (floats as %g has them, undefined as null). NULL:
 * well-formed, but refused here: simple values that nobody uses, map keys that are not text. ---- */
static const struct {
    const char *hex, *notation;
} examples[] = {
    {"00", "0"},
    {"01", "1"},
    {"0a", "10"},
    {"17", "23"},
    {"1818", "24"},
    {"1819", "25"},
    {"1864", "100"},
    {"1903e8", "1000"},
    {"1a000f4240", "1000000"},
    {"1b000000e8d4a51000", "1000000000000"},
    {"1bffffffffffffffff", "18446744073709551615"},
    {"c249010000000000000000", "2(h'010000000000000000')"},
    {"3bffffffffffffffff", "-18446744073709551616"},
    {"c349010000000000000000", "3(h'010000000000000000')"},
    {"20", "-1"},
    {"29", "-10"},
    {"3863", "-100"},
    {"3903e7", "-1000"},
    {"f90000", "0.0"},
    {"f98000", "-0.0"},
    {"f93c00", "1.0"},
    {"fb3ff199999999999a", "1.1"},
    {"f93e00", "1.5"},
    {"f97bff", "65504.0"},
    {"fa47c35000", "1e+05"},
    {"fa7f7fffff", "3.4028234663852886e+38"},
    {"fb7e37e43c8800759c", "1e+300"},
    {"f90001", "5.9604644775390625e-08"},
    {"f90400", "6.103515625e-05"},
    {"f9c400", "-4.0"},
    {"fbc010666666666666", "-4.1"},
    {"f97c00", "inf"},
    {"f97e00", "nan"},
    {"f9fc00", "-inf"},
    {"fa7f800000", "inf"},
    {"fa7fc00000", "nan"},
    {"faff800000", "-inf"},
    {"fb7ff0000000000000", "inf"},
    {"fb7ff8000000000000", "nan"},
    {"fbfff0000000000000", "-inf"},
    {"f4", "false"},
    {"f5", "true"},
    {"f6", "null"},
    {"f7", "null"},
    {"f0", NULL},
    {"f8ff", NULL},
    {"c074323031332d30332d32315432303a30343a30305a", "0(\"2013-03-21T20:04:00Z\")"},
    {"c11a514b67b0", "1(1363896240)"},
    {"c1fb41d452d9e8200000", "1(1363896224.5)"},
    {"d74401020304", "23(h'01020304')"},
    {"d818456449455446", "24(h'6449455446')"},
    {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", "32(\"http://www.example.com\")"},
    {"40", "h''"},
    {"4401020304", "h'01020304'"},
    {"60", "\"\""},
    {"6161", "\"a\""},
    {"6449455446", "\"IETF\""},
    {"62225c", "\"\"\\\""},
    {"62c3bc", "\"ü\""},
    {"63e6b0b4", "\"水\""},
    {"64f0908591", "\"𐅑\""},
    {"80", "[]"},
    {"83010203", "[1, 2, 3]"},
    {"8301820203820405", "[1, [2, 3], [4, 5]]"},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]"},
    {"a0", "{}"},
    {"a201020304", NULL},
    {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
    {"826161a161626163", "[\"a\", {\"b\": \"c\"}]"},
    {"a56161614161626142616361436164614461656145", "{\"a\": \"A\", \"b\": \"B\", \"c\": \"C\", \"d\": \"D\", \"e\": \"E\"}"},
    {"5f42010243030405ff", "h'0102030405'"},
    {"7f657374726561646d696e67ff", "\"streaming\""},
    {"9fff", "[]"},
    {"9f018202039f0405ffff", "[1, [2, 3], [4, 5]]"},
    {"9f01820203820405ff", "[1, [2, 3], [4, 5]]"},
    {"83018202039f0405ff", "[1, [2, 3], [4, 5]]"},
    {"83019f0203ff820405", "[1, [2, 3], [4, 5]]"},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]"},
    {"bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}"},
    {"826161bf61626163ff", "[\"a\", {\"b\": \"c\"}]"},
    {"bf6346756ef563416d7421ff", "{\"Fun\": true, \"Amt\": -2}"},
};

static void notation(struct cbor_reader *r, struct buf *b);

static void float_notation(struct buf *b, double v) {
    char text[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, v);
        if (strtod(text, NULL) == v) break;
    }
    if (v != v) snprintf(text, sizeof text, "nan"); /* its sign is not told */
    buf_add(b, str_of(text));
    if (!strpbrk(text, ".ein")) buf_add(b, S(".0"));
}

static void walk_notation(struct cbor_reader *r, struct buf *b, bool map) {
    struct cbor_loop loop;
    str key;
    bool first = true;
    if (!(map ? cbor_read_map(r, &loop) : cbor_read_array(r, &loop))) return;
    buf_char(b, map ? '{' : '[');
    while (map ? cbor_read_key(r, &loop, &key) : cbor_read_item(r, &loop)) {
        if (!first) buf_add(b, S(", "));
        first = false;
        if (map) buf_format(b, "\"%.*s\": ", STR_ARGS(key));
        notation(r, b);
    }
    buf_char(b, map ? '}' : ']');
}

static void integer_notation(struct cbor_reader *r, struct buf *b) {
    bool negative;
    u64 magnitude;
    if (!cbor_read_integer(r, &negative, &magnitude)) return;
    if (!negative) buf_format(b, "%llu", (unsigned long long)magnitude);
    else if (magnitude == UINT64_MAX) buf_add(b, S("-18446744073709551616"));
    else buf_format(b, "-%llu", (unsigned long long)magnitude + 1);
}

static void notation(struct cbor_reader *r, struct buf *b) {
    str text;
    u64 tag;
    double number;
    bool yes;
    switch (cbor_peek(r)) {
    case CBOR_UNSIGNED:
    case CBOR_NEGATIVE: integer_notation(r, b); break;
    case CBOR_BYTES:
        if (cbor_read_bytes(r, &text)) buf_format(b, "h'%.*s'", STR_ARGS(hex_of(&a, text)));
        break;
    case CBOR_TEXT:
        if (cbor_read_text(r, &text)) buf_format(b, "\"%.*s\"", STR_ARGS(text));
        break;
    case CBOR_ARRAY: walk_notation(r, b, false); break;
    case CBOR_MAP: walk_notation(r, b, true); break;
    case CBOR_TAG:
        if (!cbor_read_tag(r, &tag)) break;
        buf_format(b, "%llu(", (unsigned long long)tag);
        notation(r, b);
        buf_char(b, ')');
        break;
    case CBOR_BOOLEAN:
        if (cbor_read_boolean(r, &yes)) buf_add(b, yes ? S("true") : S("false"));
        break;
    case CBOR_NULL:
        if (cbor_read_null(r)) buf_add(b, S("null"));
        break;
    case CBOR_FLOAT:
        if (cbor_read_float(r, &number)) float_notation(b, number);
        break;
    case CBOR_BROKEN: break;
    }
}

static void the_examples_of_the_rfc(void) {
    for (size_t i = 0; i < LENGTH(examples); i++) {
        struct cbor_reader r = reader(examples[i].hex);
        struct buf b = buf_new(&a, 1000);
        notation(&r, &b);
        CHECK_INT(cbor_done(&r), examples[i].notation != NULL);
        if (examples[i].notation) CHECK_STR(buf_str(&b), str_of(examples[i].notation));
    }
    CHECK_INT(LENGTH(examples), 81);
}

static void writes_the_smallest(void) {
    struct buf b = buf_new(&a, 1000);
    static const i64 numbers[] = {0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, INT64_MAX,
                                  -1, -24, -25, -256, -257, INT64_MIN};
    cbor_write_array(&b, LENGTH(numbers));
    for (size_t i = 0; i < LENGTH(numbers); i++) cbor_write_i64(&b, numbers[i]);
    CHECK_STR(hex_of(&a, buf_str(&b)),
              S("9000" "17" "1818" "18ff" "190100" "19ffff" "1a00010000" "1affffffff" "1b0000000100000000"
                "1b7fffffffffffffff" "20" "37" "3818" "38ff" "390100" "3b7fffffffffffffff"));
    b = buf_new(&a, 1000);
    cbor_write_map_indefinite(&b);
    cbor_write_text(&b, S("a"));
    cbor_write_f64(&b, 1.5);
    cbor_write_text(&b, S("b"));
    cbor_write_f64(&b, 0.1);
    cbor_write_text(&b, S("c"));
    cbor_write_bytes(&b, S("\x01\x02"));
    cbor_write_break(&b);
    CHECK_STR(hex_of(&a, buf_str(&b)), S("bf6161fa3fc000006162fb3fb999999999999a6163420102ff"));
}

UNIT_MAIN(UNIT(takes_and_refuses), UNIT(the_examples_of_the_rfc), UNIT(depth_has_a_limit), UNIT(floats_of_three_widths),
          UNIT(writes_the_smallest))
