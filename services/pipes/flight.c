/* Events on their way to an API destination, as enrichment or target: the world may take its time, and no transaction
 * waits for it. An event has a row here from the transaction that took it out of its source up to the one that settles it
 * there: the answer comes as a task (cloud/destination.h). */
#include "pipes.h"

#include "cloud/destination.h"
#include "text/json.h"
#include "text/tree.h"

enum { TARGET_BATCH_MAX = 10 /* what a queue, a topic and a bus take of an enrichment's answer */ };

static str flight_row(struct arena *a, u64 pipe, u64 flight) {
    struct key k = key_new(a, S("pipes-flight"));
    key_u64(&k, pipe);
    if (flight) key_u64(&k, flight);
    return key_bytes(&k);
}

bool pipe_flies(const struct pipe *p) { return p->enrichment || target_is_destination(p->target->arn); }

bool target_is_destination(str text) {
    struct arn arn;
    return arn_parse(text, &arn) && str_eq(arn.service, S("events")) && str_starts(arn.resource, S("api-destination/"));
}

u32 flights_of(struct call *c, const struct pipe *p, u32 most) {
    str all = flight_row(c->arena, p->id, 0), key;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    u32 n = 0;
    while (n < most && range_next(&r, &key, NULL)) n++;
    return n;
}

/* ---- off ---- */

static struct record_pairs filled(struct arena *a, const struct record_pairs *in, const struct pipe_event *e) {
    struct record_pairs out = {.v = NEW_ARRAY(a, struct record_pair, in->n + 1), .n = in->n, .set = in->n > 0};
    for (u32 i = 0; i < in->n; i++) {
        str value = event_parameter(a, e, in->v[i].value);
        out.v[i] = (struct record_pair){in->v[i].key, value.p ? value : S("")};
    }
    return out;
}

static err may_invoke(struct call *c, const struct pipe *p, str destination) {
    struct call as = *c;
    as.outer = c;
    as.flight = NULL;
    as.source_arn = pipe_arn(c->arena, p);
    err e = call_take_role(&as, p->role);
    if (!e && !may(&as, S("events:InvokeApiDestination"), destination)) e = deny(&as, S("events:InvokeApiDestination"), destination);
    c->error_message = as.error_message;
    return e;
}

static const char *stage_of(const struct pipe_flight *f) { return f->enriching ? "ENRICHMENT" : "TARGET"; }

static err call_begin(struct call *c, const struct pipe *p, u64 id, const struct pipe_flight *f, const struct pipe_event *e) {
    const struct pipe_http *http = f->enriching ? &p->enrichment->http : &p->target->http;
    struct destination_call call = {.destination = f->enriching ? p->enrichment->arn : p->target->arn,
                                    .body = event_payload(c, p, stage_of(f), f->enriching ? p->enrichment->template : p->target->template, e),
                                    .path_values = filled(c->arena, &http->path_values, e), .headers = filled(c->arena, &http->headers, e),
                                    .query = filled(c->arena, &http->query, e), .answer_kind = S("pipes-answer"),
                                    .answer_key = arena_format(c->arena, "%.*s/%llu", STR_ARGS(pipe_task_key(c->arena, p)), (unsigned long long)id)};
    if (!call.body.p) return fail(c, &cloud_validation, "The event is too long for its target.");
    TRY(may_invoke(c, p, call.destination));
    pipe_step(c, p, e, stage_of(f), "INVOCATION_STARTED", call.body, NULL);
    txn_put(c->txn, flight_row(c->arena, p->id, id), record_encode(c->arena, &pipes_flight_record, f));
    destination_call_begin(c->txn, c->arena, &call);
    return NULL;
}

/* To the enrichment, or to the target that is an API destination. */
static err leave(struct call *c, const struct pipe *p, u64 id, const struct pipe_flight *f, const struct pipe_event *e) {
    pipe_step(c, p, e, stage_of(f), "STAGE_ENTERED", e->json, NULL);
    err refused = call_begin(c, p, id, f, e);
    if (refused) pipe_step(c, p, e, stage_of(f), "STAGE_FAILED", (str){0}, refused);
    return refused;
}

err flight_begin(struct call *c, const struct pipe *p, struct pipe_flight *f, const struct pipe_event *e) {
    f->json = e->json;
    f->parsed = e->parsed;
    f->id = e->id;
    f->group = e->group;
    f->execution = e->execution;
    f->enriching = p->enrichment != NULL;
    err refused = leave(c, p, txn_sequence(c->txn), f, e);
    if (refused) execution_end(c, p, e, refused);
    return refused;
}

/* ---- what the enrichment answers ---- */

/* An empty answer, and an empty text, object or list in it: the target gets nothing. */
static bool says_nothing(const struct json_node *n) {
    return n->type == JSON_STRING ? !n->text.n : (n->type == JSON_OBJECT || n->type == JSON_ARRAY) && !n->first;
}

static err to_target(struct call *c, const struct pipe *p, u64 id, const struct pipe_flight *f, str json, u32 number, bool *left) {
    struct pipe_event e = {.id = number ? arena_format(c->arena, "%.*s-%u", STR_ARGS(f->id), number) : f->id, .group = f->group, .execution = f->execution};
    event_read(c->arena, &e, json, (str){0});
    *left = target_is_destination(p->target->arn);
    if (!*left) return pipe_send(c, p, &e);
    struct pipe_flight next = *f;
    next.json = json;
    next.parsed = json;
    next.enriching = false;
    return leave(c, p, id, &next, &e);
}

/* *left: it waits for its target now. */
static err enriched(struct call *c, const struct pipe *p, u64 id, const struct pipe_flight *f, str body, bool *left) {
    u32 most = target_is_destination(p->target->arn) ? 1 : TARGET_BATCH_MAX, number = 0;
    if (!body.n) return NULL;
    const struct json_node *n = json_tree(c->arena, body, json_default_limits, NULL, NULL);
    if (!n) return fail(c, &cloud_validation, "The enrichment's response is not JSON.");
    if (says_nothing(n)) {
        pipe_step(c, p, &(struct pipe_event){.execution = f->execution}, "TARGET", "STAGE_SKIPPED", (str){0}, NULL);
        return NULL;
    }
    if (n->type != JSON_ARRAY) return to_target(c, p, id, f, body, 0, left);
    if (n->count > most) return fail(c, &cloud_validation, "The enrichment's response has more events than the target takes at once.");
    for (const struct json_node *one = n->first; one; one = one->next) TRY(to_target(c, p, id, f, json_node_raw(one, body), number++, left));
    return NULL;
}

/* ---- back: the pipe may have been changed meanwhile; what was called is what answers ---- */

static err arrived(struct call *c, const struct pipe *p, u64 id, const struct pipe_flight *f, const struct destination_answer *answer, bool *left) {
    const char *stage = stage_of(f);
    struct pipe_event e = {.execution = f->execution};
    err refused = answer->status / 100 == 2 ? NULL : fail(c, &cloud_validation, "%.*s", STR_ARGS(answer->why));
    pipe_step(c, p, &e, stage, refused ? "INVOCATION_FAILED" : "INVOCATION_SUCCEEDED", (str){0}, refused);
    pipe_step(c, p, &e, stage, refused ? "STAGE_FAILED" : "STAGE_SUCCEEDED", answer->body, refused);
    if (refused) pipe_counted(c, p, f->enriching ? "EnrichmentStageFailed" : "TargetStageFailed");
    return refused || !f->enriching ? refused : enriched(c, p, id, f, answer->body, left);
}

static void land(struct call *c, const struct pipe *p, u64 id, const struct pipe_flight *f, const struct destination_answer *answer) {
    bool left = false;
    size_t mark = txn_mark(c->txn);
    err refused = arrived(c, p, id, f, answer, &left);
    if (left && !refused) return;
    if (refused) txn_undo(c->txn, mark);
    execution_end(c, p, &(struct pipe_event){.execution = f->execution}, refused);
    if (f->receipt.p) queue_landed(c, p, f, !refused);
    else stream_landed(c, p, f, !refused);
}

err flight_answer(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct pipe p;
    struct pipe_flight f = {0};
    u64 id = 0;
    str key = arena_str(a, task->key), row;
    size_t cut = str_rfind_char(key, '/');
    ASSERT(str_to_u64(str_skip(key, cut + 1), &id));
    if (!pipe_of_task(t, a, str_take(key, cut), &p) || !txn_get(t, flight_row(a, p.id, id), &row)) return NULL; /* the pipe was deleted */
    ASSERT(record_decode(a, &pipes_flight_record, arena_str(a, row), &f));
    struct destination_answer answer = destination_answer_read(a, task);
    struct call *c = call_for_task(t, &pipes_service, p.account, p.region, now_ms);
    txn_delete(t, flight_row(a, p.id, id));
    pipe_log_open(c, &p);
    land(c, &p, id, &f, &answer);
    pipe_log_write(c, &p);
    return NULL;
}

/* Of a pipe that is deleted; what comes back to it finds nothing. */
void flights_forget(struct call *c, const struct pipe *p) {
    str all = flight_row(c->arena, p->id, 0), key;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    while (range_next(&r, &key, NULL)) txn_delete(c->txn, arena_str(c->arena, key)); /* at most FLIGHTS_MAX, and one a shard */
}
