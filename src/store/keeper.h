/* The keeper: one background thread a store, for what must happen later but needs no answer: removing
 * files, moving live bytes out of old segments, syncing journals. Work comes as chores that run in
 * short turns, so that a long one does not delay the others.
 *
 * The thread starts with the first chore that is due. */
#ifndef BRUME_KEEPER_H
#define BRUME_KEEPER_H

#include "base/base.h"

#include <pthread.h>

#define KEEPER_NEVER INT64_MAX

struct chore {
    /* One turn; returns when the next is due (sys_monotonic_us), or KEEPER_NEVER until it is called
     * again. A call during the turn is not lost. */
    i64 (*run)(struct chore *c);
    i64 due_us;          /* private from here */
    struct chore *next;
};

struct keeper {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct chore *chores, *running;
    bool started, stopping;
};

void keeper_init(struct keeper *k);
void keeper_add(struct keeper *k, struct chore *c, i64 due_us);
/* The chore runs at `due_us` at the latest. */
void keeper_call(struct keeper *k, struct chore *c, i64 due_us);
/* Waits for a turn in progress; the chore is not run afterwards. */
void keeper_remove(struct keeper *k, struct chore *c);
/* Waits until the chore rests or is due later than now (tests). */
void keeper_settle(struct keeper *k, struct chore *c);
bool keeper_stopping(struct keeper *k); /* a long turn asks now and then */
void keeper_stop(struct keeper *k);     /* joins; chores are no longer run */

#endif
