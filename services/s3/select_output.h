/* The rows of an answer as text. */
#ifndef S3_SELECT_OUTPUT_H
#define S3_SELECT_OUTPUT_H

#include "services/s3/select_sql.h"

struct select_layout {
    bool json, quote_always;
    char quote, escape, field_delimiter;
    str record_delimiter;
};
/* The items of the query. */
void select_show(struct buf *b, const struct select_layout *layout, const struct sql_query *q, const struct sql_value *items);
/* SELECT *: the record as it is. */
void select_show_all(struct buf *b, const struct select_layout *layout, const struct sql_record *r);

#endif
