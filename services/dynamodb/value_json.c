/* Values as JSON with their types: {"S":"x"}. */
#include "services/dynamodb/value.h"
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
