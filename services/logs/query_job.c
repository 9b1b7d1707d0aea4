/* A query at work: on a worker, slice by slice, each on a snapshot of its own. What it has seen so far is in memory; after
 * a crash it begins anew. */
#include "query.h"

#include "field_index.h"
#include "insights.h"
#include "scan.h"

enum { SLICE_BYTES = 16 << 20, LOOK_EVENTS = 16, RESULTS_MAX = 512 << 20 };
static const i64 TIMEOUT_MS = 60 * 60 * 1000, PROGRESS_MS = 1000, SLICE_MS = 200;

struct job {
    str account, region, id;
    str status; /* how it ended; absent: somebody else ended it */
    double matched;
    struct scan_counts counts; /* of all slices */
    i64 rows;
    struct blob_stage *stage;
    /* under way */
    struct arena *arena;
    struct store *store;
    struct log_query query;
    struct insights_query *whole, *plan; /* plan: the whole or, before it, a query within it */
    struct record_pairs groups;          /* of the plan */
    struct insights_run *run;
    struct log_position position;
    bool positioned, refused, interrupted;
    i64 told_ms;
};

static void drop_stage(void *stage) { blob_stage_drop(stage); }

static str pointer(const struct insights_event *e, struct arena *a) { return scan_event_id(a, e->source); }

/* ---- one slice. True: there is more. ---- */

static bool may_hold(const void *plan, str index) { return insights_index_may_hold(plan, index); }

/* One that was deleted meanwhile has no events. A filterIndex is for groups that have the index. */
static bool takes_part(struct job *j, struct call *c, str name, struct log_group *group) {
    str field;
    if (!log_group_load(c->txn, c->arena, j->account, j->region, name, group)) return false;
    for (u32 i = 0; insights_by_index(j->plan, i, &field); i++)
        if (!log_index_of_field(c->txn, c->arena, group, field)) return false;
    return true;
}

static void begin_scan(struct job *j, struct call *c, struct scan *s) {
    struct log_group group;
    str literal = insights_literal(j->plan);
    if (insights_unmasks(j->plan)) scan_unmask(s); /* StartQuery asked for the right */
    if (j->positioned) scan_after(s, &j->position);
    scan_transform(s);
    if (literal.p) scan_must_contain(s, literal);
    scan_pause_after(s, SLICE_BYTES);
    scan_skip_blocks(s, may_hold, j->plan);
    for (u32 i = 0; i < j->groups.n; i++)
        if (takes_part(j, c, j->groups.v[i].key, &group)) scan_add_group(s, &group);
}

enum fed { FED_ALL, FED_SO_FAR, FED_TOO_MUCH };
static enum fed feed(struct job *j, struct call *c, struct scan *s) {
    struct scan_event e;
    const struct log_group *group = NULL;
    str name = {0};
    i64 until_ms = wall_now_ms() + SLICE_MS;
    for (u32 i = 1; scan_next(s, &e); i++) {
        if (e.group != group) name = arena_format(c->arena, "%.*s:%.*s", STR_ARGS(e.group->account), STR_ARGS(e.group->name));
        group = e.group;
        struct insights_event fed = {.timestamp_ms = e.event.time_ms, .ingested_ms = e.event.ingested_ms, .message = e.event.message, .stream = e.stream, .log = name, .source = &e,
                                     .transformed = e.transformed.message, .transformation_error = e.transformed.error};
        if (!insights_feed(j->run, &fed)) return FED_TOO_MUCH;
        if (i % LOOK_EVENTS == 0 && wall_now_ms() > until_ms) return FED_SO_FAR; /* an expression may take long on each */
    }
    return scan_paused(s) ? FED_SO_FAR : FED_ALL;
}

static void count(struct job *j, const struct scan *s) {
    struct scan_counts counts = scan_counts(s);
    j->counts.records += counts.records;
    j->counts.bytes += counts.bytes;
    j->counts.skipped_records += counts.skipped_records;
    j->counts.skipped_bytes += counts.skipped_bytes;
}

static void tell_counts(const struct job *j, struct log_query *q) {
    q->scanned = (double)j->counts.records;
    q->bytes = (double)j->counts.bytes;
    q->skipped = (double)j->counts.skipped_records;
    q->skipped_bytes = (double)j->counts.skipped_bytes;
}

static bool slice(struct job *j) {
    struct arena a = {0};
    struct txn *t = store_snapshot(j->store, &a);
    struct log_query now = {0};
    enum fed fed = FED_ALL;
    bool open = txn_owner(t) && log_query_load(t, &a, j->account, j->region, j->id, &now) && log_query_is_open(&now);
    if (open) {
        struct call *c = call_for_task(t, &logs_service, j->account, j->region, store_now_ms(j->store));
        struct scan *s = scan_new(c, j->query.from_ms, j->query.to_ms == INT64_MAX ? INT64_MAX : j->query.to_ms + 1);
        begin_scan(j, c, s);
        fed = feed(j, c, s);
        count(j, s);
        j->position = scan_position(s);
        j->positioned = true;
        if (fed == FED_TOO_MUCH || scan_error(s)) j->status = S("Failed");
    }
    j->refused = !open;
    store_snapshot_end(t);
    arena_free(&a);
    return fed == FED_SO_FAR && !j->status.p;
}

/* ---- what others see of it meanwhile ---- */

static err tell(void *context, struct txn *t) {
    struct job *j = context;
    struct log_query q = {0};
    struct arena *a = txn_arena(t);
    if (!log_query_load(t, a, j->account, j->region, j->id, &q) || !log_query_is_open(&q)) return NULL;
    q.status = S("Running");
    q.matched = (double)insights_matched(j->run);
    tell_counts(j, &q);
    log_query_save(t, a, &q);
    return NULL;
}

static void progress(struct job *j) {
    i64 now_ms = wall_now_ms();
    struct arena a = {0};
    if (now_ms - j->told_ms < PROGRESS_MS) return;
    j->told_ms = now_ms;
    (void)store_write(j->store, &a, tell, j);
    arena_free(&a);
}

/* ---- results ---- */

static bool stage_results(struct job *j, const struct insights_answer *answer) {
    struct buf b = buf_new(j->arena, RESULTS_MAX);
    for (const struct insights_result *r = answer->first; r; r = r->next) {
        struct log_query_row row = {.fields = {.v = NEW_ARRAY(j->arena, struct record_pair, r->n + 1), .set = true}};
        for (; row.fields.n < r->n; row.fields.n++) row.fields.v[row.fields.n] = (struct record_pair){r->fields[row.fields.n].name, r->fields[row.fields.n].value};
        str bytes = record_encode(j->arena, &logs_query_row_record, &row);
        for (u32 i = 0; i < 4; i++) buf_char(&b, (char)(bytes.n >> (8 * i)));
        buf_add(&b, bytes);
    }
    if (b.over) return false;
    j->rows = answer->rows;
    if (!b.n) return true;
    j->stage = blob_stage_new(j->store, (i64)b.n, (struct blob_placement){0});
    arena_on_free(j->arena, drop_stage, j->stage);
    return blob_stage_add(j->stage, buf_str(&b)) && blob_stage_finish(j->stage);
}

/* ---- the task ---- */

static bool open_job(struct job *j, const struct task *task) {
    struct insights_problem problem;
    struct txn *t = store_snapshot(j->store, j->arena);
    str rest = task->key, room, type;
    ASSERT(key_read_str(&rest, j->arena, &room) && key_read_str(&rest, j->arena, &j->account) && key_read_str(&rest, j->arena, &j->region) &&
           key_read_str(&rest, j->arena, &type) && key_read_str(&rest, j->arena, &j->id));
    bool open = log_query_load(t, j->arena, j->account, j->region, j->id, &j->query) && log_query_is_open(&j->query);
    store_snapshot_end(t);
    if (!open) return false;
    j->whole = insights_compile(j->arena, j->query.text, &problem);
    ASSERT(j->whole); /* StartQuery did, too */
    return true;
}

/* From the first event to the last, unless something comes in between. */
static bool scan_all(struct job *j, struct insights_query *plan, struct record_pairs groups, u32 rows) {
    struct insights_config config = {.rows = rows, .now_ms = j->query.created_ms, .pointer = pointer};
    j->plan = plan;
    j->groups = groups;
    j->positioned = false;
    j->run = insights_start(j->arena, plan, &config);
    while (!j->status.p && !j->interrupted && slice(j)) {
        progress(j);
        j->interrupted = store_closing(j->store);
        if (store_now_ms(j->store) - j->query.created_ms > TIMEOUT_MS) j->status = S("Timeout");
    }
    return !j->refused && !j->interrupted && !j->status.p;
}

static bool scan_inner(struct job *j) {
    struct insights_query *inner;
    struct insights_answer answer;
    struct record_pair group = {0};
    for (u32 i = 0; (inner = insights_inner(j->whole, i, &group.key)); i++) {
        if (!scan_all(j, inner, (struct record_pairs){&group, 1, true}, INSIGHTS_INNER_ROWS)) return false;
        if (!insights_finish(j->run, &answer)) return j->status = S("Failed"), false;
        insights_inner_give(j->whole, i, &answer);
    }
    return true;
}

err log_query_run(struct arena *a, const struct task *task, str *result) {
    struct job *j = NEW(a, struct job);
    *j = (struct job){.arena = a, .store = task->store, .told_ms = wall_now_ms()};
    *result = (str){(const char *)j, sizeof *j}; /* of this process: settled in the same flight */
    if (!open_job(j, task)) return NULL;
    bool scanned = scan_inner(j) && scan_all(j, j->whole, j->query.groups, (u32)j->query.limit);
    j->matched = (double)insights_matched(j->run);
    if (!scanned) return NULL;
    struct insights_answer answer;
    bool done = insights_finish(j->run, &answer) && stage_results(j, &answer);
    j->status = done ? S("Complete") : S("Failed");
    return NULL;
}

err log_query_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    const struct job *j = (const void *)result.p;
    struct log_query q = {0};
    struct arena *a = txn_arena(t);
    if (j->interrupted && !j->status.p) txn_task_set(t, task); /* begins anew at the next start */
    if (!j->status.p && !outcome) return NULL;
    if (!log_query_load(t, a, j->account, j->region, j->id, &q) || !log_query_is_open(&q)) return NULL;
    bool complete = !outcome && str_eq(j->status, S("Complete"));
    if (complete && j->stage) q.results = txn_blob_adopt(t, j->stage);
    q.rows = complete ? j->rows : 0;
    q.matched = j->matched;
    tell_counts(j, &q);
    log_query_close(t, a, &q, outcome ? S("Failed") : j->status, now_ms);
    return NULL;
}
