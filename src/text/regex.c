#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Bounds for expressions that backtrack: what an honest one never needs. */
enum { MATCH_LIMIT = 1000000, DEPTH_LIMIT = 5000, HEAP_LIMIT_KIB = 2048 };

struct regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    u32 groups;
    str *names; /* by group */
};

static void *take(size_t n, void *arena) { return arena_alloc(arena, n, 16); }
static void leave(void *p, void *arena) { (void)p, (void)arena; } /* goes with the arena */
static void release(void *code) { pcre2_code_free(code); }        /* machine code is not of the arena */

static void read_names(struct regex *r, struct arena *a) {
    u32 count = 0, width = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
    pcre2_pattern_info(r->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(r->code, PCRE2_INFO_NAMEENTRYSIZE, &width);
    pcre2_pattern_info(r->code, PCRE2_INFO_NAMETABLE, &table);
    r->names = NEW_ARRAY(a, str, r->groups + 1);
    for (u32 i = 0; i < count; i++, table += width) {
        u32 group = (u32)table[0] << 8 | table[1];
        if (group <= r->groups) r->names[group] = arena_str(a, str_of((const char *)table + 2));
    }
}

struct regex *regex_compile(struct arena *a, str pattern, str *problem, size_t *offset) {
    struct regex *r = NEW(a, struct regex);
    pcre2_general_context *memory = pcre2_general_context_create(take, leave, a);
    pcre2_compile_context *limits = pcre2_compile_context_create(memory);
    pcre2_set_parens_nest_limit(limits, 100);
    int error = 0;
    PCRE2_SIZE at = 0;
    r->code = pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_ALT_BSUX | PCRE2_NEVER_BACKSLASH_C,
                            &error, &at, limits);
    if (!r->code) {
        char text[160] = "";
        pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
        if (problem) *problem = arena_str(a, str_of(text));
        if (offset) *offset = at;
        return NULL;
    }
    arena_on_free(a, release, r->code);
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* where there is none, it is interpreted */
    r->data = pcre2_match_data_create_from_pattern(r->code, memory);
    r->context = pcre2_match_context_create(memory);
    pcre2_set_match_limit(r->context, MATCH_LIMIT);
    pcre2_set_depth_limit(r->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(r->context, HEAP_LIMIT_KIB);
    read_names(r, a);
    return r;
}

static bool match_from(struct regex *r, str subject, size_t from) {
    return pcre2_match(r->code, (PCRE2_SPTR)(subject.p ? subject.p : ""), subject.n, from, 0, r->data, r->context) > 0;
}

bool regex_matches(struct regex *r, str subject) { return match_from(r, subject, 0); }

bool regex_capture_from(struct regex *r, str subject, size_t from, str *groups, u32 n) {
    if (!subject.p) subject = S("");
    if (!match_from(r, subject, from)) return false;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(r->data);
    for (u32 i = 0; i < n; i++) {
        bool there = i <= r->groups && ends[2 * i] != PCRE2_UNSET && ends[2 * i] <= ends[2 * i + 1];
        groups[i] = there ? (str){subject.p + ends[2 * i], ends[2 * i + 1] - ends[2 * i]} : (str){0};
    }
    return true;
}

bool regex_capture(struct regex *r, str subject, str *groups, u32 n) { return regex_capture_from(r, subject, 0, groups, n); }

u32 regex_groups(const struct regex *r) { return r->groups; }
str regex_group_name(const struct regex *r, u32 group) { return group <= r->groups ? r->names[group] : (str){0}; }

/* ---- what must be there ---- */

static bool is_one_of(char c, const char *set) { return c && strchr(set, c); }

/* The index behind the character at i, of as many bytes as UTF-8 gives it: a quantifier is of the whole. */
static size_t behind_character(str p, size_t i) {
    do i++;
    while (i < p.n && ((u8)p.p[i] & 0xc0) == 0x80);
    return i;
}

/* The index behind what begins at i: an escape, a class, a group, a count. STR_NONE: nothing is sure any more. */
static size_t behind(str p, size_t i) {
    char c = p.p[i];
    if (c == '\\') return i + 1 < p.n && is_one_of(p.p[i + 1], "dDwWsSbBtnr./-\"'[](){}*+?^$\\") ? i + 2 : STR_NONE;
    if (c == '[') {
        for (size_t j = i + 1 + (i + 1 < p.n && p.p[i + 1] == '^') + 1; j < p.n; j++) {
            if (p.p[j] == '\\' || p.p[j] == '[') return STR_NONE; /* an escape, a named class: rare */
            if (p.p[j] == ']') return j + 1;
        }
        return STR_NONE;
    }
    if (c == '{' || c == '(') {
        size_t end = str_find_char(str_skip(p, i), c == '(' ? ')' : '}');
        bool nested = end != STR_NONE && (str_find_char(str_take(str_skip(p, i + 1), end), '(') != STR_NONE ||
                                          str_find_char(str_take(str_skip(p, i + 1), end), '\\') != STR_NONE ||
                                          str_find_char(str_take(str_skip(p, i + 1), end), '[') != STR_NONE);
        return end == STR_NONE || nested ? STR_NONE : i + end + 1;
    }
    return behind_character(p, i);
}

/* Runs of plain characters outside of all brackets. One that a quantifier follows may be absent; with an
 * alternative, an option or a verb anywhere nothing is sure. */
str regex_literal(str pattern) {
    str best = {pattern.p, 0};
    if (str_find_char(pattern, '|') != STR_NONE || str_find(pattern, S("(?")) != STR_NONE || str_find(pattern, S("(*")) != STR_NONE) return best;
    for (size_t i = 0, from = 0; i <= pattern.n;) {
        size_t next = i < pattern.n ? behind_character(pattern, i) : i;
        bool end = i == pattern.n, counted = next < pattern.n && is_one_of(pattern.p[next], "?*+{");
        if (!end && pattern.p[i] && !is_one_of(pattern.p[i], "\\^$.?*+()[]{}") && !counted) {
            i = next;
            continue;
        }
        if (i - from > best.n) best = (str){pattern.p + from, i - from};
        if (end) break;
        i = from = behind(pattern, i);
        if (i == STR_NONE) return (str){pattern.p, 0};
    }
    return best;
}
