/* The codecs: one per AWS protocol, driven by descriptors, in both directions.
 *
 * Server side: decode a request into the operation's input struct, encode its output struct or an
 * error. Client side (tests, calls between services, a later command line): encode an input, decode
 * an output. None of these does I/O; bodies that stream never pass through here. */
#ifndef BRUME_WIRE_H
#define BRUME_WIRE_H

#include "base/arena.h"
#include "wire/desc.h"
#include "wire/types.h"

struct wire_header {
    str name, value;
};

/* A request or response on its way through a codec. */
struct wire_message {
    /* request */
    str method;
    str path;  /* raw */
    str query; /* raw; absent if none */
    /* response */
    int status;
    /* both */
    const struct wire_header *headers;
    size_t header_count;
    str body; /* whole; empty for streamed payloads, which the caller handles */
    bool has_body; /* encoders: false means: no body at all, no Content-Type */
};
str wire_header_get(const struct wire_message *m, str name);

/* Why decoding refused: `code` is AWS's for that protocol ("SerializationException",
 * "MalformedXML", "MalformedQueryString", ...), message in its words. */
struct wire_problem {
    str code, message;
    int status;
    str argument, value; /* of a REST request in XML: the parameter or header that was no such value */
};

/* `protocol` is how this client speaks (one of the service's `protocols`). `input` points to the
 * operation's zeroed input struct. `path_labels` of REST operations are matched by the router again
 * here from op->uri. Returns false and fills *problem on bytes that are no such request. */
MUST_USE bool wire_decode_request(const struct wire_service *s, const struct wire_op *op,
                                  enum wire_protocol protocol, const struct wire_message *m,
                                  struct arena *a, void *input, struct wire_problem *problem);
/* An input as JSON, whatever the service speaks: all of the input's members, wherever they stand on the wire, by the
 * API's names, their first letter in either case. */
MUST_USE bool wire_decode_json(const struct wire_service *s, const struct wire_op *op, str json, struct arena *a,
                               void *input, struct wire_problem *problem);
/* Fills status, headers, body of *m. host for results that need it is not added here. request_id goes
 * into bodies that carry one (query, ec2) and the protocol's own headers. */
void wire_encode_response(const struct wire_service *s, const struct wire_op *op,
                          enum wire_protocol protocol, const void *output, str request_id,
                          struct arena *a, struct wire_message *m);
/* error_members: the modelled error's struct, or NULL for code and message alone. `op` may be NULL. */
struct wire_fault {
    const struct error *error;
    str message;
    const void *members;
    str resource; /* S3's <Resource>; absent elsewhere */
    str host_id;  /* S3 */
    const struct wire_header *extra; /* further XML children of S3's <Error> (BucketName, Key, ...) */
    size_t extra_count;
};
void wire_encode_error(const struct wire_service *s, const struct wire_op *op,
                       enum wire_protocol protocol, const struct wire_fault *fault, str request_id,
                       struct arena *a, struct wire_message *m);

/* Client direction. decode_response gives the output struct, or, on an error answer, *error_code and
 * *error_message (and members when modelled and `members` is not NULL). */
void wire_encode_request(const struct wire_service *s, const struct wire_op *op,
                         enum wire_protocol protocol, const void *input, struct arena *a,
                         struct wire_message *m);
struct wire_answer {
    str error_code, error_message; /* absent: success */
    const struct error *error;     /* modelled, or NULL */
};
MUST_USE bool wire_decode_response(const struct wire_service *s, const struct wire_op *op,
                                   enum wire_protocol protocol, const struct wire_message *m,
                                   struct arena *a, void *output, void *error_members,
                                   struct wire_answer *answer, struct wire_problem *problem);

/* ---- event streams: application/vnd.amazon.eventstream framing ---- */
enum wire_event_header_type { WIRE_EVENT_TRUE, WIRE_EVENT_FALSE, WIRE_EVENT_BYTE, WIRE_EVENT_SHORT,
                              WIRE_EVENT_INT, WIRE_EVENT_LONG, WIRE_EVENT_BYTES, WIRE_EVENT_STRING,
                              WIRE_EVENT_TIME, WIRE_EVENT_UUID };
struct wire_event_header {
    str name;
    u8 type;
    i64 number;
    str value;
};
void wire_event_frame(struct buf *out, const struct wire_event_header *headers, size_t n, str payload);
/* true: one frame was taken from *bytes. false: more is needed, or *broken. */
bool wire_event_unframe(str *bytes, struct arena *a, struct wire_event_header **headers, size_t *n,
                        str *payload, bool *broken);
/* One member of an event-stream union as a frame; `event` is the union struct with that member set. */
void wire_encode_event(const struct wire_service *s, u16 union_shape, enum wire_protocol protocol,
                       const void *event, struct arena *a, struct buf *out);
/* The frame that RPC protocols send first: the output struct without its event stream. */
void wire_encode_initial_response(const struct wire_service *s, const struct wire_op *op,
                                  enum wire_protocol protocol, const void *output, struct arena *a,
                                  struct buf *out);

#endif
