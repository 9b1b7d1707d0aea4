/* Text with wildcards and variables. A compiled glob holds its wildcards as two bytes that never occur in
 * UTF-8, so that a star which a variable brought, or ${*}, stays a star. */
#include "policy_form.h"

#define MANY '\xff'
#define ONE '\xfe'
enum { GLOB_MAX = 64 << 10 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }
static bool continues(char c) { return ((u8)c & 0xc0) == 0x80; }
static bool is_wild(char c) { return c == MANY || c == ONE; }

/* Wildcards back off to the newest star only: no recursion, and time at most the product of the lengths. */
static bool glob_matches(str glob, str text, bool fold) {
    size_t g = 0, t = 0, star = STR_NONE, star_t = 0;
    while (t < text.n) {
        if (g < glob.n && glob.p[g] == MANY) {
            star = g++;
            star_t = t;
        } else if (g < glob.n && glob.p[g] == ONE) {
            g++;
            for (t++; t < text.n && continues(text.p[t]);) t++;
        } else if (g < glob.n && glob.p[g] == (fold ? lower(text.p[t]) : text.p[t])) {
            g++;
            t++;
        } else if (star != STR_NONE) {
            g = star + 1;
            t = ++star_t;
        } else {
            return false;
        }
    }
    while (g < glob.n && glob.p[g] == MANY) g++;
    return g == glob.n;
}

static bool equal(str a, str text, bool fold) { return fold ? str_eq_nocase(a, text) : str_eq(a, text); }

str pattern_key(struct arena *a, str name) {
    char *key = arena_alloc(a, name.n, 1);
    bool in_name = true; /* behind the slash stands a tag's key, in its own case */
    for (size_t i = 0; i < name.n; i++) {
        in_name = in_name && name.p[i] != '/';
        key[i] = in_name ? lower(name.p[i]) : name.p[i];
    }
    return (str){key, name.n};
}

/* ---- compiling ---- */

/* "${key}" or "${key, 'default'}" at the start of `text`: its length, or 0. */
static size_t variable(struct arena *a, str text, struct pattern_piece *piece) {
    size_t end = str_find_char(text, '}');
    if (!str_starts(text, S("${")) || end == STR_NONE || end == 2) return 0;
    str inside = str_skip(str_take(text, end), 2);
    str key = inside, rest = {0};
    size_t comma = str_find_char(inside, ',');
    if (comma != STR_NONE) {
        key = str_take(inside, comma);
        rest = str_skip(inside, comma + 1);
        rest = str_trim(rest);
        if (rest.n < 2 || rest.p[0] != '\'' || rest.p[rest.n - 1] != '\'') return 0;
        rest = str_skip(str_take(rest, rest.n - 1), 1);
    }
    *piece = (struct pattern_piece){.key = pattern_key(a, str_trim(key)), .otherwise = rest};
    return end + 1;
}

static void add_glob(struct buf *b, char c, unsigned flags) {
    if (flags & PATTERN_WILD && c == '*') {
        if (!b->n || b->p[b->n - 1] != MANY) buf_char(b, MANY);
    } else if (flags & PATTERN_WILD && c == '?') {
        buf_char(b, ONE);
    } else {
        buf_char(b, flags & PATTERN_FOLD ? lower(c) : c);
    }
}

static bool escaped(str text) { /* ${*} ${?} ${$} */
    return text.n >= 4 && str_starts(text, S("${")) && text.p[3] == '}' && memchr("*?$", text.p[2], 3);
}

static void settle_shape(struct pattern *p) {
    size_t first = 0;
    while (first < p->text.n && !is_wild(p->text.p[first])) first++;
    if (first == p->text.n) {
        p->shape = PATTERN_LITERAL;
    } else if (first + 1 == p->text.n && p->text.p[first] == MANY) {
        p->shape = PATTERN_PREFIX;
        p->text.n = first;
    } else {
        p->shape = PATTERN_GLOB;
    }
}

struct pattern policy_pattern_compile(struct arena *a, str text, unsigned flags) {
    u32 most = 1;
    for (size_t i = 0; i + 1 < text.n; i++) most += 2 * (text.p[i] == '$' && text.p[i + 1] == '{');
    struct pattern_piece *pieces = NEW_ARRAY(a, struct pattern_piece, most);
    u32 n = 0;
    bool variables = false;
    struct buf b = buf_new(a, GLOB_MAX);
    buf_reserve(&b, text.n);
    while (text.n) {
        struct pattern_piece found;
        size_t length;
        if (flags & PATTERN_VARIABLES && escaped(text)) {
            buf_char(&b, flags & PATTERN_FOLD ? lower(text.p[2]) : text.p[2]);
            text = str_skip(text, 4);
        } else if (flags & PATTERN_VARIABLES && (length = variable(a, text, &found))) {
            if (b.n) pieces[n++] = (struct pattern_piece){.glob = buf_str(&b)};
            pieces[n++] = found;
            b = buf_new(a, GLOB_MAX);
            variables = true;
            text = str_skip(text, length);
        } else {
            add_glob(&b, text.p[0], flags);
            text = str_skip(text, 1);
        }
    }
    struct pattern p = {.fold = flags & PATTERN_FOLD, .text = b.n ? buf_str(&b) : S("")};
    if (!variables) {
        settle_shape(&p);
        return p;
    }
    if (b.n) pieces[n++] = (struct pattern_piece){.glob = buf_str(&b)};
    p.shape = PATTERN_VARIABLE;
    p.pieces = pieces;
    p.piece_count = n;
    return p;
}

/* ---- matching ---- */

static void add_value(struct buf *b, str value, bool fold) {
    for (size_t i = 0; i < value.n; i++) {
        char c = is_wild(value.p[i]) ? '\xfd' : value.p[i]; /* no UTF-8 either: matches nothing */
        buf_char(b, fold ? lower(c) : c);
    }
}

/* Variables become their values. False: one has none. A key with several values is no variable. */
static bool expand(const struct pattern *p, const struct policy_request *r, str *glob) {
    struct buf b = buf_new(r->arena, GLOB_MAX);
    for (u32 i = 0; i < p->piece_count; i++) {
        const struct pattern_piece *piece = &p->pieces[i];
        if (!piece->key.p) {
            buf_add(&b, piece->glob);
            continue;
        }
        struct policy_values values = r->values ? r->values(r->context, piece->key) : (struct policy_values){0};
        if (values.v && values.n == 1) add_value(&b, values.v[0], p->fold);
        else if (piece->otherwise.p) add_value(&b, piece->otherwise, p->fold);
        else return false;
    }
    *glob = b.n ? buf_str(&b) : S("");
    return !b.over;
}

bool policy_pattern_matches(const struct pattern *p, str text, const struct policy_request *r) {
    str glob = p->text;
    switch ((enum pattern_shape)p->shape) {
    case PATTERN_LITERAL: return equal(p->text, text, p->fold);
    case PATTERN_PREFIX: return text.n >= p->text.n && equal(p->text, str_take(text, p->text.n), p->fold);
    case PATTERN_VARIABLE:
        if (!expand(p, r, &glob)) return false;
        break;
    case PATTERN_GLOB: break;
    }
    return glob_matches(glob, text, p->fold);
}

bool policy_pattern_matches_arn(const struct pattern *p, str arn, const struct policy_request *r) {
    enum { PARTS = 6 };
    str glob = p->text;
    if (p->shape == PATTERN_VARIABLE && !expand(p, r, &glob)) return false;
    if (p->shape == PATTERN_PREFIX) glob.n++; /* the star still stands behind it */
    if (glob.n == 1 && glob.p[0] == MANY) return true; /* "*" alone is any ARN */
    for (int i = 0; i < PARTS - 1; i++) {
        if (!glob.p || !arn.p) return false;
        if (!glob_matches(str_cut(&glob, ':'), str_cut(&arn, ':'), false)) return false;
    }
    return glob.p && arn.p && glob_matches(glob, arn, false);
}
