/* Token buckets: what a user has bought a second, and may save up for a while. In memory: a restart fills
 * them. A name's hash tells which set keeps its bucket. A full bucket is worth nothing, since a new one is full, too: it makes
 * room for another. So a set keeps all its buckets apart while no more than WAYS of them are being filled; of more, it
 * forgets the one that would be full first. */
#include "cloud/boot.h"
#include "cloud/cloud.h"
#include "cloud/throttle.h"

#include <pthread.h>

enum { SETS = 256, WAYS = 16 };

struct bucket {
    u64 name; /* hash: all 64 bits of it */
    i64 at_ms;
    double units;
    double full_ms; /* when nothing of what was taken is missing any more */
};
struct set {
    pthread_mutex_t lock; /* who asks for other names meets it once in SETS times */
    struct bucket v[WAYS];
};
struct throttles {
    struct set v[SETS];
};

struct throttles *throttles_new(struct arena *boot) {
    struct throttles *t = NEW(boot, struct throttles);
    for (u32 i = 0; i < SETS; i++) ASSERT(pthread_mutex_init(&t->v[i].lock, NULL) == 0);
    return t;
}

static struct bucket *bucket_of(struct set *set, u64 name, i64 now_ms, double burst) {
    struct bucket *b = set->v;
    for (u32 i = 0; i < WAYS; i++) {
        if (set->v[i].name == name) return &set->v[i];
        if (set->v[i].full_ms < b->full_ms) b = &set->v[i];
    }
    *b = (struct bucket){.name = name, .at_ms = now_ms, .units = burst};
    return b;
}

bool throttle_take(struct call *c, str name, double rate, double burst, double units) {
    if (!c->cloud) return true; /* a task before the cloud is open: the service's own work */
    u64 hash = str_hash(name);
    struct set *set = &c->cloud->throttles->v[hash % SETS];
    pthread_mutex_lock(&set->lock);
    struct bucket *b = bucket_of(set, hash, c->now_ms, burst);
    double flowed = (double)MAX(c->now_ms - b->at_ms, 0) / 1000 * rate;
    b->units = MIN(b->units + flowed, burst);
    b->at_ms = MAX(b->at_ms, c->now_ms);
    bool taken = b->units > 0;
    if (taken) b->units -= units;
    b->full_ms = (double)b->at_ms + (burst - b->units) / rate * 1000;
    pthread_mutex_unlock(&set->lock);
    return taken;
}
