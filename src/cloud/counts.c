#include "cloud/counts.h"

#include "store/record.h"
#include "text/json.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { MINUTE_MS = 60000, SAMPLES_MAX = 100, PUT_SLICE = 250, FLUSH_NS = 10000000 };

static const struct record_field sample_fields[] = {RECORD_F64(1, struct metric_sample, value), RECORD_F64(2, struct metric_sample, count)};
static const struct record_type sample_record = RECORD_TYPE(struct metric_sample, sample_fields);
static const struct record_field sum_fields[] = {
    RECORD_I64(1, struct metric_sum, at_ms), RECORD_STR(2, struct metric_sum, account), RECORD_STR(3, struct metric_sum, region),
    RECORD_STR(4, struct metric_sum, service), RECORD_STR(5, struct metric_sum, name), RECORD_STR(6, struct metric_sum, dimension),
    RECORD_STR(7, struct metric_sum, of), RECORD_STR(8, struct metric_sum, unit), RECORD_LIST(9, struct metric_sum, samples, sample_record),
};
static const struct record_type sum_record = RECORD_TYPE(struct metric_sum, sum_fields);

struct sums {
    struct metric_sum *v;
    u32 n;
    bool set;
};
struct reading { /* what stands in the payload and in the result of the task */
    i64 from_ms, to_ms;
    bool more; /* of the minutes from to_ms on */
    struct sums sums; /* by account and region */
};
static const struct record_field reading_fields[] = {RECORD_I64(1, struct reading, from_ms), RECORD_I64(2, struct reading, to_ms), RECORD_BOOL(3, struct reading, more),
                                                     RECORD_LIST(4, struct reading, sums, sum_record)};
static const struct record_type reading_record = RECORD_TYPE(struct reading, reading_fields);

static void task_set(struct txn *t, i64 from_ms) {
    struct reading r = {.from_ms = from_ms};
    txn_task_set(t, &(struct task){.kind = S("counts"), .key = S("all"), .payload = record_encode(txn_arena(t), &reading_record, &r), .due_ms = from_ms + MINUTE_MS});
}

/* ---- a count came ---- */

struct coming { /* lives in its own arena: the call may be gone when the writer comes to it */
    struct store_work work;
    struct arena arena;
    i64 minute_ms;
};

static err begin(struct store_work *w, struct txn *t) {
    struct task task;
    if (!txn_task_get(t, S("counts"), S("all"), &task)) task_set(t, ((struct coming *)w)->minute_ms);
    return NULL;
}

static void begun(struct store_work *w, err result) {
    struct arena arena = ((struct coming *)w)->arena;
    arena_free(&arena);
}

void counts_due(struct cloud *cloud, i64 at_ms) {
    if (atomic_load_explicit(&cloud->counts_known, memory_order_relaxed) || atomic_exchange(&cloud->counts_known, true)) return;
    struct arena arena = {0};
    struct coming *coming = NEW(&arena, struct coming);
    coming->minute_ms = at_ms - at_ms % MINUTE_MS;
    coming->arena = arena;
    coming->work = (struct store_work){.run = begin, .done = begun, .arena = &coming->arena};
    store_submit(cloud->store, &coming->work);
}

/* ---- summing up ---- */

struct slot {
    u64 hash;
    str identity; /* of the line, all but its value; absent: free */
    i64 minute_ms;
    u32 sum;
};
struct summing {
    struct arena *arena;
    struct reading *reading;
    struct slot *slots;
    u32 capacity, used, sums_capacity;
};

static bool parse(struct arena *a, str line, struct metric_sum *s) {
    struct json_reader r = json_reader_new(a, line, json_default_limits);
    str key, text;
    if (!json_read_object(&r)) return false;
    while (json_read_key(&r, &key)) {
        str *place = str_eq(key, S("metric")) ? &s->name : str_eq(key, S("dimension")) ? &s->dimension : str_eq(key, S("of")) ? &s->of : str_eq(key, S("unit")) ? &s->unit
                   : str_eq(key, S("service")) ? &s->service : str_eq(key, S("account")) ? &s->account : str_eq(key, S("region")) ? &s->region : NULL;
        if (!place) json_skip(&r);
        else if (!json_read_string(&r, &text)) return false;
        else *place = arena_str(a, text);
    }
    return json_done(&r) && s->name.p && s->service.p && s->account.p;
}

static void grow(struct summing *x) {
    struct slot *old = x->slots;
    u32 n = x->capacity;
    x->capacity = n ? n * 2 : 1024;
    x->slots = NEW_ARRAY(x->arena, struct slot, x->capacity);
    for (u32 i = 0; i < n; i++) {
        if (!old[i].identity.p) continue;
        u64 at = old[i].hash % x->capacity;
        while (x->slots[at].identity.p) at = (at + 1) % x->capacity;
        x->slots[at] = old[i];
    }
}

static u32 sum_new(struct summing *x, const struct metric_sum *like) {
    struct sums *s = &x->reading->sums;
    if (s->n == x->sums_capacity) {
        x->sums_capacity = MAX(256, x->sums_capacity * 2);
        struct metric_sum *grown = NEW_ARRAY(x->arena, struct metric_sum, x->sums_capacity);
        if (s->n) memcpy(grown, s->v, s->n * sizeof *grown);
        s->v = grown;
    }
    s->v[s->n] = *like;
    s->v[s->n].samples = (struct metric_samples){.v = NEW_ARRAY(x->arena, struct metric_sample, SAMPLES_MAX), .set = true};
    s->set = true;
    return s->n++;
}

static struct slot *slot_of(struct summing *x, str line, str identity, i64 minute_ms) {
    if (x->used * 2 >= x->capacity) grow(x);
    u64 hash = str_hash(identity) ^ (u64)minute_ms * 0x9e3779b97f4a7c15;
    struct slot *s = &x->slots[hash % x->capacity];
    while (s->identity.p && !(s->hash == hash && s->minute_ms == minute_ms && str_eq(s->identity, identity)))
        if (++s == x->slots + x->capacity) s = x->slots;
    if (s->identity.p) return s;
    struct metric_sum sum = {.at_ms = minute_ms};
    if (!parse(x->arena, line, &sum)) return NULL;
    *s = (struct slot){hash, arena_str(x->arena, identity), minute_ms, sum_new(x, &sum)};
    x->used++;
    return s;
}

/* Into the sum of the line's metric and minute; in a further one if there are too many values. */
static void add_sample(struct summing *x, struct slot *slot, struct metric_sample sample) {
    struct metric_sum *sum = &x->reading->sums.v[slot->sum];
    for (u32 i = sum->samples.n; i-- > 0;)
        if (sum->samples.v[i].value == sample.value) {
            sum->samples.v[i].count += sample.count;
            return;
        }
    if (sum->samples.n == SAMPLES_MAX) {
        slot->sum = sum_new(x, &(struct metric_sum){sum->at_ms, sum->account, sum->region, sum->service, sum->name, sum->dimension, sum->of, sum->unit, {0}});
        sum = &x->reading->sums.v[slot->sum];
    }
    sum->samples.v[sum->samples.n++] = sample;
}

static bool next_number(struct json_reader *r, double *v) {
    str number;
    return json_read_item(r) && json_read_number(r, &number) && str_to_f64(number, v);
}

static bool add(void *context, i64 at_ms, str line) {
    str samples = S(",\"samples\":");
    struct summing *x = context;
    size_t at = str_find(line, samples);
    if (!str_starts(line, S("{\"metric\":")) || at == STR_NONE) return true; /* the journal has usage too */
    if (at_ms >= x->reading->to_ms) return x->reading->more = true;
    struct slot *slot = slot_of(x, line, str_take(line, at), at_ms - at_ms % MINUTE_MS);
    str list = str_skip(line, at + samples.n);
    struct json_reader r = json_reader_new(x->arena, str_take(list, list.n - 1), json_default_limits);
    struct metric_sample sample;
    if (!slot || !json_read_array(&r)) return true;
    while (next_number(&r, &sample.value) && next_number(&r, &sample.count)) add_sample(x, slot, sample);
    return true;
}

static int by_place(const void *x, const void *y) {
    const struct metric_sum *a = x, *b = y;
    int order = str_cmp(a->account, b->account);
    return order ? order : str_cmp(a->region, b->region);
}

/* On a worker. The minutes that ended are closed first: what a call counts in them from now on goes into the next
 * (record.c), and what it has counted is written within its loop's turn, which the short sleep lets pass. */
err counts_read(struct arena *a, const struct task *task, str *result) {
    struct reading r = {0};
    struct txn *snapshot = store_snapshot(task->store, a);
    struct cloud *cloud = txn_owner(snapshot);
    store_snapshot_end(snapshot);
    if (!cloud) return &cloud_internal_failure; /* not open yet: later */
    ASSERT(record_decode(a, &reading_record, task->payload, &r));
    i64 now_ms = store_now_ms(cloud->store);
    r.to_ms = now_ms - now_ms % MINUTE_MS;
    atomic_store(&cloud->counts_known, false);
    atomic_store(&cloud->counts_closed_ms, r.to_ms);
    nanosleep(&(struct timespec){.tv_nsec = FLUSH_NS}, NULL);
    struct summing x = {.arena = a, .reading = &r};
    journal_read(cloud->metrics, r.from_ms, INT64_MAX, add, &x);
    if (r.sums.n) qsort(r.sums.v, r.sums.n, sizeof *r.sums.v, by_place);
    *result = record_encode(a, &reading_record, &r);
    return NULL;
}

/* ---- gauges ---- */

enum { GAUGE_SLICE = 100 };
static const i64 active_ms = 6 * 3600000LL, busy_ms = 3600000, seldom_ms = 300000, touch_ms = 600000;

struct active {
    i64 last_ms;
};
static const struct record_field active_fields[] = {RECORD_I64(1, struct active, last_ms)};
static const struct record_type active_record = RECORD_TYPE(struct active, active_fields);
struct sampling { /* the payload of the task between two of its slices */
    i64 at_ms;
    str next;
    bool active, busy; /* something is still there to be sampled; in a minute already */
};
static const struct record_field sampling_fields[] = {RECORD_I64(1, struct sampling, at_ms), RECORD_STR(2, struct sampling, next), RECORD_BOOL(3, struct sampling, active),
                                                      RECORD_BOOL(4, struct sampling, busy)};
static const struct record_type sampling_record = RECORD_TYPE(struct sampling, sampling_fields);

static str service_name(const struct service *s) { return wire_text(s->wire, s->wire->name); }

static const struct gauge *gauge_of(const struct cloud *cloud, str service) {
    for (size_t i = 0; i < cloud->config.gauge_count; i++)
        if (str_eq(service, service_name(cloud->config.gauges[i].of))) return &cloud->config.gauges[i];
    return NULL;
}

/* Remembers that the thing is in use; only now and then a write. */
static bool touch(struct txn *t, const struct metric_sum *s, str of) {
    struct arena *a = txn_arena(t);
    struct active active = {0};
    struct key k = key_new(a, S("gauge"));
    str row;
    key_str(&k, s->account);
    key_str(&k, s->region);
    key_str(&k, s->service);
    key_str(&k, of);
    bool there = txn_get(t, key_bytes(&k), &row);
    if (there) ASSERT(record_decode(a, &active_record, row, &active));
    if (there && s->at_ms < active.last_ms + touch_ms) return false;
    active.last_ms = s->at_ms;
    if (key_fits(&k)) txn_put(t, key_bytes(&k), record_encode(a, &active_record, &active));
    return true;
}

static void sampling_set(struct txn *t, const struct sampling *s, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("gauges"), .key = S("all"), .payload = record_encode(txn_arena(t), &sampling_record, s), .due_ms = due_ms});
}

err gauges_sample(struct txn *t, const struct task *task, i64 now_ms) {
    struct cloud *cloud = txn_owner(t);
    struct arena *a = txn_arena(t);
    struct sampling s = {0};
    struct active active;
    struct key k = key_new(a, S("gauge"));
    str all = key_bytes(&k), key, row, account, region, service, of;
    if (!cloud) return &cloud_internal_failure;
    if (task->payload.n) ASSERT(record_decode(a, &sampling_record, arena_str(a, task->payload), &s));
    if (!s.next.n) s = (struct sampling){.at_ms = MAX(now_ms, store_now_ms(cloud->store)) / MINUTE_MS * MINUTE_MS};
    struct range r = txn_range(t, s.next.n ? s.next : all, key_after_prefix(a, all));
    s.next = (str){0};
    for (int n = 0; range_next(&r, &key, &row); n++) {
        str rest = str_skip(key = arena_str(a, key), all.n);
        if (n == GAUGE_SLICE) {
            s.next = key;
            break;
        }
        ASSERT(record_decode(a, &active_record, row, &active));
        ASSERT(key_read_str(&rest, a, &account) && key_read_str(&rest, a, &region) && key_read_str(&rest, a, &service) && key_read_str(&rest, a, &of));
        const struct gauge *gauge = gauge_of(cloud, service);
        if (!gauge || active.last_ms + active_ms <= s.at_ms) {
            txn_delete(t, key);
            continue;
        }
        bool busy = active.last_ms + busy_ms > s.at_ms;
        s.active = true;
        s.busy |= busy;
        if (busy || s.at_ms % seldom_ms == 0) gauge->sample(call_for_task(t, gauge->of, account, region, s.at_ms), of);
    }
    if (s.next.n) sampling_set(t, &s, task->due_ms ? task->due_ms : s.at_ms);
    else if (s.active) sampling_set(t, &(struct sampling){0}, s.busy ? s.at_ms + MINUTE_MS : s.at_ms - s.at_ms % seldom_ms + seldom_ms);
    return NULL;
}

void gauge_metric(struct call *c, str metric_name, str dimension_name, str dimension_value, double value, str unit) {
    struct metric_sample sample = {value, 1};
    struct metric_sum sum = {.at_ms = c->now_ms - 1, .account = c->account, .region = c->region, .service = service_name(c->service), .name = metric_name,
                             .dimension = dimension_name, .of = dimension_value, .unit = unit, .samples = {&sample, 1, true}};
    if (c->cloud->config.metrics) c->cloud->config.metrics(c, &sum);
}

/* ---- handing over ---- */

static void put(struct txn *t, struct cloud *cloud, const struct sums *sums, i64 now_ms) {
    struct call *c = NULL;
    struct task task;
    bool sample = false;
    for (u32 i = 0; i < MIN(sums->n, PUT_SLICE); i++) {
        const struct metric_sum *s = &sums->v[i];
        if (!c || !str_eq(c->account, s->account) || !str_eq(c->region, s->region)) c = call_for_task(t, cloud->config.services[0] /* any */, s->account, s->region, now_ms);
        if (cloud->config.metrics) cloud->config.metrics(c, s);
        if (!gauge_of(cloud, s->service)) continue;
        sample |= touch(t, s, s->of);
        sample |= touch(t, s, S("")); /* the account */
    }
    /* What has just come into use is sampled at the end of the minute in which it did. */
    if (sample && !txn_task_get(t, S("gauges"), S("all"), &task)) sampling_set(t, &(struct sampling){0}, now_ms - now_ms % MINUTE_MS);
    if (sums->n <= PUT_SLICE) return;
    struct reading rest = {.sums = {sums->v + PUT_SLICE, sums->n - PUT_SLICE, true}};
    str key = arena_format(txn_arena(t), "%llu", (unsigned long long)txn_sequence(t));
    txn_task_set(t, &(struct task){.kind = S("counts-put"), .key = key, .payload = record_encode(txn_arena(t), &reading_record, &rest)});
}

err counts_put(struct txn *t, const struct task *task, i64 now_ms) {
    struct reading r = {0};
    struct cloud *cloud = txn_owner(t);
    if (!cloud) return &cloud_internal_failure;
    ASSERT(record_decode(txn_arena(t), &reading_record, arena_str(txn_arena(t), task->payload), &r));
    put(t, cloud, &r.sums, now_ms);
    return NULL;
}

err counts_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    struct reading r = {0};
    struct cloud *cloud = txn_owner(t);
    (void)task;
    if (outcome) return outcome;
    ASSERT(record_decode(txn_arena(t), &reading_record, arena_str(txn_arena(t), result), &r));
    put(t, cloud, &r.sums, MAX(now_ms, r.to_ms));
    if (!r.more && !atomic_load(&cloud->counts_known)) return NULL;
    atomic_store(&cloud->counts_known, true); /* some came since */
    task_set(t, r.to_ms);
    return NULL;
}
