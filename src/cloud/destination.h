/* API destinations of EventBridge, for rooms that call one as EventBridge does (Pipes): by its connection and at its rate,
 * from an outbox row that the room of EventBridge works off. One call: whether it is worth another is the asker's to say.
 * What came of it is a task of the asker's own kind, with a struct destination_answer as payload. */
#ifndef BRUME_DESTINATION_H
#define BRUME_DESTINATION_H

#include "store/record.h"
#include "store/store.h"

struct destination_call {
    str destination; /* ARN; that the caller may, the asker has seen to (events:InvokeApiDestination) */
    str body;
    struct record_pairs path_values /* the values */, headers, query;
    str answer_kind, answer_key; /* the task; its key is the call's too: a second one of that name replaces it */
    i64 attempts; /* private: a token of OAuth that has passed is fetched, and the call made again */
};
enum { DESTINATION_NO_ANSWER = 0, DESTINATION_NO_TOKEN = -1, DESTINATION_GONE = -2 };
struct destination_answer {
    i64 status; /* of HTTP, or one of these */
    str body;   /* up to 6 MiB */
    str why;    /* in words; absent at 2xx */
};

void destination_call_begin(struct txn *t, struct arena *a, const struct destination_call *call);
struct destination_answer destination_answer_read(struct arena *a, const struct task *task);

/* For the room of EventBridge. */
extern const struct record_type destination_call_record, destination_answer_record;

#endif
