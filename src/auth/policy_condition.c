/* Conditions: an operator, a key, values. Sources: the IAM user guide, "Condition operators" and "Set
 * operators for multivalued context keys". */
#include "policy_form.h"

#include "base/encode.h"

#include <arpa/inet.h>

enum operand { OPERAND_STRING, OPERAND_NUMBER, OPERAND_DATE, OPERAND_BOOLEAN, OPERAND_BYTES, OPERAND_ADDRESS, OPERAND_ARN,
               OPERAND_ABSENCE };
enum order { ORDER_EQUAL, ORDER_LESS, ORDER_LESS_EQUAL, ORDER_GREATER, ORDER_GREATER_EQUAL };

struct condition_operator {
    const char *name;
    u8 operand; /* enum operand */
    u8 order;   /* enum order, of numbers and dates */
    bool negated;
    u8 pattern; /* flags, of strings */
};

static const struct condition_operator operators[] = {
    {"StringEquals", OPERAND_STRING, 0, false, 0},
    {"StringNotEquals", OPERAND_STRING, 0, true, 0},
    {"StringEqualsIgnoreCase", OPERAND_STRING, 0, false, PATTERN_FOLD},
    {"StringNotEqualsIgnoreCase", OPERAND_STRING, 0, true, PATTERN_FOLD},
    {"StringLike", OPERAND_STRING, 0, false, PATTERN_WILD},
    {"StringNotLike", OPERAND_STRING, 0, true, PATTERN_WILD},
    {"NumericEquals", OPERAND_NUMBER, ORDER_EQUAL, false, 0},
    {"NumericNotEquals", OPERAND_NUMBER, ORDER_EQUAL, true, 0},
    {"NumericLessThan", OPERAND_NUMBER, ORDER_LESS, false, 0},
    {"NumericLessThanEquals", OPERAND_NUMBER, ORDER_LESS_EQUAL, false, 0},
    {"NumericGreaterThan", OPERAND_NUMBER, ORDER_GREATER, false, 0},
    {"NumericGreaterThanEquals", OPERAND_NUMBER, ORDER_GREATER_EQUAL, false, 0},
    {"DateEquals", OPERAND_DATE, ORDER_EQUAL, false, 0},
    {"DateNotEquals", OPERAND_DATE, ORDER_EQUAL, true, 0},
    {"DateLessThan", OPERAND_DATE, ORDER_LESS, false, 0},
    {"DateLessThanEquals", OPERAND_DATE, ORDER_LESS_EQUAL, false, 0},
    {"DateGreaterThan", OPERAND_DATE, ORDER_GREATER, false, 0},
    {"DateGreaterThanEquals", OPERAND_DATE, ORDER_GREATER_EQUAL, false, 0},
    {"Bool", OPERAND_BOOLEAN, 0, false, 0},
    {"BinaryEquals", OPERAND_BYTES, 0, false, 0},
    {"IpAddress", OPERAND_ADDRESS, 0, false, 0},
    {"NotIpAddress", OPERAND_ADDRESS, 0, true, 0},
    {"ArnEquals", OPERAND_ARN, 0, false, PATTERN_WILD}, /* ArnEquals and ArnLike behave identically */
    {"ArnLike", OPERAND_ARN, 0, false, PATTERN_WILD},
    {"ArnNotEquals", OPERAND_ARN, 0, true, PATTERN_WILD},
    {"ArnNotLike", OPERAND_ARN, 0, true, PATTERN_WILD},
    {"Null", OPERAND_ABSENCE, 0, false, 0},
};

/* "ForAnyValue:StringLikeIfExists" taken apart. */
static bool read_operator(str name, struct condition *c) {
    c->set = CONDITION_PLAIN;
    if (str_starts(name, S("ForAllValues:"))) c->set = CONDITION_FOR_ALL;
    if (str_starts(name, S("ForAnyValue:"))) c->set = CONDITION_FOR_ANY;
    if (c->set) name = str_skip(name, str_find_char(name, ':') + 1);
    c->if_exists = str_ends(name, S("IfExists"));
    if (c->if_exists) name.n -= sizeof "IfExists" - 1;
    for (size_t i = 0; i < LENGTH(operators); i++)
        if (str_eq(name, str_of(operators[i].name))) {
            c->operator = &operators[i];
            return operators[i].operand != OPERAND_ABSENCE || (!c->if_exists && !c->set);
        }
    return false;
}

bool condition_operator_known(str name) {
    struct condition c = {0};
    return read_operator(name, &c);
}

/* ---- dates ---- */

/* Up to `most` digits from the front; false without one. */
static bool take_digits(str *s, size_t least, size_t most, i64 *value) {
    size_t n = 0;
    for (*value = 0; n < most && n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) *value = *value * 10 + (s->p[n] - '0');
    *s = str_skip(*s, n);
    return n >= least;
}
static bool take_char(str *s, char c) {
    if (!s->n || (s->p[0] | 32) != (c | 32)) return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool take_time(str *s, i64 *ms) {
    i64 hour = 0, minute = 0, second = 0, fraction = 0;
    *ms = 0;
    if (!s->n || !take_digits(s, 1, 2, &hour)) return s->n == 0; /* nothing behind the T: midnight */
    if (take_char(s, ':') && !take_digits(s, 1, 2, &minute)) return false;
    if (take_char(s, ':') && !take_digits(s, 1, 2, &second)) return false;
    if (s->n && s->p[0] == '.') {
        *s = str_skip(*s, 1);
        str digits = *s;
        if (!take_digits(s, 1, 9, &fraction)) return false;
        for (size_t n = digits.n - s->n; n < 9; n++) fraction *= 10;
    }
    if (hour > 24 || minute > 59 || second > 60) return false;
    *ms = ((hour * 60 + minute) * 60 + second) * 1000 + fraction / 1000000;
    return true;
}

static bool take_zone(str *s, i64 *ms) {
    i64 hours, minutes = 0;
    *ms = 0;
    if (!s->n || take_char(s, 'Z')) return s->n == 0;
    int sign = s->p[0] == '+' ? 1 : s->p[0] == '-' ? -1 : 0;
    *s = str_skip(*s, 1);
    if (!sign || !take_digits(s, 2, 2, &hours)) return false;
    if (take_char(s, ':') || s->n)
        if (!take_digits(s, 2, 2, &minutes)) return false;
    *ms = sign * (hours * 60 + minutes) * 60000;
    return s->n == 0 && hours < 24 && minutes < 60;
}

bool condition_date(str text, i64 *ms) {
    i64 seconds, year, month = 1, day = 1, time = 0, zone = 0;
    if (str_to_i64(text, &seconds) && text.n != 4) { /* four digits are a year */
        if (seconds > INT64_MAX / 1000 || seconds < INT64_MIN / 1000) return false;
        *ms = seconds * 1000;
        return true;
    }
    if (!take_digits(&text, 1, 9, &year)) return false;
    if (take_char(&text, '-') && !take_digits(&text, 1, 2, &month)) return false;
    if (take_char(&text, '-') && !take_digits(&text, 1, 2, &day)) return false;
    if (take_char(&text, 'T') && !take_time(&text, &time)) return false;
    if (!take_zone(&text, &zone) || month < 1 || month > 12 || day < 1 || day > 31) return false;
    struct civil_time t = {.year = year, .month = (int)month, .day = (int)day};
    *ms = civil_to_ms(&t) + time - zone;
    return true;
}

/* ---- values ---- */

static bool read_number(str text, struct condition_value *v) {
    v->whole = str_to_i64(text, &v->integer);
    if (v->whole) v->number = (double)v->integer;
    return v->whole || str_to_f64(text, &v->number);
}

static bool read_truth(str text, bool *truth) {
    *truth = str_eq_nocase(text, S("true"));
    return *truth || str_eq_nocase(text, S("false"));
}

/* "203.0.113.0/24", "2001:db8::/32", or one address. An IPv4 address inside IPv6 is that IPv4 address. */
static bool read_address(str text, struct condition_value *v) {
    static const u8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    str rest = text;
    str host = str_cut(&rest, '/');
    char copy[INET6_ADDRSTRLEN];
    if (host.n >= sizeof copy) return false;
    memcpy(copy, host.p, host.n);
    copy[host.n] = 0;
    v->address_family = 4;
    if (inet_pton(AF_INET, copy, v->address) != 1) {
        if (inet_pton(AF_INET6, copy, v->address) != 1) return false;
        v->address_family = 6;
    }
    u64 bits = v->address_family == 4 ? 32 : 128;
    v->address_bits = (u8)bits;
    if (rest.p) {
        u64 given;
        if (!str_to_u64(rest, &given) || given > bits) return false;
        v->address_bits = (u8)given;
    }
    if (v->address_family == 6 && v->address_bits >= 96 && memcmp(v->address, mapped, sizeof mapped) == 0) {
        memmove(v->address, v->address + 12, 4);
        v->address_family = 4;
        v->address_bits = (u8)(v->address_bits - 96);
    }
    return true;
}

static bool address_within(const struct condition_value *network, const struct condition_value *host) {
    if (network->address_family != host->address_family || host->address_bits < network->address_bits) return false;
    int whole = network->address_bits / 8, left = network->address_bits % 8;
    if (memcmp(network->address, host->address, (size_t)whole) != 0) return false;
    return !left || (network->address[whole] ^ host->address[whole]) >> (8 - left) == 0;
}

static bool read_value(struct arena *a, const struct condition_operator *o, str text, bool variables, struct condition_value *v) {
    switch ((enum operand)o->operand) {
    case OPERAND_STRING:
    case OPERAND_ARN: v->pattern = policy_pattern_compile(a, text, o->pattern | (variables ? PATTERN_VARIABLES : 0u)); return true;
    case OPERAND_NUMBER: return read_number(text, v);
    case OPERAND_DATE: return condition_date(text, &v->integer);
    case OPERAND_BOOLEAN:
    case OPERAND_ABSENCE: return read_truth(text, &v->truth);
    case OPERAND_BYTES: return base64_decode(a, text, &v->bytes);
    case OPERAND_ADDRESS: return read_address(text, v);
    }
    return false;
}

bool condition_compile(struct arena *a, str operator_name, str key, const str *values, u32 n, bool variables, struct condition *c,
                       bool *legacy) {
    *c = (struct condition){.key = pattern_key(a, key), .n = n};
    if (!read_operator(operator_name, c)) return false;
    struct condition_value *compiled = NEW_ARRAY(a, struct condition_value, n);
    for (u32 i = 0; i < n; i++) {
        compiled[i].valid = read_value(a, c->operator, values[i], variables, &compiled[i]);
        *legacy |= !compiled[i].valid && c->operator->operand == OPERAND_DATE;
    }
    c->values = compiled;
    return true;
}

/* ---- does it hold? ---- */

static bool ordered(enum order order, int comparison) {
    switch (order) {
    case ORDER_EQUAL: return comparison == 0;
    case ORDER_LESS: return comparison < 0;
    case ORDER_LESS_EQUAL: return comparison <= 0;
    case ORDER_GREATER: return comparison > 0;
    case ORDER_GREATER_EQUAL: return comparison >= 0;
    }
    return false;
}

/* `asked`: the request's value, read once as the operator's kind. */
static bool value_matches(const struct condition_operator *o, const struct condition_value *v, str text, const struct condition_value *asked,
                          const struct policy_request *r) {
    if (!v->valid) return false;
    switch ((enum operand)o->operand) {
    case OPERAND_STRING: return policy_pattern_matches(&v->pattern, text, r);
    case OPERAND_ARN: return policy_pattern_matches_arn(&v->pattern, text, r);
    case OPERAND_NUMBER:
        if (asked->whole && v->whole) return ordered(o->order, (asked->integer > v->integer) - (asked->integer < v->integer));
        return ordered(o->order, (asked->number > v->number) - (asked->number < v->number));
    case OPERAND_DATE: return ordered(o->order, (asked->integer > v->integer) - (asked->integer < v->integer));
    case OPERAND_BOOLEAN: return asked->truth == v->truth;
    case OPERAND_BYTES: return str_eq(text, v->bytes);
    case OPERAND_ADDRESS: return address_within(v, asked);
    case OPERAND_ABSENCE: break;
    }
    return false;
}

/* Does any of the condition's values fit this one of the request? */
static bool any_matches(const struct condition *c, str text, const struct policy_request *r) {
    const struct condition_operator *o = c->operator;
    struct condition_value asked = {.valid = true};
    bool plain = o->operand == OPERAND_STRING || o->operand == OPERAND_ARN || o->operand == OPERAND_BYTES;
    if (!plain && !read_value(r->arena, o, text, false, &asked)) return false;
    for (u32 i = 0; i < c->n; i++)
        if (value_matches(o, &c->values[i], text, &asked, r)) return true;
    return false;
}

static bool absence_holds(const struct condition *c, bool absent) {
    for (u32 i = 0; i < c->n; i++)
        if (c->values[i].valid && c->values[i].truth == absent) return true;
    return false;
}

bool condition_holds(const struct condition *c, const struct policy_request *r) {
    struct policy_values have = r->values ? r->values(r->context, c->key) : (struct policy_values){0};
    bool negated = c->operator->negated;
    if (c->operator->operand == OPERAND_ABSENCE) return absence_holds(c, !have.v);
    if (!have.v && c->if_exists) return true;
    for (u32 i = 0; have.v && i < have.n; i++) {
        bool matches = any_matches(c, have.v[i], r) != negated;
        if (c->set == CONDITION_FOR_ALL && !matches) return false;
        if (c->set == CONDITION_FOR_ANY && matches) return true;
        if (c->set == CONDITION_PLAIN && matches != negated) return matches;
    }
    /* Nothing, or nothing that decided: an absent key is never equal, and never in any set. */
    return c->set == CONDITION_FOR_ALL || (c->set == CONDITION_PLAIN && negated);
}

/* IPv4 in 8 bits and more, IPv6 in 32: less is as good as everybody. */
static bool value_fixed(const struct condition_operator *o, const struct condition_value *v) {
    if (!v->valid) return false;
    if (o->operand == OPERAND_ADDRESS) return v->address_bits >= (v->address_family == 4 ? 8 : 32);
    return (o->operand == OPERAND_STRING || o->operand == OPERAND_ARN) && v->pattern.shape == PATTERN_LITERAL;
}

bool condition_fixed(const struct condition *c) {
    if (c->operator->negated || c->if_exists || c->set == CONDITION_FOR_ALL || !c->n) return false;
    for (u32 i = 0; i < c->n; i++)
        if (!value_fixed(c->operator, &c->values[i])) return false;
    return true;
}
