/* The inside of expressions: tokens, trees, what the parsers share. For expression_*.c alone.
 *
 * A text is parsed once, front to back, into a tree whose placeholders are already what they stand for.
 * Faults that AWS finds by walking its finished tree are collected on the way, the first of each class,
 * and reported in the order of AWS's walks; a syntax error ends the parse and outranks them all. */
#ifndef DYNAMODB_EXPRESSION_TREE_H
#define DYNAMODB_EXPRESSION_TREE_H

#include "services/dynamodb/expression.h"

enum {
    EXPRESSION_MAX = 4096,  /* bytes of a text */
    OPERATORS_MAX = 300,    /* in one expression */
    OPERANDS_MAX = 100,     /* values of IN */
    PATH_STEPS_MAX = 32,
    NESTING_MAX = OPERATORS_MAX + 20, /* of parentheses and functions: our own guard, beyond AWS's limits */
};

struct step {
    str name;  /* absent: an index */
    u32 index;
};

struct path {
    const struct step *steps;
    u32 n;
};

enum node_kind {
    NODE_PATH,
    NODE_VALUE,
    NODE_FUNCTION,
    NODE_OR, /* n-ary, like NODE_AND */
    NODE_AND,
    NODE_NOT,
    NODE_EQ,
    NODE_NE,
    NODE_LT,
    NODE_LE,
    NODE_GT,
    NODE_GE,
    NODE_BETWEEN,
    NODE_IN,
    NODE_PLUS,
    NODE_MINUS,
    NODE_NOT_CONTAINS, /* only of older parameters */
};

enum function_kind {
    FUNCTION_UNKNOWN,
    ATTRIBUTE_EXISTS,
    ATTRIBUTE_NOT_EXISTS,
    ATTRIBUTE_TYPE,
    BEGINS_WITH,
    CONTAINS,
    SIZE,
    IF_NOT_EXISTS,
    LIST_APPEND,
};

struct node {
    u8 kind, function;
    u32 n;
    struct node *args;
    union {
        struct path path;
        struct value value;
        str name; /* of a function */
    };
};

struct condition {
    struct node root;
    bool older; /* from Expected, QueryFilter, ScanFilter: other words in messages */
};

enum action_kind { ACTION_SET, ACTION_REMOVE, ACTION_ADD, ACTION_DELETE };
struct action {
    u8 kind;
    bool older; /* of AttributeUpdates: other words in messages */
    struct path path;
    struct node operand; /* not of REMOVE */
};
struct update {
    struct action *actions;
    u32 n;
};

struct projection {
    struct path *paths; /* in the order of the text, and sorted */
    struct path *sorted;
    u32 n;
};

/* A key attribute with what it is compared to. */
struct key_clause {
    str name;
    u8 operator; /* enum node_kind; NODE_FUNCTION: begins_with */
    str older_name; /* "NOT_NULL": operators that only older parameters have */
    struct value operands[2];
    u32 n;
};
struct key_condition {
    struct key_clause clauses[2 * KEY_PARTS_MAX];
    u32 n;
    bool older; /* KeyConditions */
};

/* ---- placeholders ---- */
struct placeholder {
    str key;
    str name;           /* of an attribute */
    struct value value;
    bool used;
};
struct placeholders {
    struct placeholder *v;
    u32 n, next; /* where the next search begins: they are mostly used in their order */
};

/* ---- tokens ---- */
enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_NAME,  /* #name */
    TOKEN_VALUE, /* :value */
    TOKEN_NUMBER,
    TOKEN_SIGN,  /* punctuation: .sign */
    TOKEN_STRAY, /* a character that begins nothing */
};
struct token {
    u8 kind;
    char sign; /* one of ()[],.=<>+- ; 'l' for <=, 'g' for >=, 'n' for <> */
    u32 start, end;
};

/* Classes of faults, in the order in which AWS reports them. */
enum fault {
    FAULT_OPERATORS,
    FAULT_PARENTHESES,
    FAULT_UNKNOWN_FUNCTION_FIRST, /* conditions; updates look at names first */
    FAULT_MISUSED_FUNCTION_FIRST,
    FAULT_RESERVED,
    FAULT_UNKNOWN_FUNCTION,
    FAULT_MISUSED_FUNCTION,
    FAULT_SECTION,
    FAULT_NAME,
    FAULT_VALUE,
    FAULT_CONDITION, /* of one condition: what is wrong with its placeholders, operands, types */
    FAULT_DEPTH,
    FAULT_OVERLAP,
    FAULT_CONFLICT,
    FAULT_OPERAND,
    FAULT_DISTINCT, /* updates; of a condition all of its own are one class */
    FAULT_FUNCTION,
    FAULTS,
};

/* Faults of one condition, in AWS's order; the first condition that has one is what AWS reports. */
enum { HERE_NAME, HERE_COUNT, HERE_DISTINCT, HERE_TYPE, HERES };

enum { ARGUMENTS_KEPT = 8 }; /* of a function; no function has as many */

struct parser {
    struct call *c;
    const char *what; /* "ConditionExpression" */
    str text;
    struct token token, last;
    struct placeholders *names, *values;
    str faults[FAULTS];
    bool is_condition;
    str here[HERES]; /* of the condition that is being read */
    u32 operators, depth;
    u32 group_start, group_end; /* of the parentheses that closed last */
};

void parser_start(struct parser *p, struct call *c, const char *what, str text, struct placeholders *names,
                  struct placeholders *values);
void parser_next(struct parser *p);
bool parser_at(const struct parser *p, char sign);
bool parser_at_word(const struct parser *p, str upper); /* a keyword, in any case */
str parser_token_text(const struct parser *p);
/* "Invalid X: Syntax error; ..." about the token where the parser stands. */
MUST_USE err parser_syntax(struct parser *p);
MUST_USE err parser_expect(struct parser *p, char sign);
PRINTF(3, 4) void parser_fault(struct parser *p, enum fault class, const char *format, ...);
str parser_first_fault(const struct parser *p); /* of those that were collected; absent: none */
/* At the end of the text: the first of the collected faults, with "Invalid X: " before it. */
MUST_USE err parser_finish(struct parser *p);

MUST_USE err parse_path(struct parser *p, struct path *path);
/* A function, a :value, or a path, in parentheses or not. */
MUST_USE err parse_operand(struct parser *p, struct node *node);
void parser_check_function(struct parser *p, const struct node *function);
void parser_check_operator(struct parser *p, const struct node *node);
void parser_condition_done(struct parser *p);
/* The same faults of a tree that no text of an expression made: of a condition, or of what SET makes a value of. */
MUST_USE err tree_check(struct call *c, const struct node *root, bool is_condition);
struct node *node_new(struct parser *p, u32 n);

MUST_USE err parse_condition(struct call *c, const char *what, str text, struct placeholders *names,
                             struct placeholders *values, struct condition *out);
MUST_USE err parse_update(struct call *c, str text, struct placeholders *names, struct placeholders *values,
                          struct update *out);
MUST_USE err parse_projection(struct call *c, str text, struct placeholders *names, struct projection *out);
MUST_USE err search_condition_check(struct call *c, const struct condition *condition); /* nothing but equalities, joined by AND */
MUST_USE err parse_key_condition(struct call *c, const struct condition *in, struct key_condition *out);

/* Older parameters: expression_older.c. */
MUST_USE err older_expected(struct call *c, const struct dynamodb_expected_attribute_map *map, str operator, struct condition **out);
MUST_USE err older_filter(struct call *c, const struct dynamodb_filter_condition_map *map, str operator, struct condition **out);
MUST_USE err older_update(struct call *c, const struct dynamodb_attribute_updates *map, struct update **out);
MUST_USE err older_projection(struct call *c, const struct dynamodb_attribute_name_list *list, struct projection **out);
MUST_USE err older_key_condition(struct call *c, const struct dynamodb_key_conditions *map, struct key_condition **out);

/* ---- paths ---- */
int path_compare(const struct path *x, const struct path *y);
str path_text(struct arena *a, const struct path *path); /* "[a, b, [1]]", as in messages */
/* Faults of paths that lie within each other, or make one place a map and a list. */
void parser_check_paths(struct parser *p, const struct path *earlier, u32 n, const struct path *path);
struct path path_of_name(struct arena *a, str name);
const struct value *path_resolve(struct arena *a, const struct path *path, const struct value *item);
struct value paths_pick(struct arena *a, const struct path *sorted, u32 n, const struct value *item);
void paths_sort(struct path *paths, u32 n);

bool word_is_reserved(str name);
u8 function_of(str name);
u8 function_of_nocase(str name); /* PartiQL's way */
str function_name(u8 function);
u32 function_operands(u8 function); /* how many it has */
bool function_of_update(u8 function); /* one of update expressions alone */
const char *operator_text(u8 kind); /* "=", "BETWEEN" */

#endif
