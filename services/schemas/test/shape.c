/* Forms of events: looked at, united, written, read back. */
#include "../shape.h"

#include "unit.h"

static struct event_shape look(struct arena *a, const char *event) {
    const struct json_node *tree = json_tree(a, str_of(event), json_default_limits, NULL, NULL);
    ASSERT(tree);
    return event_shape_of(a, tree);
}

/* EventBridge's documentation shows what becomes of this event. */
static void as_documented(void) {
    struct arena a = {0};
    struct event_shape e = look(&a, "{\"version\":\"0\",\"id\":\"315c1398\",\"detail-type\":\"Step Functions Execution Status Change\",\"source\":\"aws.states\","
                                    "\"detail\":{\"executionArn\":\"arn\",\"startDate\":1551225146847,\"input\":\"{}\",\"output\":null,\"at\":\"2019-02-26T19:42:21Z\"}}");
    CHECK_STR(shape_title(&a, e.detail_type), S("StepFunctionsExecutionStatusChange"));
    CHECK_STR(event_shape_write(&a, &e, false),
              S("{\"openapi\":\"3.0.0\",\"info\":{\"version\":\"1.0.0\",\"title\":\"StepFunctionsExecutionStatusChange\"},\"paths\":{},\"components\":{\"schemas\":{\"AWSEvent\":{"
                "\"type\":\"object\",\"required\":[\"detail-type\",\"resources\",\"detail\",\"id\",\"source\",\"time\",\"region\",\"version\",\"account\"],"
                "\"x-amazon-events-detail-type\":\"Step Functions Execution Status Change\",\"x-amazon-events-source\":\"aws.states\",\"properties\":{"
                "\"detail\":{\"$ref\":\"#/components/schemas/StepFunctionsExecutionStatusChange\"},\"account\":{\"type\":\"string\"},\"detail-type\":{\"type\":\"string\"},"
                "\"id\":{\"type\":\"string\"},\"region\":{\"type\":\"string\"},\"resources\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"source\":{\"type\":\"string\"},"
                "\"time\":{\"type\":\"string\",\"format\":\"date-time\"},\"version\":{\"type\":\"string\"}}},"
                "\"StepFunctionsExecutionStatusChange\":{\"type\":\"object\",\"required\":[\"at\",\"executionArn\",\"input\",\"output\",\"startDate\"],\"properties\":{"
                "\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"executionArn\":{\"type\":\"string\"},\"input\":{\"type\":\"string\"},\"output\":{},"
                "\"startDate\":{\"type\":\"integer\",\"format\":\"int64\"}}}}}}"));
    arena_free(&a);
}

static void components_have_names(void) {
    struct arena a = {0};
    struct event_shape e = look(&a, "{\"source\":\"shop\",\"detail-type\":\"Order\",\"detail\":{\"customer\":{\"order\":{\"n\":1.5}},\"lines\":[{\"sku\":\"a\"},{\"sku\":\"b\",\"gift\":true}]}}");
    str text = event_shape_write(&a, &e, false);
    CHECK(str_find(text, S("\"customer\":{\"$ref\":\"#/components/schemas/Customer\"}")) != STR_NONE);
    CHECK(str_find(text, S("\"lines\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/OrderItem\"}}")) != STR_NONE);
    CHECK(str_find(text, S("\"order\":{\"$ref\":\"#/components/schemas/Order1\"}")) != STR_NONE);
    CHECK(str_find(text, S("\"OrderItem\":{\"type\":\"object\",\"required\":[\"sku\"],\"properties\":{\"gift\":{\"type\":\"boolean\"},\"sku\":{\"type\":\"string\"}}}")) != STR_NONE);
    str draft = event_shape_write(&a, &e, true);
    CHECK(str_starts(draft, S("{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"title\":\"Order\",\"type\":\"object\"")));
    CHECK(str_find(draft, S("\"customer\":{\"$ref\":\"#/definitions/Customer\"}")) != STR_NONE);
    arena_free(&a);
}

/* What was written says, when it is read, all that was known: uniting with the same adds nothing. */
static void read_back(void) {
    static const char *const events[] = {
        "{\"source\":\"s\",\"detail-type\":\"t\",\"detail\":{\"a\":1,\"b\":[],\"c\":null,\"d\":{\"e\":[[{\"f\":\"x\"}]]}}}",
        "{\"source\":\"s\",\"detail-type\":\"t\",\"detail\":{\"a\":\"text\",\"b\":[1,\"two\",{\"three\":3}],\"c\":false}}",
        "{\"source\":\"s\",\"detail-type\":\"t\",\"detail\":{\"a\":1.5,\"d\":7,\"\":{}}}",
        "{\"source\":\"s\",\"detail-type\":\"t\",\"detail\":{}}",
    };
    struct arena a = {0};
    struct event_shape known = {0}, again;
    for (size_t i = 0; i < LENGTH(events); i++) {
        struct event_shape e = look(&a, events[i]);
        e.body = shape_unite(known.body, e.body);
        str text = event_shape_write(&a, &e, false);
        CHECK(event_shape_read(&a, text, &known));
        CHECK_STR(known.source, S("s"));
        CHECK_STR(event_shape_write(&a, &known, false), text);
        for (size_t j = 0; j <= i; j++) {
            CHECK(event_shape_read(&a, text, &again));
            struct event_shape old = look(&a, events[j]);
            again.body = shape_unite(again.body, old.body);
            CHECK_STR(event_shape_write(&a, &again, false), text);
        }
    }
    str text = event_shape_write(&a, &known, false);
    CHECK(str_find(text, S("\"a\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}")) != STR_NONE);
    CHECK(str_find(text, S("\"c\":{\"type\":\"boolean\",\"nullable\":true}")) != STR_NONE);
    CHECK(str_find(text, S("\"t1\":")) == STR_NONE && str_find(text, S("\"T\":{\"type\":\"object\",\"properties\"")) != STR_NONE); /* nothing is required */
    arena_free(&a);
}

static void what_is_no_event(void) {
    struct arena a = {0};
    struct event_shape e = look(&a, "{\"name\":\"x\"}");
    CHECK_STR(event_shape_write(&a, &e, false),
              S("{\"openapi\":\"3.0.0\",\"info\":{\"version\":\"1.0.0\",\"title\":\"Event\"},\"paths\":{},\"components\":{\"schemas\":{\"Event\":{\"type\":\"object\",\"required\":[\"name\"],"
                "\"properties\":{\"name\":{\"type\":\"string\"}}}}}}"));
    CHECK(!event_shape_read(&a, S("{"), &e));
    /* components that refer to each other */
    CHECK(event_shape_read(&a, S("{\"components\":{\"schemas\":{\"Event\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/components/schemas/Event\"},"
                                 "\"b\":{\"$ref\":\"#/components/schemas/Event\"}}}}}}"), &e));
    arena_free(&a);
}

UNIT_MAIN(UNIT(as_documented), UNIT(components_have_names), UNIT(read_back), UNIT(what_is_no_event))
