#include "wire/rest.h"

/* ---- reading ---- */

/* One item of a comma-separated list; quotes protect commas, and \ protects quotes. HTTP dates hold one
 * comma each. */
static str next_item(struct coding *c, str *rest, bool dates) {
    *rest = str_trim(*rest);
    if (rest->n && rest->p[0] == '"') {
        struct buf text = buf_new(c->arena, rest->n);
        size_t i = 1;
        for (; i < rest->n && rest->p[i] != '"'; i++) {
            if (rest->p[i] == '\\' && i + 1 < rest->n) i++;
            buf_char(&text, rest->p[i]);
        }
        *rest = str_skip(*rest, i + 1);
        str_cut(rest, ',');
        return text.n ? buf_str(&text) : S("");
    }
    str item = str_cut(rest, ',');
    if (dates && rest->p) {
        str second = str_cut(rest, ',');
        item.n = (size_t)(second.p + second.n - item.p);
    }
    return str_trim(item);
}

static bool read_list(struct coding *c, const struct wire_member *m, const struct wire_shape *shape,
                      const struct wire_message *message, struct wire_list *list) {
    str name = coding_text(c, m->location_name);
    const struct wire_shape *element = coding_shape(c, coding_member(c, shape, 0)->shape);
    enum wire_timestamp_format format = value_time_format(m, element, WIRE_TIME_HTTP_DATE);
    bool dates = element->type == WIRE_TIMESTAMP && format == WIRE_TIME_HTTP_DATE;
    u32 capacity = 0;
    for (size_t i = 0; i < message->header_count; i++) {
        if (!str_eq_nocase(message->headers[i].name, name)) continue;
        str rest = str_trim(message->headers[i].value);
        list->set = true;
        while (rest.p && rest.n) {
            str text = next_item(c, &rest, dates);
            void *item = value_list_add(c, list, element->size, &capacity);
            if (!value_read_text(c, element, format, text, item)) return rest_refuse(c, m, text);
        }
    }
    return true;
}

static bool read_prefixed(struct coding *c, const struct wire_member *m, const struct wire_shape *map,
                          const struct wire_message *message, struct wire_list *list) {
    str prefix = coding_text(c, m->location_name);
    const struct wire_member *value = coding_member(c, map, 1);
    u32 capacity = 0;
    list->set = c->from_server; /* to a client an answer without such headers has an empty map */
    for (size_t i = 0; i < message->header_count; i++) {
        str name = message->headers[i].name;
        if (name.n < prefix.n || !str_eq_nocase(str_take(name, prefix.n), prefix)) continue;
        char *entry = value_list_add(c, list, value_entry_size(c, map), &capacity);
        *(str *)(void *)entry = str_skip(name, prefix.n);
        *(str *)(void *)(entry + value->offset) = message->headers[i].value;
    }
    return true;
}

static bool read_header(struct coding *c, const struct wire_member *m, const struct wire_shape *shape,
                        const struct wire_message *message, void *field) {
    str text = wire_header_get(message, coding_text(c, m->location_name));
    if (!text.p) return true;
    if (m->flags & WIRE_JSON_VALUE) return base64_decode(c->arena, text, field) || rest_refuse(c, m, text);
    if (value_read_text(c, shape, value_time_format(m, shape, WIRE_TIME_HTTP_DATE), text, field))
        return true;
    /* Clients send what they like as Expires; AWS passes it over, as it does a condition's date that is none. */
    str name = coding_text(c, m->location_name);
    bool condition = shape->type == WIRE_TIMESTAMP && str_eq_nocase(str_take(name, 3), S("if-"));
    if (condition || str_eq_nocase(name, S("expires"))) return true;
    return rest_refuse(c, m, text);
}

bool rest_read_headers(struct coding *c, const struct wire_shape *shape,
                       const struct wire_message *message, void *structure) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const struct wire_shape *s = coding_shape(c, m->shape);
        void *field = (char *)structure + m->offset;
        bool good = true;
        if (m->location == WIRE_IN_HEADERS) good = read_prefixed(c, m, s, message, field);
        else if (m->location == WIRE_IN_HEADER && s->type == WIRE_LIST)
            good = read_list(c, m, s, message, field);
        else if (m->location == WIRE_IN_HEADER) good = read_header(c, m, s, message, field);
        if (!good) return false;
    }
    return true;
}

/* ---- writing ---- */

/* What a comma or a quote would tear apart is quoted. */
static void write_item(struct buf *out, str text) {
    bool quoted = str_find_char(text, ',') != STR_NONE || str_find_char(text, '"') != STR_NONE
                  || text.n != str_trim(text).n;
    if (!quoted) {
        buf_add(out, text);
        return;
    }
    buf_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\') buf_char(out, '\\');
        buf_char(out, text.p[i]);
    }
    buf_char(out, '"');
}

static void write_list(struct coding *c, const struct wire_member *m, const struct wire_shape *shape,
                       const struct wire_list *list, struct buf *out) {
    const struct wire_shape *element = coding_shape(c, coding_member(c, shape, 0)->shape);
    bool any = false;
    for (u32 i = 0; i < list->n; i++) {
        const char *item = (const char *)list->v + i * element->size;
        if (!value_is_set(element, item)) continue;
        if (any) buf_add(out, S(", "));
        any = true;
        if (element->type == WIRE_STRING) write_item(out, *(const str *)(const void *)item);
        else value_write_text(element, value_time_format(m, element, WIRE_TIME_HTTP_DATE), item, out);
    }
}

/* A control character in a value could start a header of its own: such a header is left out. */
static void add_header(struct coding *c, struct wire_message *message, str name, str value) {
    for (size_t i = 0; i < value.n; i++)
        if (((u8)value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f) return;
    message_add_header(c, message, name, value);
}

static void write_prefixed(struct coding *c, const struct wire_member *m, const struct wire_shape *map,
                           const struct wire_list *list, struct wire_message *message) {
    const struct wire_member *value = coding_member(c, map, 1);
    str prefix = coding_text(c, m->location_name);
    for (u32 i = 0; i < list->n && message->header_count < WIRE_HEADERS_MAX; i++) {
        const char *entry = (const char *)list->v + i * value_entry_size(c, map);
        const str *key = (const str *)(const void *)entry;
        const str *text = (const str *)(const void *)(entry + value->offset);
        if (text->p) add_header(c, message, arena_concat(c->arena, prefix, *key), *text);
    }
}

/* Clients send what is empty, servers do not. */
static void write_header(struct coding *c, const struct wire_member *m, const struct wire_shape *shape,
                         const void *field, struct wire_message *message) {
    struct buf text = buf_new(c->arena, WIRE_OUTPUT_MAX);
    if (m->flags & WIRE_JSON_VALUE) buf_base64(&text, *(const str *)field);
    else if (shape->type == WIRE_LIST) write_list(c, m, shape, field, &text);
    else value_write_text(shape, value_time_format(m, shape, WIRE_TIME_HTTP_DATE), field, &text);
    if (text.n || c->from_server)
        add_header(c, message, coding_text(c, m->location_name), text.n ? buf_str(&text) : S(""));
}

void rest_write_headers(struct coding *c, const struct wire_shape *shape, const void *structure,
                        struct wire_message *message) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const struct wire_shape *s = coding_shape(c, m->shape);
        const void *field = (const char *)structure + m->offset;
        if (!value_is_set(s, field)) continue;
        if (m->location == WIRE_IN_HEADERS) write_prefixed(c, m, s, field, message);
        else if (m->location == WIRE_IN_HEADER) write_header(c, m, s, field, message);
    }
}
