#include "transformer.h"

#include "changes.h"
#include "cloud/operation.h"
#include "field_index.h"
#include "mask.h"
#include "text/tree.h"
#include "transform.h"

static const char type[] = "TRANSFORMER";

/* ---- lists of processors as JSON, and back ---- */

static bool read_list(struct arena *a, str document, struct logs_processors *list, str *problem) {
    struct logs_put_transformer_request *in = NEW(a, struct logs_put_transformer_request);
    *in = (struct logs_put_transformer_request){0};
    str json = arena_format(a, "{\"logGroupIdentifier\":\"g\",\"transformerConfig\":%.*s}", STR_ARGS(document));
    if (!operation_input_read(a, &logs_service, LOGS_OP_PUT_TRANSFORMER, json, in, problem)) return false;
    *list = in->transformer_config;
    return true;
}

static str write_list(struct call *c, const struct logs_processors *list) {
    struct logs_get_transformer_response out = {.transformer_config = *list};
    str json = operation_output_write(c->arena, &logs_service, LOGS_OP_GET_TRANSFORMER, &out);
    const struct json_node *tree = json_tree(c->arena, json, json_default_limits, NULL, NULL);
    ASSERT(tree);
    return json_node_raw(json_node_member(tree, S("transformerConfig")), json);
}

static err check_list(struct call *c, const struct logs_processors *list) {
    str problem;
    return log_transform_compile(c->arena, list, &problem) ? NULL : fail(c, &logs_invalid_parameter_exception, "%.*s", STR_ARGS(problem));
}

/* ---- what stood when: a row for each change ---- */

struct change {
    str document; /* none: from here on there is no transformer */
    str name;     /* of the account's policy, in rows of old */
    struct record_pairs prefixes;
};
static const struct record_field change_fields[] = {
    RECORD_STR(1, struct change, document), RECORD_STR(2, struct change, name), RECORD_LIST(3, struct change, prefixes, record_pair_type),
};
static const struct record_type change_record = RECORD_TYPE(struct change, change_fields);

static struct log_changes changes_of(const struct log_group *group, str account, str region) {
    return (struct log_changes){"logs-transformer", "transformer", group, account, region};
}

static void add_change(struct call *c, const struct log_group *group, str name, const struct change *change) {
    struct log_changes of = changes_of(group, c->account, c->region);
    log_change_add(c, &of, name, record_encode(c->arena, &change_record, change));
}

void log_transformers_prune(struct txn *t, struct arena *a, const struct log_group *group) {
    struct log_changes of = changes_of(group, group->account, group->region);
    log_changes_prune(t, a, &of);
}

void log_transformers_forget(struct txn *t, struct arena *a, u64 group, int *left) { log_changes_forget(t, a, "logs-transformer", group, left); }

struct era {
    struct era *older;
    u64 from; /* puts behind this one */
    struct change change;
    struct log_transform *transform; /* once compiled */
    str problem;
};
struct log_transforms {
    struct arena *arena;
    const struct log_group *group;
    struct era *own, *account, *last;
    u64 last_put; /* whose era `last` is */
};

static struct era *read_eras(struct txn *t, struct arena *a, const struct log_changes *of) {
    struct era *newest = NULL, **end = &newest;
    for (const struct log_change *i = log_changes_read(t, a, of); i; i = i->older) {
        struct era *e = NEW(a, struct era);
        *e = (struct era){.from = i->from};
        ASSERT(record_decode(a, &change_record, i->body, &e->change));
        if (i->subject.p) e->change.name = i->subject;
        *end = e;
        end = &e->older;
    }
    return newest;
}

struct log_transforms *log_transforms_of(struct txn *t, struct arena *a, const struct log_group *group) {
    if (group->class_name.p) return NULL;
    struct log_changes of_group = changes_of(group, group->account, group->region), of_account = changes_of(NULL, group->account, group->region);
    struct era *own = read_eras(t, a, &of_group), *account = read_eras(t, a, &of_account);
    if (!own && !account) return NULL;
    struct log_transforms *all = NEW(a, struct log_transforms);
    *all = (struct log_transforms){.arena = a, .group = group, .own = own, .account = account};
    return all;
}

u64 log_transforms_changed(struct txn *t, struct arena *a, const struct log_group *group) {
    struct log_changes of_group = changes_of(group, group->account, group->region), of_account = changes_of(NULL, group->account, group->region);
    return MAX(log_changes_newest(t, a, &of_group), log_changes_newest(t, a, &of_account));
}

static bool is_for(const struct change *p, const struct log_group *group) {
    bool here = !p->prefixes.n;
    for (u32 i = 0; i < p->prefixes.n; i++) here |= str_starts(group->name, p->prefixes.v[i].key);
    return here;
}

/* The newest change of each of the account's policies before the put counts. */
static struct era *standing(const struct log_transforms *t, u64 put) {
    struct era *e = t->own, *first = t->account;
    while (e && e->from >= put) e = e->older;
    if (e && e->change.document.n) return e;
    while (first && first->from >= put) first = first->older;
    for (e = first; e; e = e->older) {
        const struct era *newer = first;
        while (newer != e && !str_eq(newer->change.name, e->change.name)) newer = newer->older;
        if (newer == e && e->change.document.n && is_for(&e->change, t->group)) return e;
    }
    return NULL;
}

struct log_transformed log_transform(struct log_transforms *t, struct arena *a, str stream, u64 put, str message) {
    struct log_transformed result = {0};
    if (!t) return result;
    if (t->last_put != put) t->last = standing(t, put);
    t->last_put = put;
    struct era *e = t->last;
    if (!e) return result;
    if (!e->transform && !e->problem.p) {
        struct logs_processors list;
        if (read_list(t->arena, e->change.document, &list, &e->problem)) e->transform = log_transform_compile(t->arena, &list, &e->problem);
    }
    struct log_origin origin = {.account = t->group->account, .region = t->group->region, .group = t->group->name, .stream = stream};
    if (!e->transform) result.error = e->problem;
    else if (!log_transform_event(e->transform, a, &origin, message, &result.message)) result = (struct log_transformed){.error = result.message};
    return result;
}

/* ---- of a group ---- */

err logs_put_transformer(struct call *c, const struct logs_put_transformer_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    struct log_policy p = {0};
    TRY(log_group_identify(c, (str){0}, in->log_group_identifier, &group));
    if (group.class_name.p) return fail(c, &logs_invalid_parameter_exception, "Only log groups of class STANDARD can have a transformer.");
    TRY(check_list(c, &in->transformer_config));
    if (!log_group_policy_load(c->txn, c->arena, &group, str_of(type), &p)) p.created_ms = c->now_ms;
    p.updated_ms = c->now_ms;
    p.document = write_list(c, &in->transformer_config);
    log_group_policy_save(c, &group, str_of(type), &p);
    add_change(c, &group, (str){0}, &(struct change){.document = p.document});
    return NULL;
}

static err open_transformer(struct call *c, str identifier, struct log_group *group, struct log_policy *p) {
    TRY(log_group_identify(c, (str){0}, identifier, group));
    if (log_group_policy_load(c->txn, c->arena, group, str_of(type), p)) return NULL;
    return fail(c, &logs_resource_not_found_exception, "The log group has no transformer.");
}

err logs_get_transformer(struct call *c, const struct logs_get_transformer_request *in, struct logs_get_transformer_response *out) {
    struct log_group group;
    struct log_policy p;
    str problem;
    TRY(open_transformer(c, in->log_group_identifier, &group, &p));
    out->log_group_identifier = in->log_group_identifier;
    out->creation_time = SOME_I64(p.created_ms);
    out->last_modified_time = SOME_I64(p.updated_ms);
    return read_list(c->arena, p.document, &out->transformer_config, &problem) ? NULL : fail(c, &cloud_internal_failure, "%.*s", STR_ARGS(problem));
}

err logs_delete_transformer(struct call *c, const struct logs_delete_transformer_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    struct log_policy p;
    TRY(open_transformer(c, in->log_group_identifier, &group, &p));
    log_group_policy_delete(c, &group, str_of(type));
    add_change(c, &group, (str){0}, &(struct change){0});
    return NULL;
}

/* An event that could not be transformed has no transformedEventMessage. */
err logs_test_transformer(struct call *c, const struct logs_test_transformer_request *in, struct logs_test_transformer_response *out) {
    str problem, message;
    struct log_transform *t = log_transform_compile(c->arena, &in->transformer_config, &problem);
    if (!t) return fail(c, &logs_invalid_parameter_exception, "%.*s", STR_ARGS(problem));
    struct log_origin origin = {.account = c->account, .region = c->region};
    out->transformed_logs = (struct logs_transformed_logs){NEW_ARRAY(c->arena, struct logs_transformed_log_record, in->log_event_messages.n), in->log_event_messages.n, true};
    for (u32 i = 0; i < in->log_event_messages.n; i++) {
        bool done = log_transform_event(t, c->arena, &origin, in->log_event_messages.v[i], &message);
        out->transformed_logs.v[i] = (struct logs_transformed_log_record){.event_number = SOME_I64((i64)i + 1), .event_message = in->log_event_messages.v[i],
                                                                          .transformed_event_message = done ? message : (str){0}};
    }
    return NULL;
}

/* ---- of the account ---- */

err log_transformer_policy_read(struct call *c, str document, str selection, struct log_policy *p) {
    struct logs_processors list;
    str problem = S("it is no JSON array.");
    const struct json_node *tree = json_tree(c->arena, document, json_default_limits, NULL, NULL);
    if (!tree || tree->type != JSON_ARRAY || !read_list(c->arena, document, &list, &problem))
        return fail(c, &logs_invalid_parameter_exception, "The transformer policy is not valid: %.*s", STR_ARGS(problem));
    TRY(check_list(c, &list));
    return log_policy_selection_read(c, selection, p);
}

void log_transformer_policy_set(struct call *c, str name, const struct log_policy *p) {
    struct change change = {0};
    if (p) change = (struct change){.document = p->document, .prefixes = p->prefixes};
    add_change(c, NULL, name, &change);
}
