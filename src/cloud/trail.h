/* The trail: every call of the management plane as CloudTrail's event, and of the data plane where somebody
 * selected it. A change's event is a row of its own commit; that of a read, a refusal or a data call is in the
 * journal before its answer leaves. Who reads them: services/cloudtrail. */
#ifndef BRUME_CLOUD_TRAIL_H
#define BRUME_CLOUD_TRAIL_H

#include "cloud/boot.h"
#include "cloud/cloud.h"

/* In the transaction that the call has, which succeeded and writes. */
void trail_change(struct call *c, const void *out);
/* What the journal is to hold of a call that ended, made while its input and output are there; nothing if
 * trail_change() has put it on record, or nobody wants it. */
struct trail_record {
    i64 time_ms;
    str text[2];
    u32 n;
};
struct trail_record trail_record(struct call *c, err error, const void *out);
void trail_journal(struct cloud *cloud, const struct trail_record *record);

/* ---- reading ---- */
struct trail_event {
    i64 time_ms;
    bool data; /* of the data plane */
    str account, region, json;
};
/* Of one account and region, newest first, from <= time < to; false from `visit` ends the walk. */
struct trail_search {
    str account, region;
    i64 from_ms, to_ms;
    str holds;    /* events without this text, as the call had it, are left out as far as that is cheap; absent: none */
    u32 look_max; /* about how many events, of whomever, it looks at in one go; 0: as many as there are */
};
/* Where it stopped: everything from there on was visited. from_ms, or later if look_max was reached. */
i64 trail_walk(struct call *c, const struct trail_search *search, bool (*visit)(void *context, const struct trail_event *event), void *context);

/* Of one account in all regions, in no order. */
void trail_gather(struct call *c, str account, i64 from_ms, i64 to_ms, void (*visit)(void *context, const struct trail_event *event), void *context);

/* ---- the data plane ---- */
/* From the commit on, data calls of the call's account are recorded, in all regions, or no longer. */
void trail_select_data(struct call *c, bool selected);

/* Forgets what is older than 90 days; now and then set by changes (a task of the cloud). */
err trail_sweep(struct txn *t, const struct task *task, i64 now_ms);

#endif
