/* Blobs per second and bytes per second: sealing alone, staged and adopted by 32 submitters, read. */
#include "crypto/crypto.h"
#include "store/blob.h"
#include "sys/sys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SUBMITTERS = 32 };

struct load {
    struct store *store;
    size_t length;
    u64 count;
    _Atomic u64 next;
    char *bytes;
};
struct put {
    struct blob_stage *stage;
    u64 i;
};

static str bench_key(struct arena *a, size_t length, u64 i) {
    struct key k = key_new(a, S("bench"));
    key_u64(&k, length);
    key_u64(&k, i);
    return key_bytes(&k);
}
static err put_run(void *context, struct txn *t) {
    struct put *p = context;
    str reference = txn_blob_adopt(t, p->stage);
    txn_put(t, bench_key(txn_arena(t), blob_stage_length(p->stage), p->i), reference);
    return NULL;
}
static void *submit(void *context) {
    struct load *l = context;
    struct arena a = {0};
    struct arena_mark mark = arena_mark(&a);
    for (struct put p; (p.i = atomic_fetch_add(&l->next, 1)) < l->count;) {
        p.stage = blob_stage_new(l->store, (i64)l->length, (struct blob_placement){0});
        ASSERT(blob_stage_add(p.stage, (str){l->bytes, l->length}) && blob_stage_finish(p.stage));
        ASSERT(!store_write(l->store, &a, put_run, &p));
        blob_stage_drop(p.stage);
        arena_rewind(&a, mark);
    }
    arena_free(&a);
    return NULL;
}
static double cpu_us(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void puts_of(struct store *s, size_t length, u64 count, char *bytes) {
    struct load l = {s, length, count, 0, bytes};
    pthread_t thread[SUBMITTERS];
    i64 begin = sys_monotonic_us();
    double cpu = cpu_us();
    for (int i = 0; i < SUBMITTERS; i++) pthread_create(&thread[i], NULL, submit, &l);
    for (int i = 0; i < SUBMITTERS; i++) pthread_join(thread[i], NULL);
    double us = (double)(sys_monotonic_us() - begin);
    printf("put  %8zu B  %9.0f/s  %8.1f MiB/s  %6.1f us CPU each\n", length, (double)count / us * 1e6,
           (double)(count * length) / us * 1e6 / (1 << 20), (cpu_us() - cpu) / (double)count);
}
static void reads_of(struct store *s, size_t length, u64 count, size_t piece, char *bytes) {
    i64 begin = sys_monotonic_us();
    double cpu = cpu_us();
    for (u64 i = 0; i < count; i++) {
        struct arena a = {0};
        str reference;
        struct txn *t = store_snapshot(s, &a);
        ASSERT(txn_get(t, bench_key(&a, length, i), &reference));
        struct blob_reader *r = blob_open(t, reference, &a);
        store_snapshot_end(t);
        for (u64 at = 0; at < length; at += piece) ASSERT(blob_read(r, at, bytes, MIN(piece, length - at)));
        arena_free(&a);
    }
    double us = (double)(sys_monotonic_us() - begin);
    printf("read %8zu B  %9.0f/s  %8.1f MiB/s  %6.1f us CPU each\n", length, (double)count / us * 1e6,
           (double)(count * length) / us * 1e6 / (1 << 20), (cpu_us() - cpu) / (double)count);
}
static void seal(size_t length, char *bytes) {
    struct arena a = {0};
    u8 key[AEAD_KEY] = {1}, nonce[AEAD_NONCE] = {0}, tag[AEAD_TAG];
    struct aead *k = aead_new(&a, key);
    u64 n = (1u << 30) / length;
    double cpu = cpu_us();
    for (u64 i = 0; i < n; i++) aead_seal(k, nonce, S(""), (str){bytes, length}, (u8 *)bytes, tag);
    printf("seal %8zu B  %28.2f GiB/s per core\n", length, (double)(n * length) / (cpu_us() - cpu) * 1e6 / (1 << 30));
    arena_free(&a);
}

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: bench_blob EMPTY-DIRECTORY\n"), 2;
    struct arena boot = {0};
    str problem = {0};
    struct store_config config = {.directory = argv[1]};
    struct store *s = store_open(&boot, &config, &problem);
    if (!s) return fprintf(stderr, "%.*s\n", STR_ARGS(problem)), 1;
    char *bytes = calloc(1, 64 << 20);
    seal(1024, bytes);
    seal(64 << 10, bytes);
    static const struct { size_t length; u64 count; } loads[] = {
        {1 << 10, 20000}, {4 << 10, 20000}, {64 << 10, 4000}, {1 << 20, 200}};
    for (size_t i = 0; i < LENGTH(loads); i++) puts_of(s, loads[i].length, loads[i].count, bytes);
    for (size_t i = 0; i < LENGTH(loads); i++) reads_of(s, loads[i].length, loads[i].count, 1 << 20, bytes);
    store_close(s);
    arena_free(&boot);
    free(bytes);
    return 0;
}
