/* Tags of buses and rules. */
#include "events.h"

static const struct tag_errors tag_errors = {.too_many = &events_limit_exceeded_exception, .invalid = &cloud_validation};

static err tagged(struct call *c, str text) {
    struct arn arn;
    struct bus bus;
    struct rule rule;
    if (!arn_parse(text, &arn)) return fail(c, &cloud_validation, "Provided Arn is not in correct format.");
    if (str_starts(arn.resource, S("event-bus/"))) return bus_open(c, text, &bus);
    str rest = arn.resource, kind = str_cut(&rest, '/');
    if (!str_eq(kind, S("rule")) || !rest.p) return fail(c, &cloud_validation, "Provided Arn is not in correct format.");
    size_t slash = str_rfind_char(rest, '/');
    str name = slash == STR_NONE ? rest : str_skip(rest, slash + 1);
    TRY(bus_open(c, slash == STR_NONE ? S("default") : str_take(rest, slash), &bus));
    return rule_open(c, &bus, name, &rule);
}

err event_tags_add(struct call *c, str arn, const struct events_tag_list *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &tag_errors) : NULL;
}

err events_tag_resource(struct call *c, const struct events_tag_resource_request *in, struct events_tag_resource_response *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    return event_tags_add(c, in->resource_arn, &in->tags);
}

err events_untag_resource(struct call *c, const struct events_untag_resource_request *in, struct events_untag_resource_response *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err events_list_tags_for_resource(struct call *c, const struct events_list_tags_for_resource_request *in, struct events_list_tags_for_resource_response *out) {
    TRY(tagged(c, in->resource_arn));
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags.v = NEW_ARRAY(c->arena, struct events_tag, tags.n + 1);
    out->tags.set = true;
    for (u32 i = 0; i < tags.n; i++) out->tags.v[out->tags.n++] = (struct events_tag){.key = tags.v[i].key, .value = tags.v[i].value};
    return NULL;
}
