/* Our JSON against jansson: both must take the same texts and see the same values in them. */
#include "base/encode.h"
#include "json_rewrite.h"
#include "unit.h"

#include <jansson.h>

static struct arena a;
static u64 seed = 88172645463325252u;

static u32 random_below(u32 n) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (u32)(seed >> 32) % n;
}

static json_t *random_string(void) {
    static const u32 points[] = {0,    1,    '"',   '\\',  '/',    '\n',   0x1f,   ' ',     '{',      'a',
                                 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff, 'z'};
    struct buf b = buf_new(&a, 200);
    for (u32 n = random_below(30); n > 0; n--)
        buf_utf8(&b, random_below(3) ? 'a' + random_below(26) : points[random_below(LENGTH(points))]);
    return json_stringn(buf_str(&b).p, b.n);
}

static json_t *random_value(int depth) {
    json_t *v;
    switch (random_below(depth < 6 ? 8 : 6)) {
    case 0: return json_null();
    case 1: return json_boolean(random_below(2));
    case 2: return json_integer((i64)(seed >> random_below(64)) * (random_below(2) ? 1 : -1));
    case 3: return json_real((double)(i64)seed / (1 + random_below(100000)));
    case 4:
    case 5: return random_string();
    case 6:
        v = json_array();
        for (u32 n = random_below(6); n > 0; n--) json_array_append_new(v, random_value(depth + 1));
        return v;
    default:
        v = json_object();
        for (u32 n = random_below(6); n > 0; n--) {
            char key[40];
            snprintf(key, sizeof key, "\"%u ü\n\\%u", n, random_below(1000));
            json_object_set_new(v, key, random_value(depth + 1));
        }
        return v;
    }
}

static json_t *load(str text, json_error_t *error) {
    return json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

static bool same_value(json_t *value, str text) {
    str rewritten;
    if (!json_rewrite(&a, text, &rewritten)) return false;
    json_error_t error;
    json_t *back = load(rewritten, &error);
    bool same = back && json_equal(back, value);
    json_decref(back);
    return same;
}

static void sees_the_same_values(void) {
    static const size_t flags[] = {0, JSON_ENSURE_ASCII, JSON_INDENT(3), JSON_COMPACT | JSON_ESCAPE_SLASH};
    for (int i = 0; i < 4000; i++) {
        json_t *value = random_value(0);
        char *text = json_dumps(value, JSON_ENCODE_ANY | flags[i % 4]);
        if (!same_value(value, str_of(text))) CHECK_STR(S("another value"), str_of(text));
        free(text);
        json_decref(value);
        arena_free(&a);
    }
}

/* jansson refuses numbers that do not fit its types, though they are JSON, and NUL in keys. */
static bool is_jansson_only(const json_error_t *error) {
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static void takes_the_same_texts(void) {
    static const char bytes[] = "{}[]:,\"\\ue0123.-+Etfn \n\x80\xc3\x1f";
    int taken = 0, refused = 0;
    for (int i = 0; i < 60000; i++) {
        json_t *value = random_value(3);
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        size_t n = strlen(text);
        for (u32 changes = 1 + random_below(2); changes > 0; changes--)
            text[random_below((u32)n)] = bytes[random_below(sizeof bytes - 1)];
        json_error_t error;
        json_t *theirs = load((str){text, n}, &error);
        str rewritten;
        bool ours = json_rewrite(&a, (str){text, n}, &rewritten);
        if (ours != !!theirs && !is_jansson_only(&error))
            CHECK_STR(ours ? S("only we take it") : S("only jansson takes it"), ((str){text, n}));
        if (theirs) taken++;
        else refused++;
        json_decref(theirs);
        json_decref(value);
        free(text);
        arena_free(&a);
    }
    CHECK(taken > 5000 && refused > 5000);
}

UNIT_MAIN(UNIT(sees_the_same_values), UNIT(takes_the_same_texts))
