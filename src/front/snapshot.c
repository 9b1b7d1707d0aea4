/* The whole cloud: kept in a file, brought back, deleted. */
#include "base/encode.h"
#include "cloud/cloud.h"
#include "front/remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG_MS = 3600 * 1000, NAMES_MAX = 4096 };

/* ---- the data directory without a server ---- */

/* Takes the directory's lock, as a server does: the file itself says who has it. The descriptor is kept
 * until the process ends. False: a server has it. */
static bool lock_offline(struct front *f, str *holder) {
    const char *path = arena_c_string(f->arena, arena_format(f->arena, "%s/lock", f->config.data));
    int fd;
    *holder = S("");
    if (file_open(path, O_RDWR, 0, &fd) != 0) return true; /* never served */
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    char *pid = arena_alloc(f->arena, 32, 1);
    size_t n = 0;
    if (file_read_at(fd, pid, 31, 0, &n) == 0) *holder = str_trim((str){pid, n});
    close(fd);
    return false;
}

/* ---- snapshot ---- */

/* A name without a slash lives in DATA/snapshots. */
static str snapshot_path(struct front *f, const char *file) {
    if (strchr(file, '/')) {
        char directory[4096];
        if (*file == '/' || !getcwd(directory, sizeof directory)) return str_of(file);
        return arena_format(f->arena, "%s/%s", directory, file);
    }
    char *absolute = realpath(f->config.data, NULL); /* the server's own working directory is another */
    str path = arena_format(f->arena, "%s/snapshots/%s", absolute ? absolute : f->config.data, file);
    free(absolute);
    return path;
}

/* The server chooses the directory when the name has no slash: its --data may be another than ours. */
static int save(struct front *f, const char *file) {
    str answer, name = strchr(file, '/') ? snapshot_path(f, file) : str_of(file);
    str query = arena_concat(f->arena, S("file="), percent_encode(f->arena, name, false));
    int status = remote_call(f, "POST", "snapshot", query, LONG_MS, &answer);
    if (status == EXIT_DONE) printf("saved %.*s\n", STR_ARGS(remote_member(f, answer, S("file"))));
    return status;
}

/* What a store leaves in its directory, and nothing else: a wrong --data must not cost a home. */
static const char *const state_names[] = {"rows", "rows-lock", "zones", "journal", "format", "format.new", "root.key", "endpoint"};

static bool is_state(const char *name) {
    for (size_t i = 0; i < LENGTH(state_names); i++)
        if (strcmp(name, state_names[i]) == 0) return true;
    return false;
}

static bool holds_cloud(const char *data) {
    DIR *directory = opendir(data);
    bool any = false;
    if (!directory) return false;
    for (struct dirent *entry; (entry = readdir(directory));) any = any || is_state(entry->d_name);
    closedir(directory);
    return any;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where) { return remove(path); }

static bool remove_tree(const char *path) {
    return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
}

/* Loaded beside, then moved in: what stays at a reset (credentials, CA, snapshots) stays here too.
 * `rows` comes last: without it the directory is no cloud. */
static bool move_in(struct front *f, const char *from, const char *to) {
    const char *names[64];
    size_t n = 0;
    DIR *directory = opendir(from);
    if (!directory) return false;
    for (struct dirent *entry; n < LENGTH(names) - 1 && (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "rows") != 0) names[n++] = arena_c_string(f->arena, str_of(entry->d_name));
    closedir(directory);
    names[n++] = "rows";
    for (size_t i = 0; i < n; i++) {
        const char *target = arena_c_string(f->arena, arena_format(f->arena, "%s/%s", to, names[i]));
        if (access(target, F_OK) == 0) continue;
        if (file_rename(arena_c_string(f->arena, arena_format(f->arena, "%s/%s", from, names[i])), target) != 0) return false;
    }
    return file_sync_directory(to) == 0;
}

static int load(struct front *f, const char *file) {
    const char *data = f->config.data;
    str holder, problem = {0};
    const char *path = arena_c_string(f->arena, snapshot_path(f, file));
    if (access(path, R_OK) != 0) return complain(EXIT_REFUSED, "%s: %s. 'brume snapshot list' shows what is kept in %s/snapshots.", path, strerror(errno), data);
    if (!lock_offline(f, &holder))
        return complain(EXIT_REFUSED, "process %.*s serves from %s. Stop it and say 'brume reset', or load into another directory: --data DIR.", STR_ARGS(holder), data);
    if (holds_cloud(data))
        return complain(EXIT_REFUSED, "%s holds a cloud already. Load into another directory (--data DIR), or delete this one with 'brume reset'.", data);
    const char *beside = arena_c_string(f->arena, arena_format(f->arena, "%s/loading", data));
    if (!remove_tree(beside)) return complain(EXIT_REFUSED, "cannot remove %s: %s.", beside, strerror(errno));
    if (store_snapshot_load(beside, path, &problem, f->arena)) {
        (void)remove_tree(beside);
        return complain(EXIT_REFUSED, "%.*s. Nothing was loaded.", STR_ARGS(problem));
    }
    if (!move_in(f, beside, data)) return complain(EXIT_REFUSED, "cannot move %s into %s: %s. Say 'brume reset' and load again.", beside, data, strerror(errno));
    (void)remove_tree(beside);
    printf("loaded %s into %s\n", path, data);
    return EXIT_DONE;
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static int list(struct front *f) {
    const char *path = arena_c_string(f->arena, arena_format(f->arena, "%s/snapshots", f->config.data));
    const char **names = NEW_ARRAY(f->arena, const char *, NAMES_MAX);
    size_t n = 0;
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && n < NAMES_MAX && (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && !str_ends(str_of(entry->d_name), S(".saving"))) names[n++] = arena_c_string(f->arena, str_of(entry->d_name));
    if (directory) closedir(directory);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        const char *file = arena_c_string(f->arena, arena_format(f->arena, "%s/%s", path, names[i]));
        if (stat(file, &st) != 0 || !S_ISREG(st.st_mode)) continue;
        struct buf when = buf_new(f->arena, 32);
        buf_iso8601(&when, (i64)st.st_mtime * 1000);
        printf("%-32s %12lld bytes  %.*s\n", names[i], (long long)st.st_size, STR_ARGS(buf_str(&when)));
    }
    if (!n) printf("no snapshots in %s\n", path);
    return EXIT_DONE;
}

int run_snapshot(struct front *f) {
    const struct arguments *a = &f->arguments;
    if (a->n == 1 && strcmp(a->v[0], "list") == 0) return list(f);
    if (a->n != 2 || !*a->v[1]) return wrong_usage(f);
    if (strcmp(a->v[0], "save") == 0) return save(f, a->v[1]);
    if (strcmp(a->v[0], "load") == 0) return load(f, a->v[1]);
    return wrong_usage(f);
}

/* ---- reset ---- */

static int reset_offline(struct front *f) {
    const char *data = f->config.data;
    const char *format = arena_c_string(f->arena, arena_format(f->arena, "%s/format", data));
    if (!holds_cloud(data)) {
        printf("%s holds no cloud: nothing to delete\n", data);
        return EXIT_DONE;
    }
    if (access(format, F_OK) != 0) return complain(EXIT_REFUSED, "%s is not a data directory of brume: it has no file 'format'. Check --data.", data);
    for (size_t i = 0; i < LENGTH(state_names); i++) {
        /* `format` goes last: a reset that was cut short can be said again. */
        const char *name = state_names[i];
        if (strcmp(name, "format") == 0) continue;
        const char *path = arena_c_string(f->arena, arena_format(f->arena, "%s/%s", data, name));
        if (!remove_tree(path))
            return complain(EXIT_REFUSED, "cannot remove %s: %s. Say it again when that is settled.", path, strerror(errno));
    }
    int error = file_remove(format);
    if (!error) error = file_sync_directory(data);
    if (error) return complain(EXIT_REFUSED, "cannot remove %s: %s.", format, strerror(error));
    printf("deleted everything in %s\n", data);
    return EXIT_DONE;
}

int run_reset(struct front *f) {
    const char *account = f->config.account;
    str holder, answer;
    if (f->arguments.n) return wrong_usage(f);
    if (account && !account_valid(str_of(account))) return complain(EXIT_USAGE, "'%s' is not an account: it has twelve digits.", account);
    bool unserved = !config_was_set(&f->config, "port") && lock_offline(f, &holder);
    if (unserved && !account) return reset_offline(f);
    str query = account ? arena_format(f->arena, "account=%s", account) : S("");
    int status = remote_call(f, "POST", "reset", query, LONG_MS, &answer);
    if (status == EXIT_DONE) printf("deleted %.*s rows of %s\n", STR_ARGS(remote_member(f, answer, S("rows"))), account ? account : "all accounts");
    return status;
}
