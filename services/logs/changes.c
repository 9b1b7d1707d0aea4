#include "changes.h"

enum { GROUPS_LOOKED_AT = 10000 /* of an account with more the changes for all of its groups stay */ };

struct mark { /* behind the body, which leaves these numbers to it */
    i64 at_ms;
    str subject;
};
static const struct record_field mark_fields[] = {RECORD_STR(14, struct mark, subject), RECORD_I64(15, struct mark, at_ms)};
static const struct record_type mark_record = RECORD_TYPE(struct mark, mark_fields);

static struct key rows_of(struct arena *a, const struct log_changes *of) {
    if (!of->group) return log_rows(a, of->account, of->region, str_of(of->of_account));
    struct key k = key_new(a, str_of(of->of_group));
    key_u64(&k, of->group->id);
    return k;
}

static str row_of(struct arena *a, const struct log_changes *of, u64 from) {
    struct key k = rows_of(a, of);
    key_u64(&k, from);
    return key_bytes(&k);
}

struct log_change *log_changes_read(struct txn *t, struct arena *a, const struct log_changes *of) {
    struct log_change *newest = NULL, **end = &newest;
    struct key k = rows_of(a, of);
    str prefix = key_bytes(&k), key, row;
    struct range r = txn_range_backwards(t, prefix, key_after_prefix(a, prefix));
    while (range_next(&r, &key, &row)) {
        struct log_change *change = NEW(a, struct log_change);
        struct mark mark = {0};
        str rest = str_skip(key, prefix.n);
        row = arena_str(a, row);
        *change = (struct log_change){0};
        ASSERT(key_read_u64(&rest, &change->from) && record_decode(a, &mark_record, row, &mark));
        change->at_ms = mark.at_ms;
        change->subject = mark.subject;
        change->body = str_take(row, row.n - record_encode(a, &mark_record, &mark).n);
        *end = change;
        end = &change->older;
    }
    return newest;
}

u64 log_changes_newest(struct txn *t, struct arena *a, const struct log_changes *of) {
    struct key k = rows_of(a, of);
    str prefix = key_bytes(&k), key;
    u64 newest = 0;
    struct range r = txn_range_backwards(t, prefix, key_after_prefix(a, prefix));
    if (!range_next(&r, &key, NULL)) return 0;
    str rest = str_skip(key, prefix.n);
    ASSERT(key_read_u64(&rest, &newest));
    return newest;
}

void log_change_add(struct call *c, const struct log_changes *of, str subject, str body) {
    const struct log_change *now = log_changes_read(c->txn, c->arena, of);
    while (now && !str_eq(now->subject, subject)) now = now->older;
    if (now ? str_eq(now->body, body) : !body.n) return;
    struct mark mark = {.at_ms = store_now_ms(call_store(c)) /* no put before has a later one */, .subject = subject};
    txn_put(c->txn, row_of(c->arena, of, txn_sequence(c->txn)) /* puts are numbers of this sequence */,
            arena_concat(c->arena, body, record_encode(c->arena, &mark_record, &mark)));
    log_changes_prune(c->txn, c->arena, of);
}

/* ---- what nobody needs any more ---- */

/* The time of the oldest event that is on the disk, also if it has expired: its group may be told to keep events longer. */
static i64 oldest_of_group(struct txn *t, struct arena *a, u64 group) {
    struct key k = log_times(a, group);
    struct log_block_id id;
    struct log_time time;
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
    return log_time_next(&r, a, &id, &time) ? id.first_ms : INT64_MAX;
}

static i64 oldest_of_account(struct txn *t, struct arena *a, str account, str region) {
    struct key k = log_rows(a, account, region, S("group"));
    i64 oldest_ms = INT64_MAX;
    str row;
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
    for (u32 n = 0; range_next(&r, NULL, &row); n++) {
        struct log_group group = {0};
        if (n == GROUPS_LOOKED_AT) return 0;
        ASSERT(record_decode(a, &logs_group_record, arena_str(a, row), &group));
        oldest_ms = MIN(oldest_ms, oldest_of_group(t, a, group.id));
    }
    return oldest_ms;
}

struct subject {
    struct subject *more;
    const struct log_change *newest, *last; /* last: the one that was looked at before */
    bool older;                             /* others stand behind the newest */
};

static struct subject *subject_of(struct arena *a, struct subject **all, const struct log_change *change) {
    for (struct subject *s = *all; s; s = s->more)
        if (str_eq(s->newest->subject, change->subject)) return s;
    struct subject *s = NEW(a, struct subject);
    *s = (struct subject){.more = *all, .newest = change};
    return *all = s;
}

void log_changes_prune(struct txn *t, struct arena *a, const struct log_changes *of) {
    const struct log_change *newest = log_changes_read(t, a, of);
    if (!newest) return;
    i64 oldest_ms = of->group ? oldest_of_group(t, a, of->group->id) : oldest_of_account(t, a, of->account, of->region);
    struct subject *all = NULL;
    for (const struct log_change *i = newest; i; i = i->older) {
        struct subject *s = subject_of(a, &all, i);
        const struct log_change *next = s->last; /* events that came before it are at most so much newer */
        if (next && next->at_ms && next->at_ms < oldest_ms - LOG_AHEAD_MS) txn_delete(t, row_of(a, of, i->from));
        else s->older |= next != NULL;
        s->last = i;
    }
    for (const struct subject *s = all; s; s = s->more) /* without older ones: as if there never had been any */
        if (!s->newest->body.n && !s->older) txn_delete(t, row_of(a, of, s->newest->from));
}

void log_changes_forget(struct txn *t, struct arena *a, const char *of_group, u64 group, int *left) {
    struct key k = key_new(a, str_of(of_group));
    key_u64(&k, group);
    log_rows_forget(t, a, &k, left);
}
