#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum { CHUNK_FIRST = 4096, CHUNK_MAX = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* usable bytes behind this header */
};

struct arena_cleanup {
    struct arena_cleanup *older;
    void (*run)(void *object);
    void *object;
};

static char *chunk_bytes(struct arena_chunk *chunk) { return (char *)(chunk + 1); }

static void add_chunk(struct arena *a, size_t at_least) {
    size_t size = a->chunks ? MIN(a->chunks->size * 2, (size_t)CHUNK_MAX)
                            : CHUNK_FIRST - sizeof(struct arena_chunk);
    size = MAX(size, at_least);
    size_t total;
    ASSERT(add_size(size, sizeof(struct arena_chunk), &total));
    struct arena_chunk *chunk = malloc(total);
    ASSERT(chunk);
    chunk->older = a->chunks;
    chunk->size = size;
    a->chunks = chunk;
    a->next = chunk_bytes(chunk);
    a->end = a->next + size;
    a->allocated += total;
    ASAN_POISON_MEMORY_REGION(a->next, size);
}

static void drop_newest_chunk(struct arena *a) {
    struct arena_chunk *chunk = a->chunks;
    a->chunks = chunk->older;
    a->allocated -= chunk->size + sizeof *chunk;
    ASAN_UNPOISON_MEMORY_REGION(chunk_bytes(chunk), chunk->size);
    free(chunk);
}

static void run_cleanups(struct arena *a, const struct arena_cleanup *until) {
    while (a->cleanups != until) {
        struct arena_cleanup *cleanup = a->cleanups;
        a->cleanups = cleanup->older;
        cleanup->run(cleanup->object);
    }
}

void arena_free(struct arena *a) {
    run_cleanups(a, NULL);
    while (a->chunks) drop_newest_chunk(a);
    *a = (struct arena){0};
}

void arena_reset(struct arena *a) {
    run_cleanups(a, NULL);
    while (a->chunks && a->chunks->older) drop_newest_chunk(a);
    if (!a->chunks) return;
    a->next = chunk_bytes(a->chunks);
    a->end = a->next + a->chunks->size;
    ASAN_POISON_MEMORY_REGION(a->next, a->chunks->size);
}

/* Not zeroed: for what is written whole. */
static void *take(struct arena *a, size_t size, size_t align) {
    size_t padding = a->next ? (size_t)(-(uintptr_t)a->next & (align - 1)) : 0;
    if (!a->next || (size_t)(a->end - a->next) < padding || (size_t)(a->end - a->next) - padding < size) {
        size_t at_least;
        ASSERT(add_size(size, align, &at_least));
        add_chunk(a, at_least);
        padding = (size_t)(-(uintptr_t)a->next & (align - 1));
    }
    char *at = a->next + padding;
    a->next = at + size;
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    return at;
}

void *arena_alloc(struct arena *a, size_t size, size_t align) {
    void *at = take(a, size, align);
    return size ? memset(at, 0, size) : at;
}

void *arena_alloc_array(struct arena *a, size_t n, size_t size, size_t align) {
    size_t total;
    ASSERT(mul_size(n, size, &total));
    return arena_alloc(a, total, align);
}

struct arena_mark arena_mark(const struct arena *a) {
    return (struct arena_mark){a->chunks, a->next, a->cleanups};
}

void arena_rewind(struct arena *a, struct arena_mark mark) {
    run_cleanups(a, mark.cleanups);
    while (a->chunks != mark.chunk) drop_newest_chunk(a);
    a->next = mark.next;
    a->end = a->chunks ? chunk_bytes(a->chunks) + a->chunks->size : NULL;
    if (a->next) ASAN_POISON_MEMORY_REGION(a->next, (size_t)(a->end - a->next));
}

void arena_on_free(struct arena *a, void (*run)(void *object), void *object) {
    struct arena_cleanup *cleanup = NEW(a, struct arena_cleanup);
    *cleanup = (struct arena_cleanup){a->cleanups, run, object};
    a->cleanups = cleanup;
}

str arena_str(struct arena *a, str s) {
    if (!s.p) return s;
    char *copy = take(a, s.n, 1);
    if (s.n) memcpy(copy, s.p, s.n);
    return (str){copy, s.n};
}

char *arena_c_string(struct arena *a, str s) {
    char *copy = take(a, s.n + 1, 1);
    if (s.n) memcpy(copy, s.p, s.n);
    copy[s.n] = 0;
    return copy;
}

str arena_concat(struct arena *a, str x, str y) {
    char *both = take(a, x.n + y.n, 1);
    if (x.n) memcpy(both, x.p, x.n);
    if (y.n) memcpy(both + x.n, y.p, y.n);
    return (str){both, x.n + y.n};
}

str arena_vformat(struct arena *a, const char *format, va_list args) {
    ASSERT(format);
    va_list again;
    va_copy(again, args);
    char most[256]; /* formatted once; only the long ones twice */
    int n = vsnprintf(most, sizeof most, format, args);
    ASSERT(n >= 0);
    char *text = take(a, (size_t)n + 1, 1);
    if ((size_t)n < sizeof most) memcpy(text, most, (size_t)n + 1);
    else vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return (str){text, (size_t)n};
}

str arena_format(struct arena *a, const char *format, ...) {
    va_list args;
    va_start(args, format);
    str text = arena_vformat(a, format, args);
    va_end(args);
    return text;
}

struct buf buf_new(struct arena *a, size_t max) { return (struct buf){.arena = a, .max = max}; }

char *buf_grow(struct buf *b, size_t n) {
    if (b->over || n > b->max - b->n) {
        b->over = true;
        return NULL;
    }
    if (b->p && n <= b->capacity - b->n) return b->p + b->n;
    size_t capacity = MIN(b->max, MAX(MAX(b->capacity * 2, (size_t)256), b->n + n));
    /* The newest allocation of the arena grows in place when the chunk has room. */
    if (b->p && b->p + b->capacity == b->arena->next
        && capacity - b->capacity <= (size_t)(b->arena->end - b->arena->next)) {
        take(b->arena, capacity - b->capacity, 1);
    } else {
        char *grown = take(b->arena, capacity, 1); /* not zeroed: what is not written is not read */
        if (b->n) memcpy(grown, b->p, b->n);
        b->p = grown;
    }
    b->capacity = capacity;
    return b->p + b->n;
}

void buf_format(struct buf *b, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char most[256];
    int n = vsnprintf(most, sizeof most, format, args);
    va_end(args);
    ASSERT(n >= 0);
    char *at = buf_reserve(b, (size_t)n + 1); /* vsnprintf writes a NUL behind */
    if (at) {
        if ((size_t)n < sizeof most) memcpy(at, most, (size_t)n);
        else vsnprintf(at, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_u64(struct buf *b, u64 v) {
    char digits[20];
    size_t n = 0;
    do digits[sizeof digits - ++n] = (char)('0' + v % 10);
    while (v /= 10);
    buf_add(b, (str){digits + sizeof digits - n, n});
}

void buf_i64(struct buf *b, i64 v) {
    if (v < 0) buf_char(b, '-');
    buf_u64(b, v < 0 ? 0 - (u64)v : (u64)v);
}

str buf_str(const struct buf *b) { return (str){b->p ? b->p : "", b->n}; }
