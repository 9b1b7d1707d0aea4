/* Small blocks of a stream become large ones: read, joined and staged on a worker, put in their place by its settling. */
#include "field_index.h"

#include <stdlib.h>

enum { INPUTS_MAX = 400 /* blocks in a round */, SMALL = BLOCK_RAW / 2 };

struct input {
    struct log_block_id id;
    struct log_block block;
};
struct output {
    struct log_block_id id;
    struct log_block block;
    struct blob_stage *stage;
    u32 from, to; /* of the inputs that it replaces */
};
struct round {
    struct log_stream_home home;
    u64 stream;
    struct input inputs[INPUTS_MAX];
    struct output outputs[INPUTS_MAX];
    u32 input_count, output_count;
    bool more;
    struct log_transforms *transforms;
    struct log_index *index; /* by the policy that holds now, whenever events came; NULL: none */
};

static str task_key(struct arena *a, u64 stream) {
    struct key k = key_new(a, S("logs"));
    key_u64(&k, stream);
    return key_bytes(&k);
}

static u64 stream_of(struct arena *a, str key) {
    str part;
    u64 stream;
    ASSERT(key_read_str(&key, a, &part) && key_read_u64(&key, &stream));
    return stream;
}

void log_merge_later(struct txn *t, struct arena *a, u64 stream) { txn_task_set(t, &(struct task){.kind = S("logs-merge"), .key = task_key(a, stream)}); }

/* ---- on a worker ---- */

static int by_position(const void *x, const void *y) {
    struct log_position a = log_position_of(x), b = log_position_of(y);
    return log_position_cmp(&a, &b);
}

/* The small blocks from where the fresh ones begin, and the one before: it may have room left. */
static void gather(struct call *c, struct round *r, const struct log_stream *s) {
    struct key k = log_blocks(c->arena, s->id), from = log_blocks(c->arena, s->id);
    str all = key_bytes(&k), key;
    key_i64(&from, s->fresh_from_ms);
    str start = key_bytes(&from);
    struct range back = txn_range_backwards(c->txn, all, start);
    if (range_next(&back, &key, NULL)) start = arena_str(c->arena, key);
    struct range rows = txn_range(c->txn, start, key_after_prefix(c->arena, all));
    struct input in;
    while (log_block_next(&rows, c->arena, &in.id, &in.block)) {
        if (in.block.bytes >= SMALL) continue;
        r->more = r->input_count == INPUTS_MAX;
        if (r->more) break;
        r->inputs[r->input_count++] = in;
    }
}

/* As many of the inputs as fit a block: not too long, of one key, within a day. */
static u32 batch_end(const struct round *r, u32 from) {
    i64 bytes = 0, last_ms = 0, first_ms = r->inputs[from].id.first_ms;
    u32 to = from;
    for (; to < r->input_count; to++) {
        const struct input *in = &r->inputs[to];
        bytes += in->block.bytes;
        last_ms = MAX(last_ms, in->block.last_ms);
        if (to > from && (bytes > BLOCK_RAW || last_ms - first_ms > day_ms || in->block.kms_epoch != r->inputs[from].block.kms_epoch)) break;
    }
    return to;
}

static const struct log_transformed *transformed(const struct round *r, struct arena *a, const struct log_event *events, u32 n) {
    struct log_transformed *v = r->transforms ? NEW_ARRAY(a, struct log_transformed, n) : NULL;
    for (u32 i = 0; v && i < n; i++) v[i] = log_transform(r->transforms, a, r->home.stream, events[i].put, events[i].message);
    return v;
}

static err join(struct call *c, const struct task *task, struct round *r, const struct log_group *group, u32 from, u32 to) {
    struct arena scratch = {0};
    struct output *out = &r->outputs[r->output_count];
    size_t n = 0, count = 0;
    str key;
    TRY(log_seal_key(c, group, r->inputs[from].block.kms_epoch, &key));
    for (u32 i = from; i < to; i++) count += r->inputs[i].block.count;
    struct log_event *events = NEW_ARRAY(&scratch, struct log_event, count);
    bool good = true;
    for (u32 i = from; i < to && good; i++) {
        struct block_view view;
        good = log_block_open(c->txn, &scratch, &r->inputs[i].block, key, &view);
        for (u32 j = 0; good && j < view.count; j++) events[n++] = block_event(&view, j);
    }
    if (good) {
        qsort(events, n, sizeof *events, by_position);
        *out = (struct output){.from = from, .to = to, .id = {r->stream, events[0].time_ms, events[0].put, events[0].number}};
        for (size_t i = 0; i < n; i++) {
            out->block.bytes += (i64)events[i].message.n;
            out->block.put = MAX(out->block.put, events[i].put);
        }
        if (r->index) out->block.index = log_index_make(r->index, r->home.stream, events, transformed(r, &scratch, events, (u32)n), (u32)n);
        str packed = arena_str(c->arena, block_pack(&scratch, events, n, false, 3));
        good = log_block_fill(task->store, c->arena, packed, key, &out->block, &out->stage);
        out->block.last_ms = events[n - 1].time_ms;
        out->block.count = n;
        out->block.kms_epoch = r->inputs[from].block.kms_epoch;
        r->output_count += good;
    }
    arena_free(&scratch);
    return good ? NULL : &store_unavailable;
}

err log_merge_make(struct arena *a, const struct task *task, str *result) {
    struct txn *t = store_snapshot(task->store, a);
    struct round *r = NEW(a, struct round);
    struct log_group group;
    struct log_stream stream;
    err e = NULL;
    *result = (str){(const char *)r, sizeof *r}; /* of this process: settled in the same flight */
    r->stream = stream_of(a, task->key);
    bool there = txn_owner(t) && log_stream_home(t, a, r->stream, &r->home) && log_group_load(t, a, r->home.account, r->home.region, r->home.group, &group) &&
                 group.id == r->home.group_id && log_stream_load(t, a, group.id, r->home.stream, &stream) && stream.id == r->stream;
    if (there) {
        struct call *c = call_for_task(t, &logs_service, group.account, group.region, task->due_ms);
        gather(c, r, &stream);
        r->index = log_index_new(t, a, &group);
        r->transforms = log_transforms_of(t, a, &group);
        for (u32 from = 0, to; from < r->input_count && !e; from = to) {
            to = batch_end(r, from);
            if (to - from > 1) e = join(c, task, r, &group, from, to);
        }
    }
    store_snapshot_end(t);
    return e;
}

/* ---- in the writer ---- */

/* Not one of them was deleted meanwhile. */
static bool all_there(struct txn *t, struct arena *a, const struct round *r, const struct output *out) {
    struct log_block block;
    for (u32 i = out->from; i < out->to; i++)
        if (!log_block_get(t, a, &r->inputs[i].id, &block)) return false;
    return true;
}

err log_merge_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct arena *a = txn_arena(t);
    const struct round *r = (const void *)result.p;
    struct log_stream stream;
    (void)now_ms;
    if (!log_stream_load(t, a, r->home.group_id, r->home.stream, &stream) || stream.id != r->stream) return NULL; /* deleted */
    for (u32 i = 0; i < r->output_count && !outcome; i++) {
        struct output out = r->outputs[i];
        if (!all_there(t, a, r, &out)) continue;
        for (u32 j = out.from; j < out.to; j++) log_block_delete(t, a, r->home.group_id, &r->inputs[j].id);
        if (out.stage) out.block.blob = txn_blob_adopt(t, out.stage);
        log_block_put(t, a, r->home.group_id, &out.id, &out.block);
        stream.span_ms = MAX(stream.span_ms, out.block.last_ms - out.id.first_ms);
    }
    stream.fresh = 0; /* what could not be read (a key that KMS refuses) stays as it is; the next round looks again */
    if (r->more && r->output_count && !outcome) {
        stream.fresh_from_ms = r->inputs[r->input_count - 1].id.first_ms;
        stream.fresh = 1;
        txn_task_set(t, task);
    }
    log_stream_save(t, a, r->home.group_id, &stream);
    return NULL;
}
