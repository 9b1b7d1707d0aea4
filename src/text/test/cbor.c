#include "base/encode.h"
#include "text/cbor.h"
#include "unit.h"

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

UNIT_MAIN(UNIT(takes_and_refuses), UNIT(depth_has_a_limit), UNIT(floats_of_three_widths),
          UNIT(writes_the_smallest))
