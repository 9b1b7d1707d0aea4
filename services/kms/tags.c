/* Tags of keys, with KMS's own words. */
#include "kms.h"

err kms_tags_apply(struct call *c, const struct kms_key *k, const struct kms_tag_list *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = true};
    for (u32 i = 0; i < tags->n; i++) {
        pairs.v[i] = (struct record_pair){tags->v[i].tag_key, tags->v[i].tag_value};
        if (str_eq_nocase(str_take(pairs.v[i].key, 4), S("aws:"))) return fail(c, &kms_tag_exception, "Tags beginning with aws: are reserved");
        for (u32 j = 0; j < i; j++)
            if (str_eq(pairs.v[j].key, pairs.v[i].key)) return fail(c, &kms_tag_exception, "Duplicate tag keys");
    }
    err e = tags_set(c, k->arn, &pairs, &(struct tag_errors){.too_many = &kms_limit_exceeded_exception, .invalid = &kms_tag_exception});
    if (e == &kms_limit_exceeded_exception) return fail(c, e, "Too many tags");
    return e ? fail(c, e, "A tag key or value has characters that are not allowed.") : NULL;
}

err kms_tag_resource(struct call *c, const struct kms_tag_resource_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(kms_key_check_not_pending(c, &k));
    return kms_tags_apply(c, &k, &in->tags);
}

err kms_untag_resource(struct call *c, const struct kms_untag_resource_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(kms_key_check_not_pending(c, &k));
    tags_remove(c, k.arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err kms_list_resource_tags(struct call *c, const struct kms_list_resource_tags_request *in, struct kms_list_resource_tags_response *out) {
    struct kms_key k;
    str after = {0};
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    if (in->marker.p && !page_position(c, in->marker, &after)) return fail(c, &kms_invalid_marker_exception, "Could not deserialize the marker.");
    struct record_pairs tags = tags_of(c, k.arn);
    u32 limit = in->limit.set ? (u32)in->limit.v : 50;
    out->tags.v = NEW_ARRAY(c->arena, struct kms_tag, tags.n + 1);
    out->tags.set = true;
    out->truncated = SOME_BOOL(false);
    for (u32 i = 0; i < tags.n; i++) {
        if (after.p && str_cmp(tags.v[i].key, after) <= 0) continue;
        if (out->tags.n == limit) {
            out->truncated = SOME_BOOL(true);
            out->next_marker = page_token(c, out->tags.v[limit - 1].tag_key);
            break;
        }
        out->tags.v[out->tags.n++] = (struct kms_tag){.tag_key = arena_str(c->arena, tags.v[i].key), .tag_value = arena_str(c->arena, tags.v[i].value)};
    }
    return NULL;
}
