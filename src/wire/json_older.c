/* Values of wrong types, in the words of the reader that AWS had when DynamoDB was new: it names Java's
 * types. Source: what dynalite recorded of DynamoDB's answers. */
#include "wire/codec.h"

#include "text/json.h"

static const str serialization = {"SerializationException", 22};

/* The type as Java calls it; of maps and structures by the element's name. */
static str java_type(struct coding *c, const struct wire_shape *shape) {
    str space = coding_text(c, c->service->namespace_);
    switch (shape->type) {
    case WIRE_BOOLEAN: return S("java.lang.Boolean");
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER: return S("java.lang.Integer");
    case WIRE_LONG: return S("java.lang.Long");
    case WIRE_FLOAT:
    case WIRE_DOUBLE: return S("java.lang.Double");
    case WIRE_BLOB: return S("java.nio.ByteBuffer");
    case WIRE_STRUCTURE: return arena_format(c->arena, "%.*s.%.*s", STR_ARGS(space), STR_ARGS(coding_text(c, shape->name)));
    default: return S("java.lang.String");
    }
}

static bool wrong_array(struct coding *c, const struct wire_shape *shape) {
    if (shape->type == WIRE_MAP) {
        str of = java_type(c, coding_shape(c, coding_member(c, shape, 1)->shape));
        return coding_fail(c, serialization, "Unrecognized collection type java.util.Map<java.lang.String, %.*s>", STR_ARGS(of));
    }
    str type = java_type(c, shape);
    return coding_fail(c, serialization, "Unrecognized collection type class %.*s", STR_ARGS(type));
}

static bool is_decimal(str rest) {
    for (size_t i = 0; i < rest.n; i++) {
        char ch = rest.p[i];
        if (ch == '.' || ch == 'e' || ch == 'E') return true;
        if (ch == ',' || ch == '}' || ch == ']') return false;
    }
    return false;
}

bool json_older_wrong_type(struct coding *c, struct json_reader *r, const struct wire_shape *shape) {
    enum json_type found = json_peek(r);
    if (found == JSON_BROKEN) return false;
    if (found == JSON_OBJECT) return coding_fail(c, serialization, "Start of structure or map found where not expected");
    if (found == JSON_ARRAY) return wrong_array(c, shape);
    if (shape->type == WIRE_STRUCTURE) return coding_fail(c, serialization, "Unexpected value type in payload");
    if (shape->type == WIRE_LIST || shape->type == WIRE_MAP) return coding_fail(c, serialization, "Unexpected field type");
    if (shape->type == WIRE_BLOB) return coding_fail(c, serialization, "only base-64-encoded strings are convertible to bytes");
    if (shape->type == WIRE_BOOLEAN && found == JSON_STRING) return coding_fail(c, serialization, "Unexpected token received from parser");
    bool decimal = found == JSON_NUMBER && is_decimal((str){r->p, (size_t)(r->end - r->p)});
    const char *token = found == JSON_NULL   ? "NULL_VALUE"
                      : found == JSON_STRING ? "STRING_VALUE"
                      : found == JSON_NUMBER ? (decimal ? "DECIMAL_VALUE" : "NUMBER_VALUE")
                      : *r->p == 't'         ? "TRUE_VALUE"
                                             : "FALSE_VALUE";
    str type = java_type(c, shape);
    type = str_skip(type, str_rfind_char(type, '.') + 1);
    return coding_fail(c, serialization, "%s cannot be converted to %.*s", token, STR_ARGS(type));
}

bool json_older_wrong_blob(struct coding *c, str text) {
    if (text.n % 4)
        return coding_fail(c, serialization, "Base64 encoded length is expected a multiple of 4 bytes but found: %zu", text.n);
    return coding_fail(c, serialization, "Invalid last non-pad Base64 character dectected");
}
