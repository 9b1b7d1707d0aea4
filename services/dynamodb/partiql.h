/* PartiQL, as far as DynamoDB takes it ("PartiQL - a SQL-compatible query language" of the guide): a statement is
 * parsed into the trees of expressions, and run by the functions that run everything else. */
#ifndef DYNAMODB_PARTIQL_H
#define DYNAMODB_PARTIQL_H

#include "services/dynamodb/expression_tree.h"
#include "services/dynamodb/page.h"
#include "services/dynamodb/transact.h"

enum statement_kind { STATEMENT_SELECT, STATEMENT_INSERT, STATEMENT_UPDATE, STATEMENT_DELETE, STATEMENT_EXISTS };
enum returning { RETURNING_NOTHING, RETURNING_ALL_OLD, RETURNING_MODIFIED_OLD, RETURNING_ALL_NEW, RETURNING_MODIFIED_NEW };

struct order {
    str by;
    bool descending;
};

struct statement {
    u8 kind, returning;
    str table, index;
    struct path *paths; /* of SELECT; n_paths 0: everything */
    u32 n_paths;
    struct node where;
    bool has_where;
    const struct order *order;
    u32 n_order;
    struct value item;    /* of INSERT */
    struct update update; /* of UPDATE */
};

static inline bool statement_reads(const struct statement *s) { return s->kind == STATEMENT_SELECT; }

/* ValidationException for what is no statement, and for parameters that are too few or too many. */
MUST_USE err statement_parse(struct call *c, str text, const struct dynamodb_prepared_statement_parameters *parameters,
                             struct statement *out);

/* The values that WHERE asks of an attribute, joined by AND to all else: of `a = 1` one, of `a IN [1, 2]` and `a = 1 OR a = 2`
 * several. Returns how many; 0: it asks for none. */
u32 statement_equals(struct arena *a, const struct statement *s, str name, const struct value **values);
/* A range that WHERE, joined by AND, asks of the attribute; false: none. */
bool statement_range(const struct statement *s, str name, struct key_range *range);

/* ValidationException for what is wrong whatever the table holds; in a transaction, where it is the statement `at`, for more. */
MUST_USE err statement_check(struct call *c, const struct statement *s);
MUST_USE err statement_check_in_transaction(struct call *c, const struct statement *s, u32 at);
/* The key that WHERE must give in full. */
MUST_USE err statement_key(struct call *c, const struct statement *s, const struct ddb_table *t, struct value *key);
/* Whether two of them name one item. */
bool statements_meet(struct call *c, const struct statement *const *all, u32 n);

/* ---- running them ---- */
struct selection {
    const struct statement *statement;
    bool consistent, one; /* one: of a batch or transaction, which must name a primary key */
    u32 limit;
    str token, identity;  /* where it goes on; what the token must have been made for */
    const char *operation; /* of one: "BatchExecuteStatement" */
    /* what came of it */
    struct ddb_table table;
    struct ddb_page page;
    str next;
};
MUST_USE err statement_select(struct call *c, struct selection *s);
/* A writing statement, or EXISTS, as a step: its table, key, condition, changes. */
MUST_USE err statement_step(struct call *c, const struct statement *s, struct ddb_step *step);
/* What RETURNING asks for; VALUE_NONE: nothing. */
struct value statement_returned(struct call *c, const struct statement *s, const struct ddb_written *done);
/* The statement's table. AccessDeniedException unless the caller may run it there: who may not does not learn whether there is one. */
MUST_USE err statement_table(struct call *c, const struct statement *s, struct ddb_table *t);
struct projection *statement_projection(struct call *c, const struct statement *s); /* of a SELECT; NULL: everything */
str statement_column(struct arena *a, const struct path *path); /* the name it gives: of m.k[1] "k[1]" */

#endif
