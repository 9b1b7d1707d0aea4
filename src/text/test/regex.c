#include "text/regex.h"
#include "unit.h"

static bool found(const char *pattern, const char *subject) {
    struct arena a = {0};
    struct regex *r = regex_compile(&a, str_of(pattern), NULL, NULL);
    bool yes = r && regex_matches(r, str_of(subject));
    arena_free(&a);
    return yes;
}

static void finds_anywhere(void) {
    CHECK(found("Exc.p", "an Exception"));
    CHECK(found("^(?i)exception$", "EXCEPTION"));
    CHECK(!found("^b", "ab"));
    CHECK(found("\\u00e9t\\u00E9", "\xc3\xa9t\xc3\xa9"));
    CHECK(!found("a.b", "a\xff" "b")); /* no UTF-8: no match */
    CHECK(!found("(", "("));
}

static void tells_what_is_wrong(void) {
    struct arena a = {0};
    str problem = {0};
    size_t at = 0;
    CHECK(!regex_compile(&a, S("ab(c"), &problem, &at));
    CHECK_STR(problem, S("missing closing parenthesis"));
    CHECK_INT(at, 4);
    arena_free(&a);
}

static void captures_by_name(void) {
    struct arena a = {0};
    struct regex *r = regex_compile(&a, S("(?<code>[0-9]{3})( x)? (?<verb>\\w+)"), NULL, NULL);
    CHECK_INT(regex_groups(r), 3);
    CHECK_STR(regex_group_name(r, 1), S("code"));
    CHECK(!regex_group_name(r, 2).p);
    CHECK_STR(regex_group_name(r, 3), S("verb"));
    str g[4];
    CHECK(regex_capture(r, S("is 404 GET /"), g, 4));
    CHECK_STR(g[0], S("404 GET"));
    CHECK_STR(g[1], S("404"));
    CHECK(!g[2].p);
    CHECK_STR(g[3], S("GET"));
    CHECK(!regex_capture(r, S("none"), g, 4));
    arena_free(&a);
}

static void takes_no_machine_away(void) {
    char text[4000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    CHECK(!found("(a+)+(a+)+(a+)+b", text));
}

static void literals(void) {
    static const char *const cases[][2] = {
        {"Exception", "Exception"}, {"Exceptions?", "Exception"}, {"^GET /a.*HTTP", "GET /a"}, {"a|b", ""},       {"(?i)error", ""},
        {"x(abc)?yz", "yz"},        {"[abc]def", "def"},          {"\\d+ms took", "ms took"},   {"\\x41bc", ""}, {"ab{2}c", "a"},
        {"[]x]yy", "yy"},           {"a\\.bcd", "bcd"},           {"(a(b)c)d", ""},              {"", ""},        {"abc(*ACCEPT)def", ""},
        {"caf\303\251*x", "caf"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) CHECK_STR(regex_literal(str_of(cases[i][0])), str_of(cases[i][1]));
}

UNIT_MAIN(UNIT(finds_anywhere), UNIT(tells_what_is_wrong), UNIT(captures_by_name), UNIT(takes_no_machine_away), UNIT(literals))
