/* Arena: memory that is freed all at once. One per request, job, connection and boot.
 *
 * Allocation is zeroed and never NULL: what comes from outside is bounded at the door (every input
 * has its limit), so true exhaustion is a crash and a recovery, not an error path in every room.
 * An arena belongs to one thread at a time. */
#ifndef BRUME_ARENA_H
#define BRUME_ARENA_H

#include "base/base.h"

#include <stdarg.h>

struct arena_chunk;
struct arena_cleanup;
struct arena {
    char *next, *end;             /* free part of the newest chunk */
    struct arena_chunk *chunks;   /* newest first */
    struct arena_cleanup *cleanups;
    size_t allocated;             /* bytes of all chunks */
};

/* A zeroed struct arena is a valid empty one: it takes no memory before its first allocation. */
void arena_free(struct arena *a); /* runs the cleanups, newest first; leaves an empty arena */
void arena_reset(struct arena *a); /* the same, but keeps the oldest chunk for the next use */

void *arena_alloc(struct arena *a, size_t size, size_t align);
#define NEW(a, T) ((T *)arena_alloc((a), sizeof(T), _Alignof(T)))
#define NEW_ARRAY(a, T, n) ((T *)arena_alloc_array((a), (n), sizeof(T), _Alignof(T)))
void *arena_alloc_array(struct arena *a, size_t n, size_t size, size_t align);

/* Rewinding frees what was allocated since the mark and runs the cleanups added since. */
struct arena_mark {
    struct arena_chunk *chunk;
    char *next;
    struct arena_cleanup *cleanups;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

/* `run(object)` when the arena is freed or rewound past this point: file descriptors, pins. */
void arena_on_free(struct arena *a, void (*run)(void *object), void *object);

str arena_str(struct arena *a, str s);               /* a copy; absent stays absent */
char *arena_c_string(struct arena *a, str s);        /* a NUL-terminated copy */
str arena_concat(struct arena *a, str x, str y);
PRINTF(2, 3) str arena_format(struct arena *a, const char *format, ...);
PRINTF(2, 0) str arena_vformat(struct arena *a, const char *format, va_list args);

/* ---- buf: bytes that grow inside an arena up to a maximum that is given at birth. Passing the
 * maximum is sticky: nothing more is added and `over` is checked once, at the end. ---- */
struct buf {
    struct arena *arena;
    char *p;
    size_t n, capacity, max;
    bool over;
};
struct buf buf_new(struct arena *a, size_t max);
PRINTF(2, 3) void buf_format(struct buf *b, const char *format, ...);
void buf_u64(struct buf *b, u64 v);
void buf_i64(struct buf *b, i64 v);
/* Room for n more bytes to write by hand, then `b->n += written`; NULL if that passes the max. */
char *buf_grow(struct buf *b, size_t n); /* buf_reserve's slow half */
static inline char *buf_reserve(struct buf *b, size_t n) {
    bool fits = !b->over && b->p && n <= b->capacity - b->n;
    return fits ? b->p + b->n : buf_grow(b, n);
}
static inline void buf_add(struct buf *b, str s) {
    char *at = buf_reserve(b, s.n);
    if (!at || !s.n) return;
    memcpy(at, s.p, s.n);
    b->n += s.n;
}
static inline void buf_char(struct buf *b, char c) {
    char *at = buf_reserve(b, 1);
    if (!at) return;
    *at = c;
    b->n++;
}
str buf_str(const struct buf *b); /* a view, valid until the next addition */

#endif
