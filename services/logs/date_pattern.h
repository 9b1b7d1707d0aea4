/* Dates by the patterns of Java's DateTimeFormatter, "EEEE dd. MMMM yyyy HH:mm:ss": read and written. Pure, but that zones
 * come from the machine's tzdata. */
#ifndef BRUME_LOGS_DATE_PATTERN_H
#define BRUME_LOGS_DATE_PATTERN_H

#include "cloud/zone.h"

/* Letters: y u M d E a H h k K m s S n X x Z z V and text between quotes. NULL: every letter of the pattern is one of them;
 * else why not. */
const char *date_pattern_problem(str pattern);

struct date_words; /* names of months and days */
const struct date_words *date_words_of(str locale); /* "en", "en-US", "de_DE"; absent: English. NULL: not known */

/* False: the text has another form. A text without a zone is of the given one (NULL: UTC). */
MUST_USE bool date_pattern_read(str pattern, const struct date_words *words, const struct zone *zone, str text, i64 *ms);
/* As the zone's clocks show the moment. zone_name: what z and V write. */
void date_pattern_write(struct buf *out, str pattern, const struct date_words *words, const struct zone *zone, str zone_name, i64 ms);

#endif
