/* What a message may hold, and the digests by which clients check that it came through. */
#include "sqs.h"

#include "crypto/crypto.h"

/* XML 1.0's characters: #x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF. */
static bool characters_valid(str s) {
    bool plain = true; /* most bodies are ASCII */
    for (size_t i = 0; i < s.n && plain; i++) plain = (u8)s.p[i] >= 0x20 && (u8)s.p[i] < 0x80;
    if (plain) return true;
    if (!utf8_valid(s)) return false;
    u32 point;
    while (utf8_next(&s, &point))
        if ((point < 0x20 && point != 9 && point != 10 && point != 13) || point == 0xfffe || point == 0xffff) return false;
    return true;
}

static err invalid_characters(struct call *c) {
    return fail(c, &sqs_invalid_message_contents,
                "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
}

static bool attribute_name_valid(str name) {
    if (name.n == 0 || name.n > 256 || name.p[0] == '.' || name.p[name.n - 1] == '.' || str_find(name, S("..")) != STR_NONE) return false;
    for (size_t i = 0; i < name.n; i++) {
        char ch = name.p[i];
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        if (!letter && !(ch >= '0' && ch <= '9') && ch != '_' && ch != '-' && ch != '.') return false;
    }
    return !str_eq_nocase(str_take(name, 4), S("aws.")) && !str_eq_nocase(str_take(name, 7), S("amazon."));
}

/* "String", "Number" and "Binary", alone or with a label behind a dot. */
static bool type_is(str type, str base) {
    return str_starts(type, base) && (type.n == base.n || type.p[base.n] == '.') && type.n <= 256;
}

static err check_attribute(struct call *c, const char *whose, str name, const struct sqs_message_attribute_value *v) {
    enum { NUMBER_DIGITS_MAX = 400 };
    if (!v->data_type.n)
        return fail(c, &sqs_invalid_parameter_value_exception, "The %s '%.*s' must contain non-empty message attribute type.", whose, STR_ARGS(name));
    bool text = type_is(v->data_type, S("String")), number = type_is(v->data_type, S("Number"));
    if (!text && !number && !type_is(v->data_type, S("Binary")))
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "The %s '%.*s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", whose, STR_ARGS(name));
    if (v->string_list_values.n || v->binary_list_values.n)
        return fail(c, &sqs_unsupported_operation, "Message attribute list values in SendMessage operation are not supported.");
    str value = text || number ? v->string_value : v->binary_value;
    if (!value.n)
        return fail(c, &sqs_invalid_parameter_value_exception, "%c%s '%.*s' must contain a non-empty value of type '%s'.", whose[0] - 32, whose + 1, STR_ARGS(name),
                    text || number ? "String" : "Binary");
    double parsed;
    if (number && (value.n > NUMBER_DIGITS_MAX || !str_to_f64(value, &parsed)))
        return fail(c, &sqs_invalid_parameter_value_exception, "Can't cast the value of %s '%.*s' to a number.", whose, STR_ARGS(name));
    return text && !characters_valid(value) ? invalid_characters(c) : NULL;
}

static err check_attributes(struct call *c, const struct sqs_message_body_attribute_map *map) {
    if (map->n > 10)
        return fail(c, &sqs_invalid_parameter_value_exception, "Number of message attributes [%u] exceeds the allowed maximum [10].", map->n);
    for (u32 i = 0; i < map->n; i++) {
        str name = map->v[i].key;
        if (!attribute_name_valid(name))
            return fail(c, &sqs_invalid_parameter_value_exception,
                        "The message attribute name '%.*s' is invalid. A name is 1 to 256 of A-Z, a-z, 0-9, underscore, hyphen and period; it must not start or end with a "
                        "period, have successive periods, or start with AWS. or Amazon.", STR_ARGS(name));
        for (u32 j = 0; j < i; j++)
            if (str_eq(map->v[j].key, name))
                return fail(c, &sqs_invalid_parameter_value_exception, "Message attribute name '%.*s' already exists.", STR_ARGS(name));
        TRY(check_attribute(c, "message (user) attribute", name, &map->v[i].value));
    }
    return NULL;
}

static err check_system_attributes(struct call *c, const struct sqs_message_body_system_attribute_map *map) {
    for (u32 i = 0; i < map->n; i++) {
        const struct sqs_message_system_attribute_value *v = &map->v[i].value;
        if (!str_eq(map->v[i].key, S("AWSTraceHeader")))
            return fail(c, &sqs_invalid_parameter_value_exception, "Message system attribute name '%.*s' is invalid.", STR_ARGS(map->v[i].key));
        struct sqs_message_attribute_value as = {.string_value = v->string_value, .data_type = v->data_type};
        if (!str_eq(v->data_type, S("String")))
            return fail(c, &sqs_invalid_parameter_value_exception, "The message (system) attribute 'AWSTraceHeader' has an invalid type: it must be String.");
        TRY(check_attribute(c, "message (system) attribute", map->v[i].key, &as));
    }
    return NULL;
}

size_t contents_bytes(const struct contents *in) {
    size_t n = in->body.n;
    for (u32 i = 0; i < in->attributes->n; i++) {
        const struct sqs_message_attribute_value *v = &in->attributes->v[i].value;
        n += in->attributes->v[i].key.n + v->data_type.n + v->string_value.n + v->binary_value.n;
    }
    return n;
}

static bool id_valid(str id) {
    if (id.n == 0 || id.n > 128) return false;
    for (size_t i = 0; i < id.n; i++)
        if ((u8)id.p[i] <= 0x20 || (u8)id.p[i] > 0x7e) return false;
    return true;
}

static err check_id(struct call *c, const char *name, str id) {
    if (id_valid(id)) return NULL;
    return fail(c, &sqs_invalid_parameter_value_exception,
                "Value %.*s for parameter %s is invalid. Reason: %s can only include alphanumeric and punctuation characters. 1 to 128 in length.", STR_ARGS(id), name, name);
}

static err check_fifo(struct call *c, const struct queue *q, const struct contents *in) {
    if (in->group.p) TRY(check_id(c, "MessageGroupId", in->group));
    if (in->dedup.p && q->fifo) TRY(check_id(c, "MessageDeduplicationId", in->dedup));
    if (!q->fifo) {
        if (in->dedup.p)
            return fail(c, &sqs_invalid_parameter_value_exception,
                        "Value %.*s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", STR_ARGS(in->dedup));
        return NULL;
    }
    if (!in->group.p) return fail(c, &sqs_missing_required_parameter_exception, "The request must contain the parameter MessageGroupId.");
    if (!in->dedup.p && !q->content_dedup)
        return fail(c, &sqs_invalid_parameter_value_exception, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    if (in->delay.set && in->delay.v != 0)
        return fail(c, &sqs_invalid_parameter_value_exception,
                    "Value %d for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.", in->delay.v);
    return NULL;
}

err contents_check(struct call *c, const struct queue *q, const struct contents *in) {
    if (!in->body.n) return fail(c, &sqs_missing_required_parameter_exception, "The request must contain the parameter MessageBody.");
    if (contents_bytes(in) > (size_t)q->max_bytes)
        return fail(c, &sqs_invalid_parameter_value_exception, "One or more parameters are invalid. Reason: Message must be shorter than %lld bytes.", (long long)q->max_bytes);
    if (!characters_valid(in->body)) return invalid_characters(c);
    TRY(check_fifo(c, q, in));
    if (in->delay.set && (in->delay.v < 0 || in->delay.v > DELAY_MAX_S))
        return fail(c, &sqs_invalid_parameter_value_exception, "Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", in->delay.v);
    TRY(check_attributes(c, in->attributes));
    return check_system_attributes(c, in->system);
}

/* ---- digests ---- */

static void add_part(struct digest *d, str part) {
    u8 length[4] = {(u8)(part.n >> 24), (u8)(part.n >> 16), (u8)(part.n >> 8), (u8)part.n};
    digest_add(d, length, sizeof length);
    digest_add(d, part.p, part.n);
}

/* AWS's form: for each attribute in the order of names its name and type with their lengths, a byte for
 * text or binary, and the value with its length. */
str attributes_md5(struct arena *a, const struct attributes *list) {
    if (!list->n) return (str){0};
    const struct attribute *sorted[16];
    ASSERT(list->n <= LENGTH(sorted));
    for (u32 i = 0; i < list->n; i++) {
        u32 at = i;
        for (; at > 0 && str_cmp(sorted[at - 1]->name, list->v[i].name) > 0; at--) sorted[at] = sorted[at - 1];
        sorted[at] = &list->v[i];
    }
    struct digest d;
    digest_init(&d, DIGEST_MD5);
    for (u32 i = 0; i < list->n; i++) {
        bool binary = sorted[i]->binary.p != NULL;
        add_part(&d, sorted[i]->name);
        add_part(&d, sorted[i]->type);
        digest_add(&d, binary ? "\2" : "\1", 1);
        add_part(&d, binary ? sorted[i]->binary : sorted[i]->text);
    }
    u8 digest[DIGEST_MAX];
    size_t n = digest_end(&d, digest);
    return hex_of(a, (str){(char *)digest, n});
}
