/* Validation from the descriptors: required, length, range, pattern, enum, union, deep.
 *
 * Two forms of the message exist. AWS's older services, most of them, speak in Java's terms:
 *
 *   2 validation errors detected: Value null at 'queueName' failed to satisfy constraint: Member must
 *   not be null; Value 'x y' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy
 *   regular expression pattern: [a-z]+
 *
 * and what breaks a constraint of a list's element or a map's key or value is told of the list or map:
 * "Value '[a, b]' at 'names' failed to satisfy constraint: Member must satisfy constraint: [...]". The
 * newer ones are Smithy's: "1 validation error detected. Value at '/tags/0/key' failed to ...".
 * Sources: answers of AWS recorded in tests/data/aws-recorded; Smithy's malformed-request tests. */
#ifndef BRUME_WIRE_VALIDATE_H
#define BRUME_WIRE_VALIDATE_H

#include "wire/wire.h"

enum wire_violation_kind { WIRE_MISSING, WIRE_LENGTH_MIN, WIRE_LENGTH_MAX, WIRE_RANGE_MIN, WIRE_RANGE_MAX,
                           WIRE_PATTERN, WIRE_ENUM, WIRE_UNION_EMPTY, WIRE_UNION_MANY };
enum wire_violation_place { WIRE_OF_MEMBER, WIRE_OF_ELEMENT, WIRE_OF_KEY, WIRE_OF_VALUE };
struct wire_violation {
    u8 kind, place;
    str path;    /* AWS's form: "queueUrl", "entries.1.member.id"; of an element, key or value its holder's */
    str pointer; /* JSON pointer: "/QueueUrl", "/Entries/0/Id" */
    str value;   /* of what `path` names, as AWS prints it; absent if it is null or sensitive */
    u64 length;  /* of what `pointer` names; for lengths */
    bool unlisted; /* set by the caller: AWS's words without the members of an enum */
    const struct wire_constraint *constraint;
};
/* Up to `max` violations, missing members first; their number. `value` is the shape's struct. What it
 * does not look at: streamed bodies, event streams, anything nested deeper than 128. */
size_t wire_validate(const struct wire_service *s, u16 shape, const void *value, struct arena *a,
                     struct wire_violation *violations, size_t max);
/* "2 validation errors detected: Value '...' at '...' failed to satisfy constraint: Member must ..." */
str wire_validation_message(struct arena *a, const struct wire_service *s,
                            const struct wire_violation *violations, size_t n);
/* Smithy's form: of all, and of one (smithy.framework#ValidationExceptionField's message). */
str wire_validation_message_smithy(struct arena *a, const struct wire_service *s,
                                   const struct wire_violation *violations, size_t n);
str wire_violation_smithy(struct arena *a, const struct wire_service *s, const struct wire_violation *v);

#endif
