/* SQL text as tokens. */
#ifndef S3_SELECT_TOKEN_H
#define S3_SELECT_TOKEN_H

#include "services/s3/select_sql.h"

enum sql_token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_ION, TOKEN_OPERATOR };
struct sql_token {
    u8 kind;  /* enum sql_token_kind */
    str text; /* of texts and quoted names without their quotes, doubled ones made one */
};
/* Takes the next from *rest. */
enum sql_problem sql_token_next(struct arena *a, str *rest, struct sql_token *token);

#endif
