/* What is read of an assertion and of metadata, once the signature is right. */
#include "../saml.h"

#include "unit.h"

static void assertions(void) {
    struct arena a = {0};
    struct saml_assertion s;
    str text = S("<r:Response xmlns:r=\"p\"><r:Status/><s:Assertion xmlns:s=\"a\"><s:Issuer> https://idp </s:Issuer><s:Subject>"
                 "<s:NameID Format=\"f:persistent\" NameQualifier=\"q\">ada</s:NameID><s:SubjectConfirmation Method=\"urn:cm:bearer\">"
                 "<s:SubjectConfirmationData NotOnOrAfter=\"2030-01-01T00:00:00Z\" Recipient=\"r\"/></s:SubjectConfirmation></s:Subject>"
                 "<s:Conditions NotBefore=\"2020-01-01T00:00:00Z\" NotOnOrAfter=\"2029-01-01T00:00:00Z\"><s:AudienceRestriction>"
                 "<s:Audience>aud</s:Audience></s:AudienceRestriction></s:Conditions><s:AuthnStatement SessionNotOnOrAfter=\"2031-01-01T00:00:00Z\"/>"
                 "<s:AttributeStatement><s:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/Role\"><s:AttributeValue>a,b</s:AttributeValue>"
                 "<s:AttributeValue>c,d</s:AttributeValue></s:Attribute><s:Attribute Name=\"other\"><s:AttributeValue>x</s:AttributeValue></s:Attribute>"
                 "<s:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/PrincipalTag:team\"><s:AttributeValue>blue</s:AttributeValue></s:Attribute>"
                 "<s:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/SessionDuration\"><s:AttributeValue>1800</s:AttributeValue></s:Attribute>"
                 "</s:AttributeStatement></s:Assertion><x/></r:Response>");
    CHECK(saml_assertion_read(&a, text, &s));
    CHECK_STR(s.issuer, S("https://idp"));
    CHECK_STR(s.subject, S("ada"));
    CHECK_STR(s.name_qualifier, S("q"));
    CHECK_STR(s.recipient, S("r"));
    CHECK_STR(s.audience, S("aud"));
    CHECK_INT(s.expires_ms, 1861920000000); /* the earlier of the two */
    CHECK_INT(s.not_before_ms, 1577836800000);
    CHECK_INT(s.session_expires_ms, 1924992000000);
    CHECK_INT(s.role_count, 2);
    CHECK_STR(s.roles[1], S("c,d"));
    CHECK_INT(s.session_s, 1800);
    CHECK_INT(s.tags.n, 1);
    CHECK_STR(s.tags.v[0].key, S("team"));
    CHECK(!saml_assertion_read(&a, S("<a/>"), &s));
    CHECK(!saml_assertion_read(&a, S("<s:Assertion/>"), &s));
    CHECK(!saml_assertion_read(&a, S("no xml"), &s));
    arena_free(&a);
}

static void metadata(void) {
    struct arena a = {0};
    struct saml_metadata m;
#define OF(use) "<m:KeyDescriptor" use "><d:KeyInfo><d:X509Data><d:X509Certificate>\n AQ\nID </d:X509Certificate></d:X509Data></d:KeyInfo></m:KeyDescriptor>"
    CHECK(saml_metadata_read(&a, S("<m:EntityDescriptor entityID=\"e\"><m:IDPSSODescriptor>" OF(" use=\"signing\"") OF("") OF(" use=\"encryption\"")
                                   "</m:IDPSSODescriptor></m:EntityDescriptor>"), &m));
    CHECK_STR(m.entity_id, S("e"));
    CHECK_INT(m.certificate_count, 2);
    CHECK_STR(m.certificates[0], S("\x01\x02\x03"));
    CHECK(!saml_metadata_read(&a, S("<m:EntityDescriptor entityID=\"e\"/>"), &m));
    CHECK(!saml_metadata_read(&a, S("<x/>"), &m));
    CHECK(!saml_metadata_read(&a, S(""), &m));
    arena_free(&a);
}

UNIT_MAIN(UNIT(assertions), UNIT(metadata))
