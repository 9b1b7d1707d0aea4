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

struct statements statements_of(struct arena *a, str document) {
    struct statements list = {.v = NEW_ARRAY(a, struct statement, STATEMENTS_MAX), .version = S("2008-10-17")};
    struct json_reader r = json_reader_new(a, document, json_default_limits);
    str key;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("Version"))) (void)!json_read_string(&r, &list.version);
            else if (!str_eq(key, S("Statement"))) json_skip(&r);
            else if (json_peek(&r) == JSON_OBJECT) {
                if (json_read_raw(&r, &list.v[list.n].text)) list.n++;
            } else if (json_read_array(&r))
                while (json_read_item(&r) && list.n < STATEMENTS_MAX)
                    if (json_read_raw(&r, &list.v[list.n].text)) list.n++;
        }
    return list;
}

/* ---- operations ---- */

static err answer(struct call *c, const struct iam_simulation_policy_list_type *input, const struct source_policies *own,
                  struct iam_get_context_keys_for_policy_response *out) {
    struct key_names names = {0};
    str problem;
    for (u32 i = 0; i < input->n; i++) {
        if (!policy_compile(input->v[i], POLICY_IDENTITY, c->arena, &problem) && !policy_compile(input->v[i], POLICY_RESOURCE, c->arena, &problem))
            return fail(c, &iam_invalid_input_exception, "%.*s", STR_ARGS(problem));
        context_keys_of(c->arena, input->v[i], &names);
    }
    for (u32 i = 0; own && i < own->n; i++) context_keys_of(c->arena, own->v[i].json, &names);
    out->context_key_names = (struct iam_context_key_names_result_list_type){.v = names.v, .n = names.n, .set = true};
    return NULL;
}

err iam_get_context_keys_for_custom_policy(struct call *c, const struct iam_get_context_keys_for_custom_policy_request *in,
                                           struct iam_get_context_keys_for_policy_response *out) {
    return answer(c, &in->policy_input_list, NULL, out);
}

err iam_get_context_keys_for_principal_policy(struct call *c, const struct iam_get_context_keys_for_principal_policy_request *in,
                                              struct iam_get_context_keys_for_policy_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(entity_by_arn(c, in->policy_source_arn, &e));
    struct source_policies own = policies_of(&r, &e);
    return answer(c, &in->policy_input_list, &own, out);
}
