/* Workers: a few threads for what blocks or takes long. They start when there is work that nobody is
 * free for and leave after a while without: an idle store has none. */
#include "store/internal.h"

enum { WORKERS_MAX = 16, IDLE_US = 5000000 };

static void *worker_main(void *context) {
    struct store *s = context;
    struct workers *p = &s->workers;
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
    pthread_cond_broadcast(&p->left);
    pthread_mutex_unlock(&p->lock);
    return NULL;
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
        pthread_t thread;
        bool started = thread_start(&thread, "brume-worker", worker_main, s);
        ASSERT(started || p->threads); /* none at all would lose the job */
        if (started) {
            pthread_detach(thread);
            p->threads++;
        }
    }
    pthread_cond_signal(&p->arrived);
    pthread_mutex_unlock(&p->lock);
}

void workers_start(struct store *s) {
    struct workers *p = &s->workers;
    p->queue_end = &p->queue;
    pthread_mutex_init(&p->lock, NULL);
    cond_init_monotonic(&p->arrived);
    pthread_cond_init(&p->left, NULL);
}

/* Jobs that are queued are still done. */
void workers_stop(struct store *s) {
    struct workers *p = &s->workers;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->arrived);
    while (p->threads) pthread_cond_wait(&p->left, &p->lock);
    pthread_mutex_unlock(&p->lock);
    /* Not destroyed: the last thread may still be inside its unlock. */
}
