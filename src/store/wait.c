/* Waits: who waits for a topic is woken when a commit notifies it, or at a deadline.
 *
 * A slot remembers the newest number that notified any of its topics. A waiter whose look is older
 * than that is woken at once: perhaps for nothing, never too late. */
#include "store/internal.h"

/* ---- deadlines: a pairing heap inside the waits ---- */
static struct store_wait *meld(struct store_wait *a, struct store_wait *b) {
    if (!a || !b) return a ? a : b;
    if (b->deadline_us < a->deadline_us) {
        struct store_wait *c = a;
        a = b;
        b = c;
    }
    b->sibling = a->child;
    if (a->child) a->child->back = b;
    b->back = a;
    a->child = b;
    return a;
}

static struct store_wait *meld_children(struct store_wait *first) {
    struct store_wait *pairs = NULL, *all = NULL;
    while (first) {
        struct store_wait *a = first, *b = a->sibling;
        first = b ? b->sibling : NULL;
        a->sibling = a->back = NULL;
        if (b) b->sibling = b->back = NULL;
        a = meld(a, b);
        a->sibling = pairs;
        pairs = a;
    }
    while (pairs) {
        struct store_wait *next = pairs->sibling;
        pairs->sibling = NULL;
        all = meld(all, pairs);
        pairs = next;
    }
    return all;
}

static void heap_remove(struct waits *all, struct store_wait *w) {
    struct store_wait *children = meld_children(w->child);
    if (w == all->soonest) {
        all->soonest = children;
    } else {
        if (w->back->child == w) w->back->child = w->sibling;
        else w->back->sibling = w->sibling;
        if (w->sibling) w->sibling->back = w->back;
        all->soonest = meld(all->soonest, children);
    }
    w->child = w->sibling = w->back = NULL;
}

/* ---- topics ---- */
static struct wait_bucket *bucket_of(struct waits *all, str topic) {
    return &all->buckets[str_hash(topic) % WAIT_BUCKETS];
}

static void leave(struct waits *all, struct store_wait *w) {
    struct wait_bucket *bucket = bucket_of(all, w->topic);
    *(w->older ? &w->older->newer : &bucket->first) = w->newer;
    *(w->newer ? &w->newer->older : &bucket->last) = w->older;
    w->older = w->newer = NULL;
    if (w->deadline_us != INT64_MAX) heap_remove(all, w);
    w->waiting = false;
}

/* Under the lock: when cancel says "already woken", wake has returned. */
static void wake(struct waits *all, struct store_wait *w, bool timed_out) {
    leave(all, w);
    w->timed_out = timed_out;
    w->wake(w);
}

void store_wait(struct store *s, struct store_wait *w, str topic, u64 seen, i64 deadline_us) {
    struct waits *all = &s->waits;
    w->timed_out = false;
    w->topic = topic;
    w->deadline_us = deadline_us;
    w->child = w->sibling = w->back = w->older = w->newer = NULL;
    pthread_mutex_lock(&all->lock);
    struct wait_bucket *bucket = bucket_of(all, topic);
    bool late = bucket->notified > seen, soonest = false;
    if (late) {
        w->waiting = false;
        w->wake(w);
    } else {
        w->waiting = true;
        w->older = bucket->last;
        *(bucket->last ? &bucket->last->newer : &bucket->first) = w;
        bucket->last = w;
        if (deadline_us != INT64_MAX) all->soonest = meld(all->soonest, w);
        soonest = all->soonest == w;
    }
    pthread_mutex_unlock(&all->lock);
    if (soonest) scheduler_poke(s);
}

bool store_wait_cancel(struct store *s, struct store_wait *w) {
    struct waits *all = &s->waits;
    pthread_mutex_lock(&all->lock);
    bool waiting = w->waiting;
    if (waiting) leave(all, w);
    pthread_mutex_unlock(&all->lock);
    return waiting;
}

static void wake_topic(struct waits *all, str topic, u64 items, u64 number) {
    struct wait_bucket *bucket = bucket_of(all, topic);
    bucket->notified = MAX(bucket->notified, number);
    struct store_wait *next;
    for (struct store_wait *w = bucket->first; w && items; w = next) {
        next = w->newer;
        if (!str_eq(w->topic, topic)) continue;
        wake(all, w, false);
        items--;
    }
}

void waits_notify(struct store *s, const struct change *notices, u64 commit) {
    struct waits *all = &s->waits;
    pthread_mutex_lock(&all->lock);
    for (const struct change *c = notices; c; c = c->next)
        wake_topic(all, c->key, c->n, commit << COMMIT_SHIFT | c->function);
    pthread_mutex_unlock(&all->lock);
}

i64 waits_expire(struct store *s, i64 now_us) {
    struct waits *all = &s->waits;
    pthread_mutex_lock(&all->lock);
    while (all->soonest && all->soonest->deadline_us <= now_us) wake(all, all->soonest, true);
    i64 next = all->soonest ? all->soonest->deadline_us : INT64_MAX;
    pthread_mutex_unlock(&all->lock);
    return next;
}
