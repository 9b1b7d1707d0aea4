/* Numbers: limits and spellings of the developer guide ("Number"), exact sums, order of keys. */
#include "services/dynamodb/number.h"
#include "unit.h"

static struct arena arena;

static struct number parsed(const char *text) {
    struct number n;
    CHECK_INT(number_parse(str_of(text), &n), NUMBER_FINE);
    return n;
}

static str printed(const char *text) {
    struct number n = parsed(text);
    return number_text(&arena, &n);
}

static void spellings(void) {
    static const char *const rows[][2] = {
        {"0", "0"}, {"-0", "0"}, {"0.000", "0"}, {"0e1000", "0"}, {"+3", "3"}, {"0001.2300", "1.23"}, {".123", "0.123"},
        {"5.", "5"}, {"-17e5", "-1700000"}, {"-17.4E37", "-174000000000000000000000000000000000000"}, {"1e+5", "100000"},
        {"1e-3", "0.001"}, {"100", "100"}, {"-7.1234", "-7.1234"}, {"12.50e1", "125"},
        {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
        {"0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"},
        {"1234567890123456789012345678901234567.8", "1234567890123456789012345678901234567.8"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) CHECK_STR(printed(rows[i][0]), str_of(rows[i][1]));
    struct number least = parsed("1e-130"), most = parsed("9.9999999999999999999999999999999999999E+125");
    CHECK_INT(number_text(&arena, &least).n, 132);
    CHECK_INT(number_text(&arena, &most).n, 126);
}

static void refusals(void) {
    static const struct {
        const char *text;
        enum number_fault fault;
    } rows[] = {
        {"", NUMBER_NOT_ONE}, {"-", NUMBER_NOT_ONE}, {".", NUMBER_NOT_ONE}, {"1e", NUMBER_NOT_ONE}, {"1e+", NUMBER_NOT_ONE},
        {" 1", NUMBER_NOT_ONE}, {"1 ", NUMBER_NOT_ONE}, {"NaN", NUMBER_NOT_ONE}, {"-Infinity", NUMBER_NOT_ONE},
        {"1.2.3", NUMBER_NOT_ONE}, {"0x10", NUMBER_NOT_ONE}, {"1e5.0", NUMBER_NOT_ONE}, {"--1", NUMBER_NOT_ONE},
        {"1e126", NUMBER_TOO_LARGE}, {"10e125", NUMBER_TOO_LARGE}, {"-1e126", NUMBER_TOO_LARGE}, {"1e100000000000000", NUMBER_TOO_LARGE},
        {"1e-131", NUMBER_TOO_SMALL}, {"-9.9e-131", NUMBER_TOO_SMALL}, {"1e-100000000000000", NUMBER_TOO_SMALL},
        {"123456789012345678901234567890123456789", NUMBER_TOO_LONG}, {"1.00000000000000000000000000000000000001", NUMBER_TOO_LONG},
        {"100000000000000000000000000000000000000000000000001", NUMBER_TOO_LONG},
        {"1000000000000000000000000000000000000000000000000000", NUMBER_FINE},
        {"1.5e-130", NUMBER_FINE}, {"9e125", NUMBER_FINE},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct number n;
        CHECK_INT(number_parse(str_of(rows[i].text), &n), rows[i].fault);
    }
}

static void messages(void) {
    struct call c = {.arena = &arena};
    CHECK(number_fail(&c, NUMBER_NOT_ONE, S("dog")) == &dynamodb_validation_exception);
    CHECK_STR(c.error_message, S("The parameter cannot be converted to a numeric value: dog"));
    CHECK(number_fail(&c, NUMBER_NOT_ONE, S("")));
    CHECK_STR(c.error_message, S("The parameter cannot be converted to a numeric value"));
    CHECK(number_fail(&c, NUMBER_TOO_LONG, S("")));
    CHECK_STR(c.error_message, S("Attempting to store more than 38 significant digits in a Number"));
}

static void sums(void) {
    static const char *const rows[][3] = {
        {"1", "2", "3"}, {"0", "-5", "-5"}, {"5", "-5", "0"}, {"0.1", "0.2", "0.3"}, {"1e20", "1e-10", "100000000000000000000.0000000001"},
        {"99999999999999999999999999999999999999", "1", "100000000000000000000000000000000000000"},
        {"100000000000000000000000000000000000000", "-1", "99999999999999999999999999999999999999"},
        {"-1e125", "1e125", "0"}, {"99999999999999999999999999999999999998", "1", "99999999999999999999999999999999999999"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct number x = parsed(rows[i][0]), y = parsed(rows[i][1]), sum = {0};
        CHECK_INT(number_add(&x, &y, &sum), NUMBER_FINE);
        CHECK_STR(number_text(&arena, &sum), str_of(rows[i][2]));
        CHECK_INT(number_subtract(&sum, &y, &sum), NUMBER_FINE);
        CHECK_INT(number_compare(&sum, &x), 0);
    }
    static const char *const faults[][2] = {{"9e125", "9e125"}, {"1e50", "1"}, {"1e125", "1e-130"}, {"99999999999999999999999999999999999999", "0.1"}};
    for (size_t i = 0; i < LENGTH(faults); i++) {
        struct number x = parsed(faults[i][0]), y = parsed(faults[i][1]), sum;
        CHECK_INT(number_add(&x, &y, &sum), NUMBER_TOO_LARGE);
        CHECK_INT(number_add(&y, &x, &sum), NUMBER_TOO_LARGE);
    }
}

static void keys_have_the_order_of_numbers(void) {
    static const char *const rising[] = {
        "-9.9999999999999999999999999999999999999e125", "-1e125", "-1000", "-100.5", "-100", "-99.99", "-99", "-12.5", "-12", "-10", "-9.5", "-1",
        "-0.1", "-0.01", "-1e-129", "-1e-130", "0", "1e-130", "1.5e-130", "1e-129", "0.01", "0.1", "0.5", "1", "1.5", "9", "10", "12",
        "12.00000000000000000000000000000000001", "12.5", "99", "100", "100.5", "1000", "1e50", "1e125", "9.9e125"};
    u8 last[NUMBER_KEY_MAX];
    size_t last_n = 0;
    for (size_t i = 0; i < LENGTH(rising); i++) {
        struct number n = parsed(rising[i]), back;
        u8 key[NUMBER_KEY_MAX];
        str bytes = {(const char *)key, number_key(&n, key)};
        CHECK(number_of_key(bytes, &back));
        CHECK_INT(number_compare(&n, &back), 0);
        if (i) CHECK(str_cmp((str){(const char *)last, last_n}, bytes) < 0);
        memcpy(last, key, last_n = bytes.n);
        struct number before = parsed(rising[i ? i - 1 : 0]);
        CHECK_INT(number_compare(&before, &n), i ? -1 : 0);
        CHECK_INT(number_compare(&n, &before), i ? 1 : 0);
    }
}

static void sizes(void) {
    static const struct {
        const char *text;
        u32 size;
    } rows[] = {{"0", 1}, {"1", 2}, {"42", 2}, {"4.2", 3}, {"123", 3}, {"12.3", 3}, {"-1", 3}, {"-42", 3}, {"1000", 2}, {"1e125", 2},
                {"12345678901234567890123456789012345678", 20}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct number n = parsed(rows[i].text);
        CHECK_INT(number_size(&n), rows[i].size);
    }
}

UNIT_MAIN(UNIT(spellings), UNIT(refusals), UNIT(messages), UNIT(sums), UNIT(keys_have_the_order_of_numbers), UNIT(sizes))
