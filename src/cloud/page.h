/* Pages: what a room shows to anybody by plain GET, without a signature, as AWS does beside its APIs: the
 * certificate of SNS, keys of token issuers. The front lists them (cloud_config.pages). */
#ifndef BRUME_PAGE_H
#define BRUME_PAGE_H

#include "store/store.h"

struct page_answer {
    str content_type, body;
};
struct page {
    const char *prefix; /* of the path: "/SimpleNotificationService-" */
    /* On a snapshot. False: there is no such page, and the path is looked at as any other. */
    bool (*answer)(struct txn *t, struct arena *a, str path, struct page_answer *answer);
};

#endif
