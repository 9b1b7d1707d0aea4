/* A response that another implementation signed (services/sts/test/saml_documents.py: signed/ was made by it). */
#include "text/xml_signature.h"

#include "unit.h"

#include <stdlib.h>

static str file(struct arena *a, const char *name) {
    FILE *f = fopen(arena_c_string(a, arena_format(a, "%s/%s", SIGNED, name)), "rb");
    ASSERT(f);
    char *bytes = arena_alloc(a, 65536, 1);
    size_t n = fread(bytes, 1, 65536, f);
    fclose(f);
    return (str){bytes, n};
}

static str replaced(struct arena *a, str text, const char *what, const char *by) {
    size_t at = str_find(text, str_of(what));
    ASSERT(at != STR_NONE);
    return arena_concat(a, str_take(text, at), arena_concat(a, str_of(by), str_skip(text, at + strlen(what))));
}

static void what_was_signed_comes_back(void) {
    struct arena a = {0};
    const char *problem = NULL;
    str certificates[] = {file(&a, "other.der"), file(&a, "certificate.der")}, text = {0};
    CHECK(xml_signature_verify(&a, file(&a, "response.xml"), certificates, 2, &text, &problem));
    if (problem) printf("# %s\n", problem);
    CHECK_STR(text, file(&a, "assertion.xml"));
    arena_free(&a);
}

static void what_was_not(void) {
    struct arena a = {0};
    const char *problem;
    str certificate = file(&a, "certificate.der"), other = file(&a, "other.der"), response = file(&a, "response.xml"), text;
    CHECK(!xml_signature_verify(&a, response, &other, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, response, NULL, 0, &text, &problem));
    CHECK(!xml_signature_verify(&a, replaced(&a, response, ">ada<", ">eve<"), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, replaced(&a, response, "role/r", "role/admin"), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, replaced(&a, response, "#_a1", "#_r1"), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, replaced(&a, response, "rsa-sha256", "hmac-sha256"), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, replaced(&a, response, "enveloped-signature", "base64"), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, replaced(&a, response, "<samlp:Response", "<!DOCTYPE x []><samlp:Response"), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, S(""), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, S("<a/>"), &certificate, 1, &text, &problem));
    CHECK(!xml_signature_verify(&a, S("<a"), &certificate, 1, &text, &problem));
    arena_free(&a);
}

/* The known ways to wrap: a foreign assertion before the signed one, or around its signature. What comes back
 * is what was signed, or nothing. */
static void wrapped_ones(void) {
    struct arena a = {0};
    const char *problem;
    str certificate = file(&a, "certificate.der"), response = file(&a, "response.xml"), text;
    str evil = S("<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\"><saml:Issuer>x</saml:Issuer></saml:Assertion>");
    str before = replaced(&a, response, "<samlp:Status>", arena_c_string(&a, arena_concat(&a, evil, S("<samlp:Status>"))));
    CHECK(xml_signature_verify(&a, before, &certificate, 1, &text, &problem));
    CHECK_STR(text, file(&a, "assertion.xml"));
    size_t from = str_find(response, S("<saml:Assertion")), to = str_find(response, S("</samlp:Response>"));
    str good = str_take(str_skip(response, from), to - from);
    str around = arena_concat(&a, str_take(response, from),
                              arena_concat(&a, replaced(&a, evil, "</saml:Issuer>", arena_c_string(&a, arena_concat(&a, S("</saml:Issuer>"), good))), S("</samlp:Response>")));
    CHECK(!xml_signature_verify(&a, around, &certificate, 1, &text, &problem));
    arena_free(&a);
}

UNIT_MAIN(UNIT(what_was_signed_comes_back), UNIT(what_was_not), UNIT(wrapped_ones))
