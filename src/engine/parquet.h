/* Parquet files, read and written in memory by DuckDB (sql.h), on one that was not shut: what stands here is ours, and no
 * file is touched. */
#ifndef BRUME_PARQUET_H
#define BRUME_PARQUET_H

#include "engine/sql.h"

struct parquet_source {
    bool (*read)(void *context, u64 offset, char *out, size_t n); /* false: its bytes are damaged */
    void *context;
    u64 size;
};
enum parquet_outcome { PARQUET_READ, PARQUET_BROKEN, PARQUET_TOO_LARGE };
/* Its rows as JSON objects, one a line: at most `max` bytes of them. sql_problem() says what is broken. */
enum parquet_outcome parquet_lines(struct sql *s, struct arena *a, const struct parquet_source *source, size_t max, str *lines);
/* What a query of our own finds, as a file of at most 1 GiB. */
bool parquet_of(struct sql *s, struct arena *a, const char *query, str *bytes);

#endif
