/* The account as an issuer of web identity tokens: what its row tells, and what anybody may read of it. */
#ifndef BRUME_IAM_TOKEN_ISSUER_H
#define BRUME_IAM_TOKEN_ISSUER_H

#include "cloud/identity.h"
#include "records.h"

/* False: it has never been enabled. */
bool token_issuer_load(struct txn *t, struct arena *a, str account, struct token_issuer *issuer);
void token_issuer_save(struct call *c, const struct token_issuer *issuer);
/* An id and keys; takes a while. */
struct token_issuer token_issuer_new(struct call *c);
/* Where it is found by those who come to brume at base_url. */
str token_issuer_url(struct arena *a, str base_url, str id);

/* Of struct identity_door. */
bool iam_token_issuer(struct txn *t, struct arena *a, str account, str algorithm, struct identity_token_issuer *issuer);

#endif
