#include "text/xml.h"

#include "base/encode.h"

const struct xml_limits xml_default_limits = {.bytes = 16 << 20, .depth = 64, .attributes = 32};

/* ---- characters ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || (u8)c >= 0x80;
}

static bool continues_name(char c) {
    return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* What a reference may name. XML 1.1's rule: S3 itself writes the control characters that 1.0 forbids. */
static bool is_character(u32 c) {
    if (c == 0 || (c >= 0xd800 && c <= 0xdfff) || c == 0xfffe || c == 0xffff) return false;
    return c <= 0x10ffff;
}

/* ---- the reader's own steps ---- */

static bool broken(struct xml_reader *r, const char *problem) {
    if (!r->problem) r->problem = problem;
    r->p = r->end;
    return false;
}

static bool looking_at(const struct xml_reader *r, str s) {
    return (size_t)(r->end - r->p) >= s.n && memcmp(r->p, s.p, s.n) == 0;
}

static void skip_space(struct xml_reader *r) {
    while (r->p < r->end && is_space(*r->p)) r->p++;
}

/* Moves behind the next `terminator`; the text before it. */
static bool take_until(struct xml_reader *r, str terminator, str *text) {
    str rest = {r->p, (size_t)(r->end - r->p)};
    size_t at = str_find(rest, terminator);
    if (at == STR_NONE) return broken(r, "The document ends inside of markup");
    *text = str_take(rest, at);
    r->p += at + terminator.n;
    return true;
}

static bool take_name(struct xml_reader *r, str *name) {
    const char *start = r->p;
    if (r->p == r->end || !starts_name(*r->p)) return broken(r, "A name was expected");
    while (r->p < r->end && continues_name(*r->p)) r->p++;
    *name = (str){start, (size_t)(r->p - start)};
    return true;
}

/* Control characters can stand in a document only as references, U+FFFE and U+FFFF not at all. Looked for once, over
 * all bytes. */
static bool holds_what_cannot_stand(str s) {
    for (size_t i = 0; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        if (c < 0x20 && !is_space(s.p[i])) return true;
        if (c == 0xef && s.n - i > 2 && (u8)s.p[i + 1] == 0xbf && (u8)s.p[i + 2] >= 0xbe) return true;
    }
    return false;
}

/* ---- texts ---- */

static bool add_reference(struct xml_reader *r, struct buf *out, str name) {
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (size_t i = 0; i < LENGTH(entities); i++)
        if (str_eq(name, str_of(entities[i].name))) {
            buf_char(out, entities[i].c);
            return true;
        }
    if (name.n < 2 || name.p[0] != '#') return broken(r, "An entity is not known");
    u32 base = name.p[1] == 'x' ? 16 : 10, c = 0;
    str digits = str_skip(name, base == 16 ? 2 : 1);
    if (digits.n == 0) return broken(r, "A character reference is empty");
    for (size_t i = 0; i < digits.n; i++) {
        char d = digits.p[i];
        u32 v = d >= '0' && d <= '9'   ? (u32)(d - '0')
                : d >= 'a' && d <= 'f' ? (u32)(d - 'a') + 10
                : d >= 'A' && d <= 'F' ? (u32)(d - 'A') + 10
                                       : 99;
        if (v >= base) return broken(r, "A character reference is malformed");
        c = c * base + v;
        if (c > 0x10ffff) break;
    }
    if (!is_character(c)) return broken(r, "A character reference names no character");
    buf_utf8(out, c);
    return true;
}

/* Raw text to what it means: references replaced, line ends made \n; in an attribute white space
 * becomes a space. Most text needs none of that and stays a view. */
static bool add_text(struct xml_reader *r, struct buf *out, str raw, bool in_attribute) {
    while (raw.n) {
        size_t plain = 0;
        while (plain < raw.n && raw.p[plain] != '&' && raw.p[plain] != '\r'
               && !(in_attribute && is_space(raw.p[plain])))
            plain++;
        buf_add(out, str_take(raw, plain));
        raw = str_skip(raw, plain);
        if (!raw.n) break;
        if (raw.p[0] == '&') {
            size_t end = str_find_char(str_take(raw, 16), ';');
            if (end == STR_NONE) return broken(r, "A reference has no end");
            if (!add_reference(r, out, str_skip(str_take(raw, end), 1))) return false;
            raw = str_skip(raw, end + 1);
        } else {
            size_t line_end = raw.p[0] == '\r' && raw.n > 1 && raw.p[1] == '\n' ? 2 : 1;
            buf_char(out, in_attribute ? ' ' : '\n');
            raw = str_skip(raw, line_end);
        }
    }
    return true;
}

static bool needs_work(str raw, bool in_attribute) {
    if (memchr(raw.p, '&', raw.n) || memchr(raw.p, '\r', raw.n)) return true;
    return in_attribute && (memchr(raw.p, '\n', raw.n) || memchr(raw.p, '\t', raw.n));
}

static bool resolve(struct xml_reader *r, str raw, bool in_attribute, str *text) {
    *text = raw;
    if (raw.n == 0 || !needs_work(raw, in_attribute)) return true;
    struct buf out = buf_new(r->arena, raw.n + 4); /* no reference is longer than what it stands for */
    if (!add_text(r, &out, raw, in_attribute)) return false;
    *text = buf_str(&out);
    return true;
}

/* ---- tags ---- */

static bool take_attribute(struct xml_reader *r, struct xml_attribute *attribute) {
    if (!take_name(r, &attribute->qualified)) return false;
    skip_space(r);
    if (r->p == r->end || *r->p != '=') return broken(r, "An attribute has no value");
    r->p++;
    skip_space(r);
    if (r->p == r->end || (*r->p != '"' && *r->p != '\''))
        return broken(r, "The value of an attribute is not quoted");
    str quote = {r->p++, 1}, raw;
    if (!take_until(r, quote, &raw)) return false;
    if (raw.n && memchr(raw.p, '<', raw.n)) return broken(r, "'<' stands in the value of an attribute");
    return resolve(r, raw, true, &attribute->value);
}

static bool take_attributes(struct xml_reader *r, struct xml_element *e) {
    struct xml_attribute *list = NULL;
    u32 capacity = 0;
    for (;;) {
        const char *before = r->p;
        skip_space(r);
        if (r->p == r->end) return broken(r, "The document ends inside of a tag");
        if (*r->p == '>' || *r->p == '/') break;
        if (r->p == before) return broken(r, "White space is missing in a tag");
        if (e->attribute_count == r->limits.attributes) return broken(r, "Too many attributes");
        if (e->attribute_count == capacity) {
            capacity = MIN(MAX(4, capacity * 2), r->limits.attributes);
            struct xml_attribute *more = NEW_ARRAY(r->arena, struct xml_attribute, capacity);
            if (list) memcpy(more, list, e->attribute_count * sizeof *list);
            list = more;
        }
        struct xml_attribute *next = &list[e->attribute_count];
        if (!take_attribute(r, next)) return false;
        for (u32 i = 0; i < e->attribute_count; i++)
            if (str_eq(list[i].qualified, next->qualified)) return broken(r, "An attribute is doubled");
        e->attribute_count++;
    }
    e->attributes = list;
    return true;
}

static bool remember_open(struct xml_reader *r, str name) {
    if (r->depth == r->limits.depth) return broken(r, "The document is nested too deeply");
    if (r->depth == r->open_capacity) {
        r->open_capacity = MIN(MAX(8, r->open_capacity * 2), r->limits.depth);
        str *more = NEW_ARRAY(r->arena, str, r->open_capacity);
        if (r->open) memcpy(more, r->open, r->depth * sizeof *more);
        r->open = more;
    }
    r->open[r->depth++] = name;
    return true;
}

/* At '<' of an opening tag. */
static bool enter(struct xml_reader *r, struct xml_element *e) {
    *e = (struct xml_element){0};
    r->p++;
    if (!take_name(r, &e->qualified)) return false;
    size_t colon = str_find_char(e->qualified, ':');
    e->name = colon == STR_NONE ? e->qualified : str_skip(e->qualified, colon + 1);
    if (e->name.n == 0) return broken(r, "A name is empty");
    if (!take_attributes(r, e) || !remember_open(r, e->qualified)) return false;
    if (*r->p == '/') {
        r->closes_itself = true;
        r->p++;
    }
    if (r->p == r->end || *r->p != '>') return broken(r, "A tag has no end");
    r->p++;
    return true;
}

/* At "</". */
static bool leave(struct xml_reader *r) {
    str name;
    r->p += 2;
    if (!take_name(r, &name)) return false;
    skip_space(r);
    if (r->p == r->end || *r->p != '>') return broken(r, "A tag has no end");
    if (!str_eq(name, r->open[r->depth - 1])) return broken(r, "An element is closed by another's tag");
    r->p++;
    r->depth--;
    return true;
}

enum markup { OPENS, CLOSES, HOLDS_TEXT, ENDS };

/* Moves over text to the next tag, passing over comments and instructions; CDATA and text go to
 * `piece`, one at a time. */
static enum markup advance(struct xml_reader *r, str *piece) {
    while (r->p < r->end) {
        if (*r->p != '<') {
            const char *tag = memchr(r->p, '<', (size_t)(r->end - r->p));
            if (!tag) tag = r->end;
            str raw = {r->p, (size_t)(tag - r->p)};
            r->p = tag;
            return resolve(r, raw, false, piece) ? HOLDS_TEXT : ENDS;
        }
        str ignored;
        if (looking_at(r, S("</"))) return CLOSES;
        if (looking_at(r, S("<!--"))) {
            r->p += 4;
            if (!take_until(r, S("-->"), &ignored)) return ENDS;
        } else if (looking_at(r, S("<![CDATA["))) {
            r->p += 9;
            return take_until(r, S("]]>"), piece) ? HOLDS_TEXT : ENDS;
        } else if (looking_at(r, S("<?"))) {
            r->p += 2;
            if (!take_until(r, S("?>"), &ignored)) return ENDS;
        } else if (looking_at(r, S("<!"))) {
            broken(r, "A document type declaration is not allowed");
            return ENDS;
        } else {
            return OPENS;
        }
    }
    return ENDS;
}

static bool is_blank(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!is_space(s.p[i])) return false;
    return true;
}

/* Outside of the root only white space may stand. */
static enum markup advance_outside(struct xml_reader *r) {
    str piece;
    enum markup next;
    while ((next = advance(r, &piece)) == HOLDS_TEXT)
        if (!is_blank(piece)) {
            broken(r, "Text stands outside of the root element");
            return ENDS;
        }
    return next;
}

static bool left_itself(struct xml_reader *r) {
    if (!r->closes_itself) return false;
    r->closes_itself = false;
    r->depth--;
    return true;
}

/* ---- the public calls ---- */

struct xml_reader xml_reader_new(struct arena *a, str bytes, struct xml_limits limits) {
    struct xml_reader r = {.arena = a, .limits = limits};
    if (str_starts(bytes, S("\xef\xbb\xbf"))) bytes = str_skip(bytes, 3);
    if (!bytes.p) bytes = S("");
    r.start = r.p = bytes.p;
    r.end = bytes.p + bytes.n;
    if (bytes.n > limits.bytes) broken(&r, "The document is too long");
    else if (!utf8_valid(bytes)) broken(&r, "The document is not UTF-8");
    else if (holds_what_cannot_stand(bytes)) broken(&r, "The document holds a control character, or what is none");
    return r;
}

bool xml_root(struct xml_reader *r, struct xml_element *e) {
    *e = (struct xml_element){0};
    if (r->problem) return false;
    if (advance_outside(r) != OPENS) return broken(r, "The document has no root element");
    return enter(r, e);
}

bool xml_child(struct xml_reader *r, struct xml_element *e) {
    *e = (struct xml_element){0};
    if (r->problem || left_itself(r)) return false;
    ASSERT(r->depth > 0);
    str ignored;
    for (;;)
        switch (advance(r, &ignored)) {
        case OPENS: return enter(r, e);
        case CLOSES: leave(r); return false;
        case HOLDS_TEXT: break;
        case ENDS: return broken(r, "The document ends inside of an element");
        }
}

str xml_text(struct xml_reader *r) {
    if (r->problem || left_itself(r)) return S("");
    str text = S(""), piece;
    struct buf joined = {0}; /* once there is a second piece, behind a comment or a child */
    struct xml_element child;
    for (;;)
        switch (advance(r, &piece)) {
        case OPENS:
            if (enter(r, &child)) xml_skip(r);
            break;
        case CLOSES: leave(r); return r->problem ? S("") : joined.n ? buf_str(&joined) : text;
        case HOLDS_TEXT:
            if (text.n && !joined.n) {
                joined = buf_new(r->arena, r->limits.bytes);
                buf_add(&joined, text);
            }
            if (joined.n) buf_add(&joined, piece);
            else text = piece;
            break;
        case ENDS: broken(r, "The document ends inside of an element"); return S("");
        }
}

void xml_skip(struct xml_reader *r) {
    if (r->problem || left_itself(r)) return;
    ASSERT(r->depth > 0);
    u32 outer = r->depth - 1;
    str ignored;
    struct xml_element child;
    while (r->depth > outer && !r->problem)
        switch (advance(r, &ignored)) {
        case OPENS:
            if (enter(r, &child)) left_itself(r);
            break;
        case CLOSES: leave(r); break;
        case HOLDS_TEXT: break;
        case ENDS: broken(r, "The document ends inside of an element"); break;
        }
}

bool xml_done(struct xml_reader *r) {
    if (r->problem) return false;
    ASSERT(r->depth == 0);
    if (advance_outside(r) != ENDS) return broken(r, "The document has a second root element");
    return !r->problem;
}

str xml_attribute_get(const struct xml_element *e, str qualified) {
    for (u32 i = 0; i < e->attribute_count; i++)
        if (str_eq(e->attributes[i].qualified, qualified)) return e->attributes[i].value;
    return (str){0};
}

/* ---- writing ---- */

void xml_write_declaration(struct buf *b) {
    buf_add(b, S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
}

static void write_escaped(struct buf *b, str s, bool in_attribute) {
    size_t done = 0;
    for (size_t i = 0; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        if (c > '>' || (c >= ' ' && c != '&' && c != '<' && c != '>' && c != '"')) continue;
        if ((c == '\n' || c == '\t') && !in_attribute) continue;
        buf_add(b, (str){s.p + done, i - done});
        done = i + 1;
        if (c == '&') buf_add(b, S("&amp;"));
        else if (c == '<') buf_add(b, S("&lt;"));
        else if (c == '>') buf_add(b, S("&gt;"));
        else if (c == '"') buf_add(b, S("&quot;"));
        else buf_format(b, "&#x%X;", c);
    }
    buf_add(b, str_skip(s, done));
}

void xml_write_open(struct buf *b, str name) {
    char *at = buf_reserve(b, name.n + 1);
    if (!at) return;
    *at = '<';
    memcpy(at + 1, name.p, name.n);
    b->n += name.n + 1;
}

void xml_write_attribute(struct buf *b, str name, str value) {
    buf_char(b, ' ');
    buf_add(b, name);
    buf_add(b, S("=\""));
    write_escaped(b, value, true);
    buf_char(b, '"');
}

void xml_write_open_end(struct buf *b) { buf_char(b, '>'); }

void xml_write_close(struct buf *b, str name) {
    char *at = buf_reserve(b, name.n + 3);
    if (!at) return;
    memcpy(at, "</", 2);
    memcpy(at + 2, name.p, name.n);
    at[name.n + 2] = '>';
    b->n += name.n + 3;
}

void xml_write_text(struct buf *b, str text) { write_escaped(b, text, false); }

static bool is_xml_character(u32 c) {
    return c >= ' ' ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

void xml_write_leaf(struct buf *b, str name, str text) {
    xml_write_open(b, name);
    xml_write_open_end(b);
    while (text.n) {
        str rest = text;
        u32 c;
        bool sound = utf8_next(&rest, &c);
        if (!sound) rest = str_skip(text, 1);
        if (sound && is_xml_character(c)) write_escaped(b, str_take(text, text.n - rest.n), false);
        else buf_utf8(b, 0xfffd);
        text = rest;
    }
    xml_write_close(b, name);
}
