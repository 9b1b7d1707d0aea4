/* Pages: what a room shows to anybody by plain GET, without a signature, as AWS does beside its APIs: the
 * certificate of SNS, keys of token issuers. The front lists them (cloud_config.pages). */
#ifndef BRUME_PAGE_H
#define BRUME_PAGE_H

#include "store/store.h"

struct call;

struct page_answer {
    str content_type, body;
};
struct page {
    const char *prefix; /* of the path: "/SimpleNotificationService-" */
    /* On a snapshot. False: there is no such page, and the path is looked at as any other. */
    bool (*answer)(struct txn *t, struct arena *a, str path, struct page_answer *answer);
};

/* The site: what one room shows to browsers at hosts of its own, without signatures (S3's website endpoints). Such a
 * request is a call of one of the room's operations by nobody, whose answer the room makes: headers and body of
 * an output, or a page of its own. */
struct site_request {
    const void *in; /* the operation's input as the headers say it: the room puts the name of the object in */
    str path;       /* decoded, without the first slash */
    str query;      /* raw; absent if none */
    str scheme, host, method;
};
struct site_answer {
    int status;
    err error;       /* what it is by the books */
    void *out;      /* the operation's output, whose headers and body are the answer; or NULL: */
    str page;        /* HTML; further headers by answer_header() */
};
struct site {
    const char *service, *operation;
    /* On a snapshot, in a call of nobody. The room asks the gate itself. */
    void (*answer)(struct call *c, const struct site_request *request, struct site_answer *answer);
};

#endif
