/* Timestamps of S3 Select: Ion's texts, which say how precise they are, date arithmetic and patterns. */
#include "services/s3/select_sql.h"

#include "cloud/cloud.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000 };

static struct civil_time local(const struct sql_time *t) { return civil_of(t->ms + (i64)t->offset_minutes * MINUTE_MS); }

static int days_in(i64 year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* ---- reading ---- */

static bool digits(str *s, size_t n, int *value) {
    u64 number;
    if (s->n < n || !str_to_u64(str_take(*s, n), &number)) return false;
    *value = (int)number;
    *s = str_skip(*s, n);
    return true;
}
static bool sign(str *s, char c) {
    if (!s->n || s->p[0] != c) return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool read_offset(str *s, struct sql_time *t) {
    int hours, minutes;
    if (sign(s, 'Z') || sign(s, 'z')) return true;
    bool minus = s->n && s->p[0] == '-';
    if (!sign(s, '+') && !sign(s, '-')) return false;
    if (!digits(s, 2, &hours) || !sign(s, ':') || !digits(s, 2, &minutes) || hours > 23 || minutes > 59) return false;
    t->offset_minutes = (hours * 60 + minutes) * (minus ? -1 : 1);
    t->offset_unknown = minus && !t->offset_minutes;
    return true;
}

static bool read_fraction(str *s, struct civil_time *c) {
    int value = 0, place = 100;
    size_t n = 0;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++, place /= 10) value += (s->p[n] - '0') * place;
    *s = str_skip(*s, n);
    c->millisecond = value;
    return n > 0;
}

static bool read_clock(str *s, struct civil_time *c, struct sql_time *t) {
    t->precision = SQL_MINUTE;
    if (!digits(s, 2, &c->hour) || !sign(s, ':') || !digits(s, 2, &c->minute)) return false;
    if (sign(s, ':')) {
        t->precision = SQL_SECOND;
        if (!digits(s, 2, &c->second)) return false;
        if (sign(s, '.')) {
            t->precision = SQL_FRACTION;
            if (!read_fraction(s, c)) return false;
        }
    }
    return c->hour < 24 && c->minute < 60 && c->second < 60 && read_offset(s, t);
}

bool sql_time_read(str text, struct sql_time *t) {
    struct civil_time c = {.month = 1, .day = 1};
    str s = str_trim(text);
    int year;
    *t = (struct sql_time){.precision = SQL_YEAR, .offset_unknown = true};
    if (!digits(&s, 4, &year) || year < 1) return false;
    c.year = year;
    if (sign(&s, '-')) {
        t->precision = SQL_MONTH;
        if (!digits(&s, 2, &c.month) || c.month < 1 || c.month > 12) return false;
        if (sign(&s, '-')) {
            t->precision = SQL_DAY;
            if (!digits(&s, 2, &c.day) || c.day < 1 || c.day > days_in(year, c.month)) return false;
        }
    }
    bool clock = sign(&s, 'T');
    if (!clock && t->precision != SQL_DAY) return false; /* "2007" is a number */
    if (clock && s.n) {
        t->offset_unknown = false;
        if (t->precision != SQL_DAY || !read_clock(&s, &c, t)) return false;
    }
    t->ms = civil_to_ms(&c) - (i64)t->offset_minutes * MINUTE_MS;
    return !s.n;
}

/* ---- showing ---- */

static void show_offset(struct buf *b, const struct sql_time *t, bool colon, bool minutes_too) {
    i32 minutes = t->offset_minutes < 0 ? -t->offset_minutes : t->offset_minutes;
    buf_format(b, "%c%02d", t->offset_minutes < 0 || t->offset_unknown ? '-' : '+', minutes / 60);
    if (minutes_too) buf_format(b, colon ? ":%02d" : "%02d", minutes % 60);
}

void sql_time_show(struct buf *b, const struct sql_time *t) {
    struct civil_time c = local(t);
    buf_format(b, "%04lld", (long long)c.year);
    if (t->precision >= SQL_MONTH) buf_format(b, "-%02d", c.month);
    if (t->precision >= SQL_DAY) buf_format(b, "-%02d", c.day);
    if (t->precision == SQL_DAY) return;
    buf_char(b, 'T');
    if (t->precision < SQL_DAY) return;
    buf_format(b, "%02d:%02d", c.hour, c.minute);
    if (t->precision >= SQL_SECOND) buf_format(b, ":%02d", c.second);
    if (t->precision >= SQL_FRACTION) buf_format(b, ".%03d", c.millisecond);
    if (!t->offset_minutes && !t->offset_unknown) buf_char(b, 'Z');
    else show_offset(b, t, true, true);
}

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

static bool show_zone(struct buf *b, const struct sql_time *t, size_t n, bool z) {
    if (n > 5) return false;
    if (z && !t->offset_minutes) buf_char(b, 'Z');
    else show_offset(b, t, n == 3 || n == 5, n > 1);
    return true;
}

static bool show_month(struct buf *b, const struct civil_time *c, size_t n) {
    const char *name = months[c->month - 1];
    if (n <= 2) buf_format(b, n == 2 ? "%02d" : "%d", c->month);
    else if (n == 3) buf_format(b, "%.3s", name);
    else if (n == 4) buf_format(b, "%s", name);
    else if (n == 5) buf_char(b, name[0]);
    return n <= 5;
}

static bool show_year(struct buf *b, const struct civil_time *c, size_t n) {
    if (n == 2) buf_format(b, "%02d", (int)(c->year % 100));
    else if (n == 1) buf_format(b, "%lld", (long long)c->year);
    else if (n == 4) buf_format(b, "%04lld", (long long)c->year);
    return n == 1 || n == 2 || n == 4;
}

static bool show_number(struct buf *b, int value, size_t n) {
    buf_format(b, n == 2 ? "%02d" : "%d", value);
    return n <= 2;
}

/* n letters `symbol` of a pattern. */
static bool show_symbol(struct buf *b, const struct sql_time *t, const struct civil_time *c, char symbol, size_t n) {
    enum { NANOSECONDS = 9 };
    switch (symbol) {
    case 'y': return show_year(b, c, n);
    case 'M': return show_month(b, c, n);
    case 'd': return show_number(b, c->day, n);
    case 'H': return show_number(b, c->hour, n);
    case 'h': return show_number(b, c->hour % 12 ? c->hour % 12 : 12, n);
    case 'm': return show_number(b, c->minute, n);
    case 's': return show_number(b, c->second, n);
    case 'a': buf_add(b, c->hour < 12 ? S("AM") : S("PM")); return n == 1;
    case 'n': buf_i64(b, (i64)c->millisecond * 1000000); return n == 1;
    case 'S': {
        str fraction = arena_format(b->arena, "%03d000000", c->millisecond);
        buf_add(b, str_take(fraction, n));
        return n <= NANOSECONDS;
    }
    case 'X': return show_zone(b, t, n, true);
    case 'x': return show_zone(b, t, n, false);
    default: return false;
    }
}

bool sql_time_format(struct buf *b, const struct sql_time *t, str pattern) {
    struct civil_time c = local(t);
    while (pattern.n) {
        char symbol = pattern.p[0];
        size_t n = 1;
        if (symbol == '\'') {
            size_t end = str_find_char(str_skip(pattern, 1), '\'');
            if (end == STR_NONE) return false;
            buf_add(b, end ? str_take(str_skip(pattern, 1), end) : S("'"));
            n = end + 2;
        } else if ((symbol >= 'a' && symbol <= 'z') || (symbol >= 'A' && symbol <= 'Z')) {
            while (n < pattern.n && pattern.p[n] == symbol) n++;
            if (!show_symbol(b, t, &c, symbol, n)) return false;
        } else {
            buf_char(b, symbol);
        }
        pattern = str_skip(pattern, n);
    }
    return true;
}

/* ---- arithmetic ---- */

static bool add_months(struct sql_time *t, i64 months_more) {
    struct civil_time c = local(t);
    i64 month = c.year * 12 + c.month - 1 + months_more;
    if (month < 12 || month >= 120000) return false; /* the years 1 to 9999 */
    c.year = month / 12;
    c.month = (int)(month % 12) + 1;
    c.day = MIN(c.day, days_in(c.year, c.month));
    t->ms = civil_to_ms(&c) - (i64)t->offset_minutes * MINUTE_MS;
    return true;
}

bool sql_time_add(struct sql_time *t, enum sql_part part, i64 quantity) {
    static const i64 units[] = {[SQL_PART_DAY] = DAY_MS, [SQL_PART_HOUR] = HOUR_MS, [SQL_PART_MINUTE] = MINUTE_MS, [SQL_PART_SECOND] = 1000};
    static const u8 precisions[] = {SQL_YEAR, SQL_MONTH, SQL_DAY, SQL_MINUTE, SQL_MINUTE, SQL_SECOND};
    const i64 year_10000 = 253402300800000, year_1 = -62135596800000, most = 10000000000000;
    t->precision = MAX(t->precision, precisions[part]); /* as the result needs it */
    if (quantity > most || quantity < -most) return false;
    if (part == SQL_PART_YEAR) return add_months(t, quantity * 12);
    if (part == SQL_PART_MONTH) return add_months(t, quantity);
    i64 span, ms;
    if (__builtin_mul_overflow(quantity, units[part], &span) || __builtin_add_overflow(t->ms, span, &ms)) return false;
    t->ms = ms;
    return ms >= year_1 && ms < year_10000;
}

/* Whole months from one to the other. */
static i64 months_between(const struct sql_time *from, const struct sql_time *to) {
    if (from->ms > to->ms) return -months_between(to, from);
    struct civil_time x = civil_of(from->ms), y = civil_of(to->ms);
    i64 n = (y.year - x.year) * 12 + y.month - x.month;
    struct civil_time first = {.year = 1970, .month = 1, .day = 1};
    x.year = y.year = first.year; /* the rest of the month, to compare */
    x.month = y.month = first.month;
    return n - (civil_to_ms(&y) < civil_to_ms(&x));
}

i64 sql_time_difference(enum sql_part part, const struct sql_time *from, const struct sql_time *to) {
    static const i64 units[] = {[SQL_PART_DAY] = DAY_MS, [SQL_PART_HOUR] = HOUR_MS, [SQL_PART_MINUTE] = MINUTE_MS, [SQL_PART_SECOND] = 1000};
    if (part == SQL_PART_YEAR) return months_between(from, to) / 12;
    if (part == SQL_PART_MONTH) return months_between(from, to);
    return (to->ms - from->ms) / units[part];
}

i64 sql_time_part(const struct sql_time *t, enum sql_part part) {
    struct civil_time c = local(t);
    switch (part) {
    case SQL_PART_YEAR: return c.year;
    case SQL_PART_MONTH: return c.month;
    case SQL_PART_DAY: return c.day;
    case SQL_PART_HOUR: return c.hour;
    case SQL_PART_MINUTE: return c.minute;
    case SQL_PART_SECOND: return c.second;
    case SQL_PART_TIMEZONE_HOUR: return t->offset_minutes / 60;
    case SQL_PART_TIMEZONE_MINUTE: return t->offset_minutes % 60;
    }
    return 0;
}
