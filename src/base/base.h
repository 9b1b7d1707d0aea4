/* The ground floor: integer names, assertions, the string view, checked arithmetic.
 *
 * No I/O and no AWS knowledge below src/sys/. Everything here is plain computation. */
#ifndef BRUME_BASE_H
#define BRUME_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(index, first) __attribute__((format(printf, index, first)))
#define NORETURN __attribute__((noreturn))

/* Our own fault. Assertions stay on in production: a wrong state must not reach the disk. The
 * process ends; the store recovers at the next start. Never for a caller's or the world's fault. */
#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) assert_failed(#condition, __FILE__, __LINE__);      \
    } while (0)
NORETURN void assert_failed(const char *condition, const char *file, int line);

/* ---- str: a view of bytes. Never owns. Not NUL-terminated. `p == NULL` means absent, which is
 * different from present and empty. Passed by value. ---- */
typedef struct str {
    const char *p;
    size_t n;
} str;

#define S(literal) ((str){"" literal, sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_ARGS(s) (int)(s).n, (s).p ? (s).p : ""

/* The shortest ones stand here, for the compiler to see through: they are most of what routing,
 * signatures and codecs do. */
static inline str str_of(const char *c_string) { /* NULL gives the absent str */
    return c_string ? (str){c_string, strlen(c_string)} : (str){0};
}
static inline bool str_eq(str a, str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
bool str_eq_nocase(str a, str b); /* ASCII case only */
int str_cmp(str a, str b);        /* byte order, shorter first */
static inline str str_skip(str s, size_t n) { /* without the first n bytes; clamped */
    n = n < s.n ? n : s.n;
    return n ? (str){s.p + n, s.n - n} : s;
}
static inline str str_take(str s, size_t n) { /* the first n bytes; clamped */
    return (str){s.p, n < s.n ? n : s.n};
}
static inline bool str_starts(str s, str prefix) {
    return s.n >= prefix.n && str_eq(str_take(s, prefix.n), prefix);
}
static inline bool str_ends(str s, str suffix) {
    return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}
str str_trim(str s);             /* without spaces and tabs at both ends */
#define STR_NONE ((size_t)-1)
size_t str_find(str s, str needle); /* index, or STR_NONE */
size_t str_find_char(str s, char c);
size_t str_rfind_char(str s, char c);
/* Splits *rest at the first `c`: returns what stands before it and moves *rest behind it. Without
 * `c`, returns all and leaves *rest absent: `while (rest.p) { str item = str_cut(&rest, ','); }` */
str str_cut(str *rest, char c);

/* Decimal integers, whole string, no spaces; false on garbage or overflow. */
bool str_to_u64(str s, u64 *value);
bool str_to_i64(str s, i64 *value);
bool str_to_f64(str s, double *value); /* decimal or exponent form; not hex, inf, nan */

/* Equal in time that depends on the lengths only: for signatures and tokens. */
bool str_eq_constant_time(str a, str b);
u64 str_hash(str s); /* not for untrusted input that lives beyond one request */

/* ---- checked arithmetic: false on overflow, *sum untouched ---- */
static inline bool add_size(size_t a, size_t b, size_t *sum) {
    size_t r;
    if (__builtin_add_overflow(a, b, &r)) return false;
    *sum = r;
    return true;
}
static inline bool mul_size(size_t a, size_t b, size_t *product) {
    size_t r;
    if (__builtin_mul_overflow(a, b, &r)) return false;
    *product = r;
    return true;
}

/* ---- errors: a pointer to a constant is the error's identity; NULL is success. Service errors are
 * generated from the API description (src/wire/desc.h explains shape and query_code). ---- */
struct error {
    const char *code;       /* the wire name: "QueueDoesNotExist" */
    const char *query_code; /* the older query protocol's code, or NULL if the same */
    u16 status;             /* HTTP status */
    u16 shape;              /* index of the error's structure in its service, or 0xffff */
    bool sender;            /* the caller's fault (Sender) or ours (Receiver) */
};
typedef const struct error *err;

/* The one control-flow macro of the tree: arenas and write sets make every early return clean. */
#define TRY(call_)                                                                                 \
    do {                                                                                           \
        err try_error_ = (call_);                                                                  \
        if (try_error_) return try_error_;                                                         \
    } while (0)

#endif
