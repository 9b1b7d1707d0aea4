/* dateTimeConverter: a date in another form, and another zone. */
#include "date_pattern.h"
#include "transform_parts.h"

#include "base/encode.h"

struct conversion {
    const struct date_words *words;
    const struct zone *source, *target;
};

static bool open_zone(struct transform_compiler *c, str name, const struct zone **zone) {
    *zone = NULL;
    if (!name.p) return true;
    switch (zone_open(c->arena, name, zone)) {
    case ZONE_FOUND: return true;
    case ZONE_NO_DATA: return transform_refuse(c, "This machine has no data of time zones.");
    case ZONE_UNKNOWN: break;
    }
    return transform_refuse(c, "%.*s is no time zone.", STR_ARGS(name));
}

bool transform_check_date(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_date_time_converter *in = step->config;
    struct conversion *v = NEW(c->arena, struct conversion);
    step->compiled = v;
    v->words = date_words_of(in->locale);
    if (!v->words) return transform_refuse(c, "brume does not have the locale %.*s (yet).", STR_ARGS(in->locale));
    for (u32 i = 0; i <= in->match_patterns.n; i++) {
        str pattern = i < in->match_patterns.n ? in->match_patterns.v[i] : in->target_format;
        const char *problem = pattern.p ? date_pattern_problem(pattern) : NULL;
        if (problem) return transform_refuse(c, "The date pattern %.*s is not valid: %s", STR_ARGS(pattern), problem);
    }
    return transform_path_check(c, in->source) && transform_path_check(c, in->target) && open_zone(c, in->source_timezone, &v->source) &&
           open_zone(c, in->target_timezone, &v->target);
}

bool transform_convert_date(const struct transform_step *step, struct transform_event *e) {
    const struct logs_date_time_converter *in = step->config;
    const struct conversion *v = step->compiled;
    const struct json_node *n = transform_at(e->root, in->source);
    struct buf out = buf_new(e->arena, 1024);
    i64 ms = 0;
    bool read = false;
    if (!n || (n->type != JSON_STRING && n->type != JSON_NUMBER)) return true;
    for (u32 i = 0; i < in->match_patterns.n && !read; i++) read = date_pattern_read(in->match_patterns.v[i], v->words, v->source, n->text, &ms);
    if (!read) return transform_fail(e, "dateTimeConverter: the value of %.*s matches none of the patterns.", STR_ARGS(in->source));
    date_pattern_write(&out, in->target_format.p ? in->target_format : S("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"), v->words, v->target, in->target_timezone.p ? in->target_timezone : S("UTC"), ms);
    transform_put(e->arena, e->root, in->target, transform_new(e->arena, JSON_STRING, buf_str(&out)), true);
    return true;
}

str transform_http_date(struct arena *a, str text) {
    struct buf out = buf_new(a, 64);
    i64 ms;
    if (!date_pattern_read(S("d/MMM/yyyy:H:m:s Z"), date_words_of((str){0}), NULL, text, &ms)) return text;
    buf_iso8601(&out, ms);
    return buf_str(&out);
}
