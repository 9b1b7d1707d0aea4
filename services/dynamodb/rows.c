/* Where rows stand.
 *
 *   ("ddb", space) place sort                                    an item
 *   ("ddb", space of the index) place of its hash key, sort, place of the item's key   an item in an index
 *
 * A place is 24 bytes. The first 8 are of the hash by which AWS orders partitions (seen from outside:
 * MD5 over a word and the key's bytes), the other 16 are of SHA-256: two keys whose places begin alike
 * are two partitions, side by side. */
#include "services/dynamodb/dynamodb.h"

#include "crypto/crypto.h"

struct ddb_place ddb_place_of(str hash_key) {
    static const char word[] = "Outliers";
    struct ddb_place place;
    u8 hash[DIGEST_MAX], id[32];
    struct digest d;
    digest_init(&d, DIGEST_MD5);
    digest_add(&d, word, sizeof word - 1);
    digest_add(&d, hash_key.p, hash_key.n);
    digest_end(&d, hash);
    sha256(hash_key, id);
    memcpy(place.bytes, hash, DDB_PLACE_HASH);
    memcpy(place.bytes + DDB_PLACE_HASH, id, DDB_PLACE_ID);
    return place;
}

struct key ddb_space_key(struct arena *a, u64 space) {
    struct key k = key_new(a, S("ddb"));
    key_u64(&k, space);
    return k;
}

static void key_place(struct key *k, const struct ddb_place *place) {
    buf_add(&k->buf, (str){place->bytes, DDB_PLACE});
}

str ddb_place_key(struct arena *a, u64 space, const struct ddb_place *place) {
    struct key k = ddb_space_key(a, space);
    key_place(&k, place);
    return key_bytes(&k);
}

/* Groups of eight bytes, each followed by how many of them count, or by MORE. So a key of 1,024 bytes
 * takes 1,161, whatever they are, where escapes could take twice as many. */
enum { GROUP = 8, MORE = GROUP + 1 };

static void key_groups(struct key *k, str s, bool whole) {
    for (; s.n > GROUP; s = str_skip(s, GROUP)) {
        buf_add(&k->buf, str_take(s, GROUP));
        buf_char(&k->buf, MORE);
    }
    buf_add(&k->buf, s);
    for (size_t i = s.n; whole && i < GROUP; i++) buf_char(&k->buf, 0);
    if (whole) buf_char(&k->buf, (char)s.n);
}

void ddb_key_sort(struct key *k, u8 type, str sort) {
    if (type == VALUE_N) {
        buf_add(&k->buf, sort);
        buf_char(&k->buf, 0); /* below every byte of a number's digits */
    } else if (type != VALUE_NONE) {
        key_groups(k, sort, true);
    }
}

void ddb_key_locate(struct arena *a, const struct ddb_table *t, struct ddb_key *k) {
    k->place = ddb_place_of(value_key(a, &k->hash));
    k->sort = k->range.type == VALUE_NONE ? (str){0} : value_key(a, &k->range);
    struct key row = ddb_space_key(a, t->space);
    key_place(&row, &k->place);
    ddb_key_sort(&row, k->range.type, k->sort);
    k->row = key_bytes(&row);
}

/* Behind the index's own key stands the item's, by its digest: entries with one key are in the order of
 * the hash of the item's key, as AWS has them. */
static struct ddb_place base_place(struct arena *a, const struct ddb_key *base) {
    str hash = value_key(a, &base->hash);
    struct ddb_place place = ddb_place_of(arena_concat(a, hash, base->sort));
    u8 id[32];
    sha256(arena_format(a, "%zu ", hash.n), id); /* where one part ends and the other begins */
    for (int i = 0; i < DDB_PLACE_ID; i++) place.bytes[DDB_PLACE_HASH + i] ^= (char)id[i];
    return place;
}

/* One attribute is its own bytes; of several each says where it ends. */
static struct ddb_place place_of(struct arena *a, const struct value *hash, u32 n) {
    if (n == 1) return ddb_place_of(value_key(a, hash));
    struct key k = {buf_new(a, KEY_PARTS_MAX * (2 * DDB_HASH_MAX))};
    for (u32 i = 0; i < n; i++) ddb_key_sort(&k, hash[i].type, value_key(a, &hash[i]));
    return ddb_place_of(key_bytes(&k));
}

str ddb_index_row(struct arena *a, const struct ddb_index *index, const struct ddb_index_key *key, const struct ddb_key *base) {
    struct key_attributes keys = ddb_key_attributes(&index->keys);
    bool local = index->kind == DDB_LOCAL;
    struct ddb_place place = local ? base->place : place_of(a, key->hash, keys.hashes);
    struct key k = ddb_space_key(a, index->space);
    key_place(&k, &place);
    for (u32 i = 0; i < keys.ranges; i++) ddb_key_sort(&k, key->range[i].type, value_key(a, &key->range[i]));
    place = base_place(a, base);
    key_place(&k, &place);
    return key_bytes(&k);
}

static str with_sort(struct arena *a, str prefix, const struct value *v, bool whole) {
    struct key k = {buf_new(a, KEY_MAX)};
    str sort = value_key(a, v);
    buf_add(&k.buf, prefix);
    if (whole || v->type == VALUE_N) ddb_key_sort(&k, v->type, sort);
    else key_groups(&k, sort, false);
    return key_bytes(&k);
}

struct ddb_span ddb_span_of(struct arena *a, u64 space, const struct key_range *range) {
    struct ddb_place place = place_of(a, range->hash, range->hashes);
    str all = ddb_place_key(a, space, &place);
    for (u32 i = 0; i < range->equals; i++) all = with_sort(a, all, &range->equal[i], true);
    struct ddb_span span = {all, key_after_prefix(a, all)};
    if (range->range_operator == RANGE_ALL) return span;
    str low = with_sort(a, all, &range->low, range->range_operator != RANGE_BEGINS_WITH);
    switch ((enum range_operator)range->range_operator) {
    case RANGE_ALL: break;
    case RANGE_BEGINS_WITH:
    case RANGE_EQ: span = (struct ddb_span){low, key_after_prefix(a, low)}; break;
    case RANGE_LT: span.to = low; break;
    case RANGE_LE: span.to = key_after_prefix(a, low); break;
    case RANGE_GT: span.from = key_after_prefix(a, low); break;
    case RANGE_GE: span.from = low; break;
    case RANGE_BETWEEN:
        span.from = low;
        span.to = key_after_prefix(a, with_sort(a, all, &range->high, true));
        break;
    }
    return span;
}
