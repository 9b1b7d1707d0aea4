/* A line is an item, of CSV a record, which may have line ends within quotes. */
#include "services/dynamodb/lines.h"

#include "services/dynamodb/dynamodb.h"
#include "services/dynamodb/value_ion.h"

enum { COLUMNS_MAX = 1024 };

/* Up to the end of a record; false: the text ends before. */
static bool cut(const struct ddb_lines *l, str text, str *record, size_t *taken) {
    bool quoted = false, csv = l->format == DDB_FORMAT_CSV;
    for (size_t i = 0; i < text.n; i++) {
        if (csv && text.p[i] == '"') quoted = !quoted;
        if (text.p[i] != '\n' || quoted) continue;
        *record = str_take(text, i);
        *taken = i + 1;
        return true;
    }
    *record = text;
    *taken = text.n;
    return l->last && text.n;
}

/* The next field of a CSV record (RFC 4180, with any of AWS's delimiters). */
static bool field(struct arena *a, str *rest, char delimiter, str *out) {
    struct buf b = buf_new(a, rest->n + 1);
    const char *p = rest->p, *end = rest->p + rest->n;
    bool quoted = p < end && *p == '"';
    if (quoted) p++;
    for (; p < end; p++) {
        if (quoted && *p == '"' && p + 1 < end && p[1] == '"') p++;
        else if (quoted && *p == '"') break;
        else if (!quoted && *p == delimiter) break;
        buf_char(&b, *p);
    }
    if (quoted) {
        if (p == end) return false;
        p++;
        if (p < end && *p != delimiter) return false;
    }
    *out = b.n ? buf_str(&b) : S("");
    *rest = p == end ? (str){0} : (str){p + 1, (size_t)(end - p) - 1};
    return true;
}

static bool fields(struct arena *a, str record, char delimiter, struct ddb_names *out) {
    *out = (struct ddb_names){.v = NEW_ARRAY(a, struct ddb_name, COLUMNS_MAX), .set = true};
    while (record.p) {
        if (out->n == COLUMNS_MAX || !field(a, &record, delimiter, &out->v[out->n].text)) return false;
        out->n++;
    }
    return true;
}

/* Everything is a string but what is a key, of the table or an index. */
static bool csv_item(struct ddb_lines *l, str record, struct dynamodb_attribute_map *out) {
    struct arena *a = l->call->arena;
    struct ddb_names values;
    if (!fields(a, record, l->delimiter.p ? l->delimiter.p[0] : ',', &values) || values.n != l->columns.n) return false;
    *out = (struct dynamodb_attribute_map){NEW_ARRAY(a, struct dynamodb_attribute_map_entry, values.n + 1), values.n, true};
    for (u32 i = 0; i < values.n; i++) {
        str text = values.v[i].text;
        out->v[i].key = l->columns.v[i].text;
        u8 type = ddb_attribute_type(l->table, l->columns.v[i].text);
        if (type == VALUE_N) out->v[i].value.n = text;
        else if (type == VALUE_B && !base64_decode(a, text, &out->v[i].value.b)) return false;
        else if (type != VALUE_B) out->v[i].value.s = text;
    }
    return true;
}

static bool has_condition(const struct item_record *r) { return r->condition.p || r->names.set || r->values.set; }

static bool read_record(struct ddb_lines *l, str text, struct item_record *r) {
    struct arena *a = l->call->arena;
    *r = (struct item_record){0};
    if (l->format == DDB_FORMAT_CSV) return csv_item(l, text, &r->item);
    bool read = l->format == DDB_FORMAT_ION ? record_read_ion(a, text, r) : record_read_json(a, text, r);
    return read && (l->conditions || !has_condition(r));
}

static err read_item(struct ddb_lines *l, const struct item_record *r, struct ddb_line *line) {
    struct parameters asked = {.condition = r->condition, .names = &r->names, .values = &r->values};
    TRY(parameters_check(l->call, &asked));
    TRY(ITEM_OF_WIRE(l->call, r->item, &line->item));
    if (!has_condition(r)) return NULL;
    line->asked = NEW(l->call->arena, struct expressions);
    return expressions_parse(l->call, &asked, line->asked);
}

static void add(struct ddb_lines *l, str text) {
    struct ddb_line *line = &l->items[l->n++];
    struct item_record r;
    *line = (struct ddb_line){.text = text, .index = l->index++};
    if (!read_record(l, text, &r)) {
        line->garbled = true;
        line->problem = S("Attributes could not be parsed: the item is not well formed");
        return;
    }
    if (!read_item(l, &r, line)) return;
    line->problem = l->call->error_message;
    l->call->error_message = (str){0};
}

void ddb_lines_read(struct ddb_lines *l, str text) {
    str record;
    size_t taken;
    while (l->n < l->max && cut(l, str_skip(text, l->taken), &record, &taken)) {
        bool header = l->format == DDB_FORMAT_CSV && !l->columns.set;
        l->taken += taken;
        if (record.n && record.p[record.n - 1] == '\r') record = str_take(record, record.n - 1);
        if (!str_trim(record).n) continue;
        if (!header) add(l, record);
        else if (!fields(l->call->arena, record, l->delimiter.p ? l->delimiter.p[0] : ',', &l->columns))
            l->columns = (struct ddb_names){.set = true};
        if (l->conditions && l->n && l->items[l->n - 1].garbled) break;
    }
}
