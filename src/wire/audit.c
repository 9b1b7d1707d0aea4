#include "wire/audit.h"

#include "text/json.h"
#include "wire/codec.h"

static void write_value(struct coding *c, u16 shape_index, const void *value, u32 depth, struct buf *out);

/* "AWSAccountId" is "aWSAccountId" there: the first letter alone. S3's events have the names of the wire, "x-amz-acl",
 * "list-type", "VersioningConfiguration"; and bucketName. */
static void write_name(struct coding *c, const struct wire_member *m, struct buf *out) {
    bool as_sent = c->service->protocol == WIRE_REST_XML && m->location != WIRE_IN_PATH && m->location != WIRE_IN_HEADERS;
    str text = coding_text(c, as_sent ? m->location_name : m->name);
    if (c->service->protocol == WIRE_REST_XML && m->location == WIRE_IN_PATH && str_eq(text, S("Bucket"))) text = S("bucketName");
    json_write_comma(out);
    buf_char(out, '"');
    if (text.n) buf_char(out, (char)(!as_sent && text.p[0] >= 'A' && text.p[0] <= 'Z' ? text.p[0] + 32 : text.p[0]));
    buf_add(out, str_skip(text, 1));
    buf_add(out, S("\":"));
}

static bool is_left_out(const struct wire_shape *shape, const void *field) {
    return shape->type == WIRE_BLOB || (shape->flags & (WIRE_STREAMING | WIRE_EVENT_STREAM)) || !value_is_set(shape, field);
}

static void write_members(struct coding *c, const struct wire_shape *shape, const void *value, u32 depth, struct buf *out) {
    json_write_object(out);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const struct wire_shape *of = coding_shape(c, m->shape);
        const void *field = (const char *)value + m->offset;
        if (is_left_out(of, field)) continue;
        write_name(c, m, out);
        if ((m->flags & WIRE_MEMBER_SENSITIVE) || (of->flags & WIRE_SHAPE_SENSITIVE)) json_write_string(out, S("HIDDEN_DUE_TO_SECURITY_REASONS"));
        else write_value(c, m->shape, of->type == WIRE_STRUCTURE ? *(void *const *)field : field, depth, out);
    }
    json_write_object_end(out);
}

static void write_element(struct coding *c, const struct wire_member *m, const void *value, u32 depth, struct buf *out) {
    const struct wire_shape *of = coding_shape(c, m->shape);
    if (of->type == WIRE_BLOB || (of->type != WIRE_STRUCTURE && !value_is_set(of, value))) json_write_null(out);
    else if (of->flags & WIRE_SHAPE_SENSITIVE) json_write_string(out, S("HIDDEN_DUE_TO_SECURITY_REASONS"));
    else write_value(c, m->shape, value, depth, out);
}

static void write_list(struct coding *c, const struct wire_shape *shape, const struct wire_list *list, u32 depth, struct buf *out) {
    size_t size = value_element_size(c, shape);
    json_write_array(out);
    for (u32 i = 0; i < list->n && !out->over; i++) write_element(c, coding_member(c, shape, 0), (const char *)list->v + i * size, depth, out);
    json_write_array_end(out);
}

static void write_map(struct coding *c, const struct wire_shape *shape, const struct wire_list *map, u32 depth, struct buf *out) {
    const struct wire_member *value = coding_member(c, shape, 1);
    size_t size = value_entry_size(c, shape);
    json_write_object(out);
    for (u32 i = 0; i < map->n && !out->over; i++) {
        const char *entry = (const char *)map->v + i * size;
        json_write_key(out, *(const str *)(const void *)entry);
        write_element(c, value, entry + value->offset, depth, out);
    }
    json_write_object_end(out);
}

static void write_time(i64 ms, struct buf *out) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil_time t = civil_of(ms);
    json_write_comma(out);
    buf_format(out, "\"%s %d, %lld, %d:%02d:%02d %s\"", months[t.month - 1], t.day, (long long)t.year, t.hour % 12 ? t.hour % 12 : 12, t.minute, t.second,
               t.hour < 12 ? "AM" : "PM");
}

static void write_scalar(const struct wire_shape *shape, const void *value, struct buf *out) {
    switch ((enum wire_type)shape->type) {
    case WIRE_BOOLEAN: json_write_boolean(out, ((const struct opt_bool *)value)->v); return;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER:
    case WIRE_LONG: json_write_i64(out, value_get_integer(shape, value)); return;
    case WIRE_FLOAT:
    case WIRE_DOUBLE: json_write_f64(out, ((const struct opt_f64 *)value)->v); return;
    case WIRE_TIMESTAMP: write_time(((const struct opt_time *)value)->ms, out); return;
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT: json_write_raw(out, *(const str *)value); return;
    case WIRE_STRING: json_write_string(out, *(const str *)value); return;
    case WIRE_STRUCTURE:
    case WIRE_LIST:
    case WIRE_MAP:
    case WIRE_BLOB: break;
    }
    json_write_null(out);
}

static void write_value(struct coding *c, u16 shape_index, const void *value, u32 depth, struct buf *out) {
    const struct wire_shape *shape = coding_shape(c, shape_index);
    if (depth == 0) json_write_null(out); /* deeper than anything that came over the wire */
    else if (shape->type == WIRE_STRUCTURE) write_members(c, shape, value, depth - 1, out);
    else if (shape->type == WIRE_LIST) write_list(c, shape, value, depth - 1, out);
    else if (shape->type == WIRE_MAP) write_map(c, shape, value, depth - 1, out);
    else write_scalar(shape, value, out);
}

void wire_audit(const struct wire_service *s, u16 shape, const void *value, struct arena *a, struct buf *out) {
    struct coding c = {.service = s, .protocol = WIRE_AWS_JSON_1_1, .arena = a};
    write_value(&c, shape, value, WIRE_DEPTH_MAX, out);
}
