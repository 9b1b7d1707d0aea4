/* One item as it is stored, and how much its partition holds. */
#include "services/dynamodb/dynamodb.h"

str ddb_item_read(struct call *c, const struct ddb_key *k) {
    str bytes;
    return txn_get(c->txn, k->row, &bytes) ? arena_str(c->arena, bytes) : (str){0}; /* answers outlive the snapshot */
}

struct value ddb_item_decode(struct arena *a, str bytes) {
    struct value item = {0};
    if (bytes.p) ASSERT(item_decode(a, bytes, &item));
    return item;
}

err ddb_item_too_large(struct call *c, bool update) {
    return fail(c, &cloud_validation, update ? "Item size to update has exceeded the maximum allowed size"
                                             : "Item size has exceeded the maximum allowed size");
}

i64 ddb_collection_bytes(struct call *c, const struct ddb_table *t, const struct ddb_key *k) {
    str value;
    i64 held = 0;
    if (txn_get(c->txn, ddb_place_key(c->arena, t->collections, &k->place), &value)) ASSERT(str_to_i64(value, &held));
    return held;
}
