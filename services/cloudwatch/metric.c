/* The metric: a name in a namespace with its dimensions, found by them, listed, and forgotten when its data is old. */
#include "cloudwatch.h"

#include "crypto/crypto.h"

#include <stdlib.h>

enum { LIST_PAGE = 500, FORGET_SLICE = 500 };

static int by_name(const void *x, const void *y) { return str_cmp(((const struct record_pair *)x)->key, ((const struct record_pair *)y)->key); }

struct record_pairs dimensions_sorted(struct arena *a, const struct cloudwatch_dimensions *given) {
    struct record_pairs d = {.v = NEW_ARRAY(a, struct record_pair, given->n + 1), .n = given->n, .set = given->n > 0};
    for (u32 i = 0; i < d.n; i++) d.v[i] = (struct record_pair){given->v[i].name, given->v[i].value};
    if (d.n) qsort(d.v, d.n, sizeof *d.v, by_name);
    return d;
}

struct cloudwatch_dimensions dimensions_shown(struct arena *a, const struct record_pairs *dimensions) {
    struct cloudwatch_dimensions shown = {NEW_ARRAY(a, struct cloudwatch_dimension, dimensions->n + 1), dimensions->n, true};
    for (u32 i = 0; i < shown.n; i++) shown.v[i] = (struct cloudwatch_dimension){.name = dimensions->v[i].key, .value = dimensions->v[i].value};
    return shown;
}

struct key metrics_key(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("cloudwatch"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("metric"));
    return k;
}

/* Dimensions are too long for a key: their digest stands in it. */
str dimensions_digest(struct arena *a, const struct record_pairs *d) {
    struct buf b = buf_new(a, 1 << 20);
    u8 digest[32];
    for (u32 i = 0; i < d->n; i++) buf_format(&b, "%zu:%.*s%zu:%.*s", d->v[i].key.n, STR_ARGS(d->v[i].key), d->v[i].value.n, STR_ARGS(d->v[i].value));
    sha256(buf_str(&b), digest);
    return hex_of(a, (str){(const char *)digest, 16});
}

static str metric_row(struct arena *a, str account, str region, const struct metric *m) {
    struct key k = metrics_key(a, account, region);
    key_str(&k, m->space);
    key_str(&k, m->name);
    key_str(&k, dimensions_digest(a, &m->dimensions));
    return key_bytes(&k);
}

bool metric_load(struct txn *t, struct arena *a, str account, str region, struct metric *metric) {
    str row;
    if (!txn_get(t, metric_row(a, account, region, metric), &row)) return false;
    *metric = (struct metric){0};
    ASSERT(record_decode(a, &cloudwatch_metric_record, arena_str(a, row), metric));
    return true;
}

static i64 kept_ms(void) { return 455 * day_ms; }

void metric_save(struct txn *t, struct arena *a, str account, str region, struct metric *metric) {
    str row = metric_row(a, account, region, metric);
    if (!metric->id) {
        metric->id = txn_sequence(t);
        txn_task_set(t, &(struct task){.kind = S("cloudwatch-forget"), .key = row, .due_ms = metric->last_ms + kept_ms()});
    }
    roll_up_begin(t, row, metric->last_ms);
    txn_put(t, row, record_encode(a, &cloudwatch_metric_record, metric));
}

void metric_put(struct call *c, struct metric *m, str unit, i64 at_ms, const struct point *p) {
    bool known = metric_load(c->txn, c->arena, c->account, c->region, m);
    if (!known || m->last_ms + minute_ms <= c->now_ms) {
        m->last_ms = c->now_ms;
        metric_save(c->txn, c->arena, c->account, c->region, m);
    }
    point_put(c->txn, c->arena, m->id, unit, at_ms - at_ms % point_rest_ms(at_ms, c->now_ms), p);
}

/* Points go after 455 days, and the metric with the last of them. */
err metric_forget(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct metric metric = {0};
    str row, key, rest, unit, name = arena_str(a, task->key);
    if (!txn_get(t, name, &row)) return NULL;
    ASSERT(record_decode(a, &cloudwatch_metric_record, arena_str(a, row), &metric));
    struct key k = point_key(a, metric.id);
    str prefix = key_bytes(&k);
    i64 at, next = INT64_MAX;
    bool more = false;
    struct range r = txn_range(t, prefix, key_after_prefix(a, prefix));
    for (int n = 0; range_next(&r, &key, &row) && !(more = n == FORGET_SLICE);) {
        rest = str_skip(arena_str(a, key), prefix.n);
        ASSERT(key_read_str(&rest, a, &unit) && key_read_i64(&rest, &at));
        if (at + kept_ms() <= now_ms) {
            txn_delete(t, key);
            n++;
        } else {
            next = MIN(next, at + kept_ms());
            struct key seek = point_key(a, metric.id); /* the rest of this unit is younger */
            key_str(&seek, unit);
            range_seek(&r, key_after_prefix(a, key_bytes(&seek)));
        }
    }
    if (!more && next == INT64_MAX) {
        txn_delete(t, name);
        return NULL;
    }
    txn_task_set(t, &(struct task){.kind = task->kind, .key = name, .due_ms = more ? 0 : MAX(next, now_ms + day_ms)});
    return NULL;
}

const struct task_kind cloudwatch_task_kinds[] = {{.name = "cloudwatch-forget", .run = metric_forget}, {.name = "cloudwatch-alarm", .run = alarm_evaluate}, {.name = "cloudwatch-suppression", .run = composite_resume},
                                                  {.name = "cloudwatch-train", .perform = anomaly_train, .settle = anomaly_trained},
                                                  {.name = "cloudwatch-unmute", .run = mute_ends}, {.name = "cloudwatch-roll-up", .run = roll_up_run}, {0}};

/* ---- ListMetrics ---- */

static bool listed(const struct cloudwatch_list_metrics_input *in, const struct metric *m, i64 now_ms) {
    if (in->metric_name.p && !str_eq(in->metric_name, m->name)) return false;
    if (m->last_ms + (in->recently_active.p ? 3 * hour_ms : 15 * day_ms) < now_ms) return false;
    for (u32 i = 0; i < in->dimensions.n; i++) {
        const struct cloudwatch_dimension_filter *f = &in->dimensions.v[i];
        bool found = false;
        for (u32 j = 0; j < m->dimensions.n; j++)
            found |= str_eq(f->name, m->dimensions.v[j].key) && (!f->value.p || str_eq(f->value, m->dimensions.v[j].value));
        if (!found) return false;
    }
    return true;
}

err cloudwatch_list_metrics(struct call *c, const struct cloudwatch_list_metrics_input *in, struct cloudwatch_list_metrics_output *out) {
    str key, row, position = {0};
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_parameter_value_exception, "Invalid nextToken");
    struct key k = metrics_key(c->arena, c->account, c->region);
    if (in->namespace.p) key_str(&k, in->namespace);
    if (in->namespace.p && in->metric_name.p) key_str(&k, in->metric_name);
    str prefix = key_bytes(&k);
    out->metrics.v = NEW_ARRAY(c->arena, struct cloudwatch_metric, LIST_PAGE);
    out->metrics.set = true;
    bool linked = in->include_linked_accounts.set && in->include_linked_accounts.v; /* no account is linked: all metrics are the caller's own */
    if (linked) out->owning_accounts = (struct cloudwatch_owning_accounts){NEW_ARRAY(c->arena, str, LIST_PAGE), 0, true};
    if (in->owning_account.p && !str_eq(in->owning_account, c->account)) return NULL;
    struct range r = txn_range(c->txn, position.p ? position : prefix, key_after_prefix(c->arena, prefix));
    while (range_next(&r, &key, &row)) {
        struct metric m = {0};
        ASSERT(record_decode(c->arena, &cloudwatch_metric_record, arena_str(c->arena, row), &m));
        if (!listed(in, &m, c->now_ms)) continue;
        if (out->metrics.n == LIST_PAGE) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        if (linked) out->owning_accounts.v[out->owning_accounts.n++] = c->account;
        struct cloudwatch_metric *shown = &out->metrics.v[out->metrics.n++];
        *shown = (struct cloudwatch_metric){.namespace = m.space, .metric_name = m.name};
        shown->dimensions = dimensions_shown(c->arena, &m.dimensions);
    }
    return NULL;
}
