#include "wire/xml.h"

/* ---- names ---- */

str xml_member_name(const struct coding *c, const struct wire_member *m) {
    bool old_name = c->protocol == WIRE_AWS_QUERY && m->query_name;
    return coding_text(c, old_name ? m->query_name : m->location_name);
}

bool xml_member_is_flat(const struct coding *c, const struct wire_member *m) {
    return (m->flags & WIRE_MEMBER_FLATTENED) || (coding_shape(c, m->shape)->flags & WIRE_FLATTENED);
}

/* A list that is flat wherever it stands may name its element itself; that name wins. */
str xml_flat_name(const struct coding *c, const struct wire_member *m) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    bool old_name = c->protocol == WIRE_AWS_QUERY && m->query_name;
    if (shape->type == WIRE_LIST && (shape->flags & WIRE_FLATTENED) && !old_name) {
        str element = xml_member_name(c, coding_member(c, shape, 0));
        if (!str_eq(element, S("member"))) return element;
    }
    return xml_member_name(c, m);
}

static str repeated_name(const struct coding *c, const struct wire_member *m) {
    return xml_member_is_flat(c, m) ? xml_flat_name(c, m) : xml_member_name(c, m);
}

static bool is_named(const struct xml_element *e, str name) {
    return str_eq(e->name, name) || str_eq(e->qualified, name);
}

/* ---- reading ---- */

static bool refuse(struct coding *c, const struct xml_element *e, str text) {
    if (c->protocol == WIRE_REST_XML)
        return coding_fail(c, S("MalformedXML"), "The XML you provided was not well-formed or did not "
                                                 "validate against our published schema");
    return coding_fail(c, S("MalformedXML"), "<%.*s> cannot be '%.*s'", STR_ARGS(e->name),
                       STR_ARGS(str_take(text, 100)));
}

static bool refuse_document(struct coding *c) {
    return coding_fail(c, S("MalformedXML"), "The XML you provided was not well-formed or did not "
                                             "validate against our published schema");
}

bool xml_read_end(struct coding *c, struct xml_reader *r) { return xml_done(r) || refuse_document(c); }

static bool read_map_entry(struct coding *c, struct xml_reader *r, const struct wire_shape *map,
                           char *entry) {
    const struct wire_member *key = coding_member(c, map, 0), *value = coding_member(c, map, 1);
    str *key_text = (str *)(void *)entry;
    struct xml_element child;
    while (xml_child(r, &child)) {
        if (is_named(&child, xml_member_name(c, key))) *key_text = xml_text(r);
        else if (!is_named(&child, xml_member_name(c, value))) xml_skip(r);
        else if (!xml_read_value(c, r, &child, value->shape, entry + value->offset)) return false;
    }
    if (!key_text->p && !r->problem) return refuse(c, &child, S(""));
    return true;
}

/* A list's room doubles at each power of two, so elements may arrive between other members and the
 * capacity need not be kept. */
static void *list_add(struct coding *c, struct wire_list *list, size_t element_size) {
    u32 capacity = list->n ? 1 : 0;
    while (capacity < list->n) capacity *= 2;
    return value_list_add(c, list, element_size, &capacity);
}

static bool read_item(struct coding *c, struct xml_reader *r, const struct xml_element *e,
                      const struct wire_shape *shape, struct wire_list *list) {
    if (shape->type == WIRE_MAP)
        return read_map_entry(c, r, shape, list_add(c, list, value_entry_size(c, shape)));
    return xml_read_value(c, r, e, coding_member(c, shape, 0)->shape,
                          list_add(c, list, value_element_size(c, shape)));
}

static bool read_items(struct coding *c, struct xml_reader *r, const struct wire_shape *shape,
                       struct wire_list *list) {
    str name = shape->type == WIRE_MAP ? S("entry") : xml_member_name(c, coding_member(c, shape, 0));
    struct xml_element child;
    list->set = true;
    while (xml_child(r, &child)) {
        if (!is_named(&child, name)) xml_skip(r);
        else if (!read_item(c, r, &child, shape, list)) return false;
    }
    return true;
}

static bool read_member(struct coding *c, struct xml_reader *r, const struct xml_element *e,
                        const struct wire_member *m, void *field) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    bool repeats = shape->type == WIRE_LIST || shape->type == WIRE_MAP;
    if (repeats && xml_member_is_flat(c, m)) return read_item(c, r, e, shape, field);
    if (shape->type == WIRE_STRUCTURE) field = value_structure(c, shape, field);
    if (shape->type != WIRE_TIMESTAMP) return xml_read_value(c, r, e, m->shape, field);
    str text = str_trim(xml_text(r));
    enum wire_timestamp_format format = value_time_format(m, shape, WIRE_TIME_ISO8601);
    return r->problem || value_read_text(c, shape, format, text, field) || refuse(c, e, text);
}

static bool read_attributes(struct coding *c, const struct xml_element *e,
                            const struct wire_shape *shape, void *structure) {
    if (e->attribute_count == 0) return true;
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (!(m->flags & WIRE_XML_ATTRIBUTE)) continue;
        str text = xml_attribute_get(e, xml_member_name(c, m));
        const struct wire_shape *s = coding_shape(c, m->shape);
        if (text.p && !value_read_text(c, s, value_time_format(m, s, WIRE_TIME_ISO8601), text,
                                       (char *)structure + m->offset))
            return refuse(c, e, text);
    }
    return true;
}

static const struct wire_member *find_member(const struct coding *c, const struct wire_shape *shape,
                                             const struct xml_element *e, u32 *hint) {
    for (u32 i = 0; i < shape->member_count; i++) {
        u32 at = (*hint + i) % shape->member_count; /* elements come mostly in the order of the API */
        const struct wire_member *m = coding_member(c, shape, at);
        if (m->location != WIRE_IN_BODY || (m->flags & WIRE_XML_ATTRIBUTE)) continue;
        if (!is_named(e, repeated_name(c, m))) continue;
        *hint = at;
        return m;
    }
    return NULL;
}

static bool read_structure(struct coding *c, struct xml_reader *r, const struct xml_element *e,
                           const struct wire_shape *shape, void *structure) {
    if (!read_attributes(c, e, shape, structure)) return false;
    u32 hint = 0;
    struct xml_element child;
    while (xml_child(r, &child)) {
        const struct wire_member *m = find_member(c, shape, &child, &hint);
        if (!m) xml_skip(r);
        else if (!read_member(c, r, &child, m, (char *)structure + m->offset)) return false;
    }
    return true;
}

bool xml_read_value(struct coding *c, struct xml_reader *r, const struct xml_element *e, u16 shape_index,
                    void *value) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    if (shape->type == WIRE_STRUCTURE) return read_structure(c, r, e, shape, value);
    if (shape->type == WIRE_LIST || shape->type == WIRE_MAP) return read_items(c, r, shape, value);
    str text = xml_text(r);
    if (shape->type != WIRE_STRING) text = str_trim(text);
    if (r->problem) return true; /* xml_read_end will tell */
    return value_read_text(c, shape, value_time_format(NULL, shape, WIRE_TIME_ISO8601), text, value)
           || refuse(c, e, text);
}

/* S3's GetBucketLocation: what the API gives as a structure of one member is that member alone on the
 * wire. Such a structure is a `wrapper`. */
static const struct wire_member *unwrapped_member(const struct coding *c, const struct wire_shape *shape) {
    bool unwrapped = (shape->flags & WIRE_WRAPPER) && shape->type == WIRE_STRUCTURE
                     && shape->member_count == 1 && c->protocol == WIRE_REST_XML;
    return unwrapped ? coding_member(c, shape, 0) : NULL;
}

/* A payload member's own name stands before its shape's. */
static str root_name(const struct coding *c, const struct wire_shape *shape,
                     const struct wire_member *payload) {
    if (payload && !str_eq(coding_text(c, payload->location_name), coding_text(c, payload->name)))
        return coding_text(c, payload->location_name);
    return coding_text(c, shape->location_name ? shape->location_name : shape->name);
}

static bool is_root(const struct coding *c, const struct xml_element *e, const struct wire_shape *shape,
                    const struct wire_member *payload) {
    return is_named(e, root_name(c, shape, payload)) || is_named(e, coding_text(c, payload->location_name));
}

bool wire_xml_read_body(struct coding *c, u16 shape, const struct wire_member *payload, str body, void *value) {
    if (body.n == 0) return true;
    struct xml_reader r = xml_reader_new(c->arena, body, xml_default_limits);
    struct xml_element root;
    const struct wire_member *inner = unwrapped_member(c, coding_shape(c, shape));
    if (!xml_root(&r, &root)) return xml_read_end(c, &r);
    if (payload && !is_root(c, &root, coding_shape(c, shape), payload)) return refuse_document(c);
    if (inner ? !read_member(c, &r, &root, inner, (char *)value + inner->offset)
              : !xml_read_value(c, &r, &root, shape, value))
        return false;
    return xml_read_end(c, &r);
}

/* ---- writing ---- */

/* `declared` is "xmlns" or "xmlns:prefix". */
static void write_namespace(struct buf *out, str declared, str uri) {
    if (uri.n) xml_write_attribute(out, declared, uri);
}

void xml_write_service_namespace(struct coding *c, struct buf *out) {
    write_namespace(out, S("xmlns"), coding_text(c, c->service->xml_namespace));
}

static str declaration_name(struct coding *c, str prefix) {
    return prefix.n ? arena_concat(c->arena, S("xmlns:"), prefix) : S("xmlns");
}

static void write_scalar(struct coding *c, const struct wire_member *m, const struct wire_shape *shape,
                         const void *value, struct buf *out) {
    bool s3_time = shape->type == WIRE_TIMESTAMP && str_eq(coding_text(c, c->service->name), S("s3"))
                   && value_time_format(m, shape, WIRE_TIME_ISO8601) == WIRE_TIME_ISO8601;
    if (shape->type == WIRE_STRING) xml_write_text(out, *(const str *)value);
    else if (s3_time) buf_iso8601_ms(out, ((const struct opt_time *)value)->ms);
    else value_write_text(shape, value_time_format(m, shape, WIRE_TIME_ISO8601), value, out);
}

/* The prefix of a structure's attribute: what its shape's namespace, if it has one, is declared for. */
static str attribute_prefix(const struct coding *c, const struct wire_shape *shape) {
    if (shape->type != WIRE_STRUCTURE) return S("");
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        str name = xml_member_name(c, m);
        size_t colon = str_find_char(name, ':');
        if ((m->flags & WIRE_XML_ATTRIBUTE) && colon != STR_NONE) return str_take(name, colon);
    }
    return S("");
}

static void write_attributes(struct coding *c, const struct wire_shape *shape, const void *structure,
                             struct buf *out) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (!(m->flags & WIRE_XML_ATTRIBUTE)) continue;
        const struct wire_shape *s = coding_shape(c, m->shape);
        const void *field = (const char *)structure + m->offset;
        if (!value_is_set(s, field)) continue;
        struct buf text = buf_new(c->arena, WIRE_OUTPUT_MAX);
        value_write_text(s, value_time_format(m, s, WIRE_TIME_ISO8601), field, &text);
        xml_write_attribute(out, xml_member_name(c, m), buf_str(&text));
    }
}

static void write_element(struct coding *c, str name, const struct wire_member *m, u16 shape,
                          const void *value, struct buf *out);

static void write_member_namespace(struct coding *c, const struct wire_member *m, struct buf *out) {
    write_namespace(out, declaration_name(c, coding_text(c, m->xml_prefix)),
                    coding_text(c, m->xml_namespace));
}

static void write_entry(struct coding *c, str name, const struct wire_shape *map, const char *entry,
                        const struct wire_member *flat, struct buf *out) {
    const struct wire_member *key = coding_member(c, map, 0), *value = coding_member(c, map, 1);
    xml_write_open(out, name);
    if (flat) write_member_namespace(c, flat, out);
    xml_write_open_end(out);
    write_element(c, xml_member_name(c, key), key, key->shape, entry, out);
    write_element(c, xml_member_name(c, value), value, value->shape, entry + value->offset, out);
    xml_write_close(out, name);
}

/* Elements of a list or entries of a map, each under that name. */
static void write_items(struct coding *c, str name, const struct wire_shape *shape,
                        const struct wire_list *list, const struct wire_member *flat, struct buf *out) {
    const struct wire_member *element = coding_member(c, shape, 0);
    bool is_map = shape->type == WIRE_MAP;
    size_t size = is_map ? value_entry_size(c, shape) : value_element_size(c, shape);
    for (u32 i = 0; i < list->n; i++) {
        const char *item = (const char *)list->v + i * size;
        const struct wire_member *as = flat && !element->xml_namespace ? flat : element;
        if (is_map) write_entry(c, name, shape, item, flat, out);
        else write_element(c, name, as, element->shape, item, out);
    }
}

static void write_content(struct coding *c, const struct wire_member *m, const struct wire_shape *shape,
                          const void *value, struct buf *out) {
    switch (shape->type) {
    case WIRE_STRUCTURE:
        xml_write_members(c, (u16)(shape - c->service->shapes), value, (str){0}, out);
        break;
    case WIRE_LIST:
        write_items(c, xml_member_name(c, coding_member(c, shape, 0)), shape, value, NULL, out);
        break;
    case WIRE_MAP: write_items(c, S("entry"), shape, value, NULL, out); break;
    default:
        /* An unset scalar stands only in a sparse list or map: an empty element. */
        if (value_is_set(shape, value)) write_scalar(c, m, shape, value, out);
    }
}

/* `value` as it stands in a list: a structure inline. */
static void write_element(struct coding *c, str name, const struct wire_member *m, u16 shape_index,
                          const void *value, struct buf *out) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    xml_write_open(out, name);
    str prefix = shape->xml_namespace ? attribute_prefix(c, shape) : S("");
    if (m->xml_namespace) write_member_namespace(c, m, out);
    else if (prefix.n) /* a default namespace of a shape counts where the shape is the root */
        write_namespace(out, declaration_name(c, prefix), coding_text(c, shape->xml_namespace));
    if (shape->type == WIRE_STRUCTURE) write_attributes(c, shape, value, out);
    xml_write_open_end(out);
    write_content(c, m, shape, value, out);
    xml_write_close(out, name);
}

void xml_write_members(struct coding *c, u16 shape_index, const void *structure, str except,
                       struct buf *out) {
    const struct wire_shape *structure_shape = coding_shape(c, shape_index);
    for (u32 i = 0; i < structure_shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, structure_shape, i);
        const struct wire_shape *shape = coding_shape(c, m->shape);
        const void *field = (const char *)structure + m->offset;
        if (m->location != WIRE_IN_BODY || (m->flags & WIRE_XML_ATTRIBUTE)) continue;
        if (!value_is_set(shape, field)) continue;
        if (except.p && str_eq(coding_text(c, m->name), except)) continue;
        if ((shape->type == WIRE_LIST || shape->type == WIRE_MAP) && xml_member_is_flat(c, m)) {
            write_items(c, xml_flat_name(c, m), shape, field, m, out);
            continue;
        }
        if (shape->type == WIRE_STRUCTURE) field = *(const void *const *)field;
        write_element(c, xml_member_name(c, m), m, m->shape, field, out);
    }
}

void wire_xml_write_body(struct coding *c, u16 shape_index, const void *value,
                         const struct wire_member *payload, struct buf *out) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    str name = root_name(c, shape, payload);
    const struct wire_member *inner = unwrapped_member(c, shape);
    if (inner) { /* its one member is the root */
        name = xml_member_name(c, inner);
        value = (const char *)value + inner->offset;
        shape = coding_shape(c, inner->shape);
    }
    xml_write_open(out, name);
    if (payload && payload->xml_namespace) write_member_namespace(c, payload, out);
    else if (shape->xml_namespace)
        write_namespace(out, declaration_name(c, attribute_prefix(c, shape)),
                        coding_text(c, shape->xml_namespace));
    else xml_write_service_namespace(c, out);
    if (shape->type == WIRE_STRUCTURE) write_attributes(c, shape, value, out);
    xml_write_open_end(out);
    write_content(c, NULL, shape, value, out);
    xml_write_close(out, name);
}

/* ---- errors ---- */

/* The member that carries the message: "message" in any case. */
static const struct wire_member *message_member(const struct coding *c, const struct wire_shape *shape) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        bool is_text = coding_shape(c, m->shape)->type == WIRE_STRING;
        if (is_text && str_eq_nocase(coding_text(c, m->name), S("message"))) return m;
    }
    return NULL;
}

void xml_write_error_members(struct coding *c, const struct wire_fault *fault, bool with_type,
                             struct buf *out) {
    const struct error *e = fault->error;
    bool old_code = c->protocol == WIRE_AWS_QUERY || c->protocol == WIRE_EC2_QUERY
                    || c->protocol == WIRE_REST_XML;
    if (with_type) xml_write_leaf(out, S("Type"), e->sender ? S("Sender") : S("Receiver"));
    xml_write_leaf(out, S("Code"), str_of(old_code && e->query_code ? e->query_code : e->code));
    const struct wire_member *m = NULL;
    str message = fault->message;
    bool modelled = fault->members && e->shape != WIRE_NONE;
    if (modelled) m = message_member(c, coding_shape(c, e->shape));
    if (!message.p && m) message = *(const str *)(const void *)((const char *)fault->members + m->offset);
    if (message.p) xml_write_leaf(out, S("Message"), message);
    if (modelled)
        xml_write_members(c, e->shape, fault->members, m ? coding_text(c, m->name) : (str){0}, out);
}

/* <Error>: code, message; the rest goes to the modelled error's members. The document is read twice,
 * because the code that tells which structure this is may stand anywhere in it. */
static void read_error_element(struct xml_reader *r, struct wire_answer *answer) {
    struct xml_element e;
    while (xml_child(r, &e)) {
        if (str_eq(e.name, S("Code"))) answer->error_code = xml_text(r);
        else if (str_eq_nocase(e.name, S("Message"))) answer->error_message = xml_text(r);
        else xml_skip(r);
    }
}

bool xml_read_error(struct coding *c, const struct wire_message *m, void *members,
                    struct wire_answer *answer) {
    struct xml_reader r = xml_reader_new(c->arena, m->body, xml_default_limits), at_error = r;
    struct xml_element e, error = {0};
    bool found = false;
    if (xml_root(&r, &e)) {
        u32 levels = 1;
        while (!(found = str_eq(e.name, S("Error"))) && xml_child(&r, &e)) {
            levels++;
            if (str_eq(e.name, S("Error")) || str_eq(e.name, S("Errors"))) continue;
            xml_skip(&r);
            levels--;
        }
        at_error = r;
        error = e;
        if (found) read_error_element(&r, answer);
    }
    if (r.problem || !found)
        return coding_fail(c, S("MalformedXML"), "The answer is an error without <Error>");
    if (!answer->error_code.p) answer->error_code = S("");
    answer->error = error_find(c->service, answer->error_code);
    if (members && answer->error && answer->error->shape != WIRE_NONE)
        return xml_read_value(c, &at_error, &error, answer->error->shape, members);
    return true;
}
