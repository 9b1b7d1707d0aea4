#include "crypto/password.h"

#include "unit.h"

/* RFC 6238, appendix B: the vectors have eight digits, of which the last six are ours. */
static void codes_of_the_rfc(void) {
    static const struct {
        u64 seconds;
        u32 code;
    } vectors[] = {{59, 287082}, {1111111109, 81804}, {1111111111, 50471}, {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
    for (size_t i = 0; i < LENGTH(vectors); i++) CHECK(totp_code(S("12345678901234567890"), vectors[i].seconds / 30) == vectors[i].code);
}

static void passwords_match_themselves_alone(void) {
    struct arena a = {0};
    str one = password_hash(&a, S("correct horse")), two = password_hash(&a, S("correct horse"));
    CHECK(one.n == PASSWORD_HASH && !str_eq(one, two)); /* salted */
    CHECK(password_matches(one, S("correct horse")) && password_matches(two, S("correct horse")));
    CHECK(!password_matches(one, S("correct hors")) && !password_matches(str_take(one, 40), S("correct horse")));
    arena_free(&a);
}

UNIT_MAIN(UNIT(codes_of_the_rfc), UNIT(passwords_match_themselves_alone))
