#include "wire/rest.h"

/* ---- path templates ----
 * "/{Bucket}/{Key+}?select&select-type=2": segments and, behind '?', literal query parameters. */

struct label {
    str name;
    bool greedy;
};

static bool is_label(str segment, struct label *label) {
    if (!str_starts(segment, S("{")) || !str_ends(segment, S("}"))) return false;
    str name = str_take(str_skip(segment, 1), segment.n - 2);
    label->greedy = str_ends(name, S("+"));
    label->name = str_take(name, name.n - label->greedy);
    return true;
}

static size_t segments(str path) {
    size_t n = 1;
    for (size_t i = 0; i < path.n; i++) n += path.p[i] == '/';
    return n;
}

/* The next segment of the path; a greedy one leaves as many segments as the template still has. */
static str take_segment(str *path, bool greedy, size_t left_in_template) {
    str taken = str_cut(path, '/');
    if (!greedy) return taken;
    while (path->p && segments(*path) > left_in_template) {
        str more = str_cut(path, '/');
        taken.n = (size_t)(more.p + more.n - taken.p);
    }
    return taken;
}

static const struct wire_member *member_named(const struct coding *c, const struct wire_shape *shape,
                                              str name) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (m->location != WIRE_IN_PATH) continue;
        if (str_eq(coding_text(c, m->location_name), name) || str_eq(coding_text(c, m->name), name))
            return m;
    }
    return NULL;
}

/* S3's words, which the other services that speak XML follow in kind. */
static bool refuse_in_xml(struct coding *c, const struct wire_member *m, str text) {
    str name = coding_text(c, m->location_name);
    if (m->location == WIRE_IN_PATH) return coding_fail(c, S("InvalidURI"), "Couldn't parse the specified URI.");
    if (!name.n) name = coding_text(c, m->name);
    enum wire_type type = (enum wire_type)coding_shape(c, m->shape)->type;
    bool number = type == WIRE_INTEGER || type == WIRE_LONG;
    (void)coding_fail(c, S("InvalidArgument"), number ? "Provided %.*s not an integer or within integer range"
                                                      : "The value of %.*s is not valid", STR_ARGS(name));
    if (c->problem && !c->problem->argument.p) {
        c->problem->argument = name;
        c->problem->value = str_take(text, 200);
    }
    return false;
}

bool rest_refuse(struct coding *c, const struct wire_member *m, str text) {
    if (rest_speaks_xml(c)) return refuse_in_xml(c, m, text);
    return coding_fail(c, S("SerializationException"), "'%.*s' is not a valid value for %.*s",
                       STR_ARGS(str_take(text, 200)), STR_ARGS(coding_text(c, m->name)));
}

static bool read_text(struct coding *c, const struct wire_shape *shape, enum wire_timestamp_format format,
                      str text, void *field) {
    if (shape->type == WIRE_TIMESTAMP && value_time_has_refused_offset(c, format, text)) return false;
    return value_read_text(c, shape, format, text, field);
}

static bool read_label(struct coding *c, const struct wire_op *op, str name, str raw, void *input) {
    const struct wire_member *m = member_named(c, coding_shape(c, op->input), name);
    str text;
    if (!m) return true;
    const struct wire_shape *shape = coding_shape(c, m->shape);
    if (!percent_decode(c->arena, raw, false, &text) || !utf8_valid(text)) return rest_refuse(c, m, raw);
    return read_text(c, shape, value_time_format(m, shape, WIRE_TIME_ISO8601), text,
                     (char *)input + m->offset)
           || rest_refuse(c, m, text);
}

static bool read_path(struct coding *c, const struct wire_op *op, str path, void *input) {
    str uri = coding_text(c, op->uri);
    str template = str_cut(&uri, '?');
    template = str_skip(template, str_starts(template, S("/")));
    path = str_skip(path, str_starts(path, S("/")));
    while (template.p && path.p) {
        struct label label = {0};
        str wanted = str_cut(&template, '/');
        bool labelled = is_label(wanted, &label);
        str raw = take_segment(&path, label.greedy, template.p ? segments(template) : 0);
        if (labelled && !read_label(c, op, label.name, raw, input)) return false;
    }
    return true;
}

/* ---- query ---- */

static bool read_parameter(struct coding *c, const struct wire_member *m, str value, void *field,
                           bool is_map_value) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    if (shape->type == WIRE_LIST) {
        struct wire_list *list = field;
        const struct wire_member *element = coding_member(c, shape, 0);
        const struct wire_shape *s = coding_shape(c, element->shape);
        u32 capacity = list->n ? 1 : 0;
        while (capacity < list->n) capacity *= 2;
        void *item = value_list_add(c, list, s->size, &capacity);
        enum wire_timestamp_format format =
            value_time_format(is_map_value ? NULL : m, s, WIRE_TIME_ISO8601);
        return read_text(c, s, format, value, item) || rest_refuse(c, m, value);
    }
    if (value_is_set(shape, field)) return true; /* the first of a repeated parameter stands */
    return read_text(c, shape, value_time_format(m, shape, WIRE_TIME_ISO8601), value, field)
           || rest_refuse(c, m, value);
}

static void *entry_under(struct coding *c, const struct wire_shape *map, struct wire_list *list, str key) {
    size_t size = value_entry_size(c, map);
    for (u32 i = 0; i < list->n; i++) {
        char *entry = (char *)list->v + i * size;
        if (str_eq(*(str *)(void *)entry, key)) return entry;
    }
    u32 capacity = list->n ? 1 : 0;
    while (capacity < list->n) capacity *= 2;
    char *entry = value_list_add(c, list, size, &capacity);
    *(str *)(void *)entry = key;
    return entry;
}

static bool read_query_map(struct coding *c, const struct wire_member *m, const struct form *form,
                           void *input) {
    const struct wire_shape *map = coding_shape(c, m->shape);
    const struct wire_member *value = coding_member(c, map, 1);
    struct wire_list *list = (struct wire_list *)(void *)((char *)input + m->offset);
    for (size_t i = 0; i < form->n; i++) {
        if (list->n == REST_QUERY_MAP_MAX) return rest_refuse(c, m, form->pairs[i].name);
        char *entry = entry_under(c, map, list, form->pairs[i].name);
        str text = form->pairs[i].value.p ? form->pairs[i].value : S("");
        if (!read_parameter(c, value, text, entry + value->offset, true)) return false;
    }
    return true;
}

static bool read_query(struct coding *c, const struct wire_op *op, str query, void *input) {
    const struct wire_shape *shape = coding_shape(c, op->input);
    struct form form;
    if (!form_parse(c->arena, query, true, REST_QUERY_PAIRS_MAX, &form))
        return coding_fail(c, S("InvalidURI"), "Couldn't parse the specified URI.");
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (m->location == WIRE_IN_QUERY_MAP && !read_query_map(c, m, &form, input)) return false;
        if (m->location != WIRE_IN_QUERY) continue;
        str name = coding_text(c, m->location_name);
        for (size_t k = 0; k < form.n; k++) {
            const struct form_pair *pair = &form.pairs[k];
            if (!str_eq(pair->name, name)) continue;
            str value = pair->value.p ? pair->value : S("");
            if (!read_parameter(c, m, value, (char *)input + m->offset, false)) return false;
        }
    }
    return true;
}

static bool binds_query(const struct coding *c, const struct wire_shape *shape) {
    for (u32 i = 0; i < shape->member_count; i++) {
        u8 location = coding_member(c, shape, i)->location;
        if (location == WIRE_IN_QUERY || location == WIRE_IN_QUERY_MAP) return true;
    }
    return false;
}

bool rest_read_uri(struct coding *c, const struct wire_op *op, const struct wire_message *m, void *input) {
    if (op->input == WIRE_NONE) return true;
    if (!read_path(c, op, m->path, input)) return false;
    if (m->query.n == 0 || !binds_query(c, coding_shape(c, op->input))) return true;
    return read_query(c, op, m->query, input);
}

/* ---- writing, for clients ---- */

static str scalar_text(struct coding *c, const struct wire_member *m, const struct wire_shape *shape,
                       const void *value) {
    struct buf text = buf_new(c->arena, WIRE_OUTPUT_MAX);
    value_write_text(shape, value_time_format(m, shape, WIRE_TIME_ISO8601), value, &text);
    return text.n ? buf_str(&text) : S("");
}

static void write_path(struct coding *c, const struct wire_op *op, str template, const void *input,
                       struct buf *out) {
    template = str_skip(template, str_starts(template, S("/")));
    while (template.p) {
        struct label label;
        str segment = str_cut(&template, '/');
        buf_char(out, '/');
        const struct wire_member *m = NULL;
        if (is_label(segment, &label) && op->input != WIRE_NONE)
            m = member_named(c, coding_shape(c, op->input), label.name);
        if (!m) {
            buf_add(out, segment);
            continue;
        }
        const void *field = (const char *)input + m->offset;
        const struct wire_shape *shape = coding_shape(c, m->shape);
        if (value_is_set(shape, field)) buf_percent(out, scalar_text(c, m, shape, field), label.greedy);
    }
}

static void write_parameter(struct coding *c, const struct wire_member *m, str name, const void *field,
                            struct buf *out) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    if (shape->type != WIRE_LIST) {
        if (value_is_set(shape, field)) form_write(out, name, scalar_text(c, m, shape, field));
        return;
    }
    const struct wire_list *list = field;
    const struct wire_shape *element = coding_shape(c, coding_member(c, shape, 0)->shape);
    for (u32 i = 0; i < list->n; i++) {
        const char *item = (const char *)list->v + i * element->size;
        if (value_is_set(element, item)) form_write(out, name, scalar_text(c, m, element, item));
    }
}

static bool is_bound(const struct coding *c, const struct wire_shape *shape, str name) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        if (m->location == WIRE_IN_QUERY && str_eq(coding_text(c, m->location_name), name)) return true;
    }
    return false;
}

static void write_query(struct coding *c, const struct wire_shape *shape, const void *input,
                        struct buf *out) {
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const void *field = (const char *)input + m->offset;
        if (m->location == WIRE_IN_QUERY) write_parameter(c, m, coding_text(c, m->location_name), field, out);
        if (m->location != WIRE_IN_QUERY_MAP) continue;
        const struct wire_shape *map = coding_shape(c, m->shape);
        const struct wire_member *value = coding_member(c, map, 1);
        const struct wire_list *list = field;
        for (u32 k = 0; k < list->n; k++) {
            const char *entry = (const char *)list->v + k * value_entry_size(c, map);
            str key = *(const str *)(const void *)entry;
            if (!is_bound(c, shape, key)) write_parameter(c, value, key, entry + value->offset, out);
        }
    }
}

void rest_write_uri(struct coding *c, const struct wire_op *op, const void *input, struct wire_message *m) {
    str uri = coding_text(c, op->uri);
    str template = str_cut(&uri, '?');
    struct buf path = buf_new(c->arena, 1 << 20), query = buf_new(c->arena, 1 << 20);
    write_path(c, op, template, input, &path);
    buf_add(&query, uri);
    if (op->input != WIRE_NONE) write_query(c, coding_shape(c, op->input), input, &query);
    m->path = buf_str(&path);
    if (query.n) m->query = buf_str(&query);
}
