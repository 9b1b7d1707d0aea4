/* JSON as a tree in memory, for text whose form is the user's own: events, messages, patterns. What has a
 * known form is read with the pull reader of json.h. */
#ifndef BRUME_TREE_H
#define BRUME_TREE_H

#include "text/json.h"

struct json_node {
    u8 type; /* enum json_type; never JSON_BROKEN */
    bool boolean;
    str key;  /* of an object's member */
    str text; /* a string's characters; a number's digits */
    double number;
    u32 at, end; /* bytes of the input */
    u32 count;   /* of members or items */
    struct json_node *first, *next;
};

/* NULL if it is no JSON; *problem, which may be NULL, then tells why and *offset where. Strings are views of
 * the input or copies in the arena. Of members that repeat a key, all are there. */
struct json_node *json_tree(struct arena *a, str text, struct json_limits limits, const char **problem, size_t *offset);
/* The last member of that key, as most readers take it; NULL if there is none or this is no object. */
struct json_node *json_node_member(const struct json_node *object, str key);
/* As it stands in the input that the tree was made from. */
static inline str json_node_raw(const struct json_node *n, str input) { return str_take(str_skip(input, n->at), n->end - n->at); }

#endif
