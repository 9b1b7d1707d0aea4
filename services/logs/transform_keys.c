/* The processors that move fields about. */
#include "transform_parts.h"

/* ---- addKeys ---- */

enum { ADDED_MAX = 256 /* bytes of a value */ };

bool transform_check_add_keys(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_add_keys *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++) {
        if (!transform_path_check(c, in->entries.v[i].key)) return false;
        if (in->entries.v[i].value.n > ADDED_MAX) return transform_refuse(c, "A value of addKeys has at most %d characters.", ADDED_MAX);
    }
    return true;
}

bool transform_add_keys(const struct transform_step *step, struct transform_event *e) {
    const struct logs_add_keys *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++) {
        const struct logs_add_key_entry *one = &in->entries.v[i];
        transform_put(e->arena, e->root, one->key, transform_new(e->arena, JSON_STRING, one->value), one->overwrite_if_exists.v);
    }
    return true;
}

/* ---- deleteKeys ---- */

bool transform_check_delete_keys(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_delete_keys *in = step->config;
    for (u32 i = 0; i < in->with_keys.n; i++)
        if (!transform_path_check(c, in->with_keys.v[i])) return false;
    return true;
}

bool transform_delete_keys(const struct transform_step *step, struct transform_event *e) {
    const struct logs_delete_keys *in = step->config;
    for (u32 i = 0; i < in->with_keys.n; i++) (void)transform_take(e->root, in->with_keys.v[i]);
    return true;
}

/* ---- moveKeys, renameKeys ---- */

bool transform_check_move_keys(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_move_keys *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++)
        if (!transform_path_check(c, in->entries.v[i].source) || !transform_path_check(c, in->entries.v[i].target)) return false;
    return true;
}

/* A field stays where it is if its new place is taken. */
static void move(struct transform_event *e, str from, str to, bool overwrite) {
    if (str_eq(from, to) || (transform_at(e->root, to) && !overwrite)) return;
    struct json_node *value = transform_take(e->root, from);
    if (value) transform_put(e->arena, e->root, to, value, true);
}

/* Into an object that is there the field goes under its own name. */
bool transform_move_keys(const struct transform_step *step, struct transform_event *e) {
    const struct logs_move_keys *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++) {
        const struct logs_move_key_entry *one = &in->entries.v[i];
        const struct json_node *target = transform_at(e->root, one->target);
        size_t dot = str_rfind_char(one->source, '.');
        str name = dot == STR_NONE ? one->source : str_skip(one->source, dot + 1), to = one->target;
        if (target && target->type == JSON_OBJECT) to = arena_format(e->arena, "%.*s.%.*s", STR_ARGS(to), STR_ARGS(name));
        move(e, one->source, to, one->overwrite_if_exists.v);
    }
    return true;
}

bool transform_check_rename_keys(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_rename_keys *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++)
        if (!transform_path_check(c, in->entries.v[i].key) || !transform_path_check(c, in->entries.v[i].rename_to)) return false;
    return true;
}

bool transform_rename_keys(const struct transform_step *step, struct transform_event *e) {
    const struct logs_rename_keys *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++) move(e, in->entries.v[i].key, in->entries.v[i].rename_to, in->entries.v[i].overwrite_if_exists.v);
    return true;
}

/* ---- copyValue ---- */

bool transform_check_copy_value(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_copy_value *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++)
        if (!transform_path_check(c, in->entries.v[i].source) || !transform_path_check(c, in->entries.v[i].target)) return false;
    return true;
}

static struct json_node *value_of(struct transform_event *e, str source) {
    const struct {
        str key, value;
    } known[] = {
        {S("@logGroupName"), e->origin->group}, {S("@logGroupStream"), e->origin->stream}, {S("@accountId"), e->origin->account}, {S("@regionName"), e->origin->region},
    };
    for (size_t i = 0; i < LENGTH(known); i++)
        if (str_eq(source, known[i].key)) return known[i].value.p ? transform_new(e->arena, JSON_STRING, known[i].value) : NULL;
    const struct json_node *n = transform_at(e->root, source);
    return n ? transform_copy(e->arena, n) : NULL;
}

bool transform_copy_value(const struct transform_step *step, struct transform_event *e) {
    const struct logs_copy_value *in = step->config;
    for (u32 i = 0; i < in->entries.n; i++) {
        struct json_node *value = value_of(e, in->entries.v[i].source);
        if (value) transform_put(e->arena, e->root, in->entries.v[i].target, value, in->entries.v[i].overwrite_if_exists.v);
    }
    return true;
}

/* ---- listToMap ---- */

bool transform_check_list_to_map(struct transform_compiler *c, struct transform_step *step) {
    const struct logs_list_to_map *in = step->config;
    if (in->flatten.v && !in->flattened_element.p) return transform_refuse(c, "listToMap needs flattenedElement where flatten is true.");
    return transform_path_check(c, in->source) && transform_path_check(c, in->key) && (!in->value_key.p || transform_path_check(c, in->value_key)) &&
           (!in->target.p || transform_path_check(c, in->target));
}

struct bucket { /* of the map: what has that key, in order */
    str name;
    struct json_node *values, *last;
};

static struct bucket *bucket_of(struct transform_event *e, struct bucket *buckets, u32 *n, str name) {
    for (u32 i = 0; i < *n; i++)
        if (str_eq(buckets[i].name, name)) return &buckets[i];
    if (*n == TRANSFORM_FIELDS_MAX) return NULL;
    buckets[*n] = (struct bucket){name, transform_new(e->arena, JSON_ARRAY, (str){0}), NULL};
    return &buckets[(*n)++];
}

static bool wants(const struct logs_list_to_map *in, const struct bucket *b) { return !in->flatten.v || !b->last || str_eq(in->flattened_element, S("last")); }

bool transform_list_to_map(const struct transform_step *step, struct transform_event *e) {
    const struct logs_list_to_map *in = step->config;
    struct json_node *list = transform_at(e->root, in->source);
    struct bucket *buckets = NEW_ARRAY(e->arena, struct bucket, TRANSFORM_FIELDS_MAX);
    u32 n = 0;
    if (!list) return true;
    if (list->type != JSON_ARRAY) return transform_fail(e, "listToMap: %.*s is no list.", STR_ARGS(in->source));
    for (struct json_node *i = list->first; i; i = i->next) {
        const struct json_node *name = transform_at(i, in->key), *value = in->value_key.p ? transform_at(i, in->value_key) : i;
        struct bucket *b = name && value && (name->type == JSON_STRING || name->type == JSON_NUMBER) ? bucket_of(e, buckets, &n, name->text) : NULL;
        if (b && wants(in, b)) b->last = transform_append(b->values, b->last, transform_copy(e->arena, value));
    }
    struct json_node *into = transform_destination(e, in->target);
    for (u32 i = 0; i < n; i++) transform_put_member(into, buckets[i].name, in->flatten.v ? buckets[i].last : buckets[i].values, true);
    return true;
}
