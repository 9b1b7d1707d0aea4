/* A chart: lines over time with a scale at each side, drawn on a canvas. */
#ifndef BRUME_CLOUDWATCH_CHART_H
#define BRUME_CLOUDWATCH_CHART_H

#include "engine/canvas.h"
#include "metric_math.h"

enum { CHART_SIDES = 2 }; /* left, right */

struct chart_line {
    struct series series;
    str label;
    struct color color;
    u8 side;
};
struct chart_mark { /* a horizontal line at a value */
    double value;
    str label;
    struct color color;
    u8 side;
};
struct chart_moment { /* a vertical line at a time */
    i64 at_ms;
    str label;
    struct color color;
};
struct chart {
    int width, height;
    str title, label[CHART_SIDES];
    bool stacked, dark, legend_hidden;
    i64 from_ms, to_ms, zone_ms; /* zone: what clocks show against UTC */
    struct chart_line *lines;
    struct chart_mark *marks;
    struct chart_moment *moments;
    u32 line_count, mark_count, moment_count;
    double min[CHART_SIDES], max[CHART_SIDES]; /* NAN: as the data has it */
};

struct color chart_color(u32 i); /* of the i-th line that has none of its own */
str chart_png(struct arena *a, const struct chart *chart); /* absent: no library draws */

#endif
