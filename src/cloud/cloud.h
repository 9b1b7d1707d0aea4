/* The cloud: what a service room sees, and all that it sees.
 *
 * A handler is `err s3_put_object(struct call *c, const struct s3_put_object_request *in, struct
 * s3_put_object_output *out)`. When it runs, the request has been routed, its signature checked, its
 * input decoded and validated against the API description, the caller authorised, and a transaction
 * begun: a snapshot for reading operations, a place in the writer's batch for writing ones (the API
 * overlay says which). It returns NULL (commit and answer `out`), an error made by fail() (drop the
 * write set and answer the error) or wait_for() (park the call, run it again when the topic moved).
 *
 * A handler may run again (a parked call, a retried batch): it has no effect outside its write set
 * and its arena. It never blocks, never sees body bytes, and holds no state: state is in the store. */
#ifndef BRUME_CLOUD_H
#define BRUME_CLOUD_H

#include "auth/principal.h"
#include "base/arena.h"
#include "base/encode.h"
#include "cloud/service.h"
#include "store/blob.h"
#include "store/record.h"
#include "store/store.h"
#include "wire/types.h"

struct cloud;
struct call_note; /* of record.h */
struct policy_values; /* of auth/policy.h */
struct flight; /* the request that carries this call; private to the cloud */
struct call_watched; /* of call_watch() */

/* Who has shown a provider's word for who he is, where others sign: so his call's event tells of him. */
struct vouched_for {
    str type; /* "SAMLUser", "WebIdentityUser" */
    str id, name, provider;
};

struct call {
    struct arena *arena; /* everything of this call; freed after the answer */
    struct txn *txn;
    const struct service *service;
    const struct wire_op *op;
    str account; /* 12 digits: the caller's, and by default the resource's */
    str payer;   /* whose usage count_usage() counts; absent: the account's */
    str region;
    const struct principal *principal;
    str request_id;
    str base_url;   /* "http://localhost:4566": the host by which the client came, for URLs in answers */
    str source_ip;
    i64 now_ms;     /* the cloud's clock */
    str host_id;    /* S3: x-amz-id-2 of the answer; absent in tasks */
    bool by_query;  /* the client speaks the old query protocol */
    bool by_form;   /* PutObject came as a browser's form (POST Object) */
    bool wait_over; /* the deadline of wait_for passed: answer with what there is */
    struct cloud *cloud;
    struct flight *flight;   /* NULL in a call between services and in a task */
    const struct call *outer; /* the call of another service that this one is made by, or NULL */
    bool forwarded;          /* with the rights of the outer call's caller: aws:ViaAWSService */
    const void *input;       /* as decoded: condition keys are read from it */
    str source_arn;          /* aws:SourceArn: the resource for which the outer call acts */
    struct call_note *notes; /* count_metric, count_usage and calls within, newest first */
    /* set by fail() */
    str error_message;
    const void *error_members;
    /* set by wait_for() */
    str wait_topic;
    i64 wait_until_ms;
    /* S3's errors carry further elements: see fail_detail() */
    struct record_pairs error_details;
    struct record_pairs answer_headers; /* see answer_header() */
    const struct call_watched *watched;
    int depth; /* of calls between services */
    /* HTTP status of success where it is not the operation's own: 206 Partial Content, 304 Not
     * Modified (answered with `out`'s headers and no body). 0: the operation's. */
    u16 status;
    str note; /* call_plan.note, as the prepare function left it */
    struct stream *body; /* of a call between services: what call_other.body gave it */
    str resource_arn; /* that the decision was about; absent: none yet */
    bool on_trail;    /* its event stands in a row of the transaction */
    const struct vouched_for *vouched_for; /* set by the room that checked it; NULL: who signs, and who is nobody */
    str event_id;     /* of its event on the trail, where the room needs to know it; absent: any */
    /* Set by may(): why it said no, for deny() and authorization_message_encode(). */
    u8 denial; /* enum policy_reason */
    bool denied_explicitly;
    bool denied_abroad; /* the resource is another account's, outside of the caller's organization */
    bool denied_hidden; /* and is such as `hidden` of its facts says */
    bool gate_snapshot; /* private to the gate */
};

/* ---- answers other than success ---- */
/* Remembers the message and returns `e`. The text is AWS's own. */
PRINTF(3, 4) MUST_USE err fail(struct call *c, err e, const char *format, ...);
/* With the members of a modelled error structure (the generated struct of its shape). */
PRINTF(4, 5) MUST_USE err fail_with(struct call *c, err e, const void *members, const char *format, ...);
/* A further element of the error body ("BucketName"); before fail(). */
void fail_detail(struct call *c, str name, str value);
/* A further header of the answer, be it success or error: what the API description does not model
 * (x-amz-delete-marker of a 404, CORS). At most 12. */
void answer_header(struct call *c, str name, str value);
/* Parks the call until a commit notifies `topic` (txn_notify) or the cloud's clock passes until_ms;
 * then it is authorised anew and run again from the start, with wait_over set at the deadline. */
MUST_USE err wait_for(struct call *c, str topic, i64 until_ms);
extern const struct error call_waits; /* what wait_for returns */

/* Errors that every service has. */
extern const struct error cloud_internal_failure;      /* InternalFailure 500 */
extern const struct error cloud_access_denied;         /* AccessDenied / AccessDeniedException 403 */
extern const struct error cloud_validation;            /* ValidationException 400 */
extern const struct error cloud_not_implemented;       /* NotImplemented 501 */
extern const struct error cloud_throttling;            /* ThrottlingException 400 */

/* ---- prepare: `<op>_prepare(c, in, plan)`, optional. Runs on a snapshot before the body is received
 * and before the writer is asked; of an operation that is both writing and heavy, on a worker: what computes for
 * long (passwords) does it there and leaves a note. It may fail() early, wait_for() ("nothing there": takes no writer
 * slot), or settle what the body needs. ---- */
struct call_plan {
    bool answer; /* answer at once: no handler, no writer slot */
    const void *out; /* what answer says: the operation's output struct. NULL: zeroed */
    u32 digests; /* 1 << enum digest_kind: computed over the body while it comes in */
    u32 zones;   /* placement of the body (blob.h); 0: as the store spreads */
    u64 body_max; /* bytes; 0: 5 GiB. Longer: `too_large` */
    err too_large;
    /* The body is already in the store (copies): the prepare function opens a reader over it and a
     * worker digests [offset, offset + length) and, unless digest_only, stages it like a received
     * body. The handler finds it by call_body(). NULL: the body comes from the client. */
    struct blob_reader *source;
    const struct body_keys *source_keys; /* under which it is hidden; NULL: none */
    u64 source_offset, source_length;
    bool digest_only;
    const u8 *hide; /* a key of 32 bytes under which the body is hidden as it is stored; NULL: none */
    str note; /* handed to the handler as call.note: what it must find unchanged */
};

/* Bodies may be hidden under keys that the room keeps, beneath the seal of the store: who has the data directory with its
 * root key then still needs those. A key hides the bytes of one body, or of one part of what was put together. */
struct body_key {
    u64 from, length; /* of the whole, where its bytes are */
    u8 key[32];
};
struct body_keys {
    struct body_key *v;
    u32 n;
};
struct body_keys *body_keys_new(struct arena *a, u32 max); /* wiped with the arena */

/* In the prepare function of a heavy writing operation, around what waits for the world (a call over HTTP): a
 * snapshot never lives across that. Views of rows end with it; call.txn is another one afterwards. */
void call_leave_snapshot(struct call *c);
void call_enter_snapshot(struct call *c);

/* ---- streamed bodies ---- */
struct stream; /* in: the received body, staged, its length, digests and trailers verified */
u64 stream_length(const struct stream *s);
/* A digest that the plan asked for, or that the client sent. Absent str if neither. Raw bytes. */
str stream_digest(struct call *c, const struct stream *s, int digest_kind);
/* The checksum that the client itself declared (header or trailer): its digest kind, or -1. */
int stream_declared_checksum(const struct stream *s);
/* The body that the plan took from the store; NULL if none. */
struct stream *call_body(struct call *c);
/* Adopts the body in this transaction: the reference for the room's row (txn_blob_adopt). */
str stream_adopt(struct call *c, struct stream *s);
/* Out: [offset, offset + length) of a blob, or bytes of the arena. */
struct stream *stream_of_blob(struct call *c, str reference, u64 offset, u64 length);
struct stream *stream_of_hidden(struct call *c, str reference, u64 offset, u64 length, const struct body_keys *keys);
struct stream *stream_of_bytes(struct call *c, str bytes);
/* n bytes of a stream out, for a room that looks into them, on a worker: it blocks. False: damaged on the disk. */
MUST_USE bool stream_read(const struct stream *s, u64 offset, char *out, size_t n);
/* In: bytes of one's own as the body of a call to another service (S3's PutObject), staged and digested. Blocks on
 * the disk: in `perform` of an outbox task, for the call in its settle. NULL: the disk. What nobody adopts goes
 * with the arena. */
struct stream *stream_stage(struct store *s, struct arena *a, str bytes);
/* The body that a plan takes from the store (call_plan.source), likewise; while the plan's snapshot lives. */
struct stream *stream_of_plan(struct store *s, struct arena *a, const struct call_plan *plan);

/* The store that the call works on: for blob_stage_new() in a prepare function or on a worker. */
struct store *call_store(const struct call *c);

/* ---- event streams: an answer in pieces, each made when the one before has left. The handler gives the source;
 * its pieces are made on a worker, without a snapshot, until it says EVENTS_END or the client goes. ---- */
struct event_writer;
enum events_step { EVENTS_MORE, EVENTS_END, EVENTS_LATER /* the next piece is made after a pause */ };
struct event_source {
    enum events_step (*next)(void *context, struct event_writer *w);
    u32 pause_ms; /* for EVENTS_LATER; no thread waits */
    void *context; /* lives as long as the call's arena, or longer */
};
struct event_stream *event_stream_of(struct call *c, struct event_source source);
struct arena *event_arena(struct event_writer *w);             /* of the piece in the making */
void event_write(struct event_writer *w, const void *event);   /* the operation's event union with one member set */
void event_write_error(struct event_writer *w, str code, str message); /* the last of a stream that breaks */

/* ---- authorisation inside a handler, where AWS decides per entry or a right shapes the answer.
 * true: allowed. The operation's own rights (overlay) have been checked before. ---- */
struct auth_facts;
bool may(struct call *c, str action, str resource_arn);
/* The same with what the room knows of the resource: its owner, its policy. */
bool may_with(struct call *c, str action, str resource_arn, const struct auth_facts *facts);
/* iam:PassRole: what a service will do in a role is set up only by who may give it that role. `service` is its
 * principal, "events.amazonaws.com"; no role needs no right. */
MUST_USE err pass_role(struct call *c, str role_arn, str service);
/* The message AWS gives when `may` said no, by its reason. */
MUST_USE err deny(struct call *c, str action, str resource_arn);
/* Where AWS's denial carries an encoded message (EC2): what the last may() found, sealed; and opened again for
 * sts:DecodeAuthorizationMessage, as JSON. False: not ours, or of another account. */
str authorization_message_encode(struct call *c, str action, str resource_arn);
MUST_USE bool authorization_message_decode(struct call *c, str encoded, str *json);

/* `<op>_facts(c, in, facts)`, optional: what the decision needs from the store. On a snapshot. */
struct auth_fact {
    str key, value; /* "s3:ExistingObjectTag/team", "aws:ResourceTag/..." */
};
struct auth_facts {
    str resource_policy;   /* JSON of the resource's policy; absent if none */
    str resource_account;  /* owner of the resource; absent: the caller's account */
    str resource_arn;      /* overrides the overlay's template; absent: the template */
    bool policy_rules;     /* KMS keys, trust policies: identity policies count only where resource_policy
                            * hands over to its account */
    bool granted;          /* allowed by means beside policies (a KMS grant, an ACL); a deny still denies */
    const struct auth_facts *beneath; /* a resource that this one stands in front of (a bucket behind an access point):
                                       * both must allow; with its own resource_arn, account and policy */
    bool granted_to_account; /* the same, to the caller's account: its users need a policy of their own besides */
    bool hidden;           /* strangers to whom this is denied learn nothing of it: DynamoDB's tables without a policy */
    bool beyond_organizations; /* no resource control policy limits it (AWS managed keys) */
    struct auth_fact *v;
    u32 n;
    /* Facts that cost something: computed when a policy names their key (in lower case). `v` of what it returns
     * NULL: not one of these, or it has no value. On the decision's transaction. May be NULL. */
    struct policy_values (*values)(void *context, str key);
    void *context;
};

/* ---- temporary credentials for a principal, sealed into their session token ---- */
struct credentials {
    str access_key, secret, session_token;
    i64 expires_ms; /* on the cloud's clock */
};
struct credentials session_issue(struct call *c, const struct principal *as, i64 seconds);

/* ---- names ---- */
str arn_of(struct call *c, str service, str resource); /* in the call's region and account */
str arn_format(struct arena *a, str service, str region, str account, str resource);
struct arn {
    str partition, service, region, account, resource;
};
bool arn_parse(str text, struct arn *arn);
str id_uuid(struct arena *a);               /* random, version 4 */
str id_hex(struct arena *a, size_t digits); /* random, lower case */
str id_from(struct arena *a, str alphabet, size_t length);
bool account_valid(str account);
bool region_known(str region);
str region_at(size_t i, bool *opt_in); /* in order of the alphabet; absent behind the last. opt_in: off until enabled */

/* Keys of a room's rows: key_new(a, service) then account and region. */
struct key call_key(struct call *c, str type);        /* service, account, region, type */
struct key call_key_global(struct call *c, str type); /* service, account, "", type: global services */

/* ---- registry and tags: every resource of the cloud, found by ARN and tag ---- */
struct resource {
    str arn, type; /* type as CloudFormation names it: "AWS::SQS::Queue" */
    str account, region;
    i64 created_ms;
};
void registry_add(struct call *c, str arn, str type);
void registry_remove(struct call *c, str arn); /* and its tags */
bool registry_get(struct call *c, str arn, struct resource *r);
/* Up to `max` resources of the call's account and region that carry the tag, with this value or (absent) any;
 * with the empty name (no tag has it) all that carry a tag or ever did.
 * *position: absent for the first page; where the next begins, or absent behind the last. */
u32 registry_find_by_tag(struct call *c, str name, str value, str *position, struct resource *found, u32 max);
bool registry_ever_tagged(struct call *c, str arn);
/* The names of tags that are in use there, and the values of one; each once, in order. *position likewise. */
u32 registry_tag_names(struct call *c, str *position, str *names, u32 max);
u32 registry_tag_values(struct call *c, str name, str *position, str *values, u32 max);
/* Tags. Limits and the aws: prefix are checked; the caller passes its service's error for each case. */
struct tag_errors {
    err too_many, invalid; /* too_many: over 50 on one resource; invalid: length, characters, aws: */
};
MUST_USE err tags_set(struct call *c, str arn, const struct record_pairs *tags, const struct tag_errors *errors); /* adds and replaces */
void tags_remove(struct call *c, str arn, const str *keys, size_t n);
void tags_clear(struct call *c, str arn);
struct record_pairs tags_of(struct call *c, str arn); /* sorted by key */

/* ---- pagination: opaque sealed tokens, bound to account, region and operation ---- */
str page_token(struct call *c, str position);
MUST_USE bool page_position(struct call *c, str token, str *position); /* false: foreign or altered */

/* ---- secrets at rest: sealed under a key derived from the data directory's root key, bound to the account
 * and a name of what they are for; rows and snapshots alone do not tell them. Bytes, not text. ---- */
str secret_seal(struct txn *t, struct arena *a, str account, str purpose, str plain);
MUST_USE bool secret_open(struct txn *t, struct arena *a, str account, str purpose, str sealed, str *plain);

/* Secrets kept in memory for a while, once what the call writes is committed: up to 512 bytes, by name. Any may be forgotten early, and a restart forgets all. */
void secret_keep(struct call *c, str name, str secret, i64 until_ms);
MUST_USE bool secret_kept(struct call *c, str name, str *secret);

/* ---- idempotency tokens ---- */
enum idempotency { IDEMPOTENCY_NEW, IDEMPOTENCY_SAME, IDEMPOTENCY_MISMATCH };
/* SAME: *answer is what was stored for it. params: anything that identifies the parameters. */
enum idempotency idempotency_look(struct call *c, str token, str params, str *answer);
void idempotency_store(struct call *c, str token, str params, str answer, i64 keep_ms);

/* ---- what others learn of this call. Events are rows of its commit. Counts are kept with the call and
 * journaled once, after the commit; a call that fails counts nothing. ---- */
void emit_event(struct call *c, str detail_type, str resource_arn, str detail_json);
bool events_wanted(struct call *c); /* somebody has a rule: for who would make a costly detail in vain */
void count_metric(struct call *c, str metric_name, str dimension_name, str dimension_value, double value, str unit);
/* One, if the call fails. */
void count_failure(struct call *c, str metric_name, str dimension_name, str dimension_value);
void count_failure_once(struct call *c, str metric_name, str dimension_name, str dimension_value); /* however often the call says so */
/* How long the call takes, in milliseconds, when it has ended; in steps of a hundredth to a tenth of it. */
void count_latency(struct call *c, str metric_name, str dimension_name, str dimension_value);
/* Several dimensions: names and values each with commas between them (no comma but the last value's own). The counts of a minute become a metric of AWS/<Service> when it ends (counts.h). gauge_metric: for struct gauge of
 * boot.h, in its call alone: a value as it is now. */
void gauge_metric(struct call *c, str metric_name, str dimension_name, str dimension_value, double value, str unit);
void count_usage(struct call *c, str usage_type, double quantity); /* AWS's usage types; names live as long as the call */

/* How a call from outside ended, also one that failed or was refused, for the room that watches it: set in facts, run
 * when the answer leaves, without a transaction. What it counts counts, whatever became of the call. */
struct call_ended {
    str method, target, version; /* as sent; "HTTP/1.1" */
    str referer, user_agent, host;
    str error;          /* code; absent: none */
    int status;
    u64 received, sent; /* bytes of the bodies */
    i64 us;
    u8 tls_minor;       /* 3 of TLS 1.3; 0: none */
    str tls_cipher;
    bool in_query;      /* signed in the query */
    int signature;      /* version: 4, 2; 0: unsigned */
};
struct call_watched {
    void (*ended)(struct call *c, const struct call_ended *end, const void *what);
    const void *what;
};
void call_watch(struct call *c, void (*ended)(struct call *c, const struct call_ended *end, const void *what), const void *what);
/* Lines about a subject of the room's, for whoever delivers them: written before the answer leaves, read back in order
 * (from <= time < to; false from `visit` ends it) until they are trimmed. */
void line_add(struct call *c, str subject, str line);
void lines_read(struct call *c, str subject, i64 from_ms, i64 to_ms, bool (*visit)(void *context, i64 time_ms, str line), void *context);
void lines_trim(struct call *c, i64 before_ms);

/* ---- wall time: for the codes of authenticators, which know nothing of a clock that was moved ---- */
i64 wall_now_ms(void);

/* ---- throughput: a bucket that fills by `rate` units a second of the cloud's clock up to `burst`, where it
 * also starts. True: the units are taken, the last of them on credit. False: it is empty. In memory. ---- */
bool throttle_take(struct call *c, str bucket, double rate, double burst, double units);

/* ---- quotas: AWS's default unless the account was given another ---- */
i64 quota(struct call *c, str code, i64 default_value);
void quota_set(struct txn *t, struct arena *a, str account, str region, str service, str code, i64 value);

/* ---- calls between services: validated, authorised, recorded and metered like a call from outside,
 * in the same transaction: they commit or fail with the caller. An error drops only what the inner call
 * wrote; its message is then the caller's, who may return or handle it. Prepare functions are not run, so
 * there are no bodies, and wait_for is refused by an ASSERT, as is a writing operation in a reading call.
 * Deeper than 8: InternalFailure. `op` is the generated index, `in` and `out` its structs. ---- */
enum call_as {
    CALL_AS_SERVICE, /* the calling service itself, with aws:SourceArn (call.source_arn) and
                      * aws:SourceAccount (call.outer->account) */
    CALL_FORWARDED,  /* the caller's own rights (kms:ViaService, aws:CalledVia) */
    CALL_AS_ROLE,    /* a role that trusts the calling service (EventBridge targets, replication, Pipes) */
};
struct call_other {
    const struct service *service;
    u16 op;
    u8 as; /* enum call_as */
    str account, region; /* of the target; absent: the caller's */
    str source_arn;
    str role_arn; /* CALL_AS_ROLE; the session is named after the service */
    const char *principal; /* CALL_AS_SERVICE: the service under another of its names, "tagpolicies.tag.amazonaws.com"; NULL: its own */
    const char *role_part; /* "dynamodb": the role trusts dynamodb.<service>.amazonaws.com, as some service-linked roles do; NULL: the service */
    /* Of who ran the prepare function himself, before, on a worker: its note, and the body that it asked for. */
    str note;
    struct stream *body;
};
MUST_USE err call_service(struct call *c, const struct call_other *other, const void *in, void *out);
/* The call goes on as a session in that role, which must trust the service of the call around it (c->outer): what
 * CALL_AS_ROLE does, for a room that decides about a resource of its own. */
MUST_USE err call_take_role(struct call *c, str role_arn);
MUST_USE err call_take_role_part(struct call *c, const char *part, str role_arn); /* one that trusts part.<service>.amazonaws.com */
/* Who calls, for a row: what is done for him later is done with his rights as they are then (AWS: forward access
 * sessions). A session's tags stay behind, they end with it. */
str caller_keep(struct call *c);
void caller_take(struct call *c, str kept); /* the call of a task goes on as that caller */

/* ---- the network between regions, which `brume fault link` can cut ---- */
bool region_linked(struct txn *t, struct arena *a, str one, str other);
void region_link_set(struct txn *t, struct arena *a, str one, str other, bool up);
struct range region_links_cut(struct txn *t, struct arena *a);
bool region_link_cut_next(struct range *links, struct arena *a, str *one, str *other);

/* ---- cross-origin requests of browsers, to a room that has rules for them (cloud_config.cors). On a
 * snapshot, before anybody is known: a preflight (OPTIONS), or an answer that is about to leave. ---- */
struct cors_question {
    str path;    /* with the bucket of a virtual host in front */
    str origin;
    str method;  /* of the request, or that a preflight asks for */
    str headers; /* of a preflight: that it asks for, with commas */
};
enum cors_result {
    CORS_NONE,    /* there are no rules */
    CORS_REFUSED, /* none of them lets it */
    CORS_ALLOWED, /* answer_header() has what the browser shall see */
};
/* ---- accounts: any twelve digits are one. What it is called stands here, for the services that tell and
 * change it. An account that nobody created has a name and an address made of its number. ---- */
struct account_profile {
    str name, email;
    i64 created_ms; /* 0: nobody created it, it is simply used */
};
struct account_profile account_profile(struct txn *t, struct arena *a, str account);
void account_profile_put(struct txn *t, struct arena *a, str account, const struct account_profile *profile);
bool account_by_email(struct txn *t, struct arena *a, str email, str *account);

/* Sets a task, also from a call that only reads: then in a transaction of its own, soon, whatever becomes
 * of the call. For what a read should leave behind and may be lost with the process. */
void task_later(struct call *c, const struct task *task);

/* Every service of this cloud, in the order of their table; NULL behind the last. For what reports on all of them. */
const struct service *service_at(const struct call *c, size_t i);

/* ---- work that a room does on the clock (struct task_kind handlers of store.h): a call to work in,
 * for an account and region, as the service. ---- */
struct call *call_for_task(struct txn *t, const struct service *service, str account, str region, i64 now_ms);
/* What it did goes on record with its commit; on a snapshot, where there is none, by this, before the snapshot ends. */
void call_task_end(struct call *c);

#endif
