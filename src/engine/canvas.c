#include "engine/canvas.h"

#include <dlfcn.h>
#include <pthread.h>

/* The library's own declarations (cairo.h 1.16), so that the build does not need it. */
struct text_extents {
    double x_bearing, y_bearing, width, height, x_advance, y_advance;
};
enum { FORMAT_RGB24 = 1, STATUS_SUCCESS = 0, STATUS_WRITE_ERROR = 11, NORMAL = 0 };

static struct {
    bool there;
    void *(*surface)(int format, int width, int height);
    void (*surface_destroy)(void *surface);
    int (*png)(void *surface, int (*write)(void *closure, const unsigned char *data, unsigned int length), void *closure);
    void *(*create)(void *surface);
    void (*destroy)(void *cr);
    void (*color)(void *cr, double red, double green, double blue, double alpha);
    void (*rectangle)(void *cr, double x, double y, double width, double height);
    void (*fill)(void *cr);
    void (*clip)(void *cr);
    void (*reset_clip)(void *cr);
    void (*move_to)(void *cr, double x, double y);
    void (*line_to)(void *cr, double x, double y);
    void (*stroke)(void *cr);
    void (*line_width)(void *cr, double width);
    void (*font)(void *cr, const char *family, int slant, int weight);
    void (*font_size)(void *cr, double size);
    void (*show_text)(void *cr, const char *utf8);
    void (*extents)(void *cr, const char *utf8, struct text_extents *extents);
} cairo; /* loaded once for the process: a library cannot be loaded per call */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    static const struct {
        const char *name;
        void *place;
    } symbols[] = {
        {"cairo_image_surface_create", &cairo.surface}, {"cairo_surface_destroy", &cairo.surface_destroy}, {"cairo_surface_write_to_png_stream", &cairo.png},
        {"cairo_create", &cairo.create}, {"cairo_destroy", &cairo.destroy}, {"cairo_set_source_rgba", &cairo.color}, {"cairo_rectangle", &cairo.rectangle},
        {"cairo_fill", &cairo.fill}, {"cairo_clip", &cairo.clip}, {"cairo_reset_clip", &cairo.reset_clip}, {"cairo_move_to", &cairo.move_to},
        {"cairo_line_to", &cairo.line_to}, {"cairo_stroke", &cairo.stroke}, {"cairo_set_line_width", &cairo.line_width}, {"cairo_select_font_face", &cairo.font},
        {"cairo_set_font_size", &cairo.font_size}, {"cairo_show_text", &cairo.show_text}, {"cairo_text_extents", &cairo.extents}};
    void *library = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
    cairo.there = library != NULL;
    for (size_t i = 0; library && i < LENGTH(symbols); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        cairo.there &= symbol != NULL;
        memcpy(symbols[i].place, &symbol, sizeof symbol); /* POSIX's way from object to function pointer */
    }
}

struct canvas {
    struct arena *arena;
    void *surface, *cr;
};

static void drop(void *object) {
    struct canvas *c = object;
    cairo.destroy(c->cr);
    cairo.surface_destroy(c->surface);
}

struct canvas *canvas_new(struct arena *a, int width, int height) {
    pthread_once(&once, load);
    ASSERT(width > 0 && height > 0 && width <= CANVAS_SIDE_MAX && height <= CANVAS_SIDE_MAX);
    if (!cairo.there) return NULL;
    struct canvas *c = NEW(a, struct canvas);
    c->arena = a;
    c->surface = cairo.surface(FORMAT_RGB24, width, height);
    c->cr = cairo.create(c->surface);
    cairo.font(c->cr, "DejaVu Sans", NORMAL, NORMAL);
    arena_on_free(a, drop, c);
    return c;
}

void canvas_clip(struct canvas *c, struct place at, struct place size) {
    cairo.reset_clip(c->cr);
    if (size.x <= 0) return;
    cairo.rectangle(c->cr, at.x, at.y, size.x, size.y);
    cairo.clip(c->cr);
}

void canvas_fill(struct canvas *c, struct place at, struct place size, struct color color) {
    cairo.color(c->cr, color.red, color.green, color.blue, color.opacity);
    cairo.rectangle(c->cr, at.x, at.y, size.x, size.y);
    cairo.fill(c->cr);
}

static void path(struct canvas *c, const struct place *points, u32 n, struct color color) {
    cairo.color(c->cr, color.red, color.green, color.blue, color.opacity);
    for (u32 i = 0; i < n; i++) (i ? cairo.line_to : cairo.move_to)(c->cr, points[i].x, points[i].y);
}

void canvas_line(struct canvas *c, const struct place *points, u32 n, double width, struct color color) {
    path(c, points, n, color);
    cairo.line_width(c->cr, width);
    cairo.stroke(c->cr);
}

void canvas_area(struct canvas *c, const struct place *points, u32 n, struct color color) {
    path(c, points, n, color);
    cairo.fill(c->cr);
}

double canvas_text_width(struct canvas *c, double size, str text) {
    struct text_extents e;
    cairo.font_size(c->cr, size);
    cairo.extents(c->cr, arena_c_string(c->arena, text), &e);
    return e.x_advance;
}

void canvas_text(struct canvas *c, struct place at, enum canvas_align align, double size, struct color color, str text) {
    double width = canvas_text_width(c, size, text);
    cairo.color(c->cr, color.red, color.green, color.blue, color.opacity);
    cairo.move_to(c->cr, at.x - (align == CANVAS_RIGHT ? width : align == CANVAS_CENTER ? width / 2 : 0), at.y);
    cairo.show_text(c->cr, arena_c_string(c->arena, text));
}

static int write_part(void *closure, const unsigned char *data, unsigned int length) {
    struct buf *b = closure;
    buf_add(b, (str){(const char *)data, length});
    return b->over ? STATUS_WRITE_ERROR : STATUS_SUCCESS;
}

str canvas_png(struct canvas *c, struct arena *a) {
    struct buf b = buf_new(a, 64 << 20);
    return cairo.png(c->surface, write_part, &b) == STATUS_SUCCESS ? buf_str(&b) : (str){0};
}
