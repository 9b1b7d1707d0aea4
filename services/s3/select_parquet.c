/* The rows of a Parquet object for SelectObjectContent: DuckDB reads them, and they go on as lines of JSON, in memory. */
#include "services/s3/select_parquet.h"

#include "engine/parquet.h"

enum { OBJECT_MAX = 256 << 20, LINES_MAX = 64 << 20, TIME_MS = 60000 };

static bool read_object(void *context, u64 offset, char *out, size_t n) { return stream_read(context, offset, out, n); }

static bool read_lines(void *context, u64 offset, char *out, size_t n) {
    const str *lines = context;
    memcpy(out, lines->p + offset, n);
    return true;
}

err select_parquet(struct call *c, struct arena *a, struct stream *bytes, u64 size, struct select_source *rows) {
    static const u64 memory_bytes = 512 << 20;
    static const struct error broken = {"ParquetParsingError", NULL, 400, WIRE_NONE, true};
    struct parquet_source source = {.read = read_object, .context = bytes, .size = size};
    struct sql *sql = sql_open(c->arena, &(struct sql_limits){memory_bytes, TIME_MS});
    str *lines = NEW(a, str);
    if (!sql) return fail(c, &s3_not_implemented, "%s", sql_missing());
    enum parquet_outcome outcome = size > OBJECT_MAX ? PARQUET_TOO_LARGE : size ? parquet_lines(sql, a, &source, LINES_MAX, lines) : PARQUET_BROKEN;
    if (outcome == PARQUET_TOO_LARGE) return fail(c, &s3_not_implemented, "brume reads Parquet objects of up to 256 MiB, and of up to 64 MiB as JSON.");
    if (outcome == PARQUET_BROKEN) return fail(c, &broken, "Error parsing Parquet file. Please check the file and try again.");
    *rows = (struct select_source){.read = read_lines, .context = lines, .size = lines->n};
    return NULL;
}
