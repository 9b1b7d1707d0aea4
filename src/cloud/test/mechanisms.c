/* Page tokens, idempotency tokens, quotas, events, counts of tasks. */
#include "probe.h"

#include "cloud/kept.h"
#include "cloud/record.h"

static const struct service queues = {.wire = &sqs_wire};
static struct call *call_of(struct probe *p, struct txn *t, str account, str region, u16 op) { return probe_call(p, t, &queues, op, account, region); }
static struct call *mine(struct probe *p, struct txn *t) { return call_of(p, t, S(MINE), S("us-east-1"), SQS_OP_LIST_QUEUES); }

static void page_tokens_open_for_their_own_call_only(void) {
    struct probe p, stranger;
    struct arena a = {0};
    str position = {0};
    probe_open(&p);
    probe_open(&stranger);
    struct txn *t = store_snapshot(p.place.store, &a);
    struct call *c = mine(&p, t);
    str token = page_token(c, S("where\0it stood"));
    CHECK(page_position(c, token, &position));
    CHECK_STR(position, S("where\0it stood"));
    CHECK(str_find(token, S("stood")) == STR_NONE);
    CHECK(!page_position(call_of(&p, t, S("111111111111"), S("us-east-1"), SQS_OP_LIST_QUEUES), token, &position));
    CHECK(!page_position(call_of(&p, t, S(MINE), S("eu-west-1"), SQS_OP_LIST_QUEUES), token, &position));
    CHECK(!page_position(call_of(&p, t, S(MINE), S("us-east-1"), SQS_OP_LIST_MESSAGE_MOVE_TASKS), token, &position));
    c->cloud = stranger.cloud; /* of another data directory */
    CHECK(!page_position(c, token, &position));
    c->cloud = p.cloud;
    int opened = 0;
    for (size_t i = 0; i < token.n; i++) { /* each letter altered */
        char *altered = arena_c_string(&a, token);
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        opened += page_position(c, (str){altered, token.n}, &position);
    }
    CHECK_INT(opened, 0);
    CHECK(!page_position(c, str_take(token, token.n - 1), &position) && !page_position(c, S(""), &position) && !page_position(c, S("AAAA"), &position));
    store_snapshot_end(t);
    probe_close(&p);
    probe_close(&stranger);
    arena_free(&a);
}

enum { KEEP_MS = 60000 };

static err first_time(void *context, struct txn *t) {
    struct call *c = mine(context, t);
    str answer = {0};
    CHECK(idempotency_look(c, S("token"), S("params"), &answer) == IDEMPOTENCY_NEW);
    idempotency_store(c, S("token"), S("params"), S("answer"), KEEP_MS);
    return NULL;
}

static err again(void *context, struct txn *t) {
    struct probe *p = context;
    struct call *c = mine(p, t);
    str answer = {0};
    CHECK(idempotency_look(c, S("token"), S("params"), &answer) == IDEMPOTENCY_SAME);
    CHECK_STR(answer, S("answer"));
    CHECK(idempotency_look(c, S("token"), S("other"), &answer) == IDEMPOTENCY_MISMATCH);
    CHECK(idempotency_look(c, S("token 2"), S("params"), &answer) == IDEMPOTENCY_NEW);
    CHECK(idempotency_look(call_of(p, t, S("111111111111"), S("us-east-1"), SQS_OP_LIST_QUEUES), S("token"), S("params"), &answer) == IDEMPOTENCY_NEW);
    CHECK(idempotency_look(call_of(p, t, S(MINE), S("eu-west-1"), SQS_OP_LIST_QUEUES), S("token"), S("params"), &answer) == IDEMPOTENCY_NEW);
    CHECK(idempotency_look(call_of(p, t, S(MINE), S("us-east-1"), SQS_OP_CREATE_QUEUE), S("token"), S("params"), &answer) == IDEMPOTENCY_NEW);
    return NULL;
}

static bool any_row(struct probe *p, const char *room) {
    struct arena a = {0};
    struct txn *t = store_snapshot(p->place.store, &a);
    struct key k = key_new(&a, str_of(room));
    str key, value;
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(&a, key_bytes(&k)));
    bool any = range_next(&r, &key, &value);
    store_snapshot_end(t);
    arena_free(&a);
    return any;
}

static void idempotency_tokens_are_kept_for_their_time(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, first_time));
    CHECK(!probe_write(&p, again));
    CHECK(!store_clock_advance(p.place.store, KEEP_MS / 2, false));
    CHECK(!probe_write(&p, again));
    CHECK(any_row(&p, "idempotency"));
    CHECK(!store_clock_advance(p.place.store, KEEP_MS, false));
    CHECK(!any_row(&p, "idempotency"));
    CHECK(!probe_write(&p, first_time));
    probe_close(&p);
}

static err quotas(void *context, struct txn *t) {
    struct call *c = mine(context, t);
    CHECK_INT(quota(c, S("L-1"), 7), 7);
    struct key k = key_new(c->arena, S("quota"));
    const str parts[] = {S(MINE), S("us-east-1"), S("sqs"), S("L-1")};
    for (size_t i = 0; i < LENGTH(parts); i++) key_str(&k, parts[i]);
    txn_put(t, key_bytes(&k), S("12"));
    CHECK_INT(quota(c, S("L-1"), 7), 12);
    CHECK_INT(quota(c, S("L-2"), 7), 7);
    CHECK_INT(quota(call_of(context, t, S(MINE), S("eu-west-1"), SQS_OP_LIST_QUEUES), S("L-1"), 7), 7);
    CHECK_INT(quota(call_of(context, t, S("111111111111"), S("us-east-1"), SQS_OP_LIST_QUEUES), S("L-1"), 7), 7);
    return NULL;
}

static void a_quota_is_the_default_unless_given(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, quotas));
    probe_close(&p);
}

static err emit(void *context, struct txn *t) {
    emit_event(mine(context, t), S("Queue \"Made\""), S("arn:q"), S("{\"n\":1}"));
    return NULL;
}

static err put_rule(void *context, struct txn *t) {
    struct key k = key_new(txn_arena(t), S("event-rule"));
    key_str(&k, S(MINE));
    key_str(&k, S("us-east-1"));
    key_str(&k, S("rule"));
    txn_put(t, key_bytes(&k), S(""));
    return NULL;
}

static err emit_elsewhere(void *context, struct txn *t) {
    emit_event(call_of(context, t, S(MINE), S("eu-west-1"), SQS_OP_LIST_QUEUES), S("x"), S("arn:q"), S("{}"));
    return NULL;
}

static int events_taken;
static void take_event(struct call *c, str source, str detail_type, str resource_arn, str detail_json) {
    events_taken++;
    CHECK_STR(c->account, S(MINE));
    CHECK_STR(source, S("aws.sqs"));
    CHECK_STR(detail_type, S("Queue \"Made\""));
    CHECK_STR(resource_arn, S("arn:q"));
    CHECK_STR(detail_json, S("{\"n\":1}"));
}

static void events_are_handed_over_where_a_rule_waits_for_them(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, emit)); /* nobody takes events */
    p.cloud->config.events = take_event;
    CHECK(!probe_write(&p, emit)); /* no rule */
    CHECK(!probe_write(&p, put_rule));
    CHECK(!probe_write(&p, emit_elsewhere));
    CHECK_INT(events_taken, 0);
    CHECK(!probe_write(&p, emit));
    CHECK_INT(events_taken, 1);
    probe_close(&p);
}

static const struct error refused = {"Refused", NULL, 400, WIRE_NONE, true};
static err task_counts(void *context, struct txn *t) {
    count_usage(call_for_task(t, &queues, S(MINE), S("us-east-1"), 5), S("Kept"), 2.5);
    size_t mark = txn_mark(t);
    count_usage(call_for_task(t, &queues, S(MINE), S("us-east-1"), 5), S("Undone"), 1);
    txn_undo(t, mark);
    return NULL;
}
static err task_fails(void *context, struct txn *t) {
    CHECK(!task_counts(context, t));
    return &refused;
}
static bool keep_line(void *context, i64 time_ms, str line) {
    buf_add(context, line);
    return true;
}

static void what_a_task_counts_is_journaled_with_its_commit(void) {
    struct probe p;
    struct arena a = {0};
    struct buf b = buf_new(&a, 4096);
    probe_open(&p);
    CHECK(probe_write(&p, task_fails) == &refused);
    CHECK(!probe_write(&p, task_counts));
    journal_read(p.cloud->metrics, INT64_MIN, INT64_MAX, keep_line, &b);
    CHECK_STR(buf_str(&b), S("{\"usage\":\"Kept\",\"service\":\"sqs\",\"account\":\"" MINE "\",\"region\":\"us-east-1\",\"quantity\":2.5}"));
    probe_close(&p);
    arena_free(&a);
}

/* ---- a reset that a crash cut short ---- */
enum { RESET_ROWS = 1000 };
static const char *const owners[] = {"000000000000", "111111111111"};

static str thing_key(struct arena *a, size_t owner, u64 i) {
    struct key k = key_new(a, S("things"));
    key_str(&k, str_of(owners[owner]));
    key_u64(&k, i);
    return key_bytes(&k);
}

enum { FAILS = 1, UNDONE = 2, COMMITS = 3 };
struct keeper_of {
    struct probe *p;
    int how;
};

static err keep_something(void *context, struct txn *t) {
    struct keeper_of *k = context;
    struct call *c = mine(k->p, t);
    str found;
    size_t mark = txn_mark(t);
    secret_keep(c, S("name"), S("secret"), c->now_ms + KEEP_MS);
    CHECK(!secret_kept(c, S("name"), &found));
    if (k->how == UNDONE) txn_undo(t, mark);
    return k->how == FAILS ? &cloud_internal_failure : NULL;
}

static void what_rests_on_a_commit_is_kept_by_it(void) {
    struct probe p;
    probe_open(&p);
    for (int how = FAILS; how <= COMMITS; how++) {
        struct arena a = {0};
        struct keeper_of k = {&p, how};
        str found = {0};
        CHECK(!store_write(p.place.store, &a, keep_something, &k) == (how != FAILS));
        struct txn *t = store_snapshot(p.place.store, &a);
        CHECK(secret_kept(mine(&p, t), S("name"), &found) == (how == COMMITS));
        if (how == COMMITS) CHECK_STR(found, S("secret"));
        kept_forget(p.cloud->kept);
        CHECK(!secret_kept(mine(&p, t), S("name"), &found));
        secret_keep(mine(&p, t), S("name"), S("read"), store_now_ms(p.place.store) + KEEP_MS); /* a snapshot has nothing to wait for */
        CHECK(secret_kept(mine(&p, t), S("name"), &found));
        kept_forget(p.cloud->kept);
        store_snapshot_end(t);
        arena_free(&a);
    }
    probe_close(&p);
}

static err put_things(void *context, struct txn *t) {
    (void)context;
    for (u64 i = 0; i < RESET_ROWS / 2; i++)
        for (size_t owner = 0; owner < LENGTH(owners); owner++) txn_put(t, thing_key(txn_arena(t), owner, i), S("x"));
    return NULL;
}

static err leave_reset(void *context, struct txn *t) {
    txn_task_set(t, &(struct task){.kind = S("reset"), .key = str_of(owners[1]), .due_ms = store_now_ms(((struct probe *)context)->place.store) + 60000});
    return NULL;
}

static u64 things_of(struct probe *p, size_t owner) {
    struct arena a = {0};
    struct txn *t = store_snapshot(p->place.store, &a);
    str key, value;
    u64 n = 0;
    for (struct range r = txn_range(t, thing_key(&a, owner, 0), thing_key(&a, owner, UINT64_MAX)); range_next(&r, &key, &value);) n++;
    store_snapshot_end(t);
    arena_free(&a);
    return n;
}

static void a_reset_that_was_cut_short_goes_on(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, put_things));
    CHECK(!probe_write(&p, leave_reset));
    CHECK(!store_clock_advance(p.place.store, 30000, false));
    CHECK_INT(things_of(&p, 1), RESET_ROWS / 2);
    CHECK(!store_clock_advance(p.place.store, 31000, false));
    CHECK_INT(things_of(&p, 1), 0);
    CHECK_INT(things_of(&p, 0), RESET_ROWS / 2);
    probe_close(&p);
}

UNIT_MAIN(UNIT(what_rests_on_a_commit_is_kept_by_it), UNIT(a_reset_that_was_cut_short_goes_on), UNIT(page_tokens_open_for_their_own_call_only), UNIT(idempotency_tokens_are_kept_for_their_time), UNIT(a_quota_is_the_default_unless_given),
          UNIT(events_are_handed_over_where_a_rule_waits_for_them), UNIT(what_a_task_counts_is_journaled_with_its_commit))
