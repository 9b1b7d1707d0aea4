/* What tags may be, and the header that gives them to a new object. */
#include "services/s3/s3.h"

enum { TAG_KEY_MAX = 128, TAG_VALUE_MAX = 256 };

static bool tag_character(u32 x) {
    if (x >= 0x80) return true; /* letters, digits and spaces of all scripts */
    if ((x >= '0' && x <= '9') || (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z')) return true;
    return x && strchr(" +-=._:/@", (int)x) != NULL;
}

static bool tag_text(str text, size_t max) {
    size_t n = 0;
    u32 x;
    while (text.n) {
        if (!utf8_next(&text, &x) || !tag_character(x) || ++n > max) return false;
    }
    return true;
}

err s3_tags_check(struct call *c, const struct record_pairs *tags, u32 max) {
    if (tags->n > max)
        return fail(c, &s3_bad_request, "%s cannot be greater than %u",
                    max == S3_OBJECT_TAGS_MAX ? "Object tags" : "Bucket tag count", max);
    for (u32 i = 0; i < tags->n; i++) {
        const struct record_pair *tag = &tags->v[i];
        if (!tag->key.p || !tag->value.p) return s3_fail_malformed(c);
        if (str_starts(tag->key, S("aws:")))
            return fail(c, &s3_invalid_tag,
                        "User-defined tag keys can't start with \"aws:\". This prefix is reserved for "
                        "system tags. Remove \"aws:\" from your tag keys and try again.");
        if (!tag->key.n || !tag_text(tag->key, TAG_KEY_MAX)) {
            fail_detail(c, S("TagKey"), tag->key);
            return fail(c, &s3_invalid_tag, "The TagKey you have provided is invalid");
        }
        if (!tag_text(tag->value, TAG_VALUE_MAX)) {
            fail_detail(c, S("TagKey"), tag->key);
            fail_detail(c, S("TagValue"), tag->value);
            return fail(c, &s3_invalid_tag, "The TagValue you have provided is invalid");
        }
        for (u32 j = 0; j < i; j++)
            if (str_eq(tags->v[j].key, tag->key)) {
                fail_detail(c, S("TagKey"), tag->key);
                return fail(c, &s3_invalid_tag, "Cannot provide multiple Tags with the same key");
            }
    }
    return NULL;
}

static err header_invalid(struct call *c, str header) {
    return s3_fail_argument(c, "x-amz-tagging", header,
                            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
                            "query parameters without tag name duplicates.");
}

err s3_tags_parse(struct call *c, str header, struct record_pairs *tags) {
    struct record_pair *pairs = NEW_ARRAY(c->arena, struct record_pair, S3_OBJECT_TAGS_MAX + 1);
    u32 n = 0;
    str rest = header;
    while (rest.n) {
        str value = str_cut(&rest, '&');
        if (!value.n) continue;
        str key = str_cut(&value, '=');
        if (!value.p) value = S("");
        struct record_pair tag = {0};
        if (!percent_decode(c->arena, key, true, &tag.key)
            || !percent_decode(c->arena, value, true, &tag.value))
            return header_invalid(c, header);
        for (u32 i = 0; i < n; i++)
            if (str_eq(pairs[i].key, tag.key)) return header_invalid(c, header);
        if (n <= S3_OBJECT_TAGS_MAX) pairs[n++] = tag;
    }
    *tags = (struct record_pairs){pairs, n, n > 0};
    return s3_tags_check(c, tags, S3_OBJECT_TAGS_MAX);
}
