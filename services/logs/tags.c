/* Tags of log groups and destinations, by ARN and, older, by the name of the group. */
#include "logs.h"

static const struct tag_errors by_arn = {.too_many = &logs_too_many_tags_exception, .invalid = &logs_invalid_parameter_exception};
static const struct tag_errors by_name = {.too_many = &logs_invalid_parameter_exception, .invalid = &logs_invalid_parameter_exception};

err log_tags_add(struct call *c, str arn, const struct logs_tags *tags, bool older) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    err e = tags->n ? tags_set(c, arn, &pairs, older ? &by_name : &by_arn) : NULL;
    if (e == &logs_too_many_tags_exception) return fail(c, e, "The resource has too many tags: at most 50 are allowed.");
    return e ? fail(c, e, "A tag is not valid: at most 50, none begins with aws:, keys of up to 128 and values of up to 256 characters.") : NULL;
}

static struct logs_tags shown(struct call *c, str arn) {
    struct record_pairs tags = tags_of(c, arn);
    struct logs_tags s = {NEW_ARRAY(c->arena, struct logs_tags_entry, tags.n + 1), tags.n, true};
    for (u32 i = 0; i < tags.n; i++) s.v[i] = (struct logs_tags_entry){tags.v[i].key, tags.v[i].value};
    return s;
}

/* ---- by ARN ---- */

static err resource(struct call *c, str text, str *arn) {
    struct arn parts;
    struct resource r;
    if (!arn_parse(text, &parts) || !str_eq(parts.service, S("logs")) || !str_eq(parts.account, c->account) || !str_eq(parts.region, c->region))
        return fail(c, &logs_invalid_parameter_exception, "The specified resource ARN is not valid.");
    *arn = str_ends(text, S(":*")) ? str_take(text, text.n - 2) : text;
    return registry_get(c, *arn, &r) ? NULL : fail(c, &logs_resource_not_found_exception, "The specified resource does not exist.");
}

err logs_tag_resource(struct call *c, const struct logs_tag_resource_request *in, struct wire_unit *out) {
    (void)out;
    str arn;
    TRY(resource(c, in->resource_arn, &arn));
    return log_tags_add(c, arn, &in->tags, false);
}

err logs_untag_resource(struct call *c, const struct logs_untag_resource_request *in, struct wire_unit *out) {
    (void)out;
    str arn;
    TRY(resource(c, in->resource_arn, &arn));
    tags_remove(c, arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err logs_list_tags_for_resource(struct call *c, const struct logs_list_tags_for_resource_request *in, struct logs_list_tags_for_resource_response *out) {
    str arn;
    TRY(resource(c, in->resource_arn, &arn));
    out->tags = shown(c, arn);
    return NULL;
}

/* ---- by the group's name ---- */

err logs_tag_log_group(struct call *c, const struct logs_tag_log_group_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    return log_tags_add(c, log_group_arn(c->arena, &group), &in->tags, true);
}

err logs_untag_log_group(struct call *c, const struct logs_untag_log_group_request *in, struct wire_unit *out) {
    (void)out;
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    tags_remove(c, log_group_arn(c->arena, &group), in->tags.v, in->tags.n);
    return NULL;
}

err logs_list_tags_log_group(struct call *c, const struct logs_list_tags_log_group_request *in, struct logs_list_tags_log_group_response *out) {
    struct log_group group;
    TRY(log_group_open(c, in->log_group_name, &group));
    out->tags = shown(c, log_group_arn(c->arena, &group));
    return NULL;
}
