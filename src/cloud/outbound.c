#include "cloud/outbound.h"

#include "cloud/admin.h"
#include "http/smtp.h"
#include "text/form.h"
#include "text/json.h"

enum { SHOWN_DEFAULT = 100, SHOWN_MAX = 10000, SLICE = 500, STOPPED_MAX = 800 };
static const i64 KEPT_MS = 14LL * 24 * 3600 * 1000;

static const struct record_field fields[] = {
    RECORD_STR(1, struct outbound, kind), RECORD_STR(2, struct outbound, from), RECORD_STR(3, struct outbound, to), RECORD_STR(4, struct outbound, subject),
    RECORD_STR(5, struct outbound, body), RECORD_STR(6, struct outbound, outcome), RECORD_STR(7, struct outbound, details), RECORD_STR(8, struct outbound, id),
    RECORD_STR(9, struct outbound, service), RECORD_STR(10, struct outbound, region), RECORD_I64(11, struct outbound, at_ms),
};
static const struct record_type outbound_record = RECORD_TYPE(struct outbound, fields);

/* ---- outbound ACCOUNT NUMBER: in order of their commit ---- */

void outbound_put(struct call *c, const struct outbound *o) {
    const struct wire_service *w = c->service->wire;
    struct outbound row = *o;
    struct key k = key_new(c->arena, S("outbound"));
    row.service = str_of(w->text + w->name);
    row.region = c->region;
    row.at_ms = c->now_ms;
    key_str(&k, c->account);
    key_u64(&k, txn_sequence(c->txn));
    bool leaves = str_eq(o->kind, S("email")) && c->cloud->config.smtp.host.p;
    if (leaves) row.outcome = S("queued");
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &outbound_record, &row));
    if (leaves) txn_task_set(c->txn, &(struct task){.kind = S("outbound-mail"), .key = key_bytes(&k), .payload = S("0")});
    struct task sweep = {.kind = S("outbound-sweep"), .key = c->account, .due_ms = c->now_ms + KEPT_MS};
    if (!txn_task_get(c->txn, sweep.kind, sweep.key, &(struct task){0})) txn_task_set(c->txn, &sweep);
}

/* ---- mail that leaves: the task's key is the row's, its payload how often it was tried ---- */

static bool load(struct txn *t, struct arena *a, str key, struct outbound *o) {
    str row;
    *o = (struct outbound){0};
    if (!txn_get(t, key, &row)) return false;
    ASSERT(record_decode(a, &outbound_record, arena_str(a, row), o));
    return true;
}

err outbound_mail_perform(struct arena *a, const struct task *task, str *result) {
    struct outbound o;
    struct txn *t = store_snapshot(task->store, a);
    const struct cloud *cloud = txn_owner(t);
    bool there = load(t, a, task->key, &o) && cloud->config.smtp.host.p;
    store_snapshot_end(t);
    *result = arena_format(a, "%d There is no mail server any more.", SMTP_REFUSED);
    if (!there) return NULL;
    str answer;
    enum smtp_outcome outcome = smtp_send(a, &cloud->config.smtp, &(struct smtp_mail){o.from, o.to, o.subject, o.body, o.id, o.at_ms}, &answer);
    *result = arena_format(a, "%d %.*s", (int)outcome, STR_ARGS(answer));
    return NULL;
}

err outbound_mail_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    (void)outcome;
    enum { TRIED_MS = 24 * 3600 * 1000, LONGEST_S = 3600 };
    struct arena *a = txn_arena(t);
    struct outbound o;
    i64 attempts = 0;
    str answer = arena_str(a, result), code = str_cut(&answer, ' ');
    if (!load(t, a, task->key, &o)) return NULL;
    bool sent = str_eq(code, S("0")), later = str_eq(code, S("1")) && now_ms < o.at_ms + TRIED_MS;
    o.outcome = sent ? S("delivered") : arena_format(a, "%s: %.*s", later ? "deferred" : "failed", STR_ARGS(answer));
    txn_put(t, task->key, record_encode(a, &outbound_record, &o));
    if (!later) return NULL;
    ASSERT(str_to_i64(task->payload, &attempts));
    i64 wait_s = MIN(60LL << MIN(attempts, 10), LONGEST_S);
    txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .payload = arena_format(a, "%lld", (long long)attempts + 1), .due_ms = now_ms + wait_s * 1000});
    return NULL;
}

err outbound_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct key k = key_new(a, S("outbound"));
    key_str(&k, task->key);
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
    str key, row;
    int left = SLICE;
    while (left-- && range_next(&r, &key, &row)) {
        struct outbound o = {0};
        ASSERT(record_decode(a, &outbound_record, arena_str(a, row), &o));
        if (o.at_ms + KEPT_MS > now_ms) {
            struct task next = *task;
            next.due_ms = o.at_ms + KEPT_MS;
            txn_task_set(t, &next);
            return NULL;
        }
        txn_delete(t, arena_str(a, key));
    }
    if (left < 0) txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
    return NULL;
}

/* ---- outbound-stop ACCOUNT REGION NUMBER ---- */

static struct key stops(struct arena *a, str account, str region, str number) {
    struct key k = key_new(a, S("outbound-stop"));
    key_str(&k, account);
    key_str(&k, region);
    if (number.p) key_str(&k, number);
    return k;
}

bool outbound_is_stopped(struct call *c, str number) {
    if (number.n > STOPPED_MAX) return false;
    struct key k = stops(c->arena, c->account, c->region, number);
    return txn_get(c->txn, key_bytes(&k), NULL);
}

void outbound_resume(struct call *c, str number) {
    struct key k = stops(c->arena, c->account, c->region, number);
    txn_delete(c->txn, key_bytes(&k));
}

u32 outbound_stopped(struct call *c, str after, str *numbers, u32 max) {
    struct key all = stops(c->arena, c->account, c->region, (str){0}), at = stops(c->arena, c->account, c->region, after);
    str prefix = key_bytes(&all), key, row;
    struct range r = txn_range(c->txn, after.p ? key_bytes(&at) : prefix, key_after_prefix(c->arena, prefix));
    u32 n = 0;
    while (n < max && range_next(&r, &key, &row)) {
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        ASSERT(key_read_str(&rest, c->arena, &numbers[n]));
        n += !str_eq(numbers[n], after) && str_starts(numbers[n], S("+"));
    }
    return n;
}

/* ---- the administrative calls ---- */

static void write_member(struct buf *b, const char *name, str value) {
    if (value.p) json_write_member(b, str_of(name), value);
}

static void write_one(struct buf *b, str account, const struct outbound *o) {
    json_write_object(b);
    json_write_key(b, S("at"));
    struct buf at = buf_new(b->arena, 64);
    buf_iso8601_ms(&at, o->at_ms);
    json_write_string(b, buf_str(&at));
    write_member(b, "account", account);
    write_member(b, "region", o->region);
    write_member(b, "service", o->service);
    write_member(b, "kind", o->kind);
    write_member(b, "outcome", o->outcome);
    write_member(b, "id", o->id);
    write_member(b, "from", o->from);
    write_member(b, "to", o->to);
    write_member(b, "subject", o->subject);
    write_member(b, "body", o->body);
    if (o->details.p) {
        json_write_key(b, S("details"));
        json_write_raw(b, o->details);
    }
    json_write_object_end(b);
}

/* The newest first. */
void outbound_show(struct admin_call *c) {
    str account = form_find(c->arena, c->query, S("account")), kind = form_find(c->arena, c->query, S("kind")), to = form_find(c->arena, c->query, S("to")), key, row, part;
    u64 limit = SHOWN_DEFAULT;
    str given = form_find(c->arena, c->query, S("limit"));
    if (given.p && (!str_to_u64(given, &limit) || limit > SHOWN_MAX)) {
        c->status = 400;
        c->problem = S("limit must be a number up to 10000.");
        return;
    }
    struct txn *t = store_snapshot(c->cloud->store, c->arena);
    struct key k = key_new(c->arena, S("outbound"));
    if (account.p) key_str(&k, account);
    struct range r = txn_range_backwards(t, key_bytes(&k), key_after_prefix(c->arena, key_bytes(&k)));
    json_write_array(&c->answer);
    while (limit && range_next(&r, &key, &row)) {
        struct outbound o = {0};
        str rest = arena_str(c->arena, key);
        ASSERT(key_read_str(&rest, c->arena, &part) && key_read_str(&rest, c->arena, &part) && record_decode(c->arena, &outbound_record, arena_str(c->arena, row), &o));
        if ((kind.p && !str_eq(kind, o.kind)) || (to.p && !str_eq(to, o.to))) continue;
        write_one(&c->answer, part, &o);
        limit--;
    }
    json_write_array_end(&c->answer);
    store_snapshot_end(t);
}

struct stop {
    str account, region, number;
};
static err put_stop(void *context, struct txn *t) {
    const struct stop *s = context;
    struct key k = stops(txn_arena(t), s->account, s->region, s->number);
    txn_put(t, key_bytes(&k), S("1"));
    return NULL;
}

void outbound_stop(struct admin_call *c) {
    struct stop s = {form_find(c->arena, c->query, S("account")), form_find(c->arena, c->query, S("region")), form_find(c->arena, c->query, S("number"))};
    if (!account_valid(s.account) || !region_known(s.region) || !s.number.n || s.number.n > STOPPED_MAX) {
        c->status = 400;
        c->problem = S("STOP is of a number, and to an account of twelve digits in a region.");
        return;
    }
    if (store_write(c->cloud->store, c->arena, put_stop, &s)) c->problem = S("The store could not write.");
    buf_add(&c->answer, S("{}"));
}
