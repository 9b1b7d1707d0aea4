/* What stands in an event data store: every five minutes of the cloud's clock the events since are taken in, as one
 * batch of JSON lines; batches past the retention go. Rows: ("cloudtrail", account, region, "lake", id, first ms, seq).
 * What is in the history and in no batch yet is read from there: an answer is never behind. */
#include "lake.h"

#include "text/gzip.h"

enum { EXPIRED_AT_ONCE = 500, PURGED_AT_ONCE = 500, ARRIVALS_AT_ONCE = 100 /* of at most a megabyte */, BATCH_MAX = 256 << 20 };

struct key ct_batches_of(struct arena *a, const struct ct_store *s) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, s->account);
    key_str(&k, s->region);
    key_str(&k, S("lake"));
    key_str(&k, s->id);
    return k;
}

static struct ct_trail like_trail(const struct ct_store *s) {
    return (struct ct_trail){.account = s->account, .region = s->region, .organization = s->organization, .advanced = s->advanced, .multi_region = s->multi_region, .global_events = true};
}

void ct_store_apply(struct call *c, const struct ct_store *s) {
    struct ct_trail like = like_trail(s);
    str row = ct_store_row(c->arena, s->account, s->region, s->id), *accounts;
    struct task take = {.kind = S("cloudtrail-lake"), .key = row, .due_ms = (c->now_ms / ROUND_MS + 1) * ROUND_MS};
    struct task purge = {.kind = S("cloudtrail-purge"), .key = row, .due_ms = s->delete_ms};
    if (!s->delete_ms) txn_task_set(c->txn, &take); /* one that ingests no more still forgets */
    else txn_task_cancel(c->txn, take.kind, row);
    if (s->delete_ms) txn_task_set(c->txn, &purge);
    else txn_task_cancel(c->txn, purge.kind, row);
    for (u32 i = 0, n = ct_accounts_of(c, &like, &accounts); i < n; i++) ct_apply_data(c, accounts[i]);
}

/* ---- events of the history ---- */

struct taking {
    struct arena *arena;
    struct ct_trail like;
    str *v;
    u32 n, max;
    i64 first_ms, last_ms;
    u64 bytes;
    u32 arrivals;
    str last_arrival; /* key of its row */
    const struct data_key *key; /* of the store */
};

static void add(struct taking *t, str json, i64 time_ms) {
    if (t->n == t->max) {
        str *v = NEW_ARRAY(t->arena, str, 2 * t->max + 64);
        if (t->n) memcpy(v, t->v, t->n * sizeof *v);
        t->v = v;
        t->max = 2 * t->max + 64;
    }
    t->v[t->n++] = json;
    t->bytes += json.n + 1;
    t->first_ms = MIN(t->first_ms, time_ms);
    t->last_ms = MAX(t->last_ms, time_ms);
}

static void take(void *context, const struct trail_event *event) {
    struct taking *t = context;
    struct ct_event e;
    ct_event_read(t->arena, event->json, &e);
    if (ct_of_place(&t->like, &e) && ct_selected(&t->like, &e)) add(t, event->json, event->time_ms);
}

/* ---- what came by channels: rows that wait for the round ---- */

static struct key arrivals_of(struct arena *a, const struct ct_store *s) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, s->account);
    key_str(&k, s->region);
    key_str(&k, S("arrival"));
    key_str(&k, s->id);
    return k;
}

void ct_store_arrive(struct call *c, const struct ct_store *s, const struct data_key *sealing, str lines) {
    struct ct_arrival arrival = {.lines = sealing ? data_key_seal(c, sealing, lines) : lines, .time_ms = c->now_ms, .sealed = sealing != NULL};
    struct key k = arrivals_of(c->arena, s);
    key_u64(&k, txn_sequence(c->txn));
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &ct_arrival_record, &arrival));
}

static bool take_arrivals(struct txn *txn, const struct ct_store *s, u32 max, struct taking *t) {
    struct key all = arrivals_of(t->arena, s);
    str from = key_bytes(&all), key, row;
    struct range r = txn_range(txn, from, key_after_prefix(t->arena, from));
    for (; t->arrivals < max && range_next(&r, &key, &row); t->arrivals++) {
        struct ct_arrival arrival = {0};
        ASSERT(record_decode(t->arena, &ct_arrival_record, arena_str(t->arena, row), &arrival));
        if (arrival.sealed && !(t->key && data_key_open(t->arena, t->key, arrival.lines, &arrival.lines))) return false;
        while (arrival.lines.n) add(t, str_cut(&arrival.lines, '\n'), arrival.time_ms);
        t->last_arrival = arena_str(t->arena, key);
    }
    return true;
}

static err take_all(struct call *c, const struct ct_store *s, i64 to_ms, struct taking *t) {
    str *accounts;
    *t = (struct taking){.arena = c->arena, .like = like_trail(s), .first_ms = INT64_MAX};
    TRY(ct_key_ready(c, s, &t->key));
    if (ct_store_of_channels(s))
        return take_arrivals(c->txn, s, to_ms == INT64_MAX ? UINT32_MAX : ARRIVALS_AT_ONCE, t) ? NULL : fail(c, &cloud_internal_failure, "What came by a channel does not open.");
    if (!s->ingests || s->delete_ms) return NULL;
    for (u32 i = 0, n = ct_accounts_of(c, &t->like, &accounts); i < n; i++) trail_gather(c, accounts[i], s->from_ms, to_ms, take, t);
    return NULL;
}

/* ---- a round ---- */

struct round {
    struct stream *body;
    i64 count, bytes, first_ms, last_ms, to_ms;
    bool made, sealed, more; /* more: of arrivals */
    str last_arrival;
};

/* Not made: the key of the store does not open, or the disk takes no more. It is tried again in the next round. */
static void make_batch(struct call *c, const struct task *task, const struct ct_store *s, struct round *r) {
    struct taking all;
    struct buf b = buf_new(c->arena, BATCH_MAX);
    if (take_all(c, s, task->due_ms, &all)) return;
    for (u32 i = 0; i < all.n; i++) {
        buf_add(&b, all.v[i]);
        buf_char(&b, '\n');
    }
    *r = (struct round){.count = all.n, .bytes = (i64)all.bytes, .first_ms = all.first_ms, .last_ms = all.last_ms, .to_ms = task->due_ms, .sealed = all.key != NULL,
                        .last_arrival = all.last_arrival, .more = all.arrivals == ARRIVALS_AT_ONCE};
    str packed = all.n ? gzip_of(c->arena, buf_str(&b)) : S("");
    if (all.n) r->body = stream_stage(task->store, c->arena, all.key ? data_key_seal(c, all.key, packed) : packed);
    r->made = !b.over && (!all.n || r->body);
}

err ct_lake_round(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct round *r = NEW(a, struct round);
    struct ct_store s;
    *result = (str){(const char *)r, sizeof *r}; /* of this process: settled in the same flight */
    if (ct_store_load(t, a, task->key, &s) && txn_owner(t)) make_batch(call_for_task(t, &cloudtrail_service, s.account, s.region, task->due_ms), task, &s, r);
    store_snapshot_end(t);
    return r->made ? NULL : &store_unavailable;
}

static void expire(struct txn *t, struct arena *a, const struct ct_store *s, i64 before_ms) {
    struct key all = ct_batches_of(a, s), to = ct_batches_of(a, s);
    str key, row;
    key_i64(&to, before_ms);
    struct range r = txn_range(t, key_bytes(&all), key_bytes(&to));
    for (u32 n = 0; n < EXPIRED_AT_ONCE && range_next(&r, &key, &row); n++) {
        struct ct_batch batch;
        ASSERT(record_decode(a, &ct_batch_record, arena_str(a, row), &batch));
        if (batch.last_ms >= before_ms) continue;
        txn_blob_delete(t, batch.blob);
        txn_delete(t, arena_str(a, key));
    }
}

/* Rows of [from, to), batches with their bytes; how many. */
static u32 drop(struct txn *t, struct arena *a, str from, str to, bool batches, u32 max) {
    struct range r = txn_range(t, from, to);
    str key, row;
    u32 n = 0;
    for (; n < max && range_next(&r, &key, &row); n++) {
        struct ct_batch batch = {0};
        ASSERT(!batches || record_decode(a, &ct_batch_record, arena_str(a, row), &batch));
        if (batches) txn_blob_delete(t, batch.blob);
        txn_delete(t, arena_str(a, key));
    }
    return n;
}

err ct_lake_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    const struct round *r = (const void *)result.p;
    struct ct_store s;
    if (!ct_store_load(t, a, arena_str(a, task->key), &s) || s.delete_ms) return NULL;
    i64 next_ms = !outcome && r->more ? 0 : (now_ms / ROUND_MS + 1) * ROUND_MS;
    txn_task_set(t, &(struct task){.kind = task->kind, .key = ct_store_row(a, s.account, s.region, s.id), .due_ms = next_ms});
    expire(t, a, &s, now_ms - s.retention_days * DAY_MS);
    if (outcome || (!r->last_arrival.p && (!s.ingests || s.from_ms > r->to_ms))) return NULL;
    if (r->body) {
        struct call *c = call_for_task(t, &cloudtrail_service, s.account, s.region, now_ms);
        struct ct_batch batch = {.blob = stream_adopt(c, r->body), .count = r->count, .bytes = r->bytes, .last_ms = r->last_ms, .sealed = r->sealed};
        struct key k = ct_batches_of(a, &s);
        key_i64(&k, r->first_ms);
        key_u64(&k, txn_sequence(t));
        txn_put(t, key_bytes(&k), record_encode(a, &ct_batch_record, &batch));
    }
    if (r->last_arrival.p) {
        struct key all = arrivals_of(a, &s);
        (void)drop(t, a, key_bytes(&all), key_after_prefix(a, r->last_arrival), false, ARRIVALS_AT_ONCE);
        return NULL;
    }
    s.from_ms = r->to_ms;
    ct_store_save(t, a, &s);
    return NULL;
}

/* The wait is over: batches first, then the store. */
err ct_store_purge(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ct_store s;
    if (!ct_store_load(t, a, arena_str(a, task->key), &s) || !s.delete_ms) return NULL;
    struct key batches = ct_batches_of(a, &s), arrivals = arrivals_of(a, &s);
    u32 n = drop(t, a, key_bytes(&batches), key_after_prefix(a, key_bytes(&batches)), true, PURGED_AT_ONCE);
    n += drop(t, a, key_bytes(&arrivals), key_after_prefix(a, key_bytes(&arrivals)), false, PURGED_AT_ONCE - n);
    struct task again = *task;
    again.due_ms = 0;
    if (n == PURGED_AT_ONCE) txn_task_set(t, &again);
    if (n == PURGED_AT_ONCE) return NULL;
    registry_remove(call_for_task(t, &cloudtrail_service, s.account, s.region, now_ms), s.arn);
    txn_delete(t, ct_store_row(a, s.account, s.region, s.id));
    return NULL;
}

/* ---- read for a question ---- */

err ct_lake_open(struct call *c, const struct ct_store *s, struct ct_lake *lake) {
    struct key all = ct_batches_of(c->arena, s);
    str from = key_bytes(&all), key, row;
    u32 n = 0;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, NULL)) n++;
    *lake = (struct ct_lake){.c = c, .readers = NEW_ARRAY(c->arena, struct ct_reader, n + 1)};
    r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, &row)) {
        struct ct_batch batch;
        ASSERT(record_decode(c->arena, &ct_batch_record, arena_str(c->arena, row), &batch));
        lake->readers[lake->reader_count++] = (struct ct_reader){blob_open(c->txn, batch.blob, c->arena), blob_length(batch.blob), batch.sealed};
    }
    struct taking fresh;
    TRY(take_all(c, s, INT64_MAX, &fresh));
    lake->fresh = fresh.v;
    lake->fresh_count = fresh.n;
    lake->key = fresh.key;
    return NULL;
}

static bool fill_batch(const struct ct_reader *r, const struct data_key *key, struct sql *sql, i64 *events, i64 *bytes) {
    struct arena scratch = {0};
    char *bytes_of = arena_alloc(&scratch, r->length + 1, 1);
    str packed = {bytes_of, r->length}, lines = {0};
    bool ok = r->blob && blob_read(r->blob, 0, bytes_of, r->length);
    if (r->sealed) ok = ok && key && data_key_open(&scratch, key, packed, &packed);
    ok = ok && gzip_open(&scratch, packed, BATCH_MAX, &lines);
    while (ok && lines.n) {
        str line = str_cut(&lines, '\n');
        *bytes += (i64)line.n + 1;
        (*events)++;
        ok = sql_fill(sql, line);
    }
    arena_free(&scratch);
    return ok;
}

bool ct_lake_fill(struct ct_lake *lake, struct sql *sql, i64 *events, i64 *bytes) {
    for (u32 i = 0; i < lake->reader_count; i++)
        if (!fill_batch(&lake->readers[i], lake->key, sql, events, bytes)) return false;
    for (u32 i = 0; i < lake->fresh_count; i++) {
        *bytes += (i64)lake->fresh[i].n + 1;
        (*events)++;
        if (!sql_fill(sql, lake->fresh[i])) return false;
    }
    return true;
}
