/* Time zones by their IANA names, from the machine's tzdata (TZif files, RFC 9636). UTC needs none. */
#ifndef BRUME_ZONE_H
#define BRUME_ZONE_H

#include "base/arena.h"

struct zone;
enum zone_found { ZONE_FOUND, ZONE_UNKNOWN, ZONE_NO_DATA /* the machine has no tzdata */ };
/* Reads a file of a few kilobytes, which the system keeps in memory. */
enum zone_found zone_open(struct arena *a, str name, const struct zone **zone);
/* The same from a file's bytes; NULL: they are none. Views into them. */
const struct zone *zone_read(struct arena *a, str bytes);

/* What the zone's clocks show at that moment, as milliseconds like those of UTC. NULL is UTC. */
i64 zone_local(const struct zone *z, i64 utc_ms);
/* When the zone's clocks show that; of two moments (clocks were put back) the first. False: they never do (clocks
 * were put forward over it). */
MUST_USE bool zone_moment(const struct zone *z, i64 local_ms, i64 *utc_ms);

#endif
