/* Acknowledged means durable: kill -9 in the middle of load, the power cut, the disk that fails. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { CLIENTS = 8, ROWS_EACH = 3 };

/* ---- the load: each write puts ROWS_EACH rows of one number, so that a partial one shows ---- */
struct client {
    struct store *store;
    pthread_t thread;
    u32 id;
    u64 next;
    int acks; /* a pipe: one u64 an acknowledged write */
    _Atomic bool *stop;
    _Atomic u64 *refused;
};

static void number_key(struct key *k, u64 number, u32 row) {
    key_u64(k, number);
    key_u64(k, row);
}

static err put_number(void *context, struct txn *t) {
    const struct client *c = context;
    u64 number = (u64)c->id << 32 | c->next;
    for (u32 i = 0; i < ROWS_EACH; i++) {
        struct key k = key_new(txn_arena(t), S("load"));
        number_key(&k, number, i);
        char value[300];
        memset(value, (int)('a' + number % 26), sizeof value);
        txn_put(t, key_bytes(&k), (str){value, 1 + number % sizeof value});
    }
    return NULL;
}

static void *client_main(void *context) {
    struct client *c = context;
    while (!atomic_load(c->stop)) {
        struct arena a = {0};
        err e = store_write(c->store, &a, put_number, c);
        arena_free(&a);
        u64 number = (u64)c->id << 32 | c->next++;
        if (e) atomic_fetch_add(c->refused, 1);
        else if (write(c->acks, &number, sizeof number) != sizeof number) break;
    }
    return NULL;
}

struct load {
    struct client clients[CLIENTS];
    _Atomic bool stop;
    _Atomic u64 refused;
};

static void load_start(struct load *l, struct store *s, u64 first, int acks) {
    *l = (struct load){0};
    for (u32 i = 0; i < CLIENTS; i++) {
        l->clients[i] = (struct client){.store = s, .id = i, .next = first, .acks = acks, .stop = &l->stop, .refused = &l->refused};
        ASSERT(pthread_create(&l->clients[i].thread, NULL, client_main, &l->clients[i]) == 0);
    }
}

static void load_stop(struct load *l) {
    atomic_store(&l->stop, true);
    for (u32 i = 0; i < CLIENTS; i++) pthread_join(l->clients[i].thread, NULL);
}

/* ---- the check ---- */
struct acked {
    u64 *numbers;
    size_t n, capacity;
};

static void acked_add(struct acked *list, u64 number) {
    if (list->n == list->capacity) {
        list->capacity = MAX(list->capacity * 2, (size_t)1024);
        list->numbers = realloc(list->numbers, list->capacity * sizeof *list->numbers);
        ASSERT(list->numbers);
    }
    list->numbers[list->n++] = number;
}

/* Every acknowledged number is whole; every number that is there at all is whole. */
static void check_rows(struct store *s, const struct acked *list) {
    struct arena a = {0};
    struct txn *t = store_snapshot(s, &a);
    u32 missing = 0, partial = 0, rows = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct arena_mark mark = arena_mark(&a);
        struct key k = key_new(&a, S("load"));
        number_key(&k, list->numbers[i], 0);
        str value;
        bool found = txn_get(t, key_bytes(&k), &value);
        missing += !found || value.n != 1 + list->numbers[i] % 300 || value.p[0] != (char)('a' + list->numbers[i] % 26);
        arena_rewind(&a, mark);
    }
    struct key prefix = key_new(&a, S("load"));
    struct range r = txn_range(t, key_bytes(&prefix), key_after_prefix(&a, key_bytes(&prefix)));
    u64 last = 0;
    for (str key; range_next(&r, &key, NULL); rows++) {
        str rest = str_skip(key, key.n - 16);
        u64 number, row;
        ASSERT(key_read_u64(&rest, &number) && key_read_u64(&rest, &row));
        partial += row != rows % ROWS_EACH || (row && number != last);
        last = number;
    }
    partial += rows % ROWS_EACH != 0;
    store_snapshot_end(t);
    arena_free(&a);
    CHECK_INT(missing, 0);
    CHECK_INT(partial, 0);
}

static u32 rounds(u32 usual) {
    u64 soak;
    return str_to_u64(str_of(getenv("BRUME_SOAK")), &soak) && soak ? usual * 40 : usual;
}

/* ---- kill -9 ---- */
static NORETURN void child_under_load(struct place *p, u64 first, int acks) {
    struct load l;
    if (!place_open_as(p, (struct store_config){0})) _exit(1);
    load_start(&l, p->store, first, acks);
    for (;;) pause();
}

static void kill_9_loses_nothing_acknowledged(void) {
    struct place p;
    struct acked list = {0};
    u64 state = (u64)sys_wall_us();
    place_make(&p);
    for (u32 round = 0; round < rounds(6); round++) {
        int pipe_fds[2];
        ASSERT(pipe(pipe_fds) == 0);
        pid_t child = fork();
        ASSERT(child >= 0);
        if (child == 0) {
            close(pipe_fds[0]);
            child_under_load(&p, (u64)round << 24, pipe_fds[1]);
        }
        close(pipe_fds[1]);
        u64 number;
        size_t before = list.n;
        i64 until = sys_monotonic_us() + 10000 + (i64)(random_next(&state) % 60000);
        bool killed = false;
        while (read(pipe_fds[0], &number, sizeof number) == sizeof number) {
            acked_add(&list, number);
            if (killed || sys_monotonic_us() < until) continue;
            kill(child, SIGKILL);
            killed = true;
        }
        close(pipe_fds[0]);
        waitpid(child, NULL, 0);
        CHECK(killed && list.n > before);
        place_open(&p);
        check_rows(p.store, &list);
        place_close(&p);
    }
    printf("# %zu acknowledged writes over %u kills\n", list.n, rounds(6));
    free(list.numbers);
    place_drop(&p);
}

/* ---- the power cut. The linker routes this program's writes and syncs here (--wrap). What is written
 * to the store's rows goes to a second file, the disk, only when it is synced, whole pages in any
 * order; a cut keeps a random part of what was not synced, as a real disk may. ---- */
ssize_t __real_pwrite64(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __real_pwritev64(int fd, const struct iovec *parts, int n, off_t offset);
int __real_fdatasync(int fd);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __wrap_pwritev64(int fd, const struct iovec *parts, int n, off_t offset);
int __wrap_fdatasync(int fd);

struct pending {
    off_t offset;
    size_t n;
    char *bytes;
};
static struct {
    pthread_mutex_t lock;
    bool on;
    int disk;          /* what a power cut leaves */
    ino_t rows;        /* of the file that is watched */
    struct pending *writes;
    size_t n, capacity;
} power = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool watched(int fd) {
    struct stat st;
    return power.on && fstat(fd, &st) == 0 && st.st_ino == power.rows;
}

static void remember(const void *bytes, size_t n, off_t offset) {
    if (power.n == power.capacity) {
        power.capacity = MAX(power.capacity * 2, (size_t)256);
        power.writes = realloc(power.writes, power.capacity * sizeof *power.writes);
        ASSERT(power.writes);
    }
    struct pending *w = &power.writes[power.n++];
    *w = (struct pending){offset, n, malloc(n)};
    ASSERT(w->bytes);
    memcpy(w->bytes, bytes, n);
}

/* All of it, or when the power fails a random choice. */
static void reach_disk(u64 *choice) {
    for (size_t i = 0; i < power.n; i++) {
        struct pending *w = &power.writes[i];
        if (!choice || random_next(choice) % 2)
            ASSERT(__real_pwrite64(power.disk, w->bytes, w->n, w->offset) == (ssize_t)w->n);
        free(w->bytes);
    }
    power.n = 0;
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset) {
    ssize_t r = __real_pwrite64(fd, bytes, n, offset);
    pthread_mutex_lock(&power.lock);
    if (r > 0 && watched(fd)) {
        /* LMDB's meta page goes through a descriptor that syncs this write, and this write only: what
         * else waits is not carried along. */
        bool synced = fcntl(fd, F_GETFL) & O_DSYNC;
        if (synced) ASSERT(__real_pwrite64(power.disk, bytes, (size_t)r, offset) == r);
        else remember(bytes, (size_t)r, offset);
    }
    pthread_mutex_unlock(&power.lock);
    return r;
}

ssize_t __wrap_pwritev64(int fd, const struct iovec *parts, int n, off_t offset) {
    ssize_t r = __real_pwritev64(fd, parts, n, offset);
    pthread_mutex_lock(&power.lock);
    size_t left = r > 0 && watched(fd) ? (size_t)r : 0;
    for (int i = 0; i < n && left; i++) {
        size_t take = MIN(left, parts[i].iov_len);
        for (size_t at = 0; at < take; at += 4096)
            remember((const char *)parts[i].iov_base + at, MIN(take - at, (size_t)4096), offset + (off_t)at);
        offset += (off_t)take;
        left -= take;
    }
    pthread_mutex_unlock(&power.lock);
    return r;
}

int __wrap_fdatasync(int fd) {
    int r = __real_fdatasync(fd);
    pthread_mutex_lock(&power.lock);
    if (r == 0 && watched(fd)) reach_disk(NULL);
    pthread_mutex_unlock(&power.lock);
    return r;
}

static void copy_file(const char *from, const char *to) {
    int in, out;
    char bytes[65536];
    size_t got;
    ASSERT(file_open(from, O_RDONLY, 0, &in) == 0 && file_open(to, O_RDWR | O_CREAT | O_TRUNC, 0600, &out) == 0);
    for (u64 at = 0; file_read_at(in, bytes, sizeof bytes, at, &got) == 0 && got; at += got)
        ASSERT(file_write_at(out, bytes, got, at) == 0);
    close(in);
    close(out);
}

static void power_on(const char *rows, const char *disk) {
    struct stat st;
    copy_file(rows, disk);
    ASSERT(stat(rows, &st) == 0 && file_open(disk, O_RDWR, 0, &power.disk) == 0);
    power.rows = st.st_ino;
    power.on = true;
}

static void drain(int fd, struct acked *list) {
    u64 number;
    while (read(fd, &number, sizeof number) == sizeof number) acked_add(list, number);
}

static void a_power_cut_loses_nothing_acknowledged(void) {
    struct place p;
    struct acked list = {0};
    char rows[256], disk[256];
    u64 state = (u64)sys_wall_us(), unsynced = 0;
    place_make(&p);
    snprintf(rows, sizeof rows, "%s/rows", p.path);
    snprintf(disk, sizeof disk, "%s/disk", p.path);
    for (u32 round = 0; round < rounds(8); round++) {
        int pipe_fds[2];
        struct load l;
        ASSERT(pipe(pipe_fds) == 0);
        fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
        place_open(&p);
        power_on(rows, disk);
        load_start(&l, p.store, (u64)round << 24, pipe_fds[1]);
        i64 until = sys_monotonic_us() + 10000 + (i64)(random_next(&state) % 30000);
        while (sys_monotonic_us() < until) {
            drain(pipe_fds[0], &list);
            usleep(200);
        }
        /* The cut: what is acknowledged by now must be on the disk. Acks first, then the disk: what is
         * acknowledged between the two is not asked for. */
        pthread_mutex_lock(&power.lock);
        drain(pipe_fds[0], &list);
        unsynced += power.n;
        reach_disk(&state);
        power.on = false;
        pthread_mutex_unlock(&power.lock);
        atomic_store(&l.stop, true);
        struct acked later = {0};
        for (u32 i = 0; i < CLIENTS; i++) pthread_join(l.clients[i].thread, NULL);
        drain(pipe_fds[0], &later);
        free(later.numbers);
        place_close(&p);
        close(power.disk);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        ASSERT(rename(disk, rows) == 0);
        place_open(&p);
        check_rows(p.store, &list);
        place_close(&p);
    }
    printf("# %zu acknowledged writes over %u cuts, %llu writes were under way\n", list.n, rounds(8), (unsigned long long)unsynced);
    CHECK(list.n > 0);
    free(list.numbers);
    place_drop(&p);
}

/* ---- the disk fails ---- */
static void disk_faults_are_no_false_acks(void) {
    static const struct {
        enum file_fault kind;
        u64 nth;
        bool following;
        int error;
    } faults[] = {{FAULT_SYNC, 5, false, EIO},    {FAULT_SYNC, 1, true, EIO},     {FAULT_WRITE, 7, false, EIO},
                  {FAULT_WRITE, 4, false, ENOSPC}, {FAULT_WRITE, 1, true, ENOSPC}, {FAULT_WRITE, 2, false, EIO},
                  {FAULT_WRITE, 3, false, EIO},    {FAULT_WRITE, 6, true, EIO}};
    struct place p;
    struct acked list = {0};
    place_make(&p);
    place_open(&p);
    for (u32 i = 0; i < LENGTH(faults); i++) {
        int pipe_fds[2];
        struct load l;
        ASSERT(pipe(pipe_fds) == 0);
        fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
        load_start(&l, p.store, (u64)i << 24, pipe_fds[1]);
        usleep(5000);
        file_fault_arm(faults[i].kind, faults[i].nth, faults[i].following, faults[i].error);
        i64 patience_us = sys_monotonic_us() + 20000000; /* the machine may be busy */
        i64 again_us = sys_monotonic_us() + 500000;
        while (!atomic_load(&l.refused) && sys_monotonic_us() < patience_us) {
            drain(pipe_fds[0], &list);
            usleep(500);
            if (sys_monotonic_us() < again_us) continue;
            /* A single fault may have met a write that nobody waits for: zeros ahead of the rows (env.c). */
            file_fault_arm(faults[i].kind, faults[i].nth, faults[i].following, faults[i].error);
            again_us = sys_monotonic_us() + 500000;
        }
        CHECK(atomic_load(&l.refused) > 0);
        file_fault_arm(FAULT_NONE, 0, false, 0);
        drain(pipe_fds[0], &list);
        size_t before = list.n; /* the store goes on by itself */
        patience_us = sys_monotonic_us() + 20000000;
        while (list.n == before && sys_monotonic_us() < patience_us) {
            usleep(500);
            drain(pipe_fds[0], &list);
        }
        CHECK(list.n > before);
        load_stop(&l);
        drain(pipe_fds[0], &list);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        check_rows(p.store, &list);
        if (i % 3 == 2) { /* and from the file alone */
            place_close(&p);
            place_open(&p);
            check_rows(p.store, &list);
        }
    }
    free(list.numbers);
    place_drop(&p);
}

UNIT_MAIN(UNIT(kill_9_loses_nothing_acknowledged), UNIT(a_power_cut_loses_nothing_acknowledged),
          UNIT(disk_faults_are_no_false_acks))
