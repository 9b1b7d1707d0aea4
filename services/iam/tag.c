/* Tags of IAM's resources. The registry keeps them; IAM adds that two keys are one whatever their case. */
#include "iam.h"

static struct tag_errors errors(void) {
    return (struct tag_errors){.too_many = &iam_limit_exceeded_exception, .invalid = &iam_invalid_input_exception};
}

static err failed(struct call *c, err e, const char *quota_name) {
    if (e == &iam_limit_exceeded_exception) return fail(c, e, "Cannot exceed quota for %s: 50", quota_name);
    return fail(c, e, "Tag keys must have 1 to 128 and values at most 256 characters of letters, digits, white space and _.:/=+-@, "
                      "and keys that start with aws: are reserved.");
}

static err duplicate(struct call *c) {
    return fail(c, &iam_invalid_input_exception, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
}

err tags_add(struct call *c, str arn, const char *quota_name, const struct iam_tag_list_type *tags) {
    struct record_pairs have = tags_of(c, arn), pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .set = true};
    for (u32 i = 0; i < tags->n; i++) {
        struct record_pair *pair = &pairs.v[pairs.n];
        *pair = (struct record_pair){tags->v[i].key, tags->v[i].value.p ? tags->v[i].value : S("")};
        for (u32 j = 0; j < pairs.n; j++)
            if (str_eq_nocase(pairs.v[j].key, pair->key)) return duplicate(c);
        for (u32 j = 0; j < have.n; j++) /* another case of the same key gives way */
            if (str_eq_nocase(have.v[j].key, pair->key) && !str_eq(have.v[j].key, pair->key)) tags_remove(c, arn, &have.v[j].key, 1);
        pairs.n++;
    }
    struct tag_errors e = errors();
    err problem = tags_set(c, arn, &pairs, &e);
    return problem ? failed(c, problem, quota_name) : NULL;
}

void tags_move(struct call *c, str from_arn, str to_arn) {
    struct record_pairs tags = tags_of(c, from_arn);
    struct tag_errors e = errors();
    err problem = tags.n ? tags_set(c, to_arn, &tags, &e) : NULL;
    ASSERT(!problem); /* they were valid where they stood */
}

struct iam_tag_list_type tags_shown(struct call *c, str arn) {
    struct record_pairs tags = tags_of(c, arn);
    struct iam_tag_list_type shown = {.v = NEW_ARRAY(c->arena, struct iam_tag, tags.n + 1), .n = tags.n, .set = tags.n > 0};
    for (u32 i = 0; i < tags.n; i++) shown.v[i] = (struct iam_tag){tags.v[i].key, tags.v[i].value};
    return shown;
}

void untag_arn(struct call *c, str arn, const struct iam_tag_key_list_type *keys) {
    struct record_pairs have = tags_of(c, arn);
    for (u32 i = 0; i < keys->n; i++)
        for (u32 j = 0; j < have.n; j++)
            if (str_eq_nocase(have.v[j].key, keys->v[i])) tags_remove(c, arn, &have.v[j].key, 1);
}

/* At most 50 stand there: a page of them is found by counting. */
err tags_page(struct call *c, str arn, str marker, struct opt_i32 max_items, struct iam_tag_list_type *tags,
              struct opt_bool *is_truncated, str *next) {
    str position = {0};
    u64 from = 0;
    if (marker.p && (!page_position(c, marker, &position) || !str_to_u64(position, &from)))
        return fail(c, &cloud_validation, "Invalid Marker.");
    *tags = tags_shown(c, arn);
    from = MIN(from, tags->n);
    tags->v += from;
    tags->n -= (u32)from;
    u32 max = max_items.set ? (u32)max_items.v : 100;
    *is_truncated = SOME_BOOL(tags->n > max);
    if (tags->n > max) {
        tags->n = max;
        *next = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)from + max));
    }
    tags->set = true;
    return NULL;
}
