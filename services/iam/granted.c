/* Which services documents let be used: what their Allow statements name, and what no Deny statement takes away whole. */
#include "iam.h"

#include "text/json.h"

enum { SERVICES_MAX = 600, DENIALS_MAX = 64 };

struct granted granted_new(struct arena *a) {
    return (struct granted){.arena = a, .v = NEW_ARRAY(a, str, SERVICES_MAX), .denials = NEW_ARRAY(a, struct denial, DENIALS_MAX)};
}

static bool has(const str *v, u32 n, str service) {
    for (u32 i = 0; i < n; i++)
        if (str_eq(v[i], service)) return true;
    return false;
}

bool grants(const struct granted *g, str service) {
    for (u32 i = 0; i < g->denial_count; i++) {
        const struct denial *d = &g->denials[i];
        if (d->all || d->but != has(d->v, d->n, service)) return false;
    }
    return g->all || has(g->v, g->n, service);
}

/* ---- a statement ---- */

struct words {
    str effect, *actions;
    u32 n;
    bool not_action, narrowed; /* by a condition, or to some resources */
};

static u32 read_texts(struct json_reader *r, str *v, u32 max) {
    u32 n = 0;
    if (json_peek(r) == JSON_STRING) return json_read_string(r, &v[0]) ? 1 : 0;
    if (!json_read_array(r)) return 0;
    for (str text; json_read_item(r);)
        if (json_read_string(r, &text) && n < max) v[n++] = text;
    return n;
}

static struct words words_of(struct arena *a, str statement) {
    struct json_reader r = json_reader_new(a, statement, json_default_limits);
    struct words w = {.actions = NEW_ARRAY(a, str, SERVICES_MAX)};
    str key, *resources = NEW_ARRAY(a, str, SERVICES_MAX);
    if (!json_read_object(&r)) return w;
    while (json_read_key(&r, &key)) {
        if (str_eq(key, S("Effect"))) {
            if (!json_read_string(&r, &w.effect)) return w;
        } else if (str_eq(key, S("Action")) || str_eq(key, S("NotAction"))) {
            w.not_action = str_eq(key, S("NotAction"));
            w.n = read_texts(&r, w.actions, SERVICES_MAX);
        } else if (str_eq(key, S("Resource"))) {
            u32 n = read_texts(&r, resources, SERVICES_MAX);
            w.narrowed |= !has(resources, n, S("*"));
        } else {
            w.narrowed |= str_eq(key, S("Condition")) || str_eq(key, S("NotResource"));
            json_skip(&r);
        }
    }
    return w;
}

/* "S3:GetObject" -> "s3"; "*" of patterns. */
static str service_of(struct arena *a, str action) {
    str service = name_folded(a, str_take(action, str_find_char(action, ':')));
    return memchr(service.p, '*', service.n) ? S("*") : service;
}

static void allow(struct granted *g, const struct words *w) {
    g->all |= w->not_action;
    for (u32 i = 0; i < w->n && !w->not_action; i++) {
        str service = service_of(g->arena, w->actions[i]);
        if (str_eq(service, S("*"))) g->all = true;
        else if (!has(g->v, g->n, service) && g->n < SERVICES_MAX) g->v[g->n++] = service;
    }
}

/* A service is taken away by all its actions; what a NotAction spares, if only a part, stays. */
static void deny_some(struct granted *g, const struct words *w) {
    struct denial d = {.but = w->not_action, .v = NEW_ARRAY(g->arena, str, w->n + 1)};
    if (w->narrowed || g->denial_count == DENIALS_MAX) return;
    for (u32 i = 0; i < w->n; i++) {
        str action = w->actions[i];
        bool whole = str_eq(action, S("*")) || str_ends(action, S(":*"));
        if (!w->not_action && !whole) continue;
        d.v[d.n] = service_of(g->arena, action);
        if (!str_eq(d.v[d.n++], S("*"))) continue;
        if (w->not_action) return; /* of patterns nothing is known */
        d.all = str_eq(action, S("*"));
    }
    g->denials[g->denial_count++] = d;
}

void granted_add(struct granted *g, str json) {
    struct statements list = statements_of(g->arena, json);
    for (u32 i = 0; i < list.n; i++) {
        struct words w = words_of(g->arena, list.v[i].text);
        if (str_eq(w.effect, S("Allow"))) allow(g, &w);
    }
}

void granted_take_away(struct granted *g, str json) {
    struct statements list = statements_of(g->arena, json);
    for (u32 i = 0; i < list.n; i++) {
        struct words w = words_of(g->arena, list.v[i].text);
        if (str_eq(w.effect, S("Deny"))) deny_some(g, &w);
    }
}
