#include "cloud/upkeep.h"

#include "sys/sys.h"
#include "text/form.h"
#include "text/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- snapshot ---- */

/* A signed call must not be able to write over any file of the user's: only over a saved cloud. */
static bool may_replace(const char *path) {
    char first[12];
    size_t n = 0;
    int fd, error = file_open(path, O_RDONLY, 0, &fd);
    if (error) return error == ENOENT;
    error = file_read_at(fd, first, sizeof first, 0, &n);
    close(fd);
    return !error && str_eq((str){first, n}, S("brume cloud "));
}

static void refuse(struct admin_call *c, int status, str problem) {
    c->status = status;
    c->problem = problem;
}

static const char *path_of(struct admin_call *c, str file) {
    if (file.n && file.p[0] == '/') return arena_c_string(c->arena, file);
    if (!file.n || file.p[0] == '.' || str_find_char(file, '/') != STR_NONE) {
        refuse(c, 400, S("file must be a name without a slash, kept in the data directory, or an absolute path."));
        return NULL;
    }
    str directory = arena_format(c->arena, "%.*s/snapshots", STR_ARGS(c->cloud->config.data_directory));
    const char *path = arena_c_string(c->arena, directory);
    int error = file_make_directories(path, 0700);
    if (!error) return arena_c_string(c->arena, arena_format(c->arena, "%s/%.*s", path, STR_ARGS(file)));
    refuse(c, 500, arena_format(c->arena, "%s: %s", path, strerror(error)));
    return NULL;
}

void upkeep_save(struct admin_call *c) {
    str file = form_find(c->arena, c->query, S("file")), problem = {0};
    if (file.p && memchr(file.p, 0, file.n)) file = S("");
    const char *path = path_of(c, file);
    if (!path) return;
    if (!may_replace(path)) {
        refuse(c, 400, arena_format(c->arena, "%s is there and is not a saved cloud. Choose another name.", path));
        return;
    }
    if (atomic_exchange(&c->cloud->saving, true)) {
        refuse(c, 409, S("The cloud is being saved already. Wait for that to end."));
        return;
    }
    err e = store_snapshot_save(c->cloud->store, path, &problem, c->arena);
    atomic_store(&c->cloud->saving, false);
    if (e) {
        refuse(c, 500, problem);
        return;
    }
    char *absolute = realpath(path, NULL);
    buf_add(&c->answer, S("{\"file\":"));
    json_write_string(&c->answer, str_of(absolute ? absolute : path));
    buf_char(&c->answer, '}');
    free(absolute);
}

/* ---- usage ---- */

enum { SLOTS = 16384 };
struct sum {
    str account, service, usage; /* usage absent: a free slot */
    double quantity;
};
struct sums {
    struct arena *arena;
    struct arena scratch;
    struct sum *slots;
    size_t used;
    bool full;
};

static bool read_record(struct arena *a, str record, struct sum *s) {
    struct json_reader r = json_reader_new(a, record, json_default_limits);
    str key, number = {0};
    if (!json_read_object(&r)) return false;
    while (json_read_key(&r, &key)) {
        bool fine = true;
        if (str_eq(key, S("account"))) fine = json_read_string(&r, &s->account);
        else if (str_eq(key, S("service"))) fine = json_read_string(&r, &s->service);
        else if (str_eq(key, S("usage"))) fine = json_read_string(&r, &s->usage);
        else if (str_eq(key, S("quantity"))) fine = json_read_number(&r, &number);
        else json_skip(&r);
        if (!fine) return false;
    }
    return json_done(&r) && s->usage.p && str_to_f64(number, &s->quantity);
}

static bool same(const struct sum *a, const struct sum *b) {
    return str_eq(a->usage, b->usage) && str_eq(a->account, b->account) && str_eq(a->service, b->service);
}

static bool add_record(void *context, i64 time_ms, str record) {
    struct sums *sums = context;
    struct sum s = {0};
    if (!str_starts(record, S("{\"usage\":"))) return true; /* the journal has metrics too */
    arena_reset(&sums->scratch);
    if (!read_record(&sums->scratch, record, &s)) return true;
    u64 hash = str_hash(s.usage) ^ str_hash(s.account) * 3 ^ str_hash(s.service) * 5;
    for (size_t i = hash % SLOTS;; i = (i + 1) % SLOTS) {
        struct sum *slot = &sums->slots[i];
        if (slot->usage.p && !same(slot, &s)) continue;
        if (!slot->usage.p) {
            if (++sums->used == SLOTS) return !(sums->full = true);
            *slot = (struct sum){arena_str(sums->arena, s.account), arena_str(sums->arena, s.service), arena_str(sums->arena, s.usage), 0};
        }
        slot->quantity += s.quantity;
        return true;
    }
}

static int by_name(const void *x, const void *y) {
    const struct sum *a = x, *b = y;
    int order = str_cmp(a->account, b->account);
    if (!order) order = str_cmp(a->service, b->service);
    return order ? order : str_cmp(a->usage, b->usage);
}

void upkeep_usage(struct admin_call *c) {
    struct sums sums = {.arena = c->arena, .slots = NEW_ARRAY(c->arena, struct sum, SLOTS)};
    journal_read(c->cloud->metrics, INT64_MIN, INT64_MAX, add_record, &sums);
    arena_free(&sums.scratch);
    if (sums.full) {
        refuse(c, 500, S("There are more accounts and usage types than brume sums up at once."));
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++)
        if (sums.slots[i].usage.p) sums.slots[n++] = sums.slots[i];
    qsort(sums.slots, n, sizeof *sums.slots, by_name);
    json_write_array(&c->answer);
    for (size_t i = 0; i < n; i++) {
        const struct sum *s = &sums.slots[i];
        json_write_object(&c->answer);
        json_write_member(&c->answer, S("account"), s->account);
        json_write_member(&c->answer, S("service"), s->service);
        json_write_member(&c->answer, S("usage"), s->usage);
        json_write_key(&c->answer, S("quantity"));
        json_write_f64(&c->answer, s->quantity);
        json_write_object_end(&c->answer);
    }
    json_write_array_end(&c->answer);
}
