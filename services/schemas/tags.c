/* Tags of registries, schemas and discoverers. */
#include "schemas.h"

static const struct tag_errors tag_errors = {.too_many = &schemas_bad_request_exception, .invalid = &schemas_bad_request_exception};

err schemas_tags_add(struct call *c, str arn, const struct schemas_tags *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &tag_errors) : NULL;
}

struct schemas_tags schemas_tags_shown(struct call *c, str arn) {
    struct record_pairs tags = tags_of(c, arn);
    struct schemas_tags map = {.v = NEW_ARRAY(c->arena, struct schemas_tags_entry, tags.n + 1), .set = true};
    for (u32 i = 0; i < tags.n; i++) map.v[map.n++] = (struct schemas_tags_entry){.key = tags.v[i].key, .value = tags.v[i].value};
    return map;
}

static err tagged(struct call *c, str text) {
    struct resource r;
    struct arn arn;
    bool own = arn_parse(text, &arn) && str_eq(arn.service, S("schemas")) && str_eq(arn.account, c->account) && str_eq(arn.region, c->region);
    if (own && registry_get(c, text, &r)) return NULL;
    return refuse(c, &schemas_not_found_exception, "Resource %.*s does not exist.", STR_ARGS(text));
}

err schemas_tag_resource(struct call *c, const struct schemas_tag_resource_request *in, struct wire_unit *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    return schemas_tags_add(c, in->resource_arn, &in->tags);
}

err schemas_untag_resource(struct call *c, const struct schemas_untag_resource_request *in, struct wire_unit *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err schemas_list_tags_for_resource(struct call *c, const struct schemas_list_tags_for_resource_request *in, struct schemas_list_tags_for_resource_response *out) {
    TRY(tagged(c, in->resource_arn));
    out->tags = schemas_tags_shown(c, in->resource_arn);
    return NULL;
}
