/* Parameters of an UpdateItem or Query as JSON, parsed. */
#ifndef DYNAMODB_TEST_EXPRESSION_GIVEN_H
#define DYNAMODB_TEST_EXPRESSION_GIVEN_H

#include "given.h"
#include "services/dynamodb/expression.h"

static const struct service described = {.wire = &dynamodb_wire}; /* no operation runs here */

/* `members`: "'UpdateExpression':'SET a = :v','ExpressionAttributeValues':{...}" */
static __attribute__((unused)) err given_update(const char *members, struct expressions *e) {
    struct dynamodb_update_item_input in = {0};
    call.service = &described;
    call.op = &dynamodb_wire.ops[DYNAMODB_OP_UPDATE_ITEM];
    given_request(DYNAMODB_OP_UPDATE_ITEM, arena_format(&arena, "{'TableName':'table','Key':{'p':{'S':'x'}},%s}%c", members, 0).p, &in);
    struct parameters p = {.condition = in.condition_expression,
                           .update = in.update_expression,
                           .names = &in.expression_attribute_names,
                           .values = &in.expression_attribute_values,
                           .expected = &in.expected,
                           .attribute_updates = &in.attribute_updates,
                           .conditional_operator = in.conditional_operator};
    return expressions_parse(&call, &p, e);
}

static __attribute__((unused)) err given_query(const char *members, struct expressions *e) {
    struct dynamodb_query_input in = {0};
    call.service = &described;
    call.op = &dynamodb_wire.ops[DYNAMODB_OP_QUERY];
    given_request(DYNAMODB_OP_QUERY, arena_format(&arena, "{'TableName':'table',%s}%c", members, 0).p, &in);
    struct parameters p = {.filter = in.filter_expression,
                           .projection = in.projection_expression,
                           .key_condition = in.key_condition_expression,
                           .names = &in.expression_attribute_names,
                           .values = &in.expression_attribute_values,
                           .key_conditions = &in.key_conditions,
                           .query_filter = &in.query_filter,
                           .attributes_to_get = &in.attributes_to_get,
                           .conditional_operator = in.conditional_operator};
    return expressions_parse(&call, &p, e);
}

#endif
