/* Whether a text is OpenAPI 3.0 or a JSON Schema of Draft 4: held against what their meta-schemas say of a schema and,
 * of OpenAPI, of the document's top. DIFFERS: what OpenAPI says of paths and of components other than schemas is not. */
#include "schemas.h"

#include "text/tree.h"

enum { DEPTH_MAX = 100 };

struct checker {
    struct arena *arena;
    bool openapi;
    str problem;
};

PRINTF(2, 3) static void say(struct checker *k, const char *format, ...) {
    if (k->problem.p) return; /* the first one */
    va_list args;
    va_start(args, format);
    k->problem = arena_vformat(k->arena, format, args);
    va_end(args);
}

static const char *type_name(u8 type) {
    static const char *const names[] = {[JSON_BROKEN] = "", [JSON_NULL] = "null", [JSON_BOOLEAN] = "boolean", [JSON_NUMBER] = "number", [JSON_STRING] = "string",
                                        [JSON_ARRAY] = "array", [JSON_OBJECT] = "object"};
    return names[type];
}

static bool expect(struct checker *k, const struct json_node *n, u8 type) {
    if (n->type == type) return true;
    say(k, "expected %s, but got %s", type_name(type), type_name(n->type));
    return false;
}

static void require(struct checker *k, const struct json_node *object, const char *name) {
    if (!json_node_member(object, str_of(name))) say(k, "missing properties: '%s'", name);
}

static bool is_extension(str key) { return str_starts(key, S("x-")); }

/* ---- keywords of a schema ---- */

enum form {
    FORM_ANY,
    FORM_STRING,
    FORM_BOOLEAN,
    FORM_NUMBER,
    FORM_NATURAL,
    FORM_OBJECT,
    FORM_SCHEMA,
    FORM_SCHEMA_OR_BOOLEAN,
    FORM_ITEMS,        /* a schema; in Draft 4 a list of them, too */
    FORM_SCHEMAS,      /* by name */
    FORM_SCHEMA_LIST,  /* at least one */
    FORM_NAMES,        /* different ones, at least one */
    FORM_ENUM,
    FORM_TYPE,
    FORM_DEPENDENCIES, /* by name: a schema or names */
};
enum { OPENAPI = 1, DRAFT4 = 2, BOTH = 3 };

static const struct keyword {
    const char *name;
    u8 form, of;
} keywords[] = {
    {"title", FORM_STRING, BOTH},           {"description", FORM_STRING, BOTH},      {"default", FORM_ANY, BOTH},           {"multipleOf", FORM_NUMBER, BOTH},
    {"maximum", FORM_NUMBER, BOTH},         {"exclusiveMaximum", FORM_BOOLEAN, BOTH}, {"minimum", FORM_NUMBER, BOTH},       {"exclusiveMinimum", FORM_BOOLEAN, BOTH},
    {"maxLength", FORM_NATURAL, BOTH},      {"minLength", FORM_NATURAL, BOTH},       {"pattern", FORM_STRING, BOTH},        {"maxItems", FORM_NATURAL, BOTH},
    {"minItems", FORM_NATURAL, BOTH},       {"uniqueItems", FORM_BOOLEAN, BOTH},     {"maxProperties", FORM_NATURAL, BOTH}, {"minProperties", FORM_NATURAL, BOTH},
    {"required", FORM_NAMES, BOTH},         {"enum", FORM_ENUM, BOTH},               {"type", FORM_TYPE, BOTH},             {"format", FORM_STRING, BOTH},
    {"allOf", FORM_SCHEMA_LIST, BOTH},      {"anyOf", FORM_SCHEMA_LIST, BOTH},       {"oneOf", FORM_SCHEMA_LIST, BOTH},     {"not", FORM_SCHEMA, BOTH},
    {"items", FORM_ITEMS, BOTH},            {"properties", FORM_SCHEMAS, BOTH},      {"additionalProperties", FORM_SCHEMA_OR_BOOLEAN, BOTH},
    {"nullable", FORM_BOOLEAN, OPENAPI},    {"discriminator", FORM_OBJECT, OPENAPI}, {"readOnly", FORM_BOOLEAN, OPENAPI},   {"writeOnly", FORM_BOOLEAN, OPENAPI},
    {"example", FORM_ANY, OPENAPI},         {"externalDocs", FORM_OBJECT, OPENAPI},  {"deprecated", FORM_BOOLEAN, OPENAPI}, {"xml", FORM_OBJECT, OPENAPI},
    {"id", FORM_STRING, DRAFT4},            {"$schema", FORM_STRING, DRAFT4},        {"additionalItems", FORM_SCHEMA_OR_BOOLEAN, DRAFT4},
    {"definitions", FORM_SCHEMAS, DRAFT4},  {"patternProperties", FORM_SCHEMAS, DRAFT4}, {"dependencies", FORM_DEPENDENCIES, DRAFT4},
};

static void check_schema(struct checker *k, const struct json_node *n, u32 depth);

static void check_natural(struct checker *k, const struct json_node *n) {
    i64 v;
    if (n->type != JSON_NUMBER || !str_to_i64(n->text, &v)) say(k, "expected integer, but got %s", type_name(n->type));
    else if (v < 0) say(k, "must be >= 0 but found %lld", (long long)v);
}

static bool same(const struct json_node *one, const struct json_node *other) { return one->type == JSON_STRING && other->type == JSON_STRING && str_eq(one->text, other->text); }

static void check_names(struct checker *k, const struct json_node *n) {
    u32 i = 0;
    if (!expect(k, n, JSON_ARRAY)) return;
    if (!n->count) say(k, "minimum 1 items required, but found 0 items");
    for (const struct json_node *item = n->first; item && !k->problem.p; item = item->next, i++) {
        u32 j = 0;
        if (!expect(k, item, JSON_STRING)) return;
        for (const struct json_node *before = n->first; before != item; before = before->next, j++)
            if (same(before, item)) say(k, "items at index %u and %u are equal", j, i);
    }
}

static void check_type_name(struct checker *k, const struct json_node *n) {
    static const char *const known[] = {"array", "boolean", "integer", "number", "object", "string", "null"};
    size_t count = LENGTH(known) - (k->openapi ? 1 : 0);
    if (!expect(k, n, JSON_STRING)) return;
    for (size_t i = 0; i < count; i++)
        if (str_eq(n->text, str_of(known[i]))) return;
    say(k, "value must be one of \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"%s", k->openapi ? "" : ", \"null\"");
}

static void check_type(struct checker *k, const struct json_node *n) {
    if (k->openapi || n->type != JSON_ARRAY) {
        check_type_name(k, n);
        return;
    }
    check_names(k, n);
    for (const struct json_node *item = n->first; item && !k->problem.p; item = item->next) check_type_name(k, item);
}

static void check_each(struct checker *k, const struct json_node *n, u8 type, u32 depth) {
    if (!expect(k, n, type)) return;
    if (type == JSON_ARRAY && !n->count) say(k, "minimum 1 items required, but found 0 items");
    for (const struct json_node *one = n->first; one && !k->problem.p; one = one->next) check_schema(k, one, depth + 1);
}

static void check_dependencies(struct checker *k, const struct json_node *n, u32 depth) {
    if (!expect(k, n, JSON_OBJECT)) return;
    for (const struct json_node *one = n->first; one; one = one->next) {
        if (one->type == JSON_ARRAY) check_names(k, one);
        else check_schema(k, one, depth + 1);
    }
}

static void check_form(struct checker *k, const struct json_node *n, u8 form, u32 depth) {
    switch ((enum form)form) {
    case FORM_ANY: return;
    case FORM_STRING: (void)expect(k, n, JSON_STRING); return;
    case FORM_BOOLEAN: (void)expect(k, n, JSON_BOOLEAN); return;
    case FORM_NUMBER: (void)expect(k, n, JSON_NUMBER); return;
    case FORM_NATURAL: check_natural(k, n); return;
    case FORM_OBJECT: (void)expect(k, n, JSON_OBJECT); return;
    case FORM_SCHEMA: check_schema(k, n, depth + 1); return;
    case FORM_SCHEMA_OR_BOOLEAN:
        if (n->type != JSON_BOOLEAN) check_schema(k, n, depth + 1);
        return;
    case FORM_ITEMS:
        if (n->type == JSON_ARRAY && !k->openapi) check_each(k, n, JSON_ARRAY, depth);
        else check_schema(k, n, depth + 1);
        return;
    case FORM_SCHEMAS: check_each(k, n, JSON_OBJECT, depth); return;
    case FORM_SCHEMA_LIST: check_each(k, n, JSON_ARRAY, depth); return;
    case FORM_NAMES: check_names(k, n); return;
    case FORM_ENUM:
        if (expect(k, n, JSON_ARRAY) && !n->count) say(k, "minimum 1 items required, but found 0 items");
        return;
    case FORM_TYPE: check_type(k, n); return;
    case FORM_DEPENDENCIES: check_dependencies(k, n, depth); return;
    }
}

static const struct keyword *keyword_of(const struct checker *k, str name) {
    for (size_t i = 0; i < LENGTH(keywords); i++)
        if ((keywords[i].of & (k->openapi ? OPENAPI : DRAFT4)) && str_eq(name, str_of(keywords[i].name))) return &keywords[i];
    return NULL;
}

static void check_schema(struct checker *k, const struct json_node *n, u32 depth) {
    if (depth > DEPTH_MAX) say(k, "the schema is nested deeper than %d levels", DEPTH_MAX);
    if (k->problem.p || !expect(k, n, JSON_OBJECT)) return;
    const struct json_node *reference = json_node_member(n, S("$ref"));
    if (reference) {
        (void)expect(k, reference, JSON_STRING);
        return;
    }
    for (const struct json_node *m = n->first; m && !k->problem.p; m = m->next) {
        const struct keyword *word = keyword_of(k, m->key);
        if (word) check_form(k, m, word->form, depth);
        else if (k->openapi && !is_extension(m->key)) say(k, "additionalProperties '%.*s' not allowed", STR_ARGS(m->key));
    }
}

/* ---- an OpenAPI document ---- */

static bool is_version(str v) {
    if (!str_starts(v, S("3.0.")) || v.n < 5 || v.p[4] < '0' || v.p[4] > '9') return false;
    return v.n == 5 || (v.p[5] == '-' && v.n > 6);
}

static void check_keys(struct checker *k, const struct json_node *object, const char *const *known, size_t n) {
    for (const struct json_node *m = object->first; m; m = m->next) {
        size_t i = 0;
        while (i < n && !str_eq(m->key, str_of(known[i]))) i++;
        if (i == n && !is_extension(m->key)) say(k, "additionalProperties '%.*s' not allowed", STR_ARGS(m->key));
    }
}

static void check_info(struct checker *k, const struct json_node *info) {
    static const char *const known[] = {"title", "description", "termsOfService", "contact", "license", "version"};
    if (!expect(k, info, JSON_OBJECT)) return;
    require(k, info, "title");
    require(k, info, "version");
    check_keys(k, info, known, LENGTH(known));
    for (const struct json_node *m = info->first; m; m = m->next)
        if (str_eq(m->key, S("title")) || str_eq(m->key, S("version"))) (void)expect(k, m, JSON_STRING);
}

static void check_components(struct checker *k, const struct json_node *components) {
    static const char *const known[] = {"schemas", "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links", "callbacks"};
    if (!expect(k, components, JSON_OBJECT)) return;
    check_keys(k, components, known, LENGTH(known));
    const struct json_node *schemas = json_node_member(components, S("schemas"));
    if (schemas) check_each(k, schemas, JSON_OBJECT, 0);
}

static void check_document(struct checker *k, const struct json_node *tree) {
    static const char *const known[] = {"openapi", "info", "externalDocs", "servers", "security", "tags", "paths", "components"};
    if (!expect(k, tree, JSON_OBJECT)) return;
    require(k, tree, "openapi");
    require(k, tree, "info");
    require(k, tree, "paths");
    check_keys(k, tree, known, LENGTH(known));
    for (const struct json_node *m = tree->first; m && !k->problem.p; m = m->next) {
        if (str_eq(m->key, S("openapi")) && expect(k, m, JSON_STRING) && !is_version(m->text)) say(k, "'openapi' does not match pattern '^3\\.0\\.\\d(-.+)?$'");
        if (str_eq(m->key, S("info"))) check_info(k, m);
        if (str_eq(m->key, S("paths"))) (void)expect(k, m, JSON_OBJECT);
        if (str_eq(m->key, S("components"))) check_components(k, m);
    }
}

str content_problem(struct arena *a, str type, str content) {
    struct checker k = {.arena = a, .openapi = str_eq(type, S("OpenApi3"))};
    const struct json_node *tree = json_tree(a, content, json_default_limits, NULL, NULL);
    if (!tree) return S("Content is not valid JSON");
    if (k.openapi) check_document(&k, tree);
    else check_schema(&k, tree, 0);
    return k.problem;
}
