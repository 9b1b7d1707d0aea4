#include "cloud/tally.h"

#include "cloud/counts.h"

#include "text/json.h"

#include <pthread.h>
#include <stdlib.h>

enum { TALLIES = 64, SAMPLES = 8, LINE_MAX = 8 << 10 };

static const i64 minute_ms = 60000;

/* What is counted, within a minute. */
struct thing {
    u64 hash;
    i64 at_ms;
    const struct service *service;
    str name, dimension, of, unit, account, region;
    bool usage;
};
struct tally {
    struct thing thing; /* of the first; the texts are the book's */
    bool set;
    u32 n;
    struct metric_sample samples[SAMPLES]; /* of usage the first, its sum */
};
struct book { /* what a thread has counted and not written */
    struct book *next;
    struct arena arena;
    u32 used;
    u8 order[TALLIES]; /* of those that are set */
    struct tally v[TALLIES];
};
struct tallies {
    pthread_key_t mine;
    pthread_mutex_t lock; /* of the list */
    struct book *books;
};

static void close_books(void *object) {
    struct tallies *t = object;
    for (struct book *b = t->books, *next; b; b = next) {
        next = b->next;
        arena_free(&b->arena);
        free(b);
    }
    pthread_key_delete(t->mine);
    pthread_mutex_destroy(&t->lock);
}

struct tallies *tallies_new(struct arena *boot) {
    struct tallies *t = NEW(boot, struct tallies);
    ASSERT(pthread_mutex_init(&t->lock, NULL) == 0 && pthread_key_create(&t->mine, NULL) == 0);
    arena_on_free(boot, close_books, t);
    return t;
}

static struct book *book_mine(struct tallies *t) {
    struct book *b = pthread_getspecific(t->mine);
    if (b) return b;
    b = calloc(1, sizeof *b); /* once a thread */
    ASSERT(b && pthread_setspecific(t->mine, b) == 0);
    pthread_mutex_lock(&t->lock);
    b->next = t->books;
    t->books = b;
    pthread_mutex_unlock(&t->lock);
    return b;
}

/* ---- lines ---- */

static void field(struct buf *b, str name, str value) {
    if (!value.n) return;
    buf_add(b, b->n > 1 ? S(",\"") : S("\""));
    buf_add(b, name);
    buf_add(b, S("\":"));
    json_write_string(b, value);
}

static void number(struct buf *b, double v) {
    if (v == (double)(i64)v) buf_i64(b, (i64)v);
    else buf_f64(b, v);
}

static void write_line(struct cloud *cloud, struct book *book, const struct tally *t) {
    struct buf b = buf_new(&book->arena, LINE_MAX);
    const struct thing *of = &t->thing;
    buf_reserve(&b, 512);
    buf_char(&b, '{');
    field(&b, of->usage ? S("usage") : S("metric"), of->name);
    field(&b, S("dimension"), of->dimension);
    field(&b, S("of"), of->of);
    field(&b, S("unit"), of->unit);
    field(&b, S("service"), of->service ? wire_text(of->service->wire, of->service->wire->name) : S("-"));
    field(&b, S("account"), of->account);
    field(&b, S("region"), of->region);
    buf_add(&b, of->usage ? S(",\"quantity\":") : S(",\"samples\":["));
    for (u32 i = 0; i < t->n; i++) {
        if (i) buf_char(&b, ',');
        number(&b, t->samples[i].value);
        if (of->usage) continue;
        buf_char(&b, ',');
        number(&b, t->samples[i].count);
    }
    buf_add(&b, of->usage ? S("}") : S("]}"));
    if (!b.over) journal_add(cloud->metrics, of->at_ms, buf_str(&b));
}

static void write_all(struct cloud *cloud, struct book *b) {
    for (u32 i = 0; i < b->used; i++) {
        struct tally *t = &b->v[b->order[i]];
        write_line(cloud, b, t);
        t->set = false;
    }
    b->used = 0;
    arena_reset(&b->arena);
}

void tally_write(struct cloud *cloud) {
    struct book *b = pthread_getspecific(cloud->tallies->mine);
    if (b && b->used) write_all(cloud, b);
}

/* ---- adding up ---- */

static bool same(const struct thing *a, const struct thing *b) {
    return a->hash == b->hash && a->usage == b->usage && a->at_ms / minute_ms == b->at_ms / minute_ms && a->service == b->service
           && str_eq(a->name, b->name) && str_eq(a->of, b->of) && str_eq(a->dimension, b->dimension) && str_eq(a->unit, b->unit)
           && str_eq(a->account, b->account) && str_eq(a->region, b->region);
}

static struct tally *tally_of(struct book *b, const struct thing *thing) {
    u32 at = thing->hash % TALLIES;
    while (b->v[at].set && !same(&b->v[at].thing, thing)) at = (at + 1) % TALLIES;
    struct tally *t = &b->v[at];
    if (t->set) return t;
    t->set = true;
    t->n = 0;
    t->thing = *thing;
    str *const texts[] = {&t->thing.name, &t->thing.dimension, &t->thing.of, &t->thing.unit, &t->thing.account, &t->thing.region};
    for (size_t i = 0; i < LENGTH(texts); i++) *texts[i] = arena_str(&b->arena, *texts[i]);
    b->order[b->used++] = (u8)at;
    return t;
}

static void count(struct cloud *cloud, struct book *b, struct tally *t, double value) {
    u32 i = 0;
    if (t->thing.usage && t->n) {
        t->samples[0].value += value;
        return;
    }
    while (i < t->n && t->samples[i].value != value) i++;
    if (i == SAMPLES) {
        write_line(cloud, b, t);
        i = t->n = 0;
    }
    if (i == t->n) t->samples[t->n++] = (struct metric_sample){value, 0};
    t->samples[i].count++;
}

void tally_add(struct cloud *cloud, const struct call_note *n, i64 at_ms) {
    const struct call *c = n->call;
    struct book *b = book_mine(cloud->tallies);
    bool usage = n->kind == NOTE_USAGE;
    struct thing thing = {.hash = str_hash(n->of) ^ n->name.n * 0x9e3779b97f4a7c15, .at_ms = at_ms, .service = c->service, .usage = usage, .region = c->region,
                          .name = n->name, .dimension = n->dimension, .of = n->of, .unit = n->unit,
                          .account = usage && c->payer.p ? c->payer : c->account};
    if (b->used == TALLIES - 1) write_all(cloud, b); /* one stays free, for the search to end */
    count(cloud, b, tally_of(b, &thing), n->quantity);
}
