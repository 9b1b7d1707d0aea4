/* SELECT: by key where WHERE gives one, else a scan; always filtered by all of WHERE. */
#include "services/dynamodb/partiql.h"

static err refuse(struct call *c, const char *message) { return fail(c, &dynamodb_validation_exception, "%s", message); }

/* ---- projection: what a nested path reaches stands at the top ---- */

static bool is_flat(const struct statement *s) {
    for (u32 i = 0; i < s->n_paths; i++)
        if (s->paths[i].n > 1) return false;
    return true;
}

static struct value flattened(struct call *c, const struct statement *s, const struct value *item) {
    struct value made = {.type = VALUE_M};
    for (u32 i = 0; i < s->n_paths; i++) {
        const struct value *found = path_resolve(c->arena, &s->paths[i], item);
        if (found) made = item_with(c->arena, &made, statement_column(c->arena, &s->paths[i]), found);
    }
    return made;
}

/* ---- which rows ---- */

/* Of IN: partition keys in one statement, and items in a page, as documented. DIFFERS: what more of them is answered is not known. */
enum { IN_HASHES_MAX = 50, IN_PAGE = 10 };

struct plan {
    struct ddb_span *spans;
    u32 n;
    bool by_hash, by_key;       /* by_key: one item at most */
    bool short_pages, one_each; /* a page is shorter than Limit asks; a span has one item at most */
};

static err wrong_type(struct call *c, str key) {
    return fail(c, &dynamodb_validation_exception, "Key attribute's data type should match its data type in table's schema: Key %.*s", STR_ARGS(key));
}

static const struct order *order_of(const struct statement *q, str key) {
    for (u32 i = 0; i < q->n_order; i++)
        if (str_eq(q->order[i].by, key)) return &q->order[i];
    return NULL;
}

/* Of the values each once, in their order or as ORDER BY says; one more than there may be, at most. */
static u32 distinct(struct call *c, const struct order *by, const struct value *given, u32 n, struct value *out) {
    u32 made = 0;
    for (u32 i = 0; i < n && made <= IN_HASHES_MAX; i++) {
        u32 at = made;
        int way;
        bool again = false;
        for (u32 j = 0; j < made && !again; j++) again = value_equal(c->arena, &given[i], &out[j]);
        if (again) continue;
        for (; by && at && value_compare(&given[i], &out[at - 1], &way) && (by->descending ? way > 0 : way < 0); at--) out[at] = out[at - 1];
        out[at] = given[i];
        made++;
    }
    return made;
}

/* IN may give several values to the hash key. */
static err plan_keys(struct call *c, const struct selection *s, const struct ddb_schema *keys, u64 space, struct plan *plan) {
    const struct value *values;
    struct key_range range = {.hashes = 1}, asked = {0};
    u32 n = statement_equals(c->arena, s->statement, keys->hash, &values);
    for (u32 i = 0; i < n; i++)
        if (values[i].type != keys->hash_type) return wrong_type(c, keys->hash);
    if (!n) return NULL;
    bool ranged = keys->range.p && statement_range(s->statement, keys->range, &asked);
    if (ranged && (asked.low.type != keys->range_type || (asked.high.type && asked.high.type != keys->range_type))) return wrong_type(c, keys->range);
    if (ranged) {
        range.range_operator = asked.range_operator;
        range.low = asked.low;
        range.high = asked.high;
    }
    struct value hashes[IN_HASHES_MAX + 1];
    plan->n = distinct(c, order_of(s->statement, keys->hash), values, n, hashes);
    plan->spans = NEW_ARRAY(c->arena, struct ddb_span, plan->n);
    for (u32 i = 0; i < plan->n; i++) {
        range.hash[0] = hashes[i];
        plan->spans[i] = ddb_span_of(c->arena, space, &range);
    }
    plan->by_hash = true;
    plan->one_each = !s->page.index && (!keys->range.p || (ranged && range.range_operator == RANGE_EQ));
    plan->by_key = plan->n == 1 && (!keys->range.p || (ranged && range.range_operator == RANGE_EQ));
    plan->short_pages = plan->n > 1 && (!s->limit || s->limit > IN_PAGE);
    return NULL;
}

static void plan_scan(struct call *c, u64 space, struct plan *plan) {
    struct key k = ddb_space_key(c->arena, space);
    str from = key_bytes(&k);
    plan->spans = NEW(c->arena, struct ddb_span);
    plan->spans[0] = (struct ddb_span){from, key_after_prefix(c->arena, from)};
    plan->n = 1;
}

/* The sort key's own order counts, else that of what is named. */
static bool is_descending(const struct statement *q, const struct ddb_schema *keys) {
    const struct order *by = order_of(q, keys->range);
    return by ? by->descending : q->n_order && q->order[0].descending;
}

static err check_order(struct call *c, const struct selection *s, const struct ddb_schema *keys, const struct plan *plan) {
    const struct statement *q = s->statement;
    if (!q->n_order) return NULL;
    if (!q->has_where) return refuse(c, "Must have WHERE clause in the statement when using ORDER BY clause.");
    if (!plan->by_hash) return refuse(c, "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.");
    for (u32 i = 0; i < q->n_order; i++)
        if (!str_eq(q->order[i].by, keys->hash) && !str_eq(q->order[i].by, keys->range))
            return fail(c, &dynamodb_validation_exception, "Variable reference %.*s in ORDER BY clause must be part of the primary key",
                        STR_ARGS(q->order[i].by));
    return NULL;
}

/* ---- where it goes on: the number of the span, and the key of the last item ---- */

static err foreign(struct call *c) { return refuse(c, "NextToken does not match request"); }

static err resume(struct call *c, struct selection *s, const struct plan *plan, u32 *first, str *row) {
    str position, which;
    u64 at;
    struct value key;
    *first = 0;
    *row = (str){0};
    if (!s->token.p) return NULL;
    if (!page_position(c, s->token, &position)) return refuse(c, "Given NextToken was invalid.");
    if (!str_eq(str_take(position, s->identity.n), s->identity)) return foreign(c);
    position = str_skip(position, s->identity.n);
    which = str_cut(&position, ':');
    if (!str_to_u64(which, &at) || at >= plan->n || !value_decode(c->arena, position, &key)) return foreign(c);
    key = value_open(c->arena, &key);
    TRY(ddb_start_row(c, &s->page, &key, false, row));
    *first = (u32)at;
    return NULL;
}

static void leave_off(struct call *c, struct selection *s, u32 span) {
    struct buf b = buf_new(c->arena, 1 << 16);
    buf_format(&b, "%.*s%u:", STR_ARGS(s->identity), span);
    buf_add(&b, value_encode(c->arena, &s->page.last));
    s->next = page_token(c, buf_str(&b));
}

static err read_all(struct call *c, struct selection *s, const struct plan *plan) {
    u32 first;
    str row;
    TRY(resume(c, s, plan, &first, &row));
    for (u32 i = first; i < plan->n; i++) {
        s->page.span = plan->spans[i];
        if (i == first && row.p) ddb_page_start_after(c, &s->page, row);
        ddb_page_read(c, &s->page);
        if (!s->page.last.type) continue;
        if (plan->short_pages && plan->one_each && i + 1 == plan->n) s->page.last = (struct value){0};
        else leave_off(c, s, i);
        return NULL;
    }
    return NULL;
}

static err no_key(struct call *c, const struct selection *s) {
    return fail(c, &dynamodb_validation_exception, "Select statements within %s must specify the primary key in the where clause.", s->operation);
}

/* AWS has other words here than in a Query. A statement of a batch reads no index, whatever WHERE says. */
static err check_index(struct call *c, const struct selection *s) {
    const struct ddb_index *index = ddb_index_find(&s->table, s->statement->index);
    if (s->one && !(index && index->keys.more.n)) return no_key(c, s);
    if (!index) return refuse(c, "The table does not have the specified index");
    if (s->consistent && index->kind == DDB_GLOBAL) return refuse(c, "Strongly consistent read is not supported on Global Secondary Indexes");
    return NULL;
}

err statement_select(struct call *c, struct selection *s) {
    const struct statement *q = s->statement;
    TRY(statement_check(c, q));
    TRY(statement_table(c, q, &s->table));
    if (q->index.p) TRY(check_index(c, s));
    struct condition *filter = NULL;
    if (q->has_where) {
        filter = NEW(c->arena, struct condition);
        filter->root = q->where;
    }
    struct expressions asked = {.filter = filter, .projection = statement_projection(c, q)};
    s->page = (struct ddb_page){.table = &s->table, .limit = s->limit, .filter = filter, .projection = asked.projection};
    struct ddb_page_request asks = {.index_name = q->index, .consistent = s->consistent};
    TRY(ddb_page_open(c, &asks, &s->page));
    TRY(ddb_page_held(c, &asks, &s->page));
    TRY(ddb_scalars_check(c, &s->table, &asked));
    const struct ddb_schema *keys = ddb_page_keys(&s->page);
    if (keys->more.n)
        return refuse(c, "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys.");
    u64 space = s->page.index ? s->page.index->space : s->table.space;
    struct plan plan = {0};
    TRY(plan_keys(c, s, keys, space, &plan));
    if (s->one && !plan.by_key) return no_key(c, s);
    if (plan.n > IN_HASHES_MAX) return refuse(c, "Too many values in IN");
    if (plan.short_pages) s->page.limit = IN_PAGE;
    if (plan.by_hash) TRY(ddb_page_filter_held(c, &s->page));
    TRY(check_order(c, s, keys, &plan));
    if (!plan.n) plan_scan(c, space, &plan);
    s->page.backwards = is_descending(q, keys);
    bool flat = is_flat(q);
    if (!flat) s->page.projection = NULL;
    TRY(read_all(c, s, &plan));
    for (u32 i = 0; !flat && i < s->page.n; i++) s->page.items[i] = flattened(c, q, &s->page.items[i]);
    return NULL;
}
