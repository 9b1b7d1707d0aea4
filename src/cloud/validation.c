/* Violations of the API description in the words of the service: AWS has no one form for them. */
#include "cloud/flight.h"

#include "wire/validate.h"

enum { VIOLATIONS_MAX = 20 };
const struct error cloud_malformed_xml = {"MalformedXML", NULL, 400, WIRE_NONE, true};

/* Organizations says what is wrong, not where; its Reason would be with the error's structure. */
static const struct error invalid_input = {"InvalidInputException", NULL, 400, WIRE_NONE, true};
static const struct error invalid_parameter = {"InvalidParameterException", NULL, 400, WIRE_NONE, true}; /* of Logs */
static const struct error missing_parameter = {"MissingRequiredParameterException", "MissingParameter", 400, WIRE_NONE, true};

/* The last member of a path, as the API names it: "QueueUrl". */
static str member_of(struct call *c, str path) {
    size_t dot = str_rfind_char(path, '.');
    str name = dot == STR_NONE ? path : str_skip(path, dot + 1);
    char *title = arena_c_string(c->arena, name);
    if (title[0] >= 'a' && title[0] <= 'z') title[0] = (char)(title[0] - 'a' + 'A');
    return str_of(title);
}

static const char *input_problem(const struct wire_violation *v) {
    switch (v->kind) {
    case WIRE_MISSING: return "You must include a value for all required parameters.";
    case WIRE_LENGTH_MAX: return "You provided a string parameter that is longer than allowed.";
    case WIRE_LENGTH_MIN: return "You provided a string parameter that is shorter than allowed.";
    case WIRE_RANGE_MAX: return "You provided a numeric parameter that has a larger value than allowed.";
    case WIRE_RANGE_MIN: return "You provided a numeric parameter that has a smaller value than allowed.";
    case WIRE_PATTERN: return "You provided a value that does not match the required pattern.";
    default: return "You specified an invalid value.";
    }
}

/* It repeats neither values nor the members of a set (recorded). */
static void as_iam_words_it(struct wire_violation *violations, size_t n) {
    for (size_t i = 0; i < n; i++) {
        violations[i].value = (str){0};
        violations[i].unlisted = true;
    }
}

/* Of a name's letters it speaks in words of its own. */
static err refuse_iam_name(struct call *c, const struct wire_violation *violations, size_t n) {
    const struct wire_service *w = c->service->wire;
    for (size_t i = 0; i < n; i++) {
        const struct wire_violation *v = &violations[i];
        if (v->kind != WIRE_PATTERN || v->place != WIRE_OF_MEMBER || !str_eq(wire_text(w, v->constraint->pattern), S("[\\w+=,.@-]+"))) continue;
        return fail(c, &cloud_validation, "The specified value for %.*s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
                    STR_ARGS(v->path));
    }
    return NULL;
}

/* Absent: the operation names no table, or does so in passing. */
static const str *required_table(struct call *c, const void *in) {
    const struct wire_service *w = c->service->wire;
    const struct wire_shape *input = &w->shapes[c->op->input];
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (str_eq(wire_text(w, m->name), S("TableName")) && (m->flags & WIRE_REQUIRED))
            return (const str *)(const void *)((const char *)in + m->offset);
    }
    return NULL;
}

/* Where DynamoDB works on tables, not on items, the table's name comes before all else. */
static err refuse_table_name(struct call *c, str op, const str *name) {
    if (!name || str_ends(op, S("Item")) || str_eq(op, S("Query")) || str_eq(op, S("Scan"))) return NULL;
    if (!name->p) return fail(c, &cloud_validation, "The parameter 'TableName' is required but was not present in the request");
    if (!str_eq(op, S("CreateTable"))) return NULL; /* the others have the words of every constraint, and say them in the room */
    if (name->n < 3 || (name->n > 255 && !str_starts(*name, S("arn:"))))
        return fail(c, &cloud_validation, "TableName must be at least 3 characters long and at most 255 characters long");
    return NULL;
}

static bool names_table(str name) {
    bool fits = name.n >= 3 && name.n <= 255;
    for (size_t i = 0; i < name.n && fits; i++) {
        char letter = name.p[i] | 32;
        fits = (letter >= 'a' && letter <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || str_find_char(S("_.-"), name.p[i]) != STR_NONE;
    }
    return fits || str_starts(name, S("arn:")); /* of which the room knows more */
}

/* A PutItem or UpdateItem looks at enums behind the table's name, of which the room speaks; an UpdateItem or Query no further than
 * to the first that is none of its values (dynoxide, pull request 127; ExtendDB, pull request 305). Returns how many are told. */
static size_t keep_told(str op, const str *table, struct wire_violation *v, size_t n) {
    bool update = str_eq(op, S("UpdateItem")), put = str_eq(op, S("PutItem"));
    bool none = (update || put) && table && table->p && !names_table(*table);
    size_t kept = 0, most = none ? 0 : update || str_eq(op, S("Query")) ? 1 : n, choices = 0;
    for (size_t i = 0; i < n; i++) {
        bool choice = v[i].kind == WIRE_ENUM && str_find_char(v[i].path, '.') == STR_NONE;
        if (!choice || choices < most) v[kept++] = v[i];
        choices += choice;
    }
    return kept;
}

/* What stands in the body, not in header, query or path. */
static bool in_body(struct call *c, str pointer) {
    const struct wire_service *w = c->service->wire;
    const struct wire_shape *input = &w->shapes[c->op->input];
    str name = str_skip(pointer, 1);
    size_t end = str_find_char(name, '/');
    if (end != STR_NONE) name = str_take(name, end);
    for (u16 i = 0; i < input->member_count; i++) {
        const struct wire_member *m = &w->members[input->first_member + i];
        if (str_eq(wire_text(w, m->name), name)) return m->location == WIRE_IN_BODY;
    }
    return false;
}

/* S3 Control holds bodies against a schema that knows members and values; what a text or number must be its handlers
 * say. Behind as many violations as can be told nobody has looked: such a body is not let through either. */
static err refuse_body(struct call *c, const struct wire_violation *violations, size_t n) {
    bool refused = n == VIOLATIONS_MAX;
    for (size_t i = 0; i < n; i++) {
        u8 kind = violations[i].kind;
        bool of_schema = kind == WIRE_MISSING || kind == WIRE_ENUM || kind == WIRE_UNION_EMPTY || kind == WIRE_UNION_MANY;
        refused |= of_schema && in_body(c, violations[i].pointer);
    }
    return refused ? fail(c, &cloud_malformed_xml, CLOUD_MALFORMED_XML) : NULL;
}

static err refuse(struct call *c, struct wire_violation *violations, size_t n) {
    const struct wire_service *w = c->service->wire;
    str room = wire_text(w, w->name);
    if (str_eq(room, S("s3control"))) return refuse_body(c, violations, n);
    if (str_eq(room, S("s3"))) return NULL; /* it does not check against its description: its handlers know */
    if (str_eq(room, S("organizations"))) return fail(c, &invalid_input, "%s", input_problem(&violations[0]));
    if (str_eq(room, S("iam"))) {
        TRY(refuse_iam_name(c, violations, n));
        as_iam_words_it(violations, n);
    }
    if (!str_eq(room, S("sqs"))) {
        str message = wire_validation_message(c->arena, w, violations, n);
        return fail(c, str_eq(room, S("logs")) ? &invalid_parameter : &cloud_validation, "%.*s", STR_ARGS(message));
    }
    for (size_t i = 0; i < n; i++) { /* SQS only asks that required members are there */
        str member = member_of(c, violations[i].path);
        if (violations[i].kind == WIRE_MISSING)
            return fail(c, &missing_parameter, "The request must contain the parameter %.*s.", STR_ARGS(member));
    }
    return NULL;
}

err call_validate(struct call *c, const void *in) {
    struct wire_violation violations[VIOLATIONS_MAX];
    if (c->op->input == WIRE_NONE) return NULL;
    size_t n = wire_validate(c->service->wire, c->op->input, in, c->arena, violations, VIOLATIONS_MAX);
    if (n && str_eq(wire_text(c->service->wire, c->service->wire->name), S("dynamodb"))) {
        str op = wire_text(c->service->wire, c->op->name);
        const str *table = required_table(c, in);
        TRY(refuse_table_name(c, op, table));
        n = keep_told(op, table, violations, n);
    }
    return n ? refuse(c, violations, n) : NULL;
}
