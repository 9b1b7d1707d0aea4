/* The processors that change strings. What is not there, or is no string, stays as it is. */
#include "transform_parts.h"

#include "text/regex.h"

static bool check_paths(struct transform_compiler *c, const str *paths, u32 n) {
    for (u32 i = 0; i < n; i++)
        if (!transform_path_check(c, paths[i])) return false;
    return true;
}

static struct json_node *string_at(struct transform_event *e, str path) {
    struct json_node *n = transform_at(e->root, path);
    return n && n->type == JSON_STRING ? n : NULL;
}

/* ---- lowerCaseString, upperCaseString, trimString ---- */

/* DIFFERS: letters of ASCII alone */
static str recased(struct arena *a, str text, char from, char to) {
    char *p = arena_c_string(a, text);
    for (size_t i = 0; i < text.n; i++)
        if (p[i] >= from && p[i] <= to) p[i] ^= 'a' ^ 'A';
    return (str){p, text.n};
}

static str trimmed(str text) {
    while (text.n && (u8)text.p[0] <= ' ') text = str_skip(text, 1);
    while (text.n && (u8)text.p[text.n - 1] <= ' ') text.n--;
    return text;
}

bool transform_check_lower_case(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_lower_case_string *in = step->config;
    return check_paths(c, in->with_keys.v, in->with_keys.n);
}

bool transform_lower_case(const struct transform_step *step, struct transform_event *e) {
    const struct logs_lower_case_string *in = step->config;
    for (u32 i = 0; i < in->with_keys.n; i++) {
        struct json_node *n = string_at(e, in->with_keys.v[i]);
        if (n) n->text = recased(e->arena, n->text, 'A', 'Z');
    }
    return true;
}

bool transform_check_upper_case(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_upper_case_string *in = step->config;
    return check_paths(c, in->with_keys.v, in->with_keys.n);
}

bool transform_upper_case(const struct transform_step *step, struct transform_event *e) {
    const struct logs_upper_case_string *in = step->config;
    for (u32 i = 0; i < in->with_keys.n; i++) {
        struct json_node *n = string_at(e, in->with_keys.v[i]);
        if (n) n->text = recased(e->arena, n->text, 'a', 'z');
    }
    return true;
}

bool transform_check_trim(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_trim_string *in = step->config;
    return check_paths(c, in->with_keys.v, in->with_keys.n);
}

bool transform_trim(const struct transform_step *step, struct transform_event *e) {
    const struct logs_trim_string *in = step->config;
    for (u32 i = 0; i < in->with_keys.n; i++) {
        struct json_node *n = string_at(e, in->with_keys.v[i]);
        if (n) n->text = trimmed(n->text);
    }
    return true;
}

/* ---- splitString ---- */

bool transform_check_split(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_split_string *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++)
        if (!transform_path_check(c, in->entries.v[i].source)) return false;
    return true;
}

static void split(struct arena *a, struct json_node *n, str delimiter) {
    struct json_node *last = NULL;
    str rest = n->text;
    *n = (struct json_node){.type = JSON_ARRAY, .key = n->key, .next = n->next};
    for (size_t at = 0; at != STR_NONE; rest = str_skip(rest, at + delimiter.n)) {
        at = str_find(rest, delimiter);
        last = transform_append(n, last, transform_new(a, JSON_STRING, at == STR_NONE ? rest : str_take(rest, at)));
        if (at == STR_NONE) return;
    }
}

bool transform_split(const struct transform_step *step, struct transform_event *e) {
    const struct logs_split_string *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++) {
        struct json_node *n = string_at(e, in->entries.v[i].source);
        if (n) split(e->arena, n, in->entries.v[i].delimiter);
    }
    return true;
}

/* ---- substituteString ---- */

enum { REFERENCES_MAX = 10, SAME_MAX = 2, GROUPS_MAX = 100, RESULT_MAX = 1 << 20 };

struct piece { /* of a replacement: literal bytes, or what a group matched */
    str text;
    u32 group; /* 0: text */
};
struct substitution {
    struct regex *regex;
    struct piece pieces[2 * REFERENCES_MAX + 1];
    u32 n, references;
};

static void add_text(struct substitution *s, struct buf *text) {
    if (text->n) s->pieces[s->n++].text = buf_str(text);
    *text = buf_new(text->arena, text->max);
}

/* "$1" or "${name}" at the begin of *rest, which is cut. 0: there is no such group. */
static u32 read_reference(const struct substitution *s, str *rest) {
    u32 group = 0, groups = regex_groups(s->regex);
    str after = str_skip(*rest, 1), name;
    if (str_starts(after, S("{"))) {
        after = str_skip(after, 1);
        name = str_cut(&after, '}');
        for (u32 i = 1; i <= groups; i++)
            if (name.n && str_eq(regex_group_name(s->regex, i), name)) group = i;
    } else /* as many digits as still name a group */
        while (after.n && after.p[0] >= '0' && after.p[0] <= '9' && 10 * group + (u32)(after.p[0] - '0') <= groups) {
            group = 10 * group + (u32)(after.p[0] - '0');
            after = str_skip(after, 1);
        }
    *rest = after;
    return group;
}

static bool read_replacement(struct transform_compiler *c, struct substitution *s, str rest) {
    struct buf text = buf_new(c->arena, rest.n + 1);
    while (rest.n) {
        if (rest.p[0] != '$') {
            if (rest.p[0] == '\\' && rest.n > 1) rest = str_skip(rest, 1);
            buf_char(&text, rest.p[0]);
            rest = str_skip(rest, 1);
            continue;
        }
        u32 group = read_reference(s, &rest), same = 0;
        for (u32 i = 0; i < s->n; i++) same += group && s->pieces[i].group == group;
        if (!group) return transform_refuse(c, "The replacement of substituteString refers to a group that is not there.");
        if (++s->references > REFERENCES_MAX || same >= SAME_MAX) return transform_refuse(c, "The replacement of substituteString has too many references.");
        add_text(s, &text);
        s->pieces[s->n++].group = group;
    }
    add_text(s, &text);
    return true;
}

bool transform_check_substitute(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_substitute_string *in = step->config;
    struct substitution *all = NEW_ARRAY(c->arena, struct substitution, in->entries.n + 1);
    step->compiled = all;
    for (u32 i = 0; i < in->entries.n; i++) {
        str problem;
        all[i] = (struct substitution){.regex = regex_compile(c->arena, in->entries.v[i].from, &problem, NULL)};
        if (!all[i].regex) return transform_refuse(c, "The expression of substituteString is not valid: %.*s", STR_ARGS(problem));
        if (regex_groups(all[i].regex) >= GROUPS_MAX) return transform_refuse(c, "The expression of substituteString has too many groups.");
        if (!transform_path_check(c, in->entries.v[i].source) || !read_replacement(c, &all[i], in->entries.v[i].to)) return false;
    }
    return true;
}

static size_t character_length(str s, size_t at) { /* of UTF-8 */
    size_t n = 1;
    while (at + n < s.n && ((u8)s.p[at + n] & 0xc0) == 0x80) n++;
    return n;
}

/* All matches, from left to right. False: the result is too long. */
static bool substitute(struct arena *a, const struct substitution *s, str text, str *result) {
    struct buf out = buf_new(a, RESULT_MAX);
    str groups[GROUPS_MAX];
    size_t at = 0;
    while (at <= text.n && !out.over && regex_capture_from(s->regex, text, at, groups, regex_groups(s->regex) + 1)) {
        if (!groups[0].p) break;
        size_t begin = (size_t)(groups[0].p - text.p);
        buf_add(&out, (str){text.p + at, begin - at});
        for (u32 i = 0; i < s->n; i++) buf_add(&out, s->pieces[i].group ? groups[s->pieces[i].group] : s->pieces[i].text);
        at = begin + groups[0].n;
        if (groups[0].n) continue;
        size_t step = at < text.n ? character_length(text, at) : 1; /* behind a match of nothing */
        buf_add(&out, str_take(str_skip(text, at), step));
        at += step;
    }
    buf_add(&out, str_skip(text, at));
    *result = out.n ? buf_str(&out) : S("");
    return !out.over;
}

bool transform_substitute(const struct transform_step *step, struct transform_event *e) {
    const struct logs_substitute_string *in = step->config;
    const struct substitution *all = step->compiled;
    for (u32 i = 0; i < in->entries.n; i++) {
        struct json_node *n = string_at(e, in->entries.v[i].source);
        if (n && !substitute(e->arena, &all[i], n->text.p ? n->text : S(""), &n->text)) return transform_fail(e, "substituteString: the result is too long.");
    }
    return true;
}
