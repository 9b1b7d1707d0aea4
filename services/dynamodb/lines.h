/* Private to the room: files of imports and bulk operations cut into items. */
#ifndef BRUME_DYNAMODB_LINES_H
#define BRUME_DYNAMODB_LINES_H

#include "services/dynamodb/expression.h"
#include "services/dynamodb/records.h"

#define DDB_SOME_FAILED "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details."
enum ddb_format { DDB_FORMAT_JSON, DDB_FORMAT_ION, DDB_FORMAT_CSV };

struct ddb_line {
    str text;
    struct value item;
    struct expressions *asked; /* its condition; NULL: none */
    str problem;  /* absent: none */
    bool garbled; /* it is no record */
    i64 index;    /* in its file */
};
struct ddb_lines {
    struct call *call;
    i64 format; /* enum ddb_format */
    bool conditions; /* records may have one, and what is no record ends the file */
    str delimiter;   /* of CSV */
    const struct ddb_table *table; /* types of key attributes, for CSV */
    struct ddb_names columns;
    bool last;     /* nothing of the file is behind this text */
    struct ddb_line *items;
    u32 n, max;
    i64 index;
    size_t taken;  /* bytes of the text that are done */
};
/* Reads up to `max` items off the text. */
void ddb_lines_read(struct ddb_lines *l, str text);

#endif
