#include "cloud/uri.h"

#include "base/encode.h"

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

/* Is the key there, and, when the template gives a value ("list-type=2"), with it? */
static bool query_has(str query, str key, str value, struct arena *a) {
    while (query.p) {
        str pair = str_cut(&query, '&');
        str name = str_cut(&pair, '=');
        str decoded;
        if (!percent_decode(a, name, false, &decoded) || !str_eq(decoded, key)) continue;
        if (!value.p || str_eq(pair, value)) return true;
    }
    return false;
}

static bool header_there(const struct wire_header *headers, size_t n, str name) {
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(headers[i].name, name)) return true;
    return false;
}

/* The weight of what the operation asks for and the request has; -1 when something is missing. */
static int weigh(const struct wire_service *w, const struct wire_op *op, str query,
                 const struct wire_header *headers, size_t header_count, struct arena *a) {
    int weight = 0;
    str literal = wire_text(w, op->uri);
    str_cut(&literal, '?');
    while (literal.p) {
        str value = str_cut(&literal, '&');
        str key = str_cut(&value, '=');
        if (!key.n) continue;
        if (!query_has(query, key, value, a)) return -1;
        weight += 2;
    }
    if (op->input == WIRE_NONE) return weight;
    const struct wire_shape *input = &w->shapes[op->input];
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (!(m->flags & WIRE_REQUIRED)) continue;
        str name = wire_text(w, m->location_name);
        if (m->location == WIRE_IN_QUERY) {
            if (!query_has(query, name, (str){0}, a)) return -1;
            weight += 2;
        } else if (m->location == WIRE_IN_HEADER) {
            if (!header_there(headers, header_count, name)) return -1;
            weight += 2;
        }
    }
    return weight;
}

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

int uri_match(const struct service *s, str method, str path, str query, const struct wire_header *headers,
              size_t header_count, struct arena *a) {
    const struct wire_service *w = s->wire;
    int best = -1, best_weight = -1, best_literal = -1;
    for (u16 i = 0; i < w->op_count; i++) {
        const struct wire_op *op = &w->ops[i];
        if (!str_eq(wire_text(w, op->method), method)) continue;
        str uri = wire_text(w, op->uri);
        str template = str_cut(&uri, '?');
        if (!path_fits(template, path)) continue;
        int weight = weigh(w, op, query, headers, header_count, a);
        if (weight < 0) continue;
        weight = weight * 2 + (s->ops && s->ops[i].handle != NULL);
        int literal = literal_length(template);
        if (literal < best_literal || (literal == best_literal && weight <= best_weight)) continue;
        best = i;
        best_weight = weight;
        best_literal = literal;
    }
    return best;
}
