/* Time zones: what the published tables say of days on which clocks are changed. Needs the machine's tzdata. */
#include "cloud/schedule.h"
#include "base/encode.h"
#include "unit.h"

static struct arena arena;

static const struct zone *zone_of(const char *name) {
    const struct zone *z;
    CHECK_INT(zone_open(&arena, str_of(name), &z), ZONE_FOUND);
    return z;
}

static i64 at(const char *text) {
    i64 ms = 0;
    CHECK(iso8601_parse(str_of(text), &ms));
    return ms;
}

static str text_of(i64 ms) {
    struct buf b = buf_new(&arena, 64);
    buf_iso8601(&b, ms);
    return buf_str(&b);
}

static void what_clocks_show(void) {
    static const struct {
        const char *zone, *utc, *local;
    } facts[] = {
        {"UTC", "2026-03-08T06:59:59Z", "2026-03-08T06:59:59Z"},
        {"America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T01:59:59Z"},
        {"America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00Z"},
        {"America/New_York", "2026-11-01T05:59:59Z", "2026-11-01T01:59:59Z"},
        {"America/New_York", "2026-11-01T06:00:00Z", "2026-11-01T01:00:00Z"},
        {"America/New_York", "2126-07-01T12:00:00Z", "2126-07-01T08:00:00Z"}, /* behind the last transition: by rule */
        {"America/New_York", "2126-12-01T12:00:00Z", "2126-12-01T07:00:00Z"},
        {"Europe/Dublin", "2126-07-01T12:00:00Z", "2126-07-01T13:00:00Z"}, /* its summer time is the standard one */
        {"Europe/Dublin", "2126-12-01T12:00:00Z", "2126-12-01T12:00:00Z"},
        {"Australia/Lord_Howe", "2026-01-01T00:00:00Z", "2026-01-01T11:00:00Z"}, /* half an hour of summer time */
        {"Australia/Lord_Howe", "2126-07-01T00:00:00Z", "2126-07-01T10:30:00Z"},
        {"Asia/Kathmandu", "2026-07-01T00:00:00Z", "2026-07-01T05:45:00Z"},
        {"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T23:59:59Z"}, /* that country went without the 30th */
        {"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T00:00:00Z"},
        {"Etc/GMT+5", "2026-07-01T12:00:00Z", "2026-07-01T07:00:00Z"},
        {"Europe/Berlin", "1890-01-01T00:00:00Z", "1890-01-01T00:53:28Z"},
    };
    for (size_t i = 0; i < LENGTH(facts); i++) CHECK_STR(text_of(zone_local(zone_of(facts[i].zone), at(facts[i].utc))), str_of(facts[i].local));
}

static void what_is_no_zone(void) {
    static const char *const bad[] = {"", "Europe", "Europe/Atlantis", "../zoneinfo/UTC", "/etc/passwd", "Europe/../UTC", "tzdata.zi", "zone.tab", "America/New_York\n"};
    const struct zone *z;
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (zone_open(&arena, str_of(bad[i]), &z) != ZONE_UNKNOWN) CHECK_STR(S("accepted"), str_of(bad[i]));
}

static void next_is(const char *expression, const char *zone, const char *after, const char *want) {
    struct schedule s;
    CHECK(schedule_parse(str_of(expression), &s));
    i64 next = schedule_next_in(&s, zone_of(zone), at(after));
    str got = next < 0 ? S("never") : text_of(next);
    if (!str_eq(got, str_of(want))) CHECK_STR(str_of(expression), str_of(zone));
    CHECK_STR(got, str_of(want));
}

static void schedules_in_a_zone(void) {
    next_is("cron(0 9 * * ? *)", "Europe/Berlin", "2026-07-01T06:00:00Z", "2026-07-01T07:00:00Z");
    next_is("cron(0 9 * * ? *)", "Europe/Berlin", "2026-12-01T06:00:00Z", "2026-12-01T08:00:00Z");
    next_is("cron(0 0 1 * ? *)", "Pacific/Auckland", "2026-06-15T00:00:00Z", "2026-06-30T12:00:00Z"); /* their day, not ours */
    next_is("at(2026-11-22T10:00:00)", "Asia/Tokyo", "2026-11-21T00:00:00Z", "2026-11-22T01:00:00Z");
    next_is("rate(1 day)", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-08T12:00:00Z"); /* 24 hours, whatever clocks do */
    /* Put forward: 2:30 on the 8th of March is not. */
    next_is("cron(30 2 * * ? *)", "America/New_York", "2026-03-07T08:00:00Z", "2026-03-09T06:30:00Z");
    next_is("at(2026-03-08T02:30:00)", "America/New_York", "2026-03-07T08:00:00Z", "never");
    /* Put back: 1:30 on the 1st of November is twice, and comes once. */
    next_is("cron(30 1 * * ? *)", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z");
    next_is("cron(30 1 * * ? *)", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z");
    next_is("cron(0/15 * * * ? *)", "America/New_York", "2026-11-01T05:45:00Z", "2026-11-01T07:00:00Z");
    next_is("cron(0/15 * * * ? *)", "America/New_York", "2026-11-01T06:05:00Z", "2026-11-01T07:00:00Z"); /* set in the second of the hours */
}

static void broken_files(void) {
    CHECK(!zone_read(&arena, S("")));
    CHECK(!zone_read(&arena, S("TZif2")));
}

UNIT_MAIN(UNIT(what_clocks_show), UNIT(what_is_no_zone), UNIT(schedules_in_a_zone), UNIT(broken_files))
