#include "grok.h"

#include "text/regex.h"

enum { PATTERNS_MAX = 20, COSTLY_MAX = 5, GROUPS_MAX = 64, EXPRESSION_MAX = 256 << 10, NESTED_MAX = 8 };

struct group {
    str path; /* absent: nobody asks for it */
    u8 form;
    bool quoted;
    bool nested; /* of the pattern itself, not the customer's: nothing is no value */
};
struct grok {
    struct regex *regex;
    struct group groups[GROUPS_MAX];
    u32 n;
};

struct compiler {
    struct arena *arena;
    struct grok *grok;
    struct buf out;
    str problem;
};

static bool wrong(struct compiler *c, const char *text, str about) {
    c->problem = arena_format(c->arena, "The grok pattern is not valid: %s%.*s", text, STR_ARGS(about));
    return false;
}

/* ---- what a customer may write ---- */

struct use {
    const struct grok_pattern *pattern;
    str field;
};

/* "%{NAME:field}" at the begin of *rest, which is cut. */
static bool read_use(struct compiler *c, str *rest, struct use *use) {
    str inside = str_skip(*rest, 2);
    size_t end = str_find_char(inside, '}');
    if (end == STR_NONE) return wrong(c, "a %{ is not closed.", S(""));
    *rest = str_skip(inside, end + 1);
    str field = str_take(inside, end), name = str_cut(&field, ':');
    *use = (struct use){grok_pattern_of(name), field};
    return use->pattern || wrong(c, "there is no pattern ", name);
}

static bool check_field(struct compiler *c, str field) {
    u32 depth = 0;
    for (str rest = field; rest.p; depth++)
        if (!str_cut(&rest, '.').n || depth == 3) return wrong(c, "this is no name of a field: ", field);
    return str_find_char(field, ':') == STR_NONE || wrong(c, "types are not converted: ", field);
}

/* How many patterns there may be, and of which kind. */
static bool check_uses(struct compiler *c, str match) {
    const struct grok_pattern *used[PATTERNS_MAX], *whole = NULL;
    u32 n = 0, costly = 0;
    for (str rest = match; rest.n;) {
        struct use use;
        if (!str_starts(rest, S("%{"))) {
            rest = str_skip(rest, rest.p[0] == '\\' ? 2 : 1);
            continue;
        }
        if (!read_use(c, &rest, &use) || !check_field(c, use.field)) return false;
        if (n == PATTERNS_MAX) return wrong(c, "there are more than 20 patterns.", S(""));
        used[n++] = use.pattern;
        u32 same = 0;
        for (u32 i = 0; i < n; i++) same += used[i] == use.pattern;
        costly += use.pattern->costly;
        if (same > use.pattern->max || costly > COSTLY_MAX) return wrong(c, "there are too many of ", str_of(use.pattern->name));
        if (use.pattern->whole && n > 1) return wrong(c, "this must be the first: ", str_of(use.pattern->name));
        if (whole && (n > 2 || !use.pattern->rest)) return wrong(c, "only one DATA, GREEDYDATA or GREEDYDATA_MULTILINE stands behind ", str_of(whole->name));
        if (use.pattern->whole) whole = use.pattern;
    }
    return n || wrong(c, "there is no pattern in it.", S(""));
}

/* ---- the expression ---- */

static bool expand(struct compiler *c, str text, u32 depth);

/* A group with a number where a field is asked for. */
static bool expand_use(struct compiler *c, const struct use *use, u32 depth) {
    struct grok *g = c->grok;
    str path = use->field;
    buf_add(&c->out, path.n ? S("(") : S("(?:"));
    if (path.n) {
        if (++g->n == GROUPS_MAX) return wrong(c, "it has too many fields.", S(""));
        u8 form = GROK_TEXT;
        if (depth && str_ends(path, S("#"))) form = GROK_NUMBER;
        if (depth && str_ends(path, S("@"))) form = GROK_HTTP_DATE;
        g->groups[g->n] = (struct group){str_take(path, path.n - (form != GROK_TEXT)), form, use->pattern->quoted, depth > 0};
    }
    ASSERT(depth < NESTED_MAX);
    if (!expand(c, str_of(use->pattern->text), depth + 1)) return false;
    buf_char(&c->out, ')');
    return true;
}

/* Between its patterns a customer's match is an expression, but that brackets stand for themselves, as the user guide's
 * examples write them. */
static bool expand(struct compiler *c, str text, u32 depth) {
    while (text.n) {
        if (str_starts(text, S("%{"))) {
            struct use use;
            if (!read_use(c, &text, &use) || !expand_use(c, &use, depth)) return false;
            continue;
        }
        size_t n = text.p[0] == '\\' && text.n > 1 ? 2 : 1;
        if (!depth && n == 1 && (text.p[0] == '[' || text.p[0] == ']')) buf_char(&c->out, '\\');
        buf_add(&c->out, str_take(text, n));
        text = str_skip(text, n);
    }
    return true;
}

struct grok *grok_compile(struct arena *a, str match, str *problem) {
    struct compiler c = {.arena = a, .grok = NEW(a, struct grok), .out = buf_new(a, EXPRESSION_MAX)};
    str reason = {0};
    *c.grok = (struct grok){0};
    buf_add(&c.out, S("\\A(?:"));
    bool good = check_uses(&c, match) && expand(&c, match, 0);
    buf_add(&c.out, S(")\\z"));
    if (good && !c.out.over) {
        c.grok->regex = regex_compile(a, buf_str(&c.out), &reason, NULL);
        if (!c.grok->regex) good = wrong(&c, "", reason);
        else if (regex_groups(c.grok->regex) != c.grok->n) good = wrong(&c, "groups of one's own are not allowed.", S(""));
    } else if (good) good = wrong(&c, "it is too long.", S(""));
    *problem = c.problem;
    return good ? c.grok : NULL;
}

/* ---- matched ---- */

static str unquoted(str value) { return value.n >= 2 ? str_take(str_skip(value, 1), value.n - 2) : value; }

i32 grok_match(const struct grok *g, str text, struct grok_field *fields, u32 max) {
    str groups[GROUPS_MAX];
    u32 n = 0;
    if (!regex_capture(g->regex, text, groups, g->n + 1)) return -1;
    for (u32 i = 1; i <= g->n && n < max; i++)
        if (groups[i].p && (groups[i].n || !g->groups[i].nested)) fields[n++] = (struct grok_field){g->groups[i].path, g->groups[i].quoted ? unquoted(groups[i]) : groups[i], g->groups[i].form};
    return (i32)n;
}
