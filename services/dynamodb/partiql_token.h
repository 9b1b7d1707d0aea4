/* Private to PartiQL: the tokens of a statement. */
#ifndef BRUME_DYNAMODB_PARTIQL_TOKEN_H
#define BRUME_DYNAMODB_PARTIQL_TOKEN_H

#include "cloud/cloud.h"

enum token_ql_kind {
    END,
    WORD,   /* bare identifier or keyword */
    NAME,   /* "quoted" */
    STRING, /* 'quoted' */
    NUMBER,
    SIGN,
    STRAY, /* what begins no token, or does not end, or is a number out of reach */
};

struct token_ql {
    u8 kind;
    u16 sign; /* one character, or two: first | second << 8 */
    str text; /* without quotes; what was doubled is single */
    u32 start, end;
};

#define TWO(a, b) ((a) | (b) << 8)

/* The token at or behind the byte; space and comments are passed over. */
struct token_ql ql_token(struct arena *a, str text, u32 at);
/* "2:14:3": line and column, in characters from 1, and length of a token, as AWS points at it. */
str ql_position(struct arena *a, str text, const struct token_ql *token);
/* No names unless they are quoted, in any case. Of a reserved word where a term is to be AWS says "Unexpected keyword". */
bool ql_word_is_reserved(str word);
bool ql_word_is_keyword(str word);  /* ... of these it says other things */
bool ql_word_is_function(str word); /* reserved, but for calls */

#endif
