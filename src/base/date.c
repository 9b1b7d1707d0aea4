/* The dates of encode.h. */
#include "base/encode.h"

static const i64 day_ms = 24 * 60 * 60 * 1000;
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char weekdays[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};

/* ---- calendar ----
 * Years are counted from March, so that the leap day is the last of its year; 400 of them have a
 * fixed number of days (an era). 1970-01-01 is day 719468 after 0000-03-01. */
enum { ERA_DAYS = 146097, EPOCH_DAY = 719468 };

static i64 floor_div(i64 a, i64 b) { return a / b - (a % b < 0); }

struct civil_time civil_of(i64 ms) {
    i64 days = floor_div(ms, day_ms);
    int rest = (int)(ms % day_ms + (ms % day_ms < 0 ? day_ms : 0)); /* days * day_ms may lie below i64 */
    i64 era = floor_div(days + EPOCH_DAY, ERA_DAYS);
    int day_of_era = (int)(days + EPOCH_DAY - era * ERA_DAYS);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil_time){
        .year = era * 400 + year_of_era + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
        .hour = rest / 3600000,
        .minute = rest / 60000 % 60,
        .second = rest / 1000 % 60,
        .millisecond = rest % 1000,
        .weekday = (int)(((days + 4) % 7 + 7) % 7), /* day 0 was a Thursday */
    };
}

i64 civil_to_ms(const struct civil_time *t) {
    i64 year = t->year - (t->month <= 2);
    i64 era = floor_div(year, 400);
    i64 year_of_era = year - era * 400;
    int month_from_march = t->month > 2 ? t->month - 3 : t->month + 9;
    int day_of_year = (153 * month_from_march + 2) / 5 + t->day - 1;
    i64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i64 days = era * ERA_DAYS + day_of_era - EPOCH_DAY;
    return days * day_ms + t->hour * 3600000 + t->minute * 60000 + t->second * 1000
        + t->millisecond;
}

static int days_in_month(i64 year, int month) {
    static const u8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool in_calendar(const struct civil_time *t) {
    return t->month >= 1 && t->month <= 12 && t->day >= 1
        && t->day <= days_in_month(t->year, t->month) && t->hour < 24 && t->minute < 60
        && t->second < 60;
}

/* ---- writing ---- */

static void add_number(struct buf *b, i64 number, int digits) {
    if (number < 0) {
        buf_char(b, '-');
        number = -number;
    }
    i64 limit = 1;
    for (int i = 0; i < digits; i++) limit *= 10;
    if (number >= limit) {
        buf_i64(b, number);
        return;
    }
    char text[20];
    for (int i = digits; i-- > 0; number /= 10) text[i] = (char)('0' + number % 10);
    buf_add(b, (str){text, (size_t)digits});
}

static void add_clock(struct buf *b, const struct civil_time *t) {
    add_number(b, t->hour, 2);
    buf_char(b, ':');
    add_number(b, t->minute, 2);
    buf_char(b, ':');
    add_number(b, t->second, 2);
}

static void add_iso8601(struct buf *b, i64 ms, bool always_ms) {
    struct civil_time t = civil_of(ms);
    add_number(b, t.year, 4);
    buf_char(b, '-');
    add_number(b, t.month, 2);
    buf_char(b, '-');
    add_number(b, t.day, 2);
    buf_char(b, 'T');
    add_clock(b, &t);
    if (t.millisecond || always_ms) {
        buf_char(b, '.');
        add_number(b, t.millisecond, 3);
    }
    buf_char(b, 'Z');
}

void buf_iso8601(struct buf *b, i64 ms) { add_iso8601(b, ms, false); }
void buf_iso8601_ms(struct buf *b, i64 ms) { add_iso8601(b, ms, true); }

void buf_http_date(struct buf *b, i64 ms) {
    struct civil_time t = civil_of(ms);
    buf_add(b, (str){weekdays[t.weekday], 3});
    buf_add(b, S(", "));
    add_number(b, t.day, 2);
    buf_char(b, ' ');
    buf_add(b, str_of(months[t.month - 1]));
    buf_char(b, ' ');
    add_number(b, t.year, 4);
    buf_char(b, ' ');
    add_clock(b, &t);
    buf_add(b, S(" GMT"));
}

void buf_amz_date(struct buf *b, i64 ms) {
    struct civil_time t = civil_of(ms);
    add_number(b, t.year, 4);
    add_number(b, t.month, 2);
    add_number(b, t.day, 2);
    buf_char(b, 'T');
    add_number(b, t.hour, 2);
    add_number(b, t.minute, 2);
    add_number(b, t.second, 2);
    buf_char(b, 'Z');
}

/* ---- reading: each function takes its part from the front of *s ---- */

static bool take(str *s, str literal) {
    if (!str_starts(*s, literal)) return false;
    *s = str_skip(*s, literal.n);
    return true;
}

static bool take_number(str *s, int digits, int *number) {
    if (s->n < (size_t)digits) return false;
    int value = 0;
    for (int i = 0; i < digits; i++) {
        char c = s->p[i];
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    *s = str_skip(*s, (size_t)digits);
    *number = value;
    return true;
}

static bool take_year(str *s, i64 *year) {
    int number;
    if (!take_number(s, 4, &number)) return false;
    *year = number;
    return true;
}

static bool take_clock(str *s, struct civil_time *t) {
    return take_number(s, 2, &t->hour) && take(s, S(":")) && take_number(s, 2, &t->minute)
        && take(s, S(":")) && take_number(s, 2, &t->second);
}

/* ".5", ".123456": at least one digit; what is finer than a millisecond is cut off. */
static bool take_fraction(str *s, struct civil_time *t) {
    if (!take(s, S("."))) return true;
    int unit = 100, digits = 0;
    for (int digit; take_number(s, 1, &digit); digits++, unit /= 10) t->millisecond += digit * unit;
    return digits > 0;
}

static bool take_month_name(str *s, int *month) {
    for (int i = 0; i < 12; i++)
        if (take(s, (str){months[i], 3})) {
            *month = i + 1;
            return true;
        }
    return false;
}

static bool take_weekday(str *s, bool whole) {
    for (int i = 0; i < 7; i++)
        if (take(s, whole ? str_of(weekdays[i]) : (str){weekdays[i], 3})) return true;
    return false;
}

static bool finish(const struct civil_time *t, str rest, i64 *ms) {
    if (rest.n || !in_calendar(t)) return false;
    *ms = civil_to_ms(t);
    return true;
}

/* "+01:00" with ":" between, "+0100" with nothing. */
static bool take_offset(str *s, str between, i64 *offset_ms) {
    bool west = str_starts(*s, S("-"));
    if (!west && !str_starts(*s, S("+"))) return false;
    *s = str_skip(*s, 1);
    int hours, minutes;
    if (!take_number(s, 2, &hours) || !take(s, between) || !take_number(s, 2, &minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    *offset_ms = (i64)(hours * 60 + minutes) * 60000 * (west ? -1 : 1);
    return true;
}

/* "Z", "+01:00", "-08:00" */
static bool take_zone(str *s, i64 *offset_ms) {
    *offset_ms = 0;
    return take(s, S("Z")) || take(s, S("z")) || take_offset(s, S(":"), offset_ms);
}

bool iso8601_parse(str s, i64 *ms) {
    struct civil_time t = {0};
    i64 offset_ms;
    bool ok = take_year(&s, &t.year) && take(&s, S("-")) && take_number(&s, 2, &t.month)
        && take(&s, S("-")) && take_number(&s, 2, &t.day) && (take(&s, S("T")) || take(&s, S("t")))
        && take_clock(&s, &t) && take_fraction(&s, &t) && take_zone(&s, &offset_ms)
        && finish(&t, s, ms);
    if (ok) *ms -= offset_ms;
    return ok;
}

/* "Sun, 06 Nov 1994 08:49:37" and a blank */
static bool take_fixdate(str *s, struct civil_time *t) {
    return take_weekday(s, false) && take(s, S(", ")) && take_number(s, 2, &t->day)
        && take(s, S(" ")) && take_month_name(s, &t->month) && take(s, S(" "))
        && take_year(s, &t->year) && take(s, S(" ")) && take_clock(s, t)
        && take_fraction(s, t) && take(s, S(" "));
}

static bool imf_fixdate_parse(str s, i64 *ms) {
    struct civil_time t = {0};
    return take_fixdate(&s, &t) && take(&s, S("GMT")) && finish(&t, s, ms);
}

bool mail_date_parse(str s, i64 *ms) {
    struct civil_time t = {0};
    i64 offset_ms = 0;
    bool ok = take_fixdate(&s, &t) && take_offset(&s, S(""), &offset_ms) && finish(&t, s, ms);
    if (ok) *ms -= offset_ms;
    return ok;
}

/* Sunday, 06-Nov-94 08:49:37 GMT: a year from 1970 to 2069. */
static bool rfc850_parse(str s, i64 *ms) {
    struct civil_time t = {0};
    int year;
    bool ok = take_weekday(&s, true) && take(&s, S(", ")) && take_number(&s, 2, &t.day)
        && take(&s, S("-")) && take_month_name(&s, &t.month) && take(&s, S("-"))
        && take_number(&s, 2, &year) && take(&s, S(" ")) && take_clock(&s, &t)
        && take(&s, S(" GMT"));
    if (!ok) return false;
    t.year = year < 70 ? 2000 + year : 1900 + year;
    return finish(&t, s, ms);
}

/* Sun Nov  6 08:49:37 1994 */
static bool asctime_parse(str s, i64 *ms) {
    struct civil_time t = {0};
    return take_weekday(&s, false) && take(&s, S(" ")) && take_month_name(&s, &t.month)
        && take(&s, S(" ")) && take_number(&s, take(&s, S(" ")) ? 1 : 2, &t.day)
        && take(&s, S(" ")) && take_clock(&s, &t) && take(&s, S(" ")) && take_year(&s, &t.year)
        && finish(&t, s, ms);
}

bool http_date_parse(str s, i64 *ms) {
    return imf_fixdate_parse(s, ms) || rfc850_parse(s, ms) || asctime_parse(s, ms);
}

bool amz_date_parse(str s, i64 *ms) {
    struct civil_time t = {0};
    return take_year(&s, &t.year) && take_number(&s, 2, &t.month) && take_number(&s, 2, &t.day)
        && take(&s, S("T")) && take_number(&s, 2, &t.hour) && take_number(&s, 2, &t.minute)
        && take_number(&s, 2, &t.second) && take(&s, S("Z")) && finish(&t, s, ms);
}
