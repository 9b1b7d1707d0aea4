/* The versions of a key: their ids, where they stand, and what becomes current when they come and go.
 *
 * An id is 32 characters: chance, two that check it, and the version's sequence hidden by the chance. So
 * it leads to its row by itself, and an id that was never given out is known as such. */
#include "services/s3/versions.h"
#include "services/s3/storage.h"

enum { ORDER_CURRENT = 0, ID_CHANCE = 19, ID_CHECK = 2, ID_SEQUENCE = 11, ID_LENGTH = ID_CHANCE + ID_CHECK + ID_SEQUENCE };
#define ID_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

static u64 mixed(str chance) {
    u64 hash = 14695981039346656037ull; /* FNV-1a */
    for (size_t i = 0; i < chance.n; i++) hash = (hash ^ (u8)chance.p[i]) * 1099511628211ull;
    return hash;
}

static u64 check_of(str chance, u64 sequence) { return (mixed(chance) ^ sequence * 0x9e3779b97f4a7c15ull) >> 52; }

static void digits_write(char *out, u64 number, size_t n) {
    for (size_t i = n; i--; number >>= 6) out[i] = ID_ALPHABET[number & 63];
}

static bool digits_read(str text, u64 *number) {
    *number = 0;
    for (size_t i = 0; i < text.n; i++) {
        size_t digit = str_find_char(S(ID_ALPHABET), text.p[i]);
        if (digit == STR_NONE || *number >> 58) return false;
        *number = *number << 6 | digit;
    }
    return true;
}

str s3_version_id_new(struct call *c, u64 sequence) {
    char *id = NEW_ARRAY(c->arena, char, ID_LENGTH);
    str chance = id_from(c->arena, S(ID_ALPHABET), ID_CHANCE);
    memcpy(id, chance.p, ID_CHANCE);
    digits_write(id + ID_CHANCE, check_of(chance, sequence), ID_CHECK);
    digits_write(id + ID_CHANCE + ID_CHECK, sequence ^ mixed(chance), ID_SEQUENCE);
    return (str){id, ID_LENGTH};
}

bool s3_version_id_read(str id, u64 *sequence) {
    u64 check, hidden;
    if (id.n != ID_LENGTH) return false;
    str chance = str_take(id, ID_CHANCE), rest = str_skip(id, ID_CHANCE);
    if (!digits_read(str_take(rest, ID_CHECK), &check) || !digits_read(str_skip(rest, ID_CHECK), &hidden)) return false;
    *sequence = hidden ^ mixed(chance);
    return check == check_of(chance, *sequence);
}

bool s3_version_is_null(str id) { return str_eq(id, S("null")); }

str s3_version_name(const struct object_row *object) { return object->version_id.p ? object->version_id : S("null"); }

str s3_version_shown(const struct bucket_row *bucket, const struct object_row *object) {
    return bucket->versioning ? s3_version_name(object) : (str){0};
}

/* ---- finding ---- */

static bool row_get(struct call *c, const struct bucket_row *bucket, str key, u64 order, struct object_row *object) {
    str value;
    if (!txn_get(c->txn, s3_object_key(c, bucket, key, order), &value)) return false;
    *object = (struct object_row){0};
    ASSERT(record_decode(c->arena, &s3_object_record, value, object));
    object->order = order;
    return true;
}

bool s3_version_current(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    return s3_object_key_fits(key) && row_get(c, bucket, key, ORDER_CURRENT, object);
}

/* The null version where it is not the current one. */
static bool null_get(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    str value;
    struct null_row row = {0};
    if (!txn_get(c->txn, s3_null_key(c, bucket, key), &value)) return false;
    ASSERT(record_decode(c->arena, &s3_null_record, value, &row));
    ASSERT(row_get(c, bucket, key, ~row.sequence, object));
    return true;
}

bool s3_version_find(struct call *c, const struct bucket_row *bucket, str key, str id, struct object_row *object) {
    u64 sequence;
    bool null = s3_version_is_null(id);
    if (!s3_version_current(c, bucket, key, object)) return false; /* a key with versions has a current one */
    if (null ? !object->version_id.p : str_eq(object->version_id, id)) return true;
    if (null) return null_get(c, bucket, key, object);
    return s3_version_id_read(id, &sequence) && row_get(c, bucket, key, ~sequence, object) && str_eq(object->version_id, id);
}

bool s3_version_of_sequence(struct call *c, const struct bucket_row *bucket, str key, u64 sequence, struct object_row *object) {
    bool current = row_get(c, bucket, key, ORDER_CURRENT, object) && object->sequence == sequence;
    return current || row_get(c, bucket, key, ~sequence, object);
}

/* ---- in tasks ---- */

str s3_version_task_key(struct call *c, const struct bucket_row *bucket, const struct object_row *object) {
    return arena_format(c->arena, "%llx.%llx", (unsigned long long)bucket->id, (unsigned long long)object->sequence);
}

struct version_at s3_version_at(const struct bucket_row *bucket, str key, const struct object_row *object) {
    return (struct version_at){bucket->account, bucket->name, bucket->id, key, object->sequence, 0};
}

bool s3_version_of_task(struct txn *t, const struct task *task, i64 now_ms, struct call **call, struct bucket_row *bucket,
                        struct version_at *at, struct object_row *object) {
    *at = (struct version_at){0};
    ASSERT(record_decode(txn_arena(t), &s3_version_at_record, task->payload, at));
    struct call *c = *call = call_for_task(t, &s3_service, at->account, S(""), now_ms);
    if (!s3_bucket_own(c, at->account, at->bucket, bucket) || bucket->id != at->bucket_id) return false;
    c->region = bucket->region;
    return s3_version_of_sequence(c, bucket, at->key, at->sequence, object);
}

/* ---- changing ---- */

static void row_put(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    txn_put(c->txn, s3_object_key(c, bucket, key, object->order), record_encode(c->arena, &s3_object_record, object));
}

static void release_bytes(struct call *c, const struct bucket_row *bucket, const struct object_row *object) {
    s3_storage_left_early(c, object);
    if (object->blob.p) txn_blob_delete(c->txn, object->blob);
    if (object->part_count) s3_parts_sweep(c, bucket, object->upload_id, false);
}

/* The current version becomes one of the others. */
static void push_down(struct call *c, const struct bucket_row *bucket, str key, struct object_row *old) {
    old->order = ~old->sequence;
    row_put(c, bucket, key, old);
    if (old->version_id.p) return;
    struct null_row null = {old->sequence};
    txn_put(c->txn, s3_null_key(c, bucket, key), record_encode(c->arena, &s3_null_record, &null));
}

static void row_delete(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    txn_delete(c->txn, s3_object_key(c, bucket, key, object->order));
    if (object->order && !object->version_id.p) txn_delete(c->txn, s3_null_key(c, bucket, key));
}

/* The newest of the others becomes current. */
static void pull_up(struct call *c, const struct bucket_row *bucket, str key) {
    str from = s3_object_key(c, bucket, key, ORDER_CURRENT + 1), row_key, value;
    struct range rows = txn_range(c->txn, from, s3_key_after_string(c, s3_objects_prefix(c, bucket), key));
    struct object_row next = {0};
    if (!range_next(&rows, &row_key, &value)) return;
    ASSERT(record_decode(c->arena, &s3_object_record, arena_str(c->arena, value), &next));
    next.order = ~next.sequence;
    row_delete(c, bucket, key, &next);
    next.order = ORDER_CURRENT;
    row_put(c, bucket, key, &next);
}

void s3_version_place(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    struct object_row old, null;
    bool there = s3_version_current(c, bucket, key, &old);
    object->sequence = txn_sequence(c->txn);
    object->modified_ms = c->now_ms;
    object->order = ORDER_CURRENT;
    object->replication = 0;
    object->version_id = (str){0};
    if (bucket->versioning == S3_VERSIONING_ENABLED) object->version_id = s3_version_id_new(c, object->sequence);
    if (there && bucket->versioning != S3_VERSIONING_ENABLED && !old.version_id.p) {
        release_bytes(c, bucket, &old); /* there is one null version */
        there = false;
    } else if (there && bucket->versioning == S3_VERSIONING_SUSPENDED && null_get(c, bucket, key, &null)) {
        release_bytes(c, bucket, &null);
        row_delete(c, bucket, key, &null);
    }
    if (there) push_down(c, bucket, key, &old);
    row_put(c, bucket, key, object);
}

void s3_version_place_replica(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    struct object_row old;
    bool null = !object->version_id.p;
    if (null && s3_version_find(c, bucket, key, S("null"), &old)) s3_version_remove(c, bucket, key, &old); /* there is one */
    bool newest = !s3_version_current(c, bucket, key, &old) || old.sequence < object->sequence;
    object->order = newest ? ORDER_CURRENT : ~object->sequence;
    if (newest && s3_version_current(c, bucket, key, &old)) push_down(c, bucket, key, &old);
    if (newest) row_put(c, bucket, key, object);
    else push_down(c, bucket, key, object);
}

void s3_version_update(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    row_put(c, bucket, key, object);
}

void s3_version_remove(struct call *c, const struct bucket_row *bucket, str key, const struct object_row *object) {
    release_bytes(c, bucket, object);
    row_delete(c, bucket, key, object);
    if (object->order == ORDER_CURRENT && bucket->versioning) pull_up(c, bucket, key);
}
