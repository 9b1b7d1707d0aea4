/* The tree of a query, between its parser and its evaluator. */
#ifndef S3_SELECT_NODE_H
#define S3_SELECT_NODE_H

#include "services/s3/select_sql.h"

enum sql_op {
    SQL_OP_VALUE, SQL_OP_PATH,
    SQL_OP_OR, SQL_OP_AND, SQL_OP_NOT,
    SQL_OP_EQUAL, SQL_OP_UNEQUAL, SQL_OP_LESS, SQL_OP_LESS_EQUAL, SQL_OP_GREATER, SQL_OP_GREATER_EQUAL,
    SQL_OP_BETWEEN,  /* args: value, from, to */
    SQL_OP_IN,       /* args: value, then the list */
    SQL_OP_LIKE,     /* args: value, pattern, escape or not */
    SQL_OP_IS_NULL, SQL_OP_IS_MISSING,
    SQL_OP_CONCAT, SQL_OP_ADD, SQL_OP_SUBTRACT, SQL_OP_MULTIPLY, SQL_OP_DIVIDE, SQL_OP_MODULO, SQL_OP_NEGATE,
    SQL_OP_CASE,     /* args: when, then, ..., else if their number is odd */
    SQL_OP_CAST,     /* detail: enum sql_type */
    SQL_OP_AGGREGATE, /* detail: its place among the query's */
    /* functions */
    SQL_OP_COALESCE, SQL_OP_NULLIF, SQL_OP_LENGTH, SQL_OP_LOWER, SQL_OP_UPPER, SQL_OP_SUBSTRING,
    SQL_OP_TRIM,     /* args: text, characters; detail: enum sql_trim */
    SQL_OP_UTCNOW, SQL_OP_TO_STRING, SQL_OP_TO_TIMESTAMP,
    SQL_OP_DATE_ADD, SQL_OP_DATE_DIFF, SQL_OP_EXTRACT, /* detail: enum sql_part */
};
enum sql_trim { SQL_TRIM_BOTH, SQL_TRIM_LEADING, SQL_TRIM_TRAILING };
enum { SQL_ARGS_MAX = 512, SQL_DEPTH_MAX = 64 };

struct sql_node {
    u8 op;
    u16 detail;
    struct sql_node **args;
    u32 n;
    struct sql_value value;
    struct sql_path path;
};

enum sql_aggregation { SQL_COUNT, SQL_SUM, SQL_AVG, SQL_MIN, SQL_MAX };
struct sql_aggregate {
    u8 what; /* enum sql_aggregation */
    struct sql_node *of; /* NULL: COUNT(*) */
    i64 count;
    struct sql_value result; /* of sums and extremes */
};

#endif
