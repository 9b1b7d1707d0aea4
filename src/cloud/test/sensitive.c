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
    {"CepCode-BR", "CEP: 01310-100", "01310-100"},
    {"CepCode-BR", "at 01310-100", NULL},
    {"DateOfBirth", "born? DOB 1980-02-29", "1980-02-29"},
    {"DateOfBirth", "birth date: 29 Feb 1980", "29 Feb 1980"},
    {"DateOfBirth", "date of birth February 29, 1980", "February 29, 1980"},
    {"DateOfBirth", "paid 1980-02-29", NULL},
    {"DriversLicense-AT", "Führerschein 12345678", "12345678"},
    {"DriversLicense-AU", "driving licence 12345678", "12345678"},
    {"DriversLicense-BE", "rijbewijsnummer 1234567890", "1234567890"},
    {"DriversLicense-BG", "шофьорска книжка 123456789", "123456789"},
    {"DriversLicense-CA", "driver's licence no. A1234-56789-01234", "A1234-56789-01234"},
    {"DriversLicense-CY", "άδεια οδήγησης 123456789012", "123456789012"},
    {"DriversLicense-CZ", "řidičský průkaz EA 123456", "EA 123456"},
    {"DriversLicense-DE", "Führerschein-Nr. B072RRE2I55", "B072RRE2I55"},
    {"DriversLicense-DE", "Fuehrerscheinnummer: B072RRE2I55", "B072RRE2I55"},
    {"DriversLicense-DE", "B072RRE2I55", NULL},
    {"DriversLicense-DK", "kørekort 12345678", "12345678"},
    {"DriversLicense-EE", "juhiluba ET123456", "ET123456"},
    {"DriversLicense-ES", "permiso de conducir 12345678Z", "12345678Z"},
    {"DriversLicense-ES", "permiso de conducir 12345678A", NULL},
    {"DriversLicense-FI", "ajokortti 131052-308T", "131052-308T"},
    {"DriversLicense-FR", "permis de conduire 12AA34567", "12AA34567"},
    {"DriversLicense-GB", "driving licence MORGA657054SM9IJ", "MORGA657054SM9IJ"},
    {"DriversLicense-GR", "adeia odigisis 123456789", "123456789"},
    {"DriversLicense-HR", "vozačka dozvola 12345678", "12345678"},
    {"DriversLicense-HU", "jogosítvány AB123456", "AB123456"},
    {"DriversLicense-IE", "ceadúnas tiomána 123 456 789", "123 456 789"},
    {"DriversLicense-IT", "patente di guida numero U1234567AB or U17654321B", "U17654321B"},
    {"DriversLicense-LT", "vairuotojo pažymėjimas 12345678", "12345678"},
    {"DriversLicense-LU", "fahrerlaubnis 123456", "123456"},
    {"DriversLicense-LV", "vadītāja apliecība AB 123456", "AB 123456"},
    {"DriversLicense-MT", "liċenzja tas-sewqan 12 345 678", "12 345 678"},
    {"DriversLicense-NL", "rijbewijs 1234567890", "1234567890"},
    {"DriversLicense-PL", "prawo jazdy 12345/67/8901", "12345/67/8901"},
    {"DriversLicense-PT", "carta de condução L-123456 7", "L-123456 7"},
    {"DriversLicense-RO", "permis de conducere B12345678C", "B12345678C"},
    {"DriversLicense-SE", "körkort 811228-9874", "811228-9874"},
    {"DriversLicense-SI", "vozniško dovoljenje 123456789", "123456789"},
    {"DriversLicense-SK", "vodičský preukaz A1234567", "A1234567"},
    {"DrugEnforcementAgencyNumber-US", "by AB1234563", "AB1234563"},
    {"DrugEnforcementAgencyNumber-US", "AB1234564", NULL},
    {"ElectoralRollNumber-GB", "electoral roll number AB1234", "AB1234"},
    {"HealthInsuranceCardNumber-EU", "EHIC 80756 01234 5678901234", "80756 01234 5678901234"},
    {"HealthInsuranceClaimNumber-US", "HICN# 123-45-6789-A", "123-45-6789-A"},
    {"HealthInsuranceNumber-FR", "carte vitale 2 55 08 14 168 025 38", "2 55 08 14 168 025 38"},
    {"HealthcareProcedureCode-US", "HCPCS J1234", "J1234"},
    {"HealthcareProcedureCode-US", "J1234", NULL},
    {"IndividualTaxIdentificationNumber-US", "itin 912-70-1234", "912-70-1234"},
    {"IndividualTaxIdentificationNumber-US", "itin 912-93-1234", NULL},
    {"InseeCode-FR", "insee 255081416802538", "255081416802538"},
    {"InseeCode-FR", "insee 255081416802539", NULL},
    {"InseeCode-FR", "255081416802538", NULL},
    {"LatLong", "location: 41.948614,-87.655311.", "41.948614,-87.655311"},
    {"LatLong", "location: 91.948614,-87.655311", NULL},
    {"LatLong", "41.948614,-87.655311", NULL},
    {"MedicareBeneficiaryNumber-US", "MBI 1EG4-TE5-MK73", "1EG4-TE5-MK73"},
    {"NationalDrugCode-US", "NDC 12345-6789-01", "12345-6789-01"},
    {"NationalIdentificationNumber-DE", "Personalausweis L01X00T471", "L01X00T471"},
    {"NationalIdentificationNumber-ES", "DNI 12345678Z", "12345678Z"},
    {"NationalIdentificationNumber-IT", "RSSMRA85T10A562S", "RSSMRA85T10A562S"},
    {"NationalIdentificationNumber-IT", "RSSMRA85T10A562T", NULL},
    {"NationalInsuranceNumber-GB", "NINO AB 12 34 56 C", "AB 12 34 56 C"},
    {"NationalInsuranceNumber-GB", "NINO BG123456C", NULL},
    {"NationalProviderId-US", "npi 1234567893", "1234567893"},
    {"NationalProviderId-US", "npi 1234567894", NULL},
    {"PassportNumber-CA", "passport AB123456", "AB123456"},
    {"PassportNumber-DE", "Reisepass C01X00T478", "C01X00T478"},
    {"PassportNumber-ES", "pasaporte AAA123456", "AAA123456"},
    {"PassportNumber-FR", "passeport 12AB34567", "12AB34567"},
    {"PassportNumber-GB", "passport number 123456789", "123456789"},
    {"PassportNumber-IT", "passaporto AA1234567", "AA1234567"},
    {"PassportNumber-IT", "AA1234567", NULL},
    {"PermanentResidenceNumber-CA", "PR no. RA0302123456", "RA0302123456"},
    {"PersonalHealthNumber-CA", "PHN 9123 456 789", "9123 456 789"},
    {"PhoneNumber-BR", "+55 11 91234-5678", "+55 11 91234-5678"},
    {"PhoneNumber-BR", "celular 11 91234-5678", "11 91234-5678"},
    {"PhoneNumber-DE", "+49 30 1234567", "+49 30 1234567"},
    {"PhoneNumber-DE", "Tel. 030 1234567", "030 1234567"},
    {"PhoneNumber-DE", "30 1234567", NULL},
    {"PhoneNumber-ES", "+34 612 345 678", "+34 612 345 678"},
    {"PhoneNumber-FR", "phone 06 12 34 56 78", "06 12 34 56 78"},
    {"PhoneNumber-GB", "0044 20 7946 0958", "0044 20 7946 0958"},
    {"PhoneNumber-IT", "+39 06 1234 5678", "+39 06 1234 5678"},
    {"PostalCode-CA", "to K1A 0B1 now", "K1A 0B1"},
    {"PostalCode-CA", "to D1A 0B1 now", NULL},
    {"RgNumber-BR", "RG 39.764.331-7", "39.764.331-7"},
    {"SocialInsuranceNumber-CA", "SIN 046 454 286", "046 454 286"},
    {"SocialInsuranceNumber-CA", "SIN 046 454 287", NULL},
    {"Ssn-ES", "seguridad social 28/12345678/40", "28/12345678/40"},
    {"Ssn-ES", "seguridad social 28/12345678/41", NULL},
    {"TaxId-DE", "Steuer-ID 86 095 742 719", "86 095 742 719"},
    {"TaxId-DE", "Steuer-ID 86 095 742 718", NULL},
    {"TaxId-ES", "CIF A58818501", "A58818501"},
    {"TaxId-ES", "CIF A58818502", NULL},
    {"TaxId-ES", "NIF 12345678Z", "12345678Z"},
    {"TaxId-FR", "tax number 30 23 217 600 053", "30 23 217 600 053"},
    {"TaxId-FR", "tax number 30 23 217 600 054", NULL},
    {"TaxId-GB", "UTR 11234 56789", "11234 56789"},
    {"TaxId-GB", "UTR 11234 56780", NULL},
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
