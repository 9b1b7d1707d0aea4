/* The store as a whole: opening, reopening, who may open, what a transaction shows. */
#include "place.h"

#include "base/encode.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/wait.h>

static void rows_survive_reopening(void) {
    struct place p;
    struct arena a = {0};
    str value = {0};
    place_make(&p);
    place_open(&p);
    CHECK(!put_row(p.store, S("a"), S("1")));
    CHECK(!put_row(p.store, S("b"), S("")));
    CHECK(!put_row(p.store, S("a"), S("2")));
    place_close(&p);
    place_open(&p);
    CHECK(get_row(p.store, &a, S("a"), &value));
    CHECK_STR(value, S("2"));
    CHECK(get_row(p.store, &a, S("b"), &value) && value.p && value.n == 0);
    CHECK(!get_row(p.store, &a, S("c"), &value));
    CHECK(!put_row(p.store, S("a"), (str){0}));
    CHECK(!get_row(p.store, &a, S("a"), &value));
    place_drop(&p);
    arena_free(&a);
}

static const struct error refused = {"Refused", NULL, 400, 0xffff, true};

static err put_and_refuse(void *context, struct txn *t) {
    txn_put(t, S("r"), S("x"));
    CHECK(txn_get(t, S("r"), NULL));
    return &refused;
}

static void an_error_drops_the_write_set(void) {
    struct place p;
    struct arena a = {0};
    str value;
    place_make(&p);
    place_open(&p);
    CHECK(store_write(p.store, &a, put_and_refuse, NULL) == &refused);
    CHECK(!get_row(p.store, &a, S("r"), &value));
    place_drop(&p);
    arena_free(&a);
}

struct followed {
    struct txn_after after;
    int *runs;
};

static void follow(struct txn_after *after) { ++*((struct followed *)after)->runs; }

static err put_followed(void *context, struct txn *t) {
    struct followed *kept = NEW(txn_arena(t), struct followed), *undone = NEW(txn_arena(t), struct followed);
    *kept = *undone = (struct followed){{follow}, context};
    txn_put(t, S("f"), S("x"));
    txn_after_commit(t, &kept->after);
    size_t mark = txn_mark(t);
    txn_after_commit(t, &undone->after);
    txn_undo(t, mark);
    CHECK_INT(*(int *)context, 0);
    return NULL;
}

static err put_followed_and_refuse(void *context, struct txn *t) {
    CHECK(!put_followed(context, t));
    return &refused;
}

static void what_follows_a_commit_follows_it_once(void) {
    struct place p;
    struct arena a = {0};
    int runs = 0, none = 0;
    place_make(&p);
    place_open(&p);
    CHECK(!store_write(p.store, &a, put_followed, &runs));
    CHECK_INT(runs, 1);
    CHECK(store_write(p.store, &a, put_followed_and_refuse, &none) == &refused);
    CHECK_INT(none, 0);
    place_drop(&p);
    arena_free(&a);
}

static err savepoints(void *context, struct txn *t) {
    str v;
    txn_put(t, S("k"), S("1"));
    size_t mark = txn_mark(t);
    txn_put(t, S("k"), S("2"));
    txn_put(t, S("l"), S("2"));
    size_t inner = txn_mark(t);
    txn_delete(t, S("k"));
    CHECK(!txn_get(t, S("k"), NULL));
    txn_undo(t, inner);
    CHECK(txn_get(t, S("k"), &v));
    CHECK_STR(v, S("2"));
    txn_undo(t, mark);
    CHECK(txn_get(t, S("k"), &v));
    CHECK_STR(v, S("1"));
    CHECK(!txn_get(t, S("l"), NULL));
    return NULL;
}

static void savepoints_fail_alone(void) {
    struct place p;
    struct arena a = {0};
    str value;
    place_make(&p);
    place_open(&p);
    CHECK(!store_write(p.store, &a, savepoints, NULL));
    CHECK(get_row(p.store, &a, S("k"), &value));
    CHECK_STR(value, S("1"));
    CHECK(!get_row(p.store, &a, S("l"), &value));
    place_drop(&p);
    arena_free(&a);
}

static err next_sequence(void *context, struct txn *t) {
    u64 *last = context;
    for (int i = 0; i < 3; i++) {
        u64 next = txn_sequence(t);
        CHECK(next > *last);
        *last = next;
    }
    txn_put(t, S("sequence"), S("moved"));
    return NULL;
}

static void sequences_grow_across_reopening(void) {
    struct place p;
    struct arena a = {0};
    u64 last = 0;
    place_make(&p);
    for (int round = 0; round < 3; round++) {
        place_open(&p);
        for (int i = 0; i < 5; i++) CHECK(!store_write(p.store, &a, next_sequence, &last));
        place_close(&p);
    }
    place_drop(&p);
    arena_free(&a);
}

static u64 rows_length(const struct place *p) {
    char path[600];
    struct stat file;
    snprintf(path, sizeof path, "%s/rows", p->path);
    CHECK(stat(path, &file) == 0);
    return (u64)file.st_size;
}

static void the_file_is_written_ahead_of_its_rows(void) {
    struct place p;
    static char bytes[1 << 10];
    place_make(&p);
    place_open(&p);
    CHECK(!put_row(p.store, S("a"), S("1")));
    CHECK(rows_length(&p) > store_stats(p.store).used_bytes);
    u64 length = rows_length(&p);
    for (int i = 0; i < 3; i++) { /* opened anew it does not grow without need */
        place_close(&p);
        place_open(&p);
        CHECK(!put_row(p.store, S("a"), S("2")));
    }
    CHECK(rows_length(&p) == length);
    for (int i = 0; i < 400; i++) {
        char key_text[8];
        snprintf(key_text, sizeof key_text, "row%d", i);
        str key = str_of(key_text);
        CHECK(!put_row(p.store, key, (str){bytes, sizeof bytes}));
        CHECK(rows_length(&p) > store_stats(p.store).used_bytes);
    }
    CHECK(rows_length(&p) <= store_stats(p.store).used_bytes + (1 << 20) + (64 << 10));
    place_drop(&p);
}

static void a_second_process_is_refused_by_name(void) {
    struct place p;
    place_make(&p);
    place_open(&p);
    int to_parent[2];
    ASSERT(pipe(to_parent) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct arena a = {0};
        str problem = {0};
        struct store_config config = {.directory = p.path};
        bool refused_here = !store_open(&a, &config, &problem);
        ssize_t n = write(to_parent[1], problem.p, refused_here ? problem.n : 0);
        _exit(n < 0);
    }
    close(to_parent[1]);
    char text[512];
    ssize_t n = read(to_parent[0], text, sizeof text);
    close(to_parent[0]);
    waitpid(child, NULL, 0);
    struct arena a = {0};
    CHECK_STR(((str){text, n > 0 ? (size_t)n : 0}),
              arena_format(&a, "%s is in use by process %ld", p.path, (long)getpid()));
    arena_free(&a);
    place_drop(&p);
}

static void write_file(const char *directory, const char *name, str text) {
    char path[256];
    int fd;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    ASSERT(file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd) == 0);
    ASSERT(file_write_at(fd, text.p, text.n, 0) == 0);
    close(fd);
}

static void only_a_known_format_is_opened(void) {
    static const struct {
        const char *text;
        bool opens;
    } formats[] = {{"brume 1\n", true}, {"brume 2\n", false}, {"brume 0\n", false},
                   {"", false},         {"brume", false},     {"other 1\n", false}};
    struct place p;
    place_make(&p);
    place_open(&p);
    CHECK(!put_row(p.store, S("a"), S("1")));
    place_close(&p);
    for (size_t i = 0; i < LENGTH(formats); i++) {
        struct arena a = {0};
        str problem = {0};
        struct store_config config = {.directory = p.path};
        write_file(p.path, "format", str_of(formats[i].text));
        struct store *s = store_open(&a, &config, &problem);
        CHECK((s != NULL) == formats[i].opens);
        CHECK(formats[i].opens || problem.n > 0);
        if (s) store_close(s);
        arena_free(&a);
    }
    place_drop(&p);
}

/* What a hand may do to a data directory, and a word of what is answered. */
static void damaged_directories_are_refused_with_advice(void) {
    static const struct {
        const char *file;
        off_t length; /* cut to this; -1: removed; -2: overwritten with text */
        const char *says;
    } damages[] = {{"rows", 8192, "was cut short"},      {"rows", 0, "missing or empty"},
                   {"rows", -1, "missing or empty"},     {"rows", -2, "damaged or not of brume"},
                   {"root.key", -1, "put it back"},      {"root.key", 20, "not a root key"},
                   {"format", -1, "no format file"},     {"format", 0, "not a data directory"}};
    for (size_t i = 0; i < LENGTH(damages); i++) {
        struct place p;
        char path[256];
        struct arena a = {0};
        str problem = {0};
        place_make(&p);
        place_open(&p);
        for (u32 n = 0; n < 200; n++) CHECK(!put_row(p.store, arena_format(&a, "row %u", n), arena_format(&a, "%800u", n)));
        place_close(&p);
        snprintf(path, sizeof path, "%s/%s", p.path, damages[i].file);
        if (damages[i].length == -1) CHECK(unlink(path) == 0);
        else if (damages[i].length == -2) write_file(p.path, damages[i].file, arena_format(&a, "%20000d", 1));
        else CHECK(truncate(path, damages[i].length) == 0);
        struct store *s = store_open(&a, &(struct store_config){.directory = p.path}, &problem);
        CHECK(!s && memmem(problem.p, problem.n, damages[i].says, strlen(damages[i].says)));
        CHECK(memmem(problem.p, problem.n, p.path, strlen(p.path)));
        if (s) store_close(s);
        arena_free(&a);
        place_drop(&p);
    }
}

static void a_first_start_that_was_cut_begins_again(void) {
    struct place p;
    struct arena a = {0};
    str value;
    place_make(&p);
    write_file(p.path, "format", S("brume 1\n"));
    write_file(p.path, "rows", arena_format(&a, "%8192d", 0));
    place_open(&p);
    CHECK(!put_row(p.store, S("a"), S("1")));
    place_close(&p);
    place_open(&p);
    CHECK(get_row(p.store, &a, S("a"), &value));
    place_drop(&p);
    arena_free(&a);
}

static void impossible_configurations_are_refused(void) {
    struct place p;
    struct arena a = {0};
    str problem = {0};
    place_make(&p);
    CHECK(!store_open(&a, &(struct store_config){.directory = p.path, .zones = 9}, &problem));
    CHECK_STR(problem, S("9 availability zones: a cloud has 1 to 8"));
    write_file(p.path, "file", S("x"));
    problem = (str){0};
    CHECK(!store_open(&a, &(struct store_config){.directory = arena_c_string(&a, arena_format(&a, "%s/file", p.path))}, &problem));
    CHECK(memmem(problem.p, problem.n, "a directory is needed there", 27));
    place_drop(&p);
    arena_free(&a);
}

static err raise_twice(void *context, struct txn *t) {
    txn_raise_epoch(t);
    return context ? &refused : NULL;
}

static void the_epoch_moves_with_success_only(void) {
    struct place p;
    struct arena a = {0};
    place_make(&p);
    place_open(&p);
    u64 before = store_epoch(p.store);
    CHECK(store_write(p.store, &a, raise_twice, &p) == &refused);
    CHECK(store_epoch(p.store) == before);
    CHECK(!store_write(p.store, &a, raise_twice, NULL));
    CHECK(store_epoch(p.store) > before);
    place_drop(&p);
    arena_free(&a);
}

/* Each function puts 4 MiB in rows under a small map: it is grown, functions run again. */
struct filling {
    struct store_work work;
    struct arena arena;
    u64 n;
    u32 runs;
    _Atomic u32 *left;
};
enum { FILL_ROWS = 64, FILL_BYTES = 64 << 10, FILL_FUNCTIONS = 300 };

static err fill(struct store_work *w, struct txn *t) {
    struct filling *f = (struct filling *)w;
    char *value = arena_alloc(txn_arena(t), FILL_BYTES, 1);
    memset(value, 'v', FILL_BYTES);
    f->runs++;
    for (u32 i = 0; i < FILL_ROWS; i++) {
        struct key k = key_new(txn_arena(t), S("fill"));
        key_u64(&k, f->n);
        key_u64(&k, i);
        txn_put(t, key_bytes(&k), (str){value, FILL_BYTES});
    }
    return NULL;
}

static void filled(struct store_work *w, err result) {
    struct filling *f = (struct filling *)w;
    CHECK(!result);
    arena_free(&f->arena);
    atomic_fetch_sub(f->left, 1);
}

static void the_map_grows_and_functions_run_again(void) {
    struct place p;
    struct filling *all = calloc(FILL_FUNCTIONS, sizeof *all);
    _Atomic u32 left = FILL_FUNCTIONS;
    place_make(&p);
    /* The batch is larger than what growth in advance foresees. */
    ASSERT(place_open_as(&p, (struct store_config){.ephemeral = true, .map_bytes = 16 << 20, .batch_bytes = 1 << 20}));
    u64 before = store_stats(p.store).map_bytes;
    u32 again = 0;
    for (u32 i = 0; i < FILL_FUNCTIONS / 10; i++) {
        all[i] = (struct filling){{fill, filled, &all[i].arena, NULL}, {0}, i, 0, &left};
        store_submit(p.store, &all[i].work);
    }
    while (atomic_load(&left) > FILL_FUNCTIONS - FILL_FUNCTIONS / 10) usleep(1000);
    for (u32 i = 0; i < FILL_FUNCTIONS / 10; i++) again += all[i].runs > 1;
    CHECK(store_stats(p.store).map_bytes > before);
    CHECK(again > 0);
    struct arena a = {0};
    struct txn *t = store_snapshot(p.store, &a);
    u32 rows = 0;
    struct key k = key_new(&a, S("fill"));
    struct range r = txn_range(t, key_bytes(&k), key_after_prefix(&a, key_bytes(&k)));
    for (str key, value; range_next(&r, &key, &value); rows++) CHECK_INT(value.n, FILL_BYTES);
    store_snapshot_end(t);
    CHECK_INT(rows, FILL_FUNCTIONS / 10 * FILL_ROWS);
    arena_free(&a);
    free(all);
    place_drop(&p);
}

UNIT_MAIN(UNIT(rows_survive_reopening), UNIT(an_error_drops_the_write_set), UNIT(what_follows_a_commit_follows_it_once),
          UNIT(savepoints_fail_alone),
          UNIT(sequences_grow_across_reopening), UNIT(the_file_is_written_ahead_of_its_rows), UNIT(a_second_process_is_refused_by_name),
          UNIT(only_a_known_format_is_opened),
          UNIT(damaged_directories_are_refused_with_advice), UNIT(a_first_start_that_was_cut_begins_again), UNIT(impossible_configurations_are_refused), UNIT(the_epoch_moves_with_success_only),
          UNIT(the_map_grows_and_functions_run_again))
