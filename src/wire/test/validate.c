#include "wire/validate.h"

#include "gen/example.h"
#include "gen/sts.h"
#include "unit.h"
#include "wire/pattern.h"

static struct arena arena;
static struct wire_violation found[16];
static size_t count;

static str validate(u16 shape, const void *value) {
    count = wire_validate(&example_wire, shape, value, &arena, found, LENGTH(found));
    return wire_validation_message(&arena, &example_wire, found, count);
}

static str thing(struct example_thing t) {
    if (!t.name.p) t.name = S("fine");
    return validate(EXAMPLE_SHAPE_THING, &t);
}

static str smithy(void) { return wire_validation_message_smithy(&arena, &example_wire, found, count); }

static void what_is_right_passes(void) {
    struct example_part second = {.id = S("cd")}, first = {.id = S("ab"), .next = &second};
    struct example_choice choice = {.text = S("")};
    str names[] = {S("ab"), S("abcdefgh")};
    struct example_tag_map_entry tags[] = {{S("key"), S("any_thing")}};
    struct example_thing t = {.name = S("fine"), .count = SOME_I32(100), .ratio = SOME_F64(1), .state = S("half way"),
                              .names = {names, 2, true}, .tags = {tags, 1, true}, .choice = &choice,
                              .parts = {&first, 1, true}};
    validate(EXAMPLE_SHAPE_THING, &t);
    CHECK_INT(count, 0);
    CHECK_INT(wire_validate(&example_wire, WIRE_NONE, NULL, &arena, found, LENGTH(found)), 0);
}

static void missing_members_come_first(void) {
    struct example_part part = {0};
    struct example_thing t = {.count = SOME_I32(0), .parts = {&part, 1, true}};
    CHECK_STR(validate(EXAMPLE_SHAPE_THING, &t),
              S("3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be "
                "null; Value null at 'parts.1.member.id' failed to satisfy constraint: Member must not be null; Value "
                "'0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1"));
    CHECK_STR(found[1].pointer, S("/Parts/0/Id"));
}

static void texts_and_numbers_are_bounded(void) {
    CHECK_STR(thing((struct example_thing){.name = S("Over eight")}),
              S("2 validation errors detected: Value 'Over eight' at 'name' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: [a-z]+; Value 'Over eight' at 'name' failed to satisfy constraint: "
                "Member must have length less than or equal to 8"));
    CHECK_STR(smithy(), S("2 validation errors detected. Value at '/Name' failed to satisfy constraint: Member must "
                          "satisfy regular expression pattern: [a-z]+; Value with length 10 at '/Name' failed to "
                          "satisfy constraint: Member must have length between 2 and 8, inclusive"));
    CHECK_STR(thing((struct example_thing){.ratio = SOME_F64(1.5)}),
              S("1 validation error detected: Value '1.5' at 'ratio' failed to satisfy constraint: Member must have "
                "value less than or equal to 1"));
    CHECK_STR(smithy(), S("1 validation error detected. Value at '/Ratio' failed to satisfy constraint: Member must be "
                          "less than or equal to 1"));
    CHECK_STR(thing((struct example_thing){.state = S("on")}),
              S("1 validation error detected: Value 'on' at 'state' failed to satisfy constraint: Member must satisfy "
                "enum value set: [ON, OFF, half way]"));
}

static void length_is_of_code_points(void) {
    thing((struct example_thing){.name = S("\xf0\x9f\x91\x8d")});
    CHECK_INT(count, 2); /* pattern, and one code point is under two */
    CHECK_INT(found[1].length, 1);
}

static void elements_and_entries_are_told_of_their_holder(void) {
    str names[] = {S("ab"), S("NO"), S("")};
    CHECK_STR(thing((struct example_thing){.names = {names, 3, true}}),
              S("1 validation error detected: Value '[ab, NO, ]' at 'names' failed to satisfy constraint: Member must "
                "satisfy constraint: [Member must have length less than or equal to 8, Member must have length greater "
                "than or equal to 2, Member must satisfy regular expression pattern: [a-z]+]"));
    CHECK_STR(found[0].pointer, S("/Names/1"));
    CHECK_STR(found[2].pointer, S("/Names/2"));
    struct example_tag_map_entry tags[] = {{S("x"), S("v")}, {S("a/b~"), S("aws:y")}};
    CHECK_STR(thing((struct example_thing){.tags = {tags, 2, true}}),
              S("2 validation errors detected: Value '{x=v, a/b~=aws:y}' at 'tags' failed to satisfy constraint: Map "
                "keys must satisfy constraint: [Member must have length less than or equal to 8, Member must have "
                "length greater than or equal to 2, Member must satisfy regular expression pattern: [a-z]+]; Value "
                "'{x=v, a/b~=aws:y}' at 'tags' failed to satisfy constraint: Map value must satisfy constraint: [Member "
                "must satisfy regular expression pattern: (?!aws:)\\w*]"));
    CHECK_STR(found[0].pointer, S("/Tags"));
    CHECK_STR(found[2].pointer, S("/Tags/a~1b~0"));
    CHECK_STR(thing((struct example_thing){.names = {NULL, 0, true}}),
              S("1 validation error detected: Value '[]' at 'names' failed to satisfy constraint: Member must have "
                "length greater than or equal to 1"));
}

static void secrets_are_not_told(void) {
    CHECK_STR(thing((struct example_thing){.secret = S("abc")}),
              S("1 validation error detected: Value at 'secret' failed to satisfy constraint: Member must have length "
                "greater than or equal to 4"));
}

static void unions_have_one_member(void) {
    struct example_choice none = {0}, both = {.text = S("a"), .number = SOME_I32(1)};
    thing((struct example_thing){.choice = &none});
    CHECK_INT(count, 1);
    CHECK_INT(found[0].kind, WIRE_UNION_EMPTY);
    thing((struct example_thing){.choice = &both});
    CHECK_INT(found[0].kind, WIRE_UNION_MANY);
}

static void depth_and_number_end(void) {
    struct example_part loop = {.id = S("ab")};
    loop.next = &loop; /* no decoder makes one: the walk must end all the same */
    validate(EXAMPLE_SHAPE_PART, &loop);
    CHECK_INT(count, 0);
    struct example_part empty[40] = {0};
    struct example_thing t = {.name = S("fine"), .parts = {empty, 40, true}};
    validate(EXAMPLE_SHAPE_THING, &t);
    CHECK_INT(count, LENGTH(found));
}

static void patterns_match_the_whole_value(void) {
    CHECK(wire_pattern_matches("a|ab", S("ab")));
    CHECK(wire_pattern_matches("^[\\w+=,.@-]*$", S("role@x")));
    CHECK(!wire_pattern_matches("[a-z]", S("ab")));
    CHECK(!wire_pattern_matches("^a$", S("a\n")));
    CHECK(wire_pattern_matches("[\\u0020-\\uD7FF]*", S("\xc3\xa9")));
    CHECK(!wire_pattern_matches("\\w", S("\xc3\xa9")));
    CHECK(wire_pattern_matches("(", S("anything"))); /* what PCRE2 refuses binds nobody */
    CHECK(!wire_pattern_matches("a*", S("\xff")));   /* not UTF-8 */
    str evil = S("0000000000000000000000000000000000000000000000000000000000000000000000000000000000!");
    CHECK(!wire_pattern_matches("^([0-9]+)+$", evil));
}

static void published_patterns_compile(void) {
    const struct wire_service *s = &sts_wire;
    for (u16 i = 0; i < s->shape_count; i++) {
        u32 pattern = s->constraints[s->shapes[i].constraint].pattern;
        CHECK(!pattern || pattern_compiles(s->text + pattern));
    }
    struct sts_assume_role_request in = {.role_arn = S("arn:aws:iam::111111111111:role/r"),
                                         .role_session_name = S("Session1:2")};
    count = wire_validate(s, STS_SHAPE_ASSUME_ROLE_REQUEST, &in, &arena, found, LENGTH(found));
    CHECK_STR(wire_validation_message(&arena, s, found, count),
              S("1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\w+=,.@-]*"));
}

UNIT_MAIN(UNIT(what_is_right_passes), UNIT(missing_members_come_first), UNIT(texts_and_numbers_are_bounded),
          UNIT(length_is_of_code_points), UNIT(elements_and_entries_are_told_of_their_holder),
          UNIT(secrets_are_not_told), UNIT(unions_have_one_member), UNIT(depth_and_number_end),
          UNIT(patterns_match_the_whole_value), UNIT(published_patterns_compile))
