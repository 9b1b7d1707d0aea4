/* The power cut, with everything that the store keeps: rows, small blobs in segments, large ones in
 * files of their own. The linker routes this program's writes, syncs and removals here (--wrap) into a
 * second picture of the data directory, the disk: bytes reach it when their file is synced, names when
 * their directory is. A cut takes a random part of what was not synced along, as a real disk may. */
#include "blob_help.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

ssize_t __real_pwrite64(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __real_pwritev64(int fd, const struct iovec *parts, int n, off_t offset);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_unlink(const char *path);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __wrap_pwritev64(int fd, const struct iovec *parts, int n, off_t offset);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_unlink(const char *path);

/* ---- the disk ---- */
struct pending {
    struct pending *next;
    off_t offset;
    size_t n;
    char bytes[];
};
struct object { /* a file, whatever its names */
    struct object *next;
    ino_t inode; /* 0: removed; the disk may still have it */
    int disk;    /* its durable bytes, a file without a name */
    struct pending *first, **end;
};
struct name { /* durable; below the data directory */
    struct name *next;
    struct object *object;
    char path[400];
};
static struct {
    pthread_mutex_t lock;
    bool on;
    char root[128];
    struct object *objects;
    struct name *names;
    u64 waiting; /* writes not synced */
} power = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct object *object_of(const struct stat *st) {
    for (struct object *o = power.objects; o; o = o->next)
        if (o->inode == st->st_ino) return o;
    struct object *o = calloc(1, sizeof *o);
    char path[] = "/tmp/brume-disk-XXXXXX";
    ASSERT(o);
    *o = (struct object){power.objects, st->st_ino, mkstemp(path), NULL, &o->first};
    ASSERT(o->disk >= 0 && __real_unlink(path) == 0);
    return power.objects = o;
}

/* The files of this store only: below its directory. */
static bool watched(int fd, struct stat *st, char path[400]) {
    char link[64];
    if (!power.on || fstat(fd, st) != 0) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 399);
    path[MAX(n, 0)] = 0;
    return n > 0 && str_starts(str_of(path), str_of(power.root)) && !str_ends(str_of(path), S("-lock"));
}

static void keep_write(int fd, const char *bytes, size_t n, off_t offset) {
    struct stat st;
    char path[400];
    if (!watched(fd, &st, path)) return;
    struct object *o = object_of(&st);
    /* LMDB's meta page goes through a descriptor that syncs this write, and this write only. */
    if (fcntl(fd, F_GETFL) & O_DSYNC) {
        ASSERT(__real_pwrite64(o->disk, bytes, n, offset) == (ssize_t)n);
        return;
    }
    for (size_t at = 0; at < n; at += 4096) {
        size_t piece = MIN(n - at, (size_t)4096);
        struct pending *w = malloc(sizeof *w + piece);
        ASSERT(w);
        *w = (struct pending){NULL, offset + (off_t)at, piece};
        memcpy(w->bytes, bytes + at, piece);
        *o->end = w;
        o->end = &w->next;
        power.waiting++;
    }
}

/* All that waits for one file, or when the power fails a random choice of it. */
static void reach_disk(struct object *o, u64 *choice) {
    for (struct pending *w = o->first, *next; w; w = next) {
        next = w->next;
        if (!choice || random_next(choice) % 2)
            ASSERT(__real_pwrite64(o->disk, w->bytes, w->n, w->offset) == (ssize_t)w->n);
        free(w);
        power.waiting--;
    }
    o->first = NULL;
    o->end = &o->first;
}

/* Names of one directory become what they are; a removal that was not synced may be undone by the cut. */
static void names_reach_disk(const char *directory) {
    const char *inner = directory + strlen(power.root);
    size_t n = strlen(inner);
    for (struct name **at = &power.names; *at;) {
        struct name *x = *at;
        const char *slash = strrchr(x->path, '/');
        if ((size_t)(slash - x->path) == n && memcmp(x->path, inner, n) == 0) {
            *at = x->next;
            free(x);
        } else {
            at = &x->next;
        }
    }
    DIR *d = opendir(directory);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        struct stat st;
        if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) continue;
        struct name *x = calloc(1, sizeof *x);
        ASSERT(x);
        ASSERT(snprintf(x->path, sizeof x->path, "%s/%s", inner, entry->d_name) < (int)sizeof x->path);
        x->object = object_of(&st);
        x->next = power.names;
        power.names = x;
    }
    if (d) closedir(d);
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset) {
    ssize_t r = __real_pwrite64(fd, bytes, n, offset);
    pthread_mutex_lock(&power.lock);
    if (r > 0) keep_write(fd, bytes, (size_t)r, offset);
    pthread_mutex_unlock(&power.lock);
    return r;
}

ssize_t __wrap_pwritev64(int fd, const struct iovec *parts, int n, off_t offset) {
    ssize_t r = __real_pwritev64(fd, parts, n, offset);
    pthread_mutex_lock(&power.lock);
    size_t left = r > 0 ? (size_t)r : 0;
    for (int i = 0; i < n && left; i++) {
        size_t take = MIN(left, parts[i].iov_len);
        keep_write(fd, parts[i].iov_base, take, offset);
        offset += (off_t)take;
        left -= take;
    }
    pthread_mutex_unlock(&power.lock);
    return r;
}

int __wrap_fdatasync(int fd) {
    int r = __real_fdatasync(fd);
    struct stat st;
    char path[400];
    pthread_mutex_lock(&power.lock);
    if (r == 0 && watched(fd, &st, path)) reach_disk(object_of(&st), NULL);
    pthread_mutex_unlock(&power.lock);
    return r;
}

int __wrap_fsync(int fd) {
    int r = __real_fsync(fd);
    struct stat st;
    char path[400];
    pthread_mutex_lock(&power.lock);
    if (r == 0 && watched(fd, &st, path)) {
        if (S_ISDIR(st.st_mode)) names_reach_disk(path);
        else reach_disk(object_of(&st), NULL);
    }
    pthread_mutex_unlock(&power.lock);
    return r;
}

int __wrap_unlink(const char *path) {
    struct stat st;
    pthread_mutex_lock(&power.lock);
    bool there = power.on && stat(path, &st) == 0;
    int r = __real_unlink(path);
    if (there && r == 0 && st.st_nlink == 1) object_of(&st)->inode = 0; /* the number may be given again */
    pthread_mutex_unlock(&power.lock);
    return r;
}

static void copy_out(int from, const char *path) {
    char bytes[65536], *slash = strrchr((char *)(uintptr_t)path, '/');
    size_t got;
    int to;
    *slash = 0;
    ASSERT(file_make_directories(path, 0700) == 0);
    *slash = '/';
    ASSERT(file_open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600, &to) == 0);
    for (u64 at = 0; file_read_at(from, bytes, sizeof bytes, at, &got) == 0 && got; at += got)
        ASSERT(__real_pwrite64(to, bytes, got, (off_t)at) == (ssize_t)got);
    close(to);
}

/* What the disk holds once the lights are on again, as a directory. */
static void disk_to(const char *directory, u64 *choice) {
    char path[600];
    for (struct object *o = power.objects; o; o = o->next) reach_disk(o, choice);
    for (const struct name *x = power.names; x; x = x->next) {
        snprintf(path, sizeof path, "%s%s", directory, x->path);
        copy_out(x->object->disk, path);
    }
}

/* What stands in the directory now is durable. */
static void disk_adopt(const char *directory) {
    char path[400];
    struct stat st;
    DIR *d = opendir(directory);
    names_reach_disk(directory);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (stat(path, &st) != 0) continue;
        if (S_ISDIR(st.st_mode)) {
            disk_adopt(path);
            continue;
        }
        char bytes[65536];
        size_t got;
        int fd;
        ASSERT(file_open(path, O_RDONLY, 0, &fd) == 0);
        for (u64 at = 0; file_read_at(fd, bytes, sizeof bytes, at, &got) == 0 && got; at += got)
            ASSERT(__real_pwrite64(object_of(&st)->disk, bytes, got, (off_t)at) == (ssize_t)got);
        close(fd);
    }
    if (d) closedir(d);
}

static void disk_forget(void) {
    for (struct name *x = power.names, *next; x; x = next) {
        next = x->next;
        free(x);
    }
    for (struct object *o = power.objects, *next; o; o = next) {
        next = o->next;
        reach_disk(o, NULL);
        close(o->disk);
        free(o);
    }
    power.names = NULL;
    power.objects = NULL;
}

/* ---- the load: puts, replacements and deletions of every kind of blob ---- */
enum { CLIENTS = 6, NAMES = 24 };
static size_t length_of(u64 i) {
    static const size_t lengths[] = {700, 3000, 20000, 66000, 200000, 5000, 1500, 0};
    return lengths[i % LENGTH(lengths)] + i % 50;
}

/* Number n of a client goes to the name n % NAMES; every fifth deletes what stands there. */
static bool deletes(u64 number) { return number % 5 == 4; }

struct client {
    struct place *p;
    pthread_t thread;
    u64 id, next;
    _Atomic u64 acknowledged[NAMES]; /* the newest */
    u64 frozen[NAMES];               /* when the power failed */
};
static struct client clients[CLIENTS];
static _Atomic bool stop;
static _Atomic u64 acks, refusals;

static void name_of(const struct client *c, u64 slot, char name[48]) {
    snprintf(name, 48, "%llu/%llu", (unsigned long long)c->id, (unsigned long long)slot);
}

static void *client_main(void *context) {
    struct client *c = context;
    while (!atomic_load(&stop)) {
        u64 number = ++c->next;
        char name[48];
        name_of(c, number % NAMES, name);
        bool fine = deletes(number) ? delete_name(c->p, name) /* false too when nothing was there */
                                    : blob_put(c->p, name, length_of(number), number, 1, -1);
        if (fine) atomic_store(&c->acknowledged[number % NAMES], number);
        if (fine) atomic_fetch_add(&acks, 1);
        else if (!deletes(number)) atomic_fetch_add(&refusals, 1);
    }
    return NULL;
}

/* Looks beside the writers, one snapshot inside another. */
static void *reader_main(void *context) {
    struct place *p = context;
    while (!atomic_load(&stop)) {
        struct arena a = {0};
        struct txn *outer = store_snapshot(p->store, &a), *inner = store_snapshot(p->store, &a);
        CHECK(txn_number(inner) >= txn_number(outer));
        (void)txn_get(inner, S("none"), NULL);
        store_snapshot_end(inner);
        store_snapshot_end(outer);
        arena_free(&a);
    }
    return NULL;
}
static pthread_t reader;

static void load_start(struct place *p) {
    atomic_store(&stop, false);
    for (u64 i = 0; i < CLIENTS; i++) {
        clients[i].p = p;
        clients[i].id = i;
        ASSERT(pthread_create(&clients[i].thread, NULL, client_main, &clients[i]) == 0);
    }
    ASSERT(pthread_create(&reader, NULL, reader_main, p) == 0);
}

static void load_stop(void) {
    atomic_store(&stop, true);
    for (u32 i = 0; i < CLIENTS; i++) pthread_join(clients[i].thread, NULL);
    pthread_join(reader, NULL);
}

static bool holds(struct place *p, const char *name, u64 number) {
    struct arena a = {0};
    struct txn *t = store_snapshot(p->store, &a);
    str reference;
    bool fits = txn_get(t, name_key(&a, str_of(name)), &reference) && blob_length(reference) == length_of(number);
    store_snapshot_end(t);
    arena_free(&a);
    return fits && blob_same(p, name, length_of(number), number);
}

/* A name holds what was acknowledged last or something later, which had no answer; whole in any case. */
static void check_name(struct place *p, const struct client *c, u64 slot, u64 known, u64 *found) {
    char name[48];
    struct arena a = {0};
    bool deletion = deletes(known), there;
    u64 first = known ? known : slot ? slot : NAMES;
    *found = 0;
    name_of(c, slot, name);
    there = open_name(p, name, &a) != NULL;
    arena_free(&a);
    for (u64 n = first; n <= c->next; n += NAMES) {
        deletion |= deletes(n);
        if (there && !deletes(n) && holds(p, name, n)) *found = n;
    }
    if (there) CHECK(*found); /* no row names missing bytes, nor an older state's */
    else CHECK(!known || deletion);
}

static void check_names(struct place *p, bool after_cut) {
    for (u64 i = 0; i < CLIENTS; i++)
        for (u64 slot = 0; slot < NAMES; slot++) {
            struct client *c = &clients[i];
            u64 found;
            check_name(p, c, slot, after_cut ? c->frozen[slot] : c->acknowledged[slot], &found);
            if (after_cut) c->acknowledged[slot] = found;
        }
}

static u32 rounds(u32 usual) {
    u64 soak;
    return str_to_u64(str_of(getenv("BRUME_SOAK")), &soak) && soak ? usual * 40 : usual;
}

static void a_power_cut_loses_no_blob(void) {
    struct place p;
    char first[128];
    u64 state = (u64)sys_wall_us(), unsynced = 0;
    place_make(&p);
    memcpy(first, p.path, sizeof first);
    for (u32 round = 0; round < rounds(5); round++) {
        char next[sizeof p.path];
        ASSERT(snprintf(next, sizeof next, "%s.cut%u", first, round) < (int)sizeof next);
        memcpy(power.root, p.path, sizeof power.root);
        disk_adopt(p.path);
        power.on = true;
        place_open(&p);
        load_start(&p);
        if (round) usleep(50000 + (u32)(random_next(&state) % 100000)); /* the first cut: at once */
        pthread_mutex_lock(&power.lock);
        for (u32 i = 0; i < CLIENTS; i++)
            for (u32 slot = 0; slot < NAMES; slot++) clients[i].frozen[slot] = clients[i].acknowledged[slot];
        unsynced += power.waiting;
        disk_to(next, &state);
        power.on = false;
        pthread_mutex_unlock(&power.lock);
        load_stop();
        place_drop(&p);
        disk_forget();
        memcpy(p.path, next, sizeof p.path);
        place_open(&p);
        check_names(&p, true);
        settle(&p); /* the sweep removes what no row names, and nothing else */
        check_names(&p, false);
        place_close(&p);
    }
    printf("# %llu acknowledged, %u cuts, %llu writes were under way\n", (unsigned long long)acks, rounds(5),
           (unsigned long long)unsynced);
    CHECK(acks > 0);
    place_drop(&p);
}

static bool grows(const _Atomic u64 *count, u64 before) {
    i64 until_us = sys_monotonic_us() + 20000000; /* the machine may be busy */
    while (atomic_load(count) == before && sys_monotonic_us() < until_us) usleep(200);
    return atomic_load(count) > before;
}

static void a_full_disk_refuses_and_recovers(void) {
    struct place p;
    memset(clients, 0, sizeof clients);
    place_make(&p);
    place_open(&p);
    log_set_level(LOG_ERROR - 1);
    load_start(&p);
    for (u32 nth = 1; nth <= rounds(24); nth++) {
        bool full = nth % 3; /* else a disk that fails to sync */
        u64 before = atomic_load(&refusals);
        file_fault_arm(full ? FAULT_WRITE : FAULT_SYNC, nth, true, full ? ENOSPC : EIO);
        CHECK(grows(&refusals, before));
        file_fault_arm(FAULT_NONE, 0, false, 0);
        CHECK(grows(&acks, atomic_load(&acks))); /* without a restart */
    }
    load_stop();
    log_set_level(LOG_INFO);
    check_names(&p, false);
    place_close(&p);
    place_open(&p);
    settle(&p);
    check_names(&p, false);
    place_drop(&p);
}

UNIT_MAIN(UNIT(a_power_cut_loses_no_blob), UNIT(a_full_disk_refuses_and_recovers))
