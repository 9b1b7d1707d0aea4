#include "services/s3/select_token.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) || is_digit(c); }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static void skip_space(str *rest) {
    for (;;) {
        while (rest->n && is_space(rest->p[0])) *rest = str_skip(*rest, 1);
        if (!str_starts(*rest, S("--"))) return;
        *rest = str_skip(*rest, MIN(str_find_char(*rest, '\n'), rest->n));
    }
}

/* Between quotes, in which a doubled one stands for itself. */
static bool read_quoted(struct arena *a, str *rest, str *text) {
    char quote = rest->p[0];
    struct buf b = buf_new(a, rest->n);
    for (size_t i = 1; i < rest->n; i++) {
        if (rest->p[i] != quote) {
            buf_char(&b, rest->p[i]);
        } else if (i + 1 < rest->n && rest->p[i + 1] == quote) {
            buf_char(&b, rest->p[i++]);
        } else {
            *rest = str_skip(*rest, i + 1);
            *text = b.n ? buf_str(&b) : S("");
            return true;
        }
    }
    return false;
}

static size_t digits(str s, size_t n) {
    while (n < s.n && is_digit(s.p[n])) n++;
    return n;
}

static size_t number_length(str s) {
    size_t n = digits(s, 0);
    if (n < s.n && s.p[n] == '.') n = digits(s, n + 1);
    if (n < s.n && (s.p[n] == 'e' || s.p[n] == 'E')) {
        size_t at = n + 1;
        if (at < s.n && (s.p[at] == '+' || s.p[at] == '-')) at++;
        if (at < s.n && is_digit(s.p[at])) n = digits(s, at);
    }
    return n;
}

static size_t operator_length(str s) {
    static const char *const pairs[] = {"<=", ">=", "<>", "!=", "||"};
    for (size_t i = 0; i < LENGTH(pairs); i++)
        if (str_starts(s, str_of(pairs[i]))) return 2;
    return str_find_char(S("+-*/%=<>(),.[]"), s.p[0]) != STR_NONE;
}

enum sql_problem sql_token_next(struct arena *a, str *rest, struct sql_token *token) {
    size_t n = 0;
    skip_space(rest);
    *token = (struct sql_token){0};
    if (!rest->n) return SQL_OK;
    char c = rest->p[0], next = rest->n > 1 ? rest->p[1] : 0;
    if (c == '\'' || c == '"' || c == '`') {
        if (!read_quoted(a, rest, &token->text)) return SQL_LEXER_INVALID_LITERAL;
        token->kind = c == '\'' ? TOKEN_TEXT : c == '"' ? TOKEN_QUOTED : TOKEN_ION;
        return SQL_OK;
    }
    if (is_digit(c) || (c == '.' && is_digit(next))) {
        token->kind = TOKEN_NUMBER;
        n = number_length(*rest);
        if (n < rest->n && is_word(rest->p[n])) return SQL_LEXER_INVALID_LITERAL;
    } else if (is_word(c)) {
        token->kind = TOKEN_WORD;
        while (n < rest->n && is_word(rest->p[n])) n++;
    } else {
        token->kind = TOKEN_OPERATOR;
        n = operator_length(*rest);
        if (!n) return SQL_LEXER_INVALID_CHAR;
    }
    token->text = str_take(*rest, n);
    *rest = str_skip(*rest, n);
    return SQL_OK;
}
