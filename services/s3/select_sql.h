/* The SQL of SelectObjectContent: one SELECT over the records of one object. Own code, since S3's dialect is none that
 * an embedded engine speaks: values are MISSING or of the type that each record gives them, paths go into JSON, there
 * is one table and no join, and a query runs over an object of any length in the memory of one record.
 *
 * Pure: no store, no call. A query is parsed once; then sql_matches, sql_project or sql_gather for each record. */
#ifndef S3_SELECT_SQL_H
#define S3_SELECT_SQL_H

#include "text/tree.h"

/* ---- what can be wrong: S3's codes and sentences ---- */
#define SQL_PROBLEMS(X)                                                                                                       \
    X(AMBIGUOUS_FIELD_NAME, "AmbiguousFieldName", "Field name matches to multiple fields in the file. Check the SQL expression and the file, and try again.") \
    X(CAST_FAILED, "CastFailed", "Attempt to convert from one data type to another using CAST failed in the SQL expression.")  \
    X(EMPTY_SELECT, "ParseEmptySelect", "The SQL expression contains an empty SELECT.")                                       \
    X(EXPECTED_ARGUMENT_DELIMITER, "ParseExpectedArgumentDelimiter", "Did not find the expected argument delimiter in the SQL expression.") \
    X(EXPECTED_DATE_PART, "ParseExpectedDatePart", "Did not find the expected date part in the SQL expression.")              \
    X(EXPECTED_EXPRESSION, "ParseExpectedExpression", "Did not find the expected SQL expression.")                            \
    X(EXPECTED_IDENT_FOR_ALIAS, "ParseExpectedIdentForAlias", "Did not find the expected identifier for the alias in the SQL expression.") \
    X(EXPECTED_KEYWORD, "ParseExpectedKeyword", "Did not find the expected keyword in the SQL expression.")                   \
    X(EXPECTED_LEFT_PAREN_AFTER_CAST, "ParseExpectedLeftParenAfterCast", "Did not find the expected left parenthesis after CAST in the SQL expression.") \
    X(EXPECTED_LEFT_PAREN_FUNCTION, "ParseExpectedLeftParenBuiltinFunctionCall", "Did not find the expected left parenthesis in the SQL expression.") \
    X(EXPECTED_NUMBER, "ParseExpectedNumber", "Did not find the expected number in the SQL expression.")                      \
    X(EXPECTED_RIGHT_PAREN_FUNCTION, "ParseExpectedRightParenBuiltinFunctionCall", "Did not find the expected right parenthesis character in the SQL expression.") \
    X(EXPECTED_TOKEN, "ParseUnexpectedToken", "The SQL expression contains an unexpected token.")                             \
    X(EXPECTED_TYPE_NAME, "ParseExpectedTypeName", "Did not find the expected type name in the SQL expression.")              \
    X(EXPECTED_WHEN, "ParseExpectedWhenClause", "Did not find the expected WHEN clause in the SQL expression. CASE is not supported.") \
    X(FUNCTION_ARGUMENT, "IllegalSqlFunctionArgument", "Illegal argument was used in the SQL function.")                      \
    X(FUNCTION_ARGUMENT_TYPE, "IncorrectSqlFunctionArgumentType", "Incorrect type of arguments in function call in the SQL expression.") \
    X(INTEGER_OVERFLOW, "IntegerOverflow", "An integer overflow or underflow occurred in the SQL expression.")                \
    X(INVALID_ARGUMENTS, "EvaluatorInvalidArguments", "Incorrect number of arguments in the function call in the SQL expression.") \
    X(INVALID_COLUMN_INDEX, "InvalidColumnIndex", "The column index in the SQL expression is invalid. Check the service documentation and try again.") \
    X(INVALID_DATA_TYPE, "InvalidDataType", "The SQL expression contains an invalid data type.")                              \
    X(INVALID_KEY_PATH, "InvalidKeyPath", "Key path in the SQL expression is invalid.")                                       \
    X(INVALID_TABLE_ALIAS, "InvalidTableAlias", "The SQL expression contains an invalid table alias.")                        \
    X(INVALID_TYPE_PARAM, "ParseInvalidTypeParam", "The SQL expression contains an invalid parameter value.")                 \
    X(LEXER_INVALID_CHAR, "LexerInvalidChar", "The SQL expression contains an invalid character.")                            \
    X(LEXER_INVALID_ION, "LexerInvalidIONLiteral", "The SQL expression contains an invalid Ion literal.")                     \
    X(LEXER_INVALID_LITERAL, "LexerInvalidLiteral", "The SQL expression contains an invalid literal.")                        \
    X(LIKE_INVALID_INPUTS, "LikeInvalidInputs", "Invalid argument given to the LIKE clause in the SQL expression.")           \
    X(MISSING_FROM, "ParseSelectMissingFrom", "The SQL expression contains a missing FROM after the SELECT list.")            \
    X(MISSING_HEADERS, "MissingHeaders", "Some headers in the query are missing from the file. Check the file and try again.") \
    X(NON_UNARY_AGGREGATE, "ParseNonUnaryAgregateFunctionCall", "Only one argument is supported for aggregate functions in the SQL expression.") \
    X(NOT_SELECT, "ParseUnsupportedSelect", "The SQL expression contains an unsupported use of SELECT.")                      \
    X(STAR_NOT_ALONE, "ParseAsteriskIsNotAloneInSelectList", "Other expressions are not allowed in the SELECT list when '*' is used without dot notation in the SQL expression.") \
    X(TIME_PATTERN, "EvaluatorInvalidTimestampFormatPattern", "Timestamp format pattern is invalid in the SQL expression.")   \
    X(UNSUPPORTED_CALL_WITH_STAR, "ParseUnsupportedCallWithStar", "COUNT with (*) as a parameter is supported only in the SQL expression.") \
    X(UNSUPPORTED_FUNCTION, "UnsupportedFunction", "Encountered an unsupported SQL function.")                                \
    X(UNSUPPORTED_STRUCTURE, "UnsupportedSqlStructure", "Encountered an unsupported SQL structure. Check the SQL Reference.")  \
    X(UNSUPPORTED_SYNTAX, "UnsupportedSyntax", "Encountered invalid syntax.")                                                 \
    X(VALUE_PARSE_FAILURE, "ValueParseFailure", "Timestamp parse failure in the SQL expression.")

#define SQL_PROBLEM_(name, code, message) SQL_##name,
enum sql_problem { SQL_OK, SQL_PROBLEMS(SQL_PROBLEM_) SQL_PROBLEM_COUNT };
const char *sql_problem_code(enum sql_problem p);
const char *sql_problem_message(enum sql_problem p);

/* ---- values ---- */
enum sql_kind { SQL_MISSING, SQL_NULL, SQL_BOOL, SQL_INT, SQL_FLOAT, SQL_TEXT, SQL_TIME, SQL_LIST, SQL_STRUCT };
enum sql_precision { SQL_YEAR, SQL_MONTH, SQL_DAY, SQL_MINUTE, SQL_SECOND, SQL_FRACTION };
struct sql_time {
    i64 ms;             /* since 1970, UTC */
    i32 offset_minutes; /* in which it is told */
    u8 precision;       /* enum sql_precision */
    bool offset_unknown; /* told as "-00:00" */
};
struct sql_value {
    u8 kind;
    bool loose; /* text of a CSV field: it takes the type of what it meets */
    union {
        bool yes;
        i64 integer;
        double real;
        struct sql_time time;
        const struct json_node *node; /* of lists and structures */
    };
    str text; /* of texts; of numbers as their source wrote them, or absent */
};
static inline bool sql_unknown(const struct sql_value *v) { return v->kind == SQL_MISSING || v->kind == SQL_NULL; }
static inline bool sql_number(const struct sql_value *v) { return v->kind == SQL_INT || v->kind == SQL_FLOAT; }
double sql_real(const struct sql_value *number);
struct sql_value sql_text(str text);
struct sql_value sql_int(i64 integer);
struct sql_value sql_float(double real);
struct sql_value sql_bool(bool yes);
struct sql_value sql_of_json(const struct json_node *node);
struct sql_value sql_null(void);
/* Text that is a number. */
bool sql_read_number(str text, struct sql_value *number);
/* < 0, 0, > 0; false: such values have no order. Equality alone is asked of booleans. */
bool sql_compare(struct arena *a, const struct sql_value *x, const struct sql_value *y, int *order);
enum sql_type { SQL_TYPE_BOOL, SQL_TYPE_INT, SQL_TYPE_FLOAT, SQL_TYPE_DECIMAL, SQL_TYPE_STRING, SQL_TYPE_TIMESTAMP };
enum sql_problem sql_cast(struct arena *a, const struct sql_value *v, enum sql_type type, struct sql_value *result);
/* As CSV shows it; absent values show as nothing. */
void sql_show(struct buf *b, const struct sql_value *v);
void sql_show_json(struct buf *b, const struct sql_value *v);

/* ---- timestamps (select_time.c) ---- */
enum sql_part { SQL_PART_YEAR, SQL_PART_MONTH, SQL_PART_DAY, SQL_PART_HOUR, SQL_PART_MINUTE, SQL_PART_SECOND, SQL_PART_TIMEZONE_HOUR, SQL_PART_TIMEZONE_MINUTE };
bool sql_time_read(str text, struct sql_time *t); /* Ion's form: "2007T", "2007-02-23T12:14:33.079-08:00" */
void sql_time_show(struct buf *b, const struct sql_time *t);
bool sql_time_add(struct sql_time *t, enum sql_part part, i64 quantity);
i64 sql_time_difference(enum sql_part part, const struct sql_time *from, const struct sql_time *to);
i64 sql_time_part(const struct sql_time *t, enum sql_part part);
bool sql_time_format(struct buf *b, const struct sql_time *t, str pattern);

/* ---- a query ---- */
struct sql_node;
enum sql_step_kind { SQL_STEP_NAME, SQL_STEP_INDEX, SQL_STEP_ALL };
struct sql_step {
    u8 kind;
    bool exact; /* the name was quoted */
    str name;
    u32 index;
    i32 column; /* of a CSV record, once looked up; -1: not yet */
};
struct sql_path {
    struct sql_step *v;
    u32 n;
};
struct sql_item {
    struct sql_node *value;
    str name;
};
struct sql_query {
    bool all; /* SELECT * */
    struct sql_item *items;
    u32 item_count;
    struct sql_path from; /* behind S3Object */
    struct sql_node *where; /* NULL: every record */
    i64 limit;              /* -1: none */
    struct sql_aggregate *aggregates;
    u32 aggregate_count;
    i64 now_ms;
};
/* NULL: *problem tells. */
struct sql_query *sql_parse(struct arena *a, str text, i64 now_ms, enum sql_problem *problem);

/* ---- a record ---- */
struct sql_record {
    bool csv;
    const str *names; /* of CSV with a header, or NULL */
    u32 name_count;
    const str *fields;
    u32 field_count;
    struct sql_value value; /* of JSON: what FROM names */
};
/* Each works in an arena of the record's. */
enum sql_problem sql_matches(struct sql_query *q, struct arena *a, const struct sql_record *r, bool *matches);
/* The items, in order. */
enum sql_problem sql_project(struct sql_query *q, struct arena *a, const struct sql_record *r, struct sql_value *items);
/* Takes the record into the aggregates; at the end sql_project without a record gives their items. */
enum sql_problem sql_gather(struct sql_query *q, struct arena *a, const struct sql_record *r);

#endif
