/* Tags, of trails, event data stores and channels: a call names either. */
#include "lake.h"

err ct_tags_set(struct call *c, str arn, const struct cloudtrail_tags_list *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = true};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value.p ? tags->v[i].value : S("")};
    struct tag_errors errors = {.too_many = &cloudtrail_tags_limit_exceeded_exception, .invalid = &cloudtrail_invalid_tag_parameter_exception};
    err e = tags_set(c, arn, &pairs, &errors);
    return e ? fail(c, e, "The tags are too many, or one of them is not valid.") : NULL;
}

/* The ARN of what is tagged: a trail's name will do, a store is named by its ARN. */
static err open_tagged(struct call *c, str name, bool to_change, str *arn) {
    struct ct_trail trail;
    struct ct_store store;
    struct arn parsed;
    if (arn_parse(name, &parsed) && str_starts(parsed.resource, S("eventdatastore/"))) {
        TRY(to_change ? ct_store_open_active(c, name, &store) : ct_store_open(c, name, &store));
        *arn = store.arn;
        return NULL;
    }
    if (arn_parse(name, &parsed) && str_starts(parsed.resource, S("channel/"))) {
        struct ct_channel channel;
        TRY(ct_channel_open(c, name, &channel));
        *arn = channel.arn;
        return NULL;
    }
    TRY(to_change ? ct_trail_open_to_change(c, name, &trail) : ct_trail_open(c, name, &trail));
    *arn = trail.arn;
    return NULL;
}

err cloudtrail_add_tags(struct call *c, const struct cloudtrail_add_tags_request *in, struct cloudtrail_add_tags_response *out) {
    (void)out;
    str arn;
    TRY(open_tagged(c, in->resource_id, true, &arn));
    return ct_tags_set(c, arn, &in->tags_list);
}

err cloudtrail_remove_tags(struct call *c, const struct cloudtrail_remove_tags_request *in, struct cloudtrail_remove_tags_response *out) {
    (void)out;
    str arn;
    TRY(open_tagged(c, in->resource_id, true, &arn));
    for (u32 i = 0; i < in->tags_list.n; i++) tags_remove(c, arn, &in->tags_list.v[i].key, 1);
    return NULL;
}

err cloudtrail_list_tags(struct call *c, const struct cloudtrail_list_tags_request *in, struct cloudtrail_list_tags_response *out) {
    out->resource_tag_list.v = NEW_ARRAY(c->arena, struct cloudtrail_resource_tag, in->resource_id_list.n + 1);
    out->resource_tag_list.set = true;
    for (u32 i = 0; i < in->resource_id_list.n; i++) {
        str arn;
        TRY(open_tagged(c, in->resource_id_list.v[i], false, &arn));
        struct record_pairs tags = tags_of(c, arn);
        struct cloudtrail_resource_tag *entry = &out->resource_tag_list.v[out->resource_tag_list.n++];
        *entry = (struct cloudtrail_resource_tag){.resource_id = arn};
        entry->tags_list.v = NEW_ARRAY(c->arena, struct cloudtrail_tag, tags.n + 1);
        entry->tags_list.set = true;
        for (u32 j = 0; j < tags.n; j++)
            entry->tags_list.v[entry->tags_list.n++] = (struct cloudtrail_tag){.key = arena_str(c->arena, tags.v[j].key), .value = arena_str(c->arena, tags.v[j].value)};
    }
    return NULL;
}
