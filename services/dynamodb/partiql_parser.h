/* Private to PartiQL: where a parser of a statement stands, and what its parts share.
 *
 * AWS parses a statement by PartiQL's published grammar (partiql-lang-kotlin's SqlParser of its first years, whose words
 * follow "Statement wasn't well formed, can't be processed: "), and only then looks whether the tree is one that DynamoDB
 * runs. So a syntax error ends the parse and outranks all; what else is wrong is kept, the first of it, until the end. */
#ifndef BRUME_DYNAMODB_PARTIQL_PARSER_H
#define BRUME_DYNAMODB_PARTIQL_PARSER_H

#include "services/dynamodb/expression_tree.h"
#include "services/dynamodb/partiql_token.h"

struct ql {
    struct call *c;
    str text;
    struct token_ql token;
    const struct dynamodb_prepared_statement_parameters *parameters;
    u32 used;  /* of the parameters */
    u32 depth, operators;
    bool assigning; /* behind SET */
    err fault;      /* kept until the end, with its words */
    str fault_words;
};

/* How strongly operators bind. */
enum { BINDS_NOTHING, BINDS_OR = 10, BINDS_AND = 20, BINDS_NOT = 30, BINDS_EQUAL = 40, BINDS_COMPARE = 50, BINDS_ADD = 60, BINDS_MULTIPLY = 70 };

struct growing {
    void *v;
    u32 n, capacity;
};

void ql_next(struct ql *q);
bool ql_at(const struct ql *q, u16 sign);
bool ql_at_word(const struct ql *q, str word); /* in any case */
bool ql_at_name(const struct ql *q);           /* an identifier, quoted or no keyword */
bool ql_at_reserved(const struct ql *q);
bool ql_call_follows(struct ql *q);            /* a word and its parenthesis */
bool ql_take(struct ql *q, u16 sign);
bool ql_take_word(struct ql *q, str word);

/* Syntax errors. */
MUST_USE err ql_malformed(struct ql *q, const char *why);
MUST_USE err ql_unexpected(struct ql *q); /* "Unexpected term", or of what kind the token is */
MUST_USE err ql_expect(struct ql *q, u16 sign);
MUST_USE err ql_deeper(struct ql *q);     /* one level; the caller takes it back from q->depth */
/* Keeps a fault, unless there is one already. */
void ql_refuse(struct ql *q, err e);
void ql_refuse_at(struct ql *q, str what, const struct token_ql *token); /* "what at 1:8:5" */

void *ql_grow(struct ql *q, struct growing *g, size_t size);
struct node *ql_nodes(struct ql *q, const struct node *v, u32 n);

/* ---- partiql_value.c ---- */
MUST_USE err ql_value(struct ql *q, struct value *out);
MUST_USE err ql_item(struct ql *q, struct value *out); /* of INSERT */

/* ---- partiql_expression.c ---- */
MUST_USE err ql_simple_path(struct ql *q, struct path *out); /* what is written to begins with an identifier */
/* An expression, up to an operator that binds no stronger than `binds`. */
MUST_USE err ql_expression(struct ql *q, u32 binds, struct node *out);
MUST_USE err ql_arguments(struct ql *q, struct node *args, u32 *n); /* up to two are kept, all are counted */
bool ql_is_test(const struct node *n); /* true or false for an item */

#endif
