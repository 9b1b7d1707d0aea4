/* Tags set and removed on up to twenty resources of any services, each by itself: what fails for one of them is told
 * in the answer, and the others have their tags. */
#include "tagging.h"

static err read_arn(struct call *c, str text, struct tagged *resource) {
    resource->text = text;
    if (arn_parse(text, &resource->arn) && resource->arn.service.n && resource->arn.resource.n && str_eq(resource->arn.partition, S("aws"))) return NULL;
    return fail(c, &resourcegroupstaggingapi_invalid_parameter_exception, "%.*s is not a valid AmazonResourceName (ARN)", STR_ARGS(text));
}

static bool is_or_absent(str have, str want) { return !have.n || str_eq(have, want); }

/* Only resources of the account, in this region: the registry knows where those are whose ARN does not say it.
 * DIFFERS: how AWS refuses others is not recorded. */
static err at_home(struct call *c, const struct tagged *resource) {
    struct resource r = {.account = resource->arn.account, .region = resource->arn.region};
    (void)registry_get(c, resource->text, &r);
    if (is_or_absent(r.account, c->account) && is_or_absent(r.region, c->region)) return NULL;
    return fail(c, &resourcegroupstaggingapi_invalid_parameter_exception, "The resource %.*s is not in the account %.*s and the region %.*s.",
                STR_ARGS(resource->text), STR_ARGS(c->account), STR_ARGS(c->region));
}

static void note_failure(struct call *c, struct resourcegroupstaggingapi_failed_resources_map *failed, str arn, err e) {
    bool ours = e->status >= 500;
    failed->v[failed->n++] = (struct resourcegroupstaggingapi_failed_resources_map_entry){
        .key = arn,
        .value = {.status_code = SOME_I32(e->status),
                  .error_code = ours ? S("InternalServiceException") : str_of(e->code),
                  .error_message = c->error_message}};
}

/* One change of one resource: tags to set, or keys to remove. */
struct change {
    struct record_pairs tags;
    str *keys;
    u32 keys_n;
};

static err change_one(struct call *c, const struct tagged *resource, const struct change *change) {
    TRY(at_home(c, resource));
    return change->keys ? tagged_untag(c, resource, change->keys, change->keys_n) : tagged_tag(c, resource, &change->tags);
}

static err change_all(struct call *c, const struct resourcegroupstaggingapi_resource_arn_list_for_tag_untag *arns, const struct change *change,
                      struct resourcegroupstaggingapi_failed_resources_map *failed) {
    struct tagged *resources = NEW_ARRAY(c->arena, struct tagged, arns->n + 1);
    for (u32 i = 0; i < arns->n; i++) TRY(read_arn(c, arns->v[i], &resources[i]));
    *failed = (struct resourcegroupstaggingapi_failed_resources_map){
        .v = NEW_ARRAY(c->arena, struct resourcegroupstaggingapi_failed_resources_map_entry, arns->n + 1), .set = true};
    for (u32 i = 0; i < arns->n; i++) {
        err e = change_one(c, &resources[i], change);
        if (e) note_failure(c, failed, arns->v[i], e);
    }
    return NULL;
}

err resourcegroupstaggingapi_tag_resources(struct call *c, const struct resourcegroupstaggingapi_tag_resources_input *in,
                                           struct resourcegroupstaggingapi_tag_resources_output *out) {
    struct change change = {.tags = {.v = NEW_ARRAY(c->arena, struct record_pair, in->tags.n + 1), .n = in->tags.n, .set = true}};
    for (u32 i = 0; i < in->tags.n; i++) change.tags.v[i] = (struct record_pair){in->tags.v[i].key, in->tags.v[i].value};
    return change_all(c, &in->resource_arn_list, &change, &out->failed_resources_map);
}

err resourcegroupstaggingapi_untag_resources(struct call *c, const struct resourcegroupstaggingapi_untag_resources_input *in,
                                             struct resourcegroupstaggingapi_untag_resources_output *out) {
    struct change change = {.keys = in->tag_keys.v, .keys_n = in->tag_keys.n};
    return change_all(c, &in->resource_arn_list, &change, &out->failed_resources_map);
}
