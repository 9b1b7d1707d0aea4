/* Removal: files that no row names any more, once no snapshot and no reader can still want them; and
 * the sweep that finds what a crash or a dropped stage left. */
#include "store/blob_internal.h"

#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GONE_MAX = 1 << 16, GONE_AT_ONCE = 256, RETRY_US = 100000 };

void gone_hint(struct blobs *b, u8 kind, u64 number, u64 after_batch) {
    pthread_mutex_lock(&b->gone_lock);
    if (b->gone_count == b->gone_capacity && b->gone_capacity < GONE_MAX) {
        size_t capacity = b->gone_capacity ? 2 * b->gone_capacity : 64;
        struct gone *larger = realloc(b->gone, capacity * sizeof *larger); /* bounded by GONE_MAX */
        ASSERT(larger);
        b->gone = larger;
        b->gone_capacity = capacity;
    }
    if (b->gone_count < b->gone_capacity)
        b->gone[b->gone_count++] = (struct gone){.kind = kind, .number = number, .after_batch = after_batch};
    else b->gone_overflowed = true; /* the sweep will find it */
    pthread_mutex_unlock(&b->gone_lock);
    keeper_call(&b->keeper, &b->gone_chore, sys_monotonic_us() + 20000);
}

/* Takes entries whose batch has ended. */
static size_t gone_take(struct blobs *b, struct gone *taken, size_t max) {
    /* Set before the number is read: a batch that ends now calls again. */
    b->gone_waiting = true;
    u64 batch = b->batch_number;
    size_t n = 0;
    bool waiting = false;
    pthread_mutex_lock(&b->gone_lock);
    for (size_t i = 0; i < b->gone_count && n < max;) {
        if (b->gone[i].after_batch >= batch) {
            waiting = true;
            i++;
            continue;
        }
        taken[n++] = b->gone[i];
        b->gone[i] = b->gone[--b->gone_count];
    }
    b->gone_waiting = waiting;
    pthread_mutex_unlock(&b->gone_lock);
    return n;
}

static void gone_put_back(struct blobs *b, const struct gone *g) {
    pthread_mutex_lock(&b->gone_lock);
    if (b->gone_count < b->gone_capacity) b->gone[b->gone_count++] = *g;
    else b->gone_overflowed = true;
    pthread_mutex_unlock(&b->gone_lock);
}

/* Something still uses the name for other reasons than a row; it will give its own hint. */
static bool in_use(struct blobs *b, const struct gone *g) {
    return g->kind == BLOB_FILE ? stage_is_live(b, g->number) : segment_active(b, g->number);
}

/* Keeps of `g` those that no row names, and notes the snapshot that said so. */
static size_t gone_confirm(struct blobs *b, struct gone *g, size_t n) {
    struct arena a = {0};
    size_t kept = 0;
    bool used[GONE_AT_ONCE];
    /* Asked before the rows are looked at: a stage is live until its row is committed. */
    for (size_t i = 0; i < n; i++) used[i] = in_use(b, &g[i]);
    struct txn *t = store_snapshot(b->store, &a);
    for (size_t i = 0; i < n; i++) {
        str key = g[i].kind == BLOB_FILE ? blob_key(&a, g[i].number) : segment_key(&a, g[i].number);
        if (used[i]) continue;
        if (!g[i].absent_at) {
            if (txn_get(t, key, NULL)) continue;
            g[i].absent_at = txn_number(t);
        }
        g[kept++] = g[i];
    }
    store_snapshot_end(t);
    arena_free(&a);
    return kept;
}

static void gone_remove(struct blobs *b, const struct gone *g) {
    char path[BLOB_PATH];
    for (int z = 0; z < b->zones; z++) {
        if (g->kind == BLOB_FILE) file_path(b, z, g->number, path);
        else segment_path(b, z, g->number, path);
        int error = file_remove(path);
        if (error && error != ENOENT)
            log_line(LOG_WARN, "blob_remove", "path=%s error=\"%s\"", path, strerror(error));
    }
}

i64 gone_turn(struct chore *c) {
    struct blobs *b = (struct blobs *)((char *)c - offsetof(struct blobs, gone_chore));
    struct gone g[GONE_AT_ONCE];
    if (b->held) return sys_monotonic_us() + RETRY_US;
    size_t n = gone_take(b, g, LENGTH(g));
    bool full = n == LENGTH(g), waiting = false;
    n = gone_confirm(b, g, n);
    u64 oldest = store_oldest_snapshot(b->store);
    for (size_t i = 0; i < n; i++) {
        /* A save that began meanwhile copied rows from which this one was already absent. */
        if (oldest >= g[i].absent_at && !reader_pins(b, g[i].kind, g[i].number)) {
            gone_remove(b, &g[i]);
        } else {
            gone_put_back(b, &g[i]);
            waiting = true;
        }
    }
    pthread_mutex_lock(&b->gone_lock);
    bool sweep = b->gone_overflowed && b->gone_count < GONE_MAX / 2;
    if (sweep) b->gone_overflowed = false;
    pthread_mutex_unlock(&b->gone_lock);
    if (sweep) keeper_call(&b->keeper, &b->sweep_chore, sys_monotonic_us());
    if (waiting) return sys_monotonic_us() + RETRY_US;
    return full ? sys_monotonic_us() : KEEPER_NEVER;
}

/* ---- the sweep: one directory a turn ---- */
static bool parse_hex(const char *name, u64 *number) {
    char *end;
    if (!*name || *name == '.') return false;
    *number = strtoull(name, &end, 16);
    return *end == 0;
}

static void sweep_listed(struct blobs *b, u8 kind, const char *path) {
    DIR *directory = opendir(path);
    if (!directory) return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        u64 number;
        if (!parse_hex(entry->d_name, &number)) continue;
        /* An own file is either some stage's, which is live, or a row names it. A new segment gets its
         * row with the batch that may be under way. */
        gone_hint(b, kind, number, kind == BLOB_FILE ? 0 : b->batch_number);
    }
    closedir(directory);
}

/* The next directory of own files; false at the zone's end. */
static bool sweep_files(struct blobs *b) {
    struct sweep *s = &b->sweep;
    char path[BLOB_PATH], inner[BLOB_PATH + 32];
    snprintf(path, sizeof path, "%s/zones/%d/files", b->directory, s->zone);
    if (!s->directories) s->directories = opendir(path);
    if (!s->directories) return false;
    u64 number;
    for (struct dirent *entry; (entry = readdir(s->directories));) {
        if (!parse_hex(entry->d_name, &number)) continue;
        snprintf(inner, sizeof inner, "%s/%llx", path, (unsigned long long)number);
        sweep_listed(b, BLOB_FILE, inner);
        /* Only of former runs, where no stage can be about to make a file. */
        if (number < b->first_id >> FILES_BITS) rmdir(inner);
        return true;
    }
    closedir(s->directories);
    s->directories = NULL;
    return false;
}

i64 sweep_turn(struct chore *c) {
    struct blobs *b = (struct blobs *)((char *)c - offsetof(struct blobs, sweep_chore));
    struct sweep *s = &b->sweep;
    char path[BLOB_PATH];
    pthread_mutex_lock(&b->gone_lock);
    bool busy = b->gone_count > GONE_MAX / 2;
    pthread_mutex_unlock(&b->gone_lock);
    if (busy) return sys_monotonic_us() + RETRY_US;
    if (sweep_files(b)) return sys_monotonic_us();
    snprintf(path, sizeof path, "%s/zones/%d/segments", b->directory, s->zone);
    sweep_listed(b, BLOB_SEGMENT, path);
    if (++s->zone < b->zones) return sys_monotonic_us();
    s->zone = 0;
    return KEEPER_NEVER;
}
