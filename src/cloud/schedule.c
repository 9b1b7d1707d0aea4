#include "cloud/schedule.h"

#include "base/encode.h"

enum { MINUTE_MS = 60000, DAY_MS = 86400000, YEAR_FIRST = 1970, YEAR_LAST = 2199 };

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }

/* ---- the parts of a cron field ---- */

struct field {
    int from, to;
    const char *names; /* three letters each, from the first value on */
};

static bool read_value(const struct field *f, str text, int *value) {
    u64 n;
    if (str_to_u64(text, &n)) {
        *value = (int)MIN(n, 100000);
        return *value >= f->from && *value <= f->to;
    }
    for (int i = 0; f->names && f->names[i]; i += 3) {
        bool same = text.n == 3;
        for (int j = 0; j < 3 && same; j++) same = upper(text.p[j]) == f->names[i + j];
        *value = f->from + i / 3;
        if (same) return true;
    }
    return false;
}

/* A list of values, ranges and steps into `set`, a bit for each value. */
static bool read_field(const struct field *f, str text, u8 *set) {
    if (!text.n) return false;
    for (str rest = text; rest.p;) {
        str step_text = str_cut(&rest, ','), range = str_cut(&step_text, '/'), to_text = range, from_text = str_cut(&to_text, '-');
        int from = f->from, to = f->to;
        u64 step = 1;
        if (step_text.p && (!str_to_u64(step_text, &step) || step == 0 || step > YEAR_LAST)) return false;
        if (!str_eq(range, S("*"))) {
            if (!read_value(f, from_text, &from)) return false;
            if (to_text.p ? !read_value(f, to_text, &to) : !step_text.p) {
                if (to_text.p) return false;
                to = from;
            }
            if (to < from) return false;
        }
        for (u64 v = (u64)from; v <= (u64)to; v += step) set[(v - (u64)f->from) / 8] |= (u8)(1 << ((v - (u64)f->from) % 8));
    }
    return true;
}

static u64 as_bits(const u8 *set, int from) {
    u64 bits = 0;
    for (int i = 0; i < 64 - from && i < 64; i++)
        if (set[i / 8] & (1 << (i % 8))) bits |= 1ull << (i + from);
    return bits;
}

static bool read_bits(int from, int to, const char *names, str text, u64 *bits) {
    u8 set[8] = {0};
    if (!read_field(&(struct field){from, to, names}, text, set)) return false;
    *bits = as_bits(set, from);
    return true;
}

/* ---- days ---- */

static bool read_days(struct schedule *s, str text) {
    u64 day, bits = 0;
    s->any_day = str_eq(text, S("?")) || str_eq(text, S("*"));
    if (s->any_day) return true;
    if (str_eq(text, S("L"))) return s->last_day = true;
    if (str_eq(text, S("LW"))) return s->last_weekday_of_month = true;
    if (str_ends(text, S("W"))) {
        if (!str_to_u64(str_take(text, text.n - 1), &day) || day < 1 || day > 31) return false;
        s->days = 1u << day;
        return s->nearest_weekday = true;
    }
    if (!read_bits(1, 31, NULL, text, &bits)) return false;
    s->days = (u32)bits;
    return true;
}

static bool read_weekdays(struct schedule *s, str text) {
    static const struct field field = {1, 7, "SUNMONTUEWEDTHUFRISAT"};
    u64 bits = 0, nth;
    int day;
    s->any_weekday = str_eq(text, S("?")) || str_eq(text, S("*"));
    if (s->any_weekday) return true;
    str rest = text, name = str_cut(&rest, '#');
    if (rest.p) {
        if (!read_value(&field, name, &day) || !str_to_u64(rest, &nth) || nth < 1 || nth > 5) return false;
        s->weekday_n = (u8)day;
        s->weekday_nth = (u8)nth;
        return true;
    }
    if (str_eq(text, S("L"))) text = S("7");
    if (text.n > 1 && str_ends(text, S("L")) && read_value(&field, str_take(text, text.n - 1), &day)) {
        s->weekday_n = (u8)day;
        s->weekday_nth = 6;
        return true;
    }
    if (!read_bits(1, 7, field.names, text, &bits)) return false;
    s->weekdays = (u32)bits;
    return true;
}

/* ---- expressions ---- */

static str next_word(str *rest) {
    *rest = str_trim(*rest);
    return str_cut(rest, ' ');
}

static bool parse_cron(struct schedule *s, str rest) {
    u64 hours = 0, months = 0;
    str minutes = next_word(&rest), hour = next_word(&rest), day = next_word(&rest), month = next_word(&rest), weekday = next_word(&rest), year = next_word(&rest);
    if (rest.p && str_trim(rest).n) return false;
    if (!read_bits(0, 59, NULL, minutes, &s->minutes) || !read_bits(0, 23, NULL, hour, &hours)) return false;
    if (!read_bits(1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", month, &months)) return false;
    if (!read_days(s, day) || !read_weekdays(s, weekday)) return false;
    /* One of the two must be '?': both cannot choose the day. */
    if (!str_eq(day, S("?")) && !str_eq(weekday, S("?"))) return false;
    if (!read_field(&(struct field){YEAR_FIRST, YEAR_LAST, NULL}, year, s->years)) return false;
    s->hours = (u32)hours;
    s->months = (u32)months;
    s->kind = SCHEDULE_CRON;
    return true;
}

static bool parse_rate(struct schedule *s, str rest) {
    static const struct {
        const char *one, *many;
        i64 ms;
    } units[] = {{"minute", "minutes", MINUTE_MS}, {"hour", "hours", 3600000}, {"day", "days", DAY_MS}};
    str number = next_word(&rest), unit = str_trim(rest);
    u64 n;
    if (!str_to_u64(number, &n) || n == 0 || n > 1000000) return false;
    for (size_t i = 0; i < LENGTH(units); i++)
        if (str_eq(unit, str_of(n == 1 ? units[i].one : units[i].many))) s->rate_ms = (i64)n * units[i].ms;
    s->kind = SCHEDULE_RATE;
    return s->rate_ms > 0;
}

bool schedule_parse(str text, struct schedule *s) {
    *s = (struct schedule){0};
    if (!str_ends(text, S(")"))) return false;
    str inner = str_take(text, text.n - 1);
    if (str_starts(text, S("rate("))) return parse_rate(s, str_skip(inner, 5));
    if (str_starts(text, S("cron("))) return parse_cron(s, str_skip(inner, 5));
    if (!str_starts(text, S("at("))) return false;
    char iso[24] = {0};
    str at = str_skip(inner, 3);
    if (at.n != 19) return false;
    memcpy(iso, at.p, 19);
    iso[19] = 'Z';
    s->kind = SCHEDULE_AT;
    return iso8601_parse((str){iso, 20}, &s->at_ms);
}

/* ---- the next time ---- */

static int days_in(i64 year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static int weekday_of(const struct civil_time *t, int day) { return (t->weekday + day - t->day + 35) % 7; } /* 0 is Sunday */

/* The working day nearest to `day` within its month. */
static int nearest_weekday(const struct civil_time *t, int day) {
    int last = days_in(t->year, t->month), weekday = weekday_of(t, day);
    if (weekday == 6) return day > 1 ? day - 1 : day + 2;
    if (weekday == 0) return day < last ? day + 1 : day - 2;
    return day;
}

static bool day_fits(const struct schedule *s, const struct civil_time *t) {
    int last = days_in(t->year, t->month);
    if (s->last_day) return t->day == last;
    if (s->last_weekday_of_month) return t->day == nearest_weekday(t, last);
    if (s->nearest_weekday) {
        for (int day = 1; day <= last; day++)
            if (s->days & (1u << day)) return t->day == nearest_weekday(t, day);
        return false;
    }
    if (!s->any_day) return s->days & (1u << t->day);
    if (s->any_weekday) return true;
    if (!s->weekday_nth) return s->weekdays & (1u << (t->weekday + 1));
    if (t->weekday + 1 != s->weekday_n) return false;
    return s->weekday_nth == 6 ? t->day + 7 > last : (t->day + 6) / 7 == s->weekday_nth;
}

static bool date_fits(const struct schedule *s, const struct civil_time *t) {
    size_t year = (size_t)(t->year - YEAR_FIRST);
    return (s->years[year / 8] & (1 << (year % 8))) && (s->months & (1u << t->month)) && day_fits(s, t);
}

static i64 next_cron(const struct schedule *s, i64 after_ms) {
    i64 start = (after_ms / MINUTE_MS + 1) * MINUTE_MS;
    for (i64 day = start / DAY_MS * DAY_MS;; day += DAY_MS) {
        struct civil_time t = civil_of(day);
        if (t.year > YEAR_LAST) return -1;
        if (!date_fits(s, &t)) continue;
        for (int minute = 0; minute < 24 * 60; minute++) {
            i64 at = day + (i64)minute * MINUTE_MS;
            if (at >= start && (s->hours & (1u << (minute / 60))) && (s->minutes & (1ull << (minute % 60)))) return at;
        }
    }
}

i64 schedule_next_in(const struct schedule *s, const struct zone *zone, i64 after_ms) {
    i64 at;
    if (s->kind == SCHEDULE_RATE) return after_ms + s->rate_ms;
    if (s->kind == SCHEDULE_AT) return zone_moment(zone, s->at_ms, &at) && at > after_ms ? at : -1;
    i64 local = zone_local(zone, after_ms);
    do {
        local = next_cron(s, local);
        if (local < 0) return -1;
    } while (!zone_moment(zone, local, &at) || at <= after_ms);
    return at;
}

i64 schedule_next(const struct schedule *s, i64 after_ms) { return schedule_next_in(s, NULL, after_ms); }
