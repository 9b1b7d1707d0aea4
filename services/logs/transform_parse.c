/* The parsers that are told what to look for: JSON, grok, separated values, keys with values. */
#include "grok.h"
#include "transform_parts.h"

enum { COLUMNS_MAX = 100 };

static bool check_destination(struct transform_compiler *c, str destination) { return !destination.p || transform_path_check(c, destination); }

/* ---- parseJSON ---- */

bool transform_check_json(struct transform_compiler *c, struct transform_step *step) {
    return check_destination(c, ((const struct logs_parse_json *)step->config)->destination);
}

bool transform_parse_json(const struct transform_step *step, struct transform_event *e) {
    const struct logs_parse_json *in = step->config;
    str text = transform_source(e, in->source);
    if (!text.p) return true;
    struct json_node *tree = json_tree(e->arena, text, json_default_limits, NULL, NULL);
    if (!tree || tree->type != JSON_OBJECT) return transform_fail(e, "parseJSON: the text is no JSON object.");
    struct json_node *into = transform_destination(e, in->destination);
    for (struct json_node *i = tree->first, *next; i; i = next) {
        next = i->next;
        transform_put_member(into, i->key, i, true);
    }
    return true;
}

/* ---- grok ---- */

bool transform_check_grok(struct transform_compiler *c, struct transform_step *step) {
    step->compiled = grok_compile(c->arena, ((const struct logs_grok *)step->config)->match, &c->problem);
    return step->compiled != NULL;
}

bool transform_grok(const struct transform_step *step, struct transform_event *e) {
    struct grok_field fields[TRANSFORM_FIELDS_MAX];
    str text = transform_source(e, ((const struct logs_grok *)step->config)->source);
    i32 n = text.p ? grok_match(step->compiled, text, fields, LENGTH(fields)) : 0;
    for (i32 i = 0; i < n; i++) {
        str value = fields[i].form == GROK_HTTP_DATE ? transform_http_date(e->arena, fields[i].value) : fields[i].value;
        bool number = fields[i].form == GROK_NUMBER && transform_is_number(e->arena, value);
        if (fields[i].form == GROK_TEXT || value.n) transform_put(e->arena, e->root, fields[i].path, transform_new(e->arena, number ? JSON_NUMBER : JSON_STRING, value), true);
    }
    return n >= 0 || transform_fail(e, "grok: the text does not match.");
}

/* ---- csv ---- */

struct separated {
    char delimiter, quote;
};

bool transform_check_csv(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_csv *in = step->config;
    struct separated *s = NEW(c->arena, struct separated);
    bool tab = str_eq(in->delimiter, S("\\t")), space = str_eq(in->delimiter, S("\\s"));
    if (in->delimiter.n > 1 && !tab && !space) return transform_refuse(c, "The delimiter of csv is one character, \\t or \\s.");
    if (in->quote_character.n > 1) return transform_refuse(c, "The quoteCharacter of csv is one character.");
    *s = (struct separated){.delimiter = tab ? '\t' : space ? ' ' : in->delimiter.n ? in->delimiter.p[0] : ',', .quote = in->quote_character.n ? in->quote_character.p[0] : '"'};
    step->compiled = s;
    if (s->delimiter == s->quote) return transform_refuse(c, "The delimiter and the quoteCharacter of csv are the same.");
    if (in->columns.n > COLUMNS_MAX) return transform_refuse(c, "csv has at most %d columns.", COLUMNS_MAX);
    for (u32 i = 0; i < in->columns.n; i++)
        if (!transform_path_check(c, in->columns.v[i])) return false;
    return check_destination(c, in->destination);
}

/* A value between quotes may hold delimiters; a doubled quote in it is one of it. */
static u32 separate(struct arena *a, str text, char delimiter, char quote, str *columns, u32 max) {
    u32 n = 0;
    for (size_t at = 0; n < max && at <= text.n; at++) {
        struct buf value = buf_new(a, text.n + 1);
        bool quoted = at < text.n && text.p[at] == quote;
        for (at += quoted; quoted && at < text.n; at++) {
            bool doubled = text.p[at] == quote && at + 1 < text.n && text.p[at + 1] == quote;
            if (text.p[at] == quote && !doubled) {
                at++;
                break;
            }
            at += doubled;
            buf_char(&value, text.p[at]);
        }
        for (; at < text.n && text.p[at] != delimiter; at++) buf_char(&value, text.p[at]);
        columns[n++] = value.n ? buf_str(&value) : S("");
    }
    return n;
}

bool transform_parse_csv(const struct transform_step *step, struct transform_event *e) {
    const struct logs_csv *in = step->config;
    const struct separated *s = step->compiled;
    str text = transform_source(e, in->source), columns[COLUMNS_MAX];
    if (!text.p) return true;
    u32 n = separate(e->arena, text, s->delimiter, s->quote, columns, COLUMNS_MAX);
    struct json_node *into = transform_destination(e, in->destination);
    for (u32 i = 0; i < n; i++) {
        str name = i < in->columns.n ? in->columns.v[i] : arena_format(e->arena, "column_%u", i + 1);
        transform_put(e->arena, into, name, transform_new(e->arena, JSON_STRING, columns[i]), true);
    }
    return true;
}

/* ---- parseKeyValue ---- */

bool transform_check_key_value(struct transform_compiler *c, struct transform_step *step) {
    return check_destination(c, ((const struct logs_parse_key_value *)step->config)->destination);
}

/* Up to the delimiter, which goes; *rest absent: it was the last. */
static str cut_at(str *rest, str delimiter) {
    size_t at = str_find(*rest, delimiter);
    str all = *rest;
    *rest = at == STR_NONE ? (str){0} : str_skip(all, at + delimiter.n);
    return at == STR_NONE ? all : str_take(all, at);
}

bool transform_parse_key_value(const struct transform_step *step, struct transform_event *e) {
    const struct logs_parse_key_value *in = step->config;
    str rest = transform_source(e, in->source);
    if (!rest.p) return true;
    struct json_node *into = transform_destination(e, in->destination);
    while (rest.p) {
        str value = cut_at(&rest, in->field_delimiter.p ? in->field_delimiter : S("&"));
        str name = cut_at(&value, in->key_value_delimiter.p ? in->key_value_delimiter : S("="));
        if (!name.n) continue;
        struct json_node *node = transform_new(e->arena, JSON_STRING, value);
        if (!value.p) *node = in->non_match_value.p ? (struct json_node){.type = JSON_STRING, .text = in->non_match_value} : (struct json_node){.type = JSON_NULL};
        transform_put_member(into, in->key_prefix.p ? arena_concat(e->arena, in->key_prefix, name) : name, node, in->overwrite_if_exists.v);
    }
    return true;
}
