/* Unit tests: one program a file, TAP output.
 *
 *     #include "unit.h"
 *     static void arena_grows(void) { CHECK(1 + 1 == 2); }
 *     UNIT_MAIN(UNIT(arena_grows))
 *
 * A failed CHECK is printed and counted; the test goes on. */
#ifndef BRUME_UNIT_H
#define BRUME_UNIT_H

#include "base/base.h"

#include <stdio.h>

static int unit_failures;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            unit_failures++;                                                                       \
            printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                     \
        }                                                                                          \
    } while (0)
#define CHECK_STR(got_, want_)                                                                     \
    do {                                                                                           \
        str got__ = (got_), want__ = (want_);                                                      \
        if (!str_eq(got__, want__)) {                                                              \
            unit_failures++;                                                                       \
            printf("# %s:%d: %s\n#   got  \"%.*s\"\n#   want \"%.*s\"\n", __FILE__, __LINE__, #got_,  \
                   STR_ARGS(got__), STR_ARGS(want__));                                             \
        }                                                                                          \
    } while (0)
#define CHECK_INT(got_, want_)                                                                     \
    do {                                                                                           \
        long long got__ = (long long)(got_), want__ = (long long)(want_);                          \
        if (got__ != want__) {                                                                     \
            unit_failures++;                                                                       \
            printf("# %s:%d: %s: got %lld, want %lld\n", __FILE__, __LINE__, #got_, got__, want__); \
        }                                                                                          \
    } while (0)

struct unit_test {
    const char *name;
    void (*run)(void);
};
#define UNIT(function) {#function, function}
#define UNIT_MAIN(...)                                                                             \
    int main(void) {                                                                               \
        static const struct unit_test tests[] = {__VA_ARGS__};                                     \
        printf("1..%d\n", (int)LENGTH(tests));                                                     \
        int bad = 0;                                                                               \
        for (size_t i = 0; i < LENGTH(tests); i++) {                                               \
            unit_failures = 0;                                                                     \
            tests[i].run();                                                                        \
            printf("%sok %d - %s\n", unit_failures ? "not " : "", (int)i + 1, tests[i].name);      \
            bad += unit_failures > 0;                                                              \
            fflush(stdout);                                                                        \
        }                                                                                          \
        return bad > 0;                                                                            \
    }

#endif
