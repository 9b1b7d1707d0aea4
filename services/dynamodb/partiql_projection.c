/* What a SELECT names, as a projection: each path once, in order. */
#include "services/dynamodb/partiql.h"

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
