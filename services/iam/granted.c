/* Which services documents let be used, by what their Allow statements say. */
#include "iam.h"

#include "text/json.h"

enum { SERVICES_MAX = 600 };

struct granted granted_new(struct arena *a) { return (struct granted){.arena = a, .v = NEW_ARRAY(a, str, SERVICES_MAX)}; }

bool grants(const struct granted *g, str service) {
    for (u32 i = 0; i < g->n; i++)
        if (str_eq(g->v[i], service)) return true;
    return g->all;
}

static void add_action(struct granted *g, str action) {
    str service = name_folded(g->arena, str_take(action, str_find_char(action, ':')));
    if (memchr(service.p, '*', service.n)) g->all = true;
    else if (!grants(&(struct granted){.v = g->v, .n = g->n}, service) && g->n < SERVICES_MAX) g->v[g->n++] = service;
}

static void add_statement(struct granted *g, str statement) {
    struct json_reader r = json_reader_new(g->arena, statement, json_default_limits);
    struct granted found = granted_new(g->arena);
    bool allows = false;
    str key, text;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            if (str_eq(key, S("Effect"))) allows = json_read_string(&r, &text) && str_eq(text, S("Allow"));
            else if (str_eq(key, S("NotAction"))) {
                found.all = true;
                json_skip(&r);
            } else if (!str_eq(key, S("Action"))) json_skip(&r);
            else if (json_peek(&r) == JSON_STRING) {
                if (json_read_string(&r, &text)) add_action(&found, text);
            } else if (json_read_array(&r))
                while (json_read_item(&r))
                    if (json_read_string(&r, &text)) add_action(&found, text);
        }
    if (!allows) return;
    g->all |= found.all;
    for (u32 i = 0; i < found.n; i++) add_action(g, found.v[i]);
}

void granted_add(struct granted *g, str json) {
    struct statements list = statements_of(g->arena, json);
    for (u32 i = 0; i < list.n; i++) add_statement(g, list.v[i].text);
}
