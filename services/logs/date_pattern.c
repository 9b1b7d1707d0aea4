#include "date_pattern.h"

#include "base/encode.h"

struct date_words {
    const char *months[12], *days[7]; /* days from Sunday */
    u8 short_month, short_day;        /* bytes of the short form */
};
static const struct date_words english = {
    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
    {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
    3, 3,
};
static const struct date_words german = {
    {"Januar", "Februar", "M\xc3\xa4rz", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
    {"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
    3, 2,
};

const struct date_words *date_words_of(str locale) {
    if (!locale.n || str_eq_nocase(locale, S("root")) || str_eq_nocase(locale, S("locale.ROOT"))) return &english;
    str language = str_take(locale, 2);
    if (locale.n > 2 && locale.p[2] != '-' && locale.p[2] != '_') return NULL;
    return str_eq_nocase(language, S("en")) ? &english : str_eq_nocase(language, S("de")) ? &german : NULL;
}

/* ---- patterns: letters repeated, and text ---- */

struct item {
    char letter; /* 0: text */
    u32 width;
    str text;
};

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* The next of the pattern, which is cut. A doubled quote is one. */
static bool next_item(str *pattern, struct item *item) {
    if (!pattern->n) return false;
    char c = pattern->p[0];
    size_t n = 1;
    if (c == '\'') {
        str inside = str_skip(*pattern, 1);
        size_t end = str_find_char(inside, '\'');
        *item = (struct item){.text = end == 0 ? S("'") : str_take(inside, end == STR_NONE ? inside.n : end)};
        *pattern = end == STR_NONE ? str_skip(*pattern, pattern->n) : str_skip(inside, end + 1);
        return true;
    }
    if (!is_letter(c)) {
        *item = (struct item){.text = str_take(*pattern, 1)};
        *pattern = str_skip(*pattern, 1);
        return true;
    }
    while (n < pattern->n && pattern->p[n] == c) n++;
    *item = (struct item){.letter = c, .width = (u32)n};
    *pattern = str_skip(*pattern, n);
    return true;
}

const char *date_pattern_problem(str pattern) {
    struct item item;
    while (next_item(&pattern, &item)) {
        if (item.letter && !strchr("yuMLdEaHhkKmsSnXxZzV", item.letter)) return "it has a letter that is not known.";
        if (item.width > 9) return "a letter is repeated too often.";
    }
    return NULL;
}

/* ---- read ---- */

struct reader {
    str rest;
    const struct date_words *words;
    struct civil_time time;
    i64 offset_ms;
    bool has_offset, afternoon, half_day;
};

/* Up to `most` digits; least of them. */
static bool read_digits(struct reader *r, u32 least, u32 most, i64 *value) {
    u32 n = 0;
    for (*value = 0; n < most && n < r->rest.n && r->rest.p[n] >= '0' && r->rest.p[n] <= '9'; n++) *value = 10 * *value + (r->rest.p[n] - '0');
    r->rest = str_skip(r->rest, n);
    return n && n >= least;
}

/* One of the words, its short form too, in any case: its index. */
static int read_word(struct reader *r, const char *const *words, int count, size_t shortened) {
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < count; i++) {
            str word = str_of(words[i]);
            if (pass) word = str_take(word, shortened + ((word.n > 1 && (u8)word.p[1] >= 0x80) ? 1 : 0));
            if (r->rest.n < word.n || !str_eq_nocase(str_take(r->rest, word.n), word)) continue;
            r->rest = str_skip(r->rest, word.n);
            return i;
        }
    return -1;
}

static bool read_offset(struct reader *r) {
    i64 hours, minutes = 0;
    r->has_offset = true;
    r->offset_ms = 0;
    str names[] = {S("UTC"), S("GMT"), S("Z")};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_starts(r->rest, names[i])) {
            r->rest = str_skip(r->rest, names[i].n);
            if (!r->rest.n || (r->rest.p[0] != '+' && r->rest.p[0] != '-')) return true;
            break;
        }
    if (!r->rest.n || (r->rest.p[0] != '+' && r->rest.p[0] != '-')) return false;
    bool west = r->rest.p[0] == '-';
    r->rest = str_skip(r->rest, 1);
    if (!read_digits(r, 2, 2, &hours)) return false;
    if (str_starts(r->rest, S(":"))) r->rest = str_skip(r->rest, 1);
    if (r->rest.n && r->rest.p[0] >= '0' && r->rest.p[0] <= '9' && !read_digits(r, 2, 2, &minutes)) return false;
    r->offset_ms = (hours * 60 + minutes) * 60000 * (west ? -1 : 1);
    return hours <= 18 && minutes < 60;
}

static bool read_month(struct reader *r, u32 width) {
    i64 number;
    if (width > 2) {
        r->time.month = read_word(r, r->words->months, 12, r->words->short_month) + 1;
        return r->time.month > 0;
    }
    bool read = read_digits(r, width, 2, &number);
    r->time.month = (int)number;
    return read && number >= 1 && number <= 12;
}

static bool read_year(struct reader *r, u32 width) {
    bool read = read_digits(r, width == 2 ? 2 : 1, width == 2 ? 2 : 4, &r->time.year);
    if (width == 2) r->time.year += 2000;
    return read;
}

/* Digits of a second: thousandths count, further ones do not. */
static bool read_fraction(struct reader *r, u32 width) {
    i64 number;
    if (!read_digits(r, width, width, &number)) return false;
    for (; width < 3; width++) number *= 10;
    for (; width > 3; width--) number /= 10;
    r->time.millisecond = (int)number;
    return true;
}

static bool read_small(struct reader *r, u32 width, i64 least, i64 most, int *into) {
    i64 number;
    if (!read_digits(r, width, width > 2 ? width : 2, &number) || number < least || number > most) return false;
    *into = (int)number;
    return true;
}

static bool read_item(struct reader *r, const struct item *item) {
    static const char *const halves[] = {"AM", "PM"};
    u32 w = item->width;
    int half;
    switch (item->letter) {
    case 'y':
    case 'u': return read_year(r, w);
    case 'M':
    case 'L': return read_month(r, w);
    case 'd': return read_small(r, w, 1, 31, &r->time.day);
    case 'E': return read_word(r, r->words->days, 7, r->words->short_day) >= 0;
    case 'H': return read_small(r, w, 0, 23, &r->time.hour);
    case 'k': return read_small(r, w, 1, 24, &r->time.hour) && (r->time.hour %= 24, true);
    case 'h': r->half_day = true; return read_small(r, w, 1, 12, &r->time.hour);
    case 'K': r->half_day = true; return read_small(r, w, 0, 11, &r->time.hour);
    case 'm': return read_small(r, w, 0, 59, &r->time.minute);
    case 's': return read_small(r, w, 0, 59, &r->time.second);
    case 'S': return read_fraction(r, w);
    case 'n': return read_fraction(r, 9);
    case 'a': half = read_word(r, halves, 2, 2); r->afternoon = half == 1; return half >= 0;
    default: return read_offset(r);
    }
}

bool date_pattern_read(str pattern, const struct date_words *words, const struct zone *zone, str text, i64 *ms) {
    struct reader r = {.rest = text, .words = words, .time = {.year = 1970, .month = 1, .day = 1}};
    struct item item;
    while (next_item(&pattern, &item)) {
        if (item.letter ? !read_item(&r, &item) : !str_starts(r.rest, item.text)) return false;
        r.rest = str_skip(r.rest, item.text.n);
    }
    if (r.rest.n) return false;
    if (r.half_day) r.time.hour = r.time.hour % 12 + (r.afternoon ? 12 : 0);
    i64 local_ms = civil_to_ms(&r.time);
    struct civil_time back = civil_of(local_ms);
    if (back.day != r.time.day || back.month != r.time.month) return false; /* 31 February */
    if (r.has_offset) *ms = local_ms - r.offset_ms;
    else if (!zone_moment(zone, local_ms, ms)) return false;
    return true;
}

/* ---- written ---- */

static void write_word(struct buf *out, const char *word, u32 width, size_t shortened) {
    str text = str_of(word);
    buf_add(out, width > 3 ? text : str_take(text, shortened + ((text.n > 1 && (u8)text.p[1] >= 0x80) ? 1 : 0)));
}

static void write_offset(struct buf *out, i64 offset_ms, bool zulu, bool colon) {
    i64 minutes = offset_ms / 60000, distance = minutes < 0 ? -minutes : minutes;
    if (zulu && !minutes) buf_char(out, 'Z');
    else buf_format(out, "%c%02d%s%02d", minutes < 0 ? '-' : '+', (int)(distance / 60), colon ? ":" : "", (int)(distance % 60));
}

static void write_item(struct buf *out, const struct item *item, const struct date_words *words, const struct civil_time *t, i64 offset_ms, str zone_name) {
    int w = (int)item->width, hour = t->hour % 12;
    switch (item->letter) {
    case 'y':
    case 'u': buf_format(out, "%0*lld", w, (long long)(w == 2 ? t->year % 100 : t->year)); break;
    case 'M':
    case 'L':
        if (w > 2) write_word(out, words->months[t->month - 1], item->width, words->short_month);
        else buf_format(out, "%0*d", w, t->month);
        break;
    case 'd': buf_format(out, "%0*d", w, t->day); break;
    case 'E': write_word(out, words->days[t->weekday], item->width, words->short_day); break;
    case 'H': buf_format(out, "%0*d", w, t->hour); break;
    case 'k': buf_format(out, "%0*d", w, t->hour ? t->hour : 24); break;
    case 'h': buf_format(out, "%0*d", w, hour ? hour : 12); break;
    case 'K': buf_format(out, "%0*d", w, hour); break;
    case 'm': buf_format(out, "%0*d", w, t->minute); break;
    case 's': buf_format(out, "%0*d", w, t->second); break;
    case 'S': buf_add(out, str_take(arena_format(out->arena, "%03d000000", t->millisecond), item->width)); break;
    case 'n': buf_format(out, "%d", t->millisecond * 1000000); break;
    case 'a': buf_add(out, t->hour < 12 ? S("AM") : S("PM")); break;
    case 'X': write_offset(out, offset_ms, true, w > 2); break;
    case 'x':
    case 'Z': write_offset(out, offset_ms, false, item->letter == 'Z' ? w == 5 : w > 2); break;
    default: buf_add(out, zone_name);
    }
}

void date_pattern_write(struct buf *out, str pattern, const struct date_words *words, const struct zone *zone, str zone_name, i64 ms) {
    i64 local_ms = zone_local(zone, ms);
    struct civil_time t = civil_of(local_ms);
    struct item item;
    while (next_item(&pattern, &item)) {
        if (item.letter) write_item(out, &item, words, &t, local_ms - ms, zone_name);
        else buf_add(out, item.text);
    }
}
