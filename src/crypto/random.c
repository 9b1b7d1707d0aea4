#include "crypto/crypto.h"

#include <errno.h>
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
