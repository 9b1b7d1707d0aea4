/* Where events stand, as the facts of their calls (trail_event.h):
 *
 *   ("trail", "event", account, region, ms, seq) -> facts: of changes, in the commit of the change
 *   journal "calls": "ACCOUNT REGION m|d facts"  -> of all others
 *   ("trail", "data", account) -> nothing: its data calls are recorded
 *
 * Of former versions the event's JSON stands in place of the facts; a record does not begin as JSON does.
 *
 * account: who is to know, the caller's and that of the resource. */
#include "cloud/trail.h"

#include "cloud/flight.h"
#include "cloud/record.h"
#include "cloud/trail_event.h"
#include "sys/sys.h"

#include <stdatomic.h>

enum { SWEEP_EVERY = 256 }; /* sequence numbers: about as many changes, or fewer */

/* ---- who is to know ---- */

static str owner_of(const struct call *c) {
    struct arn arn;
    return arn_parse(c->resource_arn, &arn) && account_valid(arn.account) ? arn.account : (str){0};
}

static u32 recipients(const struct call *c, str to[static 2]) {
    str caller = c->principal->account, owner = owner_of(c);
    u32 n = 0;
    if (c->principal->kind == PRINCIPAL_SERVICE || !account_valid(caller)) caller = c->account;
    if (c->principal->kind == PRINCIPAL_ANONYMOUS && owner.n) caller = owner; /* nobody's call is known to the owner alone */
    if (account_valid(caller)) to[n++] = caller;
    if (owner.n && !str_eq(owner, caller)) to[n++] = owner;
    return n;
}

/* ---- the data plane ---- */

static str data_row(struct arena *a, str account) {
    struct key k = key_new(a, S("trail"));
    key_str(&k, S("data"));
    if (account.n) key_str(&k, account);
    return key_bytes(&k);
}

void trail_select_data(struct call *c, bool selected) {
    str row = data_row(c->arena, c->account);
    if (selected) txn_put(c->txn, row, S(""));
    else txn_delete(c->txn, row);
    txn_raise_epoch(c->txn);
}

static bool any_selected(struct txn *t, struct arena *a, str account) {
    str from = data_row(a, account), key;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    return range_next(&r, &key, NULL);
}

/* Mostly nobody selects any: one comparison then. */
static bool data_wanted(const struct call *c) {
    struct cloud *cloud = c->cloud;
    u64 epoch = store_epoch(cloud->store) + 1; /* 0: never looked */
    bool looked = atomic_load(&cloud->data_epoch) == epoch;
    if (looked && !atomic_load(&cloud->data_selected)) return false;
    struct txn *t = c->txn ? c->txn : store_snapshot(cloud->store, c->arena);
    bool any = any_selected(t, c->arena, (str){0}), mine = any && any_selected(t, c->arena, c->account);
    if (t != c->txn) store_snapshot_end(t);
    else if (txn_writable(t)) return mine; /* it may see what is never committed */
    atomic_store(&cloud->data_selected, any);
    atomic_store(&cloud->data_epoch, epoch);
    return mine;
}

/* ---- writing ---- */

static struct key rows_of(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("trail"));
    key_str(&k, S("event"));
    key_str(&k, account);
    if (region.p) key_str(&k, region);
    return k;
}

/* A call that two accounts are to know of is an event of each. */
static str pack(struct call *c, struct trail_facts *f, u32 recipient) {
    f->event_id = !recipient && c->event_id.p ? c->event_id : id_uuid(c->arena);
    return record_encode(c->arena, &trail_facts_record, f);
}

void trail_change(struct call *c, const void *out) {
    str to[2];
    if (c->op->flags & WIRE_OP_DATA || !c->principal) return;
    u32 n = recipients(c, to);
    struct trail_facts f;
    trail_facts_of(c, NULL, out, &f);
    if (n > 1) f.shared_id = id_uuid(c->arena);
    for (u32 i = 0; i < n; i++) {
        struct trail_event event = {.time_ms = c->now_ms, .account = to[i], .region = c->region};
        struct key row = rows_of(c->arena, to[i], c->region);
        u64 seq = txn_sequence(c->txn);
        if (seq % SWEEP_EVERY == 0) txn_task_set(c->txn, &(struct task){.kind = S("trail-sweep"), .key = to[i]});
        key_i64(&row, event.time_ms);
        key_u64(&row, seq);
        txn_put(c->txn, key_bytes(&row), pack(c, &f, i));
        if (!str_eq(to[i], c->account) || !events_wanted(c)) continue;
        str source = arena_format(c->arena, "aws.%.*s", STR_ARGS(f.service)); /* as its eventSource begins */
        emit_event_of(c, source, S("AWS API Call via CloudTrail"), (str){0}, trail_event_json(c->arena, &event, &f));
    }
    c->on_trail = true;
}

/* By hand: with printf it would be a tenth of what an event costs. */
static str place_of(struct call *c, str account, bool data) {
    struct buf b = buf_new(c->arena, account.n + c->region.n + 4);
    buf_add(&b, account);
    buf_char(&b, ' ');
    buf_add(&b, c->region);
    buf_add(&b, data ? S(" d ") : S(" m "));
    return buf_str(&b);
}

struct trail_record trail_record(struct call *c, err error, const void *out) {
    struct trail_record record = {.time_ms = store_now_ms(c->cloud->store)};
    str to[2];
    bool data = c->op && c->op->flags & WIRE_OP_DATA;
    if (!c->op || !c->principal || (c->on_trail && !error) || (data && !data_wanted(c))) return record;
    u32 n = recipients(c, to);
    struct trail_facts f;
    trail_facts_of(c, error, out, &f);
    if (n > 1) f.shared_id = id_uuid(c->arena);
    for (u32 i = 0; i < n; i++) record.text[record.n++] = arena_concat(c->arena, place_of(c, to[i], data), pack(c, &f, i));
    return record;
}

void trail_journal(struct cloud *cloud, const struct trail_record *record) {
    for (u32 i = 0; i < record->n; i++) journal_add(cloud->calls, record->time_ms, record->text[i]);
}

/* ---- reading ---- */

struct kept { /* an event as it stands there */
    struct trail_event event;
    str bytes;
};

struct found { /* of the journal, in one window of time */
    struct arena *arena;
    str account, region, holds;
    struct kept *v;
    u32 n, max;
    u32 looked, look_max; /* records of whomever; at most so many, if not 0 */
};

static const struct trail_event *unpack(struct arena *a, struct kept *k) {
    struct trail_facts facts;
    if (str_starts(k->bytes, S("{"))) {
        k->event.json = k->bytes;
        return &k->event;
    }
    ASSERT(record_decode(a, &trail_facts_record, k->bytes, &facts));
    k->event.json = trail_event_json(a, &k->event, &facts);
    return &k->event;
}

/* A first look at the bytes, before an event is made of them. */
static bool may_hold(str bytes, str text) { return !text.n || str_find(bytes, text) != STR_NONE; }

static bool take(void *context, i64 time_ms, str record) {
    struct found *f = context;
    if (f->looked++ == f->look_max && f->look_max) return false;
    if (!str_eq(str_cut(&record, ' '), f->account)) return true;
    str region = str_cut(&record, ' ');
    if (f->region.p && !str_eq(region, f->region)) return true;
    bool data = str_eq(str_cut(&record, ' '), S("d"));
    if (!may_hold(record, f->holds)) return true;
    if (f->n == f->max) {
        struct kept *v = NEW_ARRAY(f->arena, struct kept, 2 * f->max + 64);
        if (f->n) memcpy(v, f->v, f->n * sizeof *v);
        f->v = v;
        f->max = 2 * f->max + 64;
    }
    struct trail_event event = {.time_ms = time_ms, .data = data, .account = f->account, .region = arena_str(f->arena, region)};
    f->v[f->n++] = (struct kept){event, arena_str(f->arena, record)};
    return true;
}

/* The next of the rows that may hold what is looked for. */
static bool next_row(struct found *f, struct range *rows, struct kept *k) {
    str key, row;
    while (range_next(rows, &key, &row)) {
        f->looked++;
        if (!may_hold(row, f->holds)) continue;
        str tail = str_skip(key, key.n - 16);
        *k = (struct kept){.event = {.account = f->account, .region = f->region}, .bytes = arena_str(f->arena, row)};
        ASSERT(key_read_i64(&tail, &k->event.time_ms));
        return true;
    }
    return false;
}

/* Rows and journal of one window, newest first. */
static bool walk_window(struct found *f, struct range *rows, bool (*visit)(void *context, const struct trail_event *event), void *context) {
    struct kept row;
    bool more = next_row(f, rows, &row);
    u32 left = f->n;
    while (more || left) {
        bool of_row = more && (!left || row.event.time_ms >= f->v[left - 1].event.time_ms);
        if (!visit(context, unpack(f->arena, of_row ? &row : &f->v[left - 1]))) return false;
        if (of_row) more = next_row(f, rows, &row);
        else left--;
    }
    return true;
}

static str row_from(struct call *c, str account, str region, i64 ms) {
    struct key k = rows_of(c->arena, account, region);
    key_i64(&k, ms);
    return key_bytes(&k);
}

/* Backwards in windows that grow where little is, and shrink where more is than is to be held at once: a page near the
 * present does not read 90 days, and one over a long history stops on its way. */
i64 trail_walk(struct call *c, const struct trail_search *s, bool (*visit)(void *context, const struct trail_event *event), void *context) {
    enum { FIRST_MS = 600000, LEAST_MS = 1000, GROWTH = 4 };
    i64 to_ms = s->to_ms, width = FIRST_MS;
    u32 looked = 0;
    while (to_ms > s->from_ms && (!s->look_max || looked < s->look_max)) {
        i64 begin = to_ms - s->from_ms > width ? to_ms - width : s->from_ms;
        bool narrow = to_ms - begin <= LEAST_MS;
        struct found f = {.arena = c->arena, .account = s->account, .region = s->region, .holds = s->holds, .look_max = narrow ? 0 : s->look_max};
        journal_read(c->cloud->calls, begin, to_ms, take, &f);
        if (f.look_max && f.looked > f.look_max) {
            width = MAX((to_ms - begin) / GROWTH, LEAST_MS);
            continue;
        }
        struct range rows = txn_range_backwards(c->txn, row_from(c, s->account, s->region, begin), row_from(c, s->account, s->region, to_ms));
        if (!walk_window(&f, &rows, visit, context)) return begin;
        to_ms = begin;
        looked += f.looked;
        bool sparse = !s->look_max || f.looked < s->look_max / GROWTH;
        if (sparse && width < INT64_MAX / GROWTH) width *= GROWTH;
    }
    return to_ms;
}

/* Rows stand by region, and there by time: from one region's first wanted row to its last, then on. */
void trail_gather(struct call *c, str account, i64 from_ms, i64 to_ms, void (*visit)(void *context, const struct trail_event *event), void *context) {
    struct found f = {.arena = c->arena, .account = account};
    journal_read(c->cloud->calls, from_ms, to_ms, take, &f);
    for (u32 i = 0; i < f.n; i++) visit(context, unpack(c->arena, &f.v[i]));
    struct key all = rows_of(c->arena, account, (str){0});
    str prefix = key_bytes(&all), key, row;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        struct kept k = {.event.account = account};
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        ASSERT(key_read_str(&rest, c->arena, &k.event.region) && key_read_i64(&rest, &k.event.time_ms));
        if (k.event.time_ms < from_ms) {
            range_seek(&r, row_from(c, account, k.event.region, from_ms));
        } else if (k.event.time_ms >= to_ms) {
            struct key region = rows_of(c->arena, account, k.event.region);
            range_seek(&r, key_after_prefix(c->arena, key_bytes(&region)));
        } else {
            k.bytes = arena_str(c->arena, row);
            visit(context, unpack(c->arena, &k));
        }
    }
}

/* ---- forgetting ---- */

static u32 forget(struct txn *t, str account, i64 before_ms, u32 limit) {
    struct arena *a = txn_arena(t);
    struct key all = rows_of(a, account, (str){0});
    str from = key_bytes(&all), key;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    u32 n = 0;
    while (n < limit && range_next(&r, &key, NULL)) {
        str tail = str_skip(key, key.n - 16);
        i64 ms;
        ASSERT(key_read_i64(&tail, &ms));
        if (ms < before_ms) {
            txn_delete(t, arena_str(a, key));
            n++;
            continue;
        }
        /* The first that stays: on with the next region. */
        str rest = str_skip(arena_str(a, key), from.n), region;
        ASSERT(key_read_str(&rest, a, &region));
        struct key next = rows_of(a, account, region);
        range_seek(&r, key_after_prefix(a, key_bytes(&next)));
    }
    return n;
}

err trail_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    enum { SLICE = 1000 };
    struct cloud *cloud = txn_owner(t);
    i64 before_ms = now_ms - 90ll * 86400000;
    if (!cloud) return &store_unavailable; /* not open yet: later */
    if (forget(t, task->key, before_ms, SLICE) == SLICE) txn_task_set(t, task);
    else journal_trim(cloud->calls, before_ms);
    return NULL;
}
