/* Resources and tags over a real store. */
#include "probe.h"

static const struct error too_many = {"TooMany", NULL, 400, WIRE_NONE, true}, invalid = {"Invalid", NULL, 400, WIRE_NONE, true};
static const struct tag_errors errors = {&too_many, &invalid};

static struct call *call_of(struct probe *p, struct txn *t, str account, str region) {
    return probe_call(p, t, &(const struct service){.wire = &sqs_wire}, SQS_OP_TAG_QUEUE, account, region);
}

static err tag(struct call *c, str arn, str key, str value) {
    struct record_pair pair = {key, value};
    return tags_set(c, arn, &(struct record_pairs){&pair, 1, true}, &errors);
}

static str repeated(struct arena *a, const char *text, int n) {
    struct buf b = buf_new(a, 1 << 16);
    for (int i = 0; i < n; i++) buf_add(&b, str_of(text));
    return buf_str(&b);
}

static err keeps(void *context, struct txn *t) {
    struct call *c = call_of(context, t, S(MINE), S("us-east-1"));
    struct resource r;
    CHECK(!registry_get(c, S("arn:1"), &r));
    registry_add(c, S("arn:1"), S("AWS::SQS::Queue"));
    CHECK(registry_get(c, S("arn:1"), &r));
    CHECK_STR(r.type, S("AWS::SQS::Queue"));
    CHECK_STR(r.account, S(MINE));
    CHECK_STR(r.region, S("us-east-1"));
    CHECK_INT(r.created_ms, c->now_ms);
    CHECK(!tag(c, S("arn:1"), S("b"), S("2")) && !tag(c, S("arn:1"), S("a"), S("1")) && !tag(c, S("arn:1"), S("b"), S("3")));
    struct record_pairs tags = tags_of(c, S("arn:1"));
    CHECK_INT(tags.n, 2);
    CHECK_STR(tags.v[0].key, S("a"));
    CHECK_STR(tags.v[1].value, S("3"));
    tags_remove(c, S("arn:1"), (str[]){S("a"), S("absent")}, 2);
    CHECK_INT(tags_of(c, S("arn:1")).n, 1);
    registry_remove(c, S("arn:1"));
    CHECK(!registry_get(c, S("arn:1"), &r) && tags_of(c, S("arn:1")).n == 0);
    return NULL;
}

static void a_resource_is_kept_with_its_tags(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, keeps));
    probe_close(&p);
}

static err limits(void *context, struct txn *t) {
    struct call *c = call_of(context, t, S(MINE), S("us-east-1"));
    str arn = S("arn:1");
    static const char *const wrong[] = {"", "aws:x", "AWS:x", "Aws:", "a*", "a,b", "a\nb", "\xff", "<"};
    for (size_t i = 0; i < LENGTH(wrong); i++) CHECK(tag(c, arn, str_of(wrong[i]), S("")) == &invalid);
    CHECK(tag(c, arn, S("k"), S("a\xc3")) == &invalid);
    CHECK(tag(c, arn, repeated(c->arena, "\xc3\xa9", 129), S("")) == &invalid);
    CHECK(tag(c, arn, S("k"), repeated(c->arena, "\xc3\xa9", 257)) == &invalid);
    CHECK_INT(tags_of(c, arn).n, 0);
    CHECK(!tag(c, arn, repeated(c->arena, "\xf0\x9f\x98\x80", 128), repeated(c->arena, "\xf0\x9f\x98\x80", 256)));
    CHECK(!tag(c, arn, S("my aws:x _.:/=+-@\t"), S("")));
    struct record_pair many[50];
    for (u32 i = 0; i < LENGTH(many); i++) many[i] = (struct record_pair){arena_format(c->arena, "k%u", i), S("v")};
    CHECK(!tags_set(c, arn, &(struct record_pairs){many, 48, true}, &errors)); /* with the two: 50 */
    CHECK(tag(c, arn, S("one more"), S("")) == &too_many);
    CHECK(!tag(c, arn, S("k7"), S("replaced")));
    CHECK_INT(tags_of(c, arn).n, 50);
    CHECK(tags_set(c, S("arn:2"), &(struct record_pairs){many, 50, true}, &errors) == NULL);
    many[49].key = S("aws:no");
    CHECK(tags_set(c, S("arn:3"), &(struct record_pairs){many, 50, true}, &errors) == &invalid);
    CHECK_INT(tags_of(c, S("arn:3")).n, 0); /* all or none */
    return NULL;
}

static void tags_have_aws_limits(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, limits));
    probe_close(&p);
}

static str name_of(struct arena *a, int i) { return arena_format(a, "arn:aws:sqs:us-east-1:" MINE ":q%02d", i); }

/* The ARNs of all pages, joined; *pages counts them. */
static str found(struct call *c, str name, str value, u32 max, int *pages) {
    struct resource r[32];
    struct buf b = buf_new(c->arena, 1 << 16);
    str position = {0};
    *pages = 0;
    do {
        u32 n = registry_find_by_tag(c, name, value, &position, r, max);
        for (u32 i = 0; i < n; i++) buf_add(&b, str_skip(r[i].arn, r[i].arn.n - 3));
        ++*pages;
    } while (position.p && *pages < 50);
    return buf_str(&b);
}

static err finds(void *context, struct txn *t) {
    struct call *c = call_of(context, t, S(MINE), S("us-east-1"));
    struct call *other_region = call_of(context, t, S(MINE), S("eu-west-1")), *other = call_of(context, t, S("111111111111"), S("us-east-1"));
    str wide = repeated(c->arena, "\xf0\x9f\x98\x80", 256), wider = arena_concat(c->arena, str_take(wide, wide.n - 4), S("a"));
    for (int i = 0; i < 10; i++) {
        registry_add(c, name_of(c->arena, i), S("T"));
        CHECK(!tag(c, name_of(c->arena, i), S("team"), i % 3 ? S("blue") : S("red")));
    }
    registry_add(other, S("arn:other"), S("T"));
    CHECK(!tag(other, S("arn:other"), S("team"), S("blue")));
    CHECK(!tag(c, name_of(c->arena, 4), S("note"), wide) && !tag(c, name_of(c->arena, 5), S("note"), wider));
    int pages;
    CHECK_STR(found(c, S("team"), S("red"), 32, &pages), S("q00q03q06q09"));
    CHECK_INT(pages, 1);
    CHECK_STR(found(c, S("team"), S("red"), 2, &pages), S("q00q03q06q09"));
    CHECK_INT(pages, 2);
    CHECK_STR(found(c, S("team"), (str){0}, 3, &pages), S("q01q02q04q05q07q08q00q03q06q09"));
    CHECK_INT(pages, 4);
    CHECK_STR(found(c, S("note"), wide, 3, &pages), S("q04"));
    CHECK_STR(found(c, S("tea"), (str){0}, 3, &pages), S(""));
    CHECK_STR(found(c, S("team"), S("re"), 3, &pages), S(""));
    CHECK_STR(found(other_region, S("team"), (str){0}, 3, &pages), S(""));
    CHECK_STR(found(other, S("team"), (str){0}, 3, &pages), S("her"));
    CHECK(!tag(c, name_of(c->arena, 3), S("team"), S("blue"))); /* no longer under its old value */
    registry_remove(c, name_of(c->arena, 6));
    tags_remove(c, name_of(c->arena, 9), (str[]){S("team")}, 1);
    CHECK_STR(found(c, S("team"), S("red"), 32, &pages), S("q00"));
    return NULL;
}

static void resources_are_found_by_tag_page_by_page(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, finds));
    probe_close(&p);
}

static str joined(struct arena *a, const str *v, u32 n) {
    struct buf b = buf_new(a, 1 << 16);
    for (u32 i = 0; i < n; i++) buf_add(&b, v[i]), buf_add(&b, S(","));
    return buf_str(&b);
}

static err names_and_values(void *context, struct txn *t) {
    struct call *c = call_of(context, t, S(MINE), S("us-east-1"));
    struct arena *a = c->arena;
    str got[8], position = {0}, wide = repeated(a, "\xf0\x9f\x98\x80", 256);
    for (int i = 0; i < 6; i++) {
        registry_add(c, name_of(a, i), S("T"));
        CHECK(!tag(c, name_of(a, i), S("team"), i % 2 ? S("blue") : S("red")));
        if (i < 3) CHECK(!tag(c, name_of(a, i), arena_format(a, "k%d", i), S("")));
    }
    CHECK(!tag(c, name_of(a, 5), S("team"), wide));
    u32 n = registry_tag_names(c, &position, got, 8);
    CHECK_STR(joined(a, got, n), S("k0,k1,k2,team,"));
    CHECK(!position.p);
    n = registry_tag_names(c, &position, got, 3);
    CHECK_STR(joined(a, got, n), S("k0,k1,k2,"));
    CHECK(position.p);
    n = registry_tag_names(c, &position, got, 3);
    CHECK_STR(joined(a, got, n), S("team,"));
    CHECK(!position.p);
    n = registry_tag_values(c, S("team"), &position, got, 2);
    CHECK_STR(joined(a, got, n), S("blue,red,"));
    n = registry_tag_values(c, S("team"), &position, got, 2);
    CHECK_INT(n, 1);
    CHECK_STR(got[0], wide); /* whole, though the index has its digest */
    CHECK(!position.p);
    CHECK_INT(registry_tag_values(c, S("tea"), &position, got, 2), 0);
    return NULL;
}

static void names_and_values_come_once_each(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, names_and_values));
    probe_close(&p);
}

static err marks(void *context, struct txn *t) {
    struct call *c = call_of(context, t, S(MINE), S("us-east-1")), *other = call_of(context, t, S("111111111111"), S("eu-west-1"));
    int pages;
    registry_add(c, name_of(c->arena, 1), S("T"));
    CHECK(!registry_ever_tagged(c, name_of(c->arena, 1)));
    CHECK(!tag(other, name_of(c->arena, 1), S("team"), S("blue"))); /* by somebody else, from somewhere else: it is where it is */
    CHECK_STR(found(c, S("team"), S("blue"), 9, &pages), S("q01"));
    CHECK_STR(found(other, S("team"), (str){0}, 9, &pages), S(""));
    tags_remove(other, name_of(c->arena, 1), (str[]){S("team")}, 1);
    CHECK_STR(found(c, S("team"), (str){0}, 9, &pages), S(""));
    CHECK(registry_ever_tagged(c, name_of(c->arena, 1)));
    CHECK_STR(found(c, S(""), (str){0}, 9, &pages), S("q01"));
    registry_remove(c, name_of(c->arena, 1));
    CHECK(!registry_ever_tagged(c, name_of(c->arena, 1)));
    CHECK_STR(found(c, S(""), (str){0}, 9, &pages), S(""));
    return NULL;
}

static void what_was_tagged_is_known_until_it_goes(void) {
    struct probe p;
    probe_open(&p);
    CHECK(!probe_write(&p, marks));
    probe_close(&p);
}

UNIT_MAIN(UNIT(a_resource_is_kept_with_its_tags), UNIT(tags_have_aws_limits), UNIT(resources_are_found_by_tag_page_by_page),
          UNIT(names_and_values_come_once_each), UNIT(what_was_tagged_is_known_until_it_goes))
