#include "services/dynamodb/number.h"

#define TEN_19 ((u128)10000000000000000000ull)
#define TENS(k) k, k * 10, k * 100, k * 1000, k * 10000, k * 100000, k * 1000000, k * 10000000, k * 100000000, k * 1000000000

/* 10^0 to 10^38; the 39th power does not fit. */
static const u128 tens[] = {
    TENS((u128)1), TENS((u128)10000000000ull), TENS(TEN_19 * 10), TEN_19 *TEN_19 / 100000000,
    TEN_19 *TEN_19 / 10000000, TEN_19 *TEN_19 / 1000000, TEN_19 *TEN_19 / 100000, TEN_19 *TEN_19 / 10000,
    TEN_19 *TEN_19 / 1000, TEN_19 *TEN_19 / 100, TEN_19 *TEN_19 / 10, TEN_19 *TEN_19,
};
_Static_assert(LENGTH(tens) == 39, "powers of ten");

/* Significant digits; 39 for what is too long. Zero has none. */
static int digits_of(u128 c) {
    int bits = c >> 64 ? 128 - __builtin_clzll((u64)(c >> 64)) : c ? 64 - __builtin_clzll((u64)c) : 0;
    int guess = bits * 1233 >> 12; /* log10(2) = 1233/4096, short by at most one */
    return guess + (c >= tens[guess]);
}

/* The power of ten that the first digit stands for. */
static int magnitude(const struct number *n) { return n->exponent + digits_of(n->coefficient) - 1; }

static void trim_zeros(struct number *n) {
    if (!n->coefficient) {
        *n = (struct number){0};
        return;
    }
    while (n->coefficient >> 64 && n->coefficient % 10 == 0) {
        n->coefficient /= 10;
        n->exponent++;
    }
    if (n->coefficient >> 64) return;
    u64 c = (u64)n->coefficient; /* most numbers are here at once, with fast division */
    for (; c % 10 == 0; n->exponent++) c /= 10;
    n->coefficient = c;
}

static enum number_fault range_of(const struct number *n) {
    if (!n->coefficient) return NUMBER_FINE;
    int m = magnitude(n);
    return m > NUMBER_EXPONENT_MAX ? NUMBER_TOO_LARGE : m < NUMBER_EXPONENT_MIN ? NUMBER_TOO_SMALL : NUMBER_FINE;
}

/* ---- text ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct scan {
    u128 coefficient;
    int digits;         /* of the coefficient */
    i64 zeros;          /* behind the last digit that is none */
    i64 seen, fraction; /* digits at all, those behind the point */
    bool long_;
};

static void take_digit(struct scan *s, int digit, bool fraction) {
    s->seen++;
    s->fraction += fraction;
    if (!digit) {
        s->zeros += s->digits != 0;
        return;
    }
    i64 step = s->digits ? s->zeros + 1 : 1;
    s->zeros = 0;
    if (s->digits + step > NUMBER_DIGITS_MAX) {
        s->long_ = true;
        s->digits = NUMBER_DIGITS_MAX; /* goes on to look for syntax and magnitude */
        s->zeros += step;
        return;
    }
    s->coefficient = s->coefficient * tens[step] + (u128)digit;
    s->digits += (int)step;
}

/* "e-12": false if it is none. Beyond a million it is all the same. */
static bool take_exponent(str s, i64 *exponent) {
    bool negative = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+')) s = str_skip(s, 1);
    if (!s.n) return false;
    i64 e = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i])) return false;
        e = MIN(e * 10 + (s.p[i] - '0'), 1000000);
    }
    *exponent = negative ? -e : e;
    return true;
}

enum number_fault number_parse(str text, struct number *n) {
    *n = (struct number){0};
    struct scan s = {0};
    size_t i = text.n && (text.p[0] == '-' || text.p[0] == '+');
    bool negative = i && text.p[0] == '-', point = false;
    for (; i < text.n; i++) {
        char c = text.p[i];
        if (is_digit(c)) take_digit(&s, c - '0', point);
        else if (c == '.' && !point) point = true;
        else break;
    }
    i64 e = 0;
    bool has_exponent = i < text.n && (text.p[i] == 'e' || text.p[i] == 'E');
    if (!s.seen || (i < text.n && (!has_exponent || !take_exponent(str_skip(text, i + 1), &e)))) return NUMBER_NOT_ONE;
    if (!s.coefficient) return NUMBER_FINE;
    i64 exponent = e - s.fraction + s.zeros, first = exponent + s.digits - 1;
    if (first > NUMBER_EXPONENT_MAX) return NUMBER_TOO_LARGE;
    if (first < NUMBER_EXPONENT_MIN) return NUMBER_TOO_SMALL;
    if (s.long_) return NUMBER_TOO_LONG;
    *n = (struct number){s.coefficient, (i32)exponent, negative};
    return NUMBER_FINE;
}

err number_fail(struct call *c, enum number_fault fault, str text) {
    switch (fault) {
    case NUMBER_TOO_LARGE:
        return fail(c, &dynamodb_validation_exception,
                    "Number overflow. Attempting to store a number with magnitude larger than supported range");
    case NUMBER_TOO_SMALL:
        return fail(c, &dynamodb_validation_exception,
                    "Number underflow. Attempting to store a number with magnitude smaller than supported range");
    case NUMBER_TOO_LONG:
        return fail(c, &dynamodb_validation_exception,
                    "Attempting to store more than 38 significant digits in a Number");
    case NUMBER_NOT_ONE:
    case NUMBER_FINE: break;
    }
    return fail(c, &dynamodb_validation_exception, "The parameter cannot be converted to a numeric value%s%.*s",
                text.n ? ": " : "", STR_ARGS(text));
}

static int print_digits(u128 c, char digits[NUMBER_DIGITS_MAX + 1]) {
    int n = digits_of(c);
    u64 half[2] = {(u64)(c % TEN_19), (u64)(c / TEN_19)};
    for (int i = n, at = 0; i-- > 0; at++) {
        u64 *h = &half[at >= 19];
        digits[i] = (char)('0' + *h % 10);
        *h /= 10;
    }
    return n;
}

size_t number_print(const struct number *n, char text[NUMBER_TEXT_MAX]) {
    char digits[NUMBER_DIGITS_MAX + 1];
    int count = print_digits(n->coefficient, digits), point = count + n->exponent; /* digits before the point */
    char *p = text;
    if (!count) {
        *p = '0';
        return 1;
    }
    if (n->negative) *p++ = '-';
    if (point <= 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = point; i < 0; i++) *p++ = '0';
    }
    for (int i = 0; i < count; i++) {
        if (i == point && i) *p++ = '.';
        *p++ = digits[i];
    }
    for (int i = count; i < point; i++) *p++ = '0';
    return (size_t)(p - text);
}

str number_text(struct arena *a, const struct number *n) {
    char text[NUMBER_TEXT_MAX];
    return arena_str(a, (str){text, number_print(n, text)});
}

/* ---- order and arithmetic ---- */

int number_compare(const struct number *x, const struct number *y) {
    int sx = x->coefficient ? (x->negative ? -1 : 1) : 0, sy = y->coefficient ? (y->negative ? -1 : 1) : 0;
    if (sx != sy) return sx < sy ? -1 : 1;
    if (!sx) return 0;
    int mx = magnitude(x), my = magnitude(y);
    if (mx != my) return (mx < my) == (sx > 0) ? -1 : 1;
    u128 cx = x->coefficient, cy = y->coefficient;
    if (x->exponent > y->exponent) cx *= tens[x->exponent - y->exponent]; /* as many digits as y: it fits */
    else cy *= tens[y->exponent - x->exponent];
    if (cx == cy) return 0;
    return (cx < cy) == (sx > 0) ? -1 : 1;
}

/* AWS has one answer for all that does not fit, even where the magnitude would: overflow. */
enum number_fault number_add(const struct number *x, const struct number *y, struct number *sum) {
    if (!x->coefficient || !y->coefficient) {
        *sum = x->coefficient ? *x : *y;
        return NUMBER_FINE;
    }
    if (x->exponent < y->exponent) return number_add(y, x, sum);
    int shift = x->exponent - y->exponent; /* y's last digit stays: it is not zero, and x has zeros there */
    u128 wide = x->coefficient, most = ~(u128)0;
    if (shift >= (int)LENGTH(tens) || wide > most / tens[shift]) return NUMBER_TOO_LARGE;
    wide *= tens[shift];
    struct number n = {.exponent = y->exponent};
    if (x->negative == y->negative) {
        if (y->coefficient > most - wide) return NUMBER_TOO_LARGE;
        n.coefficient = wide + y->coefficient;
        n.negative = x->negative;
    } else {
        bool larger = wide >= y->coefficient;
        n.coefficient = larger ? wide - y->coefficient : y->coefficient - wide;
        n.negative = larger ? x->negative : y->negative;
    }
    trim_zeros(&n);
    if (digits_of(n.coefficient) > NUMBER_DIGITS_MAX) return NUMBER_TOO_LARGE;
    enum number_fault fault = range_of(&n);
    if (!fault) *sum = n;
    return fault;
}

enum number_fault number_subtract(const struct number *x, const struct number *y, struct number *difference) {
    struct number minus = *y;
    minus.negative = y->coefficient && !y->negative;
    return number_add(x, &minus, difference);
}

/* ---- keys: AWS's own bytes, as those who reproduced the order of its scans found them. First the power of
 * a hundred, then pairs of digits plus one; of negative numbers all turned round, and an end above each pair. ---- */

enum { KEY_BIAS = 192, PAIRS_MAX = 20, NEGATIVE_END = 102 };

size_t number_key(const struct number *n, u8 key[NUMBER_KEY_MAX]) {
    if (!n->coefficient) {
        key[0] = 0x80;
        return 1;
    }
    char digits[NUMBER_DIGITS_MAX + 1];
    int count = print_digits(n->coefficient, digits), point = count + n->exponent;
    int lead = point & 1; /* pairs are counted from the point */
    size_t at = 0;
    key[at++] = (u8)((point + lead) / 2 + KEY_BIAS);
    for (int i = -lead; i < count; i += 2) {
        int high = i >= 0 ? digits[i] - '0' : 0, low = i + 1 < count ? digits[i + 1] - '0' : 0;
        int pair = high * 10 + low;
        key[at++] = (u8)(n->negative ? 101 - pair : pair + 1);
    }
    if (!n->negative) return at;
    key[0] ^= 0xff;
    if (at - 1 < PAIRS_MAX) key[at++] = NEGATIVE_END;
    return at;
}

bool number_of_key(str bytes, struct number *n) {
    *n = (struct number){0};
    if (!bytes.n) return false;
    const u8 *key = (const u8 *)bytes.p;
    if (bytes.n == 1) return key[0] == 0x80;
    n->negative = key[0] < 0x80;
    size_t pairs = bytes.n - 1;
    if (n->negative && key[pairs] == NEGATIVE_END) pairs--;
    if (pairs == 0 || pairs > PAIRS_MAX) return false;
    int hundreds = (n->negative ? key[0] ^ 0xff : key[0]) - KEY_BIAS;
    for (size_t i = 1; i <= pairs; i++) {
        int pair = n->negative ? 101 - key[i] : key[i] - 1;
        if (pair < 0 || pair > 99) return false;
        bool half = i == pairs && pair % 10 == 0; /* the last digit of the last pair may be none */
        if (digits_of(n->coefficient) + (half ? 1 : 2) > NUMBER_DIGITS_MAX) return false;
        n->coefficient = n->coefficient * (half ? 10 : 100) + (u128)(half ? pair / 10 : pair);
        n->exponent = 2 * (hundreds - (int)i) + half;
    }
    u8 again[NUMBER_KEY_MAX]; /* one spelling only */
    return n->coefficient && number_key(n, again) == bytes.n && memcmp(again, bytes.p, bytes.n) == 0;
}

u32 number_size(const struct number *n) {
    if (!n->coefficient) return 1;
    int count = digits_of(n->coefficient), lead = (count + n->exponent) & 1;
    return 1 + (u32)(count + lead + 1) / 2 + n->negative;
}
