/* What a target gets: the event, a fixed text, a part of the event, or a template filled from it (EventBridge user
 * guide, "Input transformation"). */
#include "events.h"

#include "text/json.h"

enum { INPUT_MAX = 1 << 20, KEY_MAX_LENGTH = 256 };

/* ---- paths: $.detail.items[0].name ---- */

static const struct json_node *step_into(const struct json_node *n, str index) {
    u64 at;
    if (!n || n->type != JSON_ARRAY || !str_to_u64(index, &at)) return NULL;
    for (n = n->first; n && at; at--) n = n->next;
    return n;
}

/* NULL: nothing is there. */
static const struct json_node *follow(const struct json_node *n, str path) {
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
    struct buf q = buf_new(a, INPUT_MAX);
    json_write_string(&q, text);
    str all = buf_str(&q);
    if (all.n >= 2) buf_add(b, str_take(str_skip(all, 1), all.n - 2));
}

/* ---- names that are always there ---- */

static str event_without_detail(struct arena *a, const struct event *e, i64 now_ms) {
    struct buf b = buf_new(a, INPUT_MAX), at = buf_new(a, 64);
    buf_iso8601(&at, now_ms / 1000 * 1000);
    const struct {
        const char *name;
        str value;
    } members[] = {{"version", S("0")},   {"id", e->id}, {"detailType", e->detail_type}, {"source", e->source}, {"account", e->account},
                   {"time", buf_str(&at)}, {"region", e->region}};
    json_write_object(&b);
    for (size_t i = 0; i < LENGTH(members); i++) {
        json_write_key(&b, str_of(members[i].name));
        json_write_string(&b, members[i].value);
    }
    json_write_key(&b, S("resources"));
    json_write_array(&b);
    for (u32 i = 0; i < e->resource_count; i++) json_write_string(&b, e->resources[i]);
    json_write_array_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

struct fill {
    struct arena *arena;
    const struct rule *rule;
    const struct target *target;
    const struct event *event;
    i64 now_ms;
};

static str quoted(struct arena *a, str text) {
    struct buf b = buf_new(a, INPUT_MAX);
    json_write_string(&b, text);
    return buf_str(&b);
}

/* JSON of a name; absent: the event has nothing there. */
static str value_of(const struct fill *f, str name) {
    struct buf at = buf_new(f->arena, 64);
    if (str_eq(name, S("aws.events.rule-arn"))) return quoted(f->arena, rule_arn(f->arena, f->rule));
    if (str_eq(name, S("aws.events.rule-name"))) return quoted(f->arena, f->rule->name);
    if (str_eq(name, S("aws.events.event.json"))) return f->event->json;
    if (str_eq(name, S("aws.events.event"))) return event_without_detail(f->arena, f->event, f->now_ms);
    if (str_eq(name, S("aws.events.event.ingestion-time"))) {
        buf_iso8601(&at, f->now_ms / 1000 * 1000);
        return quoted(f->arena, buf_str(&at));
    }
    for (u32 i = 0; i < f->target->paths.n; i++) {
        if (!str_eq(f->target->paths.v[i].key, name)) continue;
        const struct json_node *n = follow(f->event->tree, f->target->paths.v[i].value);
        return n ? json_node_raw(n, f->event->json) : (str){0};
    }
    return (str){0};
}

static void put_value(const struct fill *f, struct buf *b, str name, bool in_quotes) {
    str json = value_of(f, name);
    if (!in_quotes) {
        buf_add(b, json.p ? json : S("\"\""));
        return;
    }
    const struct json_node *n = json.p ? json_tree(f->arena, json, json_default_limits, NULL, NULL) : NULL;
    struct buf bare = buf_new(f->arena, INPUT_MAX);
    if (n) write_bare(&bare, n, json);
    write_quoted(b, f->arena, buf_str(&bare));
}

static bool name_char(char c) {
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '$';
}

/* The name between < and >, if there is one; `<` alone is a character like others. */
static str placeholder(str rest) {
    size_t n = 1;
    while (n < rest.n && name_char(rest.p[n])) n++;
    return rest.n > 2 && rest.p[0] == '<' && n < rest.n && rest.p[n] == '>' && n > 1 ? str_take(str_skip(rest, 1), n - 1) : (str){0};
}

static str fill_template(const struct fill *f, str template) {
    struct buf b = buf_new(f->arena, INPUT_MAX);
    bool in_quotes = false;
    for (str rest = template; rest.n && !b.over;) {
        str name = placeholder(rest);
        if (name.p) {
            put_value(f, &b, name, in_quotes);
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

str target_input(struct arena *a, const struct rule *rule, const struct target *target, const struct event *e, i64 now_ms) {
    if (target->input.p) return target->input;
    if (target->input_path.p) {
        const struct json_node *n = follow(e->tree, target->input_path);
        return n ? json_node_raw(n, e->json) : (str){0};
    }
    struct fill f = {a, rule, target, e, now_ms};
    return target->template.p ? fill_template(&f, target->template) : e->json;
}

static bool known(const struct events_target *t, str name) {
    if (str_starts(name, S("aws."))) return true;
    const struct events_transformer_paths *paths = &t->input_transformer->input_paths_map;
    for (u32 i = 0; i < paths->n; i++)
        if (str_eq(paths->v[i].key, name)) return true;
    return false;
}

err target_input_check(struct call *c, const struct events_target *t) {
    if (t->input_path.p && !str_starts(t->input_path, S("$"))) return fail(c, &cloud_validation, "Invalid InputPath for target %.*s.", STR_ARGS(t->id));
    if (!t->input_transformer) return NULL;
    for (str rest = t->input_transformer->input_template; rest.n; rest = str_skip(rest, 1)) {
        str name = placeholder(rest);
        if (name.p && !known(t, name))
            return fail(c, &cloud_validation, "InputTemplate for target %.*s contains invalid placeholder %.*s.", STR_ARGS(t->id), STR_ARGS(name));
    }
    return NULL;
}
