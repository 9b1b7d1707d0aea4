/* ORC files (Apache ORC's specification, version 1) of flat rows, written piece by piece: stripes of some MiB without
 * indexes, integers in runs (version 1), all packed by zlib. What the writer holds is a stripe and what is packed. */
#ifndef BRUME_ORC_H
#define BRUME_ORC_H

#include "base/arena.h"

enum orc_type { ORC_BOOLEAN, ORC_BIGINT, ORC_STRING, ORC_TIMESTAMP };
struct orc_column {
    const char *name;
    enum orc_type type;
};
struct orc_writer;

/* The columns must outlive the writer. `max`: bytes that the file, and each column of a stripe, may have. */
struct orc_writer *orc_begin(struct arena *a, const struct orc_column *columns, u32 n, size_t max);
/* The values of a row, as the columns stand; behind the last one the next row begins. */
void orc_null(struct orc_writer *w);
void orc_boolean(struct orc_writer *w, bool value);
void orc_bigint(struct orc_writer *w, i64 value);
void orc_string(struct orc_writer *w, str value);
void orc_timestamp(struct orc_writer *w, i64 ms); /* UTC */
/* Behind a whole row; the writer is over. False: longer than the maximum. */
MUST_USE bool orc_end(struct orc_writer *w, str *bytes);

#endif
