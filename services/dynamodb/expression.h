/* What a request says about items: conditions, filters, updates, projections and key conditions, as
 * expressions or as the older parameters. Both become the same trees.
 *
 *     struct parameters p = {.condition = in->condition_expression, .expected = &in->expected,
 *                            .conditional_operator = in->conditional_operator,
 *                            .names = &in->expression_attribute_names, .values = &in->expression_attribute_values};
 *     struct expressions e;
 *     TRY(expressions_parse(c, &p, &e));           // before the table is looked up: as AWS does
 *     ...
 *     if (!expression_holds(c->arena, e.condition, &item)) return conditional check failed
 *     TRY(update_apply(c, e.update, &item, &updated));
 *
 * All of it lives in the call's arena. Absent parts are NULL; functions take NULL as "nothing is asked":
 * a condition that holds, a projection to everything. Depths are bounded. */
#ifndef DYNAMODB_EXPRESSION_H
#define DYNAMODB_EXPRESSION_H

#include "services/dynamodb/value.h"

struct condition;
struct update;
struct projection;
struct key_condition;

/* Members of the request; leave out what the operation does not have. */
struct parameters {
    str condition, filter, update, projection, key_condition, search; /* texts */
    const struct dynamodb_expression_attribute_name_map *names;
    const struct dynamodb_expression_attribute_value_map *values;
    /* older */
    const struct dynamodb_expected_attribute_map *expected;
    const struct dynamodb_attribute_updates *attribute_updates;
    const struct dynamodb_key_conditions *key_conditions;
    const struct dynamodb_filter_condition_map *query_filter, *scan_filter;
    const struct dynamodb_attribute_name_list *attributes_to_get;
    str conditional_operator;
};

struct expressions {
    struct condition *condition;         /* ConditionExpression, Expected */
    struct condition *filter;            /* FilterExpression, QueryFilter, ScanFilter */
    struct update *update;               /* UpdateExpression, AttributeUpdates */
    struct projection *projection;       /* ProjectionExpression, AttributesToGet */
    struct key_condition *key_condition; /* KeyConditionExpression, KeyConditions */
    struct condition *search;            /* SearchConditionExpression: equalities joined by AND */
};

/* Old and new parameters together, placeholders without expressions: what AWS says before it looks at Key
 * or Item. ValidationException. expressions_parse does it too. */
MUST_USE err parameters_check(struct call *c, const struct parameters *in);
/* Everything of a request that can be judged without its table, in AWS's order: old and new together,
 * placeholders, values, syntax, operands, paths that overlap, unused placeholders. ValidationException. */
MUST_USE err expressions_parse(struct call *c, const struct parameters *in, struct expressions *out);

/* The top-level attributes that they name, each once. Returns how many. */
u32 expressions_names(struct arena *a, const struct expressions *e, const str **names);
u32 condition_names(struct arena *a, const struct condition *condition, const str **names);

/* ---- conditions and filters ---- */

/* item: NULL or VALUE_NONE for an item that does not exist. */
bool expression_holds(struct arena *a, const struct condition *condition, const struct value *item);
/* A filter may not name key attributes. `names`: the key attributes of the table or index that is read. */
MUST_USE err filter_check_keys(struct call *c, const struct condition *filter, const str *names, u32 n);

/* No expression may go into a key attribute of the table, or of an index, by "." or "[]". */
MUST_USE err expressions_check_scalars(struct call *c, const struct expressions *e, const str *names, u32 n, bool of_index);

/* ---- search conditions ---- */

/* The value that they ask of the attribute; NULL: they do not name it. */
const struct value *search_condition_value(const struct condition *condition, str name);

/* ---- projections ---- */

/* The item with only what is asked, nested parts within their maps and lists. */
struct value projection_apply(struct arena *a, const struct projection *p, const struct value *item);
/* The top-level attribute names that are asked, for indexes that hold only some. Returns how many. */
u32 projection_names(struct arena *a, const struct projection *p, const str **names);

/* ---- updates ---- */

/* An update may not name key attributes. */
bool update_names(const struct update *u, str name); /* the attribute, whole or in part */
enum update_source { UPDATE_OLDER, UPDATE_LITERAL, UPDATE_COMPUTED };
enum update_source update_source_of(const struct update *u, str name); /* where the attribute's new value comes from */
MUST_USE err update_check_keys(struct call *c, const struct update *u, const str *names, u32 n);
/* The item after the update. Every action sees the old item. `old` has at least its key attributes.
 * ValidationException for operands of wrong types, absent attributes, paths into nothing, numbers
 * out of range, depth; not for the size of the item, which the caller knows. */
MUST_USE err update_apply(struct call *c, const struct update *u, const struct value *old, struct value *updated);
/* Nothing but REMOVE and DELETE: of an item that does not exist such an update makes none, and finds no fault. */
bool update_only_removes(const struct update *u);
/* ReturnValues UPDATED_OLD and UPDATED_NEW: of `item` only what the update names. */
struct value update_touched(struct arena *a, const struct update *u, const struct value *item);

/* ---- key conditions ---- */

/* A key as it is asked: a global index has up to four attributes in each half, all else one and one or none. */
enum { KEY_PARTS_MAX = 4 };
struct key_attribute {
    str name;
    u8 type; /* VALUE_S, VALUE_N, VALUE_B */
};
struct key_attributes {
    struct key_attribute hash[KEY_PARTS_MAX], range[KEY_PARTS_MAX];
    u32 hashes, ranges;
};

/* The value that an attribute shall equal, if the condition says so; types are not looked at. */
bool key_condition_equals(const struct key_condition *k, str name, struct value *v);

enum range_operator { RANGE_ALL, RANGE_EQ, RANGE_LT, RANGE_LE, RANGE_GT, RANGE_GE, RANGE_BETWEEN, RANGE_BEGINS_WITH };

struct key_range {
    struct value hash[KEY_PARTS_MAX]; /* of every attribute of that half */
    u32 hashes;
    struct value equal[KEY_PARTS_MAX]; /* of range attributes before the one that range_operator speaks of */
    u32 equals;
    u8 range_operator;
    struct value low, high; /* the operand is `low`; BETWEEN has both */
};

/* The condition against the key of the table or index that is read: an equality on each hash attribute, range
 * attributes from the left, only the last of them by another operator, types as the schema says. */
MUST_USE err key_condition_resolve(struct call *c, const struct key_condition *k, const struct key_attributes *keys, struct key_range *out);

#endif
