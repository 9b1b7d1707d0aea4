/* Private to the room of CloudTrail; README.md says how the nouns fit together. */
#ifndef BRUME_CLOUDTRAIL_H
#define BRUME_CLOUDTRAIL_H

#include "cloud/trail.h"
#include "gen/cloudtrail.h"
#include "records.h"

extern const struct task_kind cloudtrail_task_kinds[];
enum { ROUND_MS = 300000, DIGEST_MS = 3600000, HISTORY_DAYS = 90, DAY_MS = 86400000 };

/* ---- trail_row.c ---- */
bool ct_name_formed(str name);
/* By name or ARN. TrailNotFoundException, CloudTrailARNInvalidException, InvalidTrailNameException. */
MUST_USE err ct_trail_open(struct call *c, str name, struct ct_trail *trail);
/* The same for who changes it: at its home, in its own account. */
MUST_USE err ct_trail_open_to_change(struct call *c, str name, struct ct_trail *trail);
bool ct_trail_load(struct txn *t, struct arena *a, str row_key, struct ct_trail *trail);
str ct_trail_row(struct arena *a, const struct ct_trail *trail);
void ct_trail_save(struct txn *t, struct arena *a, const struct ct_trail *trail);
struct range ct_trails_of(struct call *c, str account, str region);
/* All of the account, and of its organization. */
void ct_trails_visit(struct call *c, void (*visit)(void *context, const struct ct_trail *trail), void *context);

/* ---- tag.c ---- */
MUST_USE err ct_tags_set(struct call *c, str arn, const struct cloudtrail_tags_list *tags);

/* ---- event.c: an event, read ---- */
struct ct_event {
    str id, name, source, region, account, access_key, username, identity_arn, error, agent;
    bool read_only, management;
    struct {
        str type, arn;
    } resources[4];
    u32 resource_count;
};
void ct_event_read(struct arena *a, str json, struct ct_event *event);
/* Events of global services stand in us-east-1; a trail of one region may want them too. */
bool ct_of_place(const struct ct_trail *trail, const struct ct_event *e);

/* ---- selectors.c ---- */
bool ct_selected(const struct ct_trail *trail, const struct ct_event *event);
bool ct_selects_data(const struct ct_trail *trail);
/* As the API has them, and as a trail keeps them. */
MUST_USE err ct_take_basic(struct call *c, const struct cloudtrail_event_selectors *in, struct ct_trail *trail);
struct cloudtrail_event_selectors ct_give_basic(struct call *c, const struct ct_trail *trail);
/* Of a trail, or of what stands in for one: advanced selectors alone. */
MUST_USE err ct_take_advanced(struct call *c, const struct cloudtrail_advanced_event_selectors *in, struct ct_trail *trail);
struct cloudtrail_advanced_event_selectors ct_give_advanced(struct call *c, const struct ct_trail *trail);

/* ---- insights.c: what is unusual ---- */
struct ct_line { /* an event of a file */
    i64 time_ms;
    str account, region, json;
};
struct ct_found {
    struct ct_line *events; /* Insights events, to deliver */
    struct ct_insight_row { /* value absent: the row goes */
        str key, value;
    } *rows;
    u32 event_count, row_count;
};
/* Over the events of a round, on its snapshot. */
struct ct_found ct_insights_find(struct call *c, const struct ct_trail *trail, const struct ct_line *events, u32 n, i64 to_ms);
void ct_insights_forget(struct call *c, const struct ct_trail *trail);

/* ---- insight_history.c ---- */
void ct_insight_put(struct call *c, const struct ct_line *event);
err ct_insights_lookup(struct call *c, const struct cloudtrail_lookup_events_request *in, struct cloudtrail_lookup_events_response *out, i64 from_ms, i64 to_ms);

/* ---- apply.c ---- */
/* After every change of a trail: its timer, and whether the account's data calls are recorded. */
void ct_apply(struct call *c, const struct ct_trail *trail);
/* Whether an account's data calls are recorded, by its own trails and stores and those of its organization. */
void ct_apply_data(struct call *c, str account);

/* ---- to_logs.c: CloudWatch Logs ---- */
MUST_USE err ct_logs_check(struct call *c, const struct ct_trail *trail); /* and makes the first stream */
/* Events by account, region and time. */
MUST_USE err ct_logs_put(struct call *c, const struct ct_trail *trail, const struct ct_line *v, u32 n);

/* ---- digest.c ---- */
str ct_signing_row(struct arena *a, str account, str region);
/* Of one account of an organization's trail; absent parts end the key. */
str ct_chain_row(struct arena *a, const struct ct_trail *trail, str region, str account);
bool ct_signing_load(struct txn *t, struct arena *a, str account, str region, struct ct_signing *signing);
/* A new one: takes tens of milliseconds. */
struct ct_signing ct_signing_new(struct call *c);
/* The digest of the files that the chain has; the chain then stands behind it. */
struct ct_digest {
    str object, json, signature;
};
struct ct_digest ct_digest_make(struct call *c, const struct ct_trail *trail, str region, str account, const struct ct_signing *signing, struct ct_chain *chain, i64 end_ms);

str ct_iso(struct arena *a, i64 ms);

/* ---- organization.c: trails of a whole organization ---- */
MUST_USE err ct_organization_check(struct call *c, str *organization, str *account); /* who may make one, and whose it is */
/* The management account behind the caller's organization; absent: there is none, or it is the caller. */
str ct_management_of(struct call *c);
/* The accounts whose events a trail takes. */
u32 ct_accounts_of(struct call *c, const struct ct_trail *trail, str **accounts);
/* "prefix/AWSLogs/o-abcdefghij/123456789012" */
str ct_place(struct arena *a, const struct ct_trail *trail, str account);

#endif
