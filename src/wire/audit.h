/* Inputs and outputs as CloudTrail records them. */
#ifndef BRUME_WIRE_AUDIT_H
#define BRUME_WIRE_AUDIT_H

#include "base/arena.h"
#include "wire/desc.h"

/* A structure as JSON: member names begin in lower case (S3's are those of the wire), times stand as AWS writes them there ("Nov 22, 2026,
 * 1:02:03 AM"), what the description marks sensitive is replaced by a word, bytes are left out. */
void wire_audit(const struct wire_service *s, u16 shape, const void *value, struct arena *a, struct buf *out);

#endif
