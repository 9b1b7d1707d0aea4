#include "cloud/uri.h"

#include "base/encode.h"

/* What a request must have besides the path: a query key, perhaps with a value, or a header. */
struct need {
    str name, value; /* value absent: any */
    bool in_header;
    bool noun; /* stands alone in the template's query: a part of the resource ("?acl") */
};

struct route {
    str method, path;
    int depth;     /* segments of the path; -1: the last label takes any number */
    int literal;   /* bytes of the path that stand for themselves */
    bool present;  /* the room has the operation */
    bool asks_query; /* one of the needs is of the query */
    u16 need_count;
    struct need *needs;
};

struct uri_table {
    u16 count;
    struct route *routes; /* indexed like the service's operations */
    str *nouns;           /* of all of them */
    u16 noun_count;
};

/* Does `path` fit the template's path? Labels take one non-empty segment, greedy ones the rest. */
static bool path_fits(str template, str path) {
    while (template.n) {
        if (!str_starts(template, S("/"))) return false;
        if (!str_starts(path, S("/"))) return false;
        template = str_skip(template, 1);
        path = str_skip(path, 1);
        size_t end = MIN(str_find_char(template, '/'), template.n);
        str segment = str_take(template, end);
        bool label = segment.n > 1 && segment.p[0] == '{';
        if (label && str_ends(segment, S("+}"))) {
            str tail = str_skip(template, end);
            if (tail.n == 0) return path.n > 0;
            if (path.n <= tail.n || !str_ends(path, tail)) return false;
            return true;
        }
        size_t path_end = MIN(str_find_char(path, '/'), path.n);
        str have = str_take(path, path_end);
        if (label ? have.n == 0 : !str_eq(segment, have)) return false;
        template = str_skip(template, end);
        path = str_skip(path, path_end);
    }
    return path.n == 0 || str_eq(path, S("/"));
}

/* Segments, without regard to a slash at the end. Paths of other depths cannot fit each other. */
static int depth_of(str path) {
    int n = 0;
    for (size_t i = 0; i < path.n; i++) n += path.p[i] == '/';
    return n - (path.n > 1 && path.p[path.n - 1] == '/');
}

/* ---- the table ---- */

static int literal_length(str template) {
    int n = 0;
    bool in_label = false;
    for (size_t i = 0; i < template.n; i++) {
        if (template.p[i] == '{') in_label = true;
        n += !in_label;
        if (template.p[i] == '}') in_label = false;
    }
    return n;
}

static void add_need(struct route *r, struct need need) {
    r->needs[r->need_count++] = need;
    r->asks_query |= !need.in_header;
}

static u16 needs_max(const struct wire_service *w, const struct wire_op *op, str literal) {
    u16 n = op->input == WIRE_NONE ? 0 : w->shapes[op->input].member_count;
    while (literal.p) {
        str_cut(&literal, '&');
        n++;
    }
    return n;
}

static void take_apart(struct arena *a, const struct wire_service *w, const struct wire_op *op, struct route *r) {
    str literal = wire_text(w, op->uri);
    r->method = wire_text(w, op->method);
    r->path = str_cut(&literal, '?');
    r->literal = literal_length(r->path);
    r->depth = str_find(r->path, S("+}")) == STR_NONE ? depth_of(r->path) : -1;
    r->needs = NEW_ARRAY(a, struct need, needs_max(w, op, literal));
    while (literal.p) {
        str value = str_cut(&literal, '&');
        str key = str_cut(&value, '=');
        if (key.n) add_need(r, (struct need){key, value, .noun = !value.p});
    }
    if (op->input == WIRE_NONE) return;
    const struct wire_shape *input = &w->shapes[op->input];
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (!(m->flags & WIRE_REQUIRED) || (m->location != WIRE_IN_QUERY && m->location != WIRE_IN_HEADER)) continue;
        add_need(r, (struct need){wire_text(w, m->location_name), .in_header = m->location == WIRE_IN_HEADER});
    }
}

static u32 nouns_max(const struct uri_table *t) {
    u32 n = 0;
    for (u16 i = 0; i < t->count; i++) n += t->routes[i].need_count;
    return n;
}

static void add_nouns(struct uri_table *t, const struct route *r) {
    for (u16 i = 0; i < r->need_count; i++) {
        u16 k = 0;
        while (k < t->noun_count && !str_eq(t->nouns[k], r->needs[i].name)) k++;
        if (r->needs[i].noun && k == t->noun_count) t->nouns[t->noun_count++] = r->needs[i].name;
    }
}

struct uri_table *uri_table_new(struct arena *a, const struct service *s) {
    const struct wire_service *w = s->wire;
    struct uri_table *t = NEW(a, struct uri_table);
    t->count = w->op_count;
    t->routes = NEW_ARRAY(a, struct route, w->op_count);
    for (u16 i = 0; i < w->op_count; i++) {
        take_apart(a, w, &w->ops[i], &t->routes[i]);
        t->routes[i].present = s->ops && s->ops[i].handle != NULL;
    }
    t->nouns = NEW_ARRAY(a, str, nouns_max(t));
    for (u16 i = 0; i < w->op_count; i++) add_nouns(t, &t->routes[i]);
    return t;
}

/* ---- matching ---- */

struct asked {
    struct need *query; /* names decoded, values as sent */
    size_t query_count;
    const struct wire_header *headers;
    size_t header_count;
};

static void read_query(struct arena *a, str query, struct asked *asked) {
    size_t n = 1;
    for (size_t i = 0; i < query.n; i++) n += query.p[i] == '&';
    asked->query = NEW_ARRAY(a, struct need, n);
    while (query.p) {
        str value = str_cut(&query, '&');
        str name = str_cut(&value, '='), decoded;
        if (percent_decode(a, name, false, &decoded)) asked->query[asked->query_count++] = (struct need){decoded, value};
    }
}

static bool has(const struct asked *asked, const struct need *need) {
    for (size_t i = 0; need->in_header && i < asked->header_count; i++)
        if (str_eq_nocase(asked->headers[i].name, need->name)) return true;
    for (size_t i = 0; !need->in_header && i < asked->query_count; i++) {
        const struct need *q = &asked->query[i];
        if (str_eq(q->name, need->name) && (!need->value.p || str_eq(q->value, need->value))) return true;
    }
    return false;
}

static bool has_all(const struct asked *asked, const struct route *r) {
    for (u16 i = 0; i < r->need_count; i++)
        if (!has(asked, &r->needs[i])) return false;
    return true;
}

/* DELETE /b?uploads means no bucket: the request names a part of the resource that the operation knows nothing of. */
static bool means_another(const struct uri_table *t, const struct route *r, const struct asked *asked) {
    for (u16 i = 0; i < t->noun_count; i++) {
        bool its_own = false;
        if (!has(asked, &(struct need){t->nouns[i]})) continue;
        for (u16 k = 0; k < r->need_count; k++) its_own |= r->needs[k].noun && str_eq(r->needs[k].name, t->nouns[i]);
        if (!its_own) return true;
    }
    return false;
}

int uri_match(const struct uri_table *table, str method, str path, str query, const struct wire_header *headers,
              size_t header_count, struct arena *a) {
    struct asked asked = {.headers = headers, .header_count = header_count};
    if (query.n) read_query(a, query, &asked);
    int depth = depth_of(path);
    int best = -1, best_weight = -1, best_literal = -1;
    for (u16 i = 0; i < table->count; i++) {
        const struct route *r = &table->routes[i];
        if (r->asks_query && !asked.query_count) continue; /* most fail here, without a comparison */
        if ((r->depth >= 0 && r->depth != depth) || !str_eq(r->method, method)) continue;
        if (!has_all(&asked, r) || !path_fits(r->path, path)) continue;
        int weight = r->need_count * 2 + r->present;
        if (r->literal < best_literal || (r->literal == best_literal && weight <= best_weight)) continue;
        best = i;
        best_weight = weight;
        best_literal = r->literal;
    }
    bool reads = str_eq(method, S("GET")) || str_eq(method, S("HEAD"));
    return best >= 0 && !reads && means_another(table, &table->routes[best], &asked) ? -1 : best;
}
