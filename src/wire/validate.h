/* Validation from the descriptors: required, length, range, pattern, enum, deep. */
#ifndef BRUME_WIRE_VALIDATE_H
#define BRUME_WIRE_VALIDATE_H

#include "wire/wire.h"

enum wire_violation_kind { WIRE_MISSING, WIRE_LENGTH_MIN, WIRE_LENGTH_MAX, WIRE_RANGE_MIN, WIRE_RANGE_MAX,
                           WIRE_PATTERN, WIRE_ENUM, WIRE_UNION_EMPTY, WIRE_UNION_MANY };
struct wire_violation {
    u8 kind;
    str path;  /* AWS's form: "queueUrl", "entries.1.member.id" */
    str value; /* as AWS prints it */
    const struct wire_constraint *constraint;
};
/* Up to `max` violations in AWS's order (missing members first); the count found. */
size_t wire_validate(const struct wire_service *s, u16 shape, const void *value, struct arena *a,
                     struct wire_violation *violations, size_t max);
/* "2 validation errors detected: Value '...' at '...' failed to satisfy constraint: Member must ..." */
str wire_validation_message(struct arena *a, const struct wire_service *s,
                            const struct wire_violation *violations, size_t n);

#endif
