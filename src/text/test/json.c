#include "text/json.h"
#include "unit.h"

static struct arena a;

static bool is_json(str text) {
    struct json_reader r = json_reader_new(&a, text, json_default_limits);
    json_skip(&r);
    return json_done(&r);
}

static void takes_what_is_json(void) {
    static const char *const good[] = {
        "{}", "[]", " \t\r\n{ } ", "0", "-0", "1e5", "-1.5E-10", "\"\"", "true", "false", "null",
        "[1,2,[3]]", "{\"a\":{\"b\":[null]},\"a\":1}", "\"\\u0000\\ud83d\\ude00\\/\"", "\"ü€😀\x7f\"",
        "123456789012345678901234567890", "1E400"};
    for (size_t i = 0; i < LENGTH(good); i++)
        if (!is_json(str_of(good[i]))) CHECK_STR(S("refused"), str_of(good[i]));
}

static void refuses_what_is_not(void) {
    static const char *const bad[] = {
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}", "{'a':1}", "{1:2}", "[1}", "{\"a\":1]", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1",
        "--1", "1a", "Infinity", "NaN", "tru", "True", "nulL", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"",
        "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "\"\t\"", "{} {}",
        "[] x", "1 2", "\xef\xbb\xbf{}", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "// c\n1", "/**/1",
        "{\"a\" 1}", "{,}", "[[]", "\"\\u\"", "\"\\", "{\"a\":1 \"b\":2}", "{\"\\q\":1}"};
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (is_json(str_of(bad[i]))) CHECK_STR(S("accepted"), str_of(bad[i]));
    CHECK(!is_json((str){"\"a\0b\"", 5}));
    CHECK(!is_json((str){"1\0", 2}));
}

static void depth_has_a_limit(void) {
    char text[300];
    memset(text, '[', 129);
    memset(text + 129, ']', 129);
    CHECK(!is_json((str){text, 258}));
    CHECK(is_json((str){text + 1, 256}));
}

static void reads_into_places(void) {
    str text = S("{\"name\":\"plain\",\"esc\":\"a\\n\\u00fc\\ud83d\\ude00\",\"n\":-9223372036854775808,"
                 "\"list\":[true,false,null,1.5],\"raw\": {\"x\": [1, \"\\u0041\"]} }");
    struct json_reader r = json_reader_new(&a, text, json_default_limits);
    str key, name = {0}, escaped = {0}, number = {0}, raw = {0};
    int items = 0;
    CHECK(json_read_object(&r));
    while (json_read_key(&r, &key)) {
        bool ok = true;
        if (str_eq(key, S("name"))) ok = json_read_string(&r, &name);
        else if (str_eq(key, S("esc"))) ok = json_read_string(&r, &escaped);
        else if (str_eq(key, S("n"))) ok = json_read_number(&r, &number);
        else if (str_eq(key, S("raw"))) ok = json_read_raw(&r, &raw);
        else if ((ok = json_read_array(&r)))
            for (; json_read_item(&r); items++) json_skip(&r);
        CHECK(ok);
    }
    CHECK(json_done(&r));
    CHECK_STR(name, S("plain"));
    CHECK(name.p > text.p && name.p < text.p + text.n); /* a view */
    CHECK_STR(escaped, S("a\nü😀"));
    i64 v;
    CHECK(str_to_i64(number, &v) && v == INT64_MIN);
    CHECK_INT(items, 4);
    CHECK_STR(raw, S("{\"x\": [1, \"\\u0041\"]}"));
}

static void asking_for_another_type_is_a_problem(void) {
    struct json_reader r = json_reader_new(&a, S("[1]"), json_default_limits);
    CHECK(!json_read_object(&r));
    str s;
    CHECK(!json_read_string(&r, &s));
    CHECK(!json_done(&r));
    r = json_reader_new(&a, S("[1,2]"), (struct json_limits){.bytes = 4, .depth = 9});
    CHECK(!json_read_array(&r) && !json_done(&r));
}

static void writes(void) {
    struct buf b = buf_new(&a, 1000);
    json_write_object(&b);
    json_write_key(&b, S("a\"\\\b\f\n\r\t\x01/"));
    json_write_array(&b);
    json_write_i64(&b, -5);
    json_write_f64(&b, 0.1);
    json_write_f64(&b, 1e308 * 10);
    json_write_boolean(&b, true);
    json_write_null(&b);
    json_write_object(&b);
    json_write_object_end(&b);
    json_write_string(&b, S("[")); /* looks like an opening bracket; is none */
    json_write_string(&b, S("ü\xff\xc3"));
    json_write_array_end(&b);
    json_write_key(&b, S("b"));
    json_write_string(&b, (str){0});
    json_write_object_end(&b);
    CHECK_STR(buf_str(&b), S("{\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001/\":[-5,0.1,\"Infinity\",true,null,{},\"[\","
                             "\"ü\xef\xbf\xbd\xef\xbf\xbd\"],\"b\":\"\"}"));
    CHECK(is_json(buf_str(&b)));
}

/* Strings are looked at in steps: what is special is seen wherever it stands in one. */
static void special_characters_stand_anywhere(void) {
    static const struct {
        const char *is, *written, *read;
    } cases[] = {{"\"", "\\\"", "\""}, {"\\", "\\\\", "\\"}, {"\n", "\\n", "\n"}, {"\x1f", "\\u001f", "\x1f"},
                 {"ü", "ü", "ü"}, {"\xff", "\xef\xbf\xbd", "\xef\xbf\xbd"}, {"\x7f", "\x7f", "\x7f"}};
    static const char xs[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    for (size_t i = 0; i < LENGTH(cases); i++) {
        for (int n = 0; n < 40; n++) {
            for (int at = 0; at <= n; at++) {
                struct arena_mark mark = arena_mark(&a);
                struct buf b = buf_new(&a, 256);
                str read;
                json_write_string(&b, arena_format(&a, "%.*s%s%.*s", at, xs, cases[i].is, n - at, xs));
                CHECK_STR(buf_str(&b), arena_format(&a, "\"%.*s%s%.*s\"", at, xs, cases[i].written, n - at, xs));
                struct json_reader r = json_reader_new(&a, buf_str(&b), json_default_limits);
                CHECK(json_read_string(&r, &read) && json_done(&r));
                CHECK_STR(read, arena_format(&a, "%.*s%s%.*s", at, xs, cases[i].read, n - at, xs));
                arena_rewind(&a, mark);
            }
        }
    }
}

UNIT_MAIN(UNIT(takes_what_is_json), UNIT(refuses_what_is_not), UNIT(depth_has_a_limit),
          UNIT(reads_into_places), UNIT(asking_for_another_type_is_a_problem), UNIT(writes),
          UNIT(special_characters_stand_anywhere))
