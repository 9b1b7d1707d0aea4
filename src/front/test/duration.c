#include "front/duration.h"
#include "unit.h"

static i64 parsed(const char *text) {
    i64 ms;
    return duration_parse(str_of(text), &ms) ? ms : -1;
}

static void units_have_their_length(void) {
    CHECK_INT(parsed("90d"), 90LL * 86400000);
    CHECK_INT(parsed("3h"), 3 * 3600000);
    CHECK_INT(parsed("15m"), 15 * 60000);
    CHECK_INT(parsed("10s"), 10000);
    CHECK_INT(parsed("250ms"), 250);
    CHECK_INT(parsed("0s"), 0);
}

static void units_add_up_from_large_to_small(void) {
    CHECK_INT(parsed("1d12h"), 36 * 3600000);
    CHECK_INT(parsed("1h30m5s7ms"), 5405007);
    CHECK_INT(parsed("5s1h"), -1);
    CHECK_INT(parsed("1h1h"), -1);
}

static void anything_else_is_no_duration(void) {
    static const char *const wrong[] = {"", "5", "h", "-1s", "1.5h", "1 h", "1w", "1H", "1sec", "10001d", "99999999999999999999s",
                                        "9223372036854775807d", "10000d1s", "1h2"};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        CHECK_INT(parsed(wrong[i]), -1);
        if (parsed(wrong[i]) != -1) printf("# \"%s\"\n", wrong[i]);
    }
    CHECK_INT(parsed("10000d"), 10000LL * 86400000);
}

UNIT_MAIN(UNIT(units_have_their_length), UNIT(units_add_up_from_large_to_small), UNIT(anything_else_is_no_duration))
