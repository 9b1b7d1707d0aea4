#include "text/multipart.h"

enum { BOUNDARY_MAX = 70, PART_HEADERS_MAX = 4096 };
enum state { IN_START, IN_HEADERS, IN_FIELD, IN_FILE, IN_TAIL, IN_END };

struct multipart {
    struct arena *arena;
    struct multipart_events events;
    str delimiter; /* "\r\n--boundary" */
    enum state state;
    enum multipart_result refused;
    struct buf text;    /* headers or field under way */
    size_t fields_left; /* bytes that fields may still have */
    str name, filename, content_type;
    bool is_file, had_file;
    size_t matched; /* bytes of the delimiter seen at the end of what was given so far */
};

static str parameter(str header, str name) {
    while (header.p) {
        str part = str_trim(str_cut(&header, ';'));
        str key = str_cut(&part, '=');
        if (!part.p || !str_eq_nocase(str_trim(key), name)) continue;
        part = str_trim(part);
        if (part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"') part = str_take(str_skip(part, 1), part.n - 2);
        return part;
    }
    return (str){0};
}

str multipart_boundary(str content_type) {
    str rest = content_type;
    if (!str_eq_nocase(str_trim(str_cut(&rest, ';')), S("multipart/form-data"))) return (str){0};
    str boundary = parameter(rest, S("boundary"));
    return boundary.n && boundary.n <= BOUNDARY_MAX ? boundary : (str){0};
}

struct multipart *multipart_new(struct arena *a, str boundary, struct multipart_events events) {
    struct multipart *m = NEW(a, struct multipart);
    m->arena = a;
    m->events = events;
    m->delimiter = arena_concat(a, S("\r\n--"), boundary);
    m->matched = 2; /* the first delimiter has no line end before it */
    m->fields_left = MULTIPART_FIELDS_MAX;
    return m;
}

static enum multipart_result refuse(struct multipart *m, enum multipart_result why) { return m->refused = why; }

static bool read_headers(struct multipart *m, str headers) {
    m->name = m->filename = m->content_type = (str){0};
    m->is_file = false;
    while (headers.n) {
        str line = str_cut(&headers, '\n');
        if (str_ends(line, S("\r"))) line.n--;
        str name = str_cut(&line, ':');
        if (!line.p) return false;
        if (str_eq_nocase(name, S("content-type"))) m->content_type = arena_str(m->arena, str_trim(line));
        if (!str_eq_nocase(name, S("content-disposition"))) continue;
        str_cut(&line, ';');
        m->name = arena_str(m->arena, parameter(line, S("name")));
        m->filename = arena_str(m->arena, parameter(line, S("filename")));
    }
    m->is_file = str_eq(m->name, S("file"));
    return m->name.n > 0;
}

/* Some bytes of the part's content (not of a delimiter). */
static bool content(struct multipart *m, str bytes) {
    if (!bytes.n) return true;
    switch (m->state) {
    case IN_FILE: m->events.bytes(m->events.context, bytes); return true;
    case IN_FIELD:
        if (bytes.n > m->fields_left) return false;
        m->fields_left -= bytes.n;
        buf_add(&m->text, bytes);
        return true;
    case IN_START: /* a preamble is allowed and ignored */
    case IN_HEADERS:
    case IN_TAIL:
    case IN_END: return true;
    }
    return true;
}

static void part_ended(struct multipart *m) {
    if (m->state == IN_FIELD) m->events.field(m->events.context, m->name, buf_str(&m->text));
    if (m->state == IN_FILE) m->had_file = true;
    m->state = IN_TAIL;
    m->text = buf_new(m->arena, PART_HEADERS_MAX);
}

/* Content up to the next delimiter. Takes what it can of *bytes. A delimiter's first byte is CR and
 * CR stands nowhere else in it, so a partial match that fails can only begin anew at the failing byte. */
static bool take_content(struct multipart *m, str *bytes) {
    size_t i = 0;
    if (m->matched) {
        while (i < bytes->n && m->matched < m->delimiter.n && bytes->p[i] == m->delimiter.p[m->matched]) {
            m->matched++;
            i++;
        }
        if (m->matched == m->delimiter.n) {
            m->matched = 0;
            *bytes = str_skip(*bytes, i);
            part_ended(m);
            return true;
        }
        if (i == bytes->n) {
            *bytes = (str){0};
            return true;
        }
        size_t held = m->matched; /* no delimiter after all: what was held back is content */
        m->matched = 0;
        *bytes = str_skip(*bytes, i);
        return m->state == IN_START || content(m, str_take(m->delimiter, held));
    }
    size_t cr = MIN(str_find_char(*bytes, '\r'), bytes->n);
    if (!content(m, str_take(*bytes, cr))) return false;
    *bytes = str_skip(*bytes, cr);
    if (bytes->n) {
        m->matched = 1;
        *bytes = str_skip(*bytes, 1);
    }
    return true;
}

/* Behind a delimiter: "--" ends the form, a line end begins the next part's headers. */
static bool take_tail(struct multipart *m, str *bytes) {
    buf_char(&m->text, bytes->p[0]);
    *bytes = str_skip(*bytes, 1);
    str have = buf_str(&m->text);
    if (have.n < 2) return true;
    if (str_eq(have, S("--"))) m->state = IN_END;
    else if (str_eq(have, S("\r\n"))) m->state = IN_HEADERS;
    else return false;
    m->text = buf_new(m->arena, PART_HEADERS_MAX);
    return true;
}

static bool take_headers(struct multipart *m, str *bytes) {
    buf_char(&m->text, bytes->p[0]);
    *bytes = str_skip(*bytes, 1);
    if (m->text.over) return false;
    str have = buf_str(&m->text);
    if (!str_ends(have, S("\r\n\r\n"))) return true;
    if (!read_headers(m, str_take(have, have.n - 2))) return false;
    m->fields_left -= MIN(m->fields_left, m->name.n);
    m->text = buf_new(m->arena, MULTIPART_FIELDS_MAX + 1);
    /* S3 ignores what follows the file: its parts are read as fields of no interest. */
    m->state = m->is_file && !m->had_file ? IN_FILE : IN_FIELD;
    if (m->state == IN_FILE) m->events.file(m->events.context, m->name, m->filename, m->content_type);
    m->matched = 0;
    return true;
}

enum multipart_result multipart_add(struct multipart *m, str bytes) {
    if (m->refused) return m->refused;
    while (bytes.n && m->state != IN_END) {
        if (m->state == IN_TAIL) {
            if (!take_tail(m, &bytes)) return refuse(m, MULTIPART_BROKEN);
        } else if (m->state == IN_HEADERS) {
            if (!take_headers(m, &bytes)) return refuse(m, MULTIPART_BROKEN);
        } else if (!take_content(m, &bytes)) {
            return refuse(m, MULTIPART_TOO_LONG);
        }
    }
    return m->state == IN_END ? MULTIPART_END : MULTIPART_MORE;
}
