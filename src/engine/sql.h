/* SQL over tables in memory, by DuckDB's C API where its library is there (libduckdb.so, 1.3 or newer): it is loaded
 * at the first question. What is asked by users runs shut in: no files, no network, no settings, one statement
 * that reads, within limits. One thread at a time; nothing is shared between two of them.
 *
 *     struct sql *s = sql_open(arena, &limits);
 *     if (!s) refuse(sql_missing());
 *     if (!sql_run(s, "CREATE TABLE t (line VARCHAR)") || !sql_fill_begin(s, "t")) ...
 *     sql_fill(s, line); ... sql_fill_end(s);
 *     sql_shut(s);
 *     if (sql_ask(s, query, values, n, go_on, context) == SQL_DONE)
 *         while (sql_next_row(s, columns)) ...
 */
#ifndef BRUME_SQL_H
#define BRUME_SQL_H

#include "base/arena.h"

struct sql;
struct sql_limits {
    u64 memory_bytes;
    i64 time_ms; /* of one question */
};

/* Where the library is, if not where the machine's loader looks; before the first use. Lives on. */
void sql_library(const char *path);
bool sql_there(void);
const char *sql_missing(void); /* what to do about an absent library */

/* NULL: there is no library, or it is too old. Closed with the arena. */
struct sql *sql_open(struct arena *a, const struct sql_limits *limits);
str sql_problem(const struct sql *s); /* of what failed last */

/* ---- our own statements, before sql_shut ---- */
bool sql_run(struct sql *s, const char *statement);
/* Rows of a table with one column of text. */
bool sql_fill_begin(struct sql *s, const char *table);
bool sql_fill(struct sql *s, str value);
bool sql_fill_end(struct sql *s);
/* From here on there are no files, no network and no settings. */
bool sql_shut(struct sql *s);

/* ---- a user's question ---- */
enum sql_outcome {
    SQL_DONE,
    SQL_REFUSED, /* sql_problem() says why */
    SQL_STOPPED, /* go_on said no */
    SQL_LATE,
};
bool sql_check(struct sql *s, str query); /* is it one statement that reads, over what is there? */
/* `values` stand for its "?". go_on is asked many times a second, on another thread. */
enum sql_outcome sql_ask(struct sql *s, str query, const str *values, u32 n, bool (*go_on)(void *context), void *context);
u32 sql_columns(const struct sql *s, const str **names); /* of the answer */
/* The next row as text, absent: NULL. Views until the next call. */
bool sql_next_row(struct sql *s, str *values);

#endif
