#include "base/encode.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- hex ---- */

void hex_encode(str bytes, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.n; i++) {
        u8 byte = (u8)bytes.p[i];
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
}

str hex_of(struct arena *a, str bytes) {
    size_t n;
    ASSERT(mul_size(bytes.n, 2, &n));
    char *text = arena_alloc(a, n, 1);
    hex_encode(bytes, text);
    return (str){text, n};
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool hex_decode(str text, u8 *out) {
    if (text.n % 2) return false;
    for (size_t i = 0; i < text.n; i += 2) {
        int high = hex_value(text.p[i]), low = hex_value(text.p[i + 1]);
        if (high < 0 || low < 0) return false;
        out[i / 2] = (u8)(high << 4 | low);
    }
    return true;
}

/* ---- base64 ---- */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t base64_length(size_t n) {
    size_t length;
    ASSERT(mul_size(n / 3 + (n % 3 != 0), 4, &length));
    return length;
}

static void base64_encode(str bytes, char *out) {
    const u8 *in = (const u8 *)bytes.p;
    size_t i = 0;
    for (; i + 3 <= bytes.n; i += 3) {
        u32 group = (u32)in[i] << 16 | (u32)in[i + 1] << 8 | in[i + 2];
        *out++ = base64_digits[group >> 18];
        *out++ = base64_digits[group >> 12 & 63];
        *out++ = base64_digits[group >> 6 & 63];
        *out++ = base64_digits[group & 63];
    }
    if (i == bytes.n) return;
    bool two = bytes.n - i == 2;
    u32 group = (u32)in[i] << 16 | (two ? (u32)in[i + 1] << 8 : 0);
    *out++ = base64_digits[group >> 18];
    *out++ = base64_digits[group >> 12 & 63];
    *out++ = two ? base64_digits[group >> 6 & 63] : '=';
    *out = '=';
}

str base64_of(struct arena *a, str bytes) {
    size_t n = base64_length(bytes.n);
    char *text = arena_alloc(a, n, 1);
    base64_encode(bytes, text);
    return (str){text, n};
}

void buf_base64(struct buf *b, str bytes) {
    size_t n = base64_length(bytes.n);
    char *at = buf_reserve(b, n);
    if (!at || !n) return;
    base64_encode(bytes, at);
    b->n += n;
}

/* One more than a digit's value, so that the zeroes of the table mean "no digit". */
#define DIGITS_26(first, value)                                                                    \
    [first] = value, [first + 1] = value + 1, [first + 2] = value + 2, [first + 3] = value + 3,    \
    [first + 4] = value + 4, [first + 5] = value + 5, [first + 6] = value + 6,                     \
    [first + 7] = value + 7, [first + 8] = value + 8, [first + 9] = value + 9,                     \
    [first + 10] = value + 10, [first + 11] = value + 11, [first + 12] = value + 12,               \
    [first + 13] = value + 13, [first + 14] = value + 14, [first + 15] = value + 15,               \
    [first + 16] = value + 16, [first + 17] = value + 17, [first + 18] = value + 18,               \
    [first + 19] = value + 19, [first + 20] = value + 20, [first + 21] = value + 21,               \
    [first + 22] = value + 22, [first + 23] = value + 23, [first + 24] = value + 24,               \
    [first + 25] = value + 25
static const u8 base64_values[256] = {
    DIGITS_26('A', 1), DIGITS_26('a', 27),
    ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58,
    ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

bool base64_decode(struct arena *a, str text, str *bytes) {
    if (text.n % 4) return false;
    size_t padding = 0;
    if (text.n) padding = text.p[text.n - 1] != '=' ? 0 : text.p[text.n - 2] != '=' ? 1 : 2;
    size_t digits = text.n - padding;
    char *out = arena_alloc(a, text.n / 4 * 3, 1);
    size_t n = 0;
    u32 group = 0;
    for (size_t i = 0; i < digits; i++) {
        u8 value = base64_values[(u8)text.p[i]];
        if (!value) return false;
        group = group << 6 | (u32)(value - 1);
        if (i % 4 != 3) continue;
        out[n++] = (char)(group >> 16);
        out[n++] = (char)(group >> 8);
        out[n++] = (char)group;
        group = 0;
    }
    /* The bits that padding leaves over must be zero: each value has one encoding only. */
    if (padding == 1) {
        if (group & 3) return false;
        out[n++] = (char)(group >> 10);
        out[n++] = (char)(group >> 2);
    } else if (padding == 2) {
        if (group & 15) return false;
        out[n++] = (char)(group >> 4);
    }
    *bytes = (str){out, n};
    return true;
}

str base64url_of(struct arena *a, str bytes) {
    str padded = base64_of(a, bytes);
    char *text = arena_alloc(a, padded.n + 1, 1);
    size_t n = 0;
    for (; n < padded.n && padded.p[n] != '='; n++) text[n] = padded.p[n] == '+' ? '-' : padded.p[n] == '/' ? '_' : padded.p[n];
    return (str){text, n};
}

bool base64url_decode(struct arena *a, str text, str *bytes) {
    char *plain = arena_alloc(a, text.n + 4, 1);
    size_t n = 0;
    for (; n < text.n; n++) {
        char c = text.p[n];
        if (c == '+' || c == '/' || c == '=') return false;
        plain[n] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    while (n % 4) plain[n++] = '=';
    return base64_decode(a, (str){plain, n}, bytes);
}

/* ---- percent ---- */

static bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
        || c == '_' || c == '.' || c == '~';
}

void buf_percent(struct buf *b, str s, bool keep_slash) {
    static const char digits[] = "0123456789ABCDEF";
    size_t plain = 0; /* start of the run that is copied as it stands */
    for (size_t i = 0; i < s.n; i++) {
        if (is_unreserved(s.p[i]) || (keep_slash && s.p[i] == '/')) continue;
        buf_add(b, (str){s.p + plain, i - plain});
        plain = i + 1;
        u8 byte = (u8)s.p[i];
        buf_add(b, (str){(char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3});
    }
    if (s.n > plain) buf_add(b, (str){s.p + plain, s.n - plain});
}

str percent_encode(struct arena *a, str s, bool keep_slash) {
    size_t max;
    ASSERT(mul_size(s.n, 3, &max));
    struct buf b = buf_new(a, max);
    buf_percent(&b, s, keep_slash);
    return buf_str(&b);
}

bool percent_decode(struct arena *a, str s, bool plus_is_space, str *out) {
    bool as_it_stands = str_find_char(s, '%') == STR_NONE
        && (!plus_is_space || str_find_char(s, '+') == STR_NONE);
    if (as_it_stands) {
        *out = s;
        return true;
    }
    char *text = arena_alloc(a, s.n, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            u8 byte;
            if (s.n - i < 3 || !hex_decode((str){s.p + i + 1, 2}, &byte)) return false;
            c = (char)byte;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        text[n++] = c;
    }
    *out = (str){text, n};
    return true;
}

/* ---- UTF-8 ---- */

bool utf8_next(str *s, u32 *code_point) {
    if (!s->n) return false;
    u8 first = (u8)s->p[0];
    if (first < 0x80) {
        *code_point = first;
        *s = str_skip(*s, 1);
        return true;
    }
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || s->n < length) return false;
    u32 c = first & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        u8 byte = (u8)s->p[i];
        if ((byte & 0xc0) != 0x80) return false;
        c = c << 6 | (byte & 0x3f);
    }
    static const u32 least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return false;
    *code_point = c;
    *s = str_skip(*s, length);
    return true;
}

static bool ascii_eight(const char *p) {
    u64 eight;
    memcpy(&eight, p, sizeof eight);
    return !(eight & 0x8080808080808080u);
}

static bool ascii_32(const char *p) {
    u64 four[4];
    memcpy(four, p, sizeof four);
    return !((four[0] | four[1] | four[2] | four[3]) & 0x8080808080808080u);
}

bool utf8_valid(str s) {
    u32 ignored;
    while (s.n) {
        if (s.n >= 32 && ascii_32(s.p)) s = str_skip(s, 32);
        else if (s.n >= 8 && ascii_eight(s.p)) s = str_skip(s, 8);
        else if (!((u8)*s.p & 0x80)) s = str_skip(s, 1); /* the last bytes of most texts */
        else if (!utf8_next(&s, &ignored)) return false;
    }
    return true;
}

size_t utf8_length(str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((u8)s.p[i] & 0xc0) != 0x80;
    return n;
}

void buf_utf8(struct buf *b, u32 c) {
    char out[4];
    size_t n = 0;
    if (c < 0x80) {
        out[n++] = (char)c;
    } else {
        if (c < 0x800) {
            out[n++] = (char)(0xc0 | c >> 6);
        } else {
            if (c < 0x10000) {
                out[n++] = (char)(0xe0 | c >> 12);
            } else {
                out[n++] = (char)(0xf0 | c >> 18);
                out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
            }
            out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        }
        out[n++] = (char)(0x80 | (c & 0x3f));
    }
    buf_add(b, (str){out, n});
}

/* ---- floats ---- */

static bool add_special_float(struct buf *b, double v) {
    if (v != v) buf_add(b, S("NaN"));
    else if (v > DBL_MAX) buf_add(b, S("Infinity"));
    else if (v < -DBL_MAX) buf_add(b, S("-Infinity"));
    else return false;
    return true;
}

/* Most numbers in practice are a whole number over a small power of ten. If the numerator and the
 * power are exact, the quotient is correctly rounded, so the digits read back as the same value. */
static bool add_short_decimal(struct buf *b, double v) {
    double magnitude = v < 0 ? -v : v, power = 1;
    for (int places = 0; places <= 6; places++, power *= 10) {
        double scaled = magnitude * power;
        if (scaled >= 1e15) return false;
        u64 whole = (u64)(scaled + 0.5);
        if ((double)whole / power != magnitude) continue;
        if (signbit(v)) buf_char(b, '-');
        u64 unit = (u64)power;
        buf_u64(b, whole / unit);
        buf_char(b, '.');
        if (places == 0) buf_char(b, '0');
        for (u64 rest = whole % unit, digit = unit / 10; digit; digit /= 10)
            buf_char(b, (char)('0' + rest / digit % 10));
        return true;
    }
    return false;
}

/* A float looks like one even where its digits end before the point. */
static void add_float_text(struct buf *b, const char *text) {
    buf_add(b, str_of(text));
    if (!strpbrk(text, ".e")) buf_add(b, S(".0"));
}

void buf_f64(struct buf *b, double v) {
    if (add_special_float(b, v) || add_short_decimal(b, v)) return;
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    add_float_text(b, text);
}

void buf_f32(struct buf *b, float v) {
    if (add_special_float(b, (double)v)) return;
    char text[40];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v) break;
    }
    add_float_text(b, text);
}
