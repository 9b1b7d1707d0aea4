/* Queries of Insights: commands, one behind the other. */
#include "insights_plan.h"

static const char *const fixed_names[SLOTS_FIXED] = {"@ptr", "@timestamp", "@message", "@logStream", "@log", "@ingestionTime"};
enum { LIMIT_MAX = 100000 };

u32 insights_slot_of(struct insights_query *q, str name) {
    for (u32 i = 0; i < q->slot_count; i++)
        if (str_eq(q->slots[i].name, name)) return i;
    if (q->slot_count == q->slot_capacity) {
        struct insights_slot *more = NEW_ARRAY(q->arena, struct insights_slot, 2 * q->slot_capacity + 16);
        if (q->slot_count) memcpy(more, q->slots, q->slot_count * sizeof *more);
        q->slots = more;
        q->slot_capacity = 2 * q->slot_capacity + 16;
    }
    q->slots[q->slot_count] = (struct insights_slot){.name = name, .base = q->slot_count};
    return q->slot_count++;
}

static str source(const struct insights_parser *p, const struct insights_expression *e) { return str_take(str_skip(p->text, e->start), e->end - e->start); }

void insights_show_slot(struct insights_query *q, u32 slot) {
    struct insights_column **end = &q->columns;
    for (; *end; end = &(*end)->next)
        if ((*end)->slot == slot) return;
    *end = NEW(q->arena, struct insights_column);
    (*end)->slot = slot;
}

struct insights_stage *insights_add_stage(struct insights_parser *p, enum insights_stage_type type) {
    struct insights_stage **end = &p->query->stages;
    while (*end) end = &(*end)->next;
    *end = NEW(p->arena, struct insights_stage);
    (*end)->type = (u8)type;
    return *end;
}

/* A name that the query gives. */
static bool define(struct insights_parser *p, struct insights_token t, u32 *slot) {
    *slot = insights_slot_of(p->query, t.text);
    struct insights_slot *s = &p->query->slots[*slot];
    if (s->defined && (!p->limited || s->known)) return insights_wrong(p, t.start, t.end, "Ephemeral field is already defined: %.*s", STR_ARGS(t.text)), false;
    s->defined = s->known = true;
    return true;
}

static bool read_name(struct insights_parser *p, struct insights_token *t) {
    *t = insights_peek(p);
    if (t->kind != TOKEN_NAME) return insights_unexpected(p), false;
    p->at = t->end;
    return true;
}

/* `expression [as name]`. The slot is that of the name, of the field, or of the expression's own text. */
static struct insights_item *read_item(struct insights_parser *p) {
    struct insights_item *item = NEW(p->arena, struct insights_item);
    struct insights_token t;
    if (!(item->of = insights_read_expression(p))) return NULL;
    if (insights_take_word(p, "as")) {
        if (!read_name(p, &t) || !define(p, t, &item->slot)) return NULL;
    } else {
        item->slot = item->of->op == OP_FIELD ? item->of->index : insights_slot_of(p->query, source(p, item->of));
    }
    return item;
}

static bool read_items(struct insights_parser *p, struct insights_item **items) {
    do {
        if (!(*items = read_item(p))) return false;
        items = &(*items)->next;
    } while (insights_take_sign(p, ","));
    return true;
}

/* ---- commands ---- */

static bool read_fields(struct insights_parser *p) {
    if (p->query->columns_implied) p->query->columns = NULL;
    p->query->columns_implied = false;
    struct insights_stage *s = insights_add_stage(p, STAGE_FIELDS);
    if (!read_items(p, &s->items)) return false;
    for (struct insights_item *i = s->items; i; i = i->next) insights_show_slot(p->query, i->slot);
    return true;
}

static bool read_display(struct insights_parser *p) {
    p->query->columns = NULL;
    return read_fields(p);
}

static bool read_condition(struct insights_parser *p, bool by_index) {
    struct insights_stage *s = insights_add_stage(p, STAGE_FILTER);
    s->by_index = by_index;
    return (s->of = insights_read_expression(p)) != NULL;
}

static bool read_filter(struct insights_parser *p) { return read_condition(p, false); }
static bool read_filter_index(struct insights_parser *p) { return read_condition(p, true); }

/* "user=*, method:*" as an expression: what stands between the stars, and anything on one line for each of them. */
static str glob_to_regex(struct insights_parser *p, str glob, u32 *stars) {
    struct buf b = buf_new(p->arena, 8 * glob.n + 16);
    for (size_t i = 0; i < glob.n; i++) {
        char c = glob.p[i];
        bool last = i + 1 == glob.n, letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || (u8)c >= 0x80 || c == '\n';
        if (c == '*') {
            buf_add(&b, last ? S("(.*)") : S("(.*?)"));
            ++*stars;
            continue;
        }
        if (!letter) buf_char(&b, '\\');
        buf_char(&b, c);
    }
    return buf_str(&b);
}

static bool parse_names(struct insights_parser *p, struct insights_stage *s, u32 groups) {
    struct insights_token t;
    u32 n = 0;
    do {
        if (!read_name(p, &t)) return false;
        if (++n > groups) return insights_wrong(p, t.start, t.end, "parse has more fields than the pattern has captures"), false;
        if (!define(p, t, &s->groups[n])) return false;
        insights_show_slot(p->query, s->groups[n]);
    } while (insights_take_sign(p, ","));
    if (n < groups) return insights_wrong(p, t.start, t.end, "parse has fewer fields than the pattern has captures"), false;
    return true;
}

static bool parse_by_regex(struct insights_parser *p, struct insights_stage *s, str pattern, size_t start) {
    if (!(s->regex = insights_read_regex(p, pattern, start))) return false;
    u32 n = regex_groups(s->regex), named = 0;
    s->groups = NEW_ARRAY(p->arena, u32, n + 1);
    if (insights_take_word(p, "as")) return parse_names(p, s, n);
    for (u32 i = 1; i <= n; i++) {
        struct insights_token t = {.text = regex_group_name(s->regex, i), .start = start, .end = p->at};
        if (!t.text.p) continue;
        if (!define(p, t, &s->groups[i])) return false;
        insights_show_slot(p->query, s->groups[i]);
        named++;
    }
    if (!named) return insights_wrong(p, start, p->at, "parse needs a pattern with named captures"), false;
    return true;
}

static bool read_parse(struct insights_parser *p) {
    struct insights_stage *s = insights_add_stage(p, STAGE_PARSE);
    if (!p->query->columns) {
        p->query->columns_implied = true;
        insights_show_slot(p->query, SLOT_TIMESTAMP);
        insights_show_slot(p->query, SLOT_MESSAGE);
    }
    struct insights_token t = insights_peek(p);
    if (t.kind == TOKEN_NAME) {
        if (!(s->of = insights_read_operand(p))) return false;
    } else {
        s->of = NEW(p->arena, struct insights_expression);
        *s->of = (struct insights_expression){.op = OP_FIELD, .index = SLOT_MESSAGE};
    }
    size_t start = p->at;
    str pattern = insights_take_regex(p);
    if (pattern.p) return parse_by_regex(p, s, pattern, start);
    t = insights_next(p);
    if (t.kind != TOKEN_STRING) return p->at = t.start, insights_unexpected(p), false;
    u32 stars = 0;
    pattern = glob_to_regex(p, t.text, &stars);
    if (!stars) return insights_wrong(p, t.start, t.end, "parse needs a pattern with a *"), false;
    if (!(s->regex = insights_read_regex(p, pattern, t.start))) return false;
    s->groups = NEW_ARRAY(p->arena, u32, stars + 1);
    if (!insights_take_word(p, "as")) return insights_unexpected(p), false;
    return parse_names(p, s, stars);
}

static bool by_bin(const struct insights_expression *e) { return e->op == OP_CALL && str_eq(str_of(e->function->name), S("bin")); }

static bool read_stats(struct insights_parser *p) {
    struct insights_stage *s = insights_add_stage(p, STAGE_STATS);
    struct insights_query *q = p->query;
    p->stats = s;
    p->loose_count = 0;
    if (!read_items(p, &s->items)) return false;
    p->stats = NULL;
    if (insights_take_word(p, "by") && !read_items(p, &s->by)) return false;
    for (u32 i = 0; i < q->slot_count; i++) q->slots[i].known = false;
    for (struct insights_item *i = s->by; i; i = i->next) {
        q->slots[i->slot].known = true;
        if (by_bin(i->of)) s->by_time = true, s->slot = i->slot;
    }
    for (struct insights_item *i = s->items; i; i = i->next) q->slots[i->slot].known |= i->of->op != OP_FIELD || i->of->index != i->slot;
    for (u32 i = 0; i < p->loose_count; i++)
        if (!q->slots[p->loose[i]->index].known) return insights_unknown(p, p->loose[i]), false;
    p->limited = true;
    p->joined = false;
    q->columns = NULL;
    q->columns_implied = false;
    for (struct insights_item *i = s->by; i; i = i->next) insights_show_slot(q, i->slot);
    for (struct insights_item *i = s->items; i; i = i->next) insights_show_slot(q, i->slot);
    q->of_events = false;
    return true;
}

static bool read_sort(struct insights_parser *p) {
    struct insights_stage *s = insights_add_stage(p, STAGE_SORT);
    struct insights_item **end = &s->items;
    do {
        if (!(*end = read_item(p))) return false;
        (*end)->descending = insights_take_word(p, "desc");
        if (!(*end)->descending) (void)insights_take_word(p, "asc");
        end = &(*end)->next;
    } while (insights_take_sign(p, ","));
    return true;
}

static struct insights_item *by_slot(struct insights_parser *p, u32 slot, bool descending) {
    struct insights_item *item = NEW(p->arena, struct insights_item);
    item->of = NEW(p->arena, struct insights_expression);
    *item->of = (struct insights_expression){.op = OP_FIELD, .index = slot};
    item->slot = slot;
    item->descending = descending;
    return item;
}

/* What is not sorted comes newest first, and so do groups by time: before rows are counted off, they must be in that
 * order. */
static void settle_order(struct insights_parser *p, bool descending) {
    const struct insights_stage *last = NULL;
    for (const struct insights_stage *s = p->query->stages; s; s = s->next)
        if (s->type == STAGE_SORT || s->type == STAGE_STATS || s->type == STAGE_PATTERN) last = s;
    if (!last) insights_add_stage(p, STAGE_SORT)->items = by_slot(p, SLOT_TIMESTAMP, descending);
    else if (last->type == STAGE_STATS && last->by_time) insights_add_stage(p, STAGE_SORT)->items = by_slot(p, last->slot, true);
}

static bool read_count(struct insights_parser *p, bool from_end) {
    struct insights_token t = insights_peek(p);
    if (t.kind != TOKEN_NUMBER) return insights_unexpected(p), false;
    p->at = t.end;
    if (t.number < 1 || t.number > LIMIT_MAX || t.number != (u32)t.number)
        return insights_wrong(p, t.start, t.end, "limit must be a number from 1 to %d", LIMIT_MAX), false;
    settle_order(p, !from_end);
    p->query->limit = insights_add_stage(p, STAGE_LIMIT)->limit = (u32)t.number;
    return true;
}

static bool read_limit(struct insights_parser *p) { return read_count(p, false); }
static bool read_tail(struct insights_parser *p) { return read_count(p, true); }

static bool read_dedup(struct insights_parser *p) {
    settle_order(p, true);
    return read_items(p, &insights_add_stage(p, STAGE_DEDUP)->items);
}

static bool read_unnest(struct insights_parser *p) {
    struct insights_stage *s = insights_add_stage(p, STAGE_UNNEST);
    struct insights_token t;
    if (!(s->of = insights_read_expression(p))) return false;
    if (!insights_take_word(p, "into")) return insights_unexpected(p), false;
    return read_name(p, &t) && define(p, t, &s->slot);
}

static bool read_pattern(struct insights_parser *p) {
    static const char *const names[] = {"@pattern", "@ratio", "@sampleCount", "@severityLabel"};
    struct insights_query *q = p->query;
    struct insights_stage *s = insights_add_stage(p, STAGE_PATTERN);
    if (!(s->of = insights_read_expression(p))) return false;
    for (u32 i = 0; i < q->slot_count; i++) q->slots[i].known = false;
    q->columns = NULL;
    q->columns_implied = false;
    struct insights_item **end = &s->items;
    for (size_t i = 0; i < LENGTH(names); i++, end = &(*end)->next) {
        u32 slot = insights_slot_of(q, str_of(names[i]));
        *end = by_slot(p, slot, false);
        q->slots[slot].known = true;
        insights_show_slot(q, slot);
    }
    p->limited = true;
    p->joined = false;
    q->of_events = false;
    return true;
}

/* Events come as they are into a query that has the word, as a command or in an expression. */
static bool read_unmask(struct insights_parser *p) {
    p->query->unmasks = true;
    return read_fields(p);
}

static const struct {
    const char *name;
    bool (*read)(struct insights_parser *p);
} commands[] = {
    {"fields", read_fields}, {"display", read_display}, {"filter", read_filter}, {"filterIndex", read_filter_index}, {"parse", read_parse}, {"stats", read_stats},
    {"sort", read_sort}, {"order", read_sort}, {"limit", read_limit}, {"head", read_limit}, {"tail", read_tail}, {"dedup", read_dedup},
    {"unnest", read_unnest}, {"pattern", read_pattern}, {"unmask", read_unmask}, {"join", insights_read_join},
};

static bool read_command(struct insights_parser *p) {
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (insights_take_word(p, commands[i].name)) return commands[i].read(p);
    return insights_unexpected(p), false;
}

/* ---- SOURCE logGroups(namePrefix: ["a", "b"], class: ["STANDARD"]) ---- */

static bool read_strings(struct insights_parser *p, str *v, u32 *n, u32 max) {
    if (!insights_take_sign(p, "[")) return insights_unexpected(p), false;
    do {
        struct insights_token t = insights_peek(p);
        if (t.kind != TOKEN_STRING) return insights_unexpected(p), false;
        if (*n == max) return insights_wrong(p, t.start, t.end, "SOURCE takes at most %u values here", max), false;
        v[(*n)++] = t.text;
        p->at = t.end;
    } while (insights_take_sign(p, ","));
    return insights_take_sign(p, "]") || (insights_unexpected(p), false);
}

static bool read_source(struct insights_parser *p) {
    struct insights_source *s = &p->query->source;
    s->given = true;
    if (!insights_take_word(p, "logGroups") || !insights_take_sign(p, "(")) return insights_unexpected(p), false;
    do {
        bool prefix = insights_take_word(p, "namePrefix"), class = !prefix && insights_take_word(p, "class");
        if ((!prefix && !class) || !insights_take_sign(p, ":")) return insights_unexpected(p), false;
        if (prefix ? !read_strings(p, s->prefixes, &s->prefix_count, LENGTH(s->prefixes)) : !read_strings(p, s->classes, &s->class_count, LENGTH(s->classes))) return false;
    } while (insights_take_sign(p, ","));
    if (!insights_take_sign(p, ")")) return insights_unexpected(p), false;
    (void)insights_take_sign(p, "|");
    return true;
}

const struct insights_source *insights_source(const struct insights_query *q) { return &q->source; }

/* ---- the plan ---- */

/* Text that a field holds stands in the message as it is, unless JSON escapes it; a number or a flag may not. */
static bool stands_in_message(str text) {
    double n;
    if (str_to_f64(text, &n) || str_eq_nocase(text, S("true")) || str_eq_nocase(text, S("false"))) return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr(" _-.:@", c))) return false;
    }
    return true;
}

/* A literal that an event's message must hold for the condition to be true. */
static void find_literals(struct insights_query *q, const struct insights_expression *e) {
    const struct insights_expression *x = e->args[0], *y = e->args[1];
    struct insights_literal found = {0};
    bool message = x && x->op == OP_FIELD && x->index == SLOT_MESSAGE;
    if (e->op == OP_AND) {
        find_literals(q, x);
        find_literals(q, y);
    } else if (e->op == OP_LIKE && message) {
        found.text = e->value.text;
    } else if (e->op == OP_MATCH && message) {
        found.text = regex_literal(e->value.text);
    } else if (e->op == OP_EQ && x->op == OP_FIELD && x->index >= SLOTS_FIXED && y->op == OP_VALUE && y->value.type == INSIGHTS_STRING) {
        bool own = !q->slots[x->index].defined && q->slots[x->index].base == x->index;
        if (own && stands_in_message(y->value.text)) found = (struct insights_literal){y->value.text, true};
    }
    if (found.text.n >= 2 && q->literal_count < LENGTH(q->literals)) q->literals[q->literal_count++] = found;
}

static void mark(const struct insights_query *q, const struct insights_expression *e, bool *needed) {
    for (; e; e = e->next) {
        if (e->op == OP_FIELD) needed[e->index] = needed[q->slots[e->index].base] = true;
        if (e->op == OP_CALL && str_eq(str_of(e->function->name), S("bin"))) needed[SLOT_TIMESTAMP] = true;
        for (size_t i = 0; i < LENGTH(e->args); i++) mark(q, e->args[i], needed);
    }
}

static void mark_items(const struct insights_query *q, const struct insights_item *i, bool *needed) {
    for (; i; i = i->next) {
        mark(q, i->of, needed);
        needed[i->slot] = true;
    }
}

/* From the end: what a stage that keeps rows must keep of each. */
static void plan_needed(struct insights_query *q) {
    for (struct insights_stage *s = q->stages; s; s = s->next) {
        s->needed = NEW_ARRAY(q->arena, bool, q->slot_count);
        s->needed[SLOT_POINTER] = s->needed[SLOT_TIMESTAMP] = true;
        for (struct insights_column *c = q->columns; c; c = c->next) s->needed[c->slot] = s->needed[q->slots[c->slot].base] = true;
        for (struct insights_stage *t = s->next; t; t = t->next) {
            if (t->of) mark(q, t->of, s->needed);
            mark_items(q, t->items, s->needed);
            mark_items(q, t->by, s->needed);
            for (struct insights_aggregate *g = t->aggregates; g; g = g->next) mark(q, g->of, s->needed);
        }
        const struct insights_stage *t = s->next;
        while (t && (t->type == STAGE_FIELDS || t->type == STAGE_PARSE)) t = t->next; /* change no order and no number */
        if (s->type == STAGE_SORT && t && t->type == STAGE_LIMIT) s->limit = t->limit;
        s->last = !t;
    }
}

/* a.b.c is looked up in the longest part of its name that the query defines. */
static void plan_bases(struct insights_query *q) {
    for (u32 i = SLOTS_FIXED; i < q->slot_count; i++)
        for (str part = q->slots[i].name; !q->slots[i].defined && (part.n = str_rfind_char(part, '.')) != STR_NONE;) {
            for (u32 j = 0; j < q->slot_count; j++)
                if (q->slots[j].defined && str_eq(q->slots[j].name, part)) q->slots[i].base = j;
            if (q->slots[i].base == i) continue;
            q->slots[i].path = str_skip(q->slots[i].name, part.n + 1);
            break;
        }
}

struct insights_query *insights_query_new(struct arena *a, str text) {
    struct insights_query *q = NEW(a, struct insights_query);
    *q = (struct insights_query){.arena = a, .text = text, .of_events = true};
    for (u32 i = 0; i < SLOTS_FIXED; i++) {
        u32 slot = insights_slot_of(q, str_of(fixed_names[i])); /* may move the slots */
        q->slots[slot].defined = true;
    }
    return q;
}

static bool at_end(struct insights_parser *p) {
    struct insights_token t = insights_peek(p);
    return t.kind == TOKEN_END || (p->inner && t.kind == TOKEN_SIGN && str_eq(t.text, S(")")));
}

bool insights_read_commands(struct insights_parser *p) {
    bool end = at_end(p);
    while (!end && !p->wrong && read_command(p)) {
        end = at_end(p);
        if (!end && !insights_take_sign(p, "|")) insights_unexpected(p);
    }
    if (!p->wrong) settle_order(p, true);
    return !p->wrong;
}

void insights_plan(struct insights_query *q) {
    if (!q->columns) insights_show_slot(q, SLOT_TIMESTAMP), insights_show_slot(q, SLOT_MESSAGE);
    plan_bases(q);
    plan_needed(q);
    for (struct insights_stage *s = q->stages; s && s->type <= STAGE_UNNEST; s = s->next)
        if (s->type == STAGE_FILTER) {
            find_literals(q, s->of);
            insights_find_wanted(q, s->of, s->by_index);
        }
}

struct insights_query *insights_compile(struct arena *a, str text, struct insights_problem *problem) {
    struct insights_query *q = insights_query_new(a, arena_str(a, text));
    struct insights_parser p = {.query = q, .arena = a, .text = q->text, .problem = problem};
    (void)insights_take_sign(&p, "|");
    if (insights_take_word(&p, "SOURCE")) (void)read_source(&p);
    if (p.wrong || !insights_read_commands(&p)) return NULL;
    insights_plan_inner(q);
    insights_plan(q);
    return q;
}

bool insights_unmasks(const struct insights_query *q) { return q->unmasks; }
u32 insights_limit(const struct insights_query *q) { return q->limit; }

/* The longest of those that stand as they are. */
str insights_literal(const struct insights_query *q) {
    str best = {0};
    for (u32 i = 0; i < q->literal_count; i++)
        if (!q->literals[i].escapable && q->literals[i].text.n > best.n) best = q->literals[i].text;
    return best;
}
