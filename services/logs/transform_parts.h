/* Inside of transformers: an event on its way, and the processors. */
#ifndef BRUME_LOGS_TRANSFORM_PARTS_H
#define BRUME_LOGS_TRANSFORM_PARTS_H

#include "text/tree.h"
#include "transform.h"

struct transform_event {
    struct arena *arena;
    const struct log_origin *origin;
    str message;            /* as it came */
    struct json_node *root; /* what was made of it so far: an object */
    str problem;
};
struct transform_step {
    bool (*run)(const struct transform_step *step, struct transform_event *e); /* false: the event's problem says why */
    const void *config; /* of gen/logs.h */
    const void *compiled;
};
struct transform_compiler {
    struct arena *arena;
    str problem;
};
PRINTF(2, 3) bool transform_refuse(struct transform_compiler *c, const char *format, ...); /* false */
PRINTF(2, 3) bool transform_fail(struct transform_event *e, const char *format, ...);      /* false */

/* ---- transform_tree.c: fields by their paths, "store.book" ---- */
enum { TRANSFORM_DEPTH_MAX = 3, TRANSFORM_MEMBERS_MAX = 1000 /* that are put into an object; further ones are dropped */ };
bool transform_path_check(struct transform_compiler *c, str path);
struct json_node *transform_new(struct arena *a, enum json_type type, str text); /* text: of a string, digits of a number */
struct json_node *transform_copy(struct arena *a, const struct json_node *n);
struct json_node *transform_at(struct json_node *object, str path); /* NULL: there is none */
/* Out of its object; NULL: there is none. */
struct json_node *transform_take(struct json_node *object, str path);
/* A member of the object itself, whatever characters its name has; where there is one, only if it may be overwritten. */
void transform_put_member(struct json_node *object, str name, struct json_node *value, bool overwrite);
/* The same at the path; objects on the way are made. */
void transform_put(struct arena *a, struct json_node *object, str path, struct json_node *value, bool overwrite);
/* Behind the last item (NULL: it is the first); the value. */
struct json_node *transform_append(struct json_node *list, struct json_node *last, struct json_node *value);
/* The text that a parser works on: the event, or a field. Absent: there is no such text. */
str transform_source(const struct transform_event *e, str path);
/* The object that fields go into: the root, or one that is made. */
struct json_node *transform_destination(struct transform_event *e, str path);
/* As JSON; at most so many fields. */
void transform_write(struct buf *b, const struct json_node *n, u32 *fields_left);
bool transform_is_number(struct arena *a, str text); /* as JSON writes numbers */

/* ---- transform_date.c ---- */
/* A time of access logs, "03/Aug/2023:12:34:56 +0000", as ISO 8601; what is none stays. */
str transform_http_date(struct arena *a, str text);

typedef bool transform_run(const struct transform_step *step, struct transform_event *e);
typedef bool transform_check(struct transform_compiler *c, struct transform_step *step);
/* ---- transform_parse.c, transform_vended.c ---- */
transform_run transform_parse_json, transform_grok, transform_parse_csv, transform_parse_key_value;
transform_run transform_parse_waf, transform_parse_postgres, transform_parse_cloudfront, transform_parse_route53, transform_parse_vpc;
transform_check transform_check_json, transform_check_grok, transform_check_csv, transform_check_key_value, transform_check_postgres;

/* ---- transform_keys.c, transform_strings.c, transform_types.c, transform_date.c ---- */
transform_run transform_add_keys, transform_delete_keys, transform_move_keys, transform_rename_keys, transform_copy_value, transform_list_to_map;
transform_check transform_check_add_keys, transform_check_delete_keys, transform_check_move_keys, transform_check_rename_keys, transform_check_copy_value, transform_check_list_to_map;
transform_run transform_lower_case, transform_upper_case, transform_trim, transform_split, transform_substitute;
transform_check transform_check_lower_case, transform_check_upper_case, transform_check_trim, transform_check_split, transform_check_substitute;
transform_run transform_convert_type, transform_convert_date;
transform_check transform_check_type, transform_check_date;

#endif
