#include "cloud/contributors.h"

#include "cloud/boot.h"

#include <pthread.h>
#include <stdlib.h>

enum { SKETCHES = 64, COUNTERS = 200, KEYS_MAX = 3072, KEPT_DAYS = 15, TRIM = 3, SUBJECT_MAX = 128 };

static const i64 minute_ms = 60000;

/* Outside of arenas: a sketch lives from the first contribution of its minute until its row is written. */
struct counter {
    u64 hash;
    str keys; /* of malloc */
    double value, count;
};
struct sketch {
    char account[16], region[32], subject[SUBJECT_MAX];
    i64 minute;
    u32 n;
    struct counter v[COUNTERS];
};
struct contributor_sketches {
    pthread_mutex_t lock;
    struct sketch *v[SKETCHES];
};

/* As a row. */
struct kept_counter {
    str keys;
    double value, count;
};
struct kept {
    struct {
        struct kept_counter *v;
        u32 n;
        bool set;
    } of;
};
static const struct record_field counter_fields[] = {RECORD_STR(1, struct kept_counter, keys), RECORD_F64(2, struct kept_counter, value), RECORD_F64(3, struct kept_counter, count)};
static const struct record_type counter_record = RECORD_TYPE(struct kept_counter, counter_fields);
static const struct record_field kept_fields[] = {RECORD_LIST(1, struct kept, of, counter_record)};
static const struct record_type kept_record = RECORD_TYPE(struct kept, kept_fields);

struct contributor_sketches *contributor_sketches_new(struct arena *boot) {
    struct contributor_sketches *s = NEW(boot, struct contributor_sketches);
    memset(s, 0, sizeof *s);
    ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
    return s;
}

static struct key rows_of(struct arena *a, str account, str region, str subject) {
    struct key k = key_new(a, S("contributor"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, subject);
    return k;
}

/* ---- a minute in memory ---- */

static bool set_name(char *to, size_t size, str from) {
    if (from.n >= size) return false;
    memcpy(to, from.p, from.n);
    to[from.n] = 0;
    return true;
}

static bool is_of(const struct sketch *s, const struct call *c, str subject) {
    return str_eq(subject, str_of(s->subject)) && str_eq(c->account, str_of(s->account)) && str_eq(c->region, str_of(s->region));
}

static struct sketch *sketch_of(struct contributor_sketches *all, const struct call *c, str subject, i64 minute, bool *born) {
    struct sketch **empty = NULL;
    for (u32 i = 0; i < SKETCHES; i++) {
        struct sketch *s = all->v[i];
        if (s && s->minute == minute && is_of(s, c, subject)) return s;
        if (!s && !empty) empty = &all->v[i];
    }
    if (!empty) return NULL; /* more at once than there is room for: they wait for the next minute */
    struct sketch *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->minute = minute;
    if (!set_name(s->account, sizeof s->account, c->account) || !set_name(s->region, sizeof s->region, c->region) || !set_name(s->subject, sizeof s->subject, subject)) {
        free(s);
        return NULL;
    }
    *born = true;
    return *empty = s;
}

/* A new contributor takes the place of the smallest and inherits its sum: so a large one is never missed. */
static void count(struct sketch *s, str keys, double value) {
    u64 hash = str_hash(keys);
    struct counter *least = &s->v[0];
    for (u32 i = 0; i < s->n; i++) {
        struct counter *x = &s->v[i];
        if (x->hash == hash && str_eq(x->keys, keys)) {
            x->value += value;
            x->count++;
            return;
        }
        if (x->value < least->value) least = x;
    }
    char *copy = malloc(keys.n + 1);
    if (!copy) return;
    memcpy(copy, keys.p, keys.n);
    struct counter *x = s->n < COUNTERS ? &s->v[s->n++] : least;
    free((void *)(uintptr_t)x->keys.p);
    *x = (struct counter){.hash = hash, .keys = {copy, keys.n}, .value = x->value + value, .count = x->count + 1};
}

void contributor_add(struct call *c, str subject, str keys, double value) {
    struct contributor_sketches *all = c->cloud ? c->cloud->contributors : NULL;
    bool born = false;
    i64 minute = c->now_ms - c->now_ms % minute_ms;
    if (!all || keys.n > KEYS_MAX) return;
    pthread_mutex_lock(&all->lock);
    struct sketch *s = sketch_of(all, c, subject, minute, &born);
    if (s) count(s, keys, value);
    pthread_mutex_unlock(&all->lock);
    if (born) task_later(c, &(struct task){.kind = S("contributors"), .key = arena_format(c->arena, "%lld", (long long)minute), .due_ms = minute + minute_ms + 1000});
}

/* ---- a minute in a row ---- */

static void put(struct txn *t, struct arena *a, const struct sketch *s) {
    str key, row;
    struct key k = rows_of(a, str_of(s->account), str_of(s->region), str_of(s->subject)), end, oldest;
    str begin = arena_str(a, key_bytes(&k));
    oldest = rows_of(a, str_of(s->account), str_of(s->region), str_of(s->subject));
    key_i64(&oldest, s->minute - (i64)KEPT_DAYS * 1440 * minute_ms);
    struct range r = txn_range(t, begin, key_bytes(&oldest));
    for (int i = 0; i < TRIM && range_next(&r, &key, &row); i++) txn_delete(t, key);
    struct kept kept = {.of = {NEW_ARRAY(a, struct kept_counter, COUNTERS), s->n, true}};
    for (u32 i = 0; i < s->n; i++) kept.of.v[i] = (struct kept_counter){s->v[i].keys, s->v[i].value, s->v[i].count};
    end = rows_of(a, str_of(s->account), str_of(s->region), str_of(s->subject));
    key_i64(&end, s->minute);
    txn_put(t, key_bytes(&end), record_encode(a, &kept_record, &kept));
}

struct forgetting {
    struct txn_after after;
    struct contributor_sketches *all;
    i64 before;
};

static void forget(struct txn_after *after) {
    struct forgetting *f = (struct forgetting *)(void *)after;
    pthread_mutex_lock(&f->all->lock);
    for (u32 i = 0; i < SKETCHES; i++) {
        struct sketch *s = f->all->v[i];
        if (!s || s->minute >= f->before) continue;
        for (u32 j = 0; j < s->n; j++) free((void *)(uintptr_t)s->v[j].keys.p);
        free(s);
        f->all->v[i] = NULL;
    }
    pthread_mutex_unlock(&f->all->lock);
}

err contributors_keep(struct txn *t, const struct task *task, i64 now_ms) {
    (void)task;
    struct arena *a = txn_arena(t);
    struct cloud *cloud = txn_owner(t);
    if (!cloud) return NULL; /* nothing is in memory */
    struct forgetting *f = NEW(a, struct forgetting);
    *f = (struct forgetting){.after = {forget}, .all = cloud->contributors, .before = now_ms - now_ms % minute_ms};
    pthread_mutex_lock(&f->all->lock);
    for (u32 i = 0; i < SKETCHES; i++)
        if (f->all->v[i] && f->all->v[i]->minute < f->before) put(t, a, f->all->v[i]);
    pthread_mutex_unlock(&f->all->lock);
    txn_after_commit(t, &f->after);
    return NULL;
}

void contributors_read(struct call *c, str subject, i64 from_ms, i64 to_ms, void (*visit)(void *context, const struct contribution *x), void *context) {
    struct key from = rows_of(c->arena, c->account, c->region, subject), to = rows_of(c->arena, c->account, c->region, subject);
    str key, row;
    key_i64(&from, from_ms);
    key_i64(&to, to_ms);
    struct key all = rows_of(c->arena, c->account, c->region, subject);
    size_t skip = key_bytes(&all).n;
    i64 last = INT64_MIN;
    struct range r = txn_range(c->txn, key_bytes(&from), key_bytes(&to));
    while (range_next(&r, &key, &row)) {
        struct kept kept = {0};
        str rest = str_skip(key, skip);
        ASSERT(key_read_i64(&rest, &last) && record_decode(c->arena, &kept_record, row, &kept));
        for (u32 i = 0; i < kept.of.n; i++) visit(context, &(struct contribution){last, kept.of.v[i].keys, kept.of.v[i].value, kept.of.v[i].count});
    }
    struct contributor_sketches *live = c->cloud ? c->cloud->contributors : NULL;
    if (!live) return;
    pthread_mutex_lock(&live->lock);
    for (u32 i = 0; i < SKETCHES; i++) {
        const struct sketch *s = live->v[i];
        if (!s || s->minute <= last || s->minute < from_ms || s->minute >= to_ms || !is_of(s, c, subject)) continue;
        for (u32 j = 0; j < s->n; j++) visit(context, &(struct contribution){s->minute, s->v[j].keys, s->v[j].value, s->v[j].count});
    }
    pthread_mutex_unlock(&live->lock);
}

bool contributor_rule_managed(struct call *c, str name) {
    const struct contributor_sources *sources = c->cloud->config.contributors;
    return sources && str_starts(name, str_of(sources->prefix));
}

struct contributor_rules contributor_rules(struct call *c) {
    const struct contributor_sources *sources = c->cloud->config.contributors;
    return sources ? sources->rules(c) : (struct contributor_rules){0};
}

err contributor_lines(struct call *c, str group, i64 from_ms, i64 to_ms, void (*visit)(void *context, i64 time_ms, str line), void *context) {
    const struct contributor_sources *sources = c->cloud->config.contributors;
    return sources ? sources->lines(c, group, from_ms, to_ms, visit, context) : NULL;
}
