/* Tags of tables, and what the service says of itself. */
#include "services/dynamodb/dynamodb.h"

static err open_resource(struct call *c, str arn) {
    struct ddb_table t;
    struct arn parts;
    bool ours = arn_parse(arn, &parts) && str_eq(parts.service, S("dynamodb")) && str_eq(parts.account, c->account);
    if (!ours) return deny(c, arena_concat(c->arena, S("dynamodb:"), wire_text(c->service->wire, c->op->name)), arn);
    if (!str_starts(parts.resource, S("table/")) || str_find_char(str_skip(parts.resource, 6), '/') != STR_NONE)
        return fail(c, &cloud_validation, "Invalid TableArn: Invalid ResourceArn provided as input %.*s", STR_ARGS(arn));
    if (!ddb_table_load(c->txn, c->arena, parts.account, parts.region, str_skip(parts.resource, 6), &t))
        return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: ResourcArn: %.*s not found", STR_ARGS(arn));
    return NULL;
}

err dynamodb_tag_resource(struct call *c, const struct dynamodb_tag_resource_input *in, struct wire_unit *out) {
    (void)out;
    TRY(open_resource(c, in->resource_arn));
    if (!in->tags.n) return fail(c, &cloud_validation, "Atleast one Tag needs to be provided as Input.");
    return ddb_tags_set(c, in->resource_arn, &in->tags);
}

err dynamodb_untag_resource(struct call *c, const struct dynamodb_untag_resource_input *in, struct wire_unit *out) {
    (void)out;
    TRY(open_resource(c, in->resource_arn));
    if (!in->tag_keys.n) return fail(c, &cloud_validation, "Atleast one Tag Key needs to be provided as Input.");
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err dynamodb_list_tags_of_resource(struct call *c, const struct dynamodb_list_tags_of_resource_input *in,
                                   struct dynamodb_list_tags_of_resource_output *out) {
    TRY(open_resource(c, in->resource_arn));
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags.v = NEW_ARRAY(c->arena, struct dynamodb_tag, tags.n);
    out->tags.set = true;
    for (u32 i = 0; i < tags.n; i++) out->tags.v[out->tags.n++] = (struct dynamodb_tag){arena_str(c->arena, tags.v[i].key), arena_str(c->arena, tags.v[i].value)};
    return NULL;
}

err dynamodb_describe_limits(struct call *c, const struct dynamodb_describe_limits_input *in, struct dynamodb_describe_limits_output *out) {
    (void)in;
    out->account_max_read_capacity_units = SOME_I64(quota(c, S("L-34F6A552"), 80000));
    out->account_max_write_capacity_units = SOME_I64(quota(c, S("L-34F8CCC8"), 80000));
    out->table_max_read_capacity_units = SOME_I64(quota(c, S("L-CF0CBE56"), 40000));
    out->table_max_write_capacity_units = SOME_I64(quota(c, S("L-AB614373"), 40000));
    return NULL;
}

err dynamodb_describe_endpoints(struct call *c, const struct dynamodb_describe_endpoints_request *in,
                                struct dynamodb_describe_endpoints_response *out) {
    (void)in;
    str address = c->base_url;
    size_t at = str_find(address, S("://"));
    if (at != STR_NONE) address = str_skip(address, at + 3);
    out->endpoints.v = NEW(c->arena, struct dynamodb_endpoint);
    out->endpoints.v[0] = (struct dynamodb_endpoint){address, SOME_I64(1440)};
    out->endpoints.n = 1;
    out->endpoints.set = true;
    return NULL;
}
