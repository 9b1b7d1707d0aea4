/* Names: identifiers, ARNs, accounts, regions. */
#include "cloud/cloud.h"
#include "unit.h"

#include <stdlib.h>

enum { MANY = 20000 };

static int by_text(const void *x, const void *y) { return str_cmp(*(const str *)x, *(const str *)y); }

static void uuids_are_of_version_4_and_differ(void) {
    struct arena a = {0};
    str *ids = NEW_ARRAY(&a, str, MANY);
    bool form = true, distinct = true;
    for (size_t i = 0; i < MANY; i++) {
        ids[i] = id_uuid(&a);
        const char *p = ids[i].p;
        form &= ids[i].n == 36 && p[8] == '-' && p[13] == '-' && p[18] == '-' && p[23] == '-' && p[14] == '4' && strchr("89ab", p[19]);
    }
    qsort(ids, MANY, sizeof *ids, by_text);
    for (size_t i = 1; i < MANY; i++) distinct &= !str_eq(ids[i - 1], ids[i]);
    CHECK(form);
    CHECK(distinct);
    arena_free(&a);
}

static void letters_of_ids_are_those_asked_for_and_evenly(void) {
    struct arena a = {0};
    size_t counts[3] = {0};
    str id = id_from(&a, S("abc"), MANY);
    CHECK_INT(id.n, MANY);
    for (size_t i = 0; i < id.n; i++) {
        ASSERT(id.p[i] >= 'a' && id.p[i] <= 'c');
        counts[id.p[i] - 'a']++;
    }
    for (int i = 0; i < 3; i++) CHECK(counts[i] > MANY / 3 - 700 && counts[i] < MANY / 3 + 700); /* ten deviations */
    str hex = id_hex(&a, 17);
    CHECK_INT(hex.n, 17);
    for (size_t i = 0; i < hex.n; i++) CHECK(strchr("0123456789abcdef", hex.p[i]));
    CHECK(!str_eq(id_hex(&a, 32), id_hex(&a, 32)));
    arena_free(&a);
}

static void arns_are_read_as_they_are_written(void) {
    struct arena a = {0};
    struct arn arn;
    str text = arn_format(&a, S("sns"), S("eu-west-1"), S("123456789012"), S("topic:with:colons"));
    CHECK_STR(text, S("arn:aws:sns:eu-west-1:123456789012:topic:with:colons"));
    CHECK(arn_parse(text, &arn));
    CHECK_STR(arn.partition, S("aws"));
    CHECK_STR(arn.service, S("sns"));
    CHECK_STR(arn.region, S("eu-west-1"));
    CHECK_STR(arn.account, S("123456789012"));
    CHECK_STR(arn.resource, S("topic:with:colons"));
    CHECK(arn_parse(S("arn:aws:s3:::bucket/key"), &arn) && arn.region.n == 0 && arn.account.n == 0);
    CHECK_STR(arn.resource, S("bucket/key"));
    static const char *const wrong[] = {"", "arn", "arn:", "arn:aws:s3", "arn:aws:s3::", "arn:aws:s3:::", "arn::s3:::b", "arn:aws::::b",
                                        "ARN:aws:s3:::b", "xarn:aws:s3:::b"};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        if (arn_parse(str_of(wrong[i]), &arn)) printf("# read: the wrong one at %zu\n", i);
        CHECK(!arn_parse(str_of(wrong[i]), &arn));
    }
    arena_free(&a);
}

static void accounts_have_twelve_digits(void) {
    CHECK(account_valid(S("000000000000")) && account_valid(S("123456789012")));
    CHECK(!account_valid(S("12345678901")) && !account_valid(S("1234567890123")) && !account_valid(S("12345678901a")) && !account_valid(S("")));
}

static void regions_are_those_of_the_partition(void) {
    CHECK(region_known(S("us-east-1")) && region_known(S("mx-central-1")) && region_known(S("ap-southeast-7")));
    static const char *const others[] = {"", "us-east-9", "us-gov-west-1", "cn-north-1", "US-EAST-1", "us-east-1a", "aws-global", "local"};
    for (size_t i = 0; i < LENGTH(others); i++) CHECK(!region_known(str_of(others[i])));
}

UNIT_MAIN(UNIT(uuids_are_of_version_4_and_differ), UNIT(letters_of_ids_are_those_asked_for_and_evenly), UNIT(arns_are_read_as_they_are_written),
          UNIT(accounts_have_twelve_digits), UNIT(regions_are_those_of_the_partition))
