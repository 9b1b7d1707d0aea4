/* Delivery: every five minutes of the cloud's clock what came since, in files by region, to the trail's bucket;
 * every hour the digest. The files are made on a worker and put in the settling transaction: all of a round, or,
 * if the bucket refuses one, none, and the round is tried again. */
#include "cloudtrail.h"
#include "lake.h"

#include "crypto/crypto.h"
#include "gen/s3.h"
#include "gen/sns.h"
#include "text/gzip.h"
#include "text/json.h"

#include <stdlib.h>

enum { FILE_EVENTS = 5000 };

/* ---- a round: made on a worker, handed to its settling ---- */

struct put {
    str object, signature; /* signature: of a digest */
    struct stream *body;
};
struct region_chain {
    str region, account;
    struct ct_chain chain;
};
struct round {
    struct call *c;
    const struct ct_trail *trail;
    i64 to_ms;
    struct ct_line *events;
    u32 event_count, event_max;
    struct put *puts;
    u32 put_count, put_max;
    struct region_chain *chains;
    u32 chain_count, chain_max;
    str account; /* whose events are gathered just now */
    struct ct_signing signing;
    struct ct_found insights;
    bool signing_is_new, broken, digested; /* broken: the disk did not take a file */
};

static void add_put(struct round *r, struct task const *task, str object, str json, str signature) {
    if (r->put_count == r->put_max) {
        struct put *v = NEW_ARRAY(r->c->arena, struct put, 2 * r->put_max + 16);
        if (r->put_count) memcpy(v, r->puts, r->put_count * sizeof *v);
        r->puts = v;
        r->put_max = 2 * r->put_max + 16;
    }
    struct stream *body = stream_stage(task->store, r->c->arena, gzip_of(r->c->arena, json));
    r->broken |= !body;
    r->puts[r->put_count++] = (struct put){object, signature, body};
}

static void collect(void *context, const struct trail_event *event) {
    struct round *r = context;
    struct ct_event e;
    ct_event_read(r->c->arena, event->json, &e);
    if (!ct_of_place(r->trail, &e) || !ct_selected(r->trail, &e)) return;
    if (r->event_count == r->event_max) {
        u32 max = 2 * r->event_max + 64;
        struct ct_line *v = NEW_ARRAY(r->c->arena, struct ct_line, max);
        if (r->event_count) memcpy(v, r->events, r->event_count * sizeof *r->events);
        r->events = v;
        r->event_max = max;
    }
    r->events[r->event_count++] = (struct ct_line){event->time_ms, r->account, r->trail->multi_region ? e.region : r->trail->region, event->json};
}

static int by_region_and_time(const void *x, const void *y) {
    const struct ct_line *a = x, *b = y;
    int order = str_cmp(a->account, b->account);
    if (!order) order = str_cmp(a->region, b->region);
    if (order) return order;
    return a->time_ms < b->time_ms ? -1 : a->time_ms > b->time_ms;
}

/* The pointer holds until the next one is asked for. */
static struct ct_chain *chain_of(struct round *r, str region, str account) {
    str row;
    for (u32 i = 0; i < r->chain_count; i++)
        if (str_eq(r->chains[i].region, region) && str_eq(r->chains[i].account, account)) return &r->chains[i].chain;
    if (r->chain_count == r->chain_max) {
        struct region_chain *v = NEW_ARRAY(r->c->arena, struct region_chain, 2 * r->chain_max + 32);
        if (r->chain_count) memcpy(v, r->chains, r->chain_count * sizeof *v);
        r->chains = v;
        r->chain_max = 2 * r->chain_max + 32;
    }
    struct region_chain *added = &r->chains[r->chain_count++];
    *added = (struct region_chain){.region = region, .account = account, .chain = {.begin_ms = r->trail->from_ms}};
    if (txn_get(r->c->txn, ct_chain_row(r->c->arena, r->trail, region, account), &row)) ASSERT(record_decode(r->c->arena, &ct_chain_record, arena_str(r->c->arena, row), &added->chain));
    return &added->chain;
}

static void add_file(struct round *r, str region, str account, const struct ct_log_file *file) {
    struct ct_chain *chain = chain_of(r, region, account);
    struct ct_log_file *v = NEW_ARRAY(r->c->arena, struct ct_log_file, chain->files.n + 1);
    if (chain->files.n) memcpy(v, chain->files.v, chain->files.n * sizeof *v);
    v[chain->files.n++] = *file;
    chain->files.v = v;
    chain->files.set = true;
}

/* `kind`: "CloudTrail" or "CloudTrail-Insight". All of one account and region. */
static void write_file(struct round *r, const struct task *task, const char *kind, const struct ct_line *v, u32 n) {
    struct arena *a = r->c->arena;
    const struct ct_trail *t = r->trail;
    struct buf b = buf_new(a, 1 << 30);
    struct civil_time at = civil_of(r->to_ms);
    str region = v[0].region, account = v[0].account, place = ct_place(a, t, account), hash;
    u8 digest[32];
    buf_add(&b, S("{\"Records\":["));
    for (u32 i = 0; i < n; i++) {
        if (i) buf_char(&b, ',');
        buf_add(&b, v[i].json);
    }
    buf_add(&b, S("]}"));
    sha256(buf_str(&b), digest);
    hash = hex_of(a, (str){(char *)digest, sizeof digest});
    str random = id_from(a, S("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), 16);
    str object = arena_format(a, "%.*s/%s/%.*s/%04lld/%02d/%02d/%.*s_%s_%.*s_%04lld%02d%02dT%02d%02dZ_%.*s.json.gz", STR_ARGS(place),
                              kind, STR_ARGS(region), (long long)at.year, at.month, at.day, STR_ARGS(account), kind,
                              STR_ARGS(region), (long long)at.year, at.month, at.day, at.hour, at.minute, STR_ARGS(random));
    add_put(r, task, object, buf_str(&b), (str){0});
    add_file(r, region, account, &(struct ct_log_file){.object = object, .hash = hash, .newest_ms = v[n - 1].time_ms, .oldest_ms = v[0].time_ms});
}

static void write_files(struct round *r, const struct task *task, const char *kind, struct ct_line *v, u32 n) {
    if (n) qsort(v, n, sizeof *v, by_region_and_time);
    for (u32 from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && to - from < FILE_EVENTS && str_eq(v[to].region, v[from].region) && str_eq(v[to].account, v[from].account);) to++;
        write_file(r, task, kind, v + from, to - from);
    }
}

/* Each region that the trail has had a file of has its chain. */
static void load_chains(struct round *r) {
    str from = ct_chain_row(r->c->arena, r->trail, (str){0}, (str){0}), key, region;
    struct range rows = txn_range(r->c->txn, from, key_after_prefix(r->c->arena, from));
    (void)chain_of(r, r->trail->region, r->trail->account);
    while (range_next(&rows, &key, NULL)) {
        str rest = str_skip(arena_str(r->c->arena, key), from.n), account = r->trail->account;
        ASSERT(key_read_str(&rest, r->c->arena, &region) && (!rest.n || key_read_str(&rest, r->c->arena, &account)));
        (void)chain_of(r, region, account);
    }
}

static void write_digests(struct round *r, const struct task *task) {
    i64 hour_ms = r->to_ms / DIGEST_MS * DIGEST_MS;
    if (!ct_signing_load(r->c->txn, r->c->arena, r->trail->account, r->trail->region, &r->signing)) {
        r->signing = ct_signing_new(r->c);
        r->signing_is_new = true;
    }
    for (u32 i = 0; i < r->chain_count; i++) {
        struct ct_chain *chain = &r->chains[i].chain;
        if (chain->begin_ms >= hour_ms) continue; /* not yet */
        struct ct_digest d = ct_digest_make(r->c, r->trail, r->chains[i].region, r->chains[i].account, &r->signing, chain, hour_ms);
        add_put(r, task, d.object, d.json, d.signature);
        r->digested = true;
    }
}

static err make_round(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct ct_trail *trail = NEW(a, struct ct_trail);
    struct round *r = NEW(a, struct round);
    *result = (str){(const char *)r, sizeof *r}; /* of this process: settled in the same flight */
    if (ct_trail_load(t, a, task->key, trail) && trail->logging && txn_owner(t)) {
        *r = (struct round){.c = call_for_task(t, &cloudtrail_service, trail->account, trail->region, task->due_ms), .trail = trail, .to_ms = task->due_ms};
        str *accounts;
        for (u32 i = 0, n = ct_accounts_of(r->c, trail, &accounts); i < n; i++) {
            r->account = accounts[i];
            trail_gather(r->c, accounts[i], trail->from_ms, r->to_ms, collect, r);
        }
        r->insights = ct_insights_find(r->c, trail, r->events, r->event_count, r->to_ms);
        write_files(r, task, "CloudTrail", r->events, r->event_count);
        write_files(r, task, "CloudTrail-Insight", r->insights.events, r->insights.event_count);
        if (trail->validates) {
            load_chains(r);
            write_digests(r, task);
        }
    }
    store_snapshot_end(t);
    return r->broken ? &store_unavailable : NULL;
}

/* ---- settling ---- */

static err put_one(struct call *c, const struct ct_trail *trail, const struct put *p) {
    struct s3_put_object_request in = {.bucket = trail->bucket, .key = p->object, .body = p->body, .acl = S("bucket-owner-full-control"), .content_type = S("application/json"),
                                       .content_encoding = S("gzip")};
    struct s3_put_object_output out;
    struct s3_metadata_entry_2 metadata[] = {{S("signature"), p->signature}, {S("signature-algorithm"), S("SHA256withRSA")}};
    if (p->signature.n) {
        in.metadata.v = metadata;
        in.metadata.n = LENGTH(metadata);
        in.metadata.set = true;
    }
    if (trail->kms_key.n) {
        in.server_side_encryption = S("aws:kms");
        in.ssekms_key_id = trail->kms_key;
    }
    return call_service(c, &(struct call_other){.service = &s3_service, .op = S3_OP_PUT_OBJECT, .as = CALL_AS_SERVICE, .source_arn = trail->arn}, &in, &out);
}

static void notify(struct call *c, const struct ct_trail *trail, const struct round *r) {
    struct buf b = buf_new(c->arena, 256 << 10);
    if (!trail->topic_arn.n || !r->put_count) return;
    json_write_object(&b);
    json_write_member(&b, S("s3Bucket"), trail->bucket);
    json_write_key(&b, S("s3ObjectKey"));
    json_write_array(&b);
    for (u32 i = 0; i < r->put_count; i++) json_write_string(&b, r->puts[i].object);
    json_write_array_end(&b);
    json_write_object_end(&b);
    struct sns_publish_input in = {.topic_arn = trail->topic_arn, .message = buf_str(&b)};
    struct sns_publish_response out;
    struct arn arn;
    struct call_other sns = {.service = &sns_service, .op = SNS_OP_PUBLISH, .as = CALL_AS_SERVICE, .source_arn = trail->arn};
    if (!arn_parse(trail->topic_arn, &arn)) return;
    sns.account = arn.account;
    sns.region = arn.region;
    (void)!call_service(c, &sns, &in, &out); /* a topic that refuses does not stop the delivery */
}

static err put_all(struct call *c, const struct ct_trail *trail, const struct round *r) {
    for (u32 i = 0; i < r->put_count; i++) TRY(put_one(c, trail, &r->puts[i]));
    for (u32 i = 0; i < r->chain_count && trail->validates; i++)
        txn_put(c->txn, ct_chain_row(c->arena, trail, r->chains[i].region, r->chains[i].account), record_encode(c->arena, &ct_chain_record, &r->chains[i].chain));
    if (r->signing_is_new) txn_put(c->txn, ct_signing_row(c->arena, trail->account, trail->region), record_encode(c->arena, &ct_signing_record, &r->signing));
    for (u32 i = 0; i < r->insights.row_count; i++) {
        const struct ct_insight_row *row = &r->insights.rows[i];
        if (row->value.p) txn_put(c->txn, row->key, row->value);
        else txn_delete(c->txn, row->key);
    }
    for (u32 i = 0; i < r->insights.event_count; i++) ct_insight_put(c, &r->insights.events[i]);
    notify(c, trail, r);
    return NULL;
}

/* Logs that refuse do not stop the delivery to the bucket: they get the next rounds. */
static void put_to_logs(struct call *c, struct ct_trail *trail, const struct round *r, i64 now_ms) {
    size_t mark = txn_mark(c->txn);
    if (!trail->logs_group_arn.n) return;
    err e = ct_logs_put(c, trail, r->events, r->event_count);
    if (!e) e = ct_logs_put(c, trail, r->insights.events, r->insights.event_count);
    if (e) txn_undo(c->txn, mark);
    trail->logs_error = e ? str_of(e->code) : (str){0};
    if (!e && r->event_count) trail->logs_delivered_ms = now_ms;
}

static err settle_round(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct ct_trail trail;
    const struct round *r = (const void *)result.p;
    struct arena *a = txn_arena(t);
    if (!ct_trail_load(t, a, arena_str(a, task->key), &trail) || !trail.logging) return NULL;
    i64 next_ms = (now_ms / ROUND_MS + 1) * ROUND_MS;
    struct task next = {.kind = task->kind, .key = trail.name.n ? ct_trail_row(a, &trail) : task->key, .due_ms = next_ms};
    txn_task_set(t, &next);
    if (outcome || !r->c) return NULL; /* not made: the next round has it all */
    struct call *c = call_for_task(t, &cloudtrail_service, trail.account, trail.region, now_ms);
    size_t mark = txn_mark(t);
    trail.tried_ms = now_ms;
    err e = put_all(c, &trail, r);
    if (e) {
        txn_undo(t, mark);
        trail.delivery_error = str_of(e->code);
        if (r->digested) trail.digest_error = str_of(e->code);
    } else {
        trail.from_ms = r->to_ms;
        trail.delivery_error = (str){0};
        if (r->put_count) trail.delivered_ms = now_ms;
        if (r->digested) trail.digested_ms = now_ms;
        if (r->digested) trail.digest_error = (str){0};
    }
    if (!e) put_to_logs(c, &trail, r, now_ms);
    ct_trail_save(t, a, &trail);
    return NULL;
}

const struct task_kind cloudtrail_task_kinds[] = {
    {.name = "cloudtrail-deliver", .perform = make_round, .settle = settle_round},
    {.name = "cloudtrail-lake", .perform = ct_lake_round, .settle = ct_lake_settle},
    {.name = "cloudtrail-purge", .run = ct_store_purge},
    {.name = "cloudtrail-query", .perform = ct_query_perform, .settle = ct_query_settle},
    {.name = "cloudtrail-query-forget", .run = ct_query_forget},
    {0},
};
