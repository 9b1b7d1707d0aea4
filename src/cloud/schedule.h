/* Schedule expressions: rate(5 minutes), cron(0 12 * * ? *), at(2026-11-22T10:00:00), as EventBridge's rules and the
 * Scheduler write them. Times are UTC, or of a zone. */
#ifndef BRUME_SCHEDULE_H
#define BRUME_SCHEDULE_H

#include "cloud/zone.h"

enum schedule_kind { SCHEDULE_RATE, SCHEDULE_CRON, SCHEDULE_AT };
struct schedule {
    u8 kind;     /* enum schedule_kind */
    i64 rate_ms;
    i64 at_ms;
    /* cron: bit sets */
    u64 minutes;
    u32 hours, days /* of the month */, months, weekdays /* bit 1 is Sunday */;
    u8 years[232 / 8]; /* from 1970 */
    bool any_day, any_weekday; /* '?' or '*' */
    bool last_day, last_weekday_of_month, nearest_weekday; /* L, LW, 15W (the day is in `days`) */
    u8 weekday_n, weekday_nth;  /* 3#2: the second Tuesday; nth 6: the last */
};
/* False: no such expression. */
MUST_USE bool schedule_parse(str text, struct schedule *s);
/* The first time after `after_ms`; -1: never again. A rate counts from `after_ms`. */
i64 schedule_next(const struct schedule *s, i64 after_ms);
/* The same with the hours of a zone. A time that its clocks leave out is skipped, one that they show twice comes
 * once, the first time; a rate knows no clocks (Scheduler user guide, "Daylight savings time"). */
i64 schedule_next_in(const struct schedule *s, const struct zone *zone, i64 after_ms);

#endif
