/* Which rules may match an event, without looking at the others: a rule stands under one of its fields that ask
 * for exact strings, with a row for each of them; an event is looked up by each of its strings. What is found is
 * then held against its whole pattern. Rules without such a field see every event.
 *
 * The field with the fewest strings is taken, and of those the deepest: "source" says less than an id in "detail". */
#include "events.h"

enum { VALUE_MAX = 128, VALUES_MAX = 50, PATH_MAX = 256 };

static struct key index_key(struct arena *a, str account, str region, str bus, str path, str value) {
    struct key k = key_new(a, S("events-index"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, bus);
    key_str(&k, path);
    key_str(&k, str_take(value, VALUE_MAX)); /* a long one shares its row with what begins alike */
    return k;
}

/* ---- the field of a pattern ---- */

struct choice {
    const struct event_pattern_field *field;
    str path;
    u32 values, depth;
};

static u32 exact_strings(const struct event_pattern_field *f) {
    u32 n = 0;
    for (const struct event_pattern_value *v = f->values; v; v = v->next, n++)
        if (v->test != EVENT_PATTERN_EQUALS_STRING || v->ignore_case) return 0;
    return n;
}

static void choose(struct arena *a, const struct event_pattern_object *o, str path, u32 depth, struct choice *best) {
    for (const struct event_pattern_field *f = o->fields; f; f = f->next) {
        str at = path.n ? arena_format(a, "%.*s.%.*s", STR_ARGS(path), STR_ARGS(f->name)) : f->name;
        if (f->nested) {
            choose(a, f->nested, at, depth + 1, best);
            continue;
        }
        u32 n = exact_strings(f);
        bool better = !best->field || n < best->values || (n == best->values && depth > best->depth);
        if (n && n <= VALUES_MAX && at.n <= PATH_MAX && better) *best = (struct choice){f, at, n, depth};
    }
}

/* ---- rows ---- */

static str index_row(struct call *c, const struct rule *rule, str path, str value) {
    struct key k = index_key(c->arena, rule->account, rule->region, rule->bus, path, value);
    key_str(&k, rule->name);
    return key_bytes(&k);
}

void index_add(struct call *c, struct rule *rule, const struct event_pattern *p) {
    struct choice best = {0};
    choose(c->arena, &p->root, S(""), 0, &best);
    rule->index_path = best.field ? best.path : S("");
    rule->index_values = (struct record_pairs){.v = NEW_ARRAY(c->arena, struct record_pair, best.values + 1), .set = true};
    for (const struct event_pattern_value *v = best.field ? best.field->values : NULL; v; v = v->next)
        rule->index_values.v[rule->index_values.n++].key = v->text;
    if (!best.field) rule->index_values.v[rule->index_values.n++].key = S("");
    for (u32 i = 0; i < rule->index_values.n; i++) txn_put(c->txn, index_row(c, rule, rule->index_path, rule->index_values.v[i].key), S(""));
}

void index_remove(struct call *c, struct rule *rule) {
    str path = rule->index_path.p ? rule->index_path : S("");
    for (u32 i = 0; i < rule->index_values.n; i++)
        txn_delete(c->txn, index_row(c, rule, path, rule->index_values.v[i].key.p ? rule->index_values.v[i].key : S("")));
    rule->index_values = (struct record_pairs){0};
    rule->index_path = (str){0};
}

/* ---- an event ---- */

struct search {
    struct call *call;
    const struct bus *bus;
    const struct event *event;
    void (*found)(struct call *c, const struct rule *rule, const struct event *e, void *context);
    void *context;
    struct seen {
        struct seen *next;
        str name;
    } *seen; /* a rule may be met under two strings of an array */
};

static bool seen_before(struct search *s, str name) {
    for (const struct seen *one = s->seen; one; one = one->next)
        if (str_eq(one->name, name)) return true;
    struct seen *new = NEW(s->call->arena, struct seen);
    *new = (struct seen){s->seen, name};
    s->seen = new;
    return false;
}

static void try_rule(struct search *s, str name) {
    struct call *c = s->call;
    struct rule rule;
    str problem;
    if (seen_before(s, name) || !rule_load(c->txn, c->arena, s->bus, name, &rule)) return;
    const struct event_pattern *p = event_pattern_compile(rule.pattern, EVENT_PATTERN_EVENTS, c->arena, &problem);
    if (p && event_pattern_matches(p, s->event->tree)) s->found(c, &rule, s->event, s->context);
}

static void look_up(struct search *s, str path, str value) {
    struct call *c = s->call;
    struct key k = index_key(c->arena, s->bus->account, s->bus->region, s->bus->name, path, value);
    str prefix = key_bytes(&k), key, row, part;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        str name = {0};
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        try_rule(s, name);
    }
}

static void walk(struct search *s, const struct json_node *n, str path) {
    if (path.n > PATH_MAX) return;
    if (n->type == JSON_STRING) look_up(s, path, n->text);
    if (n->type == JSON_ARRAY)
        for (const struct json_node *item = n->first; item; item = item->next) walk(s, item, path);
    if (n->type == JSON_OBJECT)
        for (const struct json_node *m = n->first; m; m = m->next)
            walk(s, m, path.n ? arena_format(s->call->arena, "%.*s.%.*s", STR_ARGS(path), STR_ARGS(m->key)) : m->key);
}

void index_match(struct call *c, const struct bus *bus, const struct event *e, void (*found)(struct call *c, const struct rule *rule, const struct event *e, void *context), void *context) {
    struct search s = {.call = c, .bus = bus, .event = e, .found = found, .context = context};
    str all = {0}, key, row;
    struct range any = rules_of(c->txn, c->arena, bus, all);
    if (!range_next(&any, &key, &row)) return; /* nobody listens */
    look_up(&s, S(""), S(""));
    walk(&s, e->tree, S(""));
}
