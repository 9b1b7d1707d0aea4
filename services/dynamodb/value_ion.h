/* Items as Amazon Ion text, as exports write and imports read them: numbers are decimals, binaries blobs, sets lists
 * with the annotation $dynamodb_SS, _NS or _BS. And items as JSON with types, read by the same hand. */
#ifndef DYNAMODB_VALUE_ION_H
#define DYNAMODB_VALUE_ION_H

#include "services/dynamodb/value.h"

void item_write_ion(struct arena *a, struct buf *out, const struct value *item);
/* {Item:{...}}: its attributes, not yet checked (item_of_wire). False: no such text. */
MUST_USE bool item_read_ion(struct arena *a, str text, struct dynamodb_attribute_map *item);
MUST_USE bool item_read_json(struct arena *a, str text, struct dynamodb_attribute_map *item);

#endif
