/* The attributes of a key: of a table one and one or none, of a global index up to four in each half. */
#include "services/dynamodb/dynamodb.h"

struct key_attributes ddb_key_attributes(const struct ddb_schema *keys) {
    struct key_attributes k = {.hash = {{keys->hash, (u8)keys->hash_type}}, .range = {{keys->range, (u8)keys->range_type}}};
    k.hashes = keys->hash.p ? 1 : 0; /* a vector index may have none */
    k.ranges = keys->range.p ? 1 : 0;
    for (u32 i = 0; i < keys->more.n; i++) {
        const struct ddb_key_part *part = &keys->more.v[i];
        struct key_attribute *to = part->range ? &k.range[k.ranges++] : &k.hash[k.hashes++];
        *to = (struct key_attribute){part->name, (u8)part->type};
    }
    return k;
}

u32 ddb_key_names(const struct ddb_schema *keys, str *names) {
    struct key_attributes k = ddb_key_attributes(keys);
    u32 n = 0;
    for (u32 i = 0; i < k.hashes; i++) names[n++] = k.hash[i].name;
    for (u32 i = 0; i < k.ranges; i++) names[n++] = k.range[i].name;
    return n;
}

bool ddb_key_fits(const struct value *v, u32 n, u64 most) {
    u64 size = 0; /* a number alone always fits */
    for (u32 i = 0; i < n; i++) size += v[i].type == VALUE_N && n == 1 ? 0 : value_size(&v[i]);
    return size <= most;
}
