/* Secrets kept in memory for a while, wiped when their time is over or their place is needed. A name's digest says the
 * row of places: the one whose time ends first gives way to a ninth. */
#include "cloud/boot.h"
#include "cloud/cloud.h"
#include "cloud/kept.h"
#include "crypto/crypto.h"

#include <pthread.h>

enum { ROWS = 32, IN_ROW = 8, SECRET_MAX = 512, NAME = 32 };

struct place {
    u8 name[NAME]; /* SHA-256 */
    size_t length; /* 0: free */
    i64 until_ms;
    char secret[SECRET_MAX];
};
struct kept {
    pthread_mutex_t lock;
    struct place v[ROWS][IN_ROW];
};

struct kept *kept_new(struct arena *boot) {
    struct kept *k = NEW(boot, struct kept);
    ASSERT(pthread_mutex_init(&k->lock, NULL) == 0);
    return k;
}

static struct place *place_of(struct kept *k, const u8 name[static NAME], bool or_free) {
    struct place *row = k->v[name[0] % ROWS], *first = row;
    for (int i = 0; i < IN_ROW; i++) {
        if (row[i].length && memcmp(row[i].name, name, NAME) == 0) return &row[i];
        if (row[i].until_ms < first->until_ms) first = &row[i];
    }
    return or_free ? first : NULL;
}

static void forget(struct place *p) {
    explicit_bzero(p->secret, sizeof p->secret);
    p->length = 0;
    p->until_ms = 0;
}

static void keep(struct kept *k, const u8 name[static NAME], const char *secret, size_t length, i64 until_ms) {
    pthread_mutex_lock(&k->lock);
    struct place *p = place_of(k, name, true);
    forget(p);
    memcpy(p->name, name, NAME);
    memcpy(p->secret, secret, length);
    p->length = length;
    p->until_ms = until_ms;
    pthread_mutex_unlock(&k->lock);
}

/* What is kept when its transaction has committed. */
struct promised {
    struct txn_after after;
    struct kept *kept;
    struct place place;
};

static void promise_kept(struct txn_after *after) {
    struct promised *p = (struct promised *)((char *)after - offsetof(struct promised, after));
    keep(p->kept, p->place.name, p->place.secret, p->place.length, p->place.until_ms);
}

static void promise_forget(void *promised) { forget(&((struct promised *)promised)->place); }

void secret_keep(struct call *c, str text, str secret, i64 until_ms) {
    u8 name[NAME];
    if (!c->cloud || secret.n > SECRET_MAX) return;
    sha256(text, name);
    if (!txn_writable(c->txn)) {
        keep(c->cloud->kept, name, secret.p, secret.n, until_ms);
        return;
    }
    struct promised *p = NEW(c->arena, struct promised);
    *p = (struct promised){.after = {promise_kept}, .kept = c->cloud->kept, .place = {.length = secret.n, .until_ms = until_ms}};
    memcpy(p->place.name, name, NAME);
    memcpy(p->place.secret, secret.p, secret.n);
    arena_on_free(c->arena, promise_forget, p);
    txn_after_commit(c->txn, &p->after);
}

void kept_forget(struct kept *k) {
    pthread_mutex_lock(&k->lock);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < IN_ROW; j++) forget(&k->v[i][j]);
    pthread_mutex_unlock(&k->lock);
}

bool secret_kept(struct call *c, str text, str *secret) {
    u8 name[NAME];
    if (!c->cloud) return false;
    struct kept *k = c->cloud->kept;
    sha256(text, name);
    pthread_mutex_lock(&k->lock);
    struct place *p = place_of(k, name, false);
    bool found = p != NULL;
    if (found && c->now_ms >= p->until_ms) forget(p), found = false;
    if (found) *secret = arena_str(c->arena, (str){p->secret, p->length});
    pthread_mutex_unlock(&k->lock);
    return found;
}
