/* The inheritance of management policies, after the examples of the user guide. */
#include "../merge.h"

#include "unit.h"

static str merged(struct arena *a, const char *const *documents) { /* one a level; NULL ends */
    struct merge *m = merge_new(a);
    for (u32 level = 0; documents[level]; level++) CHECK(merge_add(m, level, str_of(documents[level])));
    return merge_result(m);
}
#define MERGED(...) merged(&a, (const char *const[]){__VA_ARGS__, NULL})

static void values_come_down(void) {
    struct arena a = {0};
    CHECK_STR(MERGED("{\"tags\":{\"x\":{\"tag_key\":{\"@@assign\":\"X\"},\"tag_value\":{\"@@assign\":[\"a\",\"b\"]}}}}", "{}"),
              S("{\"tags\":{\"x\":{\"tag_key\":\"X\",\"tag_value\":[\"a\",\"b\"]}}}"));
    CHECK(!MERGED("{}").p);
    CHECK(!MERGED("{\"tags\":{\"x\":{}}}").p);
    arena_free(&a);
}

static void assign_replaces_append_adds_remove_takes(void) {
    struct arena a = {0};
#define ROOT "{\"t\":{\"v\":{\"@@assign\":[\"a\",\"b\"]},\"k\":{\"@@assign\":\"K\"}}}"
    CHECK_STR(MERGED(ROOT, "{\"t\":{\"v\":{\"@@assign\":[\"c\"]},\"k\":{\"@@assign\":\"k\"}}}"), S("{\"t\":{\"v\":[\"c\"],\"k\":\"k\"}}"));
    CHECK_STR(MERGED(ROOT, "{\"t\":{\"v\":{\"@@append\":[\"b\",\"c\"]}}}"), S("{\"t\":{\"v\":[\"a\",\"b\",\"c\"],\"k\":\"K\"}}"));
    CHECK_STR(MERGED(ROOT, "{\"t\":{\"v\":{\"@@remove\":[\"a\",\"z\"]}}}"), S("{\"t\":{\"v\":[\"b\"],\"k\":\"K\"}}"));
    CHECK_STR(MERGED("{}", "{\"t\":{\"v\":{\"@@append\":[\"n\"]}}}"), S("{\"t\":{\"v\":[\"n\"]}}"));
    CHECK(!MERGED("{}", "{\"t\":{\"v\":{\"@@remove\":[\"n\"]}}}").p);
    CHECK_STR(MERGED("{\"p\":{\"n\":{\"@@assign\":10},\"on\":{\"@@assign\":true}}}"), S("{\"p\":{\"n\":10,\"on\":true}}"));
    arena_free(&a);
}

static void controls_bind_the_levels_below(void) {
    struct arena a = {0};
#define LOCKED "{\"t\":{\"k\":{\"@@operators_allowed_for_child_policies\":[\"@@none\"],\"@@assign\":\"K\"}}}"
    CHECK_STR(MERGED(LOCKED, "{\"t\":{\"k\":{\"@@assign\":\"k\"}}}"), S("{\"t\":{\"k\":\"K\"}}"));
    CHECK_STR(MERGED(LOCKED, "{\"t\":{\"k\":{\"@@operators_allowed_for_child_policies\":[\"@@all\"]}}}", "{\"t\":{\"k\":{\"@@assign\":\"k\"}}}"),
              S("{\"t\":{\"k\":\"K\"}}")); /* a child gives nothing back */
#define APPENDED "{\"t\":{\"v\":{\"@@operators_allowed_for_child_policies\":[\"@@append\"],\"@@assign\":[\"a\"]}}}"
    CHECK_STR(MERGED(APPENDED, "{\"t\":{\"v\":{\"@@assign\":[\"x\"],\"@@append\":[\"b\"]}}}"), S("{\"t\":{\"v\":[\"a\",\"b\"]}}"));
    CHECK_STR(MERGED("{\"t\":{\"@@operators_allowed_for_child_policies\":[\"@@none\"],\"k\":{\"@@assign\":\"K\"}}}", "{\"t\":{\"n\":{\"@@assign\":\"N\"}}}"),
              S("{\"t\":{\"k\":\"K\"}}")); /* nor anything new below a locked key */
    struct merge *m = merge_new(&a); /* policies of one level do not bind each other */
    CHECK(merge_add(m, 0, S(LOCKED)) && merge_add(m, 0, S("{\"t\":{\"k\":{\"@@assign\":\"k\"}}}")));
    CHECK_STR(merge_result(m), S("{\"t\":{\"k\":\"k\"}}"));
    arena_free(&a);
}

static void what_is_no_document(void) {
    struct arena a = {0};
    const char *problem, *const wrong[] = {
        "",
        "[]",
        "{\"tags\":1}",
        "{\"tags\":{\"a\":\"b\"}}",
        "{\"tags\":{\"a\":{\"@@put\":1}}}",
        "{\"tags\":{\"a\":{\"@@assign\":{}}}}",
        "{\"tags\":{\"a\":{\"@@append\":[{}]}}}",
        "{\"tags\":{\"@@operators_allowed_for_child_policies\":[\"@@all\",\"@@none\"]}}",
        "{\"tags\":{\"@@operators_allowed_for_child_policies\":\"@@all\"}}",
        "{\"tags\":{},\"tags\":{}}",
        "{\"plans\":{}}",
        "{\"tags\":{},\"plans\":{}}",
    };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        problem = NULL;
        CHECK(!merge_check(&a, str_of(wrong[i]), "tags", &problem) && problem);
    }
    CHECK(merge_check(&a, S("{\"tags\":{}}"), "tags", &problem));
    CHECK(!merge_add(merge_new(&a), 0, S("{\"a\":1}")));
    arena_free(&a);
}

UNIT_MAIN(UNIT(values_come_down), UNIT(assign_replaces_append_adds_remove_takes), UNIT(controls_bind_the_levels_below), UNIT(what_is_no_document))
