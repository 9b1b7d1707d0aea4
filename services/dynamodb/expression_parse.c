/* Tokens, paths, operands, faults: what the parsers of all expressions share. */
#include "services/dynamodb/expression_tree.h"

/* ---- tokens ---- */

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word_part(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static char char_at(const struct parser *p, u32 at) { return at < p->text.n ? p->text.p[at] : 0; }

static u32 word_end(const struct parser *p, u32 at) {
    while (is_word_part(char_at(p, at))) at++;
    return at;
}

static struct token sign_at(const struct parser *p, u32 at) {
    char c = p->text.p[at], following = char_at(p, at + 1);
    struct token t = {TOKEN_SIGN, c, at, at + 1};
    if (c == '<' && (following == '=' || following == '>')) t = (struct token){TOKEN_SIGN, following == '=' ? 'l' : 'n', at, at + 2};
    else if (c == '>' && following == '=') t = (struct token){TOKEN_SIGN, 'g', at, at + 2};
    else if (!strchr("()[],.=<>+-", c)) t.kind = TOKEN_STRAY;
    while (t.kind == TOKEN_STRAY && ((u8)char_at(p, t.end) & 0xc0) == 0x80) t.end++; /* a whole character of UTF-8 */
    return t;
}

static struct token token_at(const struct parser *p, u32 at) {
    while (is_space(char_at(p, at))) at++;
    struct token t = {TOKEN_END, 0, at, at};
    if (at >= p->text.n) return t;
    char c = p->text.p[at];
    if (is_letter(c)) return (struct token){TOKEN_WORD, 0, at, word_end(p, at)};
    if ((c == '#' || c == ':') && is_word_part(char_at(p, at + 1)))
        return (struct token){c == '#' ? TOKEN_NAME : TOKEN_VALUE, 0, at, word_end(p, at + 1)};
    if (is_digit(c)) {
        t = (struct token){TOKEN_NUMBER, 0, at, at + 1};
        while (c != '0' && is_digit(char_at(p, t.end))) t.end++; /* 01 is two numbers */
        return t;
    }
    return c ? sign_at(p, at) : (struct token){TOKEN_STRAY, 0, at, at + 1};
}

void parser_start(struct parser *p, struct call *c, const char *what, str text, struct placeholders *names,
                  struct placeholders *values) {
    *p = (struct parser){.c = c, .what = what, .text = text, .names = names, .values = values, .group_start = UINT32_MAX};
    p->token = token_at(p, 0);
}

void parser_next(struct parser *p) {
    p->last = p->token;
    p->token = token_at(p, p->token.end);
}

bool parser_at(const struct parser *p, char sign) { return p->token.kind == TOKEN_SIGN && p->token.sign == sign; }

str parser_token_text(const struct parser *p) {
    return str_take(str_skip(p->text, p->token.start), p->token.end - p->token.start);
}

bool parser_at_word(const struct parser *p, str upper) {
    return p->token.kind == TOKEN_WORD && p->token.end - p->token.start == upper.n && str_eq_nocase(parser_token_text(p), upper);
}

/* What AWS calls near reaches from the token before to the token behind, or to where the text begins and ends. */
err parser_syntax(struct parser *p) {
    bool end = p->token.kind == TOKEN_END;
    struct token behind = token_at(p, p->token.end);
    u32 to = behind.kind == TOKEN_END ? (u32)p->text.n : behind.end;
    str token = end ? S("<EOF>") : parser_token_text(p), near = str_take(str_skip(p->text, p->last.start), to - p->last.start);
    return fail(p->c, &dynamodb_validation_exception, "Invalid %s: Syntax error; token: \"%.*s\", near: \"%.*s\"", p->what,
                STR_ARGS(token), STR_ARGS(near));
}

err parser_expect(struct parser *p, char sign) {
    if (!parser_at(p, sign)) return parser_syntax(p);
    parser_next(p);
    return NULL;
}

/* ---- faults ---- */

str parser_first_fault(const struct parser *p) {
    for (int i = 0; i < FAULTS; i++)
        if (p->faults[i].p) return p->faults[i];
    return (str){0};
}

err parser_finish(struct parser *p) {
    if (p->token.kind != TOKEN_END) return parser_syntax(p);
    str fault = parser_first_fault(p);
    return fault.p ? fail(p->c, &dynamodb_validation_exception, "Invalid %s: %.*s", p->what, STR_ARGS(fault)) : NULL;
}

struct node *node_new(struct parser *p, u32 n) { return NEW_ARRAY(p->c->arena, struct node, n); }

/* ---- placeholders ---- */

static struct placeholder *placeholder_find(struct placeholders *all, str key) {
    for (u32 tried = 0; all && tried < all->n; tried++) {
        u32 i = all->next + tried;
        if (i >= all->n) i -= all->n;
        if (!str_eq(all->v[i].key, key)) continue;
        all->next = i + 1 < all->n ? i + 1 : 0;
        all->v[i].used = true;
        return &all->v[i];
    }
    return NULL;
}

/* In a condition this is one of its own faults, see parser_condition_done. */
static void undefined(struct parser *p, enum fault class, const char *what, str key) {
    str text = arena_format(p->c->arena, "An expression attribute %s: %.*s", what, STR_ARGS(key));
    if (!p->is_condition) parser_fault(p, class, "%.*s", STR_ARGS(text));
    else if (!p->here[HERE_NAME].p) p->here[HERE_NAME] = text;
}

static str resolve_name(struct parser *p, str key) {
    struct placeholder *found = placeholder_find(p->names, key);
    if (!found) undefined(p, FAULT_NAME, "name used in the document path is not defined; attribute name", key);
    return found ? found->name : key;
}

static struct value resolve_value(struct parser *p, str key) {
    struct placeholder *found = placeholder_find(p->values, key);
    if (!found) undefined(p, FAULT_VALUE, "value used in expression is not defined; attribute value", key);
    return found ? found->value : (struct value){0};
}

/* ---- paths ---- */

/* The grammar's own words: no names, in whichever expression, though not all of them are reserved. */
static bool at_keyword(const struct parser *p) {
    static const str words[] = {{"SET", 3}, {"REMOVE", 6}, {"ADD", 3}, {"DELETE", 6}, {"AND", 3}, {"OR", 2}, {"NOT", 3}, {"BETWEEN", 7}, {"IN", 2}};
    for (size_t i = 0; i < LENGTH(words); i++)
        if (parser_at_word(p, words[i])) return true;
    return false;
}

static err parse_name(struct parser *p, struct step *step) {
    str text = parser_token_text(p);
    if (p->token.kind == TOKEN_NAME) step->name = resolve_name(p, text);
    else if (p->token.kind == TOKEN_WORD && !at_keyword(p)) step->name = text;
    else return parser_syntax(p);
    if (p->token.kind == TOKEN_WORD && word_is_reserved(text))
        parser_fault(p, FAULT_RESERVED, "Attribute name is a reserved keyword; reserved keyword: %.*s", STR_ARGS(text));
    parser_next(p);
    return NULL;
}

static err parse_index(struct parser *p, struct step *step) {
    if (p->token.kind != TOKEN_NUMBER) return parser_syntax(p);
    u64 index;
    str text = parser_token_text(p);
    if (!str_to_u64(text, &index) || index > INT32_MAX)
        return fail(p->c, &dynamodb_validation_exception, "Invalid %s: List index is not within the allowable range; index: [%.*s]", p->what,
                    STR_ARGS(text));
    step->index = (u32)index;
    parser_next(p);
    return parser_expect(p, ']');
}

err parse_path(struct parser *p, struct path *path) {
    struct step few[PATH_STEPS_MAX + 1];
    u32 n = 0;
    few[0] = (struct step){0};
    TRY(parse_name(p, &few[n++]));
    while (parser_at(p, '.') || parser_at(p, '[')) {
        bool name = parser_at(p, '.');
        parser_next(p);
        struct step step = {0};
        TRY(name ? parse_name(p, &step) : parse_index(p, &step));
        if (n < LENGTH(few)) few[n] = step;
        n++;
    }
    if (n > PATH_STEPS_MAX) parser_fault(p, FAULT_DEPTH, "The document path has too many nesting levels; nesting levels: %u", n);
    n = MIN(n, PATH_STEPS_MAX);
    struct step *steps = NEW_ARRAY(p->c->arena, struct step, n);
    memcpy(steps, few, n * sizeof *steps);
    *path = (struct path){steps, n};
    return NULL;
}

static void fault_of_two(struct parser *p, enum fault class, const char *how, const struct path *one, const struct path *two) {
    str x = path_text(p->c->arena, one), y = path_text(p->c->arena, two);
    parser_fault(p, class,
                 "Two document paths %s with each other; must remove or rewrite one of these paths; path one: %.*s, path two: %.*s",
                 how, STR_ARGS(x), STR_ARGS(y));
}

static void check_two(struct parser *p, const struct path *one, const struct path *two) {
    for (u32 i = 0; i < one->n && i < two->n; i++) {
        const struct step *a = &one->steps[i], *b = &two->steps[i];
        if (!a->name.p != !b->name.p) {
            fault_of_two(p, FAULT_CONFLICT, "conflict", one, two);
            return;
        }
        if (a->name.p ? !str_eq(a->name, b->name) : a->index != b->index) return;
    }
    fault_of_two(p, FAULT_OVERLAP, "overlap", one, two);
}

void parser_check_paths(struct parser *p, const struct path *earlier, u32 n, const struct path *path) {
    for (u32 i = 0; i < n && !p->faults[FAULT_OVERLAP].p; i++) check_two(p, &earlier[i], path);
}

/* ---- operands ---- */

static err parse_arguments(struct parser *p, struct node *function) {
    struct node few[ARGUMENTS_KEPT];
    u32 n = 0;
    TRY(parser_expect(p, '('));
    do {
        if (n) parser_next(p);
        struct node argument;
        TRY(parse_operand(p, &argument));
        if (n < ARGUMENTS_KEPT) few[n] = argument;
        n++;
    } while (parser_at(p, ','));
    TRY(parser_expect(p, ')'));
    function->n = n;
    function->args = node_new(p, MIN(n, ARGUMENTS_KEPT));
    memcpy(function->args, few, MIN(n, ARGUMENTS_KEPT) * sizeof few[0]);
    return NULL;
}

static err parse_plain_operand(struct parser *p, struct node *node) {
    *node = (struct node){.kind = NODE_PATH};
    if (p->token.kind == TOKEN_VALUE) {
        node->kind = NODE_VALUE;
        node->value = resolve_value(p, parser_token_text(p));
        parser_next(p);
        return NULL;
    }
    if (at_keyword(p)) return parser_syntax(p);
    struct token following = token_at(p, p->token.end);
    if (p->token.kind == TOKEN_WORD && following.kind == TOKEN_SIGN && following.sign == '(') {
        node->kind = NODE_FUNCTION;
        node->name = parser_token_text(p);
        node->function = function_of(node->name);
        parser_next(p);
        TRY(parse_arguments(p, node));
        parser_check_function(p, node);
        return NULL;
    }
    return parse_path(p, &node->path);
}

err parse_operand(struct parser *p, struct node *node) {
    u32 open = 0; /* one loop for all: no depth for what is refused anyway */
    while (parser_at(p, '(')) {
        parser_next(p);
        open++;
    }
    if (open > 1) parser_fault(p, FAULT_PARENTHESES, "The expression has redundant parentheses;");
    if (++p->depth > NESTING_MAX) return parser_syntax(p);
    TRY(parse_plain_operand(p, node));
    p->depth--;
    for (; open; open--) TRY(parser_expect(p, ')'));
    return NULL;
}
