/* Published data that is linked into the program: lines of text in packed frames (zstd), sorted by their
 * first field, folded to lower case. A look unpacks one frame. tools/import-packed writes the form. */
#ifndef BRUME_PACKED_H
#define BRUME_PACKED_H

#include "base/arena.h"

struct packed {
    const unsigned char *bytes;
    size_t n;
};
/* The line of that key, without its end; fields are separated by tabs. */
bool packed_find(const struct packed *p, struct arena *a, str key, str *line);
/* All lines in order: begin with a zeroed walk, which may also begin at a line's number. */
struct packed_walk {
    u32 at;    /* number of the next line */
    str frame; /* private: what is left of the one that is unpacked */
};
bool packed_next(const struct packed *p, struct arena *a, struct packed_walk *w, str *line);

#endif
