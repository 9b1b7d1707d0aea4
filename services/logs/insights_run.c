/* A query at work: rows go through its stages. */
#include "insights_plan.h"

enum { MEMORY_DEFAULT = 256 << 20, GROUPS_FIRST = 64 };

/* A row that is kept, in room that is used again when a better one takes its place. */
struct kept {
    struct insights_value *v;    /* all slots; those that nobody needs are absent */
    struct insights_value *keys; /* of a sort */
    char *room;
    size_t room_bytes;
    u64 number; /* in order of arrival */
};
struct group {
    u64 hash;
    str key;
    struct insights_value *by;
    struct insights_accumulator *of;
    struct group *next; /* in order of arrival */
};
struct state { /* of a stage that keeps something */
    struct kept **rows;
    u32 n, capacity, most; /* most 0: any number */
    struct group **table;
    u32 table_size, groups;
    struct group *first, *last;
    struct insights_patterns *patterns;
};
struct insights_run {
    struct arena *arena;
    struct arena scratch; /* of one event */
    struct insights_query *query;
    struct insights_config config;
    struct insights_stage **stages;
    struct state *states;
    u32 stage_count;
    struct insights_value *values; /* of the row that is under way */
    u64 matched, arrivals;
    bool over;
    struct insights_answer answer;
    struct insights_result **answer_end;
};

static void scratch_free(void *scratch) { arena_free(scratch); }

struct insights_run *insights_start(struct arena *a, struct insights_query *q, const struct insights_config *config) {
    struct insights_run *run = NEW(a, struct insights_run);
    *run = (struct insights_run){.arena = a, .query = q, .config = *config};
    arena_on_free(a, scratch_free, &run->scratch);
    if (!run->config.memory) run->config.memory = MEMORY_DEFAULT;
    run->config.memory += a->allocated;
    for (struct insights_stage *s = q->stages; s; s = s->next) run->stage_count++;
    run->stages = NEW_ARRAY(a, struct insights_stage *, run->stage_count + 1);
    run->states = NEW_ARRAY(a, struct state, run->stage_count + 1);
    run->values = NEW_ARRAY(a, struct insights_value, q->slot_count);
    run->answer_end = &run->answer.first;
    u32 i = 0;
    for (struct insights_stage *s = q->stages; s; s = s->next, i++) {
        run->stages[i] = s;
        run->states[i].most = s->limit ? s->limit : s->last ? config->rows : 0;
    }
    return run;
}

i64 insights_now(const struct insights_scope *s) { return s->run->config.now_ms; }
u64 insights_matched(const struct insights_run *run) { return run->matched; }

/* ---- values of a row ---- */

static struct insights_value fixed(struct insights_scope *s, u32 slot) {
    const struct insights_event *e = s->row->event;
    switch (slot) {
    case SLOT_TIMESTAMP: return insights_time(e->timestamp_ms);
    case SLOT_INGESTION: return insights_time(e->ingested_ms);
    case SLOT_MESSAGE: return insights_string(e->message);
    case SLOT_STREAM: return insights_string(e->stream);
    case SLOT_LOG: return insights_string(e->log);
    default: return s->run->config.pointer ? insights_string(s->run->config.pointer(e, s->arena)) : insights_absent();
    }
}

struct insights_value insights_slot_value(struct insights_scope *s, u32 slot) {
    const struct insights_query *q = s->run->query;
    struct insights_value *v = &s->row->v[slot];
    if (v->type != INSIGHTS_UNKNOWN) return *v;
    const struct insights_slot *named = &q->slots[slot];
    if (named->base != slot) {
        struct insights_value map = insights_slot_value(s, named->base);
        if (named->alias) return *v = map;
        return *v = map.type == INSIGHTS_JSON ? insights_at_path(s->arena, map.text, named->path) : insights_absent();
    }
    if (!s->row->event) return *v = insights_absent();
    if (slot < SLOTS_FIXED) return *v = fixed(s, slot);
    if (!s->row->looked) insights_discover(s, q);
    return v->type == INSIGHTS_UNKNOWN ? (*v = insights_absent()) : *v;
}

static bool memory_left(struct insights_run *run) {
    if (run->arena->allocated + run->scratch.allocated > run->config.memory) run->over = true;
    return !run->over;
}

/* ---- kept rows ---- */

static struct insights_value copied(char **room, const struct insights_value *v) {
    struct insights_value copy = *v;
    if (v->text.n) {
        memcpy(*room, v->text.p, v->text.n);
        copy.text.p = *room;
        *room += v->text.n;
    }
    return copy;
}

static void keep(struct insights_run *run, const struct insights_stage *stage, struct kept *k, struct insights_row *row, const struct insights_value *keys, u32 key_count) {
    struct insights_scope s = {.run = run, .row = row, .arena = &run->scratch};
    u32 slots = run->query->slot_count;
    size_t bytes = 0;
    for (u32 i = 0; i < slots; i++)
        if (stage->needed[i]) bytes += insights_slot_value(&s, i).text.n;
    for (u32 i = 0; i < key_count; i++) bytes += keys[i].text.n;
    if (!k->v) {
        k->v = NEW_ARRAY(run->arena, struct insights_value, slots);
        k->keys = NEW_ARRAY(run->arena, struct insights_value, key_count + 1);
    }
    if (bytes > k->room_bytes) {
        k->room_bytes = k->room_bytes ? 2 * bytes : bytes;
        k->room = NEW_ARRAY(run->arena, char, k->room_bytes);
    }
    char *room = k->room;
    for (u32 i = 0; i < slots; i++) k->v[i] = stage->needed[i] ? copied(&room, &row->v[i]) : insights_absent();
    for (u32 i = 0; i < key_count; i++) k->keys[i] = copied(&room, &keys[i]);
    k->number = ++run->arrivals;
}

/* < 0: x comes before y. What arrived earlier comes earlier, or, where the first key descends, later. What is absent
 * comes last in either direction. */
static int before(const struct insights_stage *stage, const struct insights_value *x, u64 x_number, const struct insights_value *y, u64 y_number) {
    u32 i = 0;
    for (const struct insights_item *item = stage->items; item; item = item->next, i++) {
        bool there = x[i].type > INSIGHTS_ABSENT && y[i].type > INSIGHTS_ABSENT;
        int order = insights_natural(&x[i], &y[i]);
        if (order) return there && item->descending ? -order : order;
    }
    int order = x_number < y_number ? -1 : x_number > y_number;
    return stage->items && stage->items->descending ? -order : order;
}

static int before_kept(const struct insights_stage *stage, const struct kept *x, const struct kept *y) { return before(stage, x->keys, x->number, y->keys, y->number); }

/* rows[0] is the one that comes last of all: the first to go. */
static void sift_down(const struct insights_stage *stage, struct kept **rows, u32 n, u32 i) {
    for (u32 child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before_kept(stage, rows[child + 1], rows[child]) > 0) child++;
        if (before_kept(stage, rows[child], rows[i]) <= 0) return;
        struct kept *k = rows[i];
        rows[i] = rows[child];
        rows[child] = k;
    }
}

static void sift_up(const struct insights_stage *stage, struct kept **rows, u32 i) {
    for (u32 parent; i && before_kept(stage, rows[i], rows[parent = (i - 1) / 2]) > 0; i = parent) {
        struct kept *k = rows[i];
        rows[i] = rows[parent];
        rows[parent] = k;
    }
}

static void sort_row(struct insights_run *run, u32 at, struct insights_row *row) {
    const struct insights_stage *stage = run->stages[at];
    struct state *st = &run->states[at];
    struct insights_scope s = {.run = run, .row = row, .arena = &run->scratch};
    u32 n = 0, count = 0;
    for (const struct insights_item *i = stage->items; i; i = i->next) count++;
    struct insights_value *keys = NEW_ARRAY(&run->scratch, struct insights_value, count + 1);
    for (const struct insights_item *i = stage->items; i; i = i->next) {
        keys[n] = insights_evaluate(&s, i->of);
        row->v[i->slot] = keys[n++];
    }
    if (st->most && st->n == st->most) {
        struct kept *last = st->rows[0];
        if (before(stage, keys, run->arrivals + 1, last->keys, last->number) > 0) return;
        keep(run, stage, last, row, keys, count);
        sift_down(stage, st->rows, st->n, 0);
        return;
    }
    if (st->n == st->capacity) {
        struct kept **more = NEW_ARRAY(run->arena, struct kept *, 2 * st->capacity + 16);
        if (st->n) memcpy(more, st->rows, st->n * sizeof(struct kept *));
        st->rows = more;
        st->capacity = 2 * st->capacity + 16;
    }
    struct kept *k = NEW(run->arena, struct kept);
    keep(run, stage, k, row, keys, count);
    st->rows[st->n++] = k;
    sift_up(stage, st->rows, st->n - 1);
}

/* ---- groups ---- */

/* By what they show: 5 and "5" are one. Times are shown dearly. */
static str key_of(struct arena *a, const struct insights_value *v, u32 n) {
    struct buf b = buf_new(a, 8 << 20);
    for (u32 i = 0; i < n; i++) {
        if (v[i].type == INSIGHTS_TIME) {
            buf_char(&b, 't');
            buf_add(&b, (str){(const char *)&v[i].number, sizeof v[i].number});
            continue;
        }
        str text = insights_show(a, &v[i]);
        buf_u64(&b, text.p ? text.n + 1 : 0);
        buf_char(&b, ':');
        buf_add(&b, text);
    }
    return buf_str(&b);
}

static struct group *group_find(struct state *st, u64 hash, str key) {
    if (!st->table_size) return NULL;
    for (u32 i = (u32)hash & (st->table_size - 1); st->table[i]; i = (i + 1) & (st->table_size - 1))
        if (st->table[i]->hash == hash && str_eq(st->table[i]->key, key)) return st->table[i];
    return NULL;
}

static void place(struct state *st, struct group *g) {
    u32 i = (u32)g->hash & (st->table_size - 1);
    while (st->table[i]) i = (i + 1) & (st->table_size - 1);
    st->table[i] = g;
}

static struct group *group_add(struct insights_run *run, struct state *st, u64 hash, str key) {
    struct group *g = NEW(run->arena, struct group);
    *g = (struct group){.hash = hash, .key = arena_str(run->arena, key)};
    if (2 * (st->groups + 1) > st->table_size) {
        st->table_size = st->table_size ? 2 * st->table_size : GROUPS_FIRST;
        st->table = NEW_ARRAY(run->arena, struct group *, st->table_size);
        for (struct group *old = st->first; old; old = old->next) place(st, old);
    }
    place(st, g);
    st->groups++;
    if (st->last) st->last->next = g;
    else st->first = g;
    return st->last = g;
}

static void count_row(struct insights_run *run, u32 at, struct insights_row *row) {
    const struct insights_stage *stage = run->stages[at];
    struct state *st = &run->states[at];
    struct insights_scope s = {.run = run, .row = row, .arena = &run->scratch};
    u32 n = 0;
    for (const struct insights_item *i = stage->by; i; i = i->next) n++;
    struct insights_value *by = NEW_ARRAY(&run->scratch, struct insights_value, n + 1);
    n = 0;
    for (const struct insights_item *i = stage->by; i; i = i->next) by[n++] = insights_evaluate(&s, i->of);
    str key = key_of(&run->scratch, by, n);
    u64 hash = str_hash(key);
    struct group *g = group_find(st, hash, key);
    if (!g) {
        g = group_add(run, st, hash, key);
        g->of = insights_accumulators(run->arena, stage->aggregate_count);
        g->by = NEW_ARRAY(run->arena, struct insights_value, n + 1);
        for (u32 i = 0; i < n; i++) {
            g->by[i] = by[i];
            g->by[i].text = arena_str(run->arena, by[i].text);
        }
    }
    struct insights_value time = insights_slot_value(&s, SLOT_TIMESTAMP), v = {0};
    u32 i = 0;
    for (const struct insights_aggregate *a = stage->aggregates; a; a = a->next, i++) {
        if (a->of) v = insights_evaluate(&s, a->of);
        insights_accumulate(run->arena, insights_accumulator_at(g->of, i), a, &v, time.type == INSIGHTS_TIME ? (i64)time.number : 0);
    }
}

/* Rows in which any of the values is absent are no duplicates. */
static bool is_duplicate(struct insights_run *run, u32 at, struct insights_row *row) {
    struct insights_scope s = {.run = run, .row = row, .arena = &run->scratch};
    u32 n = 0;
    for (const struct insights_item *i = run->stages[at]->items; i; i = i->next) n++;
    struct insights_value *v = NEW_ARRAY(&run->scratch, struct insights_value, n + 1);
    n = 0;
    for (const struct insights_item *i = run->stages[at]->items; i; i = i->next) {
        v[n] = insights_evaluate(&s, i->of);
        if (v[n++].type <= INSIGHTS_ABSENT) return false;
    }
    str key = key_of(&run->scratch, v, n);
    u64 hash = str_hash(key);
    if (group_find(&run->states[at], hash, key)) return true;
    group_add(run, &run->states[at], hash, key);
    return false;
}

/* ---- the way of a row ---- */

static void answer_row(struct insights_run *run, struct insights_row *row) {
    if (run->answer.rows == run->config.rows) return;
    struct insights_scope s = {.run = run, .row = row, .arena = run->arena};
    u32 n = 0;
    struct insights_result *r = NEW(run->arena, struct insights_result);
    for (const struct insights_column *c = run->query->columns; c; c = c->next) n++;
    r->fields = NEW_ARRAY(run->arena, struct insights_field, n + 1);
    for (const struct insights_column *c = run->query->columns; c; c = c->next) {
        struct insights_value v = insights_slot_value(&s, c->slot);
        str text = insights_show(run->arena, &v);
        if (text.p) r->fields[r->n++] = (struct insights_field){run->query->slots[c->slot].name, arena_str(run->arena, text)};
    }
    struct insights_value pointer = run->query->of_events ? insights_slot_value(&s, SLOT_POINTER) : insights_absent();
    if (pointer.type == INSIGHTS_STRING) r->fields[r->n++] = (struct insights_field){S("@ptr"), arena_str(run->arena, pointer.text)};
    *run->answer_end = r;
    run->answer_end = &r->next;
    run->answer.rows++;
}

static void parse_row(struct insights_scope *s, const struct insights_stage *stage) {
    struct insights_value v = insights_evaluate(s, stage->of);
    str text = insights_show(s->arena, &v);
    u32 n = regex_groups(stage->regex);
    str *found = NEW_ARRAY(s->arena, str, n + 1);
    bool matches = text.p && regex_capture(stage->regex, text, found, n + 1);
    for (u32 i = 1; i <= n; i++)
        if (stage->groups[i]) s->row->v[stage->groups[i]] = matches && found[i].p ? insights_string(found[i]) : insights_absent();
}

static void push(struct insights_run *run, u32 at, struct insights_row *row);

static void unnest_row(struct insights_run *run, u32 at, struct insights_row *row) {
    const struct insights_stage *stage = run->stages[at];
    const struct insights_query *q = run->query;
    struct insights_scope s = {.run = run, .row = row, .arena = &run->scratch};
    struct insights_value of = insights_evaluate(&s, stage->of);
    struct insights_list items = insights_items(&run->scratch, &of);
    for (u32 i = 0; i < items.n && memory_left(run); i++) {
        struct insights_row copy = *row;
        copy.v = NEW_ARRAY(&run->scratch, struct insights_value, q->slot_count);
        memcpy(copy.v, row->v, q->slot_count * sizeof *copy.v);
        copy.v[stage->slot] = items.v[i];
        push(run, at + 1, &copy);
    }
}

static void join_row(struct insights_run *run, u32 at, struct insights_row *row) {
    const struct insights_stage *stage = run->stages[at];
    const struct insights_query *q = run->query;
    struct insights_scope s = {.run = run, .row = row, .arena = &run->scratch};
    struct insights_value key = insights_evaluate(&s, stage->of);
    str text = insights_show(s.arena, &key);
    const struct insights_match *m = text.p ? insights_inner_find(stage->inner, text) : NULL;
    for (bool first = m || stage->keeps_left; (m || first) && memory_left(run); m = m ? insights_inner_next(m) : NULL, first = false) {
        struct insights_row copy = *row;
        copy.v = NEW_ARRAY(&run->scratch, struct insights_value, q->slot_count);
        memcpy(copy.v, row->v, q->slot_count * sizeof *copy.v);
        insights_join_values(q, m, copy.v);
        push(run, at + 1, &copy);
    }
}

static void push(struct insights_run *run, u32 at, struct insights_row *row) {
    struct insights_scope s = {.run = run, .row = row, .arena = &run->scratch};
    for (; at < run->stage_count; at++) {
        const struct insights_stage *stage = run->stages[at];
        struct state *st = &run->states[at];
        struct insights_value v;
        run->matched += row->event && stage->type > STAGE_UNNEST; /* there is one in each query, and it keeps rows */
        switch (stage->type) {
        case STAGE_FIELDS:
            for (const struct insights_item *i = stage->items; i; i = i->next) {
                v = insights_evaluate(&s, i->of);
                row->v[i->slot] = v;
            }
            break;
        case STAGE_FILTER:
            v = insights_evaluate(&s, stage->of);
            if (!insights_is_true(&v)) return;
            break;
        case STAGE_PARSE: parse_row(&s, stage); break;
        case STAGE_JOIN: join_row(run, at, row); return;
        case STAGE_UNNEST: unnest_row(run, at, row); return;
        case STAGE_STATS: count_row(run, at, row); return;
        case STAGE_SORT: sort_row(run, at, row); return;
        case STAGE_PATTERN:
            v = insights_evaluate(&s, stage->of);
            if (v.type > INSIGHTS_ABSENT) insights_pattern_add(run->arena, &run->scratch, &st->patterns, insights_show(&run->scratch, &v));
            return;
        case STAGE_DEDUP:
            if (is_duplicate(run, at, row)) return;
            break;
        case STAGE_LIMIT:
            if (st->n == stage->limit) return;
            st->n++;
            break;
        default: break;
        }
    }
    answer_row(run, row);
}

static bool may_matter(const struct insights_query *q, str message) {
    for (u32 i = 0; i < q->literal_count; i++) {
        const struct insights_literal *l = &q->literals[i];
        if (memmem(message.p, message.n, l->text.p, l->text.n)) continue;
        if (!l->escapable || !memchr(message.p, '\\', message.n)) return false;
    }
    return true;
}

bool insights_feed(struct insights_run *run, const struct insights_event *e) {
    if (run->over) return false;
    if (run->query->literal_count && !e->transformed.p && !may_matter(run->query, e->message)) return true;
    memset(run->values, 0, run->query->slot_count * sizeof *run->values);
    struct insights_row row = {.event = e, .v = run->values};
    push(run, 0, &row);
    arena_reset(&run->scratch);
    return memory_left(run);
}

/* ---- the end ---- */

static struct insights_row behind(struct insights_run *run, struct insights_value *v) {
    memset(v, 0, run->query->slot_count * sizeof *v);
    return (struct insights_row){.v = v, .looked = true};
}

static void finish_stats(struct insights_run *run, u32 at) {
    const struct insights_stage *stage = run->stages[at];
    struct state *st = &run->states[at];
    if (!st->first && !stage->by) group_add(run, st, 0, S(""))->of = insights_accumulators(run->arena, stage->aggregate_count);
    struct insights_value *values = NEW_ARRAY(run->arena, struct insights_value, run->query->slot_count);
    struct insights_value *found = NEW_ARRAY(run->arena, struct insights_value, stage->aggregate_count + 1);
    for (struct group *g = st->first; g && memory_left(run); g = g->next) {
        struct insights_row row = behind(run, values);
        struct insights_scope s = {.run = run, .row = &row, .arena = &run->scratch, .aggregates = found};
        u32 i = 0;
        for (const struct insights_aggregate *a = stage->aggregates; a; a = a->next, i++) found[i] = insights_accumulated(g->of, i, a);
        i = 0;
        for (const struct insights_item *item = stage->by; item; item = item->next) values[item->slot] = g->by[i++];
        for (const struct insights_item *item = stage->items; item; item = item->next) {
            struct insights_value v = insights_evaluate(&s, item->of);
            values[item->slot] = v;
        }
        push(run, at + 1, &row);
        arena_reset(&run->scratch);
    }
}

static void finish_sort(struct insights_run *run, u32 at) {
    struct state *st = &run->states[at];
    for (u32 left = st->n; left > 1; left--) { /* the last of all to the end, again and again */
        struct kept *k = st->rows[0];
        st->rows[0] = st->rows[left - 1];
        st->rows[left - 1] = k;
        sift_down(run->stages[at], st->rows, left - 1, 0);
    }
    for (u32 i = 0; i < st->n && memory_left(run); i++) {
        struct insights_row row = {.v = st->rows[i]->v, .looked = true};
        push(run, at + 1, &row);
        arena_reset(&run->scratch);
    }
}

static void finish_pattern(struct insights_run *run, u32 at) {
    struct insights_value *values = NEW_ARRAY(run->arena, struct insights_value, run->query->slot_count);
    for (const struct insights_pattern *p = insights_pattern_list(run->arena, run->states[at].patterns); p && memory_left(run); p = p->next) {
        struct insights_row row = behind(run, values);
        struct insights_value of[] = {insights_string(p->text), insights_number(p->ratio), insights_number((double)p->count), insights_string(p->severity)};
        u32 i = 0;
        for (const struct insights_item *item = run->stages[at]->items; item; item = item->next) values[item->slot] = of[i++];
        push(run, at + 1, &row);
        arena_reset(&run->scratch);
    }
}

bool insights_finish(struct insights_run *run, struct insights_answer *answer) {
    for (u32 at = 0; at < run->stage_count && !run->over; at++) {
        if (run->stages[at]->type == STAGE_STATS) finish_stats(run, at);
        if (run->stages[at]->type == STAGE_SORT) finish_sort(run, at);
        if (run->stages[at]->type == STAGE_PATTERN) finish_pattern(run, at);
    }
    run->answer.matched = run->matched;
    *answer = run->answer;
    return !run->over;
}
