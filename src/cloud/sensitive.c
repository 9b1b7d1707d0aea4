#include "sensitive.h"

#include "text/json.h"
#include "text/regex.h"

struct managed {
    const char *name, *pattern;
    bool (*check)(str text); /* NULL: the pattern says all */
};

/* ---- checks: each over the digits (or letters and digits) of a finding, whatever stands between them ---- */

enum { SIGNS_MAX = 40 };
struct signs {
    u8 v[SIGNS_MAX]; /* 0 to 9, and 10 to 35 for A to Z */
    u32 n;
};

static struct signs signs_of(str text) {
    struct signs s = {.n = 0};
    for (size_t i = 0; i < text.n && s.n < SIGNS_MAX; i++) {
        char c = text.p[i];
        if (c >= '0' && c <= '9') s.v[s.n++] = (u8)(c - '0');
        else if (c >= 'A' && c <= 'Z') s.v[s.n++] = (u8)(c - 'A' + 10);
    }
    return s;
}

/* Card numbers (Luhn). */
static bool is_card(str text) {
    struct signs s = signs_of(text);
    u32 sum = 0;
    for (u32 i = 0; i < s.n; i++) {
        u32 digit = s.v[s.n - 1 - i], twice = 2 * digit;
        sum += i % 2 ? twice % 10 + twice / 10 : digit;
    }
    return sum % 10 == 0;
}

/* International bank account numbers: 1 modulo 97, with the country and its two digits at the end. */
static bool is_iban(str text) {
    struct signs s = signs_of(text);
    u32 rest = 0;
    for (u32 i = 0; i < s.n; i++) {
        u32 sign = s.v[(i + 4) % s.n];
        rest = (rest * (sign > 9 ? 100 : 10) + sign) % 97;
    }
    return rest == 1;
}

/* The last of n digits, by weights that fall to 2: Brazil's way for persons and companies. */
static bool closes(const struct signs *s, u32 n, u32 highest) {
    u32 sum = 0;
    for (u32 i = 0; i < n; i++) sum += s->v[i] * ((n - 1 - i) % (highest - 1) + 2);
    u32 digit = sum % 11 < 2 ? 0 : 11 - sum % 11;
    return s->v[n] == digit;
}

static bool all_equal(const struct signs *s) {
    for (u32 i = 1; i < s->n; i++)
        if (s->v[i] != s->v[0]) return false;
    return true;
}

static bool is_cpf(str text) {
    struct signs s = signs_of(text);
    return s.n == 11 && !all_equal(&s) && closes(&s, 9, 11) && closes(&s, 10, 11);
}

static bool is_cnpj(str text) {
    struct signs s = signs_of(text);
    return s.n == 14 && !all_equal(&s) && closes(&s, 12, 9) && closes(&s, 13, 9);
}

/* Britain's health service: weights 10 to 2, the last digit makes it 0 modulo 11. */
static bool is_nhs(str text) {
    struct signs s = signs_of(text);
    u32 sum = 0;
    for (u32 i = 0; i < 9 && s.n == 10; i++) sum += s.v[i] * (10 - i);
    return s.n == 10 && !all_equal(&s) && (11 - sum % 11) % 11 == s.v[9];
}

/* Spain's identity numbers: a letter by the number modulo 23; X, Y and Z in front stand for 0, 1 and 2. */
static bool is_spanish(str text) {
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    struct signs s = signs_of(text);
    u32 number = 0;
    for (u32 i = 0; i + 1 < s.n; i++) number = number * 10 + (s.v[i] > 9 ? s.v[i] - ('X' - 'A' + 10u) : s.v[i]);
    return s.n == 9 && s.v[8] == (u8)(letters[number % 23] - 'A' + 10);
}

/* Vehicles: the ninth sign checks the others, X stands for 10. */
static bool is_vehicle(str text) {
    static const u8 letters[26] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9};
    static const u8 weights[17] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    struct signs s = signs_of(text);
    u32 sum = 0;
    for (u32 i = 0; i < 17 && s.n == 17; i++) sum += weights[i] * (s.v[i] > 9 ? letters[s.v[i] - 10] : s.v[i]);
    return s.n == 17 && s.v[8] == (sum % 11 == 10 ? 'X' - 'A' + 10 : sum % 11);
}

/* DIFFERS: AWS has more, some of which it tells by learning; a policy that names another is refused. Where AWS asks for words
 * near a number with a check of its own, here the check decides; where the number tells nothing, the words stand up to 30
 * characters in front of it, in English. */
#define ALONE(number) "(?<![A-Za-z0-9])(?:" number ")(?![A-Za-z0-9])"
#define NEAR(words, number) "(?i)(?<![a-z])(?:" words ")(?:[ _-]?(?:number|num|no|id))?(?![a-z])[^\\n]{0,30}?\\K(?-i)" ALONE(number)
#define IBAN(country, signs) "(?<![A-Z0-9])" country "\\d{2}(?: ?[A-Z0-9]){" signs "}(?![A-Z0-9])"
static const struct managed identifiers[] = {
    {"EmailAddress", "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}", NULL},
    {"IpAddress", "(?<![\\d.])(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?![\\d.])", NULL},
    {"CreditCardNumber", "(?<!\\d)(?:\\d[ -]?){12,18}\\d(?!\\d)", is_card},
    {"Ssn-US", "(?<!\\d)(?!000|666|9\\d\\d)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}(?!\\d)", NULL},
    {"PhoneNumber-US", "(?<!\\d)(?:\\+?1[ .-]?)?(?:\\([2-9]\\d{2}\\) ?|[2-9]\\d{2}[ .-])[2-9]\\d{2}[ .-]\\d{4}(?!\\d)", NULL},
    {"AwsSecretKey", "(?<![A-Za-z0-9/+=])[A-Za-z0-9/+=]{40}(?![A-Za-z0-9/+=])", NULL},
    {"OpenSshPrivateKey", "-----BEGIN OPENSSH PRIVATE KEY-----[A-Za-z0-9+/=\\s\\\\]+-----END OPENSSH PRIVATE KEY-----", NULL},
    {"PgpPrivateKey", "-----BEGIN PGP PRIVATE KEY BLOCK-----[^-]+-----END PGP PRIVATE KEY BLOCK-----", NULL},
    {"PkcsPrivateKey", "-----BEGIN (?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----[^-]+-----END (?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----", NULL},
    {"PuttyPrivateKey", "PuTTY-User-Key-File-[23]: [\\s\\S]{1,8000}?Private-MAC: [0-9a-f]+", NULL},
    {"BankAccountNumber-DE", IBAN("DE", "18"), is_iban},
    {"BankAccountNumber-ES", IBAN("ES", "20"), is_iban},
    {"BankAccountNumber-FR", IBAN("FR", "23"), is_iban},
    {"BankAccountNumber-GB", IBAN("GB", "18"), is_iban},
    {"BankAccountNumber-IT", IBAN("IT", "23"), is_iban},
    {"BankAccountNumber-US", NEAR("(?:bank[ _-]?)?(?:account|acct)", "\\d{4,17}"), NULL},
    {"CreditCardExpiration", NEAR("exp(?:iry|ires|iration)?(?:[ _-]?date)?", "(?:0?[1-9]|1[0-2]) ?[/-] ?(?:20)?\\d{2}"), NULL},
    {"CreditCardSecurityCode", NEAR("cvv2?|cvc2?|csc|(?:card[ _-]?)?security[ _-]?code|card[ _-]?verification[ _-]?code", "\\d{3,4}"), NULL},
    {"DriversLicense-US", NEAR("dl ?#?|dln|driv(?:er'?s?|ing)[ _-]?lic(?:en[cs]e)?", "[A-Z]{0,3}\\d[\\d-]{3,15}\\d"), NULL},
    {"PassportNumber-US", NEAR("passport", "[A-Z]\\d{8}|\\d{9}"), NULL},
    {"ZipCode-US", NEAR("zip(?:[ _-]?code)?|postal[ _-]?code", "\\d{5}(?:-\\d{4})?"), NULL},
    {"CpfCode-BR", "(?<!\\d)\\d{3}\\.?\\d{3}\\.?\\d{3}-?\\d{2}(?!\\d)", is_cpf},
    {"Cnpj-BR", "(?<!\\d)\\d{2}\\.?\\d{3}\\.?\\d{3}/?\\d{4}-?\\d{2}(?!\\d)", is_cnpj},
    {"NhsNumber-GB", "(?<!\\d)\\d{3}[ -]?\\d{3}[ -]?\\d{4}(?!\\d)", is_nhs},
    {"NieNumber-ES", "(?<![A-Z0-9])[XYZ]-?\\d{7}-?[A-Z](?![A-Z0-9])", is_spanish},
    {"NifNumber-ES", "(?<![A-Z0-9])\\d{8}-?[A-Z](?![A-Z0-9])", is_spanish},
    {"VehicleIdentificationNumber", "(?<![A-Z0-9])[A-HJ-NPR-Z0-9]{17}(?![A-Z0-9])", is_vehicle},
};

static const struct managed *managed_of(str name) {
    for (size_t i = 0; i < LENGTH(identifiers); i++)
        if (str_eq(name, str_of(identifiers[i].name))) return &identifiers[i];
    return NULL;
}

str sensitive_name(str arn) {
    size_t at = str_find(arn, S(":data-identifier/"));
    if (at == STR_NONE || !str_starts(arn, S("arn:"))) return (str){0};
    str name = str_skip(arn, at + S(":data-identifier/").n);
    return managed_of(name) ? name : (str){0};
}

/* ---- sets ---- */

struct member {
    struct member *next;
    str name;
    struct regex *regex;
    bool (*check)(str text);
};
struct sensitive {
    struct arena *arena;
    struct member *first, **end;
};

struct sensitive *sensitive_new(struct arena *a) {
    struct sensitive *set = NEW(a, struct sensitive);
    *set = (struct sensitive){.arena = a, .end = &set->first};
    return set;
}

bool sensitive_add(struct sensitive *set, str name, str pattern) {
    const struct managed *of = pattern.p ? NULL : managed_of(name);
    struct regex *regex = of || pattern.p ? regex_compile(set->arena, of ? str_of(of->pattern) : pattern, NULL, NULL) : NULL;
    if (!regex) return false;
    struct member *m = NEW(set->arena, struct member);
    *m = (struct member){.name = name, .regex = regex, .check = of ? of->check : NULL};
    *set->end = m;
    set->end = &m->next;
    return true;
}

static bool find(struct member *m, str text, str *hit) {
    while (text.n && regex_capture(m->regex, text, hit, 1) && hit->n) {
        if (!m->check || m->check(*hit)) return true;
        text = str_skip(text, (size_t)(hit->p - text.p) + hit->n);
    }
    return false;
}

bool sensitive_find(struct sensitive *set, str text, str *hit) {
    for (struct member *m = set->first; m; m = m->next)
        if (find(m, text, hit)) return true;
    return false;
}

static bool begins_character(char c) { return ((u8)c & 0xc0) != 0x80; }

static size_t characters(str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) n += begins_character(text.p[i]);
    return n;
}

/* By one after the other: what the first has masked the next does not see. */
str sensitive_masked(struct sensitive *set, struct arena *a, str text, char mask) {
    for (struct member *m = set->first; m; m = m->next) {
        str rest = text, hit;
        if (!find(m, rest, &hit)) continue;
        struct buf b = buf_new(a, text.n + 1);
        do {
            buf_add(&b, str_take(rest, (size_t)(hit.p - rest.p)));
            for (size_t i = 0; mask && i < hit.n; i++)
                if (begins_character(hit.p[i])) buf_char(&b, mask);
            rest = str_skip(rest, (size_t)(hit.p - rest.p) + hit.n);
        } while (find(m, rest, &hit));
        buf_add(&b, rest);
        text = b.n ? buf_str(&b) : S("");
    }
    return text;
}

/* Places are counted in characters, from 1; the last belongs to the finding. */
static void report_places(struct member *m, str text, struct buf *b) {
    size_t at = 0;
    str rest = text, hit;
    while (find(m, rest, &hit)) {
        str before = str_take(rest, (size_t)(hit.p - rest.p));
        size_t start = at + characters(before) + 1;
        at = start - 1 + characters(hit);
        json_write_object(b);
        json_write_key(b, S("start"));
        json_write_i64(b, (i64)start);
        json_write_key(b, S("end"));
        json_write_i64(b, (i64)at);
        json_write_object_end(b);
        rest = str_skip(rest, before.n + hit.n);
    }
}

static i64 count(struct member *m, str text) {
    i64 n = 0;
    str hit;
    for (; find(m, text, &hit); n++) text = str_skip(text, (size_t)(hit.p - text.p) + hit.n);
    return n;
}

bool sensitive_report(struct sensitive *set, str text, struct buf *b) {
    bool any = false;
    json_write_array(b);
    for (struct member *m = set->first; m; m = m->next) {
        i64 n = count(m, text);
        if (!n) continue;
        any = true;
        json_write_object(b);
        json_write_key(b, S("name"));
        json_write_string(b, m->name);
        json_write_key(b, S("count"));
        json_write_i64(b, n);
        json_write_key(b, S("detections"));
        json_write_array(b);
        report_places(m, text, b);
        json_write_array_end(b);
        json_write_object_end(b);
    }
    json_write_array_end(b);
    return any;
}
