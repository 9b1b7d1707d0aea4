/* Which condition keys a policy mentions, as it writes them: in conditions and in variables. */
#include "iam.h"

#include "text/json.h"

static void add(struct key_names *names, struct arena *a, str name) {
    name = str_trim(name);
    for (u32 i = 0; i < names->n; i++)
        if (str_eq_nocase(names->v[i], name)) return;
    if (!names->v) names->v = NEW_ARRAY(a, str, KEY_NAMES_MAX);
    if (names->n < KEY_NAMES_MAX && name.n >= 3) names->v[names->n++] = arena_str(a, name);
}

/* "${aws:username}", "${aws:PrincipalTag/team, 'none'}"; not the escapes "${*}", "${?}", "${$}". */
static void add_variables(struct key_names *names, struct arena *a, str text) {
    for (;;) {
        size_t at = str_find(text, S("${"));
        if (at == STR_NONE) return;
        text = str_skip(text, at + 2);
        str inner = str_take(text, str_find_char(text, '}'));
        add(names, a, str_cut(&inner, ','));
    }
}

static void scan_texts(struct key_names *names, struct arena *a, struct json_reader *r) {
    str text;
    if (json_peek(r) == JSON_STRING) {
        if (json_read_string(r, &text)) add_variables(names, a, text);
    } else if (json_peek(r) == JSON_ARRAY && json_read_array(r)) {
        while (json_read_item(r)) scan_texts(names, a, r);
    } else json_skip(r);
}

static void scan_condition(struct key_names *names, struct arena *a, struct json_reader *r) {
    str operation, key;
    if (json_peek(r) != JSON_OBJECT || !json_read_object(r)) return;
    while (json_read_key(r, &operation)) {
        if (!json_read_object(r)) return;
        while (json_read_key(r, &key)) {
            add(names, a, key);
            scan_texts(names, a, r);
        }
    }
}

static void scan_statement(struct key_names *names, struct arena *a, str statement) {
    struct json_reader r = json_reader_new(a, statement, json_default_limits);
    str key;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("Condition"))) scan_condition(names, a, &r);
            else scan_texts(names, a, &r);
        }
}

void context_keys_of(struct arena *a, str document, struct key_names *names) {
    struct statements list = statements_of(a, document);
    for (u32 i = 0; i < list.n; i++) scan_statement(names, a, list.v[i].text);
}
