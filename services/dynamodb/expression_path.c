/* Document paths: their order, and how messages show them. */
#include "services/dynamodb/expression_tree.h"

struct path path_of_name(struct arena *a, str name) {
    struct step *step = NEW(a, struct step);
    step->name = name.p ? name : S("");
    return (struct path){step, 1};
}

/* Names stand before indices, so that sorted paths keep those of one place together. */
int path_compare(const struct path *x, const struct path *y) {
    for (u32 i = 0; i < x->n && i < y->n; i++) {
        const struct step *a = &x->steps[i], *b = &y->steps[i];
        if (!a->name.p != !b->name.p) return a->name.p ? -1 : 1;
        int order = a->name.p ? str_cmp(a->name, b->name) : (a->index > b->index) - (a->index < b->index);
        if (order) return order;
    }
    return (x->n > y->n) - (x->n < y->n);
}

void paths_sort(struct path *paths, u32 n) {
    for (u32 i = 1; i < n; i++) {
        struct path path = paths[i];
        u32 at = i;
        for (; at && path_compare(&paths[at - 1], &path) > 0; at--) paths[at] = paths[at - 1];
        paths[at] = path;
    }
}

str path_text(struct arena *a, const struct path *path) {
    struct buf b = buf_new(a, 1 << 20);
    buf_char(&b, '[');
    for (u32 i = 0; i < path->n; i++) {
        if (i) buf_add(&b, S(", "));
        if (path->steps[i].name.p) buf_add(&b, path->steps[i].name);
        else buf_format(&b, "[%u]", path->steps[i].index);
    }
    buf_char(&b, ']');
    return buf_str(&b);
}
