#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void assert_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "brume: assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool str_eq_nocase(str a, str b) {
    if (a.n != b.n) return false;
    if (a.n >= 16 && memcmp(a.p, b.p, a.n) == 0) return true; /* long ones are mostly equal to the letter */
    for (size_t i = 0; i < a.n; i++)
        if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i])) return false;
    return true;
}

int str_cmp(str a, str b) {
    size_t n = MIN(a.n, b.n);
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order) return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

str str_trim(str s) {
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = str_skip(s, 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

size_t str_find(str s, str needle) {
    if (needle.n == 0) return 0;
    if (s.n < needle.n) return STR_NONE;
    const char *at = memmem(s.p, s.n, needle.p, needle.n);
    return at ? (size_t)(at - s.p) : STR_NONE;
}

size_t str_find_char(str s, char c) {
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NONE;
}

size_t str_rfind_char(str s, char c) {
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NONE;
}

str str_cut(str *rest, char c) {
    str all = *rest;
    size_t at = str_find_char(all, c);
    if (at == STR_NONE) {
        *rest = (str){0};
        return all;
    }
    *rest = str_skip(all, at + 1);
    return str_take(all, at);
}

bool str_to_u64(str s, u64 *value) {
    if (s.n == 0) return false;
    u64 v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        if (__builtin_mul_overflow(v, 10u, &v)) return false;
        if (__builtin_add_overflow(v, (u64)(s.p[i] - '0'), &v)) return false;
    }
    *value = v;
    return true;
}

bool str_to_i64(str s, i64 *value) {
    bool negative = s.n && s.p[0] == '-';
    u64 magnitude;
    if (!str_to_u64(negative ? str_skip(s, 1) : s, &magnitude)) return false;
    if (magnitude > (u64)INT64_MAX + (negative ? 1 : 0)) return false;
    *value = negative ? (i64)(0 - magnitude) : (i64)magnitude;
    return true;
}

bool str_to_f64(str s, double *value) {
    char copy[400];
    if (s.n == 0 || s.n >= sizeof copy) return false;
    for (size_t i = 0; i < s.n; i++)
        if (!memchr("0123456789+-.eE", s.p[i], 15)) return false;
    memcpy(copy, s.p, s.n);
    copy[s.n] = 0;
    char *end;
    double v = strtod(copy, &end);
    if (*end || end == copy) return false;
    *value = v;
    return true;
}

bool str_eq_constant_time(str a, str b) {
    if (a.n != b.n) return false;
    unsigned difference = 0;
    for (size_t i = 0; i < a.n; i++) difference |= (unsigned)((u8)a.p[i] ^ (u8)b.p[i]);
    return difference == 0;
}

u64 str_hash(str s) {
    u64 h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++) h = (h ^ (u8)s.p[i]) * 0x100000001b3u;
    return h ^ (h >> 32);
}
