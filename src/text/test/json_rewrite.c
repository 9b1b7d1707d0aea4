#include "json_rewrite.h"

#include "text/json.h"

static void rewrite_value(struct json_reader *r, struct buf *out) {
    str text;
    bool flag;
    double real;
    i64 whole;
    switch (json_peek(r)) {
    case JSON_NULL:
        if (json_read_null(r)) json_write_null(out);
        return;
    case JSON_BOOLEAN:
        if (json_read_boolean(r, &flag)) json_write_boolean(out, flag);
        return;
    case JSON_STRING:
        if (json_read_string(r, &text)) json_write_string(out, text);
        return;
    case JSON_NUMBER:
        if (!json_read_number(r, &text)) return;
        if (str_to_i64(text, &whole)) json_write_i64(out, whole);
        else if (str_to_f64(text, &real)) json_write_f64(out, real);
        return;
    case JSON_ARRAY:
        if (!json_read_array(r)) return;
        json_write_array(out);
        while (json_read_item(r)) rewrite_value(r, out);
        json_write_array_end(out);
        return;
    case JSON_OBJECT:
        if (!json_read_object(r)) return;
        json_write_object(out);
        while (json_read_key(r, &text)) {
            json_write_key(out, text);
            rewrite_value(r, out);
        }
        json_write_object_end(out);
        return;
    case JSON_BROKEN: json_skip(r); return;
    }
}

bool json_rewrite(struct arena *a, str text, str *rewritten) {
    struct json_reader r = json_reader_new(a, text, json_default_limits);
    struct buf out = buf_new(a, 1 << 20);
    rewrite_value(&r, &out);
    *rewritten = buf_str(&out);
    return json_done(&r);
}
