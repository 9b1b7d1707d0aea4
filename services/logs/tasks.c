/* What happens later: blocks of deleted streams and groups go, and those that expired. */
#include "mask.h"
#include "metric_filter.h"
#include "query.h"
#include "transformer.h"

enum { SLICE = 200 };

static bool is_of(str key, str room, struct arena *a, str *rest) {
    str part;
    *rest = key;
    return key_read_str(rest, a, &part) && str_eq(part, room);
}

/* False: there is more. */
static bool sweep_blocks(struct txn *t, u64 stream, u64 group) {
    struct arena *a = txn_arena(t);
    struct key k = log_blocks(a, stream);
    struct log_block_id id;
    struct log_block block;
    i64 bytes = 0;
    int left = SLICE;
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
    while (left && log_block_next(&r, a, &id, &block)) {
        log_block_delete(t, a, group, &id);
        bytes += block.bytes + (i64)block.count * EVENT_OVERHEAD;
        left--;
    }
    if (bytes) log_group_bytes_add(t, a, group, -bytes);
    return left > 0;
}

static bool sweep_streams(struct txn *t, u64 group) {
    struct arena *a = txn_arena(t);
    struct key k = log_streams(a, group);
    struct log_stream stream;
    int left = SLICE;
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
    while (left && log_stream_next(&r, a, &stream)) {
        log_stream_forget(t, a, group, &stream);
        left--;
    }
    if (left) log_group_forget(t, a, group, &left);
    return left > 0;
}

static err sweep(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    u64 stream, group;
    str rest;
    (void)now_ms;
    bool done;
    if (is_of(task->key, S("logs-stream"), a, &rest)) {
        ASSERT(key_read_u64(&rest, &group));
        done = sweep_streams(t, group);
    } else {
        ASSERT(is_of(task->key, S("logs-block"), a, &rest) && key_read_u64(&rest, &stream) && key_read_u64(&rest, &group));
        done = sweep_blocks(t, stream, group);
    }
    if (!done) txn_task_set(t, task);
    return NULL;
}

/* Once a day what has expired is taken out of the store; nobody has seen it since it did. */
static err expire(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct log_group group;
    struct log_block_id id;
    struct log_block block;
    str rest, account, region, type, name;
    struct log_time time;
    i64 bytes = 0;
    int looks = 10 * SLICE, left = SLICE;
    if (!is_of(task->key, S("logs"), a, &rest) || !key_read_str(&rest, a, &account) || !key_read_str(&rest, a, &region) || !key_read_str(&rest, a, &type) || !key_read_str(&rest, a, &name)) return NULL;
    if (!log_group_load(t, a, account, region, name, &group) || !group.retention_days) return NULL;
    i64 horizon_ms = log_horizon_ms(&group, now_ms);
    struct key k = log_times(a, group.id);
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(a, key_bytes(&k)));
    while (left && looks-- && log_time_next(&r, a, &id, &time) && id.first_ms < horizon_ms) {
        if (time.last_ms >= horizon_ms || !log_block_get(t, a, &id, &block)) continue;
        log_block_delete(t, a, group.id, &id);
        bytes += block.bytes + (i64)block.count * EVENT_OVERHEAD;
        left--;
    }
    if (bytes) log_group_bytes_add(t, a, group.id, -bytes);
    log_masks_prune(t, a, &group);
    log_transformers_prune(t, a, &group);
    struct task next = *task;
    next.due_ms = left ? now_ms + day_ms : now_ms;
    txn_task_set(t, &next);
    return NULL;
}

const struct task_kind logs_task_kinds[] = {
    {.name = "logs-sweep", .run = sweep},
    {.name = "logs-expire", .run = expire},
    {.name = "logs-merge", .perform = log_merge_make, .settle = log_merge_settle},
    {.name = "logs-export", .perform = log_export_make, .settle = log_export_settle},
    {.name = "logs-findings", .perform = log_findings_stage, .settle = log_findings_settle},
    {.name = "logs-default", .run = metric_filter_default},
    {.name = "logs-query", .perform = log_query_run, .settle = log_query_settle},
    {.name = "logs-query-forget", .run = log_query_forget},
    {0},
};

/* Emptying an account: what its groups hold goes by the same jobs. */
bool logs_release(struct txn *t, str account, int *budget);

bool logs_release(struct txn *t, str account, int *budget) {
    struct arena *a = txn_arena(t);
    struct key k = key_new(a, S("logs"));
    key_str(&k, account);
    str from = key_bytes(&k), key, row, region, type;
    struct range r = txn_range(t, from, key_after_prefix(a, from));
    while (range_next(&r, &key, &row)) {
        struct log_group group = {0};
        str rest = str_skip(arena_str(a, key), from.n);
        ASSERT(key_read_str(&rest, a, &region) && key_read_str(&rest, a, &type));
        bool query = str_starts(type, S("query"));
        if (!str_eq(type, S("group")) && !query) continue;
        if (!*budget) return false;
        --*budget;
        if (query) {
            log_query_release(t, a, type, arena_str(a, key), row);
            continue;
        }
        ASSERT(record_decode(a, &logs_group_record, arena_str(a, row), &group));
        txn_delete(t, arena_str(a, key));
        struct key streams = log_streams(a, group.id);
        txn_task_set(t, &(struct task){.kind = S("logs-sweep"), .key = key_bytes(&streams)});
    }
    return true;
}
