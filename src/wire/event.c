/* application/vnd.amazon.eventstream: framing, and the members of an event-stream union as frames.
 *
 *     u32 total length | u32 headers' length | u32 CRC of those | headers | payload | u32 CRC of all
 *
 * A header is: u8 length and name, u8 type, value. All big-endian, all CRCs CRC-32. */
#include "wire/codec.h"

#include "crypto/crypto.h"

enum { PRELUDE = 12, TRAILER = 4, FRAME_MAX = 16 << 20, HEADERS_BYTES_MAX = 128 << 10 };

static void add_number(struct buf *out, u64 number, size_t width) {
    for (size_t i = width; i-- > 0;) buf_char(out, (char)(number >> (8 * i)));
}

static u64 number_at(const char *p, size_t width) {
    u64 number = 0;
    for (size_t i = 0; i < width; i++) number = number << 8 | (u8)p[i];
    return number;
}

static u32 crc32_of(str bytes) {
    u8 out[DIGEST_MAX];
    size_t n = digest_once(DIGEST_CRC32, bytes, out);
    ASSERT(n == 4);
    return (u32)number_at((const char *)out, 4);
}

/* ---- framing ---- */

/* Bytes of a value; those of bytes and strings stand behind a u16 length. */
static size_t value_width(u8 type) {
    static const u8 widths[] = {[WIRE_EVENT_BYTE] = 1, [WIRE_EVENT_SHORT] = 2, [WIRE_EVENT_INT] = 4,
                                [WIRE_EVENT_LONG] = 8, [WIRE_EVENT_TIME] = 8,  [WIRE_EVENT_UUID] = 16};
    return type < LENGTH(widths) ? widths[type] : 0;
}

static bool has_length(u8 type) { return type == WIRE_EVENT_BYTES || type == WIRE_EVENT_STRING; }

static void add_header(struct buf *out, const struct wire_event_header *h) {
    ASSERT(h->name.n && h->name.n <= UINT8_MAX && h->value.n <= UINT16_MAX);
    add_number(out, h->name.n, 1);
    buf_add(out, h->name);
    add_number(out, h->type, 1);
    if (has_length(h->type)) add_number(out, h->value.n, 2);
    if (has_length(h->type) || h->type == WIRE_EVENT_UUID) buf_add(out, h->value);
    else add_number(out, (u64)h->number, value_width(h->type));
}

void wire_event_frame(struct buf *out, const struct wire_event_header *headers, size_t n, str payload) {
    struct buf block = buf_new(out->arena, HEADERS_BYTES_MAX);
    for (size_t i = 0; i < n; i++) add_header(&block, &headers[i]);
    ASSERT(!block.over && payload.n <= FRAME_MAX);
    size_t start = out->n;
    add_number(out, PRELUDE + block.n + payload.n + TRAILER, 4);
    add_number(out, block.n, 4);
    if (out->over) return;
    add_number(out, crc32_of(str_skip(buf_str(out), start)), 4);
    buf_add(out, buf_str(&block));
    buf_add(out, payload);
    if (out->over) return;
    add_number(out, crc32_of(str_skip(buf_str(out), start)), 4);
}

static bool take(str *s, size_t n, str *part) {
    if (s->n < n) return false;
    *part = str_take(*s, n);
    *s = str_skip(*s, n);
    return true;
}

static bool take_number(str *s, size_t width, u64 *number) {
    str part;
    if (!take(s, width, &part)) return false;
    *number = number_at(part.p, width);
    return true;
}

static bool take_header(str *block, struct wire_event_header *h) {
    u64 length, type;
    if (!take_number(block, 1, &length) || !length || !take(block, length, &h->name)) return false;
    if (!take_number(block, 1, &type) || type > WIRE_EVENT_UUID) return false;
    h->type = (u8)type;
    length = value_width(h->type);
    if (has_length(h->type) && !take_number(block, 2, &length)) return false;
    if (!take(block, length, &h->value)) return false;
    if (has_length(h->type) || h->type == WIRE_EVENT_UUID) return true;
    /* Sign-extended: the numbers of all widths are signed. */
    u64 number = number_at(h->value.p, length);
    unsigned unused = length ? 64 - 8 * (unsigned)length : 0;
    h->number = (i64)(number << unused) >> unused;
    return true;
}

bool wire_event_unframe(str *bytes, struct arena *a, struct wire_event_header **headers, size_t *n,
                        str *payload, bool *broken) {
    *broken = false;
    if (bytes->n < PRELUDE) return false;
    u64 total = number_at(bytes->p, 4), block_length = number_at(bytes->p + 4, 4);
    *broken = total < PRELUDE + TRAILER || total > FRAME_MAX + HEADERS_BYTES_MAX
        || block_length > HEADERS_BYTES_MAX || block_length > total - PRELUDE - TRAILER
        || number_at(bytes->p + 8, 4) != crc32_of(str_take(*bytes, 8));
    if (*broken || bytes->n < total) return false;
    str frame = str_take(*bytes, total);
    *broken = number_at(frame.p + total - TRAILER, 4) != crc32_of(str_take(frame, total - TRAILER));
    if (*broken) return false;
    str block = str_take(str_skip(frame, PRELUDE), block_length);
    *payload = str_take(str_skip(frame, PRELUDE + block_length), total - PRELUDE - TRAILER - block_length);
    /* A header has at least three bytes. */
    *headers = NEW_ARRAY(a, struct wire_event_header, block_length / 3 + 1);
    for (*n = 0; block.n; ++*n) {
        *broken = !take_header(&block, &(*headers)[*n]);
        if (*broken) return false;
    }
    *bytes = str_skip(*bytes, total);
    return true;
}

/* ---- events ---- */

static struct wire_event_header text_header(str name, str value) {
    return (struct wire_event_header){.name = name, .type = WIRE_EVENT_STRING, .value = value};
}

static struct wire_event_header member_header(const struct coding *c, const struct wire_member *m,
                                              const void *field) {
    const struct wire_shape *shape = coding_shape(c, m->shape);
    struct wire_event_header h = {.name = coding_text(c, m->name)};
    switch ((enum wire_type)shape->type) {
    case WIRE_BOOLEAN: h.type = ((const struct opt_bool *)field)->v ? WIRE_EVENT_TRUE : WIRE_EVENT_FALSE; break;
    case WIRE_BYTE: h.type = WIRE_EVENT_BYTE; break;
    case WIRE_SHORT: h.type = WIRE_EVENT_SHORT; break;
    case WIRE_INTEGER: h.type = WIRE_EVENT_INT; break;
    case WIRE_LONG: h.type = WIRE_EVENT_LONG; break;
    case WIRE_TIMESTAMP:
        h.type = WIRE_EVENT_TIME;
        h.number = ((const struct opt_time *)field)->ms;
        break;
    case WIRE_BLOB: h.type = WIRE_EVENT_BYTES; break;
    case WIRE_STRING: h.type = WIRE_EVENT_STRING; break;
    case WIRE_STRUCTURE:
    case WIRE_LIST:
    case WIRE_MAP:
    case WIRE_FLOAT:
    case WIRE_DOUBLE:
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT: ASSERT(!"a type that an event header may have");
    }
    if (has_length(h.type)) h.value = *(const str *)field;
    else if (h.type >= WIRE_EVENT_BYTE && h.type <= WIRE_EVENT_LONG) h.number = value_get_integer(shape, field);
    return h;
}

/* A structure as payload, and its media type. */
static str write_structure(struct coding *c, u16 shape, const void *value, struct buf *out) {
    if (c->protocol == WIRE_RPC_V2_CBOR) {
        wire_cbor_write_body(c, shape, value, out);
        return S("application/cbor");
    }
    if (c->protocol == WIRE_REST_XML) {
        wire_xml_write_body(c, shape, value, NULL, out);
        return S("text/xml");
    }
    wire_json_write_body(c, shape, value, out);
    return c->protocol == WIRE_AWS_JSON_1_0   ? S("application/x-amz-json-1.0")
           : c->protocol == WIRE_AWS_JSON_1_1 ? S("application/x-amz-json-1.1")
                                              : S("application/json");
}

/* The member marked as payload; for a structure without one the payload is what is no header. */
static str write_payload(struct coding *c, u16 event_shape, const struct wire_member *m, const void *event,
                         struct buf *out) {
    if (!m) return write_structure(c, event_shape, event, out);
    const struct wire_shape *shape = coding_shape(c, m->shape);
    const void *field = (const char *)event + m->offset;
    if (!value_is_set(shape, field)) return (str){0};
    if (shape->type == WIRE_STRUCTURE) return write_structure(c, m->shape, *(void *const *)field, out);
    ASSERT(shape->type == WIRE_BLOB || shape->type == WIRE_STRING);
    buf_add(out, *(const str *)field);
    return shape->type == WIRE_BLOB ? S("application/octet-stream") : S("text/plain");
}

static void encode_event(struct coding *c, const struct wire_member *member, const void *event, struct buf *out) {
    enum { HEADERS_MAX = 32 };
    const struct wire_shape *shape = coding_shape(c, member->shape);
    struct wire_event_header headers[HEADERS_MAX] = {0};
    size_t n = 3; /* type, event and content type come first */
    u32 in_payload = 0;
    const struct wire_member *payload_member = NULL;
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(c, shape, i);
        const void *field = (const char *)event + m->offset;
        if (m->flags & WIRE_EVENT_PAYLOAD) payload_member = m;
        in_payload += !(m->flags & WIRE_EVENT_HEADER);
        if (!(m->flags & WIRE_EVENT_HEADER) || !value_is_set(coding_shape(c, m->shape), field)) continue;
        ASSERT(n < HEADERS_MAX);
        headers[n++] = member_header(c, m, field);
    }
    bool is_exception = shape->flags & WIRE_EXCEPTION;
    struct buf payload = buf_new(c->arena, FRAME_MAX);
    str media_type = in_payload ? write_payload(c, member->shape, payload_member, event, &payload) : (str){0};
    headers[0] = text_header(S(":message-type"), is_exception ? S("exception") : S("event"));
    headers[1] = text_header(is_exception ? S(":exception-type") : S(":event-type"),
                             coding_text(c, member->location_name));
    if (media_type.p) headers[2] = text_header(S(":content-type"), media_type);
    else headers[2] = headers[--n]; /* the last one takes its place */
    ASSERT(!payload.over);
    wire_event_frame(out, headers, n, buf_str(&payload));
}

void wire_encode_event(const struct wire_service *s, u16 union_shape, enum wire_protocol protocol,
                       const void *event, struct arena *a, struct buf *out) {
    struct coding c = {.service = s, .protocol = protocol, .arena = a};
    const struct wire_shape *shape = coding_shape(&c, union_shape);
    for (u32 i = 0; i < shape->member_count; i++) {
        const struct wire_member *m = coding_member(&c, shape, i);
        const void *structure = *(void *const *)(const void *)((const char *)event + m->offset);
        if (!structure) continue;
        encode_event(&c, m, structure, out);
        return;
    }
    ASSERT(!"one member of the event union is set");
}

void wire_encode_initial_response(const struct wire_service *s, const struct wire_op *op,
                                  enum wire_protocol protocol, const void *output, struct arena *a,
                                  struct buf *out) {
    struct coding c = {.service = s, .protocol = protocol, .arena = a};
    struct buf payload = buf_new(a, FRAME_MAX);
    str media_type = write_structure(&c, op->output, output, &payload);
    struct wire_event_header headers[] = {text_header(S(":message-type"), S("event")),
                                          text_header(S(":event-type"), S("initial-response")),
                                          text_header(S(":content-type"), media_type)};
    ASSERT(!payload.over);
    wire_event_frame(out, headers, LENGTH(headers), buf_str(&payload));
}
