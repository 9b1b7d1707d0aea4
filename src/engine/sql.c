#include "engine/sql.h"

#include "sys/sys.h"

#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

/* The library's own declarations (duckdb.h), as far as they are used, so that the build does not need it. */
struct result {
    u64 columns, rows, changed;
    void *column, *error, *internal;
};
struct string_view { /* duckdb_string_t: up to 12 bytes stand from `prefix` on, longer ones behind the pointer */
    u32 n;
    char prefix[4];
    const char *p;
};
typedef void *handle;
enum { STATE_OK = 0, STATEMENT_SELECT = 1, TYPE_TIMESTAMP = 12, INLINED_MAX = 12 };

static struct {
    int (*open_ext)(const char *path, handle *database, handle config, char **error);
    int (*create_config)(handle *config);
    int (*set_config)(handle config, const char *name, const char *value);
    void (*destroy_config)(handle *config);
    int (*connect)(handle database, handle *connection);
    void (*disconnect)(handle *connection);
    void (*close)(handle *database);
    int (*query)(handle connection, const char *text, struct result *result);
    void (*destroy_result)(struct result *result);
    const char *(*result_error)(struct result *result);
    int (*appender_create)(handle connection, const char *schema, const char *table, handle *appender);
    int (*append_varchar_length)(handle appender, const char *p, u64 n);
    int (*appender_end_row)(handle appender);
    int (*appender_destroy)(handle *appender);
    int (*prepare)(handle connection, const char *text, handle *statement);
    const char *(*prepare_error)(handle statement);
    void (*destroy_prepare)(handle *statement);
    int (*prepared_statement_type)(handle statement);
    u64 (*prepared_statement_column_count)(handle statement);
    const char *(*prepared_statement_column_name)(handle statement, u64 i);
    int (*prepared_statement_column_type)(handle statement, u64 i);
    u64 (*nparams)(handle statement);
    int (*bind_varchar_length)(handle statement, u64 i, const char *p, u64 n);
    int (*execute_prepared)(handle statement, struct result *result);
    void (*interrupt)(handle connection);
    handle (*fetch_chunk)(struct result result);
    void (*destroy_data_chunk)(handle *chunk);
    u64 (*data_chunk_get_size)(handle chunk);
    handle (*data_chunk_get_vector)(handle chunk, u64 column);
    void *(*vector_get_data)(handle vector);
    u64 *(*vector_get_validity)(handle vector);
    void (*free)(void *p);
    bool complete;
} duckdb; /* loaded once for the process: a library cannot be loaded per question */
static const char *library_path;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *library;
static bool find(const char *name, void *to) {
    void *symbol = dlsym(library, name);
    memcpy(to, &symbol, sizeof symbol); /* POSIX's way from object to function pointer */
    return symbol;
}

#define FIND(name) find("duckdb_" #name, &duckdb.name)
static void load(void) {
    library = dlopen(library_path ? library_path : "libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    duckdb.complete = FIND(open_ext) && FIND(create_config) && FIND(set_config) && FIND(destroy_config) && FIND(connect) && FIND(disconnect) && FIND(close)
        && FIND(query) && FIND(destroy_result) && FIND(result_error) && FIND(appender_create) && FIND(append_varchar_length) && FIND(appender_end_row)
        && FIND(appender_destroy) && FIND(prepare) && FIND(prepare_error) && FIND(destroy_prepare) && FIND(prepared_statement_type)
        && FIND(prepared_statement_column_count) && FIND(prepared_statement_column_name) && FIND(prepared_statement_column_type) && FIND(nparams)
        && FIND(bind_varchar_length) && FIND(execute_prepared) && FIND(interrupt)
        && FIND(fetch_chunk) && FIND(destroy_data_chunk) && FIND(data_chunk_get_size) && FIND(data_chunk_get_vector)
        && FIND(vector_get_data) && FIND(vector_get_validity) && FIND(free);
}

void sql_library(const char *path) { library_path = path; }

const char *sql_missing(void) {
    return "This needs DuckDB's library (libduckdb.so, 1.3 or newer), which was not found: install it, or name it by --duckdb PATH or BRUME_DUCKDB.";
}

/* ---- open and closed ---- */

enum { COLUMNS_MAX = 1000, TEXT_MAX = 1 << 20 };

struct sql {
    struct arena *arena;
    struct sql_limits limits;
    handle database, connection, appender, chunk;
    struct result result;
    bool has_result;
    u64 row, rows; /* of the chunk */
    str *names;
    u32 columns;
    str problem;
};

static void drop_result(struct sql *s) {
    if (s->chunk) duckdb.destroy_data_chunk(&s->chunk);
    if (s->has_result) duckdb.destroy_result(&s->result);
    s->has_result = false;
    s->row = s->rows = 0;
}

static void close_all(void *context) {
    struct sql *s = context;
    drop_result(s);
    if (s->appender) duckdb.appender_destroy(&s->appender);
    if (s->connection) duckdb.disconnect(&s->connection);
    if (s->database) duckdb.close(&s->database);
}

/* One thread: the caller's. Nothing is fetched or spilled. */
static handle settings(struct arena *a, const struct sql_limits *limits) {
    const char *const all[][2] = {
        {"threads", "1"}, {"memory_limit", arena_c_string(a, arena_format(a, "%lluB", (unsigned long long)limits->memory_bytes))}, {"temp_directory", ""},
        {"autoinstall_known_extensions", "false"}, {"autoload_known_extensions", "false"}, {"preserve_insertion_order", "true"},
    };
    handle config;
    if (duckdb.create_config(&config) != STATE_OK) return NULL;
    for (size_t i = 0; i < LENGTH(all); i++) (void)!duckdb.set_config(config, all[i][0], all[i][1]);
    return config;
}

bool sql_there(void) {
    pthread_once(&once, load);
    return duckdb.complete;
}

struct sql *sql_open(struct arena *a, const struct sql_limits *limits) {
    if (!sql_there()) return NULL;
    struct sql *s = NEW(a, struct sql);
    *s = (struct sql){.arena = a, .limits = *limits};
    char *error = NULL;
    handle config = settings(a, limits);
    bool ok = duckdb.open_ext(NULL, &s->database, config, &error) == STATE_OK && duckdb.connect(s->database, &s->connection) == STATE_OK;
    if (config) duckdb.destroy_config(&config);
    if (error) duckdb.free(error);
    arena_on_free(a, close_all, s);
    return ok ? s : NULL;
}

str sql_problem(const struct sql *s) { return s->problem; }

/* The first line: what follows draws the place with spaces. */
static bool failed(struct sql *s, const char *problem) {
    str text = str_of(problem ? problem : "It failed.");
    s->problem = arena_str(s->arena, str_take(text, str_find_char(text, '\n')));
    return false;
}

bool sql_run(struct sql *s, const char *statement) {
    struct result result = {0};
    bool ok = duckdb.query(s->connection, statement, &result) == STATE_OK;
    if (!ok) failed(s, duckdb.result_error(&result));
    duckdb.destroy_result(&result);
    return ok;
}

bool sql_fill_begin(struct sql *s, const char *table) {
    return duckdb.appender_create(s->connection, NULL, table, &s->appender) == STATE_OK || failed(s, "The table cannot be filled.");
}
bool sql_fill(struct sql *s, str value) {
    bool ok = duckdb.append_varchar_length(s->appender, value.p, value.n) == STATE_OK && duckdb.appender_end_row(s->appender) == STATE_OK;
    return ok || failed(s, "A row does not fit in.");
}
bool sql_fill_end(struct sql *s) { return duckdb.appender_destroy(&s->appender) == STATE_OK || failed(s, "Out of memory: the rows do not fit in."); }

bool sql_shut(struct sql *s) { return sql_run(s, "SET enable_external_access = false") && sql_run(s, "SET lock_configuration = true"); }

/* ---- questions ---- */

static bool prepare(struct sql *s, str query, handle *statement) {
    if (query.n > TEXT_MAX || memchr(query.p, 0, query.n)) return failed(s, "The statement is too long, or holds a zero byte.");
    if (duckdb.prepare(s->connection, arena_c_string(s->arena, query), statement) != STATE_OK) {
        failed(s, duckdb.prepare_error(*statement));
        duckdb.destroy_prepare(statement);
        return false;
    }
    if (duckdb.prepared_statement_type(*statement) == STATEMENT_SELECT && duckdb.prepared_statement_column_count(*statement) <= COLUMNS_MAX) return true;
    duckdb.destroy_prepare(statement);
    return failed(s, "Only SELECT statements can be run.");
}

bool sql_check(struct sql *s, str query) {
    handle statement;
    if (!prepare(s, query, &statement)) return false;
    duckdb.destroy_prepare(&statement);
    return true;
}

/* The same question with all its columns as text. It stood alone as a statement, so it can stand in brackets. */
static bool as_text(struct sql *s, str query, str *wrapped) {
    handle statement;
    if (!prepare(s, query, &statement)) return false;
    s->columns = (u32)duckdb.prepared_statement_column_count(statement);
    s->names = NEW_ARRAY(s->arena, str, s->columns + 1);
    struct buf b = buf_new(s->arena, 2 * TEXT_MAX);
    buf_add(&b, S("SELECT "));
    for (u32 i = 0; i < s->columns; i++) {
        const char *name = duckdb.prepared_statement_column_name(statement, i);
        bool time = duckdb.prepared_statement_column_type(statement, i) == TYPE_TIMESTAMP;
        s->names[i] = arena_str(s->arena, str_of(name));
        duckdb.free((void *)(uintptr_t)name);
        buf_format(&b, time ? "%sstrftime(#%u, '%%Y-%%m-%%d %%H:%%M:%%S.%%g')" : "%sCAST(#%u AS VARCHAR)", i ? ", " : "", i + 1);
    }
    duckdb.destroy_prepare(&statement);
    query = str_trim(query);
    while (str_ends(query, S(";")) || str_ends(query, S("\n"))) query = str_trim(str_take(query, query.n - 1));
    buf_format(&b, " FROM (\n%.*s\n)", STR_ARGS(query));
    *wrapped = buf_str(&b);
    return true;
}

/* Looks after a running question from beside it: DuckDB comes back from one only when it is done, or is told to. */
struct watch {
    struct sql *sql;
    bool (*go_on)(void *context);
    void *context;
    i64 until_us;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
    enum sql_outcome verdict;
};

static void *look_after(void *context) {
    enum { LOOK_EVERY_US = 20000 };
    struct watch *w = context;
    pthread_mutex_lock(&w->lock);
    while (!w->done) {
        i64 at_us = sys_monotonic_us() + LOOK_EVERY_US; /* whatever becomes of the wall clock */
        pthread_cond_clockwait(&w->over, &w->lock, CLOCK_MONOTONIC, &(struct timespec){at_us / 1000000, at_us % 1000000 * 1000});
        if (w->done) break;
        if (w->verdict == SQL_DONE && sys_monotonic_us() > w->until_us) w->verdict = SQL_LATE;
        if (w->verdict == SQL_DONE && w->go_on && !w->go_on(w->context)) w->verdict = SQL_STOPPED;
        if (w->verdict != SQL_DONE) duckdb.interrupt(w->sql->connection); /* again, until it heard */
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static enum sql_outcome execute(struct sql *s, handle statement, bool (*go_on)(void *context), void *context) {
    struct watch w = {.sql = s, .go_on = go_on, .context = context, .until_us = sys_monotonic_us() + s->limits.time_ms * 1000, .verdict = SQL_DONE};
    pthread_t thread;
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.over, NULL);
    bool watched = !pthread_create(&thread, NULL, look_after, &w), ok = false;
    if (watched) {
        ok = duckdb.execute_prepared(statement, &s->result) == STATE_OK;
        s->has_result = true;
        pthread_mutex_lock(&w.lock);
        w.done = true;
        pthread_cond_signal(&w.over);
        pthread_mutex_unlock(&w.lock);
        pthread_join(thread, NULL);
    }
    pthread_cond_destroy(&w.over);
    pthread_mutex_destroy(&w.lock);
    if (ok) return SQL_DONE;
    if (w.verdict != SQL_DONE) return w.verdict;
    failed(s, watched ? duckdb.result_error(&s->result) : "There is no thread to look after the question.");
    return SQL_REFUSED;
}

enum sql_outcome sql_ask(struct sql *s, str query, const str *values, u32 n, bool (*go_on)(void *context), void *context) {
    handle statement;
    str wrapped;
    drop_result(s);
    if (!as_text(s, query, &wrapped) || !prepare(s, wrapped, &statement)) return SQL_REFUSED;
    enum sql_outcome outcome = SQL_REFUSED;
    bool bound = duckdb.nparams(statement) == n;
    for (u32 i = 0; bound && i < n; i++) bound = duckdb.bind_varchar_length(statement, i + 1, values[i].p, values[i].n) == STATE_OK;
    if (!bound) failed(s, "The number of query parameters is not that of the statement's question marks.");
    else outcome = execute(s, statement, go_on, context);
    duckdb.destroy_prepare(&statement);
    return outcome;
}

u32 sql_columns(const struct sql *s, const str **names) {
    *names = s->names;
    return s->columns;
}

bool sql_next_row(struct sql *s, str *values) {
    while (s->row == s->rows) {
        if (s->chunk) duckdb.destroy_data_chunk(&s->chunk);
        s->chunk = s->has_result ? duckdb.fetch_chunk(s->result) : NULL;
        if (!s->chunk) return false;
        s->row = 0;
        s->rows = duckdb.data_chunk_get_size(s->chunk);
    }
    for (u32 i = 0; i < s->columns; i++) {
        handle vector = duckdb.data_chunk_get_vector(s->chunk, i);
        const u64 *valid = duckdb.vector_get_validity(vector);
        const struct string_view *v = (const struct string_view *)duckdb.vector_get_data(vector) + s->row;
        bool there = !valid || valid[s->row / 64] >> s->row % 64 & 1;
        values[i] = there ? (str){v->n <= INLINED_MAX ? (const char *)v + offsetof(struct string_view, prefix) : v->p, v->n} : (str){0};
    }
    s->row++;
    return true;
}
