/* Token buckets: what a user has bought a second, and may save up for a while. In memory: a restart fills
 * them. A bucket is found by its name's hash; two names that fall together take turns, each starting full. */
#include "cloud/boot.h"
#include "cloud/cloud.h"
#include "cloud/throttle.h"

#include <pthread.h>

enum { BUCKETS = 1024 };

struct bucket {
    u64 name; /* hash */
    i64 at_ms;
    double units;
};
struct throttles {
    pthread_mutex_t lock;
    struct bucket v[BUCKETS];
};

struct throttles *throttles_new(struct arena *boot) {
    struct throttles *t = NEW(boot, struct throttles);
    ASSERT(pthread_mutex_init(&t->lock, NULL) == 0);
    return t;
}

bool throttle_take(struct call *c, str name, double rate, double burst, double units) {
    if (!c->cloud) return true; /* a task before the cloud is open: the service's own work */
    struct throttles *t = c->cloud->throttles;
    u64 hash = str_hash(name) | 1;
    struct bucket *b = &t->v[(hash >> 32) % BUCKETS];
    pthread_mutex_lock(&t->lock);
    if (b->name != hash) *b = (struct bucket){.name = hash, .at_ms = c->now_ms, .units = burst};
    double flowed = (double)MAX(c->now_ms - b->at_ms, 0) / 1000 * rate;
    b->units = MIN(b->units + flowed, burst);
    b->at_ms = MAX(b->at_ms, c->now_ms);
    bool taken = b->units > 0;
    if (taken) b->units -= units;
    pthread_mutex_unlock(&t->lock);
    return taken;
}
