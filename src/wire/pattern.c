#include "wire/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
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

/* One per thread, for its life: it holds no result between calls. */
struct matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
};
static pthread_key_t matcher_key;
static pthread_once_t matcher_once = PTHREAD_ONCE_INIT;

static void matcher_free(void *object) {
    struct matcher *m = object;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    free(m);
}

static void matcher_key_make(void) { ASSERT(pthread_key_create(&matcher_key, matcher_free) == 0); }

static struct matcher *matcher_of_thread(void) {
    pthread_once(&matcher_once, matcher_key_make);
    struct matcher *m = pthread_getspecific(matcher_key);
    if (m) return m;
    m = malloc(sizeof *m);
    ASSERT(m);
    *m = (struct matcher){pcre2_match_data_create(1, NULL), pcre2_match_context_create(NULL)};
    ASSERT(m->data && m->context);
    pcre2_set_match_limit(m->context, MATCH_LIMIT);
    pcre2_set_depth_limit(m->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
    ASSERT(pthread_setspecific(matcher_key, m) == 0);
    return m;
}

static bool run(const pcre2_code *code, str subject) {
    struct matcher *m = matcher_of_thread();
    return pcre2_match(code, (PCRE2_SPTR)(subject.p ? subject.p : ""), subject.n, 0, 0, m->data, m->context) >= 0;
}

bool wire_pattern_matches(const char *pattern, str subject) {
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
