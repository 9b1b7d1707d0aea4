#include "services/s3/s3.h"

static const struct {
    const char *name;
    int kind;
} kinds[] = {
#define CHECKSUM_ROW(name, digest, member) {name, digest},
    S3_CHECKSUMS(CHECKSUM_ROW)
#undef CHECKSUM_ROW
};

str s3_checksum_name(int kind) {
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (kinds[i].kind == kind) return str_of(kinds[i].name);
    return (str){0};
}

str s3_checksum_lower_name(struct call *c, int kind) {
    str name = arena_str(c->arena, kind < 0 ? S("null") : s3_checksum_name(kind));
    char *letters = NEW_ARRAY(c->arena, char, name.n);
    for (size_t i = 0; i < name.n; i++)
        letters[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
    return (str){letters, name.n};
}

int s3_checksum_kind(str name) {
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (str_eq_nocase(str_of(kinds[i].name), name)) return kinds[i].kind;
    return -1;
}

err s3_checksum_asked(struct call *c, str name, int *kind) {
    *kind = s3_checksum_kind(name);
    if (!name.p || *kind >= 0) return NULL;
    return fail(c, &s3_invalid_request,
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                "[CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]");
}

bool s3_checksum_linear(int kind) {
    return kind == DIGEST_CRC32 || kind == DIGEST_CRC32C || kind == DIGEST_CRC64NVME;
}

str s3_checksum_text(struct call *c, const struct object_row *object) {
    str text = base64_of(c->arena, object->checksum);
    return object->composite ? arena_format(c->arena, "%.*s-%d", STR_ARGS(text), object->part_count)
                             : text;
}

str s3_checksum_type(const struct object_row *object) {
    return object->composite ? S("COMPOSITE") : S("FULL_OBJECT");
}

err s3_body_digests(struct call *c, const struct checksum_claim *claim, str algorithm, u32 *digests) {
    if (claim->count > 1)
        return fail(c, &s3_invalid_request,
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                    "allowed.");
    int asked;
    TRY(s3_checksum_asked(c, algorithm, &asked));
    /* Without one the choice is S3's, whose own is CRC64NVME. A value in the trailer is not known yet and
     * is digested by the receipt itself. */
    *digests |= 1u << DIGEST_MD5 | 1u << (claim->kind < 0 ? DIGEST_CRC64NVME : claim->kind);
    return NULL;
}

static str digest_of(struct call *c, const struct stream *body, int kind) {
    u8 raw[DIGEST_MAX];
    if (body) return stream_digest(c, body, kind);
    size_t n = digest_once((enum digest_kind)kind, S(""), raw);
    return arena_str(c->arena, (str){(const char *)raw, n});
}

void s3_body_digest(struct call *c, const struct stream *body, int kind, struct object_row *object) {
    str md5 = digest_of(c, body, DIGEST_MD5), checksum = digest_of(c, body, kind);
    ASSERT(md5.p && checksum.p); /* the plan asked for both */
    object->etag = hex_of(c->arena, md5);
    object->checksum_kind = kind + 1;
    object->checksum = checksum;
    object->composite = false;
}

void s3_body_take(struct call *c, struct stream *body, int otherwise, struct object_row *object) {
    int declared = body ? stream_declared_checksum(body) : -1;
    s3_body_digest(c, body, declared < 0 ? otherwise : declared, object);
    object->size = body ? stream_length(body) : 0;
    object->blob = object->size ? stream_adopt(c, body) : (str){0};
}
