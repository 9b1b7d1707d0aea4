/* Blocks in the store: a row each under their stream, and one in the index of their group by time. */
#include "logs.h"

#include "crypto/crypto.h"

enum { ROW_BYTES = 1400 /* of a block that stands in its row: two fit a page of LMDB */ };

static struct key rows_of(struct arena *a, str room, u64 id) {
    struct key k = key_new(a, room);
    key_u64(&k, id);
    return k;
}
struct key log_blocks(struct arena *a, u64 stream) { return rows_of(a, S("logs-block"), stream); }
struct key log_times(struct arena *a, u64 group) { return rows_of(a, S("logs-time"), group); }

static str block_row(struct arena *a, const struct log_block_id *id) {
    struct key k = log_blocks(a, id->stream);
    key_i64(&k, id->first_ms);
    key_u64(&k, id->put);
    key_u64(&k, id->number);
    return key_bytes(&k);
}

static str time_row(struct arena *a, u64 group, const struct log_block_id *id) {
    struct key k = log_times(a, group);
    key_i64(&k, id->first_ms);
    key_u64(&k, id->put);
    key_u64(&k, id->number);
    key_u64(&k, id->stream);
    return key_bytes(&k);
}

void log_block_put(struct txn *t, struct arena *a, u64 group, const struct log_block_id *id, const struct log_block *block) {
    struct log_time time = {.last_ms = block->last_ms, .put = block->put};
    txn_put(t, block_row(a, id), record_encode(a, &logs_block_record, block));
    txn_put(t, time_row(a, group, id), record_encode(a, &logs_time_record, &time));
}

bool log_block_get(struct txn *t, struct arena *a, const struct log_block_id *id, struct log_block *block) {
    str row;
    *block = (struct log_block){0};
    if (!txn_get(t, block_row(a, id), &row)) return false;
    ASSERT(record_decode(a, &logs_block_record, arena_str(a, row), block));
    return true;
}

void log_block_delete(struct txn *t, struct arena *a, u64 group, const struct log_block_id *id) {
    struct log_block block;
    if (log_block_get(t, a, id, &block) && block.blob.n) txn_blob_delete(t, block.blob);
    txn_delete(t, block_row(a, id));
    txn_delete(t, time_row(a, group, id));
}

void log_rows_forget(struct txn *t, struct arena *a, const struct key *of, int *left) {
    str all = key_bytes(of), key;
    struct range r = txn_range(t, all, key_after_prefix(a, all));
    for (; *left && range_next(&r, &key, NULL); --*left) txn_delete(t, arena_str(a, key));
}

static bool read_number(str *rest, u32 *number) {
    u64 n;
    if (!key_read_u64(rest, &n)) return false;
    *number = (u32)n;
    return true;
}

bool log_block_next(struct range *r, struct arena *a, struct log_block_id *id, struct log_block *block) {
    str key, row, room;
    if (!range_next(r, &key, &row)) return false;
    ASSERT(key_read_str(&key, a, &room) && key_read_u64(&key, &id->stream) && key_read_i64(&key, &id->first_ms) && key_read_u64(&key, &id->put) && read_number(&key, &id->number));
    *block = (struct log_block){0};
    ASSERT(record_decode(a, &logs_block_record, row, block)); /* views of the row */
    return true;
}

bool log_time_next(struct range *r, struct arena *a, struct log_block_id *id, struct log_time *time) {
    str key, row, room;
    u64 group;
    *time = (struct log_time){0};
    if (!range_next(r, &key, &row)) return false;
    ASSERT(key_read_str(&key, a, &room) && key_read_u64(&key, &group) && key_read_i64(&key, &id->first_ms) && key_read_u64(&key, &id->put) && read_number(&key, &id->number) &&
           key_read_u64(&key, &id->stream));
    ASSERT(record_decode(a, &logs_time_record, row, time));
    return true;
}

/* ---- bytes ---- */

static void drop_stage(void *stage) { blob_stage_drop(stage); }

/* Under a data key: nonce, sealed bytes, tag. */
static str seal(struct arena *a, str plain, str key) {
    u8 *out = arena_alloc(a, AEAD_NONCE + plain.n + AEAD_TAG, 1);
    random_unique(out, AEAD_NONCE);
    aead_seal(aead_new(a, (const u8 *)key.p), out, (str){0}, plain, out + AEAD_NONCE, out + AEAD_NONCE + plain.n);
    return (str){(char *)out, AEAD_NONCE + plain.n + AEAD_TAG};
}

static bool unseal(struct arena *a, str sealed, str key, str *plain) {
    if (sealed.n < AEAD_NONCE + AEAD_TAG) return false;
    const u8 *bytes = (const u8 *)sealed.p;
    size_t n = sealed.n - AEAD_NONCE - AEAD_TAG;
    u8 *out = arena_alloc(a, n + 1, 1);
    *plain = (str){(char *)out, n};
    return aead_open(aead_new(a, (const u8 *)key.p), bytes, (str){0}, (str){(const char *)bytes + AEAD_NONCE, n}, bytes + AEAD_NONCE + n, out);
}

bool log_block_fill(struct store *s, struct arena *a, str packed, str key, struct log_block *block, struct blob_stage **stage) {
    if (key.p) packed = seal(a, packed, key);
    block->packed = block->blob = (str){0};
    *stage = NULL;
    if (packed.n <= ROW_BYTES) {
        block->packed = packed;
        return true;
    }
    *stage = blob_stage_new(s, (i64)packed.n, (struct blob_placement){0});
    arena_on_free(a, drop_stage, *stage);
    return blob_stage_add(*stage, packed) && blob_stage_finish(*stage);
}

bool log_block_open(struct txn *t, struct arena *a, const struct log_block *block, str key, struct block_view *view) {
    struct block_origin origin = {.put = block->put, .ingested_ms = block->ingested_ms, .number = (u32)block->number};
    str packed = block->packed;
    if (block->blob.n) {
        size_t n = blob_length(block->blob);
        char *out = arena_alloc(a, n + 1, 16);
        struct blob_reader *r = blob_open(t, block->blob, a);
        bool read = blob_read(r, 0, out, n);
        blob_close(r);
        if (!read) return false;
        packed = (str){out, n};
    }
    if (key.p && !unseal(a, packed, key, &packed)) return false;
    return block_unpack(a, packed, &origin, view) && view->count == block->count;
}
