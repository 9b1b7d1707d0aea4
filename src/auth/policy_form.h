/* The compiled form of a policy: what its files share. Nothing outside policy*.c includes this. */
#ifndef BRUME_POLICY_FORM_H
#define BRUME_POLICY_FORM_H

#include "auth/policy.h"

/* ---- policy_pattern.c: text with wildcards and variables ---- */
enum {
    PATTERN_WILD = 1,      /* * and ? are wildcards; else they are themselves */
    PATTERN_VARIABLES = 2, /* ${key}, ${key, 'default'}, ${*} ${?} ${$} */
    PATTERN_FOLD = 4,      /* upper and lower case are one */
};
enum pattern_shape { PATTERN_LITERAL, PATTERN_PREFIX, PATTERN_GLOB, PATTERN_VARIABLE };
struct pattern_piece {
    str glob;              /* or, where key is present: */
    str key, otherwise;    /* otherwise absent: without the key the pattern matches nothing */
};
struct pattern {
    u8 shape; /* enum pattern_shape */
    bool fold;
    str text; /* LITERAL, PREFIX: what stands before the star; GLOB: wildcards as bytes that UTF-8 never has */
    const struct pattern_piece *pieces;
    u32 piece_count;
};
struct patterns {
    const struct pattern *v;
    u32 n;
};
struct pattern policy_pattern_compile(struct arena *a, str text, unsigned flags);
bool policy_pattern_matches(const struct pattern *p, str text, const struct policy_request *r);
/* As the ARN operators compare: each of the six parts for itself. */
bool policy_pattern_matches_arn(const struct pattern *p, str arn, const struct policy_request *r);
/* A condition key as values() is asked for it. */
str pattern_key(struct arena *a, str name);

/* ---- policy_condition.c ---- */
struct condition;
struct conditions {
    const struct condition *v;
    u32 n;
};
/* One operator with one key and its values. False: no such operator. *legacy: a date that is none. */
bool condition_compile(struct arena *a, str operator_name, str key, const str *values, u32 n, bool variables, struct condition *c,
                       bool *legacy);
bool condition_holds(const struct condition *c, const struct policy_request *r);
bool condition_operator_known(str name);
/* Is its key pinned to values without wildcards and variables? */
bool condition_fixed(const struct condition *c);

/* A date as conditions take it: ISO 8601 in its shorter forms too, or seconds since the epoch. */
bool condition_date(str text, i64 *ms);

enum condition_set { CONDITION_PLAIN, CONDITION_FOR_ALL, CONDITION_FOR_ANY };
struct condition_value {
    bool valid; /* false: the text is none of its operator's kind, and matches nothing */
    struct pattern pattern;
    double number;
    i64 integer; /* a date in ms too */
    bool whole;  /* integer counts */
    bool truth;
    str bytes;
    u8 address[16], address_bits, address_family;
};
struct condition {
    const struct condition_operator *operator;
    u8 set; /* enum condition_set */
    bool if_exists;
    str key;
    const struct condition_value *values;
    u32 n;
};

/* ---- policy_principal.c ---- */
enum principal_type { PRINCIPAL_TYPE_ANY, PRINCIPAL_TYPE_AWS, PRINCIPAL_TYPE_SERVICE, PRINCIPAL_TYPE_FEDERATED,
                      PRINCIPAL_TYPE_CANONICAL };
struct principal_name {
    u8 type; /* enum principal_type */
    bool account; /* AWS: a whole account; the value is its number */
    str value;
};
struct principal_names {
    const struct principal_name *v;
    u32 n;
};
/* False: an AWS principal that is no account, ARN, id or "*". */
bool principal_name_compile(enum principal_type type, str value, struct principal_name *name);
/* How a principal is named, as bits: what the naming grants differs (policy_decide.c). */
enum principal_match {
    MATCH_DIRECT = 1,  /* the very caller, or everybody */
    MATCH_ROLE = 2,    /* the role or user that the caller's session was made from */
    MATCH_ACCOUNT = 4, /* the account */
};
unsigned principal_named(const struct principal_names *names, const struct principal *p);
/* NotPrincipal: is the caller, with all that stands behind it, listed? `any`: or any of these. */
bool principal_excepted(const struct principal_names *names, const struct principal *p, bool any);

/* ---- policy.c ---- */
struct statement {
    str sid;
    bool allows, not_action, not_resource, has_principal, not_principal;
    u64 services; /* bits by service_bit() of those whose actions it may speak about */
    struct patterns actions, resources; /* resources.n 0 and !not_resource: any */
    struct principal_names principals;
    struct conditions conditions;
};
struct policy {
    u8 kind; /* enum policy_kind */
    const struct statement *statements;
    u32 n;
    u64 services;
};
u64 service_bit(str service); /* in lower case */

/* A request once prepared for many policies. */
struct question {
    const struct policy_request *request;
    str action; /* in lower case */
    u64 service;
    bool bounded; /* the caller has a permissions boundary */
};
struct question question_of(const struct policy_request *r, char *lowered, size_t capacity);
enum { QUESTION_ACTION_MAX = 256 };
/* What the policy says: ANSWER_DENIES, or bits of enum principal_match by which it allows; 0: nothing. */
enum { ANSWER_DENIES = 8 };
unsigned policy_answer(const struct policy *p, const struct question *q);

/* ---- policy_parse.c reads, policy_grammar.c judges, policy.c compiles ---- */
struct texts {
    str *v;
    u32 n, capacity;
    bool given;
};
struct raw_condition {
    str operator_name, key;
    struct texts values;
};
struct raw_statement {
    str sid, effect;
    struct texts actions, not_actions, resources, not_resources;
    struct texts principals[PRINCIPAL_TYPE_CANONICAL + 1]; /* by enum principal_type; ANY: "*" itself */
    bool principal, not_principal;
    struct raw_condition *conditions;
    u32 condition_count, condition_capacity;
};
struct raw_policy {
    str version, id;
    struct raw_statement *statements;
    u32 n, capacity;
};
bool policy_read(str json, struct arena *a, struct raw_policy *raw);
/* NULL, or AWS's sentence. */
str policy_judge(const struct raw_policy *raw, enum policy_kind kind, struct arena *a);

#endif
