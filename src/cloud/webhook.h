/* Webhooks: what others post to /_brume/webhook/ACCOUNT/REGION/NAME, signed by a secret that both sides know, without
 * an access key. The front names the room that takes them (cloud_config.webhooks). */
#ifndef BRUME_WEBHOOK_H
#define BRUME_WEBHOOK_H

#include "store/store.h"

struct webhook {
    str account, region, name; /* of the path */
    str body;
    str (*header)(const void *request, str name); /* absent: it has none */
    const void *request;
};
struct webhook_door {
    /* The status of the answer. First on a snapshot, where nothing is done: 0 says that it may be taken; then, of
     * those, in the writer. */
    int (*take)(struct txn *t, const struct webhook *w, i64 now_ms);
    /* The secret of a name: `wish`, or (absent) the one that is there, or a new one. False: there is no such name. */
    bool (*secret)(struct txn *t, const struct webhook *w, str wish, str *secret);
};

struct admin_call;
void webhook_take(struct admin_call *c);
void webhook_open(struct admin_call *c); /* ?account=&region=&name=&secret= */

#endif
