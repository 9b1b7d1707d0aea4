/* Disk faults, kill -9, and compaction beside readers and writers: what was acknowledged is there. */
#include "store/test/blob_help.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

static size_t length_of(u64 i) {
    static const size_t lengths[] = {700, 3000, 20000, 66000, 300000, 5000, 1500};
    return lengths[i % LENGTH(lengths)] + i % 50;
}
static void name_of(u64 i, char name[32]) { snprintf(name, 32, "n-%08llu", (unsigned long long)i); }

static bool put_number(struct place *p, u64 i) {
    char name[32];
    name_of(i, name);
    return blob_put(p, name, length_of(i), i, 1, (i64)length_of(i));
}

/* Each row's bytes are whole; returns how many rows there are. */
static int verify(struct place *p, u64 highest) {
    int n = 0;
    for (u64 i = 0; i <= highest; i++) {
        char name[32];
        struct arena a = {0};
        name_of(i, name);
        struct blob_reader *r = open_name(p, name, &a);
        arena_free(&a);
        if (!r) continue;
        CHECK(blob_same(p, name, length_of(i), i));
        n++;
    }
    return n;
}

static int own_files(u64 highest, struct place *p) {
    int n = 0;
    for (u64 i = 0; i <= highest; i++) {
        char name[32];
        struct arena a = {0};
        name_of(i, name);
        if (open_name(p, name, &a) && length_of(i) > blob_segment_max) n++;
        arena_free(&a);
    }
    return n;
}

static void no_fault_leaves_a_row_without_bytes(void) {
    static const enum file_fault kinds[] = {FAULT_WRITE, FAULT_SYNC, FAULT_OPEN};
    log_set_level(LOG_ERROR - 1);
    for (size_t k = 0; k < LENGTH(kinds); k++) {
        struct place p;
        place_make(&p);
        place_open(&p);
        bool acknowledged[400] = {0};
        int refused_count = 0;
        u64 i = 0;
        blobs_hold(store_blobs(p.store), true); /* the keeper looks at rows after the faults */
        for (u64 nth = 1; nth <= 40; nth++) {
            file_fault_arm(kinds[k], nth, false, k == 0 ? ENOSPC : EIO);
            for (int j = 0; j < 8; j++, i++) {
                acknowledged[i] = put_number(&p, i);
                refused_count += !acknowledged[i];
            }
            file_fault_arm(FAULT_NONE, 0, false, 0);
        }
        printf("# refused %d of %d\n", refused_count, (int)i);
        blobs_hold(store_blobs(p.store), false);
        CHECK(refused_count >= 1);
        for (int reopened = 0; reopened < 2; reopened++) {
            for (u64 n = 0; n < i; n++) {
                char name[32];
                name_of(n, name);
                if (acknowledged[n]) CHECK(blob_same(&p, name, length_of(n), n));
            }
            verify(&p, i);
            place_close(&p);
            place_open(&p);
        }
        int own = own_files(i, &p);
        CHECK(files_become(&p, "files", own, own));
        place_drop(&p);
    }
    log_set_level(LOG_INFO);
}

/* ---- kill -9 ---- */
struct shared { /* with the child, by a shared mapping */
    _Atomic u64 next, acknowledged[4], deleted[4];
};
struct child_side {
    struct place *p;
    struct shared *shared;
    u64 side;
};
/* Side s puts the numbers 4 i + s in order, and deletes every third behind it. */
static void *child_writes(void *context) {
    struct child_side *c = context;
    u64 first = c->shared->acknowledged[c->side];
    if (first && (first - 1) % 3 == 2) { /* what the last one had no time for */
        char name[32];
        name_of(4 * (first - 3) + c->side, name);
        (void)delete_name(c->p, name);
        c->shared->deleted[c->side] = first - 2;
    }
    for (u64 i = first; i < 20000; i++) {
        if (!put_number(c->p, 4 * i + c->side)) _exit(3);
        c->shared->acknowledged[c->side] = i + 1;
        char name[32];
        if (i % 3 != 2) continue;
        name_of(4 * (i - 2) + c->side, name);
        (void)delete_name(c->p, name); /* gone already, if the kill fell behind the commit */
        c->shared->deleted[c->side] = i - 1;
    }
    return NULL;
}

static void child(struct place *p, struct shared *shared) {
    struct child_side side[4];
    pthread_t thread[4];
    place_open(p);
    for (u64 s = 0; s < 4; s++) {
        side[s] = (struct child_side){p, shared, s};
        pthread_create(&thread[s], NULL, child_writes, &side[s]);
    }
    for (;;) {
        store_compact(p->store);
        usleep(3000);
    }
}

static void killed_at_any_point_nothing_is_lost(void) {
    struct place p;
    place_make(&p);
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    u64 seed = 9;
    for (int round = 0; round < 8; round++) {
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) child(&p, shared);
        for (u64 i = 0, first = shared->acknowledged[0]; i < 20000 && shared->acknowledged[0] < first + 2; i++)
            usleep(1000); /* on a busy machine the child begins late */
        usleep((useconds_t)(20000 + next_random(&seed) % 150000));
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        place_open(&p);
        u64 highest = 0;
        for (u64 s = 0; s < 4; s++) {
            for (u64 i = 0; i < shared->acknowledged[s]; i++) {
                char name[32];
                name_of(4 * i + s, name);
                bool deleted = i % 3 == 0 && i < shared->deleted[s];
                bool maybe = i % 3 == 0 && i >= shared->deleted[s];
                if (!maybe) CHECK(blob_same(&p, name, length_of(4 * i + s), 4 * i + s) == !deleted);
            }
            highest = MAX(highest, 4 * (shared->acknowledged[s] + 2) + s);
        }
        verify(&p, highest);
        int own = own_files(highest, &p);
        CHECK(files_become(&p, "files", own, own));
        place_close(&p);
    }
    CHECK(shared->acknowledged[0] > 10);
    munmap(shared, sizeof *shared);
    place_drop(&p);
}

/* ---- compaction beside readers and writers ---- */
struct busy {
    struct place *p;
    _Atomic bool stop;
    _Atomic u64 reads, writes;
    u64 side;
};
enum { STEADY = 60 };
static void *busy_reads(void *context) {
    struct busy *b = context;
    u64 state = 1;
    while (!b->stop) {
        char name[32];
        u64 i = next_random(&state) % STEADY;
        snprintf(name, sizeof name, "steady-%02llu", (unsigned long long)i);
        CHECK(blob_same(b->p, name, 2000 + i * 500, i));
        b->reads++;
    }
    return NULL;
}
static void *busy_writes(void *context) {
    struct busy *b = context;
    for (u64 i = 0; !b->stop; i++) {
        char name[32];
        snprintf(name, sizeof name, "busy-%llu", (unsigned long long)(i % 7));
        CHECK(blob_put(b->p, name, 1100 + i % 60000, i, 1, -1)); /* replaces: the old one dies */
        CHECK(blob_same(b->p, name, 1100 + i % 60000, i));
        snprintf(name, sizeof name, "steady-%02llu", (unsigned long long)(i % STEADY));
        CHECK(blob_put(b->p, name, 2000 + i % STEADY * 500, i % STEADY, 1, -1));
        b->writes++;
    }
    return NULL;
}

static void compaction_keeps_every_byte(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    for (u64 i = 0; i < STEADY; i++) {
        char name[32];
        snprintf(name, sizeof name, "steady-%02llu", (unsigned long long)i);
        CHECK(blob_put(&p, name, 2000 + i * 500, i, 1, -1));
    }
    struct busy b = {.p = &p};
    struct arena a = {0};
    struct blob_reader *old = open_name(&p, "steady-59", &a); /* held over all that follows */
    pthread_t readers[2], writer;
    for (int i = 0; i < 2; i++) pthread_create(&readers[i], NULL, busy_reads, &b);
    pthread_create(&writer, NULL, busy_writes, &b);
    u64 reclaimed = 0;
    i64 patience = sys_monotonic_us() + 60000000; /* a busy disk may have few writes in the first second */
    for (int i = 0; (i < 20 || b.reads <= 20 || b.writes <= 20) && sys_monotonic_us() < patience; i++) {
        reclaimed += store_compact(p.store);
        usleep(20000);
    }
    b.stop = true;
    for (int i = 0; i < 2; i++) pthread_join(readers[i], NULL);
    pthread_join(writer, NULL);
    CHECK(reclaimed > 0 && b.reads > 20 && b.writes > 20);
    char *want = pattern(2000 + 59 * 500, 59), *got = malloc(2000 + 59 * 500);
    CHECK(blob_read(old, 0, got, 2000 + 59 * 500) && memcmp(got, want, 2000 + 59 * 500) == 0);
    arena_free(&a);
    free(want);
    free(got);
    store_compact(p.store);
    CHECK(files_become(&p, "segments", 0, 2));
    for (u64 i = 0; i < STEADY; i++) {
        char name[32];
        snprintf(name, sizeof name, "steady-%02llu", (unsigned long long)i);
        CHECK(blob_same(&p, name, 2000 + i * 500, i));
    }
    place_drop(&p);
}

UNIT_MAIN(UNIT(no_fault_leaves_a_row_without_bytes), UNIT(killed_at_any_point_nothing_is_lost),
          UNIT(compaction_keeps_every_byte))
