/* Rules of composite alarms: "a" is in ALARM, "o" is OK, everything else has insufficient data. */
#include "../alarm_rule.h"

#include "unit.h"

static str state(void *context, str alarm) {
    ++*(int *)context;
    return str_eq(alarm, S("a")) ? S("ALARM") : str_eq(alarm, S("o")) ? S("OK") : S("INSUFFICIENT_DATA");
}

static str result(struct arena *a, const char *text) { /* "yes 3": and how many alarms were asked for */
    int asked = 0;
    bool value;
    str problem;
    struct alarm_rule_world world = {state, &asked};
    if (!alarm_rule_evaluate(a, str_of(text), &world, &value, &problem)) return problem;
    return arena_format(a, "%s %d", value ? "yes" : "no", asked);
}
#define IS(text, expected) CHECK_STR(result(&a, text), S(expected))

static void rules(void) {
    struct arena a = {0};
    IS("ALARM(a)", "yes 1");
    IS(" ALARM( \"a\" ) ", "yes 1");
    IS("OK(a) OR ALARM(a) AND OK(o)", "yes 3");
    IS("(OK(a) OR ALARM(a)) AND NOT OK(o)", "no 3");
    IS("NOT NOT ALARM(a)", "yes 1");
    IS("INSUFFICIENT_DATA(else (here))", "expected ')'");
    IS("INSUFFICIENT_DATA(\"else (\\\"here\\\")\")", "yes 1");
    IS("TRUE", "yes 0");
    IS("NOT FALSE AND TRUE", "yes 0");
    IS("TRUE AND FALSE", "no 0");
    IS("AT_LEAST(2, ALARM, (a, o, a))", "yes 3");
    IS("AT_LEAST(2, NOT ALARM, (a, o))", "no 2");
    IS("AT_LEAST(50%, OK, (a, o))", "yes 2");
    IS("AT_LEAST(51%, OK, (a, o))", "no 2");
    arena_free(&a);
}

static void refusals(void) {
    struct arena a = {0};
    struct buf b = buf_new(&a, 4096);
    IS("", "it is incomplete");
    IS("ALARM(a", "expected ')'");
    IS("ALARM()", "the name of an alarm is missing or too long");
    IS("ALARM(a) ALARM(a)", "unexpected 'A'");
    IS("alarm(a)", "unexpected 'alarm'");
    IS("ALARM(\"a)", "a quoted name does not end");
    IS("AT_LEAST(3, OK, (a, o))", "AT_LEAST asks for more alarms than it names");
    IS("AT_LEAST(x, OK, (a, o))", "AT_LEAST takes a number or a percentage first");
    for (int i = 0; i < 2000; i++) buf_char(&b, '(');
    CHECK_STR(result(&a, arena_c_string(&a, buf_str(&b))), S("it is nested too deeply"));
    arena_free(&a);
}

UNIT_MAIN(UNIT(rules), UNIT(refusals))
