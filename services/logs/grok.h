/* Grok: texts taken apart by patterns that have names, "%{IP:client} %{WORD:method}". Pure. */
#ifndef BRUME_LOGS_GROK_H
#define BRUME_LOGS_GROK_H

#include "base/arena.h"

struct grok; /* belongs to one thread */
/* NULL: it is none, and *problem says why. */
MUST_USE struct grok *grok_compile(struct arena *a, str match, str *problem);

enum grok_form { GROK_TEXT, GROK_NUMBER, GROK_HTTP_DATE };
struct grok_field {
    str path, value;
    u8 form; /* enum grok_form, as the pattern gives it */
};
/* The fields of a text that the pattern is about as a whole, up to `max`. -1: it is not. */
i32 grok_match(const struct grok *g, str text, struct grok_field *fields, u32 max);

/* ---- grok_patterns.c ---- */
struct grok_pattern {
    const char *name;
    u32 max; /* how often one match may use it */
    const char *text;
    bool costly; /* of these together a match may have five */
    bool rest;   /* may stand behind a pattern of whole logs */
    bool whole;  /* of whole logs: the first of a match */
    bool quoted; /* the quotes are not part of the value */
};
const struct grok_pattern *grok_pattern_of(str name); /* NULL: there is none */

#endif
