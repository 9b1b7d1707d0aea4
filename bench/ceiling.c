/* The ceiling of a write: what the store alone reaches with the rows and bytes that an operation
 * writes, at the same concurrency. One thread submits for all clients, as a server's loop does.
 *
 *     build/bench/ceiling DIRECTORY SECONDS CLIENTS DELAY_US BLOB_BYTES ROW...
 *
 * ROW is KEY_BYTES:VALUE_BYTES, of a new key each time, or KEY_BYTES:VALUE_BYTES:same, of one key that
 * all write. BLOB_BYTES, if not 0, are staged and sealed first; the reference stands in the first row.
 * Prints one line of JSON. */
#include "answers.h"
#include "store/blob.h"
#include "sys/sys.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { ROWS_MAX = 8, KEY_LONGEST = 256, VALUE_LONGEST = 4096 };

struct row {
    u64 key_bytes, value_bytes;
    bool same;
};
struct client {
    struct store_work work;
    struct arena arena;
    struct blob_stage *blob;
};

static struct store *store;
static struct answers answers = ANSWERS_NONE;
static struct row rows[ROWS_MAX];
static size_t row_count;
static u64 blob_bytes, sequence; /* sequence: of the writer's thread */
static char bytes[1 << 17];

static err write_rows(struct store_work *w, struct txn *t) {
    struct client *c = (struct client *)w;
    sequence++;
    for (size_t i = 0; i < row_count; i++) {
        char key[KEY_LONGEST + 32];
        unsigned long long number = rows[i].same ? 0 : sequence;
        snprintf(key, sizeof key, "row%zu:%0*llu", i, (int)MAX(rows[i].key_bytes, 25u) - 5, number);
        str value = {bytes, rows[i].value_bytes};
        if (i == 0 && c->blob) value = arena_concat(w->arena, value, txn_blob_adopt(t, c->blob));
        txn_put(t, str_take(str_of(key), rows[i].key_bytes), value);
    }
    txn_notify(t, S("ceiling"), 1);
    return NULL;
}

static void post(struct store_work *w, err result) {
    ASSERT(!result);
    answers_post(&answers, w);
}

static void submit(struct client *c) {
    if (blob_bytes) {
        c->blob = blob_stage_new(store, (i64)blob_bytes, (struct blob_placement){0});
        ASSERT(blob_stage_add(c->blob, (str){bytes, blob_bytes}) && blob_stage_finish(c->blob));
    }
    c->work = (struct store_work){write_rows, post, &c->arena, NULL};
    store_submit(store, &c->work);
}

static void settle(struct client *c) {
    if (c->blob) blob_stage_drop(c->blob);
    c->blob = NULL;
    arena_reset(&c->arena);
}

static u64 run(u32 clients, double seconds) {
    struct client *all = calloc(clients, sizeof *all);
    u64 done = 0;
    u32 out = 0;
    for (; out < clients; out++) submit(&all[out]);
    for (i64 until = sys_monotonic_us() + (i64)(seconds * 1e6); out;) {
        struct store_work *answered = answers_take(&answers);
        bool stop = sys_monotonic_us() >= until;
        for (struct store_work *next; answered; answered = next) {
            struct client *c = (struct client *)answered;
            next = answered->next;
            done++;
            settle(c);
            if (stop) out--;
            else submit(c);
        }
    }
    for (u32 i = 0; i < clients; i++) arena_free(&all[i].arena);
    free(all);
    return done;
}

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static bool row_read(str text, struct row *row) {
    str key = str_cut(&text, ':'), value = text.p ? str_cut(&text, ':') : S("");
    row->same = str_eq(text, S("same"));
    return str_to_u64(key, &row->key_bytes) && str_to_u64(value, &row->value_bytes) &&
           row->key_bytes >= 25 && row->key_bytes <= KEY_LONGEST && row->value_bytes <= VALUE_LONGEST;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where) { return remove(path); }

int main(int argc, char **argv) {
    double seconds;
    u64 clients, delay_us;
    bool right = argc > 6 && argc - 6 <= ROWS_MAX && str_to_f64(str_of(argv[2]), &seconds) &&
                 str_to_u64(str_of(argv[3]), &clients) && str_to_u64(str_of(argv[4]), &delay_us) &&
                 str_to_u64(str_of(argv[5]), &blob_bytes) && blob_bytes <= sizeof bytes && clients > 0;
    for (int i = 6; right && i < argc; i++) right = row_read(str_of(argv[i]), &rows[row_count++]);
    if (!right) {
        fprintf(stderr, "ceiling: DIRECTORY SECONDS CLIENTS DELAY_US BLOB_BYTES KEY_BYTES:VALUE_BYTES[:same]...\n");
        return 2;
    }
    memset(bytes, 'c', sizeof bytes);
    struct arena boot = {0};
    str problem;
    char path[300];
    snprintf(path, sizeof path, "%.250s/ceiling-XXXXXX", argv[1]);
    if (!mkdtemp(path)) {
        perror(argv[1]);
        return 1;
    }
    struct store_config config = {.directory = path, .flush_delay_us = (u32)delay_us};
    store = store_open(&boot, &config, &problem);
    if (!store) {
        fprintf(stderr, "ceiling: %.*s\n", STR_ARGS(problem));
        return 1;
    }
    run((u32)clients, seconds / 5); /* warm */
    struct store_stats before = store_stats(store);
    double cpu = cpu_s();
    i64 began = sys_monotonic_us();
    u64 done = run((u32)clients, seconds);
    double took = (double)(sys_monotonic_us() - began) / 1e6;
    cpu = cpu_s() - cpu;
    struct store_stats after = store_stats(store);
    printf("{\"rate\":%.1f,\"cpu_us\":%.2f,\"commits_per_s\":%.1f,\"batch\":%.1f}\n", (double)done / took,
           cpu * 1e6 / (double)done, (double)(after.commits - before.commits) / took,
           (double)(after.functions - before.functions) / (double)MAX(after.commits - before.commits, 1u));
    store_close(store);
    arena_free(&boot);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
