/* Bodies hidden under a room's keys, beneath the store's own seal. */
#include "cloud/stream.h"

enum { PIECE = 16 << 10 };

bool hidden_stage(struct blob_stage *stage, const u8 *key, u64 *position, str bytes) {
    u8 piece[PIECE];
    if (!key) return blob_stage_add(stage, bytes);
    while (bytes.n) {
        str now = str_take(bytes, sizeof piece);
        ctr_apply(key, *position, now.p, piece, now.n);
        if (!blob_stage_add(stage, (str){(const char *)piece, now.n})) return false;
        *position += now.n;
        bytes = str_skip(bytes, now.n);
    }
    return true;
}

bool hidden_read(struct blob_reader *reader, const struct body_keys *keys, u64 offset, char *out, size_t n) {
    if (!blob_read(reader, offset, out, n)) return false;
    for (u32 i = 0; keys && i < keys->n; i++) {
        const struct body_key *k = &keys->v[i];
        u64 from = MAX(offset, k->from), to = MIN(offset + n, k->from + k->length);
        if (from < to) ctr_apply(k->key, from - k->from, out + (from - offset), out + (from - offset), (size_t)(to - from));
    }
    return true;
}

bool stream_read(const struct stream *s, u64 offset, char *out, size_t n) {
    ASSERT(s->reader);
    return hidden_read(s->reader, s->keys, s->offset + offset, out, n);
}

static void wipe(void *keys) { explicit_bzero(((struct body_keys *)keys)->v, ((struct body_keys *)keys)->n * sizeof(struct body_key)); }

struct body_keys *body_keys_new(struct arena *a, u32 max) {
    struct body_keys *keys = NEW(a, struct body_keys);
    keys->v = NEW_ARRAY(a, struct body_key, max);
    arena_on_free(a, wipe, keys);
    return keys;
}
