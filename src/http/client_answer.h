/* Inside the http room: the answer to a call of the client, from wherever its bytes come. */
#ifndef BRUME_CLIENT_ANSWER_H
#define BRUME_CLIENT_ANSWER_H

#include "http/client.h"

#include <sys/types.h>

/* `read` as read(2): 0 at the end; -1: it has set *problem. */
bool client_answer_read(struct arena *a, const struct http_call *call, ssize_t (*read)(void *from, char *to, size_t n), void *from,
                        struct http_answer *answer, str *problem);

#endif
