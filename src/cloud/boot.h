/* Opening a cloud: what the front hands over once, and the cloud as one object. */
#ifndef BRUME_BOOT_H
#define BRUME_BOOT_H

#include "cloud/service.h"
#include "http/http.h"
#include "http/smtp.h"
#include "store/blob.h"
#include "store/journal.h"
#include "store/store.h"

struct gate_slots;
struct loop_cache;
struct tallies;

/* A room whose rows own blobs deletes up to *budget of these rows of an account with their bytes, and
 * counts the budget down. True: none is left. Other rows need no such function. */
struct room_release {
    const char *room; /* the first part of its keys */
    bool (*release)(struct txn *t, str account, int *budget);
};

/* What a room tells of one of its things at the end of a minute, with gauge_metric(): `of` is the dimension's value
 * under which it counts metrics, in the account and region of the call; empty: of what the account has there, all in all. */
struct gauge {
    const struct service *of;
    void (*sample)(struct call *c, str of);
};
/* What a room counts, by count_failure(), of each call of somebody known that failed: also of one that was refused before the
 * room saw it. */
struct failed_call {
    const struct service *of;
    void (*count)(struct call *c, err e);
};
struct metric_sum; /* of counts.h */

struct alarm_action; /* of alarm_action.h */
struct contributor_sources; /* of contributors.h */
struct contributor_sketches;
struct identity_door; /* of identity.h */
struct cors_question; /* of cloud.h */
struct page; /* of page.h */
struct site; /* of page.h */
struct webhook_door; /* of webhook.h */

struct cloud_config {
    struct store *store;
    const struct service *const *services; /* every room that is linked in */
    size_t service_count;
    const struct room_release *releases;
    size_t release_count;
    const struct page *const *pages;
    size_t page_count;
    const struct site *site; /* NULL: none */
    const struct webhook_door *webhooks; /* NULL: nobody takes them */
    const struct identity_door *identity; /* NULL: there is only root */
    int (*cors)(struct call *c, const struct cors_question *q); /* enum cors_result; NULL: no rules */
    /* Who takes the state changes of services (emit_event); NULL: nobody. In the transaction of the change. */
    void (*events)(struct call *c, str source, str detail_type, str resource_arn, str detail_json);
    /* Who keeps metrics: takes what services counted in a minute. NULL: nobody. */
    void (*metrics)(struct call *c, const struct metric_sum *sum);
    const struct gauge *gauges;
    size_t gauge_count;
    const struct failed_call *failed_calls;
    size_t failed_call_count;
    const struct alarm_action *alarm_actions; /* what alarms set off besides messages */
    size_t alarm_action_count;
    const struct contributor_sources *contributors; /* NULL: none */
    const char *version;
    /* The root key beside test/test (DATA/credentials or BRUME_ROOT_*); absent: none. */
    str root_access_key, root_secret;
    bool builtin_keys; /* test/test and 12-digit keys, per loopback connection */
    str data_directory;
    struct smtp_server smtp; /* where mails go; host absent: they stay in the outbox */
};

struct cloud {
    struct cloud_config config;
    struct store *store;
    struct arena *boot;
    struct journal *calls, *metrics, *lines;
    struct http_server *_Atomic server; /* set by the front after http_server_start, when a first call may already be answered */
    i64 started_ms;
    str root_key; /* the data directory's: page and session tokens are sealed under keys derived from it */
    _Atomic bool saving; /* a snapshot at a time */
    _Atomic u64 data_epoch; /* trail.c: the policy epoch at which `data_selected` was looked at */
    _Atomic bool data_selected; /* some account wants its data calls recorded */
    _Atomic bool counts_known; /* counts.c: a task will read what was counted */
    _Atomic i64 counts_closed_ms; /* the minutes before are summed up */
    _Atomic u64 requests, errors;
    struct gate_slots *gate; /* compiled policies (gate.h) */
    struct throttles *throttles; /* throttle.h */
    struct contributor_sketches *contributors; /* contributors.h */
    struct tallies *tallies;     /* tally.h */
    struct kept *kept;           /* kept.h */
    struct loop_cache *_Atomic caches; /* one per loop thread (flight.h) */
};

/* Tasks of the cloud itself (store_register_tasks, before the store opens). */
extern const struct task_kind cloud_task_kinds[];

/* The cloud over an open store; `cloud_app` is what the HTTP server calls. */
struct cloud *cloud_open(struct arena *boot, const struct cloud_config *config);
void cloud_close(struct cloud *cloud); /* after the server has drained, before the store closes */
struct http_app cloud_app(struct cloud *cloud);

#endif
