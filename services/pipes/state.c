/* From one state of a pipe to the next. An operation sets the state on the way; a job looks whether the pipe can be what
 * it is to be, and settles it. Only a running pipe watches its source. */
#include "pipes.h"

#include "cloud/source.h"

void poll_again(struct txn *t, struct arena *a, const struct pipe *p) { txn_task_set(t, &(struct task){.kind = S("pipes-poll"), .key = pipe_task_key(a, p)}); }

void poll_later(struct txn *t, struct arena *a, const struct pipe *p, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("pipes-later"), .key = pipe_task_key(a, p), .due_ms = due_ms});
}

void state_go(struct call *c, struct pipe *p, const char *current, const char *desired) {
    p->current = str_of(current);
    p->desired = str_of(desired);
    p->reason = (str){0};
    p->modified_ms = c->now_ms;
    pipe_save(c->txn, c->arena, p);
    txn_task_set(c->txn, &(struct task){.kind = S("pipes-settle"), .key = pipe_task_key(c->arena, p)});
}

static bool of_stream(const struct pipe *p) { return p->source->starting.p != NULL; }

static void watch(struct call *c, const struct pipe *p, bool on) {
    str key = pipe_task_key(c->arena, p);
    if (on) {
        source_watch(c->txn, c->arena, p->source->arn, S("pipes-poll"), key, p->source->window_s * 1000);
        poll_again(c->txn, c->arena, p);
        return;
    }
    source_unwatch(c->txn, c->arena, p->source->arn, S("pipes-poll"), key);
    txn_task_cancel(c->txn, S("pipes-poll"), key);
    txn_task_cancel(c->txn, S("pipes-later"), key);
}

/* The role can be taken, and may look at the source, which is there. */
static err check(struct call *c, const struct pipe *p) {
    struct call as = *c;
    as.outer = c;
    if (call_take_role(&as, p->role))
        return fail(c, &pipes_validation_exception, "Pipe's execution role can't be assumed. Verify that it exists and that its trust policy allows pipes.amazonaws.com.");
    return of_stream(p) ? stream_check(c, p) : queue_check(c, p);
}

static const char *failed_state(str current) {
    if (str_eq(current, S("CREATING"))) return "CREATE_FAILED";
    return str_eq(current, S("UPDATING")) ? "UPDATE_FAILED" : "START_FAILED";
}

err state_settle(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct pipe p;
    if (!pipe_of_task(t, a, task->key, &p)) return NULL;
    struct call *c = call_for_task(t, &pipes_service, p.account, p.region, now_ms);
    watch(c, &p, false);
    if (str_eq(p.desired, S("DELETED"))) {
        pipe_remove(c, &p);
        return NULL;
    }
    bool runs = str_eq(p.desired, S("RUNNING"));
    err e = runs ? check(c, &p) : NULL;
    p.reason = e ? arena_str(a, c->error_message) : (str){0};
    p.current = e ? str_of(failed_state(p.current)) : p.desired;
    if (!e && runs) {
        if (of_stream(&p)) stream_start(c, &p);
        watch(c, &p, true);
    }
    pipe_save(t, a, &p);
    return NULL;
}

static err poll(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct pipe p;
    if (!pipe_of_task(t, a, task->key, &p) || !str_eq(p.current, S("RUNNING"))) return NULL;
    struct call *c = call_for_task(t, &pipes_service, p.account, p.region, now_ms);
    pipe_log_open(c, &p);
    if (of_stream(&p)) stream_poll(c, &p);
    else queue_poll(c, &p);
    pipe_log_write(c, &p);
    return NULL;
}

const struct task_kind pipes_task_kinds[] = {
    {.name = "pipes-settle", .run = state_settle},
    {.name = "pipes-poll", .run = poll},
    {.name = "pipes-later", .run = poll},
    {.name = "pipes-answer", .run = flight_answer},
    {.name = "pipes-sweep", .run = positions_sweep},
    {0},
};
