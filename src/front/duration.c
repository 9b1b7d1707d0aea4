#include "front/duration.h"

static const struct unit {
    const char *name;
    i64 ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
enum { DAYS_MAX = 10000 };

static size_t span(str s, bool digits) {
    size_t n = 0;
    while (n < s.n && (s.p[n] >= '0' && s.p[n] <= '9') == digits) n++;
    return n;
}

bool duration_parse(str text, i64 *ms) {
    const i64 most = DAYS_MAX * units[0].ms;
    i64 sum = 0;
    size_t next = 0;
    if (!text.n) return false;
    while (text.n) {
        i64 number;
        str digits = str_take(text, span(text, true));
        text = str_skip(text, digits.n);
        str name = str_take(text, span(text, false));
        text = str_skip(text, name.n);
        while (next < LENGTH(units) && !str_eq(str_of(units[next].name), name)) next++;
        if (next == LENGTH(units) || !str_to_i64(digits, &number) || number > most / units[next].ms) return false;
        sum += number * units[next++].ms;
    }
    *ms = sum;
    return sum <= most;
}
