/* The network between two regions, where it was cut on purpose: ("links", one, other) is there. */
#include "cloud/cloud.h"

static str link_key(struct arena *a, str one, str other) {
    bool ordered = str_cmp(one, other) < 0;
    struct key k = key_new(a, S("links"));
    key_str(&k, ordered ? one : other);
    key_str(&k, ordered ? other : one);
    return key_bytes(&k);
}

bool region_linked(struct txn *t, struct arena *a, str one, str other) {
    return str_eq(one, other) || !txn_get(t, link_key(a, one, other), NULL);
}

void region_link_set(struct txn *t, struct arena *a, str one, str other, bool up) {
    if (up) txn_delete(t, link_key(a, one, other));
    else txn_put(t, link_key(a, one, other), S(""));
}

bool region_link_cut_next(struct range *links, struct arena *a, str *one, str *other) {
    str key, value;
    if (!range_next(links, &key, &value)) return false;
    str rest = str_skip(key, links->from.n);
    ASSERT(key_read_str(&rest, a, one) && key_read_str(&rest, a, other));
    return true;
}

struct range region_links_cut(struct txn *t, struct arena *a) {
    struct key k = key_new(a, S("links"));
    str prefix = key_bytes(&k);
    return txn_range(t, prefix, key_after_prefix(a, prefix));
}
