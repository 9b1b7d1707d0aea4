/* What is a schema, and what is none. */
#include "../schemas.h"

#include "unit.h"

static const struct {
    const char *type, *content, *problem;
} cases[] = {
    {"OpenApi3", "not json", "Content is not valid JSON"},
    {"OpenApi3", "{\"openapi\":\"2.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{}}", "'openapi' does not match pattern '^3\\.0\\.\\d(-.+)?$'"},
    {"OpenApi3", "{\"$schema\":\"x\",\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{}}", "additionalProperties '$schema' not allowed"},
    {"OpenApi3", "{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{},\"x-own\":1}", NULL},
    {"OpenApi3", "{\"openapi\":\"3.0.0-rc1\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{}}", NULL},
    {"OpenApi3", "{\"openapi\":\"3.0.0\",\"paths\":{}}", "missing properties: 'info'"},
    {"OpenApi3", "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\"},\"paths\":{}}", "missing properties: 'version'"},
    {"OpenApi3", "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{},\"components\":{\"schemas\":{\"A\":{\"type\":\"null\"}}}}",
     "value must be one of \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\""},
    {"OpenApi3", "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{},\"components\":{\"schemas\":{\"A\":{\"type\":\"object\",\"required\":[],"
                 "\"properties\":{\"b\":{\"$ref\":\"#/components/schemas/B\"}}}}}}", "minimum 1 items required, but found 0 items"},
    {"OpenApi3", "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{},\"components\":{\"schemas\":{\"A\":{\"type\":\"array\",\"items\":{\"nullable\":1}}}}}",
     "expected boolean, but got number"},
    {"OpenApi3", "[]", "expected object, but got array"},
    {"JSONSchemaDraft4", "{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"type\":[\"object\",\"null\"],\"definitions\":{\"a\":{\"minLength\":1}},\"own\":1}", NULL},
    {"JSONSchemaDraft4", "{\"type\":\"text\"}", "value must be one of \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\", \"null\""},
    {"JSONSchemaDraft4", "{\"properties\":{\"a\":{\"minLength\":-1}}}", "must be >= 0 but found -1"},
    {"JSONSchemaDraft4", "{\"required\":[\"a\",\"a\"]}", "items at index 0 and 1 are equal"},
    {"JSONSchemaDraft4", "{\"anyOf\":[]}", "minimum 1 items required, but found 0 items"},
};

static void contents(void) {
    struct arena a = {0};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        str problem = content_problem(&a, str_of(cases[i].type), str_of(cases[i].content));
        if (cases[i].problem) CHECK_STR(problem, str_of(cases[i].problem));
        else CHECK_STR(problem, (str){0});
    }
    arena_free(&a);
}

static void depth_has_an_end(void) {
    struct arena a = {0};
    struct buf b = buf_new(&a, 1 << 20);
    for (int i = 0; i < 120; i++) buf_add(&b, S("{\"not\":"));
    buf_add(&b, S("{}"));
    for (int i = 0; i < 120; i++) buf_char(&b, '}');
    CHECK_STR(content_problem(&a, S("JSONSchemaDraft4"), buf_str(&b)), S("the schema is nested deeper than 100 levels"));
    arena_free(&a);
}

UNIT_MAIN(UNIT(contents), UNIT(depth_has_an_end))
