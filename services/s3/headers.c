/* What a request says of the object it makes. Whatever brume does not do is refused by name. */
#include "services/s3/encryption.h"
#include "services/s3/storage.h"

enum { METADATA_MAX = 2048, REDIRECT_MAX = 2048 };

static err storage_class_check(struct call *c, str class) {
    if (!class.p || s3_storage_class(class)) return NULL;
    fail_detail(c, S("StorageClassRequested"), class);
    return fail(c, &s3_invalid_storage_class, "The storage class you specified is not valid");
}

static err redirect_check(struct call *c, str location) {
    if (!location.p) return NULL;
    bool form = str_starts(location, S("/")) || str_starts(location, S("http://"))
                || str_starts(location, S("https://"));
    if (!form)
        return fail(c, &s3_invalid_redirect_location,
                    "The website redirect location must have a prefix of 'http://' or 'https://' or "
                    "'/'.");
    if (location.n > REDIRECT_MAX)
        return fail(c, &s3_invalid_redirect_location,
                    "The length of website redirect location cannot exceed 2,048 characters.");
    return NULL;
}

static err metadata_check(struct call *c, const struct record_pairs *metadata) {
    size_t size = 0;
    for (u32 i = 0; i < metadata->n; i++) size += metadata->v[i].key.n + metadata->v[i].value.n;
    if (size <= METADATA_MAX) return NULL;
    fail_detail(c, S("Size"), arena_format(c->arena, "%zu", size));
    fail_detail(c, S("MaxSizeAllowed"), arena_format(c->arena, "%d", METADATA_MAX));
    return fail(c, &s3_metadata_too_large,
                "Your metadata headers exceed the maximum allowed metadata size");
}

err s3_headers_check(struct call *c, const struct object_headers *h) {
    TRY(s3_encryption_check(c, &h->encryption));
    TRY(storage_class_check(c, h->storage_class));
    TRY(redirect_check(c, h->website_redirect));
    TRY(metadata_check(c, &h->metadata));
    return NULL;
}

static str lower(struct call *c, str text) {
    char *copy = NEW_ARRAY(c->arena, char, text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        char x = text.p[i];
        copy[i] = (char)(x >= 'A' && x <= 'Z' ? x + ('a' - 'A') : x);
    }
    return (str){copy, text.n};
}

/* aws-chunked is of the transfer, not of the object. */
static str without_chunked(struct call *c, str encoding) {
    if (!encoding.p) return encoding;
    struct buf kept = buf_new(c->arena, encoding.n + 1);
    str rest = encoding;
    bool chunked = false;
    while (rest.p) {
        str one = str_trim(str_cut(&rest, ','));
        if (str_eq_nocase(one, S("aws-chunked"))) chunked = true;
        if (!one.n || str_eq_nocase(one, S("aws-chunked"))) continue;
        if (kept.n) buf_char(&kept, ',');
        buf_add(&kept, one);
    }
    if (!chunked) return encoding; /* to the letter */
    return kept.n ? buf_str(&kept) : (str){0};
}

err s3_headers_apply(struct call *c, const struct object_headers *h, struct object_row *object) {
    object->content_type = h->content_type.n ? h->content_type : S("binary/octet-stream");
    object->cache_control = h->cache_control;
    object->content_disposition = h->content_disposition;
    object->content_encoding = without_chunked(c, h->content_encoding);
    object->content_language = h->content_language;
    object->expires = h->expires;
    object->website_redirect = h->website_redirect;
    object->storage_class = h->storage_class.n ? h->storage_class : S("STANDARD");
    object->metadata = (struct record_pairs){0};
    if (h->metadata.n) {
        object->metadata.v = NEW_ARRAY(c->arena, struct record_pair, h->metadata.n);
        object->metadata.n = h->metadata.n;
        object->metadata.set = true;
        for (u32 i = 0; i < h->metadata.n; i++)
            object->metadata.v[i] =
                (struct record_pair){lower(c, h->metadata.v[i].key), h->metadata.v[i].value};
    }
    return h->tagging.p ? s3_tags_parse(c, h->tagging, &object->tags) : NULL;
}
