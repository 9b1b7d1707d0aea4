#include "services/s3/select_output.h"

enum { FIELD_MAX = 2 << 20 };

static bool needs_quotes(const struct select_layout *l, str text) {
    if (l->quote_always) return true;
    return str_find_char(text, l->field_delimiter) != STR_NONE || str_find_char(text, l->quote) != STR_NONE || str_find(text, l->record_delimiter) != STR_NONE;
}

static void csv_text(struct buf *b, const struct select_layout *l, str text) {
    if (!needs_quotes(l, text)) {
        buf_add(b, text);
        return;
    }
    buf_char(b, l->quote);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == l->quote || text.p[i] == l->escape) buf_char(b, l->escape);
        buf_char(b, text.p[i]);
    }
    buf_char(b, l->quote);
}

static void csv_value(struct buf *b, const struct select_layout *l, u32 place, const struct sql_value *v) {
    if (place) buf_char(b, l->field_delimiter);
    if (v->kind == SQL_TEXT) {
        csv_text(b, l, v->text);
    } else if (!sql_unknown(v)) {
        struct buf shown = buf_new(b->arena, FIELD_MAX);
        sql_show(&shown, v);
        csv_text(b, l, buf_str(&shown));
    }
}

static void json_value(struct buf *b, str name, const struct sql_value *v) {
    if (v->kind == SQL_MISSING) return;
    json_write_key(b, name);
    sql_show_json(b, v);
}

void select_show(struct buf *b, const struct select_layout *l, const struct sql_query *q, const struct sql_value *items) {
    if (l->json) json_write_object(b);
    for (u32 i = 0; i < q->item_count; i++) {
        if (l->json) json_value(b, q->items[i].name, &items[i]);
        else csv_value(b, l, i, &items[i]);
    }
    if (l->json) json_write_object_end(b);
    buf_add(b, l->record_delimiter);
}

static void show_fields(struct buf *b, const struct select_layout *l, const struct sql_record *r) {
    for (u32 i = 0; i < r->field_count; i++) {
        struct sql_value v = sql_text(r->fields[i]);
        if (!l->json) csv_value(b, l, i, &v);
        else json_value(b, i < r->name_count ? r->names[i] : arena_format(b->arena, "_%u", i + 1), &v);
    }
}

static void show_members(struct buf *b, const struct select_layout *l, const struct sql_value *record) {
    u32 place = 0;
    if (record->kind != SQL_STRUCT) {
        if (l->json) json_value(b, S("_1"), record);
        else csv_value(b, l, 0, record);
        return;
    }
    for (const struct json_node *m = record->node->first; m; m = m->next) {
        struct sql_value v = sql_of_json(m);
        if (l->json) json_value(b, m->key, &v);
        else csv_value(b, l, place++, &v);
    }
}

void select_show_all(struct buf *b, const struct select_layout *l, const struct sql_record *r) {
    if (l->json) json_write_object(b);
    if (r->csv) show_fields(b, l, r);
    else show_members(b, l, &r->value);
    if (l->json) json_write_object_end(b);
    buf_add(b, l->record_delimiter);
}
