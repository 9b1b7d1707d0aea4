/* Filter patterns: the examples of the user guide, and what is refused. */
#include "../pattern.h"

#include "unit.h"

static const char *verdict(const char *pattern, const char *message) {
    struct arena a = {0};
    str problem;
    struct log_pattern *p = log_pattern_compile(&a, str_of(pattern), &problem);
    const char *verdict = !p ? "refused" : log_pattern_matches(p, &a, str_of(message)) ? "yes" : "no";
    if (p && *verdict == 'y' && log_pattern_literal(p).n && str_find(str_of(message), log_pattern_literal(p)) == STR_NONE) verdict = "its literal is not in it";
    arena_free(&a);
    return verdict;
}
#define YES(pattern, message) CHECK_STR(str_of(verdict(pattern, message)), S("yes"))
#define NO(pattern, message) CHECK_STR(str_of(verdict(pattern, message)), S("no"))
#define REFUSED(pattern) CHECK_STR(str_of(verdict(pattern, "")), S("refused"))

static void terms(void) {
    YES("", "anything");
    YES(" ", "");
    YES("ERROR", "[ERROR 400] BAD REQUEST");
    NO("ERROR", "[error 400] bad request");
    YES("ERROR REQUEST", "[ERROR 400] BAD REQUEST");
    NO("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST");
    YES("?ERROR ?ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS");
    YES("?ERROR ?ARGUMENTS", "INVALID ARGUMENTS");
    NO("?ERROR ?ARGUMENTS", "all is well");
    NO("?ERROR ?ARGUMENTS 400", "[ERROR 419] MISSING ARGUMENTS");
    YES("?ERROR REQUEST", "BAD REQUEST"); /* beside others an optional term does not count */
    YES("\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR");
    NO("\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL ERROR SERVER");
    YES("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST");
    NO("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS");
    NO("ERROR -\"G ARG\"", "[ERROR 419] MISSING ARGUMENTS");
    YES("\"a \\\"b\\\"\"", "say a \"b\"");
    REFUSED("a:b");
    REFUSED("\"open");
    REFUSED("- x");
}

static void expressions(void) {
    YES("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST");
    YES("%^\\[[hc]at%", "[cat");
    YES("%colou?r%", "color");
    NO("%colou?r%", "colr");
    YES("%gray|grey%", "grey");
    YES("%10\\.10\\.0\\.1%", "from 10.10.0.1");
    YES("%[a-z]{2}\\d+$%", "x ab12");
    YES("ERROR %40[0-9]% ", "ERROR 404");
    YES("-%40[0-9]%", "ERROR 504");
    REFUSED("%something!%");
    REFUSED("%(a)%");
    REFUSED("%[%");
    REFUSED("%a% %b% %c%");
    REFUSED("%a");
}

static const char update[] = "{\"eventType\": \"UpdateTrail\", \"sourceIPAddress\": \"111.111.111.111\", \"arrayKey\": [\"value\", \"another value\"], \"flag\": true, \"none\": null,"
                             "\"objectList\": [{\"name\": \"a\", \"id\": 1}, {\"name\": \"b\", \"id\": 2}], \"SomeObject\": null, \"size\": 12.5, \"a b\": {\"c.d\": 7}}";

static void json(void) {
    YES("{ $.eventType = \"UpdateTrail\" }", update);
    YES("{$.eventType=UpdateTrail}", update);
    NO("{ $.eventType = \"CreateTrail\" }", update);
    YES("{ $.eventType = \"Update*\" }", update);
    YES("{ $.eventType = * }", update);
    YES("{ $.sourceIPAddress != 123.123.* }", update);
    NO("{ $.sourceIPAddress != 111.111.* }", update);
    YES("{ $.arrayKey[0] = \"value\" }", update);
    NO("{ $.arrayKey[1] = \"value\" }", update);
    YES("{ $.arrayKey[*] = \"another value\" }", update);
    YES("{ $.objectList[1].id = 2 }", update);
    YES("{ $.objectList[*].id > 1 }", update);
    YES("{ $.objectList[*].name = \"a\" && $.objectList[*].name = \"b\" }", update);
    YES("{ $.SomeObject IS NULL }", update);
    NO("{ $.absent IS NULL }", update);
    YES("{ $.SomeOtherObject NOT EXISTS }", update);
    NO("{ $.SomeObject NOT EXISTS }", update);
    YES("{ $.flag IS TRUE }", update);
    NO("{ $.flag IS FALSE }", update);
    YES("{ $.size >= 1.25e1 }", update);
    NO("{ $.size < 12.5 }", update);
    YES("{ $.size = 12.5 && ($.flag IS FALSE || $.eventType = %Trail$%) }", update);
    YES("{ $.flag IS FALSE && $.size = 1 || $.eventType = \"UpdateTrail\" }", update);
    NO("{ $.flag IS FALSE && ($.size = 1 || $.eventType = \"UpdateTrail\") }", update);
    NO("{ $.absent != 1 }", update);
    YES("{ $.['a b'].['c.d'] = 7 }", update);
    YES("{ $.*.['c.d'] = 7 }", update);
    YES("{ $[1] = 2 }", "[1, 2]");
    YES("{ $.a = \"x/y\" }", "{\"a\":\"x\\/y\"}");
    YES("{ $.a = \"Hello\" }", "{\"a\":\"\\u0048ello\"}");
    NO("{ $.a = 1 }", "a = 1");
    NO("{ $.a = 1 }", "{\"a\":1");
    REFUSED("{ $.a }");
    REFUSED("{ $.a = }");
    REFUSED("{ $.a = 1");
    REFUSED("{ a = 1 }");
    REFUSED("{ $.a = 1 } x");
    REFUSED("{ $.a > b }");
    REFUSED("{ (($.a = 1) }");
    REFUSED("{ $.a[x] = 1 }");
}

static const char line[] = "127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";

static void fields(void) {
    YES("[]", line);
    YES("[ip, user, username, timestamp, request, status_code, bytes]", line);
    NO("[ip, user, username, timestamp, request, status_code]", line);
    NO("[ip, user, username, timestamp, request, status_code, bytes, more]", line);
    YES("[ip, user, username, timestamp, request = *.html*, status_code = 4*, bytes]", line);
    YES("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes > 1000]", line);
    NO("[..., bytes > 2000]", line);
    YES("[..., status_code = 404, bytes]", line);
    YES("[ip=127.0.0.1, ..., bytes<=1534]", line);
    YES("[ip = %127\\.0\\.0\\.[1-9]%, ...]", line);
    YES("[ip, user, username != \"bob\", ...]", line);
    YES("[..., timestamp = \"10/Oct/2000:13:25:15 -0700\", request, s, b]", line);
    YES("[..., s = 500 || s = 404, b]", line);
    NO("[..., s != 500 && s != 404, b]", line);
    YES("[..., s = 404 && s != 5*,]", line);
    YES("[w1=ERROR, w2]", "ERROR here");
    NO("[w1=ERROR, w2]", "ERROR");
    YES("[w1=ERROR||w1=%WARN%, w2]", "a_WARNING x");
    REFUSED("[a, a]");
    REFUSED("[..., ...]");
    REFUSED("[a");
    REFUSED("[a = 1 && b = 2]");
    REFUSED("[a > b]");
}

static str picked(struct arena *a, const char *pattern, const char *message) {
    str problem;
    struct log_picked v[20];
    struct buf b = buf_new(a, 4096);
    struct log_pattern *p = log_pattern_compile(a, str_of(pattern), &problem);
    u32 n = log_pattern_extract(p, a, str_of(message), v, 20);
    buf_reserve(&b, 1);
    for (u32 i = 0; i < n; i++) buf_format(&b, "%s%.*s=%.*s", i ? " " : "", STR_ARGS(v[i].selector), STR_ARGS(v[i].value));
    return buf_str(&b);
}

static void values(void) {
    struct arena a = {0};
    str value, problem;
    CHECK_STR(picked(&a, "[]", "a \"b c\" [d e] f"), S("$1=a $2=b c $3=d e $4=f"));
    CHECK_STR(picked(&a, "[..., size]", line), S("$1=127.0.0.1 $2=Prod $3=frank $4=10/Oct/2000:13:25:15 -0700 $5=GET /index.html HTTP/1.0 $6=404 $size=1534"));
    CHECK_STR(picked(&a, "{ $.size > 1 && $.objectList[0] = * || $.absent = 1 }", update), S("$.size=12.5 $.objectList[0]={\"name\": \"a\", \"id\": 1}"));
    CHECK_STR(picked(&a, "ERROR", "ERROR"), S(""));
    struct log_pattern *p = log_pattern_compile(&a, S("[ip, ..., bytes]"), &problem);
    CHECK(log_pattern_pick(p, &a, str_of(line), S("$bytes"), &value) && str_eq(value, S("1534")));
    CHECK(log_pattern_pick(p, &a, str_of(line), S("$3"), &value) && str_eq(value, S("frank")));
    CHECK(!log_pattern_pick(p, &a, str_of(line), S("$other"), &value));
    p = log_pattern_compile(&a, S("{ $.eventType = * }"), &problem);
    CHECK(log_pattern_pick(p, &a, str_of(update), S("$.objectList[1].id"), &value) && str_eq(value, S("2")));
    CHECK(!log_pattern_pick(p, &a, str_of(update), S("$.objectList[2].id"), &value));
    arena_free(&a);
}

static void problems(void) {
    struct arena a = {0};
    str problem;
    CHECK(!log_pattern_compile(&a, S("8a46-b"), &problem));
    CHECK_STR(problem, S("Invalid character(s) in term '8a46-b'"));
    arena_free(&a);
}

UNIT_MAIN(UNIT(terms), UNIT(expressions), UNIT(json), UNIT(fields), UNIT(values), UNIT(problems))
