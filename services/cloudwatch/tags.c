/* Tags of alarms and dashboards. */
#include "cloudwatch.h"

static const struct tag_errors tag_errors = {.too_many = &cloud_validation, .invalid = &cloud_validation};

err tag(struct call *c, str arn, const struct cloudwatch_tag_list *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &tag_errors) : NULL;
}

/* What other services keep has its tags there, under other rights. */
static bool is_own(struct call *c, str text) {
    struct arn arn;
    return arn_parse(text, &arn) && str_eq(arn.service, S("cloudwatch")) && str_eq(arn.account, c->account) && (!arn.region.n || str_eq(arn.region, c->region));
}

static err tagged(struct call *c, str text) {
    struct resource r;
    return is_own(c, text) && registry_get(c, text, &r) ? NULL : fail(c, &cloudwatch_resource_not_found_exception, "Unable to find resource %.*s", STR_ARGS(text));
}

err cloudwatch_tag_resource(struct call *c, const struct cloudwatch_tag_resource_input *in, struct cloudwatch_tag_resource_output *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    return tag(c, in->resource_arn, &in->tags);
}

err cloudwatch_untag_resource(struct call *c, const struct cloudwatch_untag_resource_input *in, struct cloudwatch_untag_resource_output *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

/* Of one that is gone, or another service's: nothing. */
err cloudwatch_list_tags_for_resource(struct call *c, const struct cloudwatch_list_tags_for_resource_input *in, struct cloudwatch_list_tags_for_resource_output *out) {
    struct record_pairs tags = is_own(c, in->resource_arn) ? tags_of(c, in->resource_arn) : (struct record_pairs){0};
    out->tags = (struct cloudwatch_tag_list){NEW_ARRAY(c->arena, struct cloudwatch_tag, tags.n + 1), tags.n, true};
    for (u32 i = 0; i < tags.n; i++) out->tags.v[i] = (struct cloudwatch_tag){tags.v[i].key, tags.v[i].value};
    return NULL;
}
