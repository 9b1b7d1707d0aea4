/* Values as JSON with their types: {"S":"x"}. */
#include "services/dynamodb/value_ion.h"
#include "text/json.h"

static void write_base64(struct buf *out, str bytes) {
    json_write_comma(out);
    buf_char(out, '"');
    buf_base64(out, bytes);
    buf_char(out, '"');
}

static void write_text(struct buf *out, const struct value *v) {
    if (v->type == VALUE_B) write_base64(out, value_text(v));
    else json_write_string(out, value_text(v));
}

void item_write_json(struct arena *a, struct buf *out, const struct value *item) {
    struct value open = value_open(a, item);
    json_write_object(out);
    for (u32 i = 0; i < open.n; i++) {
        json_write_key(out, member_name(&open.members[i]));
        value_write_json(a, out, &open.members[i].value);
    }
    json_write_object_end(out);
}

static void write_elements(struct arena *a, struct buf *out, const struct value *v) {
    struct value open = value_open(a, v);
    json_write_array(out);
    for (u32 i = 0; i < open.n; i++) {
        if (v->type == VALUE_L) value_write_json(a, out, &open.elements[i]);
        else write_text(out, &open.elements[i]);
    }
    json_write_array_end(out);
}

void value_write_json(struct arena *a, struct buf *out, const struct value *v) {
    json_write_object(out);
    json_write_key(out, value_type_name(v->type));
    switch (v->type) {
    case VALUE_S:
    case VALUE_N:
    case VALUE_B: write_text(out, v); break;
    case VALUE_NULL: json_write_boolean(out, true); break;
    case VALUE_BOOL: json_write_boolean(out, v->truth); break;
    case VALUE_M: item_write_json(a, out, v); break;
    default: write_elements(a, out, v);
    }
    json_write_object_end(out);
}

/* ---- read: the wire's own decoder is driven by the API's tables and by whole requests ---- */

static bool read_value(struct json_reader *r, struct dynamodb_attribute_value *v);

static bool read_map(struct json_reader *r, struct dynamodb_attribute_map *out) {
    u32 capacity = 0;
    str key;
    *out = (struct dynamodb_attribute_map){.set = true};
    if (!json_read_object(r)) return false;
    while (json_read_key(r, &key)) {
        if (out->n == capacity) {
            capacity = MAX(capacity * 2, 8u);
            struct dynamodb_attribute_map_entry *more = NEW_ARRAY(r->arena, struct dynamodb_attribute_map_entry, capacity);
            if (out->n) memcpy(more, out->v, out->n * sizeof *more);
            out->v = more;
        }
        for (u32 i = 0; i < out->n; i++)
            if (str_eq(out->v[i].key, key)) return false;
        out->v[out->n].key = key;
        if (!read_value(r, &out->v[out->n++].value)) return false;
    }
    return !r->problem;
}

static bool read_list(struct json_reader *r, struct dynamodb_list_attribute_value *out) {
    u32 capacity = 0;
    out->set = true;
    if (!json_read_array(r)) return false;
    while (json_read_item(r)) {
        if (out->n == capacity) {
            capacity = MAX(capacity * 2, 8u);
            struct dynamodb_attribute_value *more = NEW_ARRAY(r->arena, struct dynamodb_attribute_value, capacity);
            if (out->n) memcpy(more, out->v, out->n * sizeof *more);
            out->v = more;
        }
        if (!read_value(r, &out->v[out->n++])) return false;
    }
    return !r->problem;
}

static bool read_text(struct json_reader *r, bool binary, str *text) {
    if (!json_read_string(r, text)) return false;
    return !binary || base64_decode(r->arena, *text, text);
}

static bool read_texts(struct json_reader *r, bool binary, str **texts, u32 *n) {
    u32 capacity = 8;
    str *v = NEW_ARRAY(r->arena, str, capacity);
    *n = 0;
    if (!json_read_array(r)) return false;
    while (json_read_item(r)) {
        if (*n == capacity) {
            str *more = NEW_ARRAY(r->arena, str, capacity * 2);
            memcpy(more, v, *n * sizeof *v);
            v = more;
            capacity *= 2;
        }
        if (!read_text(r, binary, &v[(*n)++])) return false;
    }
    *texts = v;
    return !r->problem;
}

static bool read_typed(struct json_reader *r, str type, struct dynamodb_attribute_value *v) {
    struct dynamodb_attribute_map map;
    str *texts;
    u32 n;
    if (str_eq(type, S("S"))) return read_text(r, false, &v->s);
    if (str_eq(type, S("N"))) return read_text(r, false, &v->n);
    if (str_eq(type, S("B"))) return read_text(r, true, &v->b);
    if (str_eq(type, S("L"))) return read_list(r, &v->l);
    if (str_eq(type, S("BOOL")) || str_eq(type, S("NULL"))) {
        struct opt_bool *truth = str_eq(type, S("BOOL")) ? &v->bool_ : &v->null;
        truth->set = true;
        return json_read_boolean(r, &truth->v);
    }
    if (str_eq(type, S("M"))) {
        if (!read_map(r, &map)) return false;
        v->m.v = (void *)map.v;
        v->m.n = map.n;
        v->m.set = true;
        return true;
    }
    bool binary = str_eq(type, S("BS"));
    if (!binary && !str_eq(type, S("SS")) && !str_eq(type, S("NS"))) return false;
    if (!read_texts(r, binary, &texts, &n)) return false;
    if (binary) v->bs = (struct dynamodb_binary_set_attribute_value){texts, n, true};
    else if (type.p[0] == 'S') v->ss = (struct dynamodb_string_set_attribute_value){texts, n, true};
    else v->ns = (struct dynamodb_number_set_attribute_value){texts, n, true};
    return true;
}

static bool read_value(struct json_reader *r, struct dynamodb_attribute_value *v) {
    str type;
    u32 n = 0;
    *v = (struct dynamodb_attribute_value){0};
    if (!json_read_object(r)) return false;
    while (json_read_key(r, &type))
        if (n++ || !read_typed(r, type, v)) return false;
    return !r->problem && n == 1;
}

static bool read_names(struct json_reader *r, struct dynamodb_expression_attribute_name_map *out) {
    u32 capacity = 0;
    str key;
    out->set = true;
    if (!json_read_object(r)) return false;
    while (json_read_key(r, &key)) {
        if (out->n == capacity) {
            capacity = MAX(capacity * 2, 8u);
            struct dynamodb_expression_attribute_name_map_entry *more = NEW_ARRAY(r->arena, struct dynamodb_expression_attribute_name_map_entry, capacity);
            if (out->n) memcpy(more, out->v, out->n * sizeof *more);
            out->v = more;
        }
        out->v[out->n].key = key;
        if (!json_read_string(r, &out->v[out->n++].value)) return false;
    }
    return !r->problem;
}

static bool read_member(struct json_reader *r, str key, struct item_record *out) {
    struct dynamodb_attribute_map values;
    if (str_eq(key, S("Item"))) return !out->item.set && read_map(r, &out->item);
    if (str_eq(key, S("ConditionExpression"))) return !out->condition.p && json_read_string(r, &out->condition);
    if (str_eq(key, S("ExpressionAttributeNames"))) return !out->names.set && read_names(r, &out->names);
    if (!str_eq(key, S("ExpressionAttributeValues")) || out->values.set || !read_map(r, &values)) return false;
    out->values = (struct dynamodb_expression_attribute_value_map){(void *)values.v, values.n, true};
    return true;
}

bool record_read_json(struct arena *a, str text, struct item_record *out) {
    enum { DEPTH = 2 * VALUE_DEPTH_MAX + 8 };
    struct json_reader r = json_reader_new(a, text, (struct json_limits){.bytes = text.n + 1, .depth = DEPTH});
    str key;
    *out = (struct item_record){0};
    if (!json_read_object(&r)) return false;
    while (json_read_key(&r, &key))
        if (!read_member(&r, key, out)) return false;
    return json_done(&r) && out->item.set;
}
