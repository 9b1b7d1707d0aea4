/* Private to src/wire: what the codecs share.
 *
 * A codec is one table of five functions, of which a server uses the first three and a client the
 * last two. wire.c picks it by protocol; nothing else outside a codec's file knows it. The shared part
 * below is about C values and descriptors (value.c); a codec adds the syntax. */
#ifndef BRUME_WIRE_CODEC_H
#define BRUME_WIRE_CODEC_H

#include "base/encode.h"
#include "wire/wire.h"

/* One decoding or encoding under way. */
struct coding {
    const struct wire_service *service;
    enum wire_protocol protocol;
    struct arena *arena;
    struct wire_problem *problem; /* decoders only; see coding_fail */
    bool from_server;             /* a client's side: reading an answer, or writing a request */
    bool either_case;             /* wire_decode_json */
};

struct wire_codec {
    bool (*read_request)(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                         void *input);
    void (*write_response)(struct coding *c, const struct wire_op *op, const void *output,
                           str request_id, struct wire_message *m);
    void (*write_error)(struct coding *c, const struct wire_op *op, const struct wire_fault *fault,
                        str request_id, struct wire_message *m);
    void (*write_request)(struct coding *c, const struct wire_op *op, const void *input,
                          struct wire_message *m);
    bool (*read_response)(struct coding *c, const struct wire_op *op, const struct wire_message *m,
                          void *output, void *error_members, struct wire_answer *answer);
};
extern const struct wire_codec wire_json_codec;  /* awsJson 1.0, 1.1: json.c */
extern const struct wire_codec wire_cbor_codec;  /* rpcv2Cbor: cbor.c */
extern const struct wire_codec wire_query_codec; /* awsQuery, ec2Query: query.c, answers by xml.c */
extern const struct wire_codec wire_rest_codec;  /* restJson, restXml: rest.c, bodies by json.c, xml.c */

enum {
    WIRE_DEPTH_MAX = 128,        /* nesting of a value, on the wire and in recursion */
    WIRE_HEADERS_MAX = 256,      /* headers that an encoder may write */
    WIRE_OUTPUT_MAX = 256 << 20, /* bytes of an encoded body: a runaway handler, not a real answer */
};

/* ---- bodies, for rest.c. `shape` is any shape; `value` its C value as it stands in a list (for a
 * structure: the struct itself). ----
 * Reading a structure as body fills only members whose location is WIRE_IN_BODY, and applies defaults
 * to all members of nested structures; the caller calls value_fill_defaults for the top one, after
 * all its parts are read. */
bool wire_json_read_body(struct coding *c, u16 shape, str body, void *value);
/* One value, for a payload member or a document: nothing is left out. */
bool wire_json_read_value(struct coding *c, u16 shape, str text, void *value);
/* A structure's members in the body: "{...}", "{}" if none is set. */
void wire_json_write_body(struct coding *c, u16 shape, const void *value, struct buf *out);
void wire_json_write_value(struct coding *c, u16 shape, const void *value, struct buf *out);
/* An error's body: __type, message, and its members that stand in the body. */
void wire_json_write_error(struct coding *c, const struct wire_fault *fault, struct buf *out);
/* Fills *answer (and error_members, if modelled) from headers and body. */
/* What an error's body says of itself; absent where it does not. */
void wire_json_error_facts(struct coding *c, str body, str *type, str *message);
void wire_json_read_error(struct coding *c, const struct wire_message *m, void *error_members,
                          struct wire_answer *answer);
/* What a service says whose flag older_reader is set: of a value that is of another type than `shape`, and of
 * text that is no base64. Always false. json_older.c. */
struct json_reader;
bool json_older_wrong_type(struct coding *c, struct json_reader *r, const struct wire_shape *shape);
bool json_older_wrong_blob(struct coding *c, str text);
/* As wire_json_*, for XML: the root element is named by xml.c from the shape's location_name or name,
 * or by the payload member that holds it, where that has a name or namespace of its own (or NULL). */
/* `payload`: the member that is the whole body of a request, which has its name or that of its shape;
 * NULL: the root may have any name. */
bool wire_xml_read_body(struct coding *c, u16 shape, const struct wire_member *payload, str body, void *value);
void wire_xml_write_body(struct coding *c, u16 shape, const void *value,
                         const struct wire_member *payload, struct buf *out);
/* As wire_json_*, for CBOR. */
bool wire_cbor_read_body(struct coding *c, u16 shape, str body, void *value);
void wire_cbor_write_body(struct coding *c, u16 shape, const void *value, struct buf *out);

/* ---- values: value.c ---- */
static inline const struct wire_shape *coding_shape(const struct coding *c, u16 shape) {
    return &c->service->shapes[shape];
}
static inline const struct wire_member *coding_member(const struct coding *c,
                                                      const struct wire_shape *shape, u32 i) {
    return &c->service->members[shape->first_member + i];
}
static inline str coding_text(const struct coding *c, u32 offset) {
    return wire_text(c->service, offset);
}
static inline bool protocol_is_rest(enum wire_protocol p) {
    return p == WIRE_REST_JSON || p == WIRE_REST_XML;
}

/* Sets the problem, once (the first one stands), with status 400. Always false, for `return`. */
PRINTF(3, 4) bool coding_fail(struct coding *c, str code, const char *format, ...);

/* Is a field of this shape there? A structure's field is a pointer, a list and map a wire_list; as
 * list elements and map values structures stand inline and are always there. Streams are never. Inline, for it is
 * asked of every member of everything that is checked or written, ten times for a value of DynamoDB. */
static inline bool value_is_set(const struct wire_shape *shape, const void *field) {
    switch ((enum wire_type)shape->type) {
    case WIRE_STRUCTURE: return !(shape->flags & WIRE_EVENT_STREAM) && *(void *const *)field;
    case WIRE_LIST:
    case WIRE_MAP: return ((const struct wire_list *)field)->set;
    case WIRE_STRING:
    case WIRE_BIG_NUMBER:
    case WIRE_DOCUMENT: return ((const str *)field)->p;
    case WIRE_BLOB: return !(shape->flags & WIRE_STREAMING) && ((const str *)field)->p;
    case WIRE_BOOLEAN: return ((const struct opt_bool *)field)->set;
    case WIRE_BYTE:
    case WIRE_SHORT:
    case WIRE_INTEGER: return ((const struct opt_i32 *)field)->set;
    case WIRE_LONG: return ((const struct opt_i64 *)field)->set;
    case WIRE_FLOAT:
    case WIRE_DOUBLE: return ((const struct opt_f64 *)field)->set;
    case WIRE_TIMESTAMP: return ((const struct opt_time *)field)->set;
    }
    return false;
}

/* The struct behind a structure field, made (zeroed) if it is not there yet. */
void *value_structure(struct coding *c, const struct wire_shape *shape, void *field);

/* Room for one more element of a list, or entry of a map; zeroed. `capacity` is the caller's, 0 at
 * first. The list is set. Never for more than UINT32_MAX elements: bodies are bounded. */
void *value_list_add(struct coding *c, struct wire_list *list, size_t element_size, u32 *capacity);
/* Bytes of a map's entry: key, value, padding. Key at offset 0. */
size_t value_entry_size(const struct coding *c, const struct wire_shape *map);
static inline size_t value_element_size(const struct coding *c, const struct wire_shape *list) {
    return coding_shape(c, coding_member(c, list, 0)->shape)->size;
}

/* Members that are not set and have a default get it. Server side only: clients see what was sent. */
void value_fill_defaults(struct coding *c, const struct wire_shape *structure, void *value);

/* How many members are set: a union must have exactly one. */
u32 value_count_set(const struct coding *c, const struct wire_shape *structure, const void *value);

/* A whole number into a byte, short, integer or long field; false if the shape's range is passed. */
bool value_set_integer(const struct wire_shape *shape, void *field, i64 number);
i64 value_get_integer(const struct wire_shape *shape, const void *field);

/* "NaN", "Infinity", "-Infinity" */
bool value_read_float_word(str text, double *number);

/* A scalar from its text, as in headers, query strings, XML: booleans, numbers, strings, blobs
 * (base64), timestamps. False if the text is none such; no problem is set. */
bool value_read_text(struct coding *c, const struct wire_shape *shape,
                     enum wire_timestamp_format format, str text, void *field);
/* The same text written plainly: escaping for its place is the caller's. */
void value_write_text(const struct wire_shape *shape, enum wire_timestamp_format format,
                      const void *field, struct buf *out);

/* The member's format, else the shape's, else `otherwise`. */
static inline enum wire_timestamp_format value_time_format(const struct wire_member *m,
                                                           const struct wire_shape *shape,
                                                           enum wire_timestamp_format otherwise) {
    if (m && m->timestamp_format) return (enum wire_timestamp_format)m->timestamp_format;
    if (shape->timestamp_format) return (enum wire_timestamp_format)shape->timestamp_format;
    return otherwise;
}
/* Times are of the years 1 to 9999: what a date can say. False: there is no such.
 * Seconds to milliseconds, to the nearest. */
bool value_time_of_seconds(double seconds, i64 *ms);
/* restJson's date-times are in UTC: a server refuses one with an offset. */
bool value_time_has_refused_offset(const struct coding *c, enum wire_timestamp_format format, str text);
/* Epoch seconds carry a fraction of up to three digits. */
bool value_read_time(str text, enum wire_timestamp_format format, i64 *ms);
void value_write_time(struct buf *out, enum wire_timestamp_format format, i64 ms);

/* ---- messages: value.c ---- */
/* Adds a header to what an encoder makes; the name is a literal or lives in the arena. */
void message_add_header(struct coding *c, struct wire_message *m, str name, str value);
void message_set_body(struct wire_message *m, const struct buf *body);

/* ---- errors ----
 * The bare name of an error as clients may see it: without "namespace#" before and ":uri" behind. */
str error_bare_name(str name);
/* The service's modelled error with this wire name or query code; NULL if it has none. */
const struct error *error_find(const struct wire_service *s, str code);
/* Who it is, from what the body or a header calls it (absent: the status) and the query header. True: it is
 * modelled and has members. */
bool error_identify(struct coding *c, const struct wire_message *m, str type, str message, struct wire_answer *answer);
/* x-amzn-query-error: "AWS.SimpleQueueService.NonExistentQueue;Sender", for awsQueryCompatible. */
void error_add_query_header(struct coding *c, const struct wire_fault *fault, struct wire_message *m);

#endif
