#include "engine/sql.h"

#include "unit.h"

#include <stdlib.h>

/* Without the library there is nothing to test. */
static struct sql *opened(struct arena *a, u64 memory_bytes, i64 time_ms) {
    struct sql *s = sql_open(a, &(struct sql_limits){memory_bytes, time_ms});
    if (!s) printf("# skipped: %s\n", sql_missing());
    return s;
}

static struct sql *with_lines(struct arena *a, u32 n) {
    struct sql *s = opened(a, 256 << 20, 2000);
    if (!s) return NULL;
    CHECK(sql_run(s, "CREATE TABLE t (line VARCHAR)"));
    CHECK(sql_fill_begin(s, "t"));
    for (u32 i = 0; i < n; i++) CHECK(sql_fill(s, arena_format(a, "{\"n\":%u,\"name\":\"a name longer than twelve %u\"}", i, i)));
    CHECK(sql_fill_end(s));
    CHECK(sql_shut(s));
    return s;
}

static void rows_come_as_text(void) {
    struct arena a = {0};
    struct sql *s = with_lines(&a, 5000);
    const str *names;
    str v[4];
    if (!s) return;
    CHECK(sql_ask(s, S("SELECT line->>'name' AS name, CAST(line->>'n' AS INTEGER) AS n, NULL, TIMESTAMP '2026-01-02 03:04:05' FROM t ORDER BY n DESC; "), NULL, 0,
                  NULL, NULL) == SQL_DONE);
    CHECK_INT(sql_columns(s, &names), 4);
    CHECK_STR(names[0], S("name"));
    for (u32 i = 5000; i--;) {
        CHECK(sql_next_row(s, v));
        CHECK_STR(v[0], arena_format(&a, "a name longer than twelve %u", i));
        CHECK_STR(v[1], arena_format(&a, "%u", i));
        CHECK(!v[2].p);
        CHECK_STR(v[3], S("2026-01-02 03:04:05.000"));
    }
    CHECK(!sql_next_row(s, v));
    const str values[] = {S("7")};
    CHECK(sql_ask(s, S("SELECT count(*) FROM t WHERE line->>'n' = ?"), values, 1, NULL, NULL) == SQL_DONE);
    CHECK(sql_next_row(s, v));
    CHECK_STR(v[0], S("1"));
    CHECK(sql_ask(s, S("SELECT count(*) FROM t WHERE line->>'n' = ?"), NULL, 0, NULL, NULL) == SQL_REFUSED);
    arena_free(&a);
}

static void what_users_may_not(void) {
    static const char *const refused[] = {
        "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/hostname')", "SELECT * FROM glob('/*')",
        "COPY t TO '/tmp/x'", "ATTACH '/tmp/x.db'", "INSTALL httpfs", "LOAD '/tmp/x.so'", "SET enable_external_access = true", "PRAGMA enable_profiling",
        "INSERT INTO t VALUES ('x')", "DROP TABLE t", "DELETE FROM t", "SELECT 1; DROP TABLE t", "CREATE TABLE x AS SELECT 1", "EXPORT DATABASE '/tmp/x'",
        "SELECT 1) ; DROP TABLE t; SELECT (1", "EXPLAIN ANALYZE SELECT 1", "", ";", "SELECT", "CALL pragma_version()", "VACUUM", "CHECKPOINT",
    };
    struct arena a = {0};
    struct sql *s = with_lines(&a, 3);
    str v[1];
    if (!s) return;
    for (size_t i = 0; i < LENGTH(refused); i++) {
        bool no = sql_ask(s, str_of(refused[i]), NULL, 0, NULL, NULL) == SQL_REFUSED && sql_problem(s).n;
        if (!no) printf("# let through: %s\n", refused[i]);
        CHECK(no);
    }
    CHECK(sql_ask(s, S("SELECT count(*) FROM t"), NULL, 0, NULL, NULL) == SQL_DONE);
    CHECK(sql_next_row(s, v));
    CHECK_STR(v[0], S("3"));
    CHECK(sql_check(s, S("SELECT line FROM t")));
    CHECK(!sql_check(s, S("SELECT absent FROM t")));
    arena_free(&a);
}

static bool never(void *context) {
    (*(int *)context)++;
    return false;
}

static void limits_hold(void) {
    static const char endless[] = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7";
    struct arena a = {0};
    struct sql *s = opened(&a, 64 << 20, 100);
    int asked = 0;
    if (!s) return;
    CHECK(sql_ask(s, str_of(endless), NULL, 0, NULL, NULL) == SQL_LATE);
    CHECK(sql_ask(s, str_of(endless), NULL, 0, never, &asked) == SQL_STOPPED);
    CHECK_INT(asked, 1);
    CHECK(sql_ask(s, S("SELECT list(range) FROM range(100000000)"), NULL, 0, NULL, NULL) != SQL_DONE);
    CHECK(sql_ask(s, S("SELECT 1"), NULL, 0, NULL, NULL) == SQL_DONE);
    arena_free(&a);
}

static void library_by_path(void) { sql_library(getenv("BRUME_DUCKDB")); } /* first: the others use it */

UNIT_MAIN(UNIT(library_by_path), UNIT(rows_come_as_text), UNIT(what_users_may_not), UNIT(limits_hold))
