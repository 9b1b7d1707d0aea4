/* The query language of CloudWatch Logs Insights: a query is compiled once, then events are fed to it in order of
 * time and rows come out at its end. Nothing here knows of stores and calls.
 *
 * Memory is bounded: rows are kept only as many as the query can still answer with, and groups, distinct values and
 * percentiles are counted by sketches beyond some thousands. A run that still passes its maximum fails. */
#ifndef BRUME_LOGS_INSIGHTS_H
#define BRUME_LOGS_INSIGHTS_H

#include "cloud/cloud.h"

struct insights_query;
struct insights_problem {
    str message;
    size_t start, end; /* bytes of the query's text */
};
/* NULL: it is no query, and *problem says why. The arena must live as long as the query and belong to one thread. */
MUST_USE struct insights_query *insights_compile(struct arena *a, str text, struct insights_problem *problem);

/* It asks to see what is masked. */
bool insights_unmasks(const struct insights_query *q);

/* The limit that the query itself sets at its end; 0: none. */
u32 insights_limit(const struct insights_query *q);

/* SOURCE logGroups(namePrefix: [...], class: [...]) at the query's begin: which groups it asks for by itself. */
struct insights_source {
    bool given;
    str prefixes[5], classes[2]; /* classes: none given, all */
    u32 prefix_count, class_count;
};
const struct insights_source *insights_source(const struct insights_query *q);

/* Bytes that stand in the message of every event that matters, for a quick look beforehand; absent: none are known. */
str insights_literal(const struct insights_query *q);

/* ---- indexes of fields: which values stand in a block of events. One may say yes wrongly, but never no. ---- */
struct insights_event;
struct insights_indexer;
struct insights_indexer *insights_indexer_new(struct arena *a, const str *fields, u32 n); /* up to 20 */
void insights_index_add(struct insights_indexer *x, const struct insights_event *e);
/* The index over what was added, in the arena; the next one begins. */
str insights_index_end(struct insights_indexer *x, struct arena *a);
struct insights_span { /* of the events in which a field was found, over all indexes */
    str name;
    bool found;
    i64 first_ms, last_ms;
};
const struct insights_span *insights_indexed(const struct insights_indexer *x, u32 i); /* NULL behind the last */

/* False: no event of what the index is over matters. */
bool insights_index_may_hold(const struct insights_query *q, str index);
/* The i-th field of the query's filterIndex commands: groups without an index of it are left out. False: no more. */
MUST_USE bool insights_by_index(const struct insights_query *q, u32 i, str *field);

/* Queries within the query, of `in (SOURCE 'group' | ...)` and `join ... (SOURCE 'group' | ...)`: each is run first, over its
 * own group and the time of the whole, and what it answered is given to the whole. The i-th; NULL: no more. */
struct insights_query *insights_inner(const struct insights_query *q, u32 i, str *group);
struct insights_answer;
void insights_inner_give(struct insights_query *q, u32 i, const struct insights_answer *answer);
enum { INSIGHTS_INNER_ROWS = 50000 }; /* of one */

struct insights_event {
    i64 timestamp_ms, ingested_ms;
    str message, stream;
    str log; /* "123456789012:/aws/lambda/one" */
    const void *source; /* for insights_config.pointer */
    str transformed;    /* by a transformer, absent: not; fields are found in it then */
    str transformation_error;
};
struct insights_config {
    u32 rows;      /* at most in the answer */
    size_t memory; /* bytes; 0: 256 MiB */
    i64 now_ms;
    /* @ptr of an event; asked only for rows that may be answered. */
    str (*pointer)(const struct insights_event *e, struct arena *a);
};
struct insights_run;
struct insights_run *insights_start(struct arena *a, struct insights_query *q, const struct insights_config *config);
/* False: more memory would be needed than there may be, or the event does not matter any more; insights_finish tells. */
bool insights_feed(struct insights_run *run, const struct insights_event *e);

struct insights_field {
    str name, value;
};
struct insights_result {
    struct insights_result *next;
    struct insights_field *fields;
    u32 n;
};
struct insights_answer {
    struct insights_result *first;
    u32 rows;
    u64 matched; /* events that passed the filters */
};
/* False: the run passed its memory. */
MUST_USE bool insights_finish(struct insights_run *run, struct insights_answer *answer);
/* What there would be if the scan ended now: the events that matched. */
u64 insights_matched(const struct insights_run *run);

/* All that is known of one event: its own fields, and those that are found in its message. */
struct insights_answer insights_all_fields(struct arena *a, const struct insights_event *e, str pointer);

#endif
