/* Indexes of fields: which values of some fields stand in a block of events, as a Bloom filter. And which values a query
 * wants, to ask one.
 *
 * An index is bytes on the disk: how many fields, a hash of each name, then the filter's bits. */
#include "insights_plan.h"

#include <stdlib.h>

enum { FIELDS_MAX = 20, BITS_PER_PAIR = 10, PROBES = 6, FILTER_MAX = 16 << 10 /* bytes */ };

/* ---- hashes. They are kept: str_hash must stay what it is (test/insights.c). ---- */

static u64 pair_of(u64 field, u64 value) {
    u64 z = field * 31 + value;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* What is equal in a query has one hash: numbers by their value, however they are written. */
static u64 hash_of(const struct insights_value *v) {
    double n;
    if (!insights_to_number(v, &n)) return str_hash(v->text);
    n = n == 0 ? 0 : n; /* -0 */
    return str_hash((str){(const char *)&n, sizeof n});
}

/* ---- made ---- */

struct insights_indexer {
    struct insights_query *query; /* for its slots alone: the fields behind the fixed ones */
    u64 hashes[FIELDS_MAX];
    struct insights_span spans[FIELDS_MAX];
    u32 n;
    struct arena scratch, kept; /* of an event, of a block */
    u64 *pairs;
    u32 pair_count, pair_capacity;
};

static void free_indexer(void *indexer) {
    struct insights_indexer *x = indexer;
    arena_free(&x->scratch);
    arena_free(&x->kept);
}

struct insights_indexer *insights_indexer_new(struct arena *a, const str *fields, u32 n) {
    struct insights_problem problem;
    struct insights_indexer *x = NEW(a, struct insights_indexer);
    *x = (struct insights_indexer){.query = insights_compile(a, S("fields @message"), &problem)};
    ASSERT(x->query && n <= FIELDS_MAX);
    arena_on_free(a, free_indexer, x);
    for (u32 i = 0; i < n; i++) {
        u32 slot = insights_slot_of(x->query, fields[i]);
        if (slot < SLOTS_FIXED + x->n) continue; /* an event's own, or named twice */
        x->spans[x->n].name = fields[i];
        x->hashes[x->n++] = str_hash(fields[i]);
    }
    return x;
}

static void add_pair(struct insights_indexer *x, u64 pair) {
    if (x->pair_count == x->pair_capacity) {
        x->pair_capacity = 2 * x->pair_capacity + 64;
        u64 *more = NEW_ARRAY(&x->kept, u64, x->pair_capacity);
        if (x->pair_count) memcpy(more, x->pairs, x->pair_count * sizeof *more);
        x->pairs = more;
    }
    x->pairs[x->pair_count++] = pair;
}

void insights_index_add(struct insights_indexer *x, const struct insights_event *e) {
    struct insights_row row = {.event = e, .v = NEW_ARRAY(&x->scratch, struct insights_value, x->query->slot_count)};
    struct insights_scope scope = {.row = &row, .arena = &x->scratch};
    memset(row.v, 0, x->query->slot_count * sizeof *row.v);
    insights_discover(&scope, x->query);
    for (u32 i = 0; i < x->n; i++) {
        const struct insights_value *v = &row.v[SLOTS_FIXED + i];
        struct insights_span *span = &x->spans[i];
        if (v->type <= INSIGHTS_ABSENT) continue;
        add_pair(x, pair_of(x->hashes[i], hash_of(v)));
        span->first_ms = span->found ? MIN(span->first_ms, e->timestamp_ms) : e->timestamp_ms;
        span->last_ms = span->found ? MAX(span->last_ms, e->timestamp_ms) : e->timestamp_ms;
        span->found = true;
    }
    arena_reset(&x->scratch);
}

static int by_number(const void *x, const void *y) {
    const u64 *a = x, *b = y;
    return *a < *b ? -1 : *a > *b;
}

static u32 distinct(u64 *v, u32 n) {
    u32 kept = 0;
    if (n) qsort(v, n, sizeof *v, by_number);
    for (u32 i = 0; i < n; i++)
        if (!i || v[i] != v[i - 1]) v[kept++] = v[i];
    return kept;
}

static u64 probe(u64 pair, u32 i, u64 bits) { return ((pair & 0xffffffff) + i * (pair >> 32 | 1)) % bits; }

str insights_index_end(struct insights_indexer *x, struct arena *a) {
    u32 n = distinct(x->pairs, x->pair_count);
    size_t bytes = MIN(((size_t)n * BITS_PER_PAIR + 7) / 8 + 1, FILTER_MAX), head = 1 + 8 * (size_t)x->n;
    char *out = NEW_ARRAY(a, char, head + bytes);
    u8 *filter = (u8 *)out + head;
    out[0] = (char)x->n;
    for (u32 i = 0; i < x->n; i++)
        for (u32 j = 0; j < 8; j++) out[1 + 8 * i + j] = (char)(x->hashes[i] >> (8 * j));
    memset(filter, 0, bytes);
    for (u32 i = 0; i < n; i++)
        for (u32 j = 0; j < PROBES; j++) {
            u64 bit = probe(x->pairs[i], j, 8 * bytes);
            filter[bit / 8] |= (u8)(1 << bit % 8);
        }
    x->pair_count = x->pair_capacity = 0;
    arena_reset(&x->kept);
    return (str){out, head + bytes};
}

const struct insights_span *insights_indexed(const struct insights_indexer *x, u32 i) { return i < x->n ? &x->spans[i] : NULL; }

/* ---- asked ---- */

/* Flags are equal to text and numbers of several forms: they are not looked up. */
static bool can_be_looked_up(const struct insights_expression *e) {
    double n;
    const struct insights_value *v = &e->value;
    if (e->op != OP_VALUE || (v->type != INSIGHTS_STRING && v->type != INSIGHTS_NUMBER)) return false;
    if (v->type == INSIGHTS_STRING && (str_eq_nocase(v->text, S("true")) || str_eq_nocase(v->text, S("false")))) return false;
    return !insights_to_number(v, &n) || (n != 0 && n != 1);
}

static void want(struct insights_query *q, const struct insights_expression *field, const struct insights_expression *values, bool by_index) {
    const struct insights_slot *slot = &q->slots[field->index];
    if (field->op != OP_FIELD || field->index < SLOTS_FIXED || slot->defined || slot->base != field->index || !values) return;
    struct insights_wanted *w = NEW(q->arena, struct insights_wanted);
    u32 n = 0;
    for (const struct insights_expression *v = values; v; v = v->next, n++)
        if (!can_be_looked_up(v)) return;
    *w = (struct insights_wanted){.next = q->wanted, .name = slot->name, .field = str_hash(slot->name), .pairs = NEW_ARRAY(q->arena, u64, n), .by_index = by_index};
    for (const struct insights_expression *v = values; v; v = v->next) w->pairs[w->n++] = pair_of(w->field, hash_of(&v->value));
    q->wanted = w;
}

/* Of a condition: what a field must be for it to be true. */
void insights_find_wanted(struct insights_query *q, const struct insights_expression *e, bool by_index) {
    if (e->op == OP_AND)
        for (u32 i = 0; i < 2; i++) insights_find_wanted(q, e->args[i], by_index);
    if (e->op == OP_IN) want(q, e->args[0], e->args[1], by_index);
    if (e->op != OP_EQ) return;
    bool turned = e->args[0]->op == OP_VALUE;
    want(q, e->args[turned], e->args[!turned], by_index);
}

bool insights_by_index(const struct insights_query *q, u32 i, str *field) {
    const struct insights_wanted *w = q->wanted;
    for (; w && (!w->by_index || i); w = w->next) i -= w->by_index;
    if (w) *field = w->name;
    return w != NULL;
}

static bool covers(str index, u64 field) {
    for (u32 i = 0; i < (u8)index.p[0]; i++) {
        u64 hash = 0;
        for (u32 j = 0; j < 8; j++) hash |= (u64)(u8)index.p[1 + 8 * i + j] << (8 * j);
        if (hash == field) return true;
    }
    return false;
}

static bool holds(str filter, u64 pair) {
    for (u32 j = 0; j < PROBES; j++) {
        u64 bit = probe(pair, j, 8 * filter.n);
        if (!((u8)filter.p[bit / 8] & (1 << bit % 8))) return false;
    }
    return true;
}

bool insights_index_may_hold(const struct insights_query *q, str index) {
    size_t head = index.n ? 1 + 8 * (size_t)(u8)index.p[0] : 0;
    if (!head || index.n <= head) return true; /* not one */
    for (const struct insights_wanted *w = q->wanted; w; w = w->next) {
        bool any = false;
        if (!covers(index, w->field)) continue;
        for (u32 i = 0; i < w->n && !any; i++) any = holds(str_skip(index, head), w->pairs[i]);
        if (!any) return false;
    }
    return true;
}
