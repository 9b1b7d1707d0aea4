#include "cloud/zone.h"

#include "base/encode.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DIRECTORY "/usr/share/zoneinfo/"

enum { HEADER = 44, FILE_MAX = 256 << 10, NAME_MAX_LENGTH = 50, DAY_S = 86400, HOUR_S = 3600 };

/* When a zone's clocks are changed each year, from the last line of its file. */
struct change {
    char kind; /* 'M': weekday of a week of a month; 'J': day 1..365 without leap days; 'D': day 0..365 */
    int month, week, day;
    i64 at_s; /* of the local day; may lie outside of it */
};
struct zone {
    u32 transitions, types;
    const u8 *times, *type_of, *type; /* of the file: 8, 1 and 6 bytes each */
    bool has_rule, has_summer;        /* for what comes behind the last transition */
    i64 standard_s, summer_s;         /* east of Greenwich */
    struct change to_summer, to_standard;
};

static i64 big_endian(const u8 *p, int n) {
    u64 v = p[0] & 0x80 ? ~0ull : 0;
    for (int i = 0; i < n; i++) v = v << 8 | p[i];
    return (i64)v;
}

/* ---- the last line: "EST5EDT,M3.2.0,M11.1.0" (POSIX TZ) ---- */

static bool rule_name(str *rest) {
    size_t n = 0;
    if (rest->n && rest->p[0] == '<') {
        n = str_find_char(*rest, '>');
        if (n == STR_NONE) return false;
        n++;
    } else {
        while (n < rest->n && (rest->p[n] | 32) >= 'a' && (rest->p[n] | 32) <= 'z') n++;
    }
    *rest = str_skip(*rest, n);
    return n >= 3;
}

static bool rule_number(str *rest, i64 *value) {
    size_t n = 0;
    *value = 0;
    for (; n < rest->n && n < 4 && rest->p[n] >= '0' && rest->p[n] <= '9'; n++) *value = *value * 10 + (rest->p[n] - '0');
    *rest = str_skip(*rest, n);
    return n > 0;
}

static bool rule_mark(str *rest, char c) {
    if (!rest->n || rest->p[0] != c) return false;
    *rest = str_skip(*rest, 1);
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(str *rest, i64 *seconds) {
    bool minus = rule_mark(rest, '-');
    i64 part;
    if (!minus) (void)rule_mark(rest, '+');
    if (!rule_number(rest, &part) || part > 167) return false;
    *seconds = part * HOUR_S;
    for (i64 unit = 60; unit >= 1 && rule_mark(rest, ':'); unit /= 60) {
        if (!rule_number(rest, &part) || part > 59) return false;
        *seconds += part * unit;
    }
    if (minus) *seconds = -*seconds;
    return true;
}

static bool rule_change(str *rest, struct change *change) {
    i64 month = 0, week = 0, day = 0;
    *change = (struct change){.kind = 'D', .at_s = 2 * HOUR_S};
    if (!rule_mark(rest, ',')) return false;
    if (rule_mark(rest, 'M')) {
        change->kind = 'M';
        if (!rule_number(rest, &month) || !rule_mark(rest, '.') || !rule_number(rest, &week) || !rule_mark(rest, '.') || !rule_number(rest, &day)) return false;
        if (month < 1 || month > 12 || week < 1 || week > 5 || day > 6) return false;
    } else {
        if (rule_mark(rest, 'J')) change->kind = 'J';
        if (!rule_number(rest, &day) || day > 365 || (change->kind == 'J' && day < 1)) return false;
    }
    change->month = (int)month;
    change->week = (int)week;
    change->day = (int)day;
    return !rule_mark(rest, '/') || rule_time(rest, &change->at_s);
}

static bool rule_read(str text, struct zone *z) {
    i64 west;
    if (!rule_name(&text) || !rule_time(&text, &west)) return false;
    z->standard_s = -west;
    z->has_rule = true;
    if (!text.n) return true;
    if (!rule_name(&text)) return false;
    z->summer_s = z->standard_s + HOUR_S;
    if (text.n && text.p[0] != ',') {
        if (!rule_time(&text, &west)) return false;
        z->summer_s = -west;
    }
    z->has_summer = true;
    return rule_change(&text, &z->to_summer) && rule_change(&text, &z->to_standard) && !text.n;
}

/* In local seconds, as if they were of UTC. */
static i64 change_in(const struct change *change, i64 year) {
    struct civil_time first = {.year = year, .month = change->kind == 'M' ? change->month : 1, .day = 1};
    i64 start_s = civil_to_ms(&first) / 1000;
    if (change->kind == 'D') return start_s + change->day * DAY_S + change->at_s;
    if (change->kind == 'J') {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return start_s + (change->day - 1 + (leap && change->day >= 60)) * DAY_S + change->at_s;
    }
    int day = (change->day - civil_of(start_s * 1000).weekday + 7) % 7 + 7 * (change->week - 1);
    if (change->week == 5 && civil_of((start_s + day * DAY_S) * 1000).month != change->month) day -= 7;
    return start_s + day * DAY_S + change->at_s;
}

static i64 offset_by_rule(const struct zone *z, i64 utc_s) {
    if (!z->has_summer) return z->standard_s;
    i64 year = civil_of((utc_s + z->standard_s) * 1000).year;
    i64 summer = change_in(&z->to_summer, year) - z->standard_s, standard = change_in(&z->to_standard, year) - z->summer_s;
    bool is_summer = summer < standard ? utc_s >= summer && utc_s < standard : utc_s >= summer || utc_s < standard;
    return is_summer ? z->summer_s : z->standard_s;
}

/* ---- the file: a block of 32-bit times, which is passed over, one of 64-bit times, the last line ---- */

static bool header_counts(str bytes, u64 counts[6]) {
    if (bytes.n < HEADER || !str_starts(bytes, S("TZif"))) return false;
    for (int i = 0; i < 6; i++) counts[i] = (u64)big_endian((const u8 *)bytes.p + 20 + i * 4, 4) & 0xffffffff;
    return counts[3] <= 100000 && counts[4] <= 256 && counts[5] <= 100000 && counts[2] <= 10000 && counts[1] <= 256 && counts[0] <= 256;
}

enum { UT, STD, LEAP, TIME, TYPE, CHAR };

const struct zone *zone_read(struct arena *a, str bytes) {
    u64 n[6];
    if (!header_counts(bytes, n) || bytes.p[4] < '2') return NULL;
    bytes = str_skip(bytes, HEADER + n[TIME] * 5 + n[TYPE] * 6 + n[CHAR] + n[LEAP] * 8 + n[STD] + n[UT]);
    if (!header_counts(bytes, n) || !n[TYPE]) return NULL;
    bytes = str_skip(bytes, HEADER);
    size_t all = n[TIME] * 9 + n[TYPE] * 6 + n[CHAR] + n[LEAP] * 12 + n[STD] + n[UT];
    if (bytes.n < all) return NULL;
    struct zone *z = NEW(a, struct zone);
    *z = (struct zone){.transitions = (u32)n[TIME], .types = (u32)n[TYPE], .times = (const u8 *)bytes.p};
    z->type_of = z->times + n[TIME] * 8;
    z->type = z->type_of + n[TIME];
    for (u32 i = 0; i < z->transitions; i++)
        if (z->type_of[i] >= z->types) return NULL;
    str rest = str_skip(bytes, all), empty = str_cut(&rest, '\n'), rule = str_cut(&rest, '\n');
    if (empty.n || (rule.n && !rule_read(rule, z))) return NULL;
    return z;
}

/* Letters, digits and "+-_/" alone: what else a path could be is no zone. */
static bool is_name(str name) {
    if (!name.n || name.n > NAME_MAX_LENGTH || name.p[0] == '/') return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
        if (!letter && c != '+' && c != '-' && c != '_' && c != '/') return false;
    }
    return true;
}

enum zone_found zone_open(struct arena *a, str name, const struct zone **zone) {
    int fd;
    size_t got = 0;
    *zone = NULL;
    if (str_eq(name, S("UTC"))) return ZONE_FOUND;
    if (access(DIRECTORY "Etc/UTC", R_OK) != 0) return ZONE_NO_DATA;
    if (!is_name(name) || file_open(arena_c_string(a, arena_concat(a, S(DIRECTORY), name)), O_RDONLY | O_CLOEXEC, 0, &fd)) return ZONE_UNKNOWN;
    char *bytes = NEW_ARRAY(a, char, FILE_MAX);
    int problem = file_read_at(fd, bytes, FILE_MAX, 0, &got);
    close(fd);
    if (!problem) *zone = zone_read(a, (str){bytes, got});
    return *zone ? ZONE_FOUND : ZONE_UNKNOWN;
}

/* ---- local time ---- */

static i64 offset_s(const struct zone *z, i64 utc_s) {
    u32 low = 0, high = z->transitions; /* how many transitions lie at or before */
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (big_endian(z->times + (size_t)middle * 8, 8) <= utc_s) low = middle + 1;
        else high = middle;
    }
    if (low == z->transitions && z->has_rule) return offset_by_rule(z, utc_s);
    u32 type = low ? z->type_of[low - 1] : 0;
    return big_endian(z->type + (size_t)type * 6, 4);
}

static i64 floor_seconds(i64 ms) { return ms >= 0 ? ms / 1000 : -((999 - ms) / 1000); }

i64 zone_local(const struct zone *z, i64 utc_ms) { return z ? utc_ms + offset_s(z, floor_seconds(utc_ms)) * 1000 : utc_ms; }

bool zone_moment(const struct zone *z, i64 local_ms, i64 *utc_ms) {
    *utc_ms = local_ms;
    if (!z) return true;
    i64 local_s = floor_seconds(local_ms);
    /* What held a day before and what holds a day after: the first gives the earlier moment of two. */
    for (int side = -1; side <= 1; side += 2) {
        i64 offset = offset_s(z, local_s + side * DAY_S);
        *utc_ms = local_ms - offset * 1000;
        if (offset_s(z, floor_seconds(*utc_ms)) == offset) return true;
    }
    return false;
}
