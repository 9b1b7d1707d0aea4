/* Secrets kept in memory for a while, wiped when their time is over or their place is needed. A name's digest says the
 * place: two names that fall together push each other out. */
#include "cloud/boot.h"
#include "cloud/cloud.h"
#include "cloud/kept.h"
#include "crypto/crypto.h"

#include <pthread.h>

enum { PLACES = 128, SECRET_MAX = 512, NAME = 32 };

struct place {
    u8 name[NAME]; /* SHA-256 */
    size_t length; /* 0: free */
    i64 until_ms;
    char secret[SECRET_MAX];
};
struct kept {
    pthread_mutex_t lock;
    struct place v[PLACES];
};

struct kept *kept_new(struct arena *boot) {
    struct kept *k = NEW(boot, struct kept);
    ASSERT(pthread_mutex_init(&k->lock, NULL) == 0);
    return k;
}

static struct place *place_of(struct kept *k, str text, u8 name[static NAME]) {
    sha256(text, name);
    return &k->v[name[0] % PLACES];
}

static void forget(struct place *p) {
    explicit_bzero(p->secret, sizeof p->secret);
    p->length = 0;
}

void secret_keep(struct call *c, str text, str secret, i64 until_ms) {
    u8 name[NAME];
    if (!c->cloud || secret.n > SECRET_MAX) return;
    struct kept *k = c->cloud->kept;
    struct place *p = place_of(k, text, name);
    pthread_mutex_lock(&k->lock);
    forget(p);
    memcpy(p->name, name, NAME);
    memcpy(p->secret, secret.p, secret.n);
    p->length = secret.n;
    p->until_ms = until_ms;
    pthread_mutex_unlock(&k->lock);
}

bool secret_kept(struct call *c, str text, str *secret) {
    u8 name[NAME];
    if (!c->cloud) return false;
    struct kept *k = c->cloud->kept;
    struct place *p = place_of(k, text, name);
    pthread_mutex_lock(&k->lock);
    bool found = p->length && memcmp(p->name, name, NAME) == 0;
    if (found && c->now_ms >= p->until_ms) forget(p), found = false;
    if (found) *secret = arena_str(c->arena, (str){p->secret, p->length});
    pthread_mutex_unlock(&k->lock);
    return found;
}
