#include "chart.h"

#include <math.h>

enum { FONT = 11, TITLE_FONT = 13, MARGIN = 10, TICKS_MAX = 12, LINE_HEIGHT = 16, TICK_WIDTH = 80, TICK_HEIGHT = 45 };

struct scale {
    double low, high, step;
    bool used;
};
struct drawing {
    const struct chart *chart;
    struct canvas *canvas;
    struct arena *arena;
    struct scale scale[CHART_SIDES];
    double left, top, width, height; /* of the plot */
    struct color ink, faint, paper;
};

struct color chart_color(u32 i) {
    static const u32 colors[] = {0x1f77b4, 0xff7f0e, 0x2ca02c, 0xd62728, 0x9467bd, 0x8c564b, 0xe377c2, 0x7f7f7f, 0xbcbd22, 0x17becf};
    u32 c = colors[i % LENGTH(colors)];
    return (struct color){(c >> 16) / 255.0, (c >> 8 & 255) / 255.0, (c & 255) / 255.0, 1};
}

/* ---- scales ---- */

/* 1, 2 or 5 times a power of ten, so that there are at most `most` steps */
static double nice_step(double span, double most) {
    double power = pow(10, floor(log10(span / most)));
    for (int i = 0; i < 3; i++) {
        double step = power * (double[]){1, 2, 5}[i];
        if (span / step <= most) return step;
    }
    return power * 10;
}

static double value_at(const struct series *s, i64 at) { /* 0: it has none */
    u32 low = 0, high = s->n;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (s->at[middle] < at) low = middle + 1;
        else high = middle;
    }
    return low < s->n && s->at[low] == at ? s->v[low] : 0;
}

/* The lines of the side before the n-th, upon each other. */
static double stacked(const struct chart *c, u8 side, u32 n, i64 at) {
    double sum = 0;
    for (u32 i = 0; i < n; i++)
        if (c->lines[i].side == side) sum += value_at(&c->lines[i].series, at);
    return sum;
}

static struct scale scale_of(const struct chart *c, u8 side, double ticks) {
    struct scale s = {.low = INFINITY, .high = -INFINITY};
    for (u32 i = 0; i < c->line_count; i++) {
        const struct chart_line *l = &c->lines[i];
        if (l->side != side) continue;
        s.used = true;
        for (u32 j = 0; j < l->series.n; j++) {
            s.low = MIN(s.low, l->series.v[j]);
            s.high = MAX(s.high, l->series.v[j] + (c->stacked ? stacked(c, side, i, l->series.at[j]) : 0));
        }
    }
    for (u32 i = 0; i < c->mark_count; i++)
        if (c->marks[i].side == side) s.low = MIN(s.low, c->marks[i].value), s.high = MAX(s.high, c->marks[i].value), s.used = true;
    if (c->stacked) s.low = MIN(s.low, 0);
    if (!isfinite(s.low)) s.low = 0, s.high = 1;
    if (!isnan(c->min[side])) s.low = c->min[side];
    if (!isnan(c->max[side])) s.high = c->max[side];
    if (!(s.high - s.low > 1e-12 * fabs(s.high))) { /* one value alone stands in the middle */
        double around = s.high == 0 ? 1 : fabs(s.high) / 2;
        if (isnan(c->min[side])) s.low = s.high - around;
        s.high = s.low + 2 * around;
    }
    s.step = nice_step(s.high - s.low, MAX(ticks, 1));
    if (isnan(c->min[side])) s.low = floor(s.low / s.step) * s.step;
    if (isnan(c->max[side])) s.high = ceil(s.high / s.step) * s.step;
    return s;
}

static double x_of(const struct drawing *d, i64 at) {
    return d->left + d->width * (double)(at - d->chart->from_ms) / (double)(d->chart->to_ms - d->chart->from_ms);
}
static double y_of(const struct drawing *d, u8 side, double v) {
    const struct scale *s = &d->scale[side];
    return d->top + d->height * (1 - (v - s->low) / (s->high - s->low));
}

static str number_text(struct arena *a, double v, double step) {
    double size = fabs(v) < step / 1e6 ? 0 : fabs(v);
    if (size >= 1e9) return arena_format(a, "%.6gG", v / 1e9);
    if (size >= 1e6) return arena_format(a, "%.6gM", v / 1e6);
    if (size >= 1e4) return arena_format(a, "%.6gk", v / 1e3);
    return arena_format(a, "%.6g", size == 0 ? 0 : v);
}

/* ---- axes ---- */

static void value_axis(struct drawing *d, u8 side) {
    const struct scale *s = &d->scale[side];
    bool right = side == 1;
    if (!s->used && right) return;
    for (int i = 0; i <= TICKS_MAX * 2; i++) {
        double v = (ceil(s->low / s->step) + i) * s->step, y = y_of(d, side, v);
        if (v > s->high + s->step / 1e6) break;
        struct place line[] = {{d->left, floor(y) + 0.5}, {d->left + d->width, floor(y) + 0.5}};
        if (!right) canvas_line(d->canvas, line, 2, 1, d->faint);
        canvas_text(d->canvas, (struct place){right ? d->left + d->width + 5 : d->left - 5, y + 4}, right ? CANVAS_LEFT : CANVAS_RIGHT, FONT, d->ink, number_text(d->arena, v, s->step));
    }
    if (d->chart->label[side].n)
        canvas_text(d->canvas, (struct place){right ? d->left + d->width : d->left, d->top - 6}, right ? CANVAS_RIGHT : CANVAS_LEFT, FONT, d->ink, d->chart->label[side]);
}

static void time_axis(struct drawing *d) {
    static const i64 steps_s[] = {1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400, 90 * 86400};
    const struct chart *c = d->chart;
    i64 most = MAX(1, (i64)(d->width / TICK_WIDTH)), step = steps_s[LENGTH(steps_s) - 1] * 1000;
    for (size_t i = LENGTH(steps_s); i-- > 0;)
        if ((c->to_ms - c->from_ms) / (steps_s[i] * 1000) <= most) step = steps_s[i] * 1000;
    for (i64 at = (c->from_ms + c->zone_ms + step - 1) / step * step - c->zone_ms, n = 0; at <= c->to_ms && n < 100; at += step, n++) {
        struct civil_time t = civil_of(at + c->zone_ms);
        double x = floor(x_of(d, at)) + 0.5;
        str text = step >= 86400000 ? arena_format(d->arena, "%02d/%02d", t.month, t.day)
                 : step < 60000     ? arena_format(d->arena, "%02d:%02d:%02d", t.hour, t.minute, t.second)
                                    : arena_format(d->arena, "%02d:%02d", t.hour, t.minute);
        canvas_line(d->canvas, (struct place[]){{x, d->top + d->height}, {x, d->top + d->height + 4}}, 2, 1, d->ink);
        canvas_text(d->canvas, (struct place){x, d->top + d->height + 17}, CANVAS_CENTER, FONT, d->ink, text);
    }
    canvas_line(d->canvas, (struct place[]){{d->left, d->top + d->height + 0.5}, {d->left + d->width, d->top + d->height + 0.5}}, 2, 1, d->ink);
}

/* ---- lines ---- */

/* A line is broken where more than one and a half periods have no datapoint. */
static void line(struct drawing *d, const struct chart_line *l) {
    struct place *points = NEW_ARRAY(d->arena, struct place, l->series.n + 1);
    u32 n = 0;
    for (u32 i = 0; i < l->series.n; i++) {
        bool gap = n && l->series.period_ms && (l->series.at[i] - l->series.at[i - 1]) * 2 > l->series.period_ms * 3;
        if (gap) {
            canvas_line(d->canvas, points, n, 2, l->color);
            n = 0;
        }
        points[n++] = (struct place){x_of(d, l->series.at[i]), y_of(d, l->side, l->series.v[i])};
        bool alone = n == 1 && (i + 1 == l->series.n || (l->series.period_ms && (l->series.at[i + 1] - l->series.at[i]) * 2 > l->series.period_ms * 3));
        if (alone) canvas_fill(d->canvas, (struct place){points[0].x - 2, points[0].y - 2}, (struct place){4, 4}, l->color);
    }
    canvas_line(d->canvas, points, n, 2, l->color);
}

/* Each stands on those before it. */
static void stack(struct drawing *d) {
    const struct chart *c = d->chart;
    for (u32 i = c->line_count; i-- > 0;) {
        const struct chart_line *l = &c->lines[i];
        struct place *points = NEW_ARRAY(d->arena, struct place, l->series.n + 2);
        u32 n = 0;
        for (u32 j = 0; j < l->series.n; j++)
            points[n++] = (struct place){x_of(d, l->series.at[j]), y_of(d, l->side, stacked(c, l->side, i, l->series.at[j]) + l->series.v[j])};
        if (!n) continue;
        points[n] = (struct place){points[n - 1].x, y_of(d, l->side, 0)};
        points[n + 1] = (struct place){points[0].x, y_of(d, l->side, 0)};
        canvas_area(d->canvas, points, n + 2, l->color);
    }
}

static void marks(struct drawing *d) {
    for (u32 i = 0; i < d->chart->mark_count; i++) {
        const struct chart_mark *m = &d->chart->marks[i];
        double y = floor(y_of(d, m->side, m->value)) + 0.5;
        canvas_line(d->canvas, (struct place[]){{d->left, y}, {d->left + d->width, y}}, 2, 1, m->color);
        canvas_text(d->canvas, (struct place){d->left + 4, y - 3}, CANVAS_LEFT, FONT, m->color, m->label);
    }
}

static void moments(struct drawing *d) {
    for (u32 i = 0; i < d->chart->moment_count; i++) {
        const struct chart_moment *m = &d->chart->moments[i];
        double x = floor(x_of(d, m->at_ms)) + 0.5;
        if (m->at_ms < d->chart->from_ms || m->at_ms > d->chart->to_ms) continue;
        canvas_line(d->canvas, (struct place[]){{x, d->top}, {x, d->top + d->height}}, 2, 1, m->color);
        canvas_text(d->canvas, (struct place){x + 3, d->top + FONT}, CANVAS_LEFT, FONT, m->color, m->label);
    }
}

/* In rows under the plot. Draws nothing while `drawn` is false: to learn how high it is. */
static double legend(struct drawing *d, double y, bool drawn) {
    double x = MARGIN, rows = 1;
    for (u32 i = 0; i < d->chart->line_count; i++) {
        const struct chart_line *l = &d->chart->lines[i];
        double width = canvas_text_width(d->canvas, FONT, l->label) + 26;
        if (x > MARGIN && x + width > d->chart->width) x = MARGIN, rows++;
        if (drawn) {
            canvas_fill(d->canvas, (struct place){x, y + (rows - 1) * LINE_HEIGHT + 3}, (struct place){9, 9}, l->color);
            canvas_text(d->canvas, (struct place){x + 13, y + (rows - 1) * LINE_HEIGHT + 12}, CANVAS_LEFT, FONT, d->ink, l->label);
        }
        x += width;
    }
    return d->chart->line_count ? rows * LINE_HEIGHT : 0;
}

/* ---- the whole ---- */

static void lay_out(struct drawing *d) {
    const struct chart *c = d->chart;
    double legend_height = c->legend_hidden ? 0 : MIN(legend(d, 0, false), c->height / 3.0), widest[CHART_SIDES] = {0};
    d->top = MARGIN + (c->title.n ? TITLE_FONT + 8 : 0) + (c->label[0].n || c->label[1].n ? LINE_HEIGHT : 0);
    d->height = MAX(10, c->height - d->top - legend_height - 26);
    for (u8 side = 0; side < CHART_SIDES; side++) {
        struct scale *s = &d->scale[side];
        *s = scale_of(c, side, MIN(TICKS_MAX, d->height / TICK_HEIGHT));
        for (double v = s->low; v <= s->high + s->step / 2; v += s->step) widest[side] = MAX(widest[side], canvas_text_width(d->canvas, FONT, number_text(d->arena, v, s->step)));
    }
    d->left = MARGIN + widest[0] + 6;
    d->width = MAX(10, c->width - d->left - MARGIN - (d->scale[1].used ? widest[1] + 6 : 0));
}

str chart_png(struct arena *a, const struct chart *chart) {
    struct drawing d = {.chart = chart, .arena = a, .canvas = canvas_new(a, chart->width, chart->height), .ink = {0.33, 0.33, 0.33, 1}, .faint = {0.9, 0.9, 0.9, 1}, .paper = {1, 1, 1, 1}};
    if (!d.canvas) return (str){0};
    if (chart->dark) d.ink = (struct color){0.8, 0.8, 0.8, 1}, d.faint = (struct color){0.25, 0.27, 0.3, 1}, d.paper = (struct color){0.1, 0.12, 0.15, 1};
    canvas_fill(d.canvas, (struct place){0, 0}, (struct place){chart->width, chart->height}, d.paper);
    lay_out(&d);
    if (chart->title.n) canvas_text(d.canvas, (struct place){chart->width / 2.0, MARGIN + TITLE_FONT}, CANVAS_CENTER, TITLE_FONT, d.ink, chart->title);
    for (u8 side = 0; side < CHART_SIDES; side++) value_axis(&d, side);
    time_axis(&d);
    canvas_clip(d.canvas, (struct place){d.left, d.top - 2}, (struct place){d.width, d.height + 4});
    if (chart->stacked) stack(&d);
    for (u32 i = 0; !chart->stacked && i < chart->line_count; i++) line(&d, &chart->lines[i]);
    marks(&d);
    moments(&d);
    canvas_clip(d.canvas, (struct place){0, 0}, (struct place){0, 0});
    if (!chart->legend_hidden) (void)legend(&d, d.top + d.height + 24, true);
    return canvas_png(d.canvas, a);
}
