/* Administrative calls to the running server, signed as root. */
#ifndef BRUME_REMOTE_H
#define BRUME_REMOTE_H

#include "front/command.h"
#include "http/client.h"

/* Where the server is: --listen, --port, --tls if one of them was set, else what DATA/endpoint says, else
 * the defaults. */
str endpoint_url(struct front *f);
/* The CA that an https endpoint is trusted by; NULL for http. */
const char *endpoint_ca(struct front *f, str url);
bool server_answers(struct front *f);
/* DATA/endpoint: written when the server is ready, gone when it has stopped. */
void endpoint_note(struct arena *a, const char *data, str url);
void endpoint_forget(struct arena *a, const char *data);

/* Signs as root, in us-east-1: three headers behind the n that are there; it puts them into the call. False: there is
 * no key, *problem says why. */
bool remote_sign(struct front *f, struct http_call *call, str service, struct http_header *headers, size_t n, str *problem);
/* EXIT_DONE with *answer, the JSON text; anything else has been complained of. */
int remote_call(struct front *f, const char *method, const char *name, str query, i64 timeout_ms, str *answer);
/* One "name  value" line for each value of a JSON object, nested ones with their path. */
void print_values(struct front *f, str json);
/* A single member of a JSON object; absent if none. */
str remote_member(struct front *f, str json, str name);

#endif
