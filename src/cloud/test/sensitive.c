/* Which texts have personal data in them. */
#include "cloud/sensitive.h"

#include "unit.h"

#define KEY(kind) "-----BEGIN " kind "-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END " kind "-----"

static const struct {
    const char *name, *text, *hit; /* NULL: there is none */
} cases[] = {
    {"EmailAddress", "to ann@example.com, soon", "ann@example.com"},
    {"CreditCardNumber", "card 4111 1111 1111 1111.", "4111 1111 1111 1111"},
    {"CreditCardNumber", "4111 1111 1111 1112", NULL},
    {"CreditCardNumber", "4111 1111 1111 1112 or 5500-0000-0000-0004", "5500-0000-0000-0004"},
    {"Ssn-US", "078-05-1120", "078-05-1120"},
    {"Ssn-US", "666-05-1120", NULL},
    {"OpenSshPrivateKey", "x " KEY("OPENSSH PRIVATE KEY") " y", KEY("OPENSSH PRIVATE KEY")},
    {"PgpPrivateKey", KEY("PGP PRIVATE KEY BLOCK"), KEY("PGP PRIVATE KEY BLOCK")},
    {"PkcsPrivateKey", KEY("RSA PRIVATE KEY"), KEY("RSA PRIVATE KEY")},
    {"PkcsPrivateKey", KEY("PRIVATE KEY"), KEY("PRIVATE KEY")},
    {"PkcsPrivateKey", KEY("PUBLIC KEY"), NULL},
    {"PuttyPrivateKey", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPrivate-MAC: 0123abcd", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPrivate-MAC: 0123abcd"},
    {"BankAccountNumber-DE", "IBAN DE89 3704 0044 0532 0130 00 please", "DE89 3704 0044 0532 0130 00"},
    {"BankAccountNumber-DE", "DE88370400440532013000", NULL},
    {"BankAccountNumber-GB", "GB29NWBK60161331926819", "GB29NWBK60161331926819"},
    {"BankAccountNumber-FR", "FR1420041010050500013M02606", "FR1420041010050500013M02606"},
    {"BankAccountNumber-ES", "ES9121000418450200051332", "ES9121000418450200051332"},
    {"BankAccountNumber-IT", "IT60X0542811101000000123456", "IT60X0542811101000000123456"},
    {"CpfCode-BR", "cpf 529.982.247-25", "529.982.247-25"},
    {"CpfCode-BR", "529.982.247-24", NULL},
    {"CpfCode-BR", "111.111.111-11", NULL},
    {"Cnpj-BR", "11.222.333/0001-81", "11.222.333/0001-81"},
    {"Cnpj-BR", "11.222.333/0001-82", NULL},
    {"NhsNumber-GB", "943 476 5919", "943 476 5919"},
    {"NhsNumber-GB", "943 476 5918", NULL},
    {"NifNumber-ES", "12345678Z", "12345678Z"},
    {"NifNumber-ES", "12345678A", NULL},
    {"NieNumber-ES", "X1234567L", "X1234567L"},
    {"VehicleIdentificationNumber", "1M8GDM9AXKP042788", "1M8GDM9AXKP042788"},
    {"VehicleIdentificationNumber", "1M8GDM9A1KP042788", NULL},
    {"BankAccountNumber-US", "Bank account number: 12345678", "12345678"},
    {"BankAccountNumber-US", "order 12345678", NULL},
    {"CreditCardExpiration", "exp. date 09/2027", "09/2027"},
    {"CreditCardExpiration", "expires 3/28", "3/28"},
    {"CreditCardExpiration", "on 09/2027", NULL},
    {"CreditCardSecurityCode", "{\"cvv\":\"123\",\"n\":456}", "123"},
    {"CreditCardSecurityCode", "123", NULL},
    {"DriversLicense-US", "driver's license D123-4567-8901", "D123-4567-8901"},
    {"DriversLicense-US", "{\"driversLicenseNumber\":\"A1234567\"}", "A1234567"},
    {"DriversLicense-US", "DL# 99999999", "99999999"},
    {"DriversLicense-US", "a license, and many words in between the two of them, 99999999", NULL},
    {"PassportNumber-US", "passport no C12345678", "C12345678"},
    {"PassportNumber-US", "passport 12345678", NULL},
    {"ZipCode-US", "ZIP 12345-6789", "12345-6789"},
    {"ZipCode-US", "zipper 12345", NULL},
};

static void findings(void) {
    struct arena a = {0};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        str name = sensitive_name(arena_format(&a, "arn:aws:dataprotection::aws:data-identifier/%s", cases[i].name)), hit = {0};
        struct sensitive *set = sensitive_new(&a);
        CHECK_STR(name, str_of(cases[i].name));
        CHECK(sensitive_add(set, name, (str){0}));
        bool found = sensitive_find(set, str_of(cases[i].text), &hit);
        if (cases[i].hit) CHECK_STR(found ? hit : S("nothing"), str_of(cases[i].hit));
        else CHECK_STR(found ? hit : S("nothing"), S("nothing"));
    }
    CHECK(!sensitive_name(S("arn:aws:dataprotection::aws:data-identifier/Name")).p);
    CHECK(!sensitive_name(S("EmailAddress")).p);
    arena_free(&a);
}

static struct sensitive *mail_and_staff(struct arena *a) {
    struct sensitive *set = sensitive_new(a);
    CHECK(sensitive_add(set, S("EmailAddress"), (str){0}));
    CHECK(sensitive_add(set, S("Staff"), S("staff-\\d{3}|\u00fcber")));
    CHECK(!sensitive_add(set, S("Nobody"), (str){0}));
    CHECK(!sensitive_add(set, S("Staff"), S("(")));
    return set;
}

static void masked(void) {
    struct arena a = {0};
    struct sensitive *set = mail_and_staff(&a);
    CHECK_STR(sensitive_masked(set, &a, S("ann@example.com staff-123, bob@example.com"), '*'), S("*************** *********, ***************"));
    CHECK_STR(sensitive_masked(set, &a, S("ann@example.com, staff-123"), 0), S(", "));
    CHECK_STR(sensitive_masked(set, &a, S("ann@example.com"), 0), S(""));
    CHECK_STR(sensitive_masked(set, &a, S("\u00fcber staff-12"), '#'), S("#### staff-12"));
    arena_free(&a);
}

static void reported(void) {
    struct arena a = {0};
    struct sensitive *set = mail_and_staff(&a);
    struct buf b = buf_new(&a, 4096), none = buf_new(&a, 4096);
    CHECK(sensitive_report(set, S("\u00e9 ann@example.com, bob@example.com staff-123"), &b));
    CHECK_STR(buf_str(&b), S("[{\"name\":\"EmailAddress\",\"count\":2,\"detections\":[{\"start\":3,\"end\":17},{\"start\":20,\"end\":34}]},"
                             "{\"name\":\"Staff\",\"count\":1,\"detections\":[{\"start\":36,\"end\":44}]}]"));
    CHECK(!sensitive_report(set, S("nothing here"), &none));
    CHECK_STR(buf_str(&none), S("[]"));
    arena_free(&a);
}

UNIT_MAIN(UNIT(findings), UNIT(masked), UNIT(reported))
