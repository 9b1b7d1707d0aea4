/* Patterns of events that are JSON: { ($.user.id = 1) && ($.users[*].email = "J*" || $.role NOT EXISTS) }. */
#include "pattern_parts.h"

#include "text/tree.h"

static const struct json_limits message_limits = {.bytes = 2 << 20, .depth = 64};

struct step { /* of a selector: a member, an element, or any of them */
    str name;
    u32 index;
    bool element, any;
};
struct selector {
    struct step steps[PATTERN_STEPS];
    u32 n;
    str text;
};
struct node { /* of the expression */
    bool leaf, or;
    struct node *left, *right;
    struct selector selector;
    struct test test;
};
struct json_pattern {
    struct node *root;
    str literal; /* stands in each message that matches and has no escapes */
};

/* ---- selectors ---- */

static bool name_character(char c) { return c && !strchr(" \t\n.[]=!<>(){}&|\"", c); }

static bool read_index(struct pattern_reader *r, struct step *s) {
    u64 index;
    s->element = true;
    if (pattern_take(r, S("'")) || pattern_take(r, S("\""))) { /* ['a name'] */
        size_t end = 0;
        while (end < r->rest.n && r->rest.p[end] != '\'' && r->rest.p[end] != '"') end++;
        *s = (struct step){.name = str_take(r->rest, end)};
        r->rest = str_skip(r->rest, end + 1);
    } else if (pattern_take(r, S("*"))) s->any = true;
    else {
        size_t n = 0;
        while (n < r->rest.n && r->rest.p[n] >= '0' && r->rest.p[n] <= '9') n++;
        if (!str_to_u64(str_take(r->rest, n), &index) || index > UINT32_MAX) return pattern_fails(r, "Invalid filter pattern: an index is no number");
        s->index = (u32)index;
        r->rest = str_skip(r->rest, n);
    }
    return pattern_take(r, S("]")) || pattern_fails(r, "Invalid filter pattern: ']' is missing");
}

static bool read_selector(struct pattern_reader *r, struct selector *s) {
    const char *from;
    pattern_space(r);
    from = r->rest.p;
    if (!str_starts(r->rest, S("$"))) return pattern_fails(r, "Invalid filter pattern: a selector must begin with $");
    r->rest = str_skip(r->rest, 1);
    while (r->rest.n && (r->rest.p[0] == '.' || r->rest.p[0] == '[')) {
        bool index = r->rest.p[0] == '[';
        if (s->n == PATTERN_STEPS) return pattern_fails(r, "Invalid filter pattern: a selector is too long");
        struct step *step = &s->steps[s->n++];
        r->rest = str_skip(r->rest, 1);
        if (!index && str_starts(r->rest, S("["))) { /* $.['a name'] */
            index = true;
            r->rest = str_skip(r->rest, 1);
        }
        if (index) {
            if (!read_index(r, step)) return false;
            continue;
        }
        size_t n = 0;
        while (n < r->rest.n && name_character(r->rest.p[n])) n++;
        if (!n) return pattern_fails(r, "Invalid filter pattern: a selector has an empty name");
        step->name = str_take(r->rest, n);
        step->any = str_eq(step->name, S("*"));
        r->rest = str_skip(r->rest, n);
    }
    s->text = (str){from, (size_t)(r->rest.p - from)};
    return s->n || pattern_fails(r, "Invalid filter pattern: a selector names nothing");
}

/* ---- expressions ---- */

static bool take_word(struct pattern_reader *r, str word) {
    pattern_space(r);
    if (!str_eq_nocase(str_take(r->rest, word.n), word) || (r->rest.n > word.n && name_character(r->rest.p[word.n]))) return false;
    r->rest = str_skip(r->rest, word.n);
    return true;
}

static bool read_test(struct pattern_reader *r, struct test *t) {
    if (take_word(r, S("NOT"))) {
        t->op = TEST_NOT_EXISTS;
        return take_word(r, S("EXISTS")) || pattern_fails(r, "Invalid filter pattern: EXISTS is missing");
    }
    if (!take_word(r, S("IS"))) return pattern_test(r, ")}", t);
    t->op = take_word(r, S("NULL")) ? TEST_IS_NULL : take_word(r, S("TRUE")) ? TEST_IS_TRUE : take_word(r, S("FALSE")) ? TEST_IS_FALSE : TEST_EQ;
    return t->op != TEST_EQ || pattern_fails(r, "Invalid filter pattern: IS asks for NULL, TRUE or FALSE");
}

static struct node *read_or(struct pattern_reader *r, u32 depth);

static struct node *read_leaf(struct pattern_reader *r, u32 depth) {
    if (pattern_take(r, S("("))) {
        struct node *inner = depth < PATTERN_DEPTH ? read_or(r, depth + 1) : NULL;
        if (inner && pattern_take(r, S(")"))) return inner;
        return pattern_fails(r, "Invalid filter pattern: parentheses are not in balance, or too deep"), NULL;
    }
    struct node *n = NEW(r->arena, struct node);
    n->leaf = true;
    return read_selector(r, &n->selector) && read_test(r, &n->test) ? n : NULL;
}

static struct node *join(struct pattern_reader *r, bool or, struct node *left, struct node *right) {
    struct node *n = NEW(r->arena, struct node);
    *n = (struct node){.or = or, .left = left, .right = right};
    return right ? n : NULL;
}

static struct node *read_and(struct pattern_reader *r, u32 depth) {
    struct node *n = read_leaf(r, depth);
    while (n && pattern_take(r, S("&&"))) n = join(r, false, n, read_leaf(r, depth));
    return n;
}

static struct node *read_or(struct pattern_reader *r, u32 depth) {
    struct node *n = read_and(r, depth);
    while (n && pattern_take(r, S("||"))) n = join(r, true, n, read_and(r, depth));
    return n;
}

/* Bytes that writers of JSON leave as they are. */
static bool never_escaped(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~' || strchr("\"\\/<>&'=", s.p[i])) return false;
    return true;
}

static str literal_of(const struct node *n) {
    if (n->leaf) {
        str literal = test_literal(&n->test);
        return never_escaped(literal) ? literal : (str){0};
    }
    if (n->or) return (str){0};
    str left = literal_of(n->left), right = literal_of(n->right);
    return left.n > right.n ? left : right;
}

struct json_pattern *json_pattern_read(struct pattern_reader *r) {
    struct json_pattern *p = NEW(r->arena, struct json_pattern);
    p->root = read_or(r, 0);
    if (!p->root) return NULL;
    if (!pattern_take(r, S("}"))) return pattern_fails(r, "Invalid filter pattern: '}' is missing"), NULL;
    p->literal = literal_of(p->root);
    return p;
}

/* ---- matched ---- */

static bool value_passes(const struct test *t, const struct json_node *v) {
    double number = v->number;
    switch ((enum test_op)t->op) {
    case TEST_NOT_EXISTS: return false;
    case TEST_IS_NULL: return v->type == JSON_NULL;
    case TEST_IS_TRUE: return v->type == JSON_BOOLEAN && v->boolean;
    case TEST_IS_FALSE: return v->type == JSON_BOOLEAN && !v->boolean;
    case TEST_EQ: case TEST_NE: case TEST_LT: case TEST_GT: case TEST_LE: case TEST_GE: break;
    }
    if (v->type == JSON_STRING) return test_holds(t, v->text, NULL);
    if (v->type == JSON_NUMBER) return test_holds(t, v->text, &number);
    if (v->type == JSON_BOOLEAN) return test_holds(t, v->boolean ? S("true") : S("false"), NULL);
    return false;
}

static const struct json_node *child(const struct json_node *at, const struct step *s) { /* of a step that is not `any` */
    if (!s->element) return json_node_member(at, s->name);
    if (at->type != JSON_ARRAY) return NULL;
    const struct json_node *item = at->first;
    for (u32 i = 0; item && i < s->index; i++) item = item->next;
    return item;
}

/* The first value there that passes the test, or the first at all. */
static const struct json_node *find(const struct json_node *at, const struct step *steps, u32 n, const struct test *t) {
    for (; n && at && !steps->any; n--, steps++) at = child(at, steps);
    if (!at) return NULL;
    if (!n) return !t || value_passes(t, at) ? at : NULL;
    if (at->type != (steps->element ? JSON_ARRAY : JSON_OBJECT) && (steps->element || at->type != JSON_ARRAY)) return NULL;
    for (const struct json_node *item = at->first; item; item = item->next) {
        const struct json_node *found = find(item, steps + 1, n - 1, t);
        if (found) return found;
    }
    return NULL;
}

static bool holds(const struct node *n, const struct json_node *root) {
    if (!n->leaf) return n->or ? holds(n->left, root) || holds(n->right, root) : holds(n->left, root) && holds(n->right, root);
    if (n->test.op == TEST_NOT_EXISTS) return !find(root, n->selector.steps, n->selector.n, NULL);
    return find(root, n->selector.steps, n->selector.n, &n->test) != NULL;
}

bool json_pattern_matches(const struct json_pattern *p, struct arena *scratch, str message) {
    if (p->literal.n && str_find(message, p->literal) == STR_NONE && !memchr(message.p, '\\', message.n)) return false;
    str trimmed = str_trim(message);
    if (!trimmed.n || (trimmed.p[0] != '{' && trimmed.p[0] != '[')) return false;
    const struct json_node *root = json_tree(scratch, message, message_limits, NULL, NULL);
    return root && holds(p->root, root);
}

static str text_of(const struct json_node *v, str message) {
    if (v->type == JSON_STRING || v->type == JSON_NUMBER) return v->text;
    return json_node_raw(v, message);
}

bool json_pattern_pick(struct arena *scratch, str message, str text, str *value) {
    struct pattern_reader r = {.arena = scratch, .rest = text};
    struct selector *s = NEW(scratch, struct selector);
    if (!read_selector(&r, s) || r.rest.n) return false;
    const struct json_node *root = json_tree(scratch, message, message_limits, NULL, NULL);
    const struct json_node *v = root ? find(root, s->steps, s->n, NULL) : NULL;
    if (!v) return false;
    *value = text_of(v, message);
    return true;
}

static void extract(const struct node *n, const struct json_node *root, str message, struct log_picked *picked, u32 *count, u32 max) {
    if (!n->leaf) {
        extract(n->left, root, message, picked, count, max);
        extract(n->right, root, message, picked, count, max);
        return;
    }
    const struct json_node *v = find(root, n->selector.steps, n->selector.n, NULL);
    bool known = !v || *count == max;
    for (u32 i = 0; i < *count && !known; i++) known = str_eq(picked[i].selector, n->selector.text);
    if (!known) picked[(*count)++] = (struct log_picked){n->selector.text, text_of(v, message)};
}

u32 json_pattern_extract(const struct json_pattern *p, struct arena *scratch, str message, struct log_picked *picked, u32 max) {
    const struct json_node *root = json_tree(scratch, message, message_limits, NULL, NULL);
    u32 count = 0;
    if (root) extract(p->root, root, message, picked, &count, max);
    return count;
}
