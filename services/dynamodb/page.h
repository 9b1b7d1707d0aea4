/* Private to the room: what Query and Scan share: a walk over rows of a table or index, a page long. */
#ifndef BRUME_DYNAMODB_PAGE_H
#define BRUME_DYNAMODB_PAGE_H

#include "services/dynamodb/dynamodb.h"

struct ddb_page {
    const struct ddb_table *table;
    const struct ddb_index *index; /* NULL: the table itself */
    struct ddb_span span;
    bool backwards, consistent, count_only, fetch; /* fetch: the rest of each item from the table (local index) */
    u32 limit; /* 0: none */
    const struct condition *filter;
    const struct projection *projection;
    /* what came of it */
    struct value *items;
    u32 n, capacity, scanned;
    struct value last; /* key of the last item looked at, if there may be more */
    struct ddb_usage usage;
};

/* IndexName, Select and what goes with them. */
struct ddb_page_request {
    str index_name, select;
    bool consistent, scan;
    bool attributes_to_get, projection_expression; /* given */
};
/* What is wrong without the table, then with it. */
MUST_USE err ddb_select_check(struct call *c, const struct ddb_page_request *r);
MUST_USE err ddb_page_open(struct call *c, const struct ddb_page_request *r, struct ddb_page *page);
/* Attributes that the index does not hold: a global index cannot give them, a local one fetches. */
MUST_USE err ddb_page_held(struct call *c, const struct ddb_page_request *r, struct ddb_page *page);
/* An ExclusiveStartKey as a value (its errors are worded for it) and, with the table, its row. */
MUST_USE err ddb_start_value(struct call *c, const struct dynamodb_key *in, struct value *key);
MUST_USE err ddb_start_row(struct call *c, const struct ddb_page *page, const struct value *key, bool scan, str *row);
MUST_USE err ddb_start_pieces(struct call *c, const struct ddb_page *page, const struct value *key, bool hash_only);
void ddb_page_start_after(struct call *c, struct ddb_page *page, str row);
void ddb_page_read(struct call *c, struct ddb_page *page);
void ddb_page_items(struct call *c, const struct ddb_page *page, struct dynamodb_item_list *out);

#endif
