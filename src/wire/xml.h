/* Private to src/wire: values as XML elements, for restXml, awsQuery's and ec2Query's answers. */
#ifndef BRUME_WIRE_XML_H
#define BRUME_WIRE_XML_H

#include "text/xml.h"
#include "wire/codec.h"

/* The element's content into a value; leaves the element. False: a problem is set, of the codec's
 * making; what is wrong with the document itself sticks in the reader. */
bool xml_read_value(struct coding *c, struct xml_reader *r, const struct xml_element *e, u16 shape,
                    void *value);
/* After the root has been read: true if the document was whole, else a problem is set. */
bool xml_read_end(struct coding *c, struct xml_reader *r);
/* The set body members of a structure, one element each, but not the one named `except`. */
void xml_write_members(struct coding *c, u16 shape, const void *structure, str except,
                       struct buf *out);

/* <Type>Sender</Type> if asked for, <Code>, <Message>, then the modelled error's other members. */
void xml_write_error_members(struct coding *c, const struct wire_fault *fault, bool with_type,
                             struct buf *out);
/* The error in a client's hands: <ErrorResponse>, ec2's <Response>, or S3's bare <Error>. */
bool xml_read_error(struct coding *c, const struct wire_message *m, void *members,
                    struct wire_answer *answer);
/* xmlns="..." of the service on an element that has just been opened. */
void xml_write_service_namespace(struct coding *c, struct buf *out);

/* The member's element name in this protocol, and whether its list or map has no element of its own. */
str xml_member_name(const struct coding *c, const struct wire_member *m);
bool xml_member_is_flat(const struct coding *c, const struct wire_member *m);
/* What repeats for a flattened list or map. */
str xml_flat_name(const struct coding *c, const struct wire_member *m);

#endif
