/* The journal: append-only, time-indexed, compressed segments, for records that do not change state:
 * reads and denials in CloudTrail, access logs, metrics, usage, last-used marks, log events.
 *
 * Records of one loop turn are added in memory and written by one write() before that turn's answers
 * leave (survives kill -9), synced within a second by a worker. */
#ifndef BRUME_JOURNAL_H
#define BRUME_JOURNAL_H

#include "store/store.h"

struct journal;
struct journal *journal_open(struct store *s, struct arena *boot, const char *name);
/* Any thread; buffered per thread until that thread flushes. */
void journal_add(struct journal *j, i64 time_ms, str record);
bool journal_flush(struct journal *j); /* one write(); what this thread added. False: disk */
/* Records with from <= time < to, in order of arrival; false from `visit` ends the walk. */
void journal_read(struct journal *j, i64 from_ms, i64 to_ms,
                  bool (*visit)(void *context, i64 time_ms, str record), void *context);
void journal_trim(struct journal *j, i64 before_ms);

#endif
