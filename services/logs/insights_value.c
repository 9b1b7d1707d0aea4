/* Values of Insights: how they are shown, compared and ordered, and the periods of time. */
#include "insights_plan.h"

#include <math.h>

/* ---- shown ---- */

static str show_number(struct arena *a, double v) {
    if (!isfinite(v)) return isnan(v) ? S("NaN") : v < 0 ? S("-Infinity") : S("Infinity");
    if (v == rint(v) && fabs(v) < 1e15) return arena_format(a, "%.0f", v == 0 ? 0.0 : v);
    str text = arena_format(a, "%.4f", v);
    while (str_ends(text, S("0"))) text.n--;
    return str_ends(text, S(".")) ? str_take(text, text.n - 1) : text;
}

static str show_time(struct arena *a, double v) {
    struct civil_time t = civil_of((i64)v);
    return arena_format(a, "%04lld-%02d-%02d %02d:%02d:%02d.%03d", (long long)t.year, t.month, t.day, t.hour, t.minute, t.second, t.millisecond);
}

str insights_show(struct arena *a, const struct insights_value *v) {
    switch (v->type) {
    case INSIGHTS_STRING:
    case INSIGHTS_JSON: return v->text.p ? v->text : S("");
    case INSIGHTS_NUMBER: return v->text.p ? v->text : show_number(a, v->number);
    case INSIGHTS_BOOLEAN: return v->number != 0 ? S("1") : S("0");
    case INSIGHTS_TIME: return show_time(a, v->number);
    default: return (str){0};
    }
}

/* ---- compared ---- */

bool insights_to_number(const struct insights_value *v, double *n) {
    switch (v->type) {
    case INSIGHTS_NUMBER:
    case INSIGHTS_BOOLEAN:
    case INSIGHTS_TIME: *n = v->number; return true;
    case INSIGHTS_STRING: return v->text.n && v->text.n < 40 && str_to_f64(str_trim(v->text), n);
    default: return false;
    }
}

bool insights_is_true(const struct insights_value *v) {
    double n;
    if (v->type == INSIGHTS_STRING && str_eq_nocase(v->text, S("true"))) return true;
    return insights_to_number(v, &n) && n != 0;
}

/* "2026-11-22 01:02:03.004", as times are shown, or ISO 8601 */
static bool read_time(str text, double *ms) {
    char copy[40];
    i64 at;
    if (text.n < 19 || text.n >= sizeof copy - 1) return false;
    memcpy(copy, text.p, text.n);
    bool shown = copy[10] == ' ';
    if (shown) {
        copy[10] = 'T';
        copy[text.n] = 'Z';
    }
    if (!iso8601_parse((str){copy, text.n + shown}, &at)) return false;
    *ms = (double)at;
    return true;
}

static bool is_text(const struct insights_value *v) { return v->type == INSIGHTS_STRING || v->type == INSIGHTS_JSON; }
static bool is_there(const struct insights_value *v) { return v->type > INSIGHTS_ABSENT && v->type < INSIGHTS_PERIOD; }

bool insights_order(const struct insights_value *x, const struct insights_value *y, int *order) {
    if (!is_there(x) || !is_there(y)) return false;
    double a, b;
    bool numbers = !(is_text(x) && is_text(y)) && insights_to_number(x, &a) && insights_to_number(y, &b);
    if (!numbers && x->type == INSIGHTS_TIME && is_text(y)) a = x->number, numbers = read_time(y->text, &b);
    if (!numbers && y->type == INSIGHTS_TIME && is_text(x)) b = y->number, numbers = read_time(x->text, &a);
    /* Both as text, as parse finds them: numbers are still compared as such. */
    if (!numbers && is_text(x) && is_text(y)) numbers = insights_to_number(x, &a) && insights_to_number(y, &b);
    if (numbers) *order = a < b ? -1 : a > b;
    else if (is_text(x) && is_text(y)) *order = str_cmp(x->text, y->text);
    else return false;
    return true;
}

bool insights_equal(const struct insights_value *x, const struct insights_value *y) {
    int order;
    bool texts = (is_text(x) || x->type == INSIGHTS_NUMBER) && (is_text(y) || y->type == INSIGHTS_NUMBER) && x->text.p && y->text.p;
    if (texts && str_eq(x->text, y->text)) return true;
    if (is_text(x) && is_text(y)) return false;
    const struct insights_value *flag = x->type == INSIGHTS_BOOLEAN ? x : y->type == INSIGHTS_BOOLEAN ? y : NULL, *other = flag == x ? y : x;
    if (flag && is_text(other)) return str_eq_nocase(other->text, flag->number != 0 ? S("true") : S("false")) || str_eq(other->text, flag->number != 0 ? S("1") : S("0"));
    return insights_order(x, y, &order) && order == 0;
}

/* ---- sorted ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t chunk(str s) {
    size_t n = 1;
    while (n < s.n && is_digit(s.p[n]) == is_digit(s.p[0])) n++;
    return n;
}

static int natural_text(str x, str y) {
    while (x.n && y.n) {
        size_t m = chunk(x), n = chunk(y);
        if (is_digit(*x.p) && is_digit(*y.p) && m != n) return m < n ? -1 : 1;
        int order = str_cmp(str_take(x, m), str_take(y, n));
        if (order) return order;
        x = str_skip(x, m);
        y = str_skip(y, n);
    }
    return x.n ? 1 : y.n ? -1 : 0;
}

int insights_natural(const struct insights_value *x, const struct insights_value *y) {
    double a, b;
    int ranks[2] = {!is_there(x) ? 2 : insights_to_number(x, &a), !is_there(y) ? 2 : insights_to_number(y, &b)};
    if (ranks[0] != ranks[1]) return ranks[0] < ranks[1] ? -1 : 1;
    if (ranks[0] == 2) return 0;
    return ranks[0] ? (a < b ? -1 : a > b) : natural_text(x->text, y->text);
}

/* ---- periods ---- */

/* Months are counted in twelves, quarters in fours; beyond its cap a number means the cap, as AWS has it: bin(300s)
 * is bin(60s). */
static const struct {
    const char *names[4];
    u32 cap;    /* 0: none */
    i64 ms;     /* of the fixed ones */
    int months; /* of the others */
} units[] = {
    {{"ms", "msec", "millisecond"}, 1000, 1, 0},
    {{"s", "sec", "second"}, 60, 1000, 0},
    {{"m", "min", "minute"}, 60, 60000, 0},
    {{"h", "hr", "hour"}, 24, 3600000, 0},
    {{"d", "day"}, 0, 86400000, 0},
    {{"w", "week"}, 0, 7 * 86400000LL, 0},
    {{"mo", "mon", "month"}, 0, 0, 1},
    {{"q", "qtr", "quarter"}, 0, 0, 3},
    {{"y", "yr", "year"}, 0, 0, 12},
};

static size_t unit_of(str name) {
    for (size_t i = 0; i < LENGTH(units); i++)
        for (size_t j = 0; j < LENGTH(units[i].names) && units[i].names[j]; j++) {
            str known = str_of(units[i].names[j]);
            bool plural = known.n > 1 && name.n == known.n + 1 && (name.p[known.n] | 32) == 's';
            if (str_eq_nocase(plural ? str_take(name, known.n) : name, known)) return i;
        }
    return STR_NONE;
}

bool insights_unit_known(str unit) { return unit_of(unit) != STR_NONE; }

static i64 floor_to(i64 v, i64 step) { return v - ((v % step) + step) % step; }

static i64 period_start(i64 ms, const struct insights_value *period, int periods) {
    size_t u = unit_of(period->text);
    ASSERT(u != STR_NONE);
    double count = floor(period->number);
    if (units[u].cap && count > units[u].cap) count = units[u].cap;
    if (!(count >= 1)) count = 1;
    if (count > 100000) count = 100000;
    if (units[u].ms) {
        i64 step = (i64)count * units[u].ms, offset = units[u].ms == 7 * 86400000LL ? 4 * 86400000LL : 0; /* weeks begin on Monday */
        return floor_to(ms - offset, step) + offset + periods * step;
    }
    struct civil_time t = civil_of(ms);
    i64 step = (i64)count * units[u].months, month = floor_to(t.year * 12 + t.month - 1, step) + periods * step;
    struct civil_time start = {.year = month / 12, .month = (int)(month % 12) + 1, .day = 1};
    return civil_to_ms(&start);
}

i64 insights_floor(i64 ms, const struct insights_value *period) { return period_start(ms, period, 0); }

i64 insights_ceil(i64 ms, const struct insights_value *period) {
    i64 start = period_start(ms, period, 0);
    return start == ms ? ms : period_start(ms, period, 1);
}
