/* Prepare, begin, handle, commit, wait. A reading operation runs at once on the loop's thread, on a
 * snapshot; a heavy one on a worker; a writing one is a function in the writer's batch, answered
 * after its commit. */
#include "cloud/flight.h"
#include "cloud/trail.h"

#include "sys/sys.h"

static err handle(struct flight *f) {
    return f->service->call(f->op_index, SERVICE_HANDLE, &f->call, f->in, f->out);
}

static void zero_output(struct flight *f) {
    if (f->op->output != WIRE_NONE) memset(f->out, 0, f->service->wire->shapes[f->op->output].size);
}

/* ---- waiting ---- */

static void woken(struct store_wait *w) {
    struct flight *f = (struct flight *)((char *)w - offsetof(struct flight, wait));
    flight_return(f);
}

struct baton { /* lives in its own arena: the flight may be gone when it arrives */
    struct store_work work;
    struct arena arena;
    str topic;
};

static err pass_on(struct store_work *w, struct txn *t) {
    txn_notify(t, ((struct baton *)w)->topic, 1);
    return NULL;
}

static void passed_on(struct store_work *w, err result) {
    struct arena arena = ((struct baton *)w)->arena;
    arena_free(&arena);
}

void flight_pass_wake_on(const struct flight *f) {
    if (f->wait.timed_out) return;
    struct arena arena = {0};
    struct baton *b = NEW(&arena, struct baton);
    b->topic = arena_str(&arena, f->call.wait_topic);
    b->arena = arena;
    b->work = (struct store_work){.run = pass_on, .done = passed_on, .arena = &b->arena};
    store_submit(f->cloud->store, &b->work);
}

/* The way back from a wait: authorised anew, then from the start, in the memory it had before. */
static enum step resume_after_wait(struct flight *f) {
    f->wait.wake = NULL;
    f->call.wait_over = f->wait.timed_out;
    f->parked = false;
    f->call.notes = NULL;
    f->call.answer_headers = (struct record_pairs){0};
    struct arena apart = {0};
    f->call.wait_topic = arena_str(&apart, f->call.wait_topic);
    arena_rewind(f->arena, f->before_handle);
    enum step step = stage_authorize(f);
    if (step != STEP_NEXT) flight_pass_wake_on(f); /* refused by now: what woke it is for another */
    arena_free(&apart);
    return step;
}

static enum step park(struct flight *f) {
    struct call *c = &f->call;
    f->error = NULL;
    i64 left_ms = c->wait_until_ms - store_now_ms(f->cloud->store);
    i64 deadline_us = sys_monotonic_us() + MAX(left_ms, 0) * 1000;
    f->wait = (struct store_wait){.wake = woken};
    f->busy = true;
    f->parked = true;
    f->stage = STAGE_PREPARE;
    store_wait(f->cloud->store, &f->wait, c->wait_topic, f->seen, deadline_us);
    return STEP_LATER;
}

/* ---- prepare ---- */

static void begin_snapshot(struct flight *f) {
    f->call.txn = store_snapshot(f->cloud->store, f->arena);
    f->seen = txn_number(f->call.txn);
    f->call.now_ms = store_now_ms(f->cloud->store);
    f->call.notes = NULL;
}
static void end_snapshot(struct flight *f) {
    store_snapshot_end(f->call.txn);
    f->call.txn = NULL;
}

void call_leave_snapshot(struct call *c) {
    ASSERT(c->flight && c->flight->prepared);
    end_snapshot(c->flight);
}
void call_enter_snapshot(struct call *c) { begin_snapshot(c->flight); }

static void prepare(struct flight *f) {
    begin_snapshot(f);
    f->error = f->service->call(f->op_index, SERVICE_PREPARE, &f->call, f->in, &f->plan);
    end_snapshot(f);
    f->call.note = f->plan.note;
}

static void prepare_on_worker(struct worker_job *job) {
    struct flight *f = (struct flight *)((char *)job - offsetof(struct flight, job));
    prepare(f);
    flight_return(f);
}

static enum step prepared(struct flight *f) {
    f->prepared = false;
    if (f->error == &call_waits) return park(f);
    if (f->error) return STEP_ANSWER;
    if (f->plan.answer && f->plan.out) memcpy(f->out, f->plan.out, f->service->wire->shapes[f->op->output].size);
    return f->plan.answer ? STEP_ANSWER : STEP_NEXT;
}

enum step stage_prepare(struct flight *f) {
    const u16 slow = WIRE_OP_WRITES | WIRE_OP_HEAVY;
    if (f->prepared) return prepared(f);
    if (f->parked && resume_after_wait(f) != STEP_NEXT) return STEP_ANSWER;
    f->before_handle = arena_mark(f->arena);
    f->plan = (struct call_plan){0};
    if (!f->service->ops[f->op_index].prepare) return STEP_NEXT;
    if ((f->op->flags & slow) == slow) {
        f->prepared = true;
        f->job.run = prepare_on_worker;
        f->busy = true;
        store_worker_submit(f->cloud->store, &f->job);
        return STEP_LATER;
    }
    prepare(f);
    return prepared(f);
}

/* ---- handle ---- */

static void read_on_worker(struct worker_job *job) {
    struct flight *f = (struct flight *)((char *)job - offsetof(struct flight, job));
    begin_snapshot(f);
    f->error = handle(f);
    end_snapshot(f);
    flight_return(f);
}

static err write_in_batch(struct store_work *w, struct txn *t) {
    struct flight *f = (struct flight *)((char *)w - offsetof(struct flight, work));
    struct call *c = &f->call;
    c->txn = t;
    c->now_ms = store_now_ms(f->cloud->store);
    c->error_details = (struct record_pairs){0};
    c->answer_headers = (struct record_pairs){0};
    c->notes = NULL; /* of a run before */
    c->on_trail = false;
    f->seen = txn_number(t);
    zero_output(f);
    if (store_epoch(f->cloud->store) != f->epoch) TRY(flight_authorize_again(f)); /* rights may have changed since the decision */
    TRY(handle(f));
    trail_change(c, f->out);
    return NULL;
}

static void write_done(struct store_work *w, err result) {
    struct flight *f = (struct flight *)((char *)w - offsetof(struct flight, work));
    f->call.txn = NULL;
    f->error = result;
    flight_return(f);
}

enum step stage_handle(struct flight *f) {
    zero_output(f);
    f->stage = STAGE_SETTLE; /* where the call comes back to */
    if (f->op->flags & WIRE_OP_WRITES) {
        f->work = (struct store_work){.run = write_in_batch, .done = write_done, .arena = f->arena};
        f->busy = true;
        store_submit(f->cloud->store, &f->work);
        return STEP_LATER;
    }
    if (f->op->flags & WIRE_OP_HEAVY) {
        f->job.run = read_on_worker;
        f->busy = true;
        store_worker_submit(f->cloud->store, &f->job);
        return STEP_LATER;
    }
    begin_snapshot(f);
    f->error = handle(f);
    end_snapshot(f);
    return stage_settle(f);
}

enum step stage_settle(struct flight *f) {
    if (f->error == &call_waits) return park(f);
    if (f->error == &store_unavailable) f->message = S("The disk did not take the write. Nothing was changed.");
    return f->error ? STEP_ANSWER : STEP_NEXT;
}
