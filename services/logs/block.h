/* A block: events of one stream in the order of time, packed into bytes and unpacked again. Pure.
 *
 * Inside: a byte that says how it is packed and how long it is unpacked, then columns (steps of time, which PutLogEvents
 * each event came by, lengths) and behind them all messages, each with a NUL after it. So a search looks through one
 * stretch of memory, and touches events only where something was found. */
#ifndef BRUME_LOGS_BLOCK_H
#define BRUME_LOGS_BLOCK_H

#include "base/arena.h"

/* BLOCK_RAW bytes of messages to a block: real lines then pack into less than blob_segment_max. A longer event is a
 * block of its own. */
enum { BLOCK_RAW = 256 << 10 };

struct log_event {
    i64 time_ms, ingested_ms;
    u64 put;    /* the number of the PutLogEvents that brought it: grows with every one */
    u32 number; /* of the event within that */
    str message;
};

/* Events are compared by time, then put, then number: the order in which all reading happens. */
struct log_position {
    i64 time_ms;
    u64 put;
    u32 number;
};
int log_position_cmp(const struct log_position *x, const struct log_position *y);
static inline struct log_position log_position_of(const struct log_event *e) { return (struct log_position){e->time_ms, e->put, e->number}; }

/* The events are in order. fresh: all of one put that is not known yet; put and ingested_ms are not written then, and
 * numbers follow each other from the first one's. */
str block_pack(struct arena *a, const struct log_event *events, size_t n, bool fresh, int level);

struct block_view {
    u32 count;
    const i64 *times;
    const u32 *offsets; /* of the messages in text; count + 1 of them: the next one begins behind the NUL */
    const u64 *puts;
    const i64 *ingested;
    const u32 *numbers;
    str text;
};
struct block_origin { /* of a fresh block */
    u64 put;
    i64 ingested_ms;
    u32 number; /* of its first event */
};
/* Everything lives in the arena. False: damaged. */
MUST_USE bool block_unpack(struct arena *a, str packed, const struct block_origin *origin, struct block_view *view);
struct log_event block_event(const struct block_view *view, u32 i);

#endif
