#include "saml.h"

#include "text/xml.h"

static const struct xml_limits limits = {1 << 20, 64, 64};

/* White space does not count, at the ends of values and in base64. */
static str trimmed(str s) {
    while (s.n && memchr(" \t\r\n", s.p[0], 4)) s = str_skip(s, 1);
    while (s.n && memchr(" \t\r\n", s.p[s.n - 1], 4)) s.n--;
    return s;
}

static str packed(struct arena *a, str s) {
    char *text = arena_alloc(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (!memchr(" \t\r\n", s.p[i], 4)) text[n++] = s.p[i];
    return (str){text, n};
}

/* ---- metadata ---- */

static void add_certificate(struct xml_reader *r, struct saml_metadata *m) {
    str der, text = packed(r->arena, xml_text(r));
    if (m->certificate_count < SAML_CERTIFICATES_MAX && base64_decode(r->arena, text, &der) && der.n)
        m->certificates[m->certificate_count++] = der;
}

/* KeyInfo / X509Data / X509Certificate, however deep. */
static void read_key(struct xml_reader *r, struct saml_metadata *m, int depth) {
    struct xml_element e;
    while (xml_child(r, &e)) {
        if (str_eq(e.name, S("X509Certificate"))) add_certificate(r, m);
        else if (depth < 3) read_key(r, m, depth + 1);
        else xml_skip(r);
    }
}

static void read_provider(struct xml_reader *r, struct saml_metadata *m) {
    struct xml_element e;
    while (xml_child(r, &e)) {
        str use = xml_attribute_get(&e, S("use"));
        if (str_eq(e.name, S("KeyDescriptor")) && (!use.n || str_eq(use, S("signing")))) read_key(r, m, 0);
        else xml_skip(r);
    }
}

bool saml_metadata_read(struct arena *a, str xml, struct saml_metadata *m) {
    struct xml_reader r = xml_reader_new(a, xml, limits);
    struct xml_element root, e;
    *m = (struct saml_metadata){0};
    if (!xml_root(&r, &root) || !str_eq(root.name, S("EntityDescriptor"))) return false;
    m->entity_id = xml_attribute_get(&root, S("entityID"));
    while (xml_child(&r, &e))
        if (str_eq(e.name, S("IDPSSODescriptor"))) read_provider(&r, m);
        else xml_skip(&r);
    return xml_done(&r) && m->entity_id.n && m->certificate_count;
}

/* ---- assertions ---- */

static i64 time_of(const struct xml_element *e, str name) {
    i64 ms;
    return iso8601_parse(xml_attribute_get(e, name), &ms) ? ms : 0;
}

static i64 earlier(i64 x, i64 y) { return !x || (y && y < x) ? y : x; }

static void read_subject(struct xml_reader *r, struct saml_assertion *s) {
    struct xml_element e, data;
    while (xml_child(r, &e)) {
        if (str_eq(e.name, S("NameID"))) {
            s->subject_format = xml_attribute_get(&e, S("Format"));
            s->name_qualifier = xml_attribute_get(&e, S("NameQualifier"));
            s->subject = trimmed(xml_text(r));
        } else if (str_eq(e.name, S("SubjectConfirmation")) && str_ends(xml_attribute_get(&e, S("Method")), S(":bearer"))) {
            while (xml_child(r, &data)) {
                if (str_eq(data.name, S("SubjectConfirmationData"))) {
                    s->recipient = xml_attribute_get(&data, S("Recipient"));
                    s->expires_ms = earlier(s->expires_ms, time_of(&data, S("NotOnOrAfter")));
                }
                xml_skip(r);
            }
        } else {
            xml_skip(r);
        }
    }
}

static void read_conditions(struct xml_reader *r, const struct xml_element *conditions, struct saml_assertion *s) {
    struct xml_element e, audience;
    s->not_before_ms = time_of(conditions, S("NotBefore"));
    s->expires_ms = earlier(s->expires_ms, time_of(conditions, S("NotOnOrAfter")));
    while (xml_child(r, &e)) {
        if (!str_eq(e.name, S("AudienceRestriction"))) {
            xml_skip(r);
            continue;
        }
        while (xml_child(r, &audience))
            if (str_eq(audience.name, S("Audience")) && !s->audience.n) s->audience = trimmed(xml_text(r));
            else xml_skip(r);
    }
}

#define OF_AWS S("https://aws.amazon.com/SAML/Attributes/")
#define OF_TAGS S("PrincipalTag:")

static void take_value(struct saml_assertion *s, str name, str value) {
    if (str_eq(name, S("Role"))) {
        if (s->role_count < SAML_ROLES_MAX) s->roles[s->role_count++] = value;
    } else if (str_eq(name, S("RoleSessionName"))) {
        s->session_name = value;
    } else if (str_eq(name, S("SourceIdentity"))) {
        s->source_identity = value;
    } else if (str_eq(name, S("SessionDuration"))) {
        if (!str_to_i64(value, &s->session_s) || s->session_s < 0) s->session_s = 0;
    } else if (str_eq(name, S("TransitiveTagKeys"))) {
        if (s->transitive_count < SAML_TAGS_MAX) s->transitive[s->transitive_count++] = value;
    } else if (str_starts(name, OF_TAGS) && s->tags.n < SAML_TAGS_MAX) {
        s->tags.v[s->tags.n++] = (struct record_pair){str_skip(name, OF_TAGS.n), value};
    }
}

static void read_attributes(struct xml_reader *r, struct saml_assertion *s) {
    struct xml_element e, value;
    while (xml_child(r, &e)) {
        str name = xml_attribute_get(&e, S("Name"));
        if (!str_eq(e.name, S("Attribute")) || !str_starts(name, OF_AWS)) {
            xml_skip(r);
            continue;
        }
        while (xml_child(r, &value))
            if (str_eq(value.name, S("AttributeValue"))) take_value(s, str_skip(name, OF_AWS.n), trimmed(xml_text(r)));
            else xml_skip(r);
    }
}

static void read_assertion(struct xml_reader *r, struct saml_assertion *s) {
    struct xml_element e;
    while (xml_child(r, &e)) {
        if (str_eq(e.name, S("Issuer"))) {
            s->issuer = trimmed(xml_text(r));
        } else if (str_eq(e.name, S("Subject"))) {
            read_subject(r, s);
        } else if (str_eq(e.name, S("Conditions"))) {
            read_conditions(r, &e, s);
        } else if (str_eq(e.name, S("AuthnStatement"))) {
            s->session_expires_ms = time_of(&e, S("SessionNotOnOrAfter"));
            xml_skip(r);
        } else if (str_eq(e.name, S("AttributeStatement"))) {
            read_attributes(r, s);
        } else {
            xml_skip(r);
        }
    }
}

bool saml_assertion_read(struct arena *a, str signed_text, struct saml_assertion *s) {
    struct xml_reader r = xml_reader_new(a, signed_text, limits);
    struct xml_element root, e;
    *s = (struct saml_assertion){.tags.v = NEW_ARRAY(a, struct record_pair, SAML_TAGS_MAX)};
    if (!xml_root(&r, &root)) return false;
    bool found = str_eq(root.name, S("Assertion"));
    if (found) {
        read_assertion(&r, s);
        return xml_done(&r) && s->issuer.n && s->subject.n;
    }
    while (xml_child(&r, &e)) {
        if (found || !str_eq(e.name, S("Assertion"))) {
            xml_skip(&r);
            continue;
        }
        read_assertion(&r, s);
        found = true;
    }
    return xml_done(&r) && found && s->issuer.n && s->subject.n;
}
