/* Ion text, written: https://amazon-ion.github.io/ion-docs/docs/spec.html */
#include "services/dynamodb/value_ion.h"

#include "text/json.h"

static bool is_word(char ch) { return (ch | 32) >= 'a' ? (ch | 32) <= 'z' : ch == '_' || ch == '$'; }
static bool is_digit(char ch) { return ch >= '0' && ch <= '9'; }

/* May the name stand without quotes? */
static bool bare(str name) {
    static const char *const keywords[] = {"null", "true", "false", "nan"};
    for (size_t i = 0; i < LENGTH(keywords); i++)
        if (str_eq(name, str_of(keywords[i]))) return false;
    if (!name.n || !is_word(name.p[0]) || (name.n > 1 && name.p[0] == '$' && is_digit(name.p[1]))) return false;
    for (size_t i = 1; i < name.n; i++)
        if (!is_word(name.p[i]) && !is_digit(name.p[i])) return false;
    return true;
}

static void write_name(struct buf *out, str name) {
    if (bare(name)) {
        buf_add(out, name);
        return;
    }
    buf_char(out, '\'');
    for (size_t i = 0; i < name.n; i++) {
        u8 ch = (u8)name.p[i];
        if (ch == '\'' || ch == '\\') buf_char(out, '\\');
        if (ch < ' ') buf_format(out, "\\x%02x", ch);
        else buf_char(out, (char)ch);
    }
    buf_char(out, '\'');
}

/* 103 is "103.", 600 "6d2", 1.5 itself: coefficient and exponent, as Ion's own writers print a decimal. */
static void write_number(struct buf *out, const struct value *v) {
    str text = value_text(v), digits = text;
    i64 exponent = 0;
    size_t e = str_find_char(text, 'E');
    if (e == STR_NONE) e = str_find_char(text, 'e');
    if (e != STR_NONE) {
        str rest = str_skip(text, e + 1);
        if (rest.n && rest.p[0] == '+') rest = str_skip(rest, 1);
        ASSERT(str_to_i64(rest, &exponent));
        digits = str_take(text, e);
    }
    size_t point = str_find_char(digits, '.');
    if (point != STR_NONE && !exponent) {
        buf_add(out, digits);
        return;
    }
    size_t zeros = 0;
    while (point == STR_NONE && zeros + 1 < digits.n && digits.p[digits.n - 1 - zeros] == '0') zeros++;
    buf_add(out, str_take(digits, digits.n - zeros));
    exponent += (i64)zeros;
    if (exponent) buf_format(out, "d%lld", (long long)exponent);
    else buf_char(out, '.');
}

static void write_value(struct arena *a, struct buf *out, const struct value *v) {
    static const char *const sets[] = {[VALUE_SS] = "$dynamodb_SS::", [VALUE_NS] = "$dynamodb_NS::", [VALUE_BS] = "$dynamodb_BS::", [VALUE_L] = ""};
    struct value open = value_open(a, v);
    switch ((enum value_type)v->type) {
    case VALUE_S: {
        struct buf quoted = buf_new(a, (size_t)v->n * 6 + 16);
        json_write_string(&quoted, value_text(v)); /* JSON's escapes are Ion's */
        buf_add(out, buf_str(&quoted));
        return;
    }
    case VALUE_N: write_number(out, v); return;
    case VALUE_B:
        buf_add(out, S("{{"));
        buf_base64(out, value_text(v));
        buf_add(out, S("}}"));
        return;
    case VALUE_BOOL: buf_add(out, v->truth ? S("true") : S("false")); return;
    case VALUE_M: item_write_ion(a, out, v); return;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
    case VALUE_L:
        buf_format(out, "%s[", sets[v->type]);
        for (u32 i = 0; i < open.n; i++) {
            if (i) buf_char(out, ',');
            write_value(a, out, &open.elements[i]);
        }
        buf_char(out, ']');
        return;
    case VALUE_NULL:
    case VALUE_NONE: buf_add(out, S("null")); return;
    }
}

void item_write_ion(struct arena *a, struct buf *out, const struct value *item) {
    struct value open = value_open(a, item);
    buf_char(out, '{');
    for (u32 i = 0; i < open.n; i++) {
        if (i) buf_char(out, ',');
        write_name(out, member_name(&open.members[i]));
        buf_char(out, ':');
        write_value(a, out, &open.members[i].value);
    }
    buf_char(out, '}');
}
