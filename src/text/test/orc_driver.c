/* Writes an ORC file of as many rows as asked for to the standard output; tests/blackbox/test_orc.py reads it. */
#include "text/orc.h"

#include <stdio.h>
#include <stdlib.h>

static const struct orc_column columns[] = {{"name", ORC_STRING},    {"number", ORC_BIGINT},     {"same", ORC_BIGINT}, {"wild", ORC_BIGINT},
                                            {"truth", ORC_BOOLEAN}, {"moment", ORC_TIMESTAMP}, {"none", ORC_STRING}};

/* As test_orc.py makes them again: the lowest and the highest numbers, runs of every kind and none. */
static void row(struct orc_writer *w, struct arena *a, i64 i) {
    orc_string(w, arena_format(a, "\xc3\xa9/%lld", (long long)i));
    if (i % 7) orc_bigint(w, i * 3 - 1000);
    else orc_null(w);
    orc_bigint(w, i / 1000);
    orc_bigint(w, i % 3 ? (i64)((u64)i * 0x9e3779b97f4a7c15) : i % 2 ? INT64_MAX : INT64_MIN);
    if (i % 11) orc_boolean(w, i * i % 5 < 2);
    else orc_null(w);
    if (i % 13) orc_timestamp(w, (i - 50000) * 86399750);
    else orc_null(w);
    orc_null(w);
}

int main(int count, char **arguments) {
    struct arena a = {0}, text = {0};
    str bytes;
    i64 n = count == 2 ? atoll(arguments[1]) : 0;
    struct orc_writer *w = orc_begin(&a, columns, LENGTH(columns), 1 << 30);
    for (i64 i = 0; i < n; i++) {
        row(w, &text, i);
        arena_reset(&text);
    }
    bool done = orc_end(w, &bytes) && fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n;
    arena_free(&text);
    arena_free(&a);
    return done ? 0 : 1;
}
