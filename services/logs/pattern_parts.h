/* Inside the filter patterns only: what their three languages share. */
#ifndef BRUME_LOGS_PATTERN_PARTS_H
#define BRUME_LOGS_PATTERN_PARTS_H

#include "pattern.h"
#include "text/regex.h"

enum { PATTERN_DEPTH = 32, PATTERN_FIELDS = 128, PATTERN_STEPS = 32, PATTERN_REGEXES = 2 };

enum test_op { TEST_EQ, TEST_NE, TEST_LT, TEST_GT, TEST_LE, TEST_GE, TEST_IS_NULL, TEST_IS_TRUE, TEST_IS_FALSE, TEST_NOT_EXISTS };
struct test { /* what is asked of a value */
    u8 op; /* enum test_op */
    str text;            /* with '*' for any characters */
    bool numeric;
    double number;
    struct regex *regex; /* in place of the text */
};

/* ---- reading a pattern ---- */
struct pattern_reader {
    struct arena *arena;
    str rest;
    u32 regexes;
    str problem;
};
bool pattern_fails(struct pattern_reader *r, const char *problem); /* false, and remembers the first */
void pattern_space(struct pattern_reader *r);
bool pattern_take(struct pattern_reader *r, str what); /* after space */
/* "=" and the value behind it. `ends` are characters at which a value without quotes is over. */
MUST_USE bool pattern_test(struct pattern_reader *r, const char *ends, struct test *t);
/* Behind an opening '%'. */
MUST_USE bool pattern_regex(struct pattern_reader *r, struct regex **regex, str *source);
/* Behind an opening '"'. */
MUST_USE bool pattern_quoted(struct pattern_reader *r, str *text);

/* A value's text against EQ .. GE; number: its value, if it is one. */
bool test_holds(const struct test *t, str text, const double *number);
/* Bytes that a text which passes contains; may be empty. */
str test_literal(const struct test *t);

/* ---- JSON ---- */
struct json_pattern;
struct json_pattern *json_pattern_read(struct pattern_reader *r); /* behind '{'; NULL: problem */
bool json_pattern_matches(const struct json_pattern *p, struct arena *scratch, str message);
bool json_pattern_pick(struct arena *scratch, str message, str selector, str *value);
u32 json_pattern_extract(const struct json_pattern *p, struct arena *scratch, str message, struct log_picked *picked, u32 max);

/* ---- fields between spaces ---- */
struct fields_pattern;
struct fields_pattern *fields_pattern_read(struct pattern_reader *r); /* behind '[' */
bool fields_pattern_matches(const struct fields_pattern *p, str message);
bool fields_pattern_pick(const struct fields_pattern *p, str message, str selector, str *value);
u32 fields_pattern_extract(const struct fields_pattern *p, struct arena *scratch, str message, struct log_picked *picked, u32 max);
str fields_pattern_literal(const struct fields_pattern *p);

#endif
