/* Emptying an account: what its data stores took in and its queries' results own bytes; the other rows go by themselves. */
#include "lake.h"

bool cloudtrail_release(struct txn *t, str account, int *budget);

static str bytes_of(struct arena *a, str type, str row) {
    struct ct_batch batch = {0};
    struct ct_query query = {0};
    if (str_eq(type, S("lake"))) {
        ASSERT(record_decode(a, &ct_batch_record, row, &batch));
        return batch.blob;
    }
    ASSERT(record_decode(a, &ct_query_record, row, &query));
    return query.results;
}

bool cloudtrail_release(struct txn *t, str account, int *budget) {
    struct arena *a = txn_arena(t);
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, account);
    str from = key_bytes(&k), key, row;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    while (range_next(&rows, &key, &row)) {
        str whole = arena_str(a, key), rest = str_skip(whole, from.n), region, type;
        ASSERT(key_read_str(&rest, a, &region) && key_read_str(&rest, a, &type));
        if (!str_eq(type, S("lake")) && !str_eq(type, S("query"))) {
            range_seek(&rows, key_after_prefix(a, str_take(whole, whole.n - rest.n)));
            continue;
        }
        if (!*budget) return false;
        --*budget;
        str bytes = bytes_of(a, type, arena_str(a, row));
        if (bytes.n) txn_blob_delete(t, bytes);
        txn_delete(t, whole);
    }
    return true;
}
