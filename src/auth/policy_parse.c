/* JSON to the raw form: which elements there are, each of the right type. What they say is judged later
 * (policy_grammar.c), since AWS complains in stages and not in the order of the text. */
#include "policy_form.h"

#include "text/json.h"

static const struct json_limits limits = {.bytes = 256 << 10, .depth = 8};

static bool texts_add(struct arena *a, struct texts *t, str text) {
    if (t->n == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 4;
        str *more = NEW_ARRAY(a, str, t->capacity);
        if (t->n) memcpy(more, t->v, t->n * sizeof *more);
        t->v = more;
    }
    t->v[t->n++] = text;
    return true;
}

/* A string, or, as values of conditions, true, false or a number. */
static bool read_text(struct json_reader *r, bool scalars, str *text) {
    enum json_type type = json_peek(r);
    if (type == JSON_STRING) return json_read_string(r, text);
    if (!scalars) return false;
    if (type == JSON_NUMBER) return json_read_number(r, text);
    bool truth;
    if (type != JSON_BOOLEAN || !json_read_boolean(r, &truth)) return false;
    *text = truth ? S("true") : S("false");
    return true;
}

/* One text or a list of them. Twice the same element is no policy. */
static bool read_texts(struct json_reader *r, bool scalars, struct texts *t) {
    str text;
    if (t->given) return false;
    t->given = true;
    if (json_peek(r) != JSON_ARRAY) return read_text(r, scalars, &text) && texts_add(r->arena, t, text);
    if (!json_read_array(r)) return false;
    while (json_read_item(r))
        if (!read_text(r, scalars, &text) || !texts_add(r->arena, t, text)) return false;
    return !r->problem;
}

static bool read_once(struct json_reader *r, str *text) {
    return !text->p && json_peek(r) == JSON_STRING && json_read_string(r, text);
}

/* ---- principals ---- */

static bool read_principal(struct json_reader *r, struct raw_statement *s) {
    static const char *const types[] = {"", "AWS", "Service", "Federated", "CanonicalUser"};
    str text, key;
    if (json_peek(r) == JSON_STRING)
        return json_read_string(r, &text) && str_eq(text, S("*")) && texts_add(r->arena, &s->principals[PRINCIPAL_TYPE_ANY], text);
    if (json_peek(r) != JSON_OBJECT || !json_read_object(r)) return false;
    while (json_read_key(r, &key)) {
        size_t type = 1;
        while (type < LENGTH(types) && !str_eq(key, str_of(types[type]))) type++;
        if (type == LENGTH(types) || !read_texts(r, false, &s->principals[type])) return false;
    }
    return !r->problem;
}

/* ---- conditions ---- */

static struct raw_condition *condition_add(struct arena *a, struct raw_statement *s) {
    if (s->condition_count == s->condition_capacity) {
        s->condition_capacity = s->condition_capacity ? 2 * s->condition_capacity : 4;
        struct raw_condition *more = NEW_ARRAY(a, struct raw_condition, s->condition_capacity);
        if (s->condition_count) memcpy(more, s->conditions, s->condition_count * sizeof *more);
        s->conditions = more;
    }
    return &s->conditions[s->condition_count++];
}

/* {"StringEquals": {"aws:username": ["a", "b"]}}; an operator without keys may have any name. */
static bool read_conditions(struct json_reader *r, struct raw_statement *s) {
    str operator_name, key;
    if (json_peek(r) != JSON_OBJECT || !json_read_object(r)) return false;
    while (json_read_key(r, &operator_name)) {
        if (json_peek(r) != JSON_OBJECT || !json_read_object(r)) return false;
        while (json_read_key(r, &key)) {
            struct raw_condition *c = condition_add(r->arena, s);
            *c = (struct raw_condition){.operator_name = operator_name, .key = key};
            if (!condition_operator_known(operator_name) || !read_texts(r, true, &c->values)) return false;
        }
    }
    return !r->problem;
}

/* ---- statements ---- */

static bool read_element(struct json_reader *r, str key, struct raw_statement *s, bool *conditions) {
    if (str_eq(key, S("Sid"))) return read_once(r, &s->sid);
    if (str_eq(key, S("Effect"))) return read_once(r, &s->effect);
    if (str_eq(key, S("Action"))) return read_texts(r, false, &s->actions);
    if (str_eq(key, S("NotAction"))) return read_texts(r, false, &s->not_actions);
    if (str_eq(key, S("Resource"))) return read_texts(r, false, &s->resources);
    if (str_eq(key, S("NotResource"))) return read_texts(r, false, &s->not_resources);
    bool principal = str_eq(key, S("Principal")), except = str_eq(key, S("NotPrincipal"));
    if (principal || except) {
        if (s->principal || s->not_principal) return false;
        s->principal = principal;
        s->not_principal = except;
        return read_principal(r, s);
    }
    if (!str_eq(key, S("Condition")) || *conditions) return false;
    *conditions = true;
    return read_conditions(r, s);
}

static bool read_statement(struct json_reader *r, struct raw_policy *raw) {
    if (raw->n == raw->capacity) {
        raw->capacity = raw->capacity ? 2 * raw->capacity : 8;
        struct raw_statement *more = NEW_ARRAY(r->arena, struct raw_statement, raw->capacity);
        if (raw->n) memcpy(more, raw->statements, raw->n * sizeof *more);
        raw->statements = more;
    }
    struct raw_statement *s = &raw->statements[raw->n++];
    str key;
    bool conditions = false;
    if (json_peek(r) != JSON_OBJECT || !json_read_object(r)) return false;
    while (json_read_key(r, &key))
        if (!read_element(r, key, s, &conditions)) return false;
    bool twice = (s->actions.given && s->not_actions.given) || (s->resources.given && s->not_resources.given);
    return !r->problem && !twice && (str_eq_nocase(s->effect, S("Allow")) || str_eq_nocase(s->effect, S("Deny")));
}

static bool read_statements(struct json_reader *r, struct raw_policy *raw) {
    if (raw->n) return false;
    if (json_peek(r) == JSON_OBJECT) return read_statement(r, raw);
    if (json_peek(r) != JSON_ARRAY || !json_read_array(r)) return false;
    while (json_read_item(r))
        if (!read_statement(r, raw)) return false;
    return !r->problem;
}

bool policy_read(str json, struct arena *a, struct raw_policy *raw) {
    *raw = (struct raw_policy){0};
    struct json_reader r = json_reader_new(a, json, limits);
    str key;
    if (json_peek(&r) != JSON_OBJECT || !json_read_object(&r)) return false;
    while (json_read_key(&r, &key)) {
        bool ok = str_eq(key, S("Version"))     ? read_once(&r, &raw->version)
                  : str_eq(key, S("Id"))        ? read_once(&r, &raw->id)
                  : str_eq(key, S("Statement")) ? read_statements(&r, raw)
                                                : false;
        if (!ok) return false;
    }
    bool version = !raw->version.p || str_eq(raw->version, S("2012-10-17")) || str_eq(raw->version, S("2008-10-17"));
    return json_done(&r) && raw->n && version;
}
