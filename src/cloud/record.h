/* What is remembered of calls: the call record, metrics, usage, state changes. Journal records, one
 * line of JSON each, so that whoever reads them later (CloudTrail, CloudWatch, bills) needs no schema.
 *
 * A handler may run again, and often runs in the writer: what it counts is only noted with its call and
 * becomes JSON and a journal record once, on the loop after the commit (a task's: in the writer, likewise
 * after the commit). */
#ifndef BRUME_CLOUD_RECORD_H
#define BRUME_CLOUD_RECORD_H

#include "cloud/boot.h"
#include "cloud/cloud.h"
#include "cloud/trail.h"

/* What is counted of a call that failed are its failures; of one that did not, all else. */
enum note_kind { NOTE_METRIC, NOTE_LATENCY, NOTE_FAILURE, NOTE_USAGE, NOTE_CALL };
struct call_note {
    struct call_note *older;
    const struct call *call; /* whose account, region and service: a call within has its own */
    u8 kind;
    str name, dimension, of, unit;
    double quantity;
    err error; /* NOTE_CALL: a call within, and how it ended */
    struct trail_record record;
    i64 us;
};

/* How a call ended. */
struct call_end {
    const struct service *service; /* NULL: none was found */
    const struct wire_op *op;
    err error;
    int status;
    i64 us;
    const void *out; /* the output struct */
};

void records_open(struct cloud *cloud);
/* The call's own record, of those within it, and, unless it failed, its counts. */
void record_call(struct cloud *cloud, struct call *c, const struct call_end *end);
/* The notes alone: of a task, whose own run is no call. */
void record_notes(struct cloud *cloud, const struct call *c, bool failed);
/* One write to each journal: before the answers leave. */
bool records_flush(struct cloud *cloud); /* false: calls are not on record */
/* emit_event(), from another source than the service itself. */
void emit_event_of(struct call *c, str source, str detail_type, str resource_arn, str detail_json);
/* Into the notes of `outer`: a call within that ended, with what it counted unless it failed. */
void note_call(struct call *outer, struct call *inner, err error, const void *out, i64 us);

#endif
