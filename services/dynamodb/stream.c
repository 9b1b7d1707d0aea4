/* A table's stream: born with the table or later, noted with every change, cut into shards by time, and
 * kept for 24 hours, also when it was switched off or its table is gone. */
#include "services/dynamodb/stream.h"

#include "cloud/source.h"

static const struct record_field shard_fields[] = {
    RECORD_U64(1, struct ddb_shard, first),      RECORD_U64(2, struct ddb_shard, last),   RECORD_I64(3, struct ddb_shard, born_ms),
    RECORD_I64(4, struct ddb_shard, closed_ms), RECORD_U64(5, struct ddb_shard, parent),
};
static const struct record_type shard_record = RECORD_TYPE(struct ddb_shard, shard_fields);

static const struct record_field stream_fields[] = {
    RECORD_U64(1, struct ddb_stream, space),         RECORD_I64(2, struct ddb_stream, view),
    RECORD_I64(3, struct ddb_stream, created_ms),    RECORD_I64(4, struct ddb_stream, ended_ms),
    RECORD_STR(5, struct ddb_stream, keys.hash),     RECORD_STR(6, struct ddb_stream, keys.range),
    RECORD_I64(7, struct ddb_stream, keys.hash_type), RECORD_I64(8, struct ddb_stream, keys.range_type),
    RECORD_LIST(9, struct ddb_stream, shards, shard_record),
};
const struct record_type ddb_stream_record = RECORD_TYPE(struct ddb_stream, stream_fields);

static const struct record_field entry_fields[] = {
    RECORD_I64(1, struct ddb_stream_entry, event), RECORD_I64(2, struct ddb_stream_entry, at_ms),
    RECORD_I64(3, struct ddb_stream_entry, bytes), RECORD_STR(4, struct ddb_stream_entry, keys),
    RECORD_STR(5, struct ddb_stream_entry, old),   RECORD_STR(6, struct ddb_stream_entry, new_),
    RECORD_BOOL(7, struct ddb_stream_entry, by_ttl),
};
const struct record_type ddb_stream_entry_record = RECORD_TYPE(struct ddb_stream_entry, entry_fields);

/* ---- names ---- */

static const char *const views[] = {[DDB_VIEW_KEYS] = "KEYS_ONLY", [DDB_VIEW_NEW] = "NEW_IMAGE", [DDB_VIEW_OLD] = "OLD_IMAGE",
                                    [DDB_VIEW_BOTH] = "NEW_AND_OLD_IMAGES"};

str ddb_view_name(i64 view) { return str_of(views[view]); }

static i64 view_of(str name) {
    for (i64 i = DDB_VIEW_KEYS; i <= DDB_VIEW_BOTH; i++)
        if (str_eq(name, str_of(views[i]))) return i;
    return DDB_VIEW_BOTH;
}

/* "2015-05-20T20:51:10.252": the moment of birth. */
str ddb_stream_label(struct arena *a, i64 born_ms) {
    struct buf b = buf_new(a, 32);
    buf_iso8601_ms(&b, born_ms);
    str text = buf_str(&b);
    return str_take(text, text.n - 1);
}

str ddb_stream_row(struct arena *a, str account, str region, str table, str label) {
    struct key k = key_new(a, S("dynamodb"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("stream"));
    key_str(&k, table);
    key_str(&k, label);
    return key_bytes(&k);
}

bool ddb_stream_load(struct txn *t, struct arena *a, str account, str region, str table, str label, struct ddb_stream *s) {
    str row;
    if (table.n > DDB_NAME_MAX || label.n > 64) return false;
    if (!txn_get(t, ddb_stream_row(a, account, region, table, label), &row)) return false;
    *s = (struct ddb_stream){0};
    ASSERT(record_decode(a, &ddb_stream_record, arena_str(a, row), s));
    s->account = account;
    s->region = region;
    s->table = table;
    s->label = label;
    return true;
}

static void save(struct txn *t, struct arena *a, const struct ddb_stream *s) {
    txn_put(t, ddb_stream_row(a, s->account, s->region, s->table, s->label), record_encode(a, &ddb_stream_record, s));
}

/* ---- its life ---- */

static void add_shard(struct txn *t, struct arena *a, struct ddb_stream *s, i64 now_ms) {
    struct ddb_shard *more = NEW_ARRAY(a, struct ddb_shard, s->shards.n + 1);
    u64 parent = s->shards.n ? s->shards.v[s->shards.n - 1].first : 0;
    if (s->shards.n) memcpy(more, s->shards.v, s->shards.n * sizeof *more);
    more[s->shards.n++] = (struct ddb_shard){.first = txn_sequence(t), .born_ms = now_ms, .parent = parent};
    s->shards.v = more;
    s->shards.set = true;
}

static void close_shard(struct txn *t, struct ddb_stream *s, i64 now_ms) {
    struct ddb_shard *open = &s->shards.v[s->shards.n - 1];
    open->last = txn_sequence(t);
    open->closed_ms = now_ms;
}

static void set_timer(struct txn *t, struct arena *a, const struct ddb_stream *s, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("dynamodb.stream"),
                                   .key = ddb_stream_row(a, s->account, s->region, s->table, s->label),
                                   .due_ms = due_ms});
}

void ddb_stream_begin(struct call *c, struct ddb_table *t, str view) {
    i64 born = c->now_ms;
    struct ddb_stream s = {.space = txn_sequence(c->txn), .view = view_of(view), .keys = t->keys, .account = t->account, .region = t->region, .table = t->name}, old;
    while (ddb_stream_load(c->txn, c->arena, t->account, t->region, t->name, ddb_stream_label(c->arena, born), &old)) born++;
    s.created_ms = born;
    s.label = ddb_stream_label(c->arena, born);
    add_shard(c->txn, c->arena, &s, c->now_ms);
    save(c->txn, c->arena, &s);
    set_timer(c->txn, c->arena, &s, c->now_ms + DDB_SHARD_MS);
    t->stream = s.space;
    t->stream_view = s.view;
    t->stream_ms = born;
    t->streaming = true;
}

void ddb_stream_end(struct call *c, struct ddb_table *t) {
    struct ddb_stream s;
    t->streaming = false;
    if (!ddb_stream_load(c->txn, c->arena, t->account, t->region, t->name, ddb_stream_label(c->arena, t->stream_ms), &s)) return;
    close_shard(c->txn, &s, c->now_ms);
    s.ended_ms = c->now_ms;
    save(c->txn, c->arena, &s);
}

/* ---- a change ---- */

void ddb_stream_note(struct call *c, const struct ddb_change *change) {
    const struct ddb_table *t = change->table;
    struct value keys = ddb_key_value(c->arena, t, change->key);
    bool old = change->before.p && (t->stream_view == DDB_VIEW_OLD || t->stream_view == DDB_VIEW_BOTH);
    bool new_ = change->after.p && (t->stream_view == DDB_VIEW_NEW || t->stream_view == DDB_VIEW_BOTH);
    struct ddb_stream_entry e = {
        .event = !change->before.p ? DDB_INSERT : !change->after.p ? DDB_REMOVE : DDB_MODIFY,
        .at_ms = c->now_ms,
        .keys = item_encode(c->arena, &keys),
        .old = old ? change->before : (str){0},
        .new_ = new_ ? change->after : (str){0},
        .by_ttl = change->by_ttl,
    };
    e.bytes = (i64)item_encoded_size(e.keys) + (old ? (i64)item_encoded_size(e.old) : 0) + (new_ ? (i64)item_encoded_size(e.new_) : 0);
    struct key k = ddb_space_key(c->arena, t->stream);
    key_u64(&k, txn_sequence(c->txn));
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &ddb_stream_entry_record, &e));
    str resource = arena_format(c->arena, "table/%.*s/stream/%.*s", STR_ARGS(t->name), STR_ARGS(ddb_stream_label(c->arena, t->stream_ms)));
    source_arrived(c->txn, c->arena, arn_format(c->arena, S("dynamodb"), t->region, t->account, resource), c->now_ms);
}

/* ---- every four hours: a new shard, and what is a day old goes ---- */

/* True: nothing old is left. */
static bool trim(struct txn *t, struct arena *a, const struct ddb_stream *s, i64 now_ms) {
    struct key k = ddb_space_key(a, s->space);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    for (int n = 0; range_next(&rows, &key, &value); n++) {
        struct ddb_stream_entry e = {0};
        ASSERT(record_decode(a, &ddb_stream_entry_record, value, &e));
        if (e.at_ms + DDB_STREAM_KEEP_MS > now_ms) return true;
        if (n == DDB_SLICE) return false;
        txn_delete(t, arena_str(a, key));
    }
    return true;
}

static void drop_old_shards(struct ddb_stream *s, i64 now_ms) {
    u32 kept = 0;
    for (u32 i = 0; i < s->shards.n; i++) {
        const struct ddb_shard *shard = &s->shards.v[i];
        if (!shard->last || shard->closed_ms + DDB_STREAM_KEEP_MS > now_ms) s->shards.v[kept++] = *shard;
    }
    s->shards.n = kept;
}

static bool open_shard_has_entries(struct txn *t, struct arena *a, const struct ddb_stream *s) {
    struct key from = ddb_space_key(a, s->space), all = ddb_space_key(a, s->space);
    key_u64(&from, s->shards.v[s->shards.n - 1].first);
    struct range rows = txn_range(t, key_bytes(&from), key_after_prefix(a, key_bytes(&all)));
    return range_next(&rows, NULL, NULL);
}

err ddb_stream_tend(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct ddb_stream s;
    str part, account, region, table, label, rest = arena_str(a, task->key);
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region)
           && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &table) && key_read_str(&rest, a, &label));
    if (!ddb_stream_load(t, a, account, region, table, label, &s)) return NULL;
    if (!trim(t, a, &s, now_ms)) {
        set_timer(t, a, &s, now_ms);
        return NULL;
    }
    drop_old_shards(&s, now_ms);
    if (!s.shards.n) {
        txn_delete(t, ddb_stream_row(a, account, region, table, label));
        return NULL;
    }
    if (!s.ended_ms && now_ms - s.shards.v[s.shards.n - 1].born_ms >= DDB_SHARD_MS && open_shard_has_entries(t, a, &s)) {
        close_shard(t, &s, now_ms);
        add_shard(t, a, &s, now_ms);
    }
    save(t, a, &s);
    set_timer(t, a, &s, now_ms + DDB_SHARD_MS);
    return NULL;
}

void ddb_stream_describe_of(struct arena *a, const struct ddb_table *t, struct dynamodb_table_description *out) {
    if (!t->stream) return;
    out->latest_stream_label = ddb_stream_label(a, t->stream_ms);
    out->latest_stream_arn = arena_format(a, "%.*s/stream/%.*s", STR_ARGS(ddb_table_arn(a, t)), STR_ARGS(out->latest_stream_label));
    if (!t->streaming) return;
    out->stream_specification = NEW(a, struct dynamodb_stream_specification);
    out->stream_specification->stream_enabled = SOME_BOOL(true);
    out->stream_specification->stream_view_type = ddb_view_name(t->stream_view);
}
