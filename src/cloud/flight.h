/* Private to the cloud: a request on its way. The stages are one table in flight.c. */
#ifndef BRUME_FLIGHT_H
#define BRUME_FLIGHT_H

#include "auth/sigv4.h"
#include "cloud/boot.h"
#include "cloud/cloud.h"
#include "cloud/stream.h"
#include "http/http.h"
#include "wire/wire.h"

enum step {
    STEP_NEXT,  /* go on with the next stage */
    STEP_LATER, /* flight_resume() will be called on the loop thread */
    STEP_ANSWER, /* skip to encode: flight->error tells what, or NULL for the output */
    STEP_DONE,  /* already answered by other means */
};

/* What a loop thread keeps between requests; no lock, since only that thread uses it. */
struct loop_cache {
    struct loop_cache *next; /* the cloud's list, for cloud_close */
    struct http_loop *loop;
    struct arena arena;
    struct sigv4_cache *signing_keys;
    struct sealer *sealer; /* of page and session tokens */
    struct uri_table **uris; /* of REST services, in the order of config.services; each made by its first call (uri.h) */
};

struct flight {
    struct cloud *cloud;
    struct loop_cache *cache;
    struct http_exchange *exchange;
    const struct http_request *request;
    struct arena *arena; /* the exchange's */
    u8 stage;
    bool gone;    /* the peer went away: nothing may be answered any more */
    bool busy;    /* the writer, a worker or a wait holds this flight: it may not be freed */
    bool answered;
    bool parked;  /* waits for a topic; comes back to prepare */
    bool prepared; /* a worker has run prepare and brings the flight back to it */

    /* route */
    const struct service *service;
    const struct wire_op *op;
    u16 op_index;
    u8 protocol; /* enum wire_protocol */
    bool s3;     /* S3's own rules of signing, errors and headers */
    str path;    /* as routed: with the bucket of a virtual host in front */

    /* collect, identify */
    struct buf body;
    struct auth_request auth;
    struct auth_claim claim;
    struct principal principal;
    bool lasting_key; /* signed by a key that IAM keeps */
    struct sigv4_key signing_key;
    i64 arrived_us; /* monotonic */

    /* decode .. handle */
    void *in, *out;
    struct call call;
    struct call_plan plan;
    struct admin_call *admin; /* an administrative call, instead of a service's */
    struct form_upload *form; /* S3: a browser's form instead of a PUT (form.h) */
    struct stream *stream; /* the body, received or copied; its stage is dropped with the flight */
    struct event_stream *events; /* the answer's, instead of a body (events.c) */
    struct site_answer *site; /* instead of the operation's own answer (page.h) */
    struct intake *intake; /* a streamed body on its way in */
    struct arena_mark before_handle;
    u64 epoch; /* policy epoch at the decision; before it, when the key was found */
    u64 seen;  /* snapshot number of the last look, for waits */

    /* where a flight is handed to: embedded so that handing over needs no memory */
    struct store_work work;
    struct http_task back; /* the way back to the loop */
    struct worker_job job;
    struct store_wait wait;

    err error;   /* the answer, if not success */
    str message; /* with it, before there is a call */
    str host_id; /* S3: x-amz-id-2; see flight_host_id() */
};

struct stage {
    const char *name;
    enum step (*run)(struct flight *f);
};

/* Each gate once, in this order (flight.c has the table). */
enum step stage_route(struct flight *f);     /* route.c: which service */
enum step stage_collect(struct flight *f);   /* flight.c: the body of a call that does not stream */
enum step stage_operation(struct flight *f); /* route.c: which operation, in which protocol */
enum step stage_identify(struct flight *f);  /* identify.c */
enum step stage_decode(struct flight *f);    /* flight.c */
enum step stage_validate(struct flight *f);  /* flight.c */
enum step stage_authorize(struct flight *f); /* authorize.c */
enum step stage_prepare(struct flight *f);   /* handle.c */
enum step stage_receive(struct flight *f);   /* receive.c: only now 100-continue */
enum step stage_handle(struct flight *f);    /* handle.c: begin, handle, commit, wait */
enum step stage_settle(struct flight *f);    /* handle.c: what came of it */
str flight_host_id(struct flight *f); /* made when it is first asked for: answer.c */
enum step stage_encode(struct flight *f);    /* cors.c */
bool cors_owns(const struct flight *f);
enum step cors_preflight(struct flight *f);
void cors_headers(struct flight *f); /* of an answer */

/* answer.c */
/* Positions in the table that a stage may send a flight to. */
enum { STAGE_IDENTIFY = 3, STAGE_PREPARE = 7, STAGE_SETTLE = 10, STAGE_ENCODE = 11 };

/* Goes on with the stages; on the loop thread. */
void flight_resume(struct flight *f);
/* Refuses before there is a call. Returns STEP_ANSWER. */
enum step flight_refuse(struct flight *f, err e, str message);
/* Posts flight_resume to the loop; from any thread. */
void flight_return(struct flight *f);
/* An error constant that is made at run time: codes that come from codecs and signature checks. */
err flight_error(struct flight *f, str code, int status);

/* handle.c: a woken flight whose peer is gone wakes the next that waits for its topic. */
void flight_pass_wake_on(const struct flight *f);

/* validation.c: the input held against the description; violations in the words of the service */
#define CLOUD_MALFORMED_XML "The XML you provided was not well-formed or did not validate against our published schema"
extern const struct error cloud_malformed_xml; /* S3's, of what no room sees */
err call_validate(struct call *c, const void *in);

/* call.c: where a call is at work that was signed for, or asked for, this region */
str call_region(const struct service *service, str region);
str region_of_set(str set); /* the first that x-amz-region-set allows, us-east-1 if it does; what it says, if there is none */

/* call.c: a service of the cloud as the caller */
struct principal *principal_service(struct arena *a, const struct service *service, str account);

/* authorize.c */
err call_authorize(struct call *c, const void *in);
err flight_authorize_again(struct flight *f); /* when the policy epoch has moved: the key, then the rights */

/* identify.c: the refusal of a key that is none, or none any more */
err flight_key_unknown(struct flight *f);
err flight_unsigned(struct flight *f); /* a signature would have been needed */

/* receive.c */
void intake_bytes(struct flight *f, str bytes);
void intake_end(struct flight *f);
void intake_drop(struct flight *f);

/* watch.c */
void watch_end(struct flight *f, int status, u64 sent);

/* transfer.c */
enum step transfer_start(struct flight *f);

/* answer.c */
void answer_plain(struct flight *f, int status, str content_type, str body);

/* events.c: an answer as an event stream */
void events_respond(struct flight *f, int status, const struct http_header *headers, size_t n);

/* site.c: a request for a page of the site (page.h) */
bool site_owns(const struct flight *f);
enum step site_answer(struct flight *f);

/* admin.c: /_brume/..., and the pages that need no signature */
bool admin_owns(const struct flight *f);
enum step admin_page(struct flight *f); /* a room's page (page.h): STEP_NEXT if it is none */
enum step admin_answer(struct flight *f);

#endif
