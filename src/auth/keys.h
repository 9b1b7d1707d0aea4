/* Access keys: the built-in ones, and new ones. Whether a key may be used over this connection is for the
 * cloud to say (the built-in ones only over loopback). */
#ifndef BRUME_KEYS_H
#define BRUME_KEYS_H

#include "auth/principal.h"

struct auth_key {
    str access_key, secret;
    struct principal principal;
};

/* Access key "test" is root of 000000000000, twelve digits are root of that account, both with the
 * secret "test". Honoured over loopback only. */
bool auth_builtin_key(str access_key, struct arena *a, struct auth_key *key);

/* New credentials. The prefix is AKIA for a user's or a root's lasting key and ASIA for temporary
 * ones; 20 and 40 characters. As in AWS's keys, the 40 bits behind the first one name the account
 * (twelve digits). access_key_new is for account 000000000000. */
enum { ACCESS_KEY_LENGTH = 20, SECRET_KEY_LENGTH = 40 };
str access_key_of(struct arena *a, str prefix, str account);
str access_key_new(struct arena *a, str prefix);
/* The account that a key names in its letters; absent: it is no such key. */
str access_key_account(struct arena *a, str access_key);
str secret_key_new(struct arena *a);

#endif
