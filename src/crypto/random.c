#include "crypto/crypto.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n) {
    u8 *at = out;
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR) continue;
        ASSERT(got > 0);
        at += got;
        n -= (size_t)got;
    }
}

static _Thread_local struct {
    u8 bytes[1024];
    size_t left;
} pool;

static void forget_pool(void) { pool.left = 0; }
static void forget_in_children(void) { ASSERT(pthread_atfork(NULL, NULL, forget_pool) == 0); }

void random_unique(void *out, size_t n) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ASSERT(n <= sizeof pool.bytes);
    if (pool.left < n) {
        pthread_once(&once, forget_in_children);
        random_bytes(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
    }
    pool.left -= n;
    memcpy(out, pool.bytes + pool.left, n);
}
