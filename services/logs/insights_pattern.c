/* Patterns: texts that are alike but for some words. A text is cut into words and signs; a word with a digit in it is
 * taken to vary. Texts of as many words whose first fixed word is the same are compared, and one joins the pattern with
 * which it shares most words, if that is half of them; where they differ, the pattern varies from then on.
 * (The method is that of Drain: P. He and others, ICWS 2017, with a tree of depth one.) */
#include "insights_plan.h"

enum { WORDS_MAX = 200, PATTERNS_MAX = 5000, CHAIN_MAX = 50, SLOTS = 1024 };

enum word_kind { WORD_FIXED, WORD_NUMBER, WORD_ADDRESS, WORD_TIME, WORD_UUID, WORD_TOKEN };
static const char *const kind_names[] = {"", "Number", "IP", "Date", "UUID", "Token"};

struct word {
    str text;
    u8 kind;
};
struct pattern {
    struct pattern *next, *newer; /* of the same slot; of all */
    struct word *words;
    u32 n;
    u64 count;
};
struct insights_patterns {
    struct pattern *slots[SLOTS];
    struct pattern *first, **end;
    u32 n;
    u64 texts;
};

/* ---- words ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_hex(char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }
static bool is_sign(char c) { return c && strchr(" \t\r\n[](){}<>\"',;=|&?", c); }

static u8 kind_of(str w) {
    u32 digits = 0, dots = 0, dashes = 0, colons = 0, hex = 0;
    for (size_t i = 0; i < w.n; i++) {
        digits += is_digit(w.p[i]);
        hex += is_hex(w.p[i]);
        dots += w.p[i] == '.';
        dashes += w.p[i] == '-';
        colons += w.p[i] == ':';
    }
    if (!digits) return WORD_FIXED;
    if (w.n == 36 && dashes == 4 && hex == 32) return WORD_UUID;
    if (dots == 3 && digits + dots == w.n) return WORD_ADDRESS;
    if (digits >= 4 && (colons >= 2 || dashes == 2) && is_digit(*w.p)) return WORD_TIME;
    if (digits + (dots <= 1 ? dots : 0) + (*w.p == '-') == w.n) return WORD_NUMBER;
    return WORD_TOKEN;
}

static u32 cut(str text, struct word *words) {
    u32 n = 0;
    for (size_t i = 0, from = 0; i <= text.n; i++) {
        if (i < text.n && !is_sign(text.p[i])) continue;
        if (n + 3 > WORDS_MAX) { /* what is left is one word */
            words[n++] = (struct word){str_skip(text, from), WORD_TOKEN};
            return n;
        }
        if (i > from) {
            str w = str_take(str_skip(text, from), i - from);
            words[n++] = (struct word){w, kind_of(w)};
        }
        if (i < text.n) words[n++] = (struct word){str_take(str_skip(text, i), 1), WORD_FIXED};
        from = i + 1;
    }
    return n;
}

/* ---- patterns ---- */

static struct pattern **slot_of(struct insights_patterns *all, const struct word *words, u32 n) {
    u64 h = n;
    for (u32 i = 0; i < n; i++)
        if (words[i].kind == WORD_FIXED && !is_sign(*words[i].text.p)) {
            h = h * 31 + str_hash(words[i].text);
            break;
        }
    return &all->slots[(h ^ h >> 20) % SLOTS];
}

/* How many of the words that are no signs are the same; STR_NONE: the signs are not. */
static size_t likeness(const struct pattern *p, const struct word *words, u32 *of) {
    size_t same = 0;
    *of = 0;
    for (u32 i = 0; i < p->n; i++) {
        bool sign = words[i].kind == WORD_FIXED && is_sign(*words[i].text.p);
        bool equal = p->words[i].kind == words[i].kind && (words[i].kind != WORD_FIXED || str_eq(p->words[i].text, words[i].text));
        if (sign && !equal) return STR_NONE;
        if (p->words[i].kind == WORD_FIXED && p->words[i].text.n && is_sign(*p->words[i].text.p) && !sign) return STR_NONE;
        if (sign) continue;
        ++*of;
        same += equal;
    }
    return same;
}

static struct pattern *best_of(struct pattern **slot, const struct word *words, u32 n) {
    struct pattern *best = NULL;
    size_t most = 0;
    u32 steps = 0, of;
    for (struct pattern *p = *slot; p && steps < CHAIN_MAX; p = p->next) {
        if (p->n != n) continue;
        steps++;
        size_t same = likeness(p, words, &of);
        if (same == STR_NONE || 2 * same < of || (best && same <= most)) continue;
        best = p;
        most = same;
    }
    return best;
}

void insights_pattern_add(struct arena *a, struct arena *scratch, struct insights_patterns **patterns, str text) {
    if (!*patterns) {
        *patterns = NEW(a, struct insights_patterns);
        (*patterns)->end = &(*patterns)->first;
    }
    struct insights_patterns *all = *patterns;
    struct word *words = NEW_ARRAY(scratch, struct word, WORDS_MAX);
    u32 n = cut(str_trim(text), words);
    all->texts++;
    struct pattern **slot = slot_of(all, words, n), *p = best_of(slot, words, n);
    if (!p && all->n == PATTERNS_MAX) return; /* counted among all, shown in none */
    if (!p) {
        p = NEW(a, struct pattern);
        *p = (struct pattern){.next = *slot, .words = NEW_ARRAY(a, struct word, n + 1), .n = n};
        for (u32 i = 0; i < n; i++) p->words[i] = (struct word){words[i].kind == WORD_FIXED ? arena_str(a, words[i].text) : S(""), words[i].kind};
        *slot = *all->end = p;
        all->end = &p->newer;
        all->n++;
    }
    for (u32 i = 0; i < n; i++) {
        bool equal = p->words[i].kind == words[i].kind && (words[i].kind != WORD_FIXED || str_eq(p->words[i].text, words[i].text));
        if (!equal) p->words[i].kind = WORD_TOKEN;
    }
    p->count++;
}

/* ---- shown ---- */

static str text_of(struct arena *a, const struct pattern *p) {
    struct buf b = buf_new(a, 1 << 20);
    u32 number = 0;
    for (u32 i = 0; i < p->n; i++)
        if (p->words[i].kind == WORD_FIXED) buf_add(&b, p->words[i].text);
        else buf_format(&b, "<%s-%u>", kind_names[p->words[i].kind], ++number);
    return b.n ? buf_str(&b) : S("");
}

static str severity_of(str text) {
    static const char *const labels[][2] = {{"FATAL", "Error"}, {"ERROR", "Error"}, {"EXCEPTION", "Error"}, {"WARN", "Warning"}, {"INFO", "Info"}, {"DEBUG", "Debug"}};
    for (size_t l = 0; l < LENGTH(labels); l++) {
        str label = str_of(labels[l][0]);
        for (size_t i = 0; i + label.n <= text.n; i++)
            if (str_eq_nocase(str_take(str_skip(text, i), label.n), label)) return str_of(labels[l][1]);
    }
    return S("None");
}

const struct insights_pattern *insights_pattern_list(struct arena *a, struct insights_patterns *all) {
    const struct insights_pattern *first = NULL;
    if (!all) return NULL;
    /* By falling count: taken out from the greatest, with few distinct counts among at most some thousands. */
    for (u64 below = UINT64_MAX, greatest;; below = greatest) {
        greatest = 0;
        for (const struct pattern *p = all->first; p; p = p->newer)
            if (p->count < below && p->count > greatest) greatest = p->count;
        if (!greatest) break;
        for (const struct pattern *p = all->first; p; p = p->newer) {
            if (p->count != greatest) continue;
            struct insights_pattern *shown = NEW(a, struct insights_pattern);
            str text = text_of(a, p);
            *shown = (struct insights_pattern){first, text, severity_of(text), p->count, (double)p->count / (double)all->texts};
            first = shown;
        }
    }
    const struct insights_pattern *ordered = NULL; /* turned round */
    while (first) {
        const struct insights_pattern *next = first->next;
        struct insights_pattern *p = NEW(a, struct insights_pattern);
        *p = *first;
        p->next = ordered;
        ordered = p;
        first = next;
    }
    return ordered;
}
