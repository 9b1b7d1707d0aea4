/* Where a parser of a statement stands: its token, its faults. */
#include "services/dynamodb/partiql_parser.h"

void ql_next(struct ql *q) { q->token = ql_token(q->c->arena, q->text, q->token.end); }
bool ql_at(const struct ql *q, u16 sign) { return q->token.kind == SIGN && q->token.sign == sign; }
bool ql_at_word(const struct ql *q, str word) { return q->token.kind == WORD && str_eq_nocase(q->token.text, word); }
bool ql_at_reserved(const struct ql *q) { return q->token.kind == WORD && ql_word_is_reserved(q->token.text); }

bool ql_at_name(const struct ql *q) {
    return q->token.kind == NAME || (q->token.kind == WORD && !ql_word_is_keyword(q->token.text) && !ql_word_is_reserved(q->token.text));
}

bool ql_call_follows(struct ql *q) {
    if (q->token.kind != WORD) return false;
    struct token_ql following = ql_token(q->c->arena, q->text, q->token.end);
    return following.kind == SIGN && following.sign == '(';
}

bool ql_take(struct ql *q, u16 sign) {
    if (!ql_at(q, sign)) return false;
    ql_next(q);
    return true;
}

bool ql_take_word(struct ql *q, str word) {
    if (!ql_at_word(q, word)) return false;
    ql_next(q);
    return true;
}

/* ---- faults ---- */

err ql_malformed(struct ql *q, const char *why) {
    return fail(q->c, &dynamodb_validation_exception, "Statement wasn't well formed, can't be processed: %s", why);
}

static bool at_operator(const struct ql *q) {
    static const str words[] = {{"AND", 3}, {"OR", 2}, {"IN", 2}, {"IS", 2}, {"BETWEEN", 7}, {"LIKE", 4}, {"UNION", 5}, {"EXCEPT", 6}, {"INTERSECT", 9}};
    for (size_t i = 0; i < LENGTH(words); i++)
        if (ql_at_word(q, words[i])) return true;
    return q->token.kind == SIGN && (q->token.sign == TWO('<', '=') || q->token.sign == TWO('>', '=') || q->token.sign == TWO('<', '>')
                                     || q->token.sign == TWO('!', '=') || q->token.sign == TWO('|', '|') || (q->token.sign < 128 && strchr("=<>/%", q->token.sign)));
}

err ql_unexpected(struct ql *q) {
    return ql_malformed(q, at_operator(q) ? "Unexpected operator" : ql_at_reserved(q) ? "Unexpected keyword" : "Unexpected term");
}

err ql_expect(struct ql *q, u16 sign) {
    if (ql_take(q, sign)) return NULL;
    switch (sign) {
    case '(': return ql_malformed(q, "Expected LEFT_PAREN");
    case ')': return ql_malformed(q, "Expected RIGHT_PAREN");
    case ']': return ql_malformed(q, "Expected RIGHT_BRACKET");
    case '}': return ql_malformed(q, "Expected RIGHT_CURLY");
    case ':': return ql_malformed(q, "Expected COLON");
    case '=': return ql_malformed(q, "Expected '='");
    case TWO('>', '>'): return ql_malformed(q, "Expected RIGHT_DOUBLE_ANGLE_BRACKET");
    default: return ql_unexpected(q);
    }
}

err ql_deeper(struct ql *q) {
    if (++q->depth > VALUE_DEPTH_MAX * 2) return ql_malformed(q, "The statement is nested too deeply");
    return NULL;
}

void ql_refuse(struct ql *q, err e) {
    if (e && !q->fault) {
        q->fault = e;
        q->fault_words = q->c->error_message;
    }
    q->c->error_message = (str){0};
}

void ql_refuse_at(struct ql *q, str what, const struct token_ql *token) {
    ql_refuse(q, fail(q->c, &dynamodb_validation_exception, "%.*s at %.*s", STR_ARGS(what), STR_ARGS(ql_position(q->c->arena, q->text, token))));
}

/* ---- lists that grow ---- */

void *ql_grow(struct ql *q, struct growing *g, size_t size) {
    if (g->n == g->capacity) {
        u32 capacity = g->capacity ? g->capacity * 2 : 8;
        void *more = arena_alloc_array(q->c->arena, capacity, size, 16);
        if (g->n) memcpy(more, g->v, g->n * size);
        g->v = more;
        g->capacity = capacity;
    }
    void *at = (char *)g->v + g->n++ * size;
    memset(at, 0, size);
    return at;
}

struct node *ql_nodes(struct ql *q, const struct node *v, u32 n) {
    struct node *copy = NEW_ARRAY(q->c->arena, struct node, n + 1);
    if (n) memcpy(copy, v, n * sizeof *v);
    return copy;
}
