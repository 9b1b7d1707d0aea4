#include "services/s3/select_input.h"

#include "cloud/cloud.h"
#include "text/unpack.h"

enum {
    PIECE = 256 << 10,
    RECORD_MAX = 1 << 20,
    DOCUMENT_MAX = 16 << 20, /* of a JSON text that is one record */
    FIELDS_MAX = 16 << 10,
};

struct select_input {
    struct arena *arena;
    struct select_format format;
    struct select_source source;
    u64 offset; /* of what is still to be read of the object */
    u64 skipped; /* what a scan range left out */
    u64 processed;
    struct unpack *unpack;
    bool unpack_open; /* inside of a packed text */
    char *piece; /* packed bytes */
    str packed;
    char *window; /* plain bytes, of which [at, fill) are not used yet */
    size_t at, fill, capacity;
    u64 window_offset; /* of window[0] among the plain bytes */
    bool ended;
    bool begun;
    str *names, *fields;
    u32 name_count, fields_capacity;
    const char *code;
    str message;
};

static bool broken(struct select_input *in, const char *code, const char *message) {
    in->code = code;
    in->message = str_of(message);
    return false;
}

struct select_input *select_input_new(struct arena *a, const struct select_format *format, struct select_source source) {
    struct select_input *in = NEW(a, struct select_input);
    *in = (struct select_input){.arena = a, .format = *format, .source = source};
    if (format->packing == SELECT_GZIP) in->unpack = unpack_new(a, UNPACK_GZIP);
    if (format->packing == SELECT_BZIP2) in->unpack = unpack_new(a, UNPACK_BZIP2);
    if (in->unpack) in->piece = arena_alloc(a, PIECE, 1);
    in->capacity = RECORD_MAX + PIECE;
    in->window = arena_alloc(a, in->capacity, 1);
    in->fields_capacity = 64;
    in->fields = NEW_ARRAY(a, str, in->fields_capacity);
    return in;
}

u64 select_input_scanned(const struct select_input *in) { return in->offset - in->skipped; }
u64 select_input_processed(const struct select_input *in) { return in->processed; }

/* ---- bytes ---- */

static bool read_object(struct select_input *in, char *out, size_t room, size_t *n) {
    *n = (size_t)MIN((u64)MIN(room, (size_t)PIECE), in->source.size - in->offset);
    if (*n && !in->source.read(in->source.context, in->offset, out, *n))
        return broken(in, "InternalError", "We encountered an internal error. Please try again.");
    in->offset += *n;
    return true;
}

static bool read_packed(struct select_input *in, char *out, size_t room, size_t *n) {
    for (*n = 0; !*n;) {
        size_t got = 0;
        if (!in->packed.n) {
            if (!read_object(in, in->piece, PIECE, &got)) return false;
            if (!got && in->unpack_open)
                return broken(in, "TruncatedInput", "Object decompression failed. Check that the object is properly compressed using the format specified in the request.");
            if (!got) return true;
            in->packed = (str){in->piece, got};
        }
        enum unpack_result result = unpack(in->unpack, &in->packed, out, room, n);
        if (result == UNPACK_BROKEN)
            return broken(in, "InvalidCompressionFormat", "The file is not in a supported compression format. Only GZIP and BZIP2 are supported.");
        in->unpack_open = result == UNPACK_MORE;
    }
    return true;
}

/* More bytes behind those in the window; what was used goes. */
static bool fill(struct select_input *in) {
    size_t n = 0;
    if (in->at) {
        memmove(in->window, in->window + in->at, in->fill - in->at);
        in->window_offset += in->at;
        in->fill -= in->at;
        in->at = 0;
    }
    if (in->capacity - in->fill < PIECE) {
        size_t most = in->format.json && !in->format.lines ? DOCUMENT_MAX : RECORD_MAX;
        if (in->fill >= most)
            return broken(in, "OverMaxRecordSize", "The length of a record in the input or result is greater than the maxCharsPerRecord limit of 1 MB.");
        char *wider = arena_alloc(in->arena, in->capacity * 2, 1);
        memcpy(wider, in->window, in->fill);
        in->window = wider;
        in->capacity *= 2;
    }
    char *out = in->window + in->fill;
    if (!(in->unpack ? read_packed(in, out, PIECE, &n) : read_object(in, out, PIECE, &n))) return false;
    in->ended = n == 0;
    in->fill += n;
    in->processed += n;
    return true;
}

static str unused(const struct select_input *in) { return (str){in->window + in->at, in->fill - in->at}; }
static u64 position(const struct select_input *in) { return in->window_offset + in->at; }

static bool encoding_check(struct select_input *in, str record) {
    if (utf8_valid(record)) return true;
    str rest = record;
    u32 character;
    while (utf8_next(&rest, &character)) continue;
    (void)broken(in, "InvalidTextEncoding", "");
    in->message = arena_format(in->arena, "UTF-8 encoding is required. The text encoding error was found near byte %llu.",
                               (unsigned long long)(in->window_offset + (u64)(rest.p - in->window)));
    return false;
}

/* ---- lines ---- */

/* Where a delimiter begins at or behind `from`, or STR_NONE. */
static size_t find_delimiter(str text, str delimiter, size_t from) {
    for (;;) {
        const char *found = from < text.n ? memchr(text.p + from, delimiter.p[0], text.n - from) : NULL;
        if (!found) return STR_NONE;
        from = (size_t)(found - text.p);
        if (str_starts(str_skip(text, from), delimiter)) return from;
        from++;
    }
}

/* Whether a quote is open behind `text`, given whether it was before. */
static bool quote_open(const struct select_input *in, str text, bool open) {
    const struct select_format *f = &in->format;
    for (size_t i = 0; i < text.n; i++) {
        if (open && f->escape && f->escape != f->quote && text.p[i] == f->escape) i++;
        else if (text.p[i] == f->quote) open = !open;
    }
    return open;
}

/* The next line without its delimiter; false at the end, or broken. */
static bool next_line(struct select_input *in, str *line) {
    size_t from = 0, judged = 0;
    bool open = false;
    str delimiter = in->format.record_delimiter;
    for (;;) {
        str text = unused(in);
        size_t end = find_delimiter(text, delimiter, from);
        if (end == STR_NONE && in->ended) {
            if (!text.n) return false;
            *line = text;
            in->at = in->fill;
            return true;
        }
        if (end == STR_NONE) {
            from = text.n >= delimiter.n ? text.n - delimiter.n + 1 : 0;
            from = MAX(from, judged);
            if (!fill(in)) return false;
            continue;
        }
        if (in->format.quoted_delimiters && in->format.quote) {
            open = quote_open(in, str_take(str_skip(text, judged), end - judged), open);
            judged = from = end;
            if (open) {
                from = end + delimiter.n;
                continue;
            }
        }
        *line = str_take(text, end);
        in->at += end + delimiter.n;
        return true;
    }
}

/* ---- CSV ---- */

static bool add_field(struct select_input *in, u32 n, str field) {
    if (n == FIELDS_MAX) return broken(in, "OverMaxColumn", "The number of columns in the result is greater than the maximum allowable number of columns.");
    if (n == in->fields_capacity) {
        str *wider = NEW_ARRAY(in->arena, str, n * 2);
        memcpy(wider, in->fields, n * sizeof *wider);
        in->fields = wider;
        in->fields_capacity *= 2;
    }
    in->fields[n] = field;
    return true;
}

/* A field in quotes, put together where it stands; *rest goes behind its delimiter, absent if it was the last. */
static str quoted_field(const struct select_format *f, str *rest) {
    char *out = (char *)(size_t)rest->p, *start = out;
    const char *at = rest->p + 1, *end = rest->p + rest->n;
    bool inside = true;
    for (; at < end; at++) {
        if (inside && f->escape && *at == f->escape && at + 1 < end && (at[1] == f->quote || f->escape != f->quote)) *out++ = *++at;
        else if (*at == f->quote) inside = !inside;
        else if (!inside && *at == f->field_delimiter) break;
        else *out++ = *at;
    }
    *rest = at < end ? (str){at + 1, (size_t)(end - at - 1)} : (str){0};
    return (str){start, (size_t)(out - start)};
}

static bool split(struct select_input *in, str line, u32 *n) {
    const struct select_format *f = &in->format;
    str rest = line;
    for (*n = 0; rest.p; ++*n) {
        bool quoted = f->quote && rest.n && rest.p[0] == f->quote;
        if (!add_field(in, *n, quoted ? quoted_field(f, &rest) : str_cut(&rest, f->field_delimiter))) return false;
    }
    return true;
}

static bool keep_names(struct select_input *in, u32 n) {
    in->names = NEW_ARRAY(in->arena, str, n);
    for (u32 i = 0; i < n; i++) in->names[i] = arena_str(in->arena, in->fields[i]);
    in->name_count = n;
    return true;
}

/* A line that is a record: neither empty nor a comment. */
static bool next_csv_line(struct select_input *in, str *line) {
    do {
        if (!next_line(in, line)) return false;
    } while (!line->n || (in->format.comment && line->p[0] == in->format.comment));
    return encoding_check(in, *line);
}

/* Reading goes on at the first record that begins at `from` or behind it. */
static bool skip_to(struct select_input *in, u64 from) {
    str line;
    u64 before = from - MIN(from, (u64)in->format.record_delimiter.n);
    if (position(in) >= from) return true;
    in->at = in->fill = 0;
    in->ended = false;
    in->offset = in->window_offset = in->skipped = before; /* a line that ends just before `from` is passed whole */
    while (position(in) < from)
        if (!next_line(in, &line)) return !in->code;
    return true;
}

static bool begin_csv(struct select_input *in) {
    str line;
    u32 n;
    if (in->format.header != SELECT_HEADER_NONE) {
        if (!next_csv_line(in, &line)) return !in->code;
        if (!split(in, line, &n)) return false;
        if (in->format.header == SELECT_HEADER_USE) (void)keep_names(in, n);
    }
    return skip_to(in, in->format.from);
}

static bool next_csv(struct select_input *in, struct sql_record *record) {
    str line;
    u32 n;
    if (position(in) >= in->format.to || !next_csv_line(in, &line) || !split(in, line, &n)) return false;
    *record = (struct sql_record){.csv = true, .names = in->names, .name_count = in->name_count, .fields = in->fields, .field_count = n};
    return true;
}

/* ---- JSON ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* How far a look for the end of a value has come: the window may have to be filled meanwhile. */
struct extent {
    size_t n;
    u32 depth;
    bool in_text, escaped, scalar;
};

/* True: *extent.n bytes are the value. */
static bool value_ends(str text, struct extent *x) {
    for (; x->n < text.n; x->n++) {
        char c = text.p[x->n];
        if (x->in_text) {
            if (x->escaped) x->escaped = false;
            else if (c == '\\') x->escaped = true;
            else if (c == '"') x->in_text = false;
            if (x->in_text || x->depth) continue;
            x->n++;
            return true;
        }
        if (c == '"') x->in_text = true;
        else if (c == '{' || c == '[') x->depth++;
        else if (c == '}' || c == ']') {
            if (x->depth <= 1) {
                x->n++;
                return true;
            }
            x->depth--;
        } else if (!x->depth && is_space(c)) return true;
    }
    return false;
}

static bool next_json(struct select_input *in, struct arena *a, struct sql_record *record) {
    static const char *const problem = "Encountered an error parsing the JSON file. Check the file and try again.";
    struct extent x = {0};
    for (;;) { /* white space between values */
        while (in->at < in->fill && is_space(in->window[in->at])) in->at++;
        if (in->at < in->fill || in->ended) break;
        if (!fill(in)) return false;
    }
    if (in->at == in->fill || position(in) >= in->format.to) return false;
    while (!value_ends(unused(in), &x) && !in->ended)
        if (!fill(in)) return false;
    str text = str_take(unused(in), x.n);
    if (!encoding_check(in, text)) return false;
    const struct json_node *root = json_tree(a, text, (struct json_limits){.bytes = DOCUMENT_MAX + PIECE, .depth = json_default_limits.depth}, NULL, NULL);
    if (!root) return broken(in, "JSONParsingError", problem);
    in->at += x.n;
    *record = (struct sql_record){.value = sql_of_json(root)};
    return true;
}

/* ---- records ---- */

static bool begin(struct select_input *in) {
    in->begun = true;
    if (!fill(in)) return false;
    while (in->fill < 3 && !in->ended)
        if (!fill(in)) return false;
    if (str_starts(unused(in), S("\xef\xbb\xbf"))) in->at = 3; /* a byte order mark */
    return in->format.json ? skip_to(in, in->format.from) : begin_csv(in);
}

enum select_read select_input_next(struct select_input *in, struct arena *a, struct sql_record *record, const char **code, str *message) {
    bool there = in->begun || begin(in);
    if (there) there = in->format.json ? next_json(in, a, record) : next_csv(in, record);
    if (there) return SELECT_RECORD;
    *code = in->code;
    *message = in->message;
    return in->code ? SELECT_BROKEN : SELECT_END;
}
