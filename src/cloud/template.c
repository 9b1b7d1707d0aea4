#include "cloud/template.h"

#include "text/json.h"

/* ---- paths: $.detail.items[0].name ---- */

static const struct json_node *step_into(const struct json_node *n, str index) {
    u64 at;
    if (!n || n->type != JSON_ARRAY || !str_to_u64(index, &at)) return NULL;
    for (n = n->first; n && at; at--) n = n->next;
    return n;
}

const struct json_node *json_path(const struct json_node *n, str path) {
    if (!str_starts(path, S("$"))) return NULL;
    str rest = str_skip(path, 1);
    while (rest.n && n) {
        if (rest.p[0] == '[') {
            size_t close = str_find_char(rest, ']');
            if (close == STR_NONE) return NULL;
            str index = str_take(str_skip(rest, 1), close - 1);
            bool name = index.n > 1 && (index.p[0] == '\'' || index.p[0] == '"');
            n = name ? json_node_member(n, str_take(str_skip(index, 1), index.n - 2)) : step_into(n, index);
            rest = str_skip(rest, close + 1);
        } else if (rest.p[0] == '.') {
            rest = str_skip(rest, 1);
            size_t end = 0;
            while (end < rest.n && rest.p[end] != '.' && rest.p[end] != '[') end++;
            n = json_node_member(n, str_take(rest, end));
            rest = str_skip(rest, end);
        } else {
            return NULL;
        }
    }
    return n;
}

/* ---- values, as they stand in a text or as JSON ---- */

static void write_bare(struct buf *b, const struct json_node *n, str source) {
    switch ((enum json_type)n->type) {
    case JSON_STRING: buf_add(b, n->text); break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        buf_char(b, n->type == JSON_OBJECT ? '{' : '[');
        for (const struct json_node *m = n->first; m; m = m->next) {
            if (n->type == JSON_OBJECT) buf_format(b, "%.*s:", STR_ARGS(m->key));
            write_bare(b, m, source);
            if (m->next) buf_char(b, ',');
        }
        buf_char(b, n->type == JSON_OBJECT ? '}' : ']');
        break;
    case JSON_BROKEN:
    case JSON_NULL:
    case JSON_BOOLEAN:
    case JSON_NUMBER: buf_add(b, json_node_raw(n, source)); break;
    }
}

/* Inside quotes a value loses its own; what would end the string is escaped. */
static void write_quoted(struct buf *b, struct arena *a, str text) {
    struct buf q = buf_new(a, TEMPLATE_TEXT_MAX);
    json_write_string(&q, text);
    str all = buf_str(&q);
    if (all.n >= 2) buf_add(b, str_take(str_skip(all, 1), all.n - 2));
}

/* ---- templates ---- */

static void put_value(struct arena *a, const struct template_names *names, struct buf *b, str name, bool in_quotes) {
    str json = names->value(names->context, a, name);
    if (!in_quotes) {
        buf_add(b, json.p ? json : S("\"\""));
        return;
    }
    const struct json_node *n = json.p ? json_tree(a, json, json_default_limits, NULL, NULL) : NULL;
    struct buf bare = buf_new(a, TEMPLATE_TEXT_MAX);
    if (n) write_bare(&bare, n, json);
    write_quoted(b, a, buf_str(&bare));
}

static bool name_char(char c, bool paths) {
    bool plain = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '$';
    return plain || (paths && (c == '[' || c == ']' || c == '\'' || c == '/'));
}

/* The name between < and >, if there is one; `<` alone is a character like others. */
static str placeholder(str rest, bool paths) {
    size_t n = 1;
    while (n < rest.n && name_char(rest.p[n], paths)) n++;
    return rest.n > 2 && rest.p[0] == '<' && n < rest.n && rest.p[n] == '>' && n > 1 ? str_take(str_skip(rest, 1), n - 1) : (str){0};
}

str template_fill(struct arena *a, str template, const struct template_names *names) {
    struct buf b = buf_new(a, TEMPLATE_TEXT_MAX);
    bool in_quotes = false;
    for (str rest = template; rest.n && !b.over;) {
        str name = placeholder(rest, names->paths);
        if (name.p) {
            put_value(a, names, &b, name, in_quotes);
            rest = str_skip(rest, name.n + 2);
            continue;
        }
        if (rest.p[0] == '\\' && rest.n > 1) {
            buf_add(&b, str_take(rest, 2));
            rest = str_skip(rest, 2);
            continue;
        }
        if (rest.p[0] == '"') in_quotes = !in_quotes;
        buf_char(&b, rest.p[0]);
        rest = str_skip(rest, 1);
    }
    return b.over ? (str){0} : buf_str(&b);
}

str template_next_name(str *rest, bool paths) {
    while (rest->n) {
        str name = placeholder(*rest, paths);
        *rest = str_skip(*rest, 1);
        if (name.p) return name;
    }
    return (str){0};
}
