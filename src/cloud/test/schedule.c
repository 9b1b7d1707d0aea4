/* Schedule expressions: EventBridge's user guide, "Creating a rule that runs on a schedule", and the odd days. */
#include "cloud/schedule.h"
#include "base/encode.h"
#include "unit.h"

static void next_is(const char *expression, const char *after, const char *want) {
    struct arena a = {0};
    struct schedule s;
    i64 ms;
    if (!schedule_parse(str_of(expression), &s)) CHECK_STR(S("refused"), str_of(expression));
    CHECK(iso8601_parse(str_of(after), &ms));
    struct buf b = buf_new(&a, 64);
    i64 next = schedule_next(&s, ms);
    if (next >= 0) buf_iso8601(&b, next);
    else buf_add(&b, S("never"));
    if (!str_eq(buf_str(&b), str_of(want))) CHECK_STR(str_of(expression), str_of(""));
    CHECK_STR(buf_str(&b), str_of(want));
    arena_free(&a);
}

static void the_next_time(void) {
    next_is("rate(5 minutes)", "2026-11-22T10:00:30Z", "2026-11-22T10:05:30Z");
    next_is("rate(1 day)", "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z");
    next_is("cron(0 10 * * ? *)", "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z");
    next_is("cron(15 12 * * ? *)", "2026-11-22T10:00:00Z", "2026-11-22T12:15:00Z");
    next_is("cron(0 18 ? * MON-FRI *)", "2026-11-20T18:00:00Z", "2026-11-23T18:00:00Z"); /* Friday to Monday */
    next_is("cron(0 8 1 * ? *)", "2026-11-22T10:00:00Z", "2026-12-01T08:00:00Z");
    next_is("cron(0/15 * * * ? *)", "2026-11-22T10:15:00Z", "2026-11-22T10:30:00Z");
    next_is("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-20T17:55:00Z", "2026-11-23T08:00:00Z");
    next_is("cron(0 9 ? * 2#1 *)", "2026-11-22T10:00:00Z", "2026-12-07T09:00:00Z"); /* the first Monday */
    next_is("cron(0 9 ? * 6L *)", "2026-11-22T10:00:00Z", "2026-11-27T09:00:00Z");  /* the last Friday */
    next_is("cron(0 0 L * ? *)", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z");
    next_is("cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z");
    next_is("cron(0 0 1W * ? *)", "2026-07-31T12:00:00Z", "2026-08-03T00:00:00Z"); /* the first is a Saturday */
    next_is("cron(0 0 LW * ? *)", "2026-10-31T12:00:00Z", "2026-11-30T00:00:00Z");
    next_is("cron(0 12 29 FEB ? *)", "2026-03-01T00:00:00Z", "2028-02-29T12:00:00Z");
    next_is("cron(0 12 * * ? 2025)", "2026-03-01T00:00:00Z", "never");
    next_is("at(2026-11-22T10:00:00)", "2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z");
    next_is("at(2026-11-22T10:00:00)", "2026-11-22T10:00:00Z", "never");
}

static void refusals(void) {
    static const char *const bad[] = {"", "rate()", "rate(5)", "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(-1 minutes)", "rate(5 seconds)",
                                      "cron(0 10 * * * *)", "cron(0 10 * * ?)", "cron(60 10 * * ? *)", "cron(0 24 * * ? *)", "cron(0 10 32 * ? *)", "cron(0 10 * 13 ? *)",
                                      "cron(0 10 ? * 8 *)", "cron(0 10 ? * MON#6 *)", "cron(0 10 * * ? 1969)", "cron(a * * * ? *)", "cron(5-1 * * * ? *)",
                                      "cron(0/0 * * * ? *)", "cron(0 10 * * ? * *)", "cron(0 10 * * ? 1975/18446744073709551615)",
                                      "cron(0 10 * 3/18446744073709551615 ? *)", "at(2026-11-22)", "cron", "CRON(0 10 * * ? *)"};
    struct schedule s;
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (schedule_parse(str_of(bad[i]), &s)) CHECK_STR(S("accepted"), str_of(bad[i]));
}

UNIT_MAIN(UNIT(the_next_time), UNIT(refusals))
