#include "insight_rule.h"

#include <math.h>

#include "text/tree.h"

static const struct json_limits definition_limits = {.bytes = 8192, .depth = 10};
static const struct json_limits line_limits = {.bytes = 1 << 18, .depth = 40};

/* ---- the definition ---- */

static bool wrong(str *problem, const char *why) {
    *problem = str_of(why);
    return false;
}

static str text_of(const struct json_node *n) { return n && n->type == JSON_STRING ? n->text : (str){0}; }

static bool texts(const struct json_node *list, str *to, u32 max, u32 *n) {
    *n = 0;
    if (!list || list->type != JSON_ARRAY || list->count > max) return false;
    for (const struct json_node *i = list->first; i; i = i->next) {
        if (i->type != JSON_STRING || !i->text.n) return false;
        to[(*n)++] = i->text;
    }
    return true;
}

static const struct {
    const char *name;
    u8 kind, type;
} matches[] = {{"In", MATCH_IN, JSON_ARRAY},           {"NotIn", MATCH_NOT_IN, JSON_ARRAY},        {"StartsWith", MATCH_STARTS, JSON_ARRAY}, {"NotStartsWith", MATCH_NOT_STARTS, JSON_ARRAY},
               {"IsPresent", MATCH_PRESENT, JSON_BOOLEAN}, {"EqualTo", MATCH_EQUAL, JSON_NUMBER},      {"NotEqualTo", MATCH_NOT_EQUAL, JSON_NUMBER}, {"GreaterThan", MATCH_GREATER, JSON_NUMBER},
               {"LessThan", MATCH_LESS, JSON_NUMBER}};

static bool read_match(struct arena *a, const struct json_node *m, struct insight_filter *f) {
    for (size_t i = 0; i < LENGTH(matches); i++) {
        if (!str_eq(m->key, str_of(matches[i].name))) continue;
        f->kind = matches[i].kind;
        if (matches[i].type == JSON_NUMBER) f->number = m->number;
        if (matches[i].type == JSON_BOOLEAN) f->present = m->boolean;
        if (matches[i].type != JSON_ARRAY) return m->type == matches[i].type;
        f->values = NEW_ARRAY(a, str, INSIGHT_VALUES_MAX);
        return texts(m, f->values, INSIGHT_VALUES_MAX, &f->n) && f->n;
    }
    return false;
}

static bool read_filters(struct arena *a, const struct json_node *list, struct insight_rule *rule, str *problem) {
    if (!list) return true;
    if (list->type != JSON_ARRAY || list->count > INSIGHT_FILTERS_MAX) return wrong(problem, "Filters must be an array of at most 4 filters");
    for (const struct json_node *n = list->first; n; n = n->next) {
        struct insight_filter *f = &rule->filters[rule->filter_count++];
        u32 conditions = 0;
        f->field = text_of(json_node_member(n, S("Match")));
        for (const struct json_node *m = n->type == JSON_OBJECT ? n->first : NULL; m; m = m->next) {
            if (str_eq(m->key, S("Match"))) continue;
            if (!read_match(a, m, f)) return wrong(problem, "A filter has In, NotIn, StartsWith, NotStartsWith (arrays of 1 to 10 texts), IsPresent, EqualTo, NotEqualTo, GreaterThan or LessThan");
            conditions++;
        }
        if (!f->field.n || conditions != 1) return wrong(problem, "A filter must have Match and one condition");
    }
    return true;
}

/* {"4": "IpAddress"}: names for the numbers of a CLF line's fields */
static bool read_fields(const struct json_node *fields, struct insight_rule *rule, str *problem) {
    if (!fields) return true;
    if (!rule->common || fields->type != JSON_OBJECT) return wrong(problem, "Fields is an object, with LogFormat CLF");
    for (const struct json_node *n = fields->first; n; n = n->next) {
        u64 number;
        if (!str_to_u64(n->key, &number) || !number || number > INSIGHT_FIELDS_MAX || !text_of(n).n) return wrong(problem, "Fields names fields by their number, from 1");
        rule->fields[number] = n->text;
    }
    return true;
}

/* $.a.b[0].c, or of CLF a number or a name of Fields */
static bool field_valid(const struct insight_rule *rule, str field) {
    u64 number;
    if (!rule->common) return str_starts(field, S("$.")) && field.n > 2;
    if (str_to_u64(field, &number)) return number && number <= INSIGHT_FIELDS_MAX;
    for (u32 i = 1; i <= INSIGHT_FIELDS_MAX; i++)
        if (rule->fields[i].p && str_eq(rule->fields[i], field)) return true;
    return false;
}

static bool read_contribution(struct arena *a, const struct json_node *c, struct insight_rule *rule, str *problem) {
    if (!c || !texts(json_node_member(c, S("Keys")), rule->keys, INSIGHT_KEYS_MAX, &rule->key_count) || !rule->key_count)
        return wrong(problem, "Contribution must have 1 to 4 Keys");
    rule->value = text_of(json_node_member(c, S("ValueOf")));
    if (!read_filters(a, json_node_member(c, S("Filters")), rule, problem)) return false;
    bool valid = !rule->value.p || field_valid(rule, rule->value);
    for (u32 i = 0; i < rule->key_count; i++) valid &= field_valid(rule, rule->keys[i]);
    for (u32 i = 0; i < rule->filter_count; i++) valid &= field_valid(rule, rule->filters[i].field);
    if (!valid) return wrong(problem, "Keys, ValueOf and Match name a field: $.path in JSON; a number, or a name of Fields, in CLF");
    if (rule->sum && !rule->value.p) return wrong(problem, "AggregateOn Sum requires ValueOf");
    return true;
}

/* Groups by ARN are of this account and region: arn:aws:logs:REGION:ACCOUNT:log-group:NAME */
static void group_names(struct insight_rule *rule) {
    struct arn arn;
    for (u32 i = 0; i < rule->group_count; i++) {
        if (!arn_parse(rule->groups[i], &arn) || !str_starts(arn.resource, S("log-group:"))) continue;
        rule->groups[i] = str_skip(arn.resource, 10);
        if (str_ends(rule->groups[i], S(":*"))) rule->groups[i] = str_take(rule->groups[i], rule->groups[i].n - 2);
    }
}

bool insight_rule_read(struct arena *a, str definition, struct insight_rule *rule, str *problem) {
    const struct json_node *root = json_tree(a, definition, definition_limits, NULL, NULL);
    *rule = (struct insight_rule){0};
    if (!root || root->type != JSON_OBJECT) return wrong(problem, "The rule definition is not a JSON object");
    const struct json_node *schema = json_node_member(root, S("Schema")), *version = schema ? json_node_member(schema, S("Version")) : NULL;
    const struct json_node *names = json_node_member(root, S("LogGroupNames")), *arns = json_node_member(root, S("LogGroupARNs"));
    str format = text_of(json_node_member(root, S("LogFormat"))), on = text_of(json_node_member(root, S("AggregateOn")));
    if (!schema || !str_eq(text_of(json_node_member(schema, S("Name"))), S("CloudWatchLogRule")) || !version || version->type != JSON_NUMBER || version->number != 1)
        return wrong(problem, "Schema must be CloudWatchLogRule, Version 1");
    if (!names == !arns || !texts(names ? names : arns, rule->groups, INSIGHT_GROUPS_MAX, &rule->group_count) || !rule->group_count)
        return wrong(problem, "LogGroupNames or LogGroupARNs must name 1 to 20 log groups");
    group_names(rule);
    rule->common = str_eq(format, S("CLF"));
    if (!rule->common && !str_eq(format, S("JSON"))) return wrong(problem, "LogFormat must be JSON or CLF");
    rule->sum = str_eq(on, S("Sum"));
    if (!rule->sum && on.p && !str_eq(on, S("Count"))) return wrong(problem, "AggregateOn must be Count or Sum");
    return read_fields(json_node_member(root, S("Fields")), rule, problem) && read_contribution(a, json_node_member(root, S("Contribution")), rule, problem);
}

/* ---- a line ---- */

struct line {
    const struct json_node *json;
    str fields[INSIGHT_FIELDS_MAX + 1];
    u32 n;
};

/* Words between spaces; what stands in quotes or brackets is one. */
static void split(str text, struct line *l) {
    while (l->n < INSIGHT_FIELDS_MAX) {
        while (text.n && (*text.p == ' ' || *text.p == '\t')) text = str_skip(text, 1);
        if (!text.n) return;
        char close = *text.p == '"' ? '"' : *text.p == '[' ? ']' : 0;
        if (close) text = str_skip(text, 1);
        size_t end = str_find_char(text, close ? close : ' ');
        l->fields[++l->n] = str_take(text, end == STR_NONE ? text.n : end);
        text = end == STR_NONE ? (str){0} : str_skip(text, end + 1);
    }
}

static const struct json_node *at_path(const struct json_node *n, str path) {
    for (path = str_skip(path, 2); n && path.n;) {
        str name = str_cut(&path, '.');
        size_t bracket = str_find_char(name, '[');
        u64 index;
        str number = bracket == STR_NONE ? (str){0} : str_skip(name, bracket + 1);
        n = json_node_member(n, str_take(name, bracket == STR_NONE ? name.n : bracket));
        if (!number.p || !n) continue;
        if (!str_ends(number, S("]")) || !str_to_u64(str_take(number, number.n - 1), &index) || n->type != JSON_ARRAY || index >= n->count) return NULL;
        for (n = n->first; index; index--) n = n->next;
    }
    return n;
}

/* Absent: the line does not have it, or it is no text, number or truth. */
static str field_of(const struct insight_rule *rule, const struct line *l, str field) {
    u64 number;
    if (!rule->common) {
        const struct json_node *n = at_path(l->json, field);
        if (!n) return (str){0};
        if (n->type == JSON_BOOLEAN) return n->boolean ? S("true") : S("false");
        return n->type == JSON_STRING || n->type == JSON_NUMBER ? n->text : (str){0};
    }
    if (!str_to_u64(field, &number))
        for (number = 1; number < INSIGHT_FIELDS_MAX && !(rule->fields[number].p && str_eq(rule->fields[number], field)); number++) {}
    return number <= l->n ? l->fields[number] : (str){0};
}

static bool one_of(const struct insight_filter *f, str text, bool prefix) {
    for (u32 i = 0; i < f->n; i++)
        if (prefix ? str_starts(text, f->values[i]) : str_eq(text, f->values[i])) return true;
    return false;
}

static bool passes(const struct insight_filter *f, str text) {
    double number;
    if (f->kind == MATCH_PRESENT) return f->present == (text.p != NULL);
    if (!text.p) return false;
    if (f->kind <= MATCH_NOT_STARTS) {
        bool found = one_of(f, text, f->kind == MATCH_STARTS || f->kind == MATCH_NOT_STARTS);
        return found == (f->kind == MATCH_IN || f->kind == MATCH_STARTS);
    }
    if (!str_to_f64(text, &number)) return false;
    if (f->kind == MATCH_EQUAL) return number == f->number;
    if (f->kind == MATCH_NOT_EQUAL) return number != f->number;
    return f->kind == MATCH_GREATER ? number > f->number : number < f->number;
}

bool insight_rule_line(struct arena *a, const struct insight_rule *rule, str text, str *keys, double *value) {
    struct line line = {0};
    if (rule->common) split(text, &line);
    else if (!(line.json = json_tree(a, text, line_limits, NULL, NULL)) || line.json->type != JSON_OBJECT) return false;
    for (u32 i = 0; i < rule->filter_count; i++)
        if (!passes(&rule->filters[i], field_of(rule, &line, rule->filters[i].field))) return false;
    *value = 1;
    if (rule->sum && (!str_to_f64(field_of(rule, &line, rule->value), value) || !isfinite(*value))) return false;
    struct buf b = buf_new(a, 1 << 20);
    json_write_array(&b);
    for (u32 i = 0; i < rule->key_count; i++) {
        str key = field_of(rule, &line, rule->keys[i]);
        if (!key.p) return false;
        json_write_string(&b, key);
    }
    json_write_array_end(&b);
    if (b.over) return false;
    *keys = buf_str(&b);
    return true;
}
