/* Projections, and how paths are followed into items. */
#include "services/dynamodb/expression_tree.h"

/* ---- following paths ---- */

static const struct value *step_into(struct arena *a, const struct value *v, const struct step *step) {
    return step->name.p ? value_member(a, v, step->name) : value_element(a, v, step->index);
}

const struct value *path_resolve(struct arena *a, const struct path *path, const struct value *item) {
    for (u32 i = 0; i < path->n && item; i++) item = step_into(a, item, &path->steps[i]);
    return item;
}

/* How many of the sorted paths go through the same step as the first. */
static u32 same_step(const struct path *paths, u32 n, u32 depth) {
    const struct step *first = &paths[0].steps[depth];
    u32 same = 1;
    while (same < n && str_eq(paths[same].steps[depth].name, first->name) && paths[same].steps[depth].index == first->index) same++;
    return same;
}

/* What the paths reach in `v`, within its maps and lists; VALUE_NONE if nothing. Depth: that of paths. */
static struct value pick(struct arena *a, const struct path *paths, u32 n, u32 depth, const struct value *v) {
    if (paths[0].n == depth) return *v;
    if (v->type != VALUE_M && v->type != VALUE_L) return (struct value){0};
    struct value open = value_open(a, v), picked = {.type = v->type};
    struct member *members = v->type == VALUE_M ? NEW_ARRAY(a, struct member, n) : NULL;
    struct value *elements = v->type == VALUE_L ? NEW_ARRAY(a, struct value, n) : NULL;
    for (u32 i = 0, same; i < n; i += same) {
        same = same_step(paths + i, n - i, depth);
        const struct step *step = &paths[i].steps[depth];
        const struct value *child = step_into(a, &open, step);
        struct value part = child ? pick(a, paths + i, same, depth + 1, child) : (struct value){0};
        if (!part.type) continue;
        if (members) members[picked.n++] = (struct member){part, step->name.p, (u32)step->name.n};
        else elements[picked.n++] = part;
    }
    if (members) picked.members = members;
    else picked.elements = elements;
    if (!picked.n && depth) picked.type = VALUE_NONE;
    return picked;
}

struct value paths_pick(struct arena *a, const struct path *sorted, u32 n, const struct value *item) {
    if (!n || item->type != VALUE_M) return (struct value){.type = VALUE_M};
    return pick(a, sorted, n, 0, item);
}

/* ---- projections ---- */

err parse_projection(struct call *c, str text, struct placeholders *names, struct projection *out) {
    struct parser p;
    parser_start(&p, c, "ProjectionExpression", text, names, NULL);
    u32 capacity = 8;
    *out = (struct projection){.paths = NEW_ARRAY(c->arena, struct path, capacity)};
    do {
        if (out->n) parser_next(&p);
        if (out->n == capacity) {
            struct path *more = NEW_ARRAY(c->arena, struct path, capacity * 2);
            memcpy(more, out->paths, capacity * sizeof *more);
            out->paths = more;
            capacity *= 2;
        }
        struct path path;
        TRY(parse_path(&p, &path));
        parser_check_paths(&p, out->paths, out->n, &path);
        out->paths[out->n++] = path;
    } while (parser_at(&p, ','));
    TRY(parser_finish(&p));
    out->sorted = NEW_ARRAY(c->arena, struct path, out->n);
    memcpy(out->sorted, out->paths, out->n * sizeof *out->paths);
    paths_sort(out->sorted, out->n);
    return NULL;
}

struct value projection_apply(struct arena *a, const struct projection *p, const struct value *item) {
    return p ? paths_pick(a, p->sorted, p->n, item) : *item;
}

u32 projection_names(struct arena *a, const struct projection *p, const str **names) {
    str *v = NEW_ARRAY(a, str, p->n + 1);
    u32 n = 0;
    for (u32 i = 0; i < p->n; i++)
        if (!n || !str_eq(v[n - 1], p->sorted[i].steps[0].name)) v[n++] = p->sorted[i].steps[0].name;
    *names = v;
    return n;
}
