/* What a SELECT names: as a projection, each path once, in order; and as the names that it gives. */
#include "services/dynamodb/partiql.h"

str statement_column(struct arena *a, const struct path *path) {
    u32 named = path->n - 1;
    while (!path->steps[named].name.p) named--;
    if (named + 1 == path->n) return path->steps[named].name;
    struct buf b = buf_new(a, 1 << 16);
    buf_add(&b, path->steps[named].name);
    for (u32 i = named + 1; i < path->n; i++) buf_format(&b, "[%u]", path->steps[i].index);
    return buf_str(&b);
}

struct projection *statement_projection(struct call *c, const struct statement *s) {
    if (!s->n_paths) return NULL;
    struct projection *p = NEW(c->arena, struct projection);
    *p = (struct projection){s->paths, NEW_ARRAY(c->arena, struct path, s->n_paths), 0};
    for (u32 i = 0; i < s->n_paths; i++) {
        bool again = false;
        for (u32 j = 0; j < p->n && !again; j++) again = path_compare(&p->sorted[j], &s->paths[i]) == 0;
        if (!again) p->sorted[p->n++] = s->paths[i];
    }
    paths_sort(p->sorted, p->n);
    p->paths = p->sorted;
    return p;
}
