/* What the store alone reaches: durable acks, unsynced acks, gets, scans.
 *
 *     build/bench/store [seconds a measurement, default 2] [directory, default /var/tmp]
 *
 * Run it on an otherwise idle machine; compare ratios and CPU, not absolute figures of a shared disk. */
#include "answers.h"
#include "sys/sys.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CLIENTS = 32, KEY_BYTES = 40, VALUE_BYTES = 200, SCAN_ROWS = 20, ROWS = 100000, LOOPS_MAX = 2 };

struct bench {
    struct store *store;
    struct arena boot;
    char path[256];
    double seconds;
    _Atomic bool stop;
    _Atomic u64 done;
    u64 rows;
};

static i64 cpu_us(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static u64 random_next(u64 *state) {
    u64 z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static str make_key(char *bytes, u64 n) {
    snprintf(bytes, KEY_BYTES + 1, "bench:000000000000:%021llu", (unsigned long long)n);
    return (str){bytes, KEY_BYTES};
}

static void open_store(struct bench *b, const char *directory, struct store_config config) {
    str problem;
    snprintf(b->path, sizeof b->path, "%.200s/brume-bench-XXXXXX", directory);
    ASSERT(mkdtemp(b->path));
    config.directory = b->path;
    b->store = store_open(&b->boot, &config, &problem);
    if (!b->store) {
        fprintf(stderr, "bench: %.*s\n", STR_ARGS(problem));
        exit(1);
    }
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where) {
    return remove(path);
}

static void close_store(struct bench *b) {
    store_close(b->store);
    arena_free(&b->boot);
    nftw(b->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- writes ---- */
struct client {
    struct store_work work;
    struct arena arena;
    struct bench *bench;
    struct answers *answers;
    pthread_t thread;
    u64 random;
};

static err put_one(struct store_work *w, struct txn *t) {
    struct client *c = (struct client *)w;
    char key[KEY_BYTES + 1], value[VALUE_BYTES];
    memset(value, 'v', sizeof value);
    txn_put(t, make_key(key, random_next(&c->random) % 1000000), (str){value, sizeof value});
    return NULL;
}

static err put_waiting(void *context, struct txn *t) { return put_one(context, t); }

/* One thread a client, each waiting for its answer. */
static void *client_main(void *context) {
    struct client *c = context;
    while (!atomic_load(&c->bench->stop)) {
        struct arena_mark mark = arena_mark(&c->arena);
        ASSERT(!store_write(c->bench->store, &c->arena, put_waiting, c));
        arena_rewind(&c->arena, mark);
        atomic_fetch_add(&c->bench->done, 1);
    }
    return NULL;
}

/* As a server does it: one loop thread has all clients; answers are posted to it, it submits again. */
static void post(struct store_work *w, err result) {
    ASSERT(!result);
    answers_post(((struct client *)w)->answers, w);
}

static void loop_run(struct bench *b, struct client *clients) {
    struct answers answers = ANSWERS_NONE;
    u32 out = 0;
    for (; out < CLIENTS; out++) {
        clients[out].work = (struct store_work){put_one, post, &clients[out].arena, NULL};
        clients[out].answers = &answers;
        store_submit(b->store, &clients[out].work);
    }
    i64 until = sys_monotonic_us() + (i64)(b->seconds * 1e6);
    while (out) {
        struct store_work *answered = answers_take(&answers);
        bool stop = sys_monotonic_us() >= until;
        for (struct store_work *next; answered; answered = next) {
            struct client *c = (struct client *)answered;
            next = answered->next;
            atomic_fetch_add_explicit(&b->done, 1, memory_order_relaxed);
            arena_free(&c->arena);
            if (stop) out--;
            else store_submit(b->store, &c->work);
        }
    }
}

static void bench_writes(const char *name, const char *directory, double seconds, struct store_config config,
                         bool loop) {
    struct bench b = {.seconds = seconds};
    struct client *clients = calloc(CLIENTS, sizeof *clients);
    open_store(&b, directory, config);
    for (u64 i = 0; i < CLIENTS; i++) {
        clients[i].bench = &b;
        clients[i].random = i * 7919;
    }
    i64 begin = sys_monotonic_us(), cpu = cpu_us();
    if (loop) {
        loop_run(&b, clients);
    } else {
        for (u32 i = 0; i < CLIENTS; i++) ASSERT(pthread_create(&clients[i].thread, NULL, client_main, &clients[i]) == 0);
        usleep((useconds_t)(seconds * 1e6));
        atomic_store(&b.stop, true);
        for (u32 i = 0; i < CLIENTS; i++) pthread_join(clients[i].thread, NULL);
    }
    double took = (double)(sys_monotonic_us() - begin) / 1e6;
    cpu = cpu_us() - cpu;
    struct store_stats stats = store_stats(b.store);
    printf("%-28s %9.0f/s  cpu %6.1f us/op  batch %5.1f  %7.0f commits/s\n", name, (double)b.done / took,
           (double)cpu / (double)b.done, (double)stats.functions / (double)stats.commits, (double)stats.commits / took);
    for (u32 i = 0; i < CLIENTS; i++) arena_free(&clients[i].arena);
    close_store(&b);
    free(clients);
}

/* ---- reads ---- */
static err fill(void *context, struct txn *t) {
    struct bench *b = context;
    char key[KEY_BYTES + 1], value[VALUE_BYTES];
    memset(value, 'v', sizeof value);
    for (u32 i = 0; i < 1000; i++) txn_put(t, make_key(key, b->rows++), (str){value, sizeof value});
    return NULL;
}

struct read_client {
    struct bench *bench;
    pthread_t thread;
    u64 random, done;
    bool scan;
};

static void *reader_main(void *context) {
    struct read_client *c = context;
    struct arena a = {0};
    char key[KEY_BYTES + 1];
    while (!atomic_load_explicit(&c->bench->stop, memory_order_relaxed)) {
        struct arena_mark mark = arena_mark(&a);
        struct txn *t = store_snapshot(c->bench->store, &a);
        str value, row, at = make_key(key, random_next(&c->random) % (ROWS - SCAN_ROWS));
        if (c->scan) {
            struct range r = txn_range(t, at, (str){0});
            for (u32 i = 0; i < SCAN_ROWS; i++) ASSERT(range_next(&r, &row, &value));
        } else {
            ASSERT(txn_get(t, at, &value) && value.n == VALUE_BYTES);
        }
        store_snapshot_end(t);
        arena_rewind(&a, mark);
        c->done++;
    }
    arena_free(&a);
    return NULL;
}

static void bench_reads(const char *directory, double seconds) {
    struct bench b = {.seconds = seconds};
    open_store(&b, directory, (struct store_config){.ephemeral = true});
    while (b.rows < ROWS) {
        struct arena a = {0};
        ASSERT(!store_write(b.store, &a, fill, &b));
        arena_free(&a);
    }
    for (int scan = 0; scan <= 1; scan++) {
        for (u32 threads = 1; threads <= LOOPS_MAX; threads++) {
            struct read_client clients[LOOPS_MAX] = {0};
            atomic_store(&b.stop, false);
            i64 begin = sys_monotonic_us(), cpu = cpu_us();
            for (u32 i = 0; i < threads; i++) {
                clients[i] = (struct read_client){.bench = &b, .random = i, .scan = scan != 0};
                ASSERT(pthread_create(&clients[i].thread, NULL, reader_main, &clients[i]) == 0);
            }
            usleep((useconds_t)(seconds * 1e6));
            atomic_store(&b.stop, true);
            u64 done = 0;
            for (u32 i = 0; i < threads; i++) {
                pthread_join(clients[i].thread, NULL);
                done += clients[i].done;
            }
            double took = (double)(sys_monotonic_us() - begin) / 1e6;
            printf("%-20s %u thread%s %9.0f/s  cpu %6.2f us/op\n", scan ? "snapshot + scan of 20" : "snapshot + get",
                   threads, threads > 1 ? "s" : " ", (double)done / took, (double)(cpu_us() - cpu) / (double)done);
        }
    }
    close_store(&b);
}

int main(int argc, char **argv) {
    double seconds = 2;
    if (argc > 1 && !str_to_f64(str_of(argv[1]), &seconds)) return 2;
    const char *directory = argc > 2 ? argv[2] : "/var/tmp";
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%d clients waiting for their ack, %d B keys, %d B values\n", CLIENTS, KEY_BYTES, VALUE_BYTES);
    struct store_config plain = {0}, slow = {.flush_delay_us = 2000}, unsynced = {.ephemeral = true};
    bench_writes("durable, threads", directory, seconds, plain, false);
    bench_writes("durable, one loop", directory, seconds, plain, true);
    bench_writes("durable +2 ms, threads", directory, seconds, slow, false);
    bench_writes("durable +2 ms, one loop", directory, seconds, slow, true);
    bench_writes("unsynced, threads", directory, seconds, unsynced, false);
    bench_writes("unsynced, one loop", directory, seconds, unsynced, true);
    bench_reads(directory, seconds);
    return 0;
}
