/* What is known of the form of values: taken from events, united, written as a schema and read back from one. */
#ifndef BRUME_SCHEMAS_SHAPE_H
#define BRUME_SCHEMAS_SHAPE_H

#include "text/tree.h"

enum shape_type {
    SHAPE_NULL = 1,
    SHAPE_OBJECT = 2,
    SHAPE_ARRAY = 4,
    SHAPE_STRING = 8,
    SHAPE_DATE_TIME = 16,
    SHAPE_INTEGER = 32,
    SHAPE_NUMBER = 64,
    SHAPE_BOOLEAN = 128,
};

struct shape {
    u8 types; /* 0: nothing is known */
    struct shape_member *members; /* of objects, by name */
    struct shape *item;           /* of arrays; NULL: none was seen */
};
struct shape_member {
    str name;
    bool required; /* every object had it */
    struct shape *shape;
    struct shape_member *next;
};

struct shape *shape_of(struct arena *a, const struct json_node *value);
/* What holds for both: `one`, changed, with parts of `other`. Either may be NULL: nothing. */
struct shape *shape_unite(struct shape *one, struct shape *other);
/* Where its name has its place; if that is there already, it stays. */
void shape_add_member(struct shape *s, struct shape_member *m);

/* An event's schema: its source and detail type with the form of its detail, or (both absent) any value's form. */
struct event_shape {
    str source, detail_type;
    struct shape *body;
};
struct event_shape event_shape_of(struct arena *a, const struct json_node *event);
/* "Order Created" -> "OrderCreated" */
str shape_title(struct arena *a, str name);
/* Absent: longer than a schema may be. */
str event_shape_write(struct arena *a, const struct event_shape *e, bool draft4);
/* From OpenAPI as event_shape_write makes it; what is written otherwise is not understood. False: no JSON. */
MUST_USE bool event_shape_read(struct arena *a, str content, struct event_shape *e);

#endif
