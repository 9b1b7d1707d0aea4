#include "text/form.h"

#include "unit.h"

static struct arena arena;

static void reads_pairs(void) {
    struct form f;
    CHECK(form_parse(&arena, S("a=1&b=x%20y+z&&c&d=&=e&a=2"), true, 100, &f));
    CHECK_INT(f.n, 6);
    CHECK_STR(form_get(&f, S("a")), S("1"));
    CHECK_STR(form_get(&f, S("b")), S("x y z"));
    CHECK(form_has(&f, S("c")) && !form_get(&f, S("c")).p);
    CHECK(form_get(&f, S("d")).p && form_get(&f, S("d")).n == 0);
    CHECK_STR(form_get(&f, S("")), S("e"));
    CHECK(!form_has(&f, S("g")));
    CHECK(form_parse(&arena, S("b=x+y"), false, 100, &f));
    CHECK_STR(form_get(&f, S("b")), S("x+y"));
    CHECK(form_parse(&arena, S(""), true, 0, &f));
    CHECK_INT(f.n, 0);
}

static void refuses(void) {
    struct form f;
    CHECK(!form_parse(&arena, S("a=%"), true, 100, &f));
    CHECK(!form_parse(&arena, S("a=%zz"), true, 100, &f));
    CHECK(!form_parse(&arena, S("%ff=1"), true, 100, &f));
    CHECK(!form_parse(&arena, S("a=1&b=2&c=3"), true, 2, &f));
}

static void writes_what_it_reads(void) {
    struct buf b = buf_new(&arena, 1000);
    form_write(&b, S("a b"), S("1+2&3=\xc3\xa9"));
    form_write(&b, S("c"), S(""));
    CHECK_STR(buf_str(&b), S("a%20b=1%2B2%263%3D%C3%A9&c="));
    struct form f;
    CHECK(form_parse(&arena, buf_str(&b), true, 2, &f));
    CHECK_STR(form_get(&f, S("a b")), S("1+2&3=\xc3\xa9"));
}

UNIT_MAIN(UNIT(reads_pairs), UNIT(refuses), UNIT(writes_what_it_reads))
