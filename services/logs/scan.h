/* Reading events: of whole groups or some of their streams, in a range of time, forward by time. All reading goes this
 * way: FilterLogEvents, GetLogEvents, Insights, exports.
 *
 *     struct scan *s = scan_new(c, from_ms, to_ms);
 *     TRY(scan_add_group(s, &group));                       or scan_add_stream
 *     while (scan_next(s, &e)) ...
 *     TRY(scan_error(s));
 *
 * A long one goes in slices: scan_pause_after(), scan_position(), and in the next slice scan_after() as the first of all.
 *
 * Works on the call's transaction and in its arena (of a task: call_for_task on a snapshot). Blocks on the disk: for heavy
 * operations and tasks. Memory: one block (about 256 KiB of text) for each stream that has events at the same time. */
#ifndef BRUME_LOGS_SCAN_H
#define BRUME_LOGS_SCAN_H

#include "transformer.h"

struct scan;
struct scan_event {
    struct log_event event;          /* its message is a view until the next scan_next() */
    const struct log_group *group;   /* these two live as long as the scan */
    str stream;
    u64 stream_id;
    struct log_transformed transformed; /* after scan_transform(); as long as the event */
};

/* Events with from_ms <= time < to_ms. What has expired by the group's retention is not there. */
struct scan *scan_new(struct call *c, i64 from_ms, i64 to_ms);
/* The caller has authorised the reading. The group and the stream are copied. */
void scan_add_group(struct scan *s, const struct log_group *group);
void scan_add_stream(struct scan *s, const struct log_group *group, const struct log_stream *stream);
/* Only events behind this one: where another scan over the same ended. */
void scan_after(struct scan *s, const struct log_position *position);
/* Only messages that contain these bytes come (others count as scanned): found many at a time, so that what cannot match
 * costs next to nothing. Absent: all. Lives as long as the scan. */
void scan_must_contain(struct scan *s, str bytes);

/* What is sensitive comes masked (mask.h), unless this is said before the first source: the caller has the right. */
void scan_unmask(struct scan *s);

/* Events come with what their transformers made of them; said before the first source. Then all come: what must be in a
 * message may be in what was made of it. */
void scan_transform(struct scan *s);

/* Blocks that have an index, and of which this is false, are not opened (where something is masked, all are). */
void scan_skip_blocks(struct scan *s, bool (*may_hold)(const void *context, str index), const void *context);

/* Only of puts behind this one; blocks with older ones alone are not opened, but others in a block come too. */
void scan_since(struct scan *s, u64 put);
/* Ends early once about so many bytes were looked at: scan_paused() then, and scan_position() tells where to go on. Always
 * gets on. */
void scan_pause_after(struct scan *s, u64 bytes);
bool scan_paused(const struct scan *s);

MUST_USE bool scan_next(struct scan *s, struct scan_event *event);
/* Why it ended: NULL at the end of the range; else KMS refused a data key, or the disk a block. */
MUST_USE err scan_error(const struct scan *s);
/* What lies at and before it has come: the last event, or where a pause was made. */
struct log_position scan_position(const struct scan *s);

struct scan_counts {
    u64 bytes;   /* of messages looked at, in the range */
    u64 records; /* events looked at */
    u64 skipped_bytes, skipped_records; /* of blocks that were not opened */
};
struct scan_counts scan_counts(const struct scan *s);

/* ---- an event's name: 56 digits that sort as events do. FilterLogEvents' eventId, Insights' @ptr. ---- */
str scan_event_id(struct arena *a, const struct scan_event *event);
MUST_USE bool scan_event_id_read(str id, struct log_position *position, u64 *stream_id);

#endif
