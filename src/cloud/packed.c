#include "cloud/packed.h"

#include <zstd.h>

struct frame {
    str bytes, first; /* packed; the key of its first line */
    u64 unpacked, lines;
};

/* A line of the head: "length unpacked lines key". */
static bool next_frame(str *head, str *frames, struct frame *f) {
    u64 length;
    str line = str_cut(head, '\n');
    if (!line.n) return false;
    ASSERT(str_to_u64(str_cut(&line, ' '), &length) && str_to_u64(str_cut(&line, ' '), &f->unpacked));
    ASSERT(str_to_u64(str_cut(&line, ' '), &f->lines) && length <= frames->n);
    f->first = line;
    f->bytes = str_take(*frames, length);
    *frames = str_skip(*frames, length);
    return true;
}

static void open_packed(const struct packed *p, str *head, str *frames) {
    str all = {(const char *)p->bytes, p->n};
    size_t end = str_find(all, S("\n\n"));
    ASSERT(end != STR_NONE);
    *head = str_take(all, end + 1);
    *frames = str_skip(all, end + 2);
}

static str unpack(struct arena *a, const struct frame *f) {
    char *text = arena_alloc(a, f->unpacked, 1);
    ASSERT(ZSTD_decompress(text, f->unpacked, f->bytes.p, f->bytes.n) == f->unpacked);
    return (str){text, f->unpacked};
}

/* Text up to the first tab, whatever its case, against the folded key. */
static int compare(str line, str key) {
    size_t n = str_find_char(line, '\t');
    str name = n == STR_NONE ? line : str_take(line, n);
    for (size_t i = 0; i < name.n && i < key.n; i++) {
        u8 c = (u8)name.p[i], k = (u8)key.p[i];
        if (c >= 'A' && c <= 'Z') c = (u8)(c + 'a' - 'A');
        if (k >= 'A' && k <= 'Z') k = (u8)(k + 'a' - 'A');
        if (c != k) return c < k ? -1 : 1;
    }
    return name.n == key.n ? 0 : name.n < key.n ? -1 : 1;
}

bool packed_find(const struct packed *p, struct arena *a, str key, str *line) {
    str head, frames;
    struct frame f, holder = {0};
    open_packed(p, &head, &frames);
    while (next_frame(&head, &frames, &f) && compare(f.first, key) <= 0) holder = f;
    if (!holder.bytes.p) return false;
    for (str text = unpack(a, &holder); text.n;) {
        *line = str_cut(&text, '\n');
        if (compare(*line, key) == 0) return true;
    }
    return false;
}

bool packed_next(const struct packed *p, struct arena *a, struct packed_walk *w, str *line) {
    if (!w->frame.n) { /* at the start, or behind a frame: the one that holds the line of this number */
        str head, frames;
        struct frame f;
        u32 first = 0;
        open_packed(p, &head, &frames);
        for (;; first += (u32)f.lines) {
            if (!next_frame(&head, &frames, &f)) return false;
            if (w->at < first + f.lines) break;
        }
        w->frame = unpack(a, &f);
        for (; first < w->at; first++) (void)str_cut(&w->frame, '\n');
    }
    *line = str_cut(&w->frame, '\n');
    w->at++;
    return true;
}
