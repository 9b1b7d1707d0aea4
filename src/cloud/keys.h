/* Which keys there are: who an access key belongs to. */
#ifndef BRUME_CLOUD_KEYS_H
#define BRUME_CLOUD_KEYS_H

#include "cloud/flight.h"

enum key_answer { KEY_FOUND, KEY_UNKNOWN, KEY_TOKEN_INVALID, KEY_TOKEN_EXPIRED };
/* The secret and the principal of an access key as this connection may use it.
 *
 * test/test is root of 000000000000 and a 12-digit access key with secret test is root of that account,
 * but only where both ends are loopback, the Host is a loopback name, and no foreign web page speaks:
 * a browser page of another site could sign with a secret that everybody knows, and DNS rebinding
 * could bring it here under its own name. The stored root key is honoured everywhere. */
enum key_answer key_find(struct flight *f, str access_key, str session_token, str *secret,
                         struct principal *principal);
/* Is the key by which the flight was signed still one? Asked again when the policy epoch has moved. */
bool key_still_active(struct flight *f);
/* Notes where and when a user's key was used: by a worker, once a minute. */
void key_mark_used(struct flight *f);

#endif
