/* Tables of rules that need no store: ranges, conditions, names, copy sources, tag headers. */
#include "services/s3/s3.h"
#include "unit.h"

static struct call call_in(struct arena *a) {
    return (struct call){.arena = a, .account = S("000000000000"), .now_ms = 2000000};
}

static void ranges(void) {
    static const struct {
        const char *header;
        u64 size;
        enum range_result result;
        u64 first, length;
    } rows[] = {
        {"bytes=0-8", 10, RANGE_PART, 0, 9},       {"bytes=1-1", 10, RANGE_PART, 1, 1},
        {"bytes=1-", 10, RANGE_PART, 1, 9},        {"bytes=0-100", 10, RANGE_PART, 0, 10},
        {"bytes=-2", 10, RANGE_PART, 8, 2},        {"bytes=-15", 10, RANGE_PART, 0, 10},
        {"bytes=-0", 10, RANGE_UNSATISFIABLE},     {"bytes=10-", 10, RANGE_UNSATISFIABLE},
        {"bytes=100-200", 10, RANGE_UNSATISFIABLE}, {"bytes=0-", 0, RANGE_UNSATISFIABLE},
        {"bytes=-5", 0, RANGE_UNSATISFIABLE},      {"bytes=1-0", 10, RANGE_WHOLE, 0, 10},
        {"bytes=0--1", 10, RANGE_WHOLE, 0, 10},    {"bytes=-1-", 10, RANGE_WHOLE, 0, 10},
        {"bytes=-", 10, RANGE_WHOLE, 0, 10},       {"bytes=", 10, RANGE_WHOLE, 0, 10},
        {"bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 10}, {"items=0-1", 10, RANGE_WHOLE, 0, 10},
        {"bytes=0-18446744073709551615", 10, RANGE_PART, 0, 10},
        {"bytes=0-18446744073709551616", 10, RANGE_WHOLE, 0, 10},
        {"bytes=-18446744073709551615", 10, RANGE_PART, 0, 10},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        u64 first, length;
        CHECK_INT(s3_range_parse(str_of(rows[i].header), rows[i].size, &first, &length), rows[i].result);
        if (rows[i].result == RANGE_UNSATISFIABLE) continue;
        CHECK_INT(first, rows[i].first);
        CHECK_INT(length, rows[i].length);
    }
}

enum { BEFORE = 999000, AT = 1000000, AFTER = 1001000, FUTURE = 3000000 };

static void read_conditions(void) {
    static const struct {
        struct condition condition;
        enum condition_result result;
        const char *which;
    } rows[] = {
        {{.if_match = {NULL, 0}}, CONDITION_HOLDS, NULL},
        {{.if_match = {"\"e\"", 3}}, CONDITION_HOLDS, NULL},
        {{.if_match = {"e", 1}}, CONDITION_HOLDS, NULL},
        {{.if_match = {"*", 1}}, CONDITION_HOLDS, NULL},
        {{.if_match = {"\"x\", \"e\"", 8}}, CONDITION_HOLDS, NULL},
        {{.if_match = {"x", 1}}, CONDITION_FAILED, "If-Match"},
        {{.unmodified_since = {true, AT}}, CONDITION_HOLDS, NULL},
        {{.unmodified_since = {true, BEFORE}}, CONDITION_FAILED, "If-Unmodified-Since"},
        {{.if_match = {"e", 1}, .unmodified_since = {true, BEFORE}}, CONDITION_HOLDS, NULL},
        {{.if_none_match = {"e", 1}}, CONDITION_NOT_MODIFIED, NULL},
        {{.if_none_match = {"x", 1}, .modified_since = {true, AFTER}}, CONDITION_HOLDS, NULL},
        {{.if_none_match = {"e", 1}, .modified_since = {true, BEFORE}}, CONDITION_NOT_MODIFIED, NULL},
        {{.modified_since = {true, AT}}, CONDITION_NOT_MODIFIED, NULL},
        {{.modified_since = {true, BEFORE}}, CONDITION_HOLDS, NULL},
        {{.modified_since = {true, FUTURE}}, CONDITION_HOLDS, NULL},
        {{.if_none_match = {"e", 1}, .unmodified_since = {true, BEFORE}}, CONDITION_FAILED, "If-Unmodified-Since"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const char *which = NULL;
        CHECK_INT(s3_condition_read(&rows[i].condition, S("e"), AT + 567, 2000000, &which), rows[i].result);
        if (rows[i].which) CHECK_STR(str_of(which), str_of(rows[i].which));
    }
}

static void write_conditions(void) {
    struct arena a = {0};
    struct call c = call_in(&a);
    struct object_row current = {.etag = S("e")};
    str none = {0}, k = S("k");
    const struct bucket_row row = {.name = S("b")}, *b = &row;
    CHECK(s3_condition_write(&c, none, none, b, k, NULL) == NULL);
    CHECK(s3_condition_write(&c, none, S("*"), b, k, NULL) == NULL);
    CHECK(s3_condition_write(&c, none, S("*"), b, k, &current) == &s3_precondition_failed);
    CHECK(s3_condition_write(&c, none, S("e"), b, k, NULL) == &s3_not_implemented);
    CHECK(s3_condition_write(&c, S("e"), S("*"), b, k, NULL) == &s3_not_implemented);
    CHECK(s3_condition_write(&c, S("\"e\""), none, b, k, &current) == NULL);
    CHECK(s3_condition_write(&c, S("x"), none, b, k, &current) == &s3_precondition_failed);
    arena_free(&a);
}

static void bucket_names(void) {
    static const char *const good[] = {"abc", "a.b", "a-b", "1bucket", "a1.b2-c3"};
    static const char *const bad[] = {"ab", "Abc", "a_b", "-ab", "ab-", ".ab", "ab.", "a..b", "10.0.0.1", "xn--a",
                                      "sthree-a", "a-s3alias", "a--ol-s3", "a--x-s3", "a b", ""};
    for (size_t i = 0; i < LENGTH(good); i++) CHECK(s3_bucket_name_valid(str_of(good[i])));
    for (size_t i = 0; i < LENGTH(bad); i++) CHECK(!s3_bucket_name_valid(str_of(bad[i])));
}

static void copy_sources(void) {
    struct arena a = {0};
    struct call c = call_in(&a);
    struct copy_source s;
    CHECK(!s3_copy_source_parse(&c, S("/b/a%20k/x%2By?versionId=null"), &s));
    CHECK_STR(s.bucket, S("b"));
    CHECK_STR(s.key, S("a k/x+y"));
    CHECK_STR(s.version_id, S("null"));
    CHECK(!s3_copy_source_parse(&c, S("b/k+1"), &s));
    CHECK_STR(s.key, S("k+1"));
    CHECK(s3_copy_source_parse(&c, S("b"), &s) == &s3_invalid_argument);
    CHECK(s3_copy_source_parse(&c, S("b/"), &s) == &s3_invalid_argument);
    CHECK(s3_copy_source_parse(&c, S(""), &s) == &s3_invalid_argument);
    CHECK(!s3_copy_source_parse(&c, S("arn:aws:s3:eu-west-1:1:accesspoint/a/object/k/object/l"), &s));
    CHECK_STR(s.bucket, S("arn:aws:s3:eu-west-1:1:accesspoint/a"));
    CHECK_STR(s.key, S("k/object/l"));
    arena_free(&a);
}

static void tag_headers(void) {
    struct arena a = {0};
    struct call c = call_in(&a);
    struct record_pairs tags;
    CHECK(!s3_tags_parse(&c, S("a=1&b=two+words&c&%C3%A9=%2F"), &tags));
    CHECK_INT(tags.n, 4);
    CHECK_STR(tags.v[1].value, S("two words"));
    CHECK_STR(tags.v[2].value, S(""));
    CHECK_STR(tags.v[3].value, S("/"));
    CHECK(s3_tags_parse(&c, S("a=1&a=2"), &tags) == &s3_invalid_argument);
    CHECK(s3_tags_parse(&c, S("a=%zz"), &tags) == &s3_invalid_argument);
    CHECK(s3_tags_parse(&c, S("aws:a=1"), &tags) == &s3_invalid_tag);
    CHECK(s3_tags_parse(&c, S("1&2&3&4&5&6&7&8&9&10&11&12"), &tags) == &s3_bad_request);
    arena_free(&a);
}

static void keys_fit(void) {
    char key[1025];
    memset(key, 'k', sizeof key);
    CHECK(s3_object_key_fits((str){key, 1024}));
    CHECK(!s3_object_key_fits((str){key, 1025}));
    memset(key, 0, sizeof key);
    CHECK(!s3_object_key_fits((str){key, 1024}));
    CHECK(s3_object_key_fits((str){key, 512}));
}

UNIT_MAIN(UNIT(ranges), UNIT(read_conditions), UNIT(write_conditions), UNIT(bucket_names), UNIT(copy_sources),
          UNIT(tag_headers), UNIT(keys_fit))
