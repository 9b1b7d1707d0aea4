/* One thread that submits for many clients, as a server's loop does: answers come to it in lists. */
#ifndef BRUME_BENCH_ANSWERS_H
#define BRUME_BENCH_ANSWERS_H

#include "store/store.h"

#include <pthread.h>

struct answers {
    pthread_mutex_t lock;
    pthread_cond_t posted;
    struct store_work *ready; /* linked by next, which is free once a work is answered */
};
#define ANSWERS_NONE {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL}

/* From the writer's thread. */
static inline void answers_post(struct answers *a, struct store_work *w) {
    pthread_mutex_lock(&a->lock);
    bool first = !a->ready;
    w->next = a->ready;
    a->ready = w;
    pthread_mutex_unlock(&a->lock);
    if (first) pthread_cond_signal(&a->posted);
}

/* All that have come; waits for one. */
static inline struct store_work *answers_take(struct answers *a) {
    pthread_mutex_lock(&a->lock);
    while (!a->ready) pthread_cond_wait(&a->posted, &a->lock);
    struct store_work *w = a->ready;
    a->ready = NULL;
    pthread_mutex_unlock(&a->lock);
    return w;
}

#endif
