/* Private to src/wire: the parts of a REST request and answer that are not the body. */
#ifndef BRUME_WIRE_REST_H
#define BRUME_WIRE_REST_H

#include "text/form.h"
#include "wire/codec.h"

enum {
    REST_QUERY_PAIRS_MAX = 10000,
    REST_QUERY_MAP_MAX = 1000, /* distinct names in a map of all parameters */
};

/* rest.c: what makes the body. The payload member, if there is one, else all members in the body. */
const struct wire_member *rest_payload(const struct coding *c, const struct wire_shape *shape);
bool rest_has_body_members(const struct coding *c, const struct wire_shape *shape);
bool rest_streams(const struct coding *c, const struct wire_member *m);

/* rest_media.c: is the body of a type that the operation reads (else 415), and may the answer be of
 * the type that it has (else 406)? */
bool rest_check_media(struct coding *c, const struct wire_op *op, const struct wire_message *m);

/* rest_uri.c: labels and query string. The raw path is matched, then labels are decoded, so that an
 * encoded '/' stays inside of its label and a greedy label keeps "//", "." and "..". */
bool rest_read_uri(struct coding *c, const struct wire_op *op, const struct wire_message *m, void *input);
void rest_write_uri(struct coding *c, const struct wire_op *op, const void *input, struct wire_message *m);

/* rest_header.c: members in headers and in prefixed headers, of requests, answers and errors. */
bool rest_read_headers(struct coding *c, const struct wire_shape *shape, const struct wire_message *m,
                       void *structure);
void rest_write_headers(struct coding *c, const struct wire_shape *shape, const void *structure,
                        struct wire_message *m);

/* rest_error.c */
void rest_write_error(struct coding *c, const struct wire_op *op, const struct wire_fault *fault,
                      str request_id, struct wire_message *m);
bool rest_read_error(struct coding *c, const struct wire_message *m, void *members,
                     struct wire_answer *answer);
void rest_add_request_id(struct coding *c, str request_id, struct wire_message *m);
void rest_add_content_type(struct coding *c, struct wire_message *m, str type); /* unless there is one */
str rest_document_type(const struct coding *c); /* application/xml or application/json */
static inline bool rest_speaks_xml(const struct coding *c) { return c->protocol == WIRE_REST_XML; }

/* Any part whose text does not fit its member. */
bool rest_refuse(struct coding *c, const struct wire_member *m, str text);

#endif
