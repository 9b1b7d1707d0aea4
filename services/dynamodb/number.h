/* Numbers as DynamoDB has them: decimals of up to 38 significant digits, magnitudes from 1E-130 to
 * 9.99...E+125, and zero ("Data types: Number" of the developer guide). Exact; no floating point.
 *
 * Own code, since a library would be larger than the need: 38 digits fit 128 bits, and of arithmetic
 * DynamoDB has addition and subtraction only. */
#ifndef DYNAMODB_NUMBER_H
#define DYNAMODB_NUMBER_H

#include "cloud/cloud.h"
#include "gen/dynamodb.h"

__extension__ typedef unsigned __int128 u128;

enum { NUMBER_DIGITS_MAX = 38, NUMBER_EXPONENT_MAX = 125, NUMBER_EXPONENT_MIN = -130 };

/* (negative ? -1 : 1) * coefficient * 10^exponent. Normal form, the only one kept: the coefficient does
 * not end in a zero digit; zero is {0, 0, false}. So equal numbers are equal in every field. */
struct number {
    u128 coefficient;
    i32 exponent;
    bool negative;
};

enum number_fault {
    NUMBER_FINE,
    NUMBER_NOT_ONE,   /* no number at all */
    NUMBER_TOO_LARGE, /* overflow */
    NUMBER_TOO_SMALL, /* underflow */
    NUMBER_TOO_LONG,  /* more than 38 significant digits */
};

/* What DynamoDB takes: [+-] digits [. digits] [e [+-] digits]; no spaces. */
MUST_USE enum number_fault number_parse(str text, struct number *n);
/* ValidationException with AWS's message for a fault. `text`: what was given. */
MUST_USE err number_fail(struct call *c, enum number_fault fault, str text);

/* Plain text as AWS returns it: no exponent, no superfluous zero. */
enum { NUMBER_TEXT_MAX = 176 };
size_t number_print(const struct number *n, char text[NUMBER_TEXT_MAX]);
str number_text(struct arena *a, const struct number *n);

int number_compare(const struct number *x, const struct number *y);
/* x + y, or x - y. The exact result, or why it cannot be stored. */
MUST_USE enum number_fault number_add(const struct number *x, const struct number *y, struct number *sum);
MUST_USE enum number_fault number_subtract(const struct number *x, const struct number *y, struct number *difference);

/* Bytes whose order (memcmp, the shorter first) is the order of numbers; equal numbers have equal bytes.
 * They are AWS's own, so hashes of them put items where AWS puts them. As part of a key: key_str(). */
enum { NUMBER_KEY_MAX = 22 };
size_t number_key(const struct number *n, u8 key[NUMBER_KEY_MAX]);
MUST_USE bool number_of_key(str bytes, struct number *n); /* false: no such bytes */

/* Bytes that count against an item's size: one, one per pair of digits counted from the point,
 * one for a minus. */
u32 number_size(const struct number *n);

#endif
