/* The statement of a question: stores are named in it by their ids, which SQL wants in quotes. */
#include "lake.h"

enum { ID_LENGTH = 36 };

static bool is_id(str s) {
    if (s.n < ID_LENGTH) return false;
    for (size_t i = 0; i < ID_LENGTH; i++) {
        char ch = s.p[i];
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23, hex = (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'f');
        if (hyphen ? ch != '-' : !hex) return false;
    }
    return true;
}

static void add_id(struct arena *a, str id, str ids[static QUERY_STORES_MAX], u32 *n) {
    for (u32 i = 0; i < *n; i++)
        if (str_eq(ids[i], id)) return;
    if (*n < QUERY_STORES_MAX) ids[(*n)++] = arena_str(a, id);
}

/* The length of what begins here and is none of our business: a text, a quoted name, a comment. 0: nothing such. */
static size_t opaque(str s) {
    size_t end = s.p[0] == '\'' || s.p[0] == '"' ? str_find_char(str_skip(s, 1), s.p[0]) : 0;
    if (end) return end == STR_NONE ? s.n : end + 2;
    if (str_starts(s, S("--"))) return MIN(str_find_char(s, '\n'), s.n);
    if (!str_starts(s, S("/*"))) return 0;
    for (size_t i = 2; i + 1 < s.n; i++)
        if (s.p[i] == '*' && s.p[i + 1] == '/') return i + 2;
    return s.n;
}

str ct_query_read(struct arena *a, str s, str ids[static QUERY_STORES_MAX], u32 *n) {
    struct buf b = buf_new(a, 2 * s.n + 64);
    bool within = false; /* of a word */
    *n = 0;
    while (s.n) {
        size_t skip = opaque(s);
        bool quoted = skip == ID_LENGTH + 2 && s.p[0] == '"' && is_id(str_skip(s, 1));
        if (quoted) add_id(a, str_take(str_skip(s, 1), ID_LENGTH), ids, n);
        bool id = !skip && !within && is_id(s);
        if (id) {
            add_id(a, str_take(s, ID_LENGTH), ids, n);
            buf_format(&b, "\"%.*s\"", ID_LENGTH, s.p);
            skip = ID_LENGTH;
        } else {
            skip = MIN(MAX(skip, (size_t)1), s.n);
            buf_add(&b, str_take(s, skip));
        }
        char last = s.p[skip - 1];
        within = !id && ((last >= '0' && last <= '9') || ((last | 32) >= 'a' && (last | 32) <= 'z') || last == '_' || last == '-');
        s = str_skip(s, skip);
    }
    return b.n ? buf_str(&b) : S("");
}
