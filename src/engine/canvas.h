/* Pictures: lines, areas and text on a canvas, as PNG, by cairo where the machine has it (Debian: libcairo2, and a
 * font: fonts-dejavu-core). It is loaded at the first picture: few need one, and it would make the program larger by
 * more than its own size. Coordinates are pixels from the top left. */
#ifndef BRUME_CANVAS_H
#define BRUME_CANVAS_H

#include "base/arena.h"

enum { CANVAS_SIDE_MAX = 4000 };
enum canvas_align { CANVAS_LEFT, CANVAS_CENTER, CANVAS_RIGHT };

struct color {
    double red, green, blue, opacity; /* 0 to 1 */
};
struct place {
    double x, y;
};

struct canvas;
struct canvas *canvas_new(struct arena *a, int width, int height); /* NULL: no library. Goes with the arena */
void canvas_clip(struct canvas *c, struct place at, struct place size); /* what is drawn from now on; a size of 0: all again */
void canvas_fill(struct canvas *c, struct place at, struct place size, struct color color);
void canvas_line(struct canvas *c, const struct place *points, u32 n, double width, struct color color);
void canvas_area(struct canvas *c, const struct place *points, u32 n, struct color color); /* the polygon, filled */
void canvas_text(struct canvas *c, struct place at, enum canvas_align align, double size, struct color color, str text); /* `at`: of its base line */
double canvas_text_width(struct canvas *c, double size, str text);
str canvas_png(struct canvas *c, struct arena *a);

#endif
