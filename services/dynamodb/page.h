/* Private to the room: what Query and Scan share: a walk over rows of a table or index, a page long. */
#ifndef BRUME_DYNAMODB_PAGE_H
#define BRUME_DYNAMODB_PAGE_H

#include "services/dynamodb/access.h"

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

/* What Query, Scan and PartiQL's SELECT ask alike. */
struct ddb_page_request {
    str table, index_name, select;
    bool consistent, scan;
    u32 limit; /* 0: none */
    const struct dynamodb_key *start;
    struct parameters parameters;
};
/* Of the input of Query or Scan: what they have under the same names. */
#define DDB_PAGE_REQUEST(in)                                                                       \
    {.table = (in)->table_name, .index_name = (in)->index_name, .select = (in)->select, .consistent = (in)->consistent_read.v, \
     .limit = (in)->limit.set ? (u32)(in)->limit.v : 0, .start = &(in)->exclusive_start_key,       \
     .parameters = {.filter = (in)->filter_expression, .projection = (in)->projection_expression,  \
                    .attributes_to_get = &(in)->attributes_to_get, .conditional_operator = (in)->conditional_operator, \
                    .names = &(in)->expression_attribute_names, .values = &(in)->expression_attribute_values}}
#define DDB_PAGE_ANSWER(c, page, in, out)                                                          \
    do {                                                                                           \
        ddb_page_items((c), (page), &(out)->items);                                                \
        (out)->count = SOME_I32((i32)(page)->n);                                                   \
        (out)->scanned_count = SOME_I32((i32)(page)->scanned);                                     \
        if ((page)->last.type) ITEM_TO_WIRE((c)->arena, &(page)->last, (out)->last_evaluated_key); \
        (out)->consumed_capacity = ddb_consumed((c), &(page)->usage, (in)->return_consumed_capacity); \
        ddb_count_returned((c), (page)->usage.table, (page)->n);                                   \
    } while (0)
void ddb_page_facts(struct call *c, const struct ddb_page_request *r, struct auth_facts *facts);
/* The request's expressions and its ExclusiveStartKey, in AWS's order: the older parameters are judged before the
 * starting key, expressions behind it and behind what the operation itself checks in between. */
MUST_USE err ddb_page_start(struct call *c, const struct ddb_page_request *r, struct expressions *asked, struct value *start);
MUST_USE err ddb_page_parse(struct call *c, const struct ddb_page_request *r, struct expressions *asked);
MUST_USE err ddb_page_open(struct call *c, const struct ddb_page_request *r, struct ddb_page *page);
/* Attributes that the index does not hold: a global index cannot give them, a local one fetches. */
MUST_USE err ddb_page_held(struct call *c, const struct ddb_page_request *r, struct ddb_page *page);
/* A read by key filters by what its index holds alone, be it global or local; a scan finds nothing by the rest. */
MUST_USE err ddb_page_filter_held(struct call *c, const struct ddb_page *page);
const struct ddb_schema *ddb_page_keys(const struct ddb_page *page); /* of the table or index that is read */
/* The row of an ExclusiveStartKey. */
MUST_USE err ddb_start_row(struct call *c, const struct ddb_page *page, const struct value *key, bool scan, str *row);
MUST_USE err ddb_start_pieces(struct call *c, const struct ddb_page *page, const struct value *key, bool hash_only);
void ddb_page_start_after(struct call *c, struct ddb_page *page, str row);
void ddb_page_read(struct call *c, struct ddb_page *page);
void ddb_page_items(struct call *c, const struct ddb_page *page, struct dynamodb_item_list *out);

#endif
