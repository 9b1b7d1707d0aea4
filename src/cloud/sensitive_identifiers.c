/* AWS's managed data identifiers: the form of each, and the check that a number carries in itself. */
#include "sensitive_identifiers.h"

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

static u32 luhn(const struct signs *s) {
    u32 sum = 0;
    for (u32 i = 0; i < s->n; i++) {
        u32 digit = s->v[s->n - 1 - i], twice = 2 * digit;
        sum += i % 2 ? twice % 10 + twice / 10 : digit;
    }
    return sum;
}

/* Card numbers, and Canada's of social insurance. */
static bool is_card(str text) {
    struct signs s = signs_of(text);
    return luhn(&s) % 10 == 0;
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

static u64 number_of(const struct signs *s, u32 from, u32 n) {
    u64 number = 0;
    for (u32 i = from; i < from + n && i < s->n; i++) number = number * 10 + s->v[i];
    return number;
}

/* America's providers of health care: Luhn, with the prefix of such cards in front. */
static bool is_provider(str text) {
    struct signs s = signs_of(text);
    return s.n == 10 && (24 + luhn(&s)) % 10 == 0;
}

/* America's Drug Enforcement Administration: the last of seven digits is that of the odd ones and twice the even ones. */
static bool is_prescriber(str text) {
    struct signs s = signs_of(text);
    return s.n == 9 && (s.v[2] + s.v[4] + s.v[6] + 2 * (s.v[3] + s.v[5] + s.v[7])) % 10 == s.v[8];
}

/* France's number of a person: 97 less its remainder; Corsica's 2A and 2B count as 19 and 18. */
static bool is_insee(str text) {
    struct signs s = signs_of(text);
    if (s.n == 15 && s.v[6] > 9) {
        s.v[6] = s.v[6] == 10 ? 9 : 8;
        s.v[5] = 1;
    }
    return s.n == 15 && 97 - number_of(&s, 0, 13) % 97 == number_of(&s, 13, 2);
}

static bool is_french_tax(str text) {
    struct signs s = signs_of(text);
    return s.n == 13 && number_of(&s, 0, 10) % 511 == number_of(&s, 10, 3);
}

/* ISO 7064, modulo 11 and 10. */
static bool is_german_tax(str text) {
    struct signs s = signs_of(text);
    u32 product = 10;
    for (u32 i = 0; i < 10 && s.n == 11; i++) {
        u32 sum = (s.v[i] + product) % 10;
        product = 2 * (sum ? sum : 10) % 11;
    }
    return s.n == 11 && (11 - product) % 10 == s.v[10];
}

/* Britain's unique taxpayer reference: the first digit checks the others. */
static bool is_british_tax(str text) {
    static const u8 weights[9] = {6, 7, 8, 9, 10, 5, 4, 3, 2};
    struct signs s = signs_of(text);
    u32 sum = 0;
    for (u32 i = 0; i < 9 && s.n == 10; i++) sum += weights[i] * s.v[i + 1];
    return s.n == 10 && s.v[0] == "21987654321"[sum % 11] - '0';
}

/* Spain's social security: the first ten digits modulo 97, without the zero that a short number has in front. */
static bool is_spanish_social(str text) {
    struct signs s = signs_of(text);
    u64 person = number_of(&s, 2, 8), whole = number_of(&s, 0, 2) * (person < 10000000 ? 10000000 : 100000000) + person;
    return s.n == 12 && whole % 97 == number_of(&s, 10, 2);
}

/* Spain's tax numbers: of persons, or of companies, whose sum is Luhn's; a digit or the letter of that place in JABCDEFGHI. */
static bool is_spanish_tax(str text) {
    struct signs s = signs_of(text);
    u32 sum = 0;
    if (s.n != 9 || s.v[0] < 10 || s.v[0] >= 'X' - 'A' + 10) return is_spanish(text);
    for (u32 i = 1; i < 8; i++) sum += i % 2 ? 2 * s.v[i] % 10 + 2 * s.v[i] / 10 : s.v[i];
    u32 digit = (10 - sum % 10) % 10;
    return s.v[8] == digit || s.v[8] == (digit ? digit + 9 : 'J' - 'A' + 10u);
}

/* Italy's codice fiscale: the letter at its end sums up the places, the odd ones by a table. */
static bool is_italian(str text) {
    static const u8 odd[26] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    struct signs s = signs_of(text);
    u32 sum = 0;
    for (u32 i = 0; i < 15 && s.n == 16; i++) {
        u32 value = s.v[i] > 9 ? s.v[i] - 10u : s.v[i];
        sum += i % 2 ? value : odd[value];
    }
    return s.n == 16 && s.v[15] == 10 + sum % 26;
}

static bool is_place(str text) {
    double latitude = 0, longitude = 0;
    size_t comma = str_find(text, S(","));
    return comma != STR_NONE && str_to_f64(str_trim(str_take(text, comma)), &latitude) && str_to_f64(str_trim(str_skip(text, comma + 1)), &longitude) && latitude >= -90 &&
           latitude <= 90 && longitude >= -180 && longitude <= 180;
}

/* DIFFERS: Address and Name, which AWS tells by learning, are not among them. Where AWS asks for words near a number that has a
 * form or check of its own, some here need none; AWS does not publish the forms of licences and passports: these are the countries'
 * own. Words stand up to 30 characters in front of what they announce. */
#define ALONE(number) "(?<![A-Za-z0-9])(?:" number ")(?![A-Za-z0-9])"
#define NEAR(words, number) "(?i)(?<![a-z])(?:" words ")(?:[ _-]?(?:number|num|no|id|nr)\\b)?[.#]?(?![a-z])[^\\n]{0,30}?\\K(?-i)" ALONE(number)
#define IBAN(country, signs) "(?<![A-Z0-9])" country "\\d{2}(?: ?[A-Z0-9]){" signs "}(?![A-Z0-9])"
/* With a country's code, or with a word in front. */
#define PHONE(country, number) "(?<![\\d+])(?:\\+|00)" country "[ .-]?" number "(?!\\d)|" NEAR(PHONE_WORDS, "0?" number)
#define PHONE_WORDS "cel(?:l|ular)?|fone|m[óo]vel|telefone|contact|fax(?:[ _-]?number)?|mobile|(?:tele)?phone(?:[ _-]?number)?|tel"
#define LICENCE_WORDS "dl ?#?|dln|dlno|driv(?:er'?s?|ing)[ _-]?(?:lic(?:en[cs]es?)?|permit)|permis de conduire"
#define FUEHRERSCHEIN "f(?:\u00fc|ue|u)hrerschein(?:[ _-]?(?:nr|nummer))?"
#define PASSPORT "passports?|passeport|reisepass(?:[ _-]?(?:nr|nummer))?|passaporto|pasaporte|travel document"
#define TAX_WORDS "tax[ _-]?(?:id|no|number|reference|identification(?:[ _-]?number)?)|tin|steuer[ _-]?id|(?:steuer)?identifikationsnummer|steuernummer|num\u00e9ro d'identification fiscale|utr|trn|paye|unique tax(?:payer)? reference|cif|nie|nif|n\u00famero de (?:contribuyente|identificaci\u00f3n fiscal)"
#define SOCIAL_WORDS "ssn|social security|insee|s\u00e9curit\u00e9 sociale|assurance sociale|num\u00e9ro d'assurance|carte vitale|carte d'assur\u00e9 social|insurance"
#define INSEE "[12][ .-]?\\d{2}[ .-]?\\d{2}[ .-]?(?:\\d{2}|2[AB])[ .-]?\\d{3}[ .-]?\\d{3}[ .-]?\\d{2}"
#define MONTH "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
#define DATE "(?i:\\d{4}[ /.-]\\d{1,2}[ /.-]\\d{1,2}|\\d{1,2}[ /.-]\\d{1,2}[ /.-](?:\\d{4}|\\d{2})|\\d{1,2}[ -]" MONTH "[ ,-]{1,2}\\d{4}|" MONTH " \\d{1,2},? \\d{4})"
#define MBI "[AC-HJKMNP-RT-Y]"
#define MBI_IN "AC-HJKMNP-RT-Y]"
static const struct managed_identifier identifiers[] = {
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
    {"CepCode-BR", NEAR("cep|c[o\u00f3]digo de endere\u00e7amento postal", "\\d{5}-?\\d{3}"), NULL},
    {"DateOfBirth", NEAR("dob|date of birth|birth ?date|birthday|b-?day", DATE), NULL},
    {"DriversLicense-AT", NEAR(FUEHRERSCHEIN, "\\d{8}"), NULL},
    {"DriversLicense-AU", NEAR(LICENCE_WORDS, "[A-Z]{0,2}\\d{5,9}[A-Z]?"), NULL},
    {"DriversLicense-BE", NEAR(FUEHRERSCHEIN "|rijbewijs(?:nummer)?|(?:num\u00e9ro )?permis (?:de )?conduire", "\\d{10}"), NULL},
    {"DriversLicense-BG", NEAR("\u0441\u0443\u043c\u043f\u0441|\u0448\u043e\u0444\u044c\u043e\u0440\u0441\u043a\u0430 \u043a\u043d\u0438\u0436\u043a\u0430", "\\d{9}"), NULL},
    {"DriversLicense-CA", NEAR(LICENCE_WORDS, "[A-Z]\\d{4}-?\\d{5}-?\\d{5}|[A-Z]\\d{4}-?\\d{6}-?\\d{2}|\\d{6}-\\d{3}|[A-Z]{0,5}\\d{5,9}[A-Z]{0,3}"), NULL},
    {"DriversLicense-CY", NEAR("\u03ac\u03b4\u03b5\u03b9\u03b1 \u03bf\u03b4\u03ae\u03b3\u03b7\u03c3\u03b7\u03c2", "\\d{12}"), NULL},
    {"DriversLicense-CZ", NEAR("\u010d\u00edslo (?:licence|\u0159idi\u010dsk\u00e9ho pr\u016fkazu)|\u0159idi\u010dsk\u00fd pr[\u016f\u00fa]kaz|povolen\u00ed (?:k j\u00edzd\u011b|\u0159idi\u010de)", "E[A-Z] ?\\d{6}"), NULL},
    {"DriversLicense-DE", NEAR(FUEHRERSCHEIN, "[A-Z0-9]\\d{2}[A-Z0-9]{6}\\d[A-Z0-9]"), NULL},
    {"DriversLicense-DK", NEAR("k\u00f8rekort(?:nummer)?", "\\d{8}"), NULL},
    {"DriversLicense-EE", NEAR("juhi ?(?:litsentsi|loa) number|juhiluba(?: number)?", "ET ?\\d{6}"), NULL},
    {"DriversLicense-ES", NEAR("(?:carnet|licencia|permiso) (?:de )?(?:conducer|conducir|conducci\u00f3n|manejo)", "\\d{8}-?[A-Z]"), is_spanish},
    {"DriversLicense-FI", NEAR("ajokort(?:in numero|ti)|k\u00f6rkort(?: nummer)?", "\\d{6}[-+A]\\d{3}[0-9A-Y]"), NULL},
    {"DriversLicense-FR", NEAR("permis de conduire", "\\d{12}|\\d{2}[A-Z]{2}\\d{5}"), NULL},
    {"DriversLicense-GB", NEAR(LICENCE_WORDS, "[A-Z9]{5} ?\\d[0156]\\d[0-3]\\d{2} ?[A-Z9]{2}[0-9A-Z][A-Z]{2}"), NULL},
    {"DriversLicense-GR", NEAR("\u03ac?\u03b4\u03b5\u03b9\u03b1 \u03bf\u03b4\u03ae\u03b3\u03b7\u03c3\u03b7\u03c2|adeia odigisis", "\\d{9}"), NULL},
    {"DriversLicense-HR", NEAR("voza\u010dka dozvola", "\\d{8}"), NULL},
    {"DriversLicense-HU", NEAR("jogos\u00edtv\u00e1ny|jogsi|vezet\u0151i? enged\u00e9ly|licencsz\u00e1m", "[A-Z]{2} ?\\d{6}"), NULL},
    {"DriversLicense-IE", NEAR("cead\u00fanas tiom\u00e1na|" LICENCE_WORDS, "\\d{3} ?\\d{3} ?\\d{3}"), NULL},
    {"DriversLicense-IT", NEAR("patente(?: di)? guida(?: numero)?", "[A-Z][A-Z0-9]\\d{7}[A-Z]"), NULL},
    {"DriversLicense-LT", NEAR("vairuotojo pa\u017eym\u0117jimas", "\\d{8}"), NULL},
    {"DriversLicense-LU", NEAR("fahrerlaubnis|f\u00fchrersch\u00e4in", "\\d{6}"), NULL},
    {"DriversLicense-LV", NEAR("(?:auto)?vad\u012bt\u0101ja (?:apliec\u012bbas?|at\u013cauja|licences)(?: numurs)?", "[A-Z]{2,3} ?\\d{6}"), NULL},
    {"DriversLicense-MT", NEAR("li\u010benzja tas-sewqan", "\\d{2} ?\\d{3} ?\\d{3}"), NULL},
    {"DriversLicense-NL", NEAR("rijbewijs(?:nummer)?|permis de conduire", "\\d{10}"), NULL},
    {"DriversLicense-PL", NEAR("numer licencyjny|prawo jazdy|zezwolenie na prowadzenie", "\\d{5}/\\d{2}/\\d{4}"), NULL},
    {"DriversLicense-PT", NEAR("(?:carta|permiss\u00e3o|licen\u00e7a)(?: de)? condu\u00e7\u00e3o|carteira(?: de)? (?:habilita\u00e7\u00e3o|motorist)|n\u00famero(?: de)? licen\u00e7a", "[A-Z]{1,2}-?\\d{5,6} ?\\d?"), NULL},
    {"DriversLicense-RO", NEAR("(?:num\u0103rul )?permis(?:ului)? de conducere", "[A-Z]\\d{8}[A-Z]?|\\d{9}"), NULL},
    {"DriversLicense-SE", NEAR("k\u00f6rkort(?:snummer| nummer)?|f\u00f6rare lic|ajokortti", "(?:19|20)?\\d{6}-?\\d{4}"), NULL},
    {"DriversLicense-SI", NEAR("vozni\u0161ko dovoljenje", "\\d{9}"), NULL},
    {"DriversLicense-SK", NEAR("vodi\u010dsk\u00fd preukaz|\u010d\u00edslo (?:licencie|vodi\u010dsk\u00e9ho preukazu)|povolenie (?:na jazdu|jazdu|vodi\u010da)", "[A-Z]\\d{7}"), NULL},
    {"DrugEnforcementAgencyNumber-US", ALONE("[A-Z][A-Z9]\\d{7}"), is_prescriber},
    {"ElectoralRollNumber-GB", NEAR("electoral ?(?:roll)? ?(?:#|no|number)", "[A-Z]{2}\\d{1,4}"), NULL},
    {"HealthInsuranceCardNumber-EU", NEAR("ehic|health (?:insurance )?card|health insurance|insurance card|gesundheitskarte|krankenversicherungs(?:karte|nummer)|versicherungsnummer|tessera sanitaria|tarjeta (?:de salud|sanitaria)|carte (?:europ\u00e9enne )?d'assurance maladie|ceam", "80 ?\\d{3}(?: ?\\d){15}"), NULL},
    {"HealthInsuranceClaimNumber-US", NEAR("health insurance claim|hic|hicn|hicno", "\\d{3}-?\\d{2}-?\\d{4}-?[A-Z]\\d?"), NULL},
    {"HealthInsuranceNumber-FR", NEAR(SOCIAL_WORDS, INSEE), is_insee},
    {"HealthcareProcedureCode-US", NEAR("current procedural terminology|hcpcs|healthcare common procedure coding system", "[A-V]\\d{4}"), NULL},
    {"IndividualTaxIdentificationNumber-US", NEAR("individual taxpayer identification|itin|i\\.t\\.i\\.n\\.", "9\\d{2}[ -]?(?:5\\d|6[0-5]|7\\d|8[0-8]|9[0-24-9])[ -]?\\d{4}"), NULL},
    {"InseeCode-FR", NEAR(SOCIAL_WORDS, INSEE), is_insee},
    {"LatLong", NEAR("coordinates?|lat[ _-]?long|latitude[ _-]?longitude|location|position", "-?\\d{1,2}\\.\\d+, ?-?\\d{1,3}\\.\\d+"), is_place},
    {"MedicareBeneficiaryNumber-US", NEAR("mbi|medicare beneficiary", "[1-9]" MBI "[0-9" MBI_IN "\\d-?" MBI "[0-9" MBI_IN "\\d-?" MBI "{2}\\d{2}"), NULL},
    {"NationalDrugCode-US", NEAR("national drug code|ndc", "\\d{4}-\\d{4}-\\d{2}|\\d{5}-\\d{3}-\\d{2}|\\d{5}-\\d{4}-\\d{1,2}"), NULL},
    {"NationalIdentificationNumber-DE", NEAR("ausweisnummer|(?:identification|identity|id) number|personal id|personalausweis", "[LMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\\d?|T\\d{8}"), NULL},
    {"NationalIdentificationNumber-ES", NEAR("dni|documento nacional de identidad|identidad \u00fanico|n\u00famero nacional identidad|(?:national|personal) (?:identification|identity)|national ?id|unique ?id(?:entity)?", "\\d{8}-?[A-Z]"), is_spanish},
    {"NationalIdentificationNumber-IT", ALONE("[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"), is_italian},
    {"NationalInsuranceNumber-GB", NEAR("(?:national)? ?insurance|nin|nino", "(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\\d{2} ?\\d{2} ?\\d{2} ?[A-D]"), NULL},
    {"NationalProviderId-US", NEAR("hipaa|n\\.p\\.i\\.|npi|national provider", "[12]\\d{9}"), is_provider},
    {"PassportNumber-CA", NEAR(PASSPORT, "[A-Z]{2}\\d{6}|[A-Z]\\d{6}[A-Z]{2}"), NULL},
    {"PassportNumber-DE", NEAR(PASSPORT, "[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}\\d?"), NULL},
    {"PassportNumber-ES", NEAR(PASSPORT, "[A-Z]{2,3}\\d{6}[A-Z]?"), NULL},
    {"PassportNumber-FR", NEAR(PASSPORT, "\\d{2}[A-Z]{2}\\d{5}"), NULL},
    {"PassportNumber-GB", NEAR(PASSPORT, "\\d{9}"), NULL},
    {"PassportNumber-IT", NEAR(PASSPORT, "[A-Z]{2}\\d{7}"), NULL},
    {"PermanentResidenceNumber-CA", NEAR("permanent resident(?: card)?|pr (?:no|non|number)|r\u00e9sident permanent", "[A-Z]{2}\\d{7,10}"), NULL},
    {"PersonalHealthNumber-CA", NEAR("canada healthcare|msp|personal healthcare|phn|soins de sant\u00e9", "\\d{3,4}[ -]?\\d{3}[ -]?\\d{3}"), NULL},
    {"PhoneNumber-BR", PHONE("55", "\\(?\\d{2}\\)?[ .-]?9?\\d{4}[ .-]?\\d{4}"), NULL},
    {"PhoneNumber-DE", PHONE("49", "\\(?[1-9]\\d{1,4}\\)?[ ./-]?\\d{3,8}(?:[ -]?\\d{1,4})?"), NULL},
    {"PhoneNumber-ES", PHONE("34", "[6-9]\\d{2}[ .-]?\\d{2,3}[ .-]?\\d{2,3}(?:[ .-]?\\d{2})?"), NULL},
    {"PhoneNumber-FR", PHONE("33", "[1-9](?:[ .-]?\\d{2}){4}"), NULL},
    {"PhoneNumber-GB", PHONE("44", "[1-9]\\d{1,4}[ -]?\\d{3,4}[ -]?\\d{3,4}"), NULL},
    {"PhoneNumber-IT", PHONE("39", "\\d{2,4}[ .-]?\\d{3,4}[ .-]?\\d{3,4}"), NULL},
    {"PostalCode-CA", ALONE("[ABCEGHJ-NPRSTVXY]\\d[ABCEGHJ-NPRSTV-Z][ -]?\\d[ABCEGHJ-NPRSTV-Z]\\d"), NULL},
    {"RgNumber-BR", NEAR("registro geral|rg", "\\d{1,2}\\.?\\d{3}\\.?\\d{3}-?[0-9X]"), NULL},
    {"SocialInsuranceNumber-CA", NEAR("canadian id|num\u00e9ro d'assurance sociale|social insurance|sin", "\\d{3}[ -]?\\d{3}[ -]?\\d{3}"), is_card},
    {"Ssn-ES", NEAR("ssn|social security|socialsecurityno|seguridad social", "\\d{2}[ /-]?\\d{8}[ /-]?\\d{2}"), is_spanish_social},
    {"TaxId-DE", NEAR(TAX_WORDS, "[1-9]\\d ?\\d{3} ?\\d{3} ?\\d{3}"), is_german_tax},
    {"TaxId-ES", NEAR(TAX_WORDS, "[A-HJNP-SUVW]\\d{7}[0-9A-J]|[KLMXYZ]?\\d{7,8}[A-Z]"), is_spanish_tax},
    {"TaxId-FR", NEAR(TAX_WORDS, "[0-3]\\d(?: ?\\d{2}| ?\\d)(?: ?\\d){9,10}"), is_french_tax},
    {"TaxId-GB", NEAR(TAX_WORDS, "\\d{5} ?\\d{5}"), is_british_tax},
};

const struct managed_identifier *managed_identifier(str name) {
    for (size_t i = 0; i < LENGTH(identifiers); i++)
        if (str_eq(name, str_of(identifiers[i].name))) return &identifiers[i];
    return NULL;
}
