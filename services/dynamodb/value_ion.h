/* Items as Amazon Ion text, as exports write and imports read them: numbers are decimals, binaries blobs, sets lists
 * with the annotation $dynamodb_SS, _NS or _BS. And items as JSON with types, read by the same hand. */
#ifndef DYNAMODB_VALUE_ION_H
#define DYNAMODB_VALUE_ION_H

#include "services/dynamodb/value.h"

void item_write_ion(struct arena *a, struct buf *out, const struct value *item);
/* A line of a file: {Item:{...}}, and of a bulk operation's the condition under which it is put. What is not yet checked is as the wire
 * brings it (item_of_wire, expressions_parse). */
struct item_record {
    struct dynamodb_attribute_map item;
    str condition;                                     /* ConditionExpression */
    struct dynamodb_expression_attribute_name_map names;   /* ExpressionAttributeNames */
    struct dynamodb_expression_attribute_value_map values; /* ExpressionAttributeValues */
};
/* False: no such text. */
MUST_USE bool record_read_ion(struct arena *a, str text, struct item_record *r);
MUST_USE bool record_read_json(struct arena *a, str text, struct item_record *r);

#endif
