/* The whole cloud in one file. Saved while serving: removal of files is held, the rows are copied as
 * of one moment, then every file that stands in the data directory: those that the rows name are among
 * them, and what came later is swept after loading. The file holds the root key: who can read it can
 * read everything. BLOBS.md has the format. */
#include "store/blob_internal.h"
#include "store/internal.h"

#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20, DEPTH_MAX = 8, ENTRY_HEADER = 16, NAME_MAX_ = 1024, CHECK_BYTES = 16 };
enum entry_kind { ENTRY_FILE = 'f', ENTRY_BASE = 'b', ENTRY_END = 'e' };
static const char first_line[] = "brume cloud 1\n\n"; /* 16 bytes with its NUL */
static const char rows_loading[] = "rows.loading";

static const struct error cloud_failed = {"CloudFileFailed", NULL, 500, 0xffff, false};

static err failed(str *problem, struct arena *a, const char *path, const char *why) {
    *problem = arena_format(a, "%s: %s", path, why);
    return &cloud_failed;
}

/* ---- saving ---- */
struct saving {
    struct store *store;
    const char *path; /* of the file */
    int fd;
    u64 end;
    struct digest digest;
    u8 *piece;
    u64 id_limit; /* blobs from here on were born after the rows were copied */
    struct stat self;
    struct arena *arena;
    str *problem;
};

static err out_add(struct saving *s, const void *bytes, size_t n) {
    int error = file_write_at(s->fd, bytes, n, s->end);
    if (error) return failed(s->problem, s->arena, s->path, strerror(error));
    digest_add(&s->digest, bytes, n);
    s->end += n;
    return NULL;
}

static err out_entry(struct saving *s, u8 kind, str name, u64 size) {
    u8 header[ENTRY_HEADER] = {kind};
    put_u32(header + 4, (u32)name.n);
    put_u64(header + 8, size);
    TRY(out_add(s, header, sizeof header));
    return out_add(s, name.p, name.n);
}

static err save_bytes(struct saving *s, int fd, str name) {
    struct stat st;
    if (fstat(fd, &st) != 0) return failed(s->problem, s->arena, s->path, strerror(errno));
    TRY(out_entry(s, ENTRY_FILE, name, (u64)st.st_size));
    for (u64 at = 0; at < (u64)st.st_size;) {
        size_t n = (size_t)MIN((u64)PIECE, (u64)st.st_size - at), got;
        int error = file_read_at(fd, s->piece, n, at, &got);
        if (error || got != n) {
            const char *path = arena_c_string(s->arena, name);
            return failed(s->problem, s->arena, path, error ? strerror(error) : "became shorter while it was read");
        }
        TRY(out_add(s, s->piece, n));
        at += n;
    }
    return NULL;
}

static err save_rows(struct saving *s) {
    char temporary[BLOB_PATH];
    int fd;
    snprintf(temporary, sizeof temporary, "%s.rows", s->path);
    int error = file_open(temporary, O_CREAT | O_EXCL | O_RDWR, 0600, &fd);
    if (error) return failed(s->problem, s->arena, temporary, strerror(error));
    (void)file_remove(temporary); /* it goes with its last descriptor */
    error = store_copy_rows(s->store, fd);
    err result = error ? failed(s->problem, s->arena, temporary, strerror(error))
                       : save_bytes(s, fd, str_of(store_rows_name));
    close(fd);
    if (result) return result;
    /* Read after the copy: at least as far as it went. */
    struct txn *t = store_snapshot(s->store, s->arena);
    str base = store_base_value(t, s->arena);
    store_snapshot_end(t);
    TRY(out_entry(s, ENTRY_BASE, S(""), base.n));
    return out_add(s, base.p, base.n);
}

static bool skipped(const struct saving *s, const char *name, const struct stat *st) {
    unsigned long long id;
    int zone, end = 0;
    if (str_starts(str_of(name), str_of(store_rows_name))) return true; /* and LMDB's lock beside it */
    /* Of this directory and its process alone; saved clouds are no part of a cloud. */
    if (strcmp(name, "lock") == 0 || strcmp(name, "endpoint") == 0 || strcmp(name, "snapshots") == 0) return true;
    if (st->st_dev == s->self.st_dev && st->st_ino == s->self.st_ino) return true;
    return sscanf(name, "zones/%d/files/%*x/%llx%n", &zone, &id, &end) == 2 && name[end] == 0 && id >= s->id_limit;
}

static err save_directory(struct saving *s, const char *name, int depth);

static err save_named(struct saving *s, const char *name, int depth) {
    char path[BLOB_PATH];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", store_directory(s->store), name);
    if (lstat(path, &st) != 0 || skipped(s, name, &st)) return NULL; /* gone: no row wants it */
    if (S_ISDIR(st.st_mode)) return depth < DEPTH_MAX ? save_directory(s, name, depth + 1) : NULL;
    if (!S_ISREG(st.st_mode)) return NULL;
    int fd;
    int error = file_open(path, O_RDONLY, 0, &fd);
    if (error == ENOENT) return NULL;
    if (error) return failed(s->problem, s->arena, path, strerror(error));
    err result = save_bytes(s, fd, str_of(name));
    close(fd);
    return result;
}

/* Twice for a journal: a segment that was compressed between the listing and its turn has a new name.
 * Raw and compressed together are no harm, the journal takes one of them. */
static err save_directory(struct saving *s, const char *name, int depth) {
    char path[BLOB_PATH], child[NAME_MAX_];
    struct arena_mark mark = arena_mark(s->arena);
    struct list { const char *name; struct list *next; } *seen = NULL;
    int passes = str_starts(str_of(name), S("journal/")) ? 2 : 1;
    snprintf(path, sizeof path, "%s/%s", store_directory(s->store), name);
    for (int pass = 0; pass < passes; pass++) {
        DIR *directory = opendir(path);
        err result = NULL;
        if (!directory) break;
        for (struct dirent *entry; !result && (entry = readdir(directory));) {
            if (entry->d_name[0] == '.') continue;
            bool known = false;
            for (struct list *l = seen; l && pass && !known; l = l->next) known = strcmp(l->name, entry->d_name) == 0;
            if (known) continue;
            if (passes > 1) {
                struct list *l = NEW(s->arena, struct list);
                *l = (struct list){arena_c_string(s->arena, str_of(entry->d_name)), seen};
                seen = l;
            }
            int n = snprintf(child, sizeof child, "%s%s%s", name, *name ? "/" : "", entry->d_name);
            if (n >= (int)sizeof child) result = failed(s->problem, s->arena, child, "the name is too long");
            else result = save_named(s, child, depth);
        }
        closedir(directory);
        if (result) return result; /* *problem stands in the arena */
    }
    arena_rewind(s->arena, mark);
    return NULL;
}

static err save_all(struct saving *s) {
    u8 check[DIGEST_MAX];
    TRY(out_add(s, first_line, sizeof first_line));
    TRY(save_rows(s));
    s->id_limit = atomic_load(&store_blobs(s->store)->next_id);
    TRY(save_directory(s, "", 0));
    TRY(out_entry(s, ENTRY_END, S(""), 0));
    size_t n = digest_end(&s->digest, check);
    ASSERT(n == CHECK_BYTES);
    int error = file_write_at(s->fd, check, n, s->end);
    if (!error) error = file_sync_data(s->fd);
    return error ? failed(s->problem, s->arena, s->path, strerror(error)) : NULL;
}

err store_snapshot_save(struct store *store, const char *path, str *problem, struct arena *a) {
    char temporary[BLOB_PATH];
    struct saving s = {.store = store, .path = path, .arena = a, .problem = problem};
    if (snprintf(temporary, sizeof temporary, "%s.saving", path) >= (int)sizeof temporary - 8)
        return failed(problem, a, path, "the name is too long");
    int error = file_open(temporary, O_CREAT | O_TRUNC | O_RDWR, 0600, &s.fd);
    if (error) return failed(problem, a, temporary, strerror(error));
    /* A file that was there before may have had another mode; the root key goes in here. */
    if (fchmod(s.fd, 0600) != 0 || fstat(s.fd, &s.self) != 0) {
        close(s.fd);
        return failed(problem, a, temporary, strerror(errno));
    }
    digest_init(&s.digest, DIGEST_XXHASH128);
    s.piece = malloc(PIECE); /* a save at a time */
    ASSERT(s.piece);
    blobs_hold(store_blobs(store), true);
    err result = save_all(&s);
    blobs_hold(store_blobs(store), false);
    free(s.piece);
    close(s.fd);
    if (!result && (error = file_rename(temporary, path))) result = failed(problem, a, path, strerror(error));
    if (!result) {
        const char *slash = strrchr(path, '/');
        const char *directory = !slash ? "." : slash == path ? "/" : arena_c_string(a, (str){path, (size_t)(slash - path)});
        if ((error = file_sync_directory(directory))) result = failed(problem, a, directory, strerror(error));
    }
    if (result) (void)file_remove(temporary);
    return result;
}

/* ---- loading ---- */
struct loading {
    const char *path, *directory;
    int fd;
    u64 at, size;
    struct digest digest;
    u8 *piece;
    str base;
    struct arena *arena;
    str *problem;
};

static err in_take(struct loading *l, void *bytes, size_t n) {
    size_t got;
    int error = file_read_at(l->fd, bytes, n, l->at, &got);
    if (error) return failed(l->problem, l->arena, l->path, strerror(error));
    if (got != n) return failed(l->problem, l->arena, l->path, "it ends too early");
    digest_add(&l->digest, bytes, n);
    l->at += n;
    return NULL;
}

/* Names stay inside the directory, whatever the file says. */
static bool name_fits(const char *name) {
    if (!*name || *name == '/') return false;
    for (str rest = str_of(name); rest.p;) {
        str part = str_cut(&rest, '/');
        if (!part.n || part.p[0] == '.') return false;
    }
    return true;
}

static err load_file(struct loading *l, const char *name, u64 size) {
    char path[BLOB_PATH];
    bool rows = strcmp(name, store_rows_name) == 0;
    /* Under another name until all was verified: a directory without rows is no store. */
    int n = snprintf(path, sizeof path, "%s/%s", l->directory, rows ? rows_loading : name);
    if (n >= (int)sizeof path) return failed(l->problem, l->arena, name, "the name is too long");
    char *slash = strrchr(path, '/');
    *slash = 0;
    int fd, error = file_make_directories(path, 0700);
    *slash = '/';
    if (!error) error = file_open(path, O_CREAT | O_EXCL | O_WRONLY, 0600, &fd);
    if (error) return failed(l->problem, l->arena, path, strerror(error));
    err result = NULL;
    for (u64 at = 0; at < size && !result;) {
        size_t piece = (size_t)MIN((u64)PIECE, size - at);
        result = in_take(l, l->piece, piece);
        if (!result && (error = file_write_at(fd, l->piece, piece, at)))
            result = failed(l->problem, l->arena, path, strerror(error));
        at += piece;
    }
    if (!result && (error = file_sync_data(fd))) result = failed(l->problem, l->arena, path, strerror(error));
    close(fd);
    return result;
}

static err load_base(struct loading *l, u64 size) {
    if (size > 64) return failed(l->problem, l->arena, l->path, "not a saved cloud");
    char *base = arena_alloc(l->arena, size + 1, 1);
    l->base = (str){base, size};
    return in_take(l, base, size);
}

static err load_entries(struct loading *l) {
    char name[NAME_MAX_], line[sizeof first_line];
    TRY(in_take(l, line, sizeof line));
    if (memcmp(line, first_line, sizeof line) != 0)
        return failed(l->problem, l->arena, l->path, "not a saved cloud, or of another version");
    for (;;) {
        u8 header[ENTRY_HEADER];
        TRY(in_take(l, header, sizeof header));
        size_t n = get_u32(header + 4);
        u64 size = get_u64(header + 8);
        if (n >= sizeof name || size > l->size - l->at) return failed(l->problem, l->arena, l->path, "damaged");
        TRY(in_take(l, name, n));
        name[n] = 0;
        if (header[0] == ENTRY_END) return NULL;
        if (header[0] == ENTRY_BASE) {
            TRY(load_base(l, size));
            continue;
        }
        if (header[0] != ENTRY_FILE || !name_fits(name)) return failed(l->problem, l->arena, l->path, "damaged");
        TRY(load_file(l, name, size));
    }
}

static int sync_directory(const char *path, const struct stat *st, int flag, struct FTW *where) {
    return flag == FTW_D ? file_sync_directory(path) : 0;
}
static int remove_below(const char *path, const struct stat *st, int flag, struct FTW *where) {
    return where->level ? remove(path) : 0;
}

/* The copied rows count their commits from the start again: numbers go on from the saved base. Not by
 * store_open: a load runs none of the cloud's tasks. */
static err load_base_row(struct loading *l, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) return failed(l->problem, l->arena, path, strerror(errno));
    struct env *env = NEW(l->arena, struct env);
    MDB_txn *t;
    int code = env_open(env, path, false, (size_t)st.st_size * 2 + (64 << 20));
    if (code) return failed(l->problem, l->arena, path, mdb_strerror(code));
    str name = store_base_key(l->arena);
    MDB_val key = {name.n, (void *)(uintptr_t)name.p}, value = {l->base.n, (void *)(uintptr_t)l->base.p};
    code = mdb_txn_begin(env->lmdb, NULL, 0, &t);
    if (!code) {
        code = mdb_put(t, env->rows, &key, &value, 0);
        if (code) mdb_txn_abort(t);
        else code = mdb_txn_commit(t);
    }
    env_close(env);
    return code ? failed(l->problem, l->arena, path, mdb_strerror(code)) : NULL;
}

static err load_check(struct loading *l) {
    u8 want[CHECK_BYTES], got[DIGEST_MAX];
    size_t n;
    digest_end(&l->digest, got);
    int error = file_read_at(l->fd, want, sizeof want, l->at, &n);
    if (error || n != sizeof want || memcmp(want, got, sizeof want) != 0 || l->at + n != l->size)
        return failed(l->problem, l->arena, l->path, "damaged: its check sum differs");
    char from[BLOB_PATH], to[BLOB_PATH];
    snprintf(from, sizeof from, "%s/%s", l->directory, rows_loading);
    TRY(load_base_row(l, from));
    snprintf(to, sizeof to, "%s/%s-lock", l->directory, rows_loading);
    (void)file_remove(to);
    snprintf(to, sizeof to, "%s/%s", l->directory, store_rows_name);
    error = file_rename(from, to);
    if (!error) error = nftw(l->directory, sync_directory, 16, FTW_PHYS);
    return error ? failed(l->problem, l->arena, l->directory, strerror(error)) : NULL;
}

static bool directory_is_empty(const char *path) {
    DIR *directory = opendir(path);
    if (!directory) return errno == ENOENT;
    bool empty = true;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) empty = false;
    closedir(directory);
    return empty;
}

err store_snapshot_load(const char *directory, const char *path, str *problem, struct arena *a) {
    struct loading l = {.path = path, .directory = directory, .arena = a, .problem = problem};
    struct stat st;
    if (!directory_is_empty(directory)) return failed(problem, a, directory, "not an empty directory");
    int error = file_make_directories(directory, 0700);
    if (error) return failed(problem, a, directory, strerror(error));
    error = file_open(path, O_RDONLY, 0, &l.fd);
    if (error) return failed(problem, a, path, strerror(error));
    l.size = fstat(l.fd, &st) == 0 ? (u64)st.st_size : 0;
    l.piece = malloc(PIECE); /* a load at a time */
    ASSERT(l.piece);
    digest_init(&l.digest, DIGEST_XXHASH128);
    err result = load_entries(&l);
    if (!result) result = load_check(&l);
    free(l.piece);
    close(l.fd);
    /* It was empty when this began: half a cloud does not stay. */
    if (result) nftw(directory, remove_below, 16, FTW_DEPTH | FTW_PHYS);
    return result;
}
