/* Private to src/wire: the dotted names of awsQuery and ec2Query ("Entry.2.Name") and values. */
#ifndef BRUME_WIRE_QUERY_H
#define BRUME_WIRE_QUERY_H

#include "text/form.h"
#include "wire/codec.h"

enum {
    QUERY_PAIRS_MAX = 100000, /* parameters of a request */
    QUERY_INDEX_MAX = 1 << 24 /* a list's index; indices are sorted, never used as places */
};

bool query_read_pairs(struct coding *c, const struct form *form, u16 shape, void *structure);
void query_write_pairs(struct coding *c, u16 shape, const void *structure, struct buf *out);

#endif
