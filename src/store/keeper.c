#include "store/keeper.h"

#include "store/internal.h"

#include <time.h>

void keeper_init(struct keeper *k) {
    *k = (struct keeper){0};
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, &clock);
    pthread_condattr_destroy(&clock);
}

static struct chore *keeper_earliest(struct keeper *k) {
    struct chore *earliest = NULL;
    for (struct chore *c = k->chores; c; c = c->next)
        if (!earliest || c->due_us < earliest->due_us) earliest = c;
    return earliest;
}

static void *keeper_main(void *context) {
    struct keeper *k = context;
    pthread_mutex_lock(&k->lock);
    while (!k->stopping) {
        struct chore *c = keeper_earliest(k);
        if (!c || c->due_us == KEEPER_NEVER) {
            pthread_cond_wait(&k->changed, &k->lock);
            continue;
        }
        if (c->due_us > sys_monotonic_us()) {
            struct timespec until = {c->due_us / 1000000, c->due_us % 1000000 * 1000};
            pthread_cond_timedwait(&k->changed, &k->lock, &until);
            continue;
        }
        c->due_us = KEEPER_NEVER;
        k->running = c;
        pthread_mutex_unlock(&k->lock);
        i64 due_us = c->run(c);
        pthread_mutex_lock(&k->lock);
        c->due_us = MIN(c->due_us, due_us);
        k->running = NULL;
        pthread_cond_broadcast(&k->changed);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

static void keeper_wake(struct keeper *k) {
    if (!k->started && !k->stopping) {
        k->started = true;
        ASSERT(thread_start(&k->thread, "brume-keeper", keeper_main, k));
    }
    pthread_cond_broadcast(&k->changed);
}

void keeper_add(struct keeper *k, struct chore *c, i64 due_us) {
    pthread_mutex_lock(&k->lock);
    c->due_us = due_us;
    c->next = k->chores;
    k->chores = c;
    if (due_us != KEEPER_NEVER) keeper_wake(k);
    pthread_mutex_unlock(&k->lock);
}

void keeper_call(struct keeper *k, struct chore *c, i64 due_us) {
    pthread_mutex_lock(&k->lock);
    if (due_us < c->due_us) {
        c->due_us = due_us;
        keeper_wake(k);
    }
    pthread_mutex_unlock(&k->lock);
}

void keeper_remove(struct keeper *k, struct chore *c) {
    pthread_mutex_lock(&k->lock);
    while (k->running == c) pthread_cond_wait(&k->changed, &k->lock);
    for (struct chore **at = &k->chores; *at; at = &(*at)->next) {
        if (*at != c) continue;
        *at = c->next;
        break;
    }
    pthread_mutex_unlock(&k->lock);
}

void keeper_settle(struct keeper *k, struct chore *c) {
    pthread_mutex_lock(&k->lock);
    while (!k->stopping && (k->running == c || c->due_us <= sys_monotonic_us()))
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

bool keeper_stopping(struct keeper *k) {
    pthread_mutex_lock(&k->lock);
    bool stopping = k->stopping;
    pthread_mutex_unlock(&k->lock);
    return stopping;
}

void keeper_stop(struct keeper *k) {
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    bool started = k->started;
    k->started = false;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    if (started) pthread_join(k->thread, NULL);
}
