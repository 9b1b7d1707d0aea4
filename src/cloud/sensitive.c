#include "sensitive.h"

#include "sensitive_identifiers.h"
#include "text/json.h"
#include "text/regex.h"

str sensitive_name(str arn) {
    size_t at = str_find(arn, S(":data-identifier/"));
    if (at == STR_NONE || !str_starts(arn, S("arn:"))) return (str){0};
    str name = str_skip(arn, at + S(":data-identifier/").n);
    return managed_identifier(name) ? name : (str){0};
}

/* ---- sets ---- */

struct member {
    struct member *next;
    str name;
    struct regex *regex;
    bool (*check)(str text);
};
struct sensitive {
    struct arena *arena;
    struct member *first, **end;
};

struct sensitive *sensitive_new(struct arena *a) {
    struct sensitive *set = NEW(a, struct sensitive);
    *set = (struct sensitive){.arena = a, .end = &set->first};
    return set;
}

bool sensitive_add(struct sensitive *set, str name, str pattern) {
    const struct managed_identifier *of = pattern.p ? NULL : managed_identifier(name);
    struct regex *regex = of || pattern.p ? regex_compile(set->arena, of ? str_of(of->pattern) : pattern, NULL, NULL) : NULL;
    if (!regex) return false;
    struct member *m = NEW(set->arena, struct member);
    *m = (struct member){.name = name, .regex = regex, .check = of ? of->check : NULL};
    *set->end = m;
    set->end = &m->next;
    return true;
}

static bool find(struct member *m, str text, str *hit) {
    while (text.n && regex_capture(m->regex, text, hit, 1) && hit->n) {
        if (!m->check || m->check(*hit)) return true;
        text = str_skip(text, (size_t)(hit->p - text.p) + hit->n);
    }
    return false;
}

bool sensitive_find(struct sensitive *set, str text, str *hit) {
    for (struct member *m = set->first; m; m = m->next)
        if (find(m, text, hit)) return true;
    return false;
}

static bool begins_character(char c) { return ((u8)c & 0xc0) != 0x80; }

static size_t characters(str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) n += begins_character(text.p[i]);
    return n;
}

/* By one after the other: what the first has masked the next does not see. */
str sensitive_masked(struct sensitive *set, struct arena *a, str text, char mask) {
    for (struct member *m = set->first; m; m = m->next) {
        str rest = text, hit;
        if (!find(m, rest, &hit)) continue;
        struct buf b = buf_new(a, text.n + 1);
        do {
            buf_add(&b, str_take(rest, (size_t)(hit.p - rest.p)));
            for (size_t i = 0; mask && i < hit.n; i++)
                if (begins_character(hit.p[i])) buf_char(&b, mask);
            rest = str_skip(rest, (size_t)(hit.p - rest.p) + hit.n);
        } while (find(m, rest, &hit));
        buf_add(&b, rest);
        text = b.n ? buf_str(&b) : S("");
    }
    return text;
}

/* Places are counted in characters, from 1; the last belongs to the finding. */
static void report_places(struct member *m, str text, struct buf *b) {
    size_t at = 0;
    str rest = text, hit;
    while (find(m, rest, &hit)) {
        str before = str_take(rest, (size_t)(hit.p - rest.p));
        size_t start = at + characters(before) + 1;
        at = start - 1 + characters(hit);
        json_write_object(b);
        json_write_key(b, S("start"));
        json_write_i64(b, (i64)start);
        json_write_key(b, S("end"));
        json_write_i64(b, (i64)at);
        json_write_object_end(b);
        rest = str_skip(rest, before.n + hit.n);
    }
}

static i64 count(struct member *m, str text) {
    i64 n = 0;
    str hit;
    for (; find(m, text, &hit); n++) text = str_skip(text, (size_t)(hit.p - text.p) + hit.n);
    return n;
}

bool sensitive_report(struct sensitive *set, str text, struct buf *b) {
    bool any = false;
    json_write_array(b);
    for (struct member *m = set->first; m; m = m->next) {
        i64 n = count(m, text);
        if (!n) continue;
        any = true;
        json_write_object(b);
        json_write_member(b, S("name"), m->name);
        json_write_key(b, S("count"));
        json_write_i64(b, n);
        json_write_key(b, S("detections"));
        json_write_array(b);
        report_places(m, text, b);
        json_write_array_end(b);
        json_write_object_end(b);
    }
    json_write_array_end(b);
    return any;
}
