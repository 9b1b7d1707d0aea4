/* Ion text, read: the part of it that items are made of. A recursive descent with a bounded depth; what it does not
 * know (symbols, timestamps, clobs, S-expressions) is no item. */
#include "services/dynamodb/value_ion.h"

enum { DEPTH_MAX = VALUE_DEPTH_MAX + 4, MEMBERS_FIRST = 8 };

struct ion {
    struct arena *arena;
    const char *p, *end;
    u32 depth;
};

static bool is_digit(char ch) { return ch >= '0' && ch <= '9'; }
static bool is_word(char ch) { return ((ch | 32) >= 'a' && (ch | 32) <= 'z') || ch == '_' || ch == '$'; }

static bool skip_comment(struct ion *r) {
    if (r->end - r->p < 2 || r->p[0] != '/') return false;
    str rest = {r->p + 2, (size_t)(r->end - r->p) - 2};
    bool line = r->p[1] == '/';
    if (!line && r->p[1] != '*') return false;
    size_t at = line ? str_find_char(rest, '\n') : str_find(rest, S("*/"));
    r->p = at == STR_NONE ? r->end : rest.p + at + (line ? 1 : 2);
    return true;
}

static void skip_space(struct ion *r) {
    while (r->p < r->end && ((*r->p == ' ' || (*r->p >= '\t' && *r->p <= '\r')) || skip_comment(r)))
        if (r->p < r->end && (*r->p == ' ' || (*r->p >= '\t' && *r->p <= '\r'))) r->p++;
}

static bool take(struct ion *r, str text) {
    skip_space(r);
    if ((size_t)(r->end - r->p) < text.n || memcmp(r->p, text.p, text.n) != 0) return false;
    r->p += text.n;
    return true;
}

/* ---- text ---- */

static bool hex(struct ion *r, int digits, u32 *code) {
    *code = 0;
    for (int i = 0; i < digits; i++) {
        if (r->p == r->end) return false;
        char ch = *r->p++;
        u32 digit = is_digit(ch) ? (u32)(ch - '0') : (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (u32)((ch | 32) - 'a') + 10 : 16;
        if (digit == 16) return false;
        *code = *code << 4 | digit;
    }
    return true;
}

static bool escaped(struct ion *r, struct buf *out) {
    static const char from[] = "abtnfrv0\"'?\\/", to[] = "\a\b\t\n\f\r\v\0\"'?\\/";
    u32 code, low;
    if (r->p == r->end) return false;
    char ch = *r->p++;
    if (ch == '\n') return true; /* a line goes on */
    const char *at = memchr(from, ch, sizeof from - 1);
    if (at) {
        buf_char(out, to[at - from]);
        return true;
    }
    if (ch != 'x' && ch != 'u' && ch != 'U') return false;
    if (!hex(r, ch == 'x' ? 2 : ch == 'u' ? 4 : 8, &code)) return false;
    if (code >= 0xd800 && code < 0xdc00) {
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u') return false;
        r->p += 2;
        if (!hex(r, 4, &low) || low < 0xdc00 || low > 0xdfff) return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    buf_utf8(out, code);
    return true;
}

/* Behind the opening quotes, up to the closing ones. */
static bool quoted(struct ion *r, str close, struct buf *out) {
    while (r->p < r->end) {
        if ((size_t)(r->end - r->p) >= close.n && memcmp(r->p, close.p, close.n) == 0) {
            r->p += close.n;
            return !out->over;
        }
        if (*r->p == '\\') {
            r->p++;
            if (!escaped(r, out)) return false;
        } else {
            buf_char(out, *r->p++);
        }
    }
    return false;
}

static bool string(struct ion *r, str *text) {
    struct buf b = buf_new(r->arena, (size_t)(r->end - r->p) + 8);
    bool any = false;
    if (take(r, S("\""))) {
        if (!quoted(r, S("\""), &b)) return false;
        any = true;
    } else {
        while (take(r, S("'''"))) {
            if (!quoted(r, S("'''"), &b)) return false;
            any = true;
        }
    }
    *text = b.n ? buf_str(&b) : S("");
    return any;
}

static bool symbol(struct ion *r, str *text) {
    skip_space(r);
    if (r->p < r->end && *r->p == '\'') {
        struct buf b = buf_new(r->arena, (size_t)(r->end - r->p) + 8);
        r->p++;
        if (!quoted(r, S("'"), &b)) return false;
        *text = b.n ? buf_str(&b) : S("");
        return true;
    }
    const char *from = r->p;
    while (r->p < r->end && (is_word(*r->p) || (r->p > from && is_digit(*r->p)))) r->p++;
    *text = (str){from, (size_t)(r->p - from)};
    return text->n > 0;
}

static bool field_name(struct ion *r, str *text) {
    skip_space(r);
    bool is_string = r->p < r->end && (*r->p == '"' || ((r->end - r->p) > 2 && memcmp(r->p, "'''", 3) == 0));
    return is_string ? string(r, text) : symbol(r, text);
}

/* ---- values ---- */

static bool value(struct ion *r, struct dynamodb_attribute_value *v);

/* "6d2" is 6e2, "103." 103, "1_000" 1000. */
static bool number(struct ion *r, str *text) {
    struct buf b = buf_new(r->arena, 512);
    const char *from = r->p;
    for (; r->p < r->end; r->p++) {
        char ch = *r->p;
        if (ch == 'd' || ch == 'D' || ch == 'e' || ch == 'E') buf_char(&b, 'e');
        else if (is_digit(ch) || ch == '-' || ch == '+') buf_char(&b, ch);
        else if (ch == '.') {
            bool last = r->p + 1 == r->end || !is_digit(r->p[1]);
            if (!last) buf_char(&b, ch);
        } else if (ch != '_') break;
    }
    *text = buf_str(&b);
    return r->p > from && b.n && !b.over;
}

static bool blob(struct ion *r, str *bytes) {
    str rest = {r->p, (size_t)(r->end - r->p)};
    size_t at = str_find(rest, S("}}"));
    if (at == STR_NONE) return false;
    r->p += at + 2;
    return base64_decode(r->arena, str_trim(str_take(rest, at)), bytes);
}

struct values {
    struct dynamodb_attribute_value *v;
    u32 n, capacity;
};

static struct dynamodb_attribute_value *one_more(struct ion *r, struct values *list) {
    if (list->n == list->capacity) {
        u32 capacity = MAX(list->capacity * 2, (u32)MEMBERS_FIRST);
        struct dynamodb_attribute_value *more = NEW_ARRAY(r->arena, struct dynamodb_attribute_value, capacity);
        if (list->n) memcpy(more, list->v, list->n * sizeof *more);
        list->v = more;
        list->capacity = capacity;
    }
    return &list->v[list->n++];
}

static bool list(struct ion *r, struct values *out) {
    while (!take(r, S("]"))) {
        if (out->n && !take(r, S(","))) return false;
        if (out->n && take(r, S("]"))) return true;
        if (!value(r, one_more(r, out))) return false;
    }
    return true;
}

static bool structure(struct ion *r, struct dynamodb_attribute_map *out) {
    u32 capacity = 0;
    *out = (struct dynamodb_attribute_map){.set = true};
    while (!take(r, S("}"))) {
        if (out->n && !take(r, S(","))) return false;
        if (out->n && take(r, S("}"))) return true;
        if (out->n == capacity) {
            capacity = MAX(capacity * 2, (u32)MEMBERS_FIRST);
            struct dynamodb_attribute_map_entry *more = NEW_ARRAY(r->arena, struct dynamodb_attribute_map_entry, capacity);
            if (out->n) memcpy(more, out->v, out->n * sizeof *more);
            out->v = more;
        }
        struct dynamodb_attribute_map_entry *e = &out->v[out->n++];
        if (!field_name(r, &e->key) || !take(r, S(":")) || !value(r, &e->value)) return false;
        for (u32 i = 0; i + 1 < out->n; i++)
            if (str_eq(out->v[i].key, e->key)) return false;
    }
    return true;
}

/* A list with an annotation: a set. */
static bool set_of(struct ion *r, str annotation, const struct values *items, struct dynamodb_attribute_value *v) {
    str *texts = NEW_ARRAY(r->arena, str, items->n + 1);
    for (u32 i = 0; i < items->n; i++) {
        const struct dynamodb_attribute_value *x = &items->v[i];
        texts[i] = str_eq(annotation, S("$dynamodb_SS")) ? x->s : str_eq(annotation, S("$dynamodb_NS")) ? x->n : x->b;
        if (!texts[i].p) return false;
    }
    if (str_eq(annotation, S("$dynamodb_SS"))) v->ss = (struct dynamodb_string_set_attribute_value){texts, items->n, true};
    else if (str_eq(annotation, S("$dynamodb_NS"))) v->ns = (struct dynamodb_number_set_attribute_value){texts, items->n, true};
    else if (str_eq(annotation, S("$dynamodb_BS"))) v->bs = (struct dynamodb_binary_set_attribute_value){texts, items->n, true};
    else return false;
    return true;
}

static bool word(struct ion *r, struct dynamodb_attribute_value *v) {
    str text;
    if (!symbol(r, &text)) return false;
    if (take(r, S("::"))) {
        struct values items = {0};
        return take(r, S("[")) && list(r, &items) && set_of(r, text, &items, v);
    }
    if (str_eq(text, S("true")) || str_eq(text, S("false"))) {
        v->bool_ = (struct opt_bool){.set = true, .v = str_eq(text, S("true"))};
        return true;
    }
    if (!str_eq(text, S("null"))) return false;
    if (r->p < r->end && *r->p == '.') { /* null.string */
        r->p++;
        if (!symbol(r, &text)) return false;
    }
    v->null = (struct opt_bool){.set = true, .v = true};
    return true;
}

static bool container(struct ion *r, struct dynamodb_attribute_value *v) {
    if (take(r, S("["))) {
        struct values items = {0};
        if (!list(r, &items)) return false;
        v->l = (struct dynamodb_list_attribute_value){items.v, items.n, true};
        return true;
    }
    struct dynamodb_attribute_map map;
    if (!take(r, S("{")) || !structure(r, &map)) return false;
    v->m.v = (void *)map.v;
    v->m.n = map.n;
    v->m.set = true;
    return true;
}

static bool value(struct ion *r, struct dynamodb_attribute_value *v) {
    *v = (struct dynamodb_attribute_value){0};
    skip_space(r);
    if (r->p == r->end || r->depth == DEPTH_MAX) return false;
    if (*r->p == '"' || ((r->end - r->p) > 2 && memcmp(r->p, "'''", 3) == 0)) return string(r, &v->s);
    if (is_digit(*r->p) || *r->p == '-') return number(r, &v->n);
    if (take(r, S("{{"))) return blob(r, &v->b);
    if (*r->p != '[' && *r->p != '{') return word(r, v);
    r->depth++;
    bool good = container(r, v);
    r->depth--;
    return good;
}

static bool names(struct ion *r, const struct dynamodb_attribute_value *v, struct dynamodb_expression_attribute_name_map *out) {
    *out = (struct dynamodb_expression_attribute_name_map){NEW_ARRAY(r->arena, struct dynamodb_expression_attribute_name_map_entry, v->m.n + 1), v->m.n, v->m.set};
    for (u32 i = 0; i < v->m.n; i++) {
        const struct dynamodb_attribute_map_entry *e = (const struct dynamodb_attribute_map_entry *)(const void *)v->m.v + i;
        out->v[i].key = e->key;
        out->v[i].value = e->value.s;
        if (!e->value.s.p) return false;
    }
    return v->m.set;
}

static bool record_member(struct ion *r, const struct dynamodb_attribute_map_entry *e, struct item_record *out) {
    const struct dynamodb_attribute_value *v = &e->value;
    if (str_eq(e->key, S("Item"))) out->item = (struct dynamodb_attribute_map){(void *)v->m.v, v->m.n, v->m.set};
    else if (str_eq(e->key, S("ConditionExpression"))) out->condition = v->s;
    else if (str_eq(e->key, S("ExpressionAttributeNames"))) return names(r, v, &out->names);
    else if (str_eq(e->key, S("ExpressionAttributeValues"))) out->values = (struct dynamodb_expression_attribute_value_map){(void *)v->m.v, v->m.n, v->m.set};
    else return false;
    return v->m.set || v->s.p;
}

bool record_read_ion(struct arena *a, str text, struct item_record *out) {
    struct ion r = {.arena = a, .p = text.p, .end = text.p + text.n};
    struct dynamodb_attribute_value v;
    *out = (struct item_record){0};
    if (!utf8_valid(text)) return false;
    while (take(&r, S("$ion_1_0"))) continue;
    if (!value(&r, &v) || !v.m.set) return false;
    skip_space(&r);
    for (u32 i = 0; i < v.m.n; i++)
        if (!record_member(&r, (const struct dynamodb_attribute_map_entry *)(const void *)v.m.v + i, out)) return false;
    return r.p == r.end && out->item.set;
}
