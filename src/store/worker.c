/* Workers: a few threads for what blocks or takes long. They start when there is work that nobody is
 * free for and leave after a while without: an idle store has none. */
#include "store/internal.h"

enum { IDLE_US = 5000000 };

static void *worker_main(void *context) {
    struct worker *me = context;
    struct workers *p = &me->store->workers;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        i64 until = sys_monotonic_us() + IDLE_US;
        p->idle++;
        while (!p->queue && !p->closing && sys_monotonic_us() < until)
            cond_wait_until(&p->arrived, &p->lock, until);
        p->idle--;
        struct worker_job *job = p->queue;
        if (!job) break;
        p->queue = job->next;
        if (!p->queue) p->queue_end = &p->queue;
        p->queued--;
        pthread_mutex_unlock(&p->lock);
        job->run(job);
        pthread_mutex_lock(&p->lock);
    }
    p->threads--;
    me->state = WORKER_LEFT;
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Who left is joined before his place is given again or the store goes: what a thread does at its very
 * end, a journal's buffer for one, still needs the store. */
static bool start_worker(struct store *s) {
    for (u32 i = 0; i < WORKERS_MAX; i++) {
        struct worker *w = &s->workers.all[i];
        if (w->state == WORKER_RUNS) continue;
        if (w->state == WORKER_LEFT) pthread_join(w->thread, NULL);
        *w = (struct worker){.store = s};
        if (!thread_start(&w->thread, "brume-worker", worker_main, w)) return false;
        w->state = WORKER_RUNS;
        s->workers.threads++;
        return true;
    }
    return false;
}

void store_worker_submit(struct store *s, struct worker_job *job) {
    struct workers *p = &s->workers;
    pthread_mutex_lock(&p->lock);
    ASSERT(!p->closing);
    job->next = NULL;
    *p->queue_end = job;
    p->queue_end = &job->next;
    p->queued++;
    if (p->queued > p->idle && p->threads < WORKERS_MAX) {
        bool started = start_worker(s);
        ASSERT(started || p->threads); /* none at all would lose the job */
    }
    pthread_cond_signal(&p->arrived);
    pthread_mutex_unlock(&p->lock);
}

void workers_start(struct store *s) {
    struct workers *p = &s->workers;
    p->queue_end = &p->queue;
    pthread_mutex_init(&p->lock, NULL);
    cond_init_monotonic(&p->arrived);
}

/* Jobs that are queued are still done. */
void workers_stop(struct store *s) {
    struct workers *p = &s->workers;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->arrived);
    pthread_mutex_unlock(&p->lock);
    for (u32 i = 0; i < WORKERS_MAX; i++) {
        pthread_mutex_lock(&p->lock);
        bool started = p->all[i].state != WORKER_NONE;
        pthread_mutex_unlock(&p->lock);
        if (started) pthread_join(p->all[i].thread, NULL);
    }
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->arrived);
}
