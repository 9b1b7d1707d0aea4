/* The reference of a large GET: a blob of the given size, read (which decrypts and verifies) and
 * written to a loopback socket, one thread, nothing else; and MD5 alone, the reference of a PUT.
 *
 *     build/bench/reference DIRECTORY BYTES ROUNDS
 *
 * Prints one line of JSON, MiB/s of the medians. */
#include "crypto/crypto.h"
#include "store/blob.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 256 << 10, ROUNDS_MAX = 32 };

static struct store *store;
static char piece[PIECE];
static int listener;

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct put {
    struct blob_stage *stage;
    str reference;
};

static err adopt(void *context, struct txn *t) {
    struct put *p = context;
    p->reference = txn_blob_adopt(t, p->stage);
    txn_put(t, S("reference"), p->reference);
    return NULL;
}

static void put_blob(u64 size) {
    struct arena a = {0};
    struct put p = {.stage = blob_stage_new(store, (i64)size, (struct blob_placement){0})};
    for (u64 left = size; left; left -= MIN(left, sizeof piece))
        ASSERT(blob_stage_add(p.stage, (str){piece, MIN(left, sizeof piece)}));
    ASSERT(blob_stage_finish(p.stage));
    ASSERT(!store_write(store, &a, adopt, &p));
    blob_stage_drop(p.stage);
    arena_free(&a);
}

static void *drain_main(void *context) {
    static char bytes[PIECE];
    int fd = accept(listener, NULL, NULL);
    while (recv(fd, bytes, sizeof bytes, 0) > 0) continue;
    close(fd);
    return NULL;
}

static int socket_new(struct sockaddr_in *at) {
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t n = sizeof *at;
    ASSERT(bind(listener, (struct sockaddr *)at, n) == 0 && listen(listener, 1) == 0);
    ASSERT(getsockname(listener, (struct sockaddr *)at, &n) == 0);
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* Seconds; *cpu: of the sending side. */
static double get_blob(u64 size, double *cpu) {
    struct sockaddr_in at;
    int fd = socket_new(&at);
    pthread_t drain;
    ASSERT(pthread_create(&drain, NULL, drain_main, NULL) == 0);
    ASSERT(connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    struct arena a = {0};
    str reference;
    i64 began = sys_monotonic_us();
    double cpu_began = cpu_s();
    struct txn *t = store_snapshot(store, &a);
    ASSERT(txn_get(t, S("reference"), &reference));
    struct blob_reader *r = blob_open(t, reference, &a);
    store_snapshot_end(t);
    for (u64 offset = 0; offset < size;) {
        size_t n = MIN(size - offset, sizeof piece);
        ASSERT(blob_read(r, offset, piece, n));
        for (size_t sent = 0; sent < n;) {
            ssize_t some = send(fd, piece + sent, n - sent, MSG_NOSIGNAL);
            ASSERT(some > 0);
            sent += (size_t)some;
        }
        offset += n;
    }
    *cpu = cpu_s() - cpu_began;
    close(fd);
    pthread_join(drain, NULL);
    double took = (double)(sys_monotonic_us() - began) / 1e6;
    close(listener);
    arena_free(&a);
    return took;
}

static double md5_seconds(u64 size, double *cpu) {
    struct digest d;
    u8 out[DIGEST_MAX];
    digest_init(&d, DIGEST_MD5);
    i64 began = sys_monotonic_us();
    double cpu_began = cpu_s();
    for (u64 left = size; left; left -= MIN(left, sizeof piece)) digest_add(&d, piece, MIN(left, sizeof piece));
    digest_end(&d, out);
    *cpu = cpu_s() - cpu_began;
    return (double)(sys_monotonic_us() - began) / 1e6;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static double median(double *v, size_t n) {
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where) { return remove(path); }

int main(int argc, char **argv) {
    u64 size, rounds;
    if (argc != 4 || !str_to_u64(str_of(argv[2]), &size) || !str_to_u64(str_of(argv[3]), &rounds) || !size || !rounds || rounds > ROUNDS_MAX) {
        fprintf(stderr, "reference: DIRECTORY BYTES ROUNDS\n");
        return 2;
    }
    struct arena boot = {0};
    str problem;
    char path[300];
    snprintf(path, sizeof path, "%.250s/reference-XXXXXX", argv[1]);
    if (!mkdtemp(path)) {
        perror(argv[1]);
        return 1;
    }
    struct store_config config = {.directory = path};
    store = store_open(&boot, &config, &problem);
    ASSERT(store);
    memset(piece, 'r', sizeof piece);
    put_blob(size);
    double get[ROUNDS_MAX], get_cpu[ROUNDS_MAX], md5[ROUNDS_MAX], md5_cpu[ROUNDS_MAX];
    for (u64 i = 0; i < rounds; i++) {
        get[i] = get_blob(size, &get_cpu[i]);
        md5[i] = md5_seconds(size, &md5_cpu[i]);
    }
    double mib = (double)size / (1 << 20);
    printf("{\"get_mib_per_s\":%.1f,\"get_cpu_s\":%.3f,\"md5_mib_per_s\":%.1f,\"md5_cpu_s\":%.3f}\n",
           mib / median(get, rounds), median(get_cpu, rounds), mib / median(md5, rounds), median(md5_cpu, rounds));
    store_close(store);
    arena_free(&boot);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
