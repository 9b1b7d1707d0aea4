#include "wire/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>
#include <stdlib.h>

/* AWS's services match the whole value (Java's matches()), whatever the expression's own anchors.
 * \u and \x are ECMA's; \w and \d stay ASCII, as they are in Java. */
static const u32 OPTIONS =
    PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY;

/* Bounds for expressions that backtrack: what an honest value never needs. */
enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 5000, HEAP_LIMIT_KIB = 2048 };

/* Compiled expressions, found by the address of their text, which is constant. This is the one mutable
 * global of the room: a compiled expression is dear, immutable and the same for all threads. A slot is
 * filled once, by compare and swap, and never emptied; a full neighbourhood means compiling anew. */
enum { SLOTS = 8192, PROBES = 16 };
struct compiled {
    const char *text;
    pcre2_code *code; /* NULL: PCRE2 refused it */
};
static _Atomic(struct compiled *) slots[SLOTS];

static struct compiled *compile(const char *text) {
    int error;
    PCRE2_SIZE at;
    struct compiled *c = malloc(sizeof *c); /* lives as long as the process */
    ASSERT(c);
    c->text = text;
    c->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, OPTIONS, &error, &at, NULL);
    return c;
}

static void discard(struct compiled *c) {
    pcre2_code_free(c->code);
    free(c);
}

/* `*kept` tells whether the answer stays in the table; if not, the caller discards it. */
static struct compiled *find(const char *text, bool *kept) {
    size_t slot = (size_t)(((uintptr_t)text * 0x9e3779b97f4a7c15u) >> 32) % SLOTS;
    struct compiled *fresh = NULL;
    *kept = true;
    for (int i = 0; i < PROBES; i++) {
        _Atomic(struct compiled *) *at = &slots[(slot + (size_t)i) % SLOTS];
        struct compiled *there = atomic_load_explicit(at, memory_order_acquire);
        if (!there) {
            if (!fresh) fresh = compile(text);
            if (atomic_compare_exchange_strong(at, &there, fresh)) return fresh;
        }
        if (there->text == text) {
            if (fresh) discard(fresh);
            return there;
        }
    }
    *kept = false;
    return fresh ? fresh : compile(text);
}

static bool run(const pcre2_code *code, str subject) {
    /* One pair per thread, for its life: they hold no result between calls. */
    static _Thread_local pcre2_match_data *match;
    static _Thread_local pcre2_match_context *context;
    if (!match) {
        match = pcre2_match_data_create(1, NULL);
        context = pcre2_match_context_create(NULL);
        ASSERT(match && context);
        pcre2_set_match_limit(context, MATCH_LIMIT);
        pcre2_set_depth_limit(context, DEPTH_LIMIT);
        pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
    }
    return pcre2_match(code, (PCRE2_SPTR)(subject.p ? subject.p : ""), subject.n, 0, 0, match, context) >= 0;
}

bool pattern_matches(const char *pattern, str subject) {
    bool kept;
    struct compiled *c = find(pattern, &kept);
    bool matches = !c->code || run(c->code, subject);
    if (!kept) discard(c);
    return matches;
}

bool pattern_compiles(const char *pattern) {
    bool kept;
    struct compiled *c = find(pattern, &kept);
    bool compiles = c->code != NULL;
    if (!kept) discard(c);
    return compiles;
}
