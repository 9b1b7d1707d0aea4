/* Private to Insights: a compiled query. A query is a list of stages; a row goes through them, and stages that need
 * all rows (stats, sort, dedup, limit) keep it. A row is an array of values by slot; each name of the query has one. */
#ifndef BRUME_LOGS_INSIGHTS_PLAN_H
#define BRUME_LOGS_INSIGHTS_PLAN_H

#include "insights.h"

#include "text/regex.h"

/* ---- values ---- */
enum insights_type {
    INSIGHTS_UNKNOWN, /* of an event's slot: not looked for yet */
    INSIGHTS_ABSENT,
    INSIGHTS_STRING,
    INSIGHTS_NUMBER,  /* text: as it stood in the event; absent: computed */
    INSIGHTS_BOOLEAN, /* number: 0 or 1 */
    INSIGHTS_TIME,    /* number: milliseconds */
    INSIGHTS_JSON,    /* text: a map or a list */
    INSIGHTS_PERIOD,  /* number of units; text: the unit as written */
};
struct insights_value {
    u8 type;
    str text;
    double number;
};
static inline struct insights_value insights_string(str text) { return (struct insights_value){.type = INSIGHTS_STRING, .text = text}; }
static inline struct insights_value insights_number(double n) { return (struct insights_value){.type = INSIGHTS_NUMBER, .number = n}; }
static inline struct insights_value insights_boolean(bool yes) { return (struct insights_value){.type = INSIGHTS_BOOLEAN, .number = yes}; }
static inline struct insights_value insights_time(i64 ms) { return (struct insights_value){.type = INSIGHTS_TIME, .number = (double)ms}; }
static inline struct insights_value insights_absent(void) { return (struct insights_value){.type = INSIGHTS_ABSENT}; }
/* As answers show it: "2026-11-22 01:02:03.004", numbers with at most four decimals. Absent: the absent str. */
str insights_show(struct arena *a, const struct insights_value *v);
/* As a number, if it is one: "12" is, too. */
MUST_USE bool insights_to_number(const struct insights_value *v, double *n);
bool insights_is_true(const struct insights_value *v);
bool insights_equal(const struct insights_value *x, const struct insights_value *y);
/* For < and >: false if they cannot be compared. */
MUST_USE bool insights_order(const struct insights_value *x, const struct insights_value *y, int *order);
/* For sorting: a total order. Text before numbers, numbers within a text by their size, what is absent last. */
int insights_natural(const struct insights_value *x, const struct insights_value *y);
/* The start of the period in which the time lies. */
i64 insights_floor(i64 ms, const struct insights_value *period);
i64 insights_ceil(i64 ms, const struct insights_value *period);
bool insights_unit_known(str unit);

/* ---- rows ---- */
struct insights_row {
    const struct insights_event *event; /* NULL: behind a stats */
    struct insights_value *v;           /* by slot */
    bool looked;                        /* the message was searched for fields */
};
enum insights_slot_fixed { SLOT_POINTER, SLOT_TIMESTAMP, SLOT_MESSAGE, SLOT_STREAM, SLOT_LOG, SLOT_INGESTION, SLOTS_FIXED };
struct insights_slot {
    str name;
    bool defined;  /* by the query: as, parse, unnest, stats */
    bool known;    /* while reading: behind a stats, it is there */
    bool joined;   /* of the right side of a join, which sets it */
    bool alias;    /* another name for its base: "left.name" behind a join */
    u32 base;      /* slot of the map in which it is looked up; itself: none */
    str path;      /* there */
};

/* ---- expressions ---- */
enum insights_op {
    OP_VALUE, OP_FIELD, OP_AGGREGATE, OP_OR, OP_AND, OP_NOT, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_LIKE, OP_MATCH,
    OP_IN, OP_WITHIN, OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_MODULO, OP_POWER, OP_NEGATE, OP_CALL,
};
struct insights_scope { /* in which an expression has a value */
    struct insights_run *run;
    struct insights_row *row;
    struct arena *arena; /* for what is computed */
    const struct insights_value *aggregates;
};
struct insights_function {
    const char *name;
    u8 least, most; /* arguments; most 0 with a least: any number */
    struct insights_value (*of)(struct insights_scope *s, const struct insights_value *args, u32 n);
};
const struct insights_function *insights_function_find(str name);
enum { INSIGHTS_ARGUMENTS_MAX = 64, INSIGHTS_DEPTH_MAX = 100 };
struct insights_expression {
    struct insights_expression *next; /* of a list */
    u8 op;
    u32 index; /* slot, aggregate */
    u32 n;
    struct insights_expression *args[2]; /* of operators; calls and lists hang at args[0] by next */
    const struct insights_function *function;
    struct regex *regex;
    struct insights_inner *inner; /* of OP_WITHIN */
    struct insights_value value;
    size_t start, end; /* in the text */
};
struct insights_value insights_evaluate(struct insights_scope *s, const struct insights_expression *e);
struct insights_value insights_slot_value(struct insights_scope *s, u32 slot);
i64 insights_now(const struct insights_scope *s);

/* ---- aggregates ---- */
enum insights_aggregate_kind {
    AGGREGATE_COUNT, AGGREGATE_DISTINCT, AGGREGATE_SUM, AGGREGATE_AVG, AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_PCT, AGGREGATE_MEDIAN,
    AGGREGATE_STDDEV, AGGREGATE_EARLIEST, AGGREGATE_LATEST, AGGREGATE_SORTS_FIRST, AGGREGATE_SORTS_LAST,
};
struct insights_aggregate {
    struct insights_aggregate *next;
    u8 kind;
    struct insights_expression *of; /* NULL: count(*) */
    double percent;
};
struct insights_accumulator;
struct insights_accumulator *insights_accumulators(struct arena *a, u32 n);
void insights_accumulate(struct arena *a, struct insights_accumulator *of, const struct insights_aggregate *how, const struct insights_value *v, i64 at_ms);
struct insights_value insights_accumulated(const struct insights_accumulator *of, u32 index, const struct insights_aggregate *how);
struct insights_accumulator *insights_accumulator_at(struct insights_accumulator *first, u32 index);

/* ---- stages ---- */
enum insights_stage_type { STAGE_FIELDS, STAGE_FILTER, STAGE_PARSE, STAGE_JOIN, STAGE_UNNEST, STAGE_STATS, STAGE_SORT, STAGE_LIMIT, STAGE_DEDUP, STAGE_PATTERN };
struct insights_item { /* of fields, stats, by, sort */
    struct insights_item *next;
    struct insights_expression *of;
    u32 slot; /* into which it goes */
    bool descending;
};
struct insights_stage {
    struct insights_stage *next;
    u8 type;
    struct insights_item *items; /* fields, sort, dedup, stats: what is answered */
    struct insights_item *by;    /* stats */
    struct insights_aggregate *aggregates;
    u32 aggregate_count;
    struct insights_expression *of; /* filter, parse, unnest, pattern; join: what the left side is found by */
    struct insights_inner *inner;   /* join: the right side */
    bool keeps_left;                /* join: rows without a match, too */
    bool by_index;                  /* filterIndex */
    struct regex *regex;            /* parse */
    u32 *groups;                    /* parse: slot of each group, from 1; 0: none */
    u32 slot;                       /* unnest; of the bin() of a stats */
    u32 limit;                      /* limit, dedup: none is 0; sort: as many as can matter, 0: all */
    bool by_time;                   /* stats: grouped by bin() */
    bool last;     /* no later stage drops or adds rows */
    bool *needed;                   /* of what keeps rows: the slots that later stages and the answer read */
};
struct insights_column {
    struct insights_column *next;
    u32 slot;
};
struct insights_literal {
    str text;
    bool escapable; /* or the message has a \\u and may hold it in that form */
};
struct insights_wanted { /* values of which a field has one in every event that matters */
    struct insights_wanted *next;
    str name;
    u64 field;  /* hash */
    u64 *pairs; /* hashes of the field with each value */
    u32 n;
    bool by_index; /* of a filterIndex */
};
struct insights_query {
    struct arena *arena;
    str text;
    struct insights_stage *stages;
    struct insights_slot *slots;
    u32 slot_count, slot_capacity;
    struct insights_column *columns;
    bool columns_implied;
    struct insights_literal literals[4]; /* each stands in the message of every event that matters */
    u32 literal_count;
    struct insights_wanted *wanted;
    struct insights_inner *inner;
    str left, right; /* by which names a join calls its sides */
    struct insights_source source;
    bool unmasks;
    bool of_events; /* rows of the answer are events and have @ptr */
    u32 limit;
};
u32 insights_slot_of(struct insights_query *q, str name); /* made if need be */

/* ---- queries within the query ---- */
struct insights_match { /* a row of its answer */
    struct insights_match *next; /* in the same place of the table */
    u64 hash;
    str key;
    const struct insights_result *row;
};
struct insights_inner {
    struct insights_inner *next;
    struct insights_query *query;
    str group;
    str key; /* the field by which its rows are found */
    struct insights_match **table;
    u32 table_size;
};
/* The first row found by the text and the next one; NULL: none. */
const struct insights_match *insights_inner_find(const struct insights_inner *inner, str text);
const struct insights_match *insights_inner_next(const struct insights_match *m);
/* The right side's values of the row; without a match they are absent. */
void insights_join_values(const struct insights_query *q, const struct insights_match *m, struct insights_value *v);

/* ---- patterns ---- */
struct insights_patterns;
struct insights_pattern {
    const struct insights_pattern *next;
    str text, severity;
    u64 count;
    double ratio; /* of all texts */
};
/* *patterns is made with the first text. */
void insights_pattern_add(struct arena *a, struct arena *scratch, struct insights_patterns **patterns, str text);
/* The most frequent first. */
const struct insights_pattern *insights_pattern_list(struct arena *a, struct insights_patterns *patterns);

/* ---- fields that are found in messages ---- */
void insights_discover(struct insights_scope *s, const struct insights_query *q);
/* The value at a dotted path of a map or list; with an empty path the whole. */
struct insights_value insights_at_path(struct arena *a, str json, str path);
/* Text that is a map or a list, as such; a scalar as itself; otherwise absent. */
struct insights_value insights_json(struct arena *a, str text);
/* Each item of a list, of anything else it alone. False: no more. *position is 0 at first. */
struct insights_list {
    struct insights_value *v;
    u32 n;
};
struct insights_list insights_items(struct arena *a, const struct insights_value *v);

/* Adds what the condition wants to the query. */
void insights_find_wanted(struct insights_query *q, const struct insights_expression *condition, bool by_index);

/* ---- reading a query ---- */
struct insights_parser {
    struct insights_query *query;
    struct arena *arena;
    str text;
    size_t at;
    u32 depth;
    bool wrong;
    struct insights_problem *problem;
    u32 nodes;
    struct insights_stage *stats; /* aggregates are allowed, and go here */
    bool in_aggregate;
    bool limited; /* behind a stats: there are only the slots that are known */
    bool inner;   /* the bracket that closes ends it */
    bool joined;  /* behind a join: its names for both sides are known, too */
    struct insights_expression *loose[32]; /* names in a stats outside of aggregates: results, or groups that follow */
    u32 loose_count;
};
enum insights_token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_PERIOD, TOKEN_STRING, TOKEN_SIGN, TOKEN_BROKEN };
struct insights_token {
    u8 kind;
    bool quoted; /* a name in backticks */
    str text;    /* name or string, without quotes; a sign */
    double number;
    size_t start, end;
};
struct insights_token insights_peek(struct insights_parser *p);
struct insights_token insights_next(struct insights_parser *p);
bool insights_take_sign(struct insights_parser *p, const char *sign);
bool insights_take_word(struct insights_parser *p, const char *word);
/* /.../ at this place; absent pattern: there is none. */
str insights_take_regex(struct insights_parser *p);
PRINTF(4, 5) void *insights_wrong(struct insights_parser *p, size_t start, size_t end, const char *format, ...);
void *insights_unexpected(struct insights_parser *p);
struct insights_expression *insights_read_expression(struct insights_parser *p);
struct insights_expression *insights_read_operand(struct insights_parser *p); /* no operators: a name, a call */
/* Commands up to the end, or to the bracket behind an inner query. */
bool insights_read_commands(struct insights_parser *p);
struct insights_query *insights_query_new(struct arena *a, str text);
struct insights_stage *insights_add_stage(struct insights_parser *p, enum insights_stage_type type);
void insights_show_slot(struct insights_query *q, u32 slot); /* as a column */
void insights_plan(struct insights_query *q); /* when all is read */
/* "(SOURCE 'group' | ...)" behind its opening bracket; rows are found by `key`, and answered with it if nothing else is. */
struct insights_inner *insights_read_inner(struct insights_parser *p, str key);
bool insights_read_join(struct insights_parser *p);
bool insights_is_joined(const struct insights_query *q, str name);
void insights_plan_inner(struct insights_query *q); /* names of both sides, then the inner queries themselves */
/* The name is no result of a stats. */
void *insights_unknown(struct insights_parser *p, const struct insights_expression *e);
struct regex *insights_read_regex(struct insights_parser *p, str pattern, size_t start);

#endif
