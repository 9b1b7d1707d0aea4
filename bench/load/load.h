/* The load generator: signed requests over keep-alive connections, from one thread, against brume and
 * its peers alike. Requests are signed before the measurement wherever their text is known by then, else while answers
 * are waited for. */
#ifndef BRUME_LOAD_H
#define BRUME_LOAD_H

#include "base/arena.h"

enum { ANSWER_MAX = 16384 }; /* of a kept answer: head and the begin of the body */

struct target {
    const char *address; /* IPv4 */
    int port, pid;       /* pid: of the server, for its CPU time and memory; 0: not asked */
    str access_key, secret, region;
};

/* A request ready to be sent. The body is `piece` as often as it takes. */
struct request {
    str head, piece;
    u64 body_bytes;
    bool bodyless; /* HEAD: the answer announces a body that does not come */
};

struct signing { /* what a request is made of */
    const struct target *target;
    const char *service, *method;
    str path, query; /* as sent; query absent: none */
    const char *content_type, *operation; /* NULL: none; operation is X-Amz-Target */
    str body;
    u64 body_bytes; /* more than body.n: the body repeats and goes UNSIGNED-PAYLOAD */
    str body_hash;  /* hex SHA-256 of it, where it is known already */
    bool close;
};
struct request request_sign(struct arena *a, const struct signing *s);

struct answer {
    int status;
    str text; /* head and the begin of the body; valid until the connection's next request */
    str body;
    u64 body_bytes;
};
/* One exchange on a connection of its own, waiting. False: no answer. */
bool exchange(struct arena *a, const struct target *t, const struct request *r, struct answer *answer);

/* ---- workloads ---- */
struct step { /* a connection's place in a cycle */
    struct arena arena;
    int number;
    str receipt;
    u64 item;
};
struct workload {
    const char *name, *service;
    /* Makes queues, buckets, objects and the pool of requests. False: this server cannot do it; says so. */
    bool (*prepare)(struct workload *w);
    const char *operation; /* of SQS */
    u64 object_bytes;
    /* Makes the next request in the step's arena; NULL: they come out of the pool. */
    const struct request *(*make)(struct workload *w, struct step *s, struct request *made);
    /* of a run */
    const struct target *target;
    struct arena arena;
    struct request *pool;
    size_t pool_size, next;
    str queue_url, body;
    u64 given_bytes;    /* --bytes; 0: not given */
    u64 objects, first; /* --objects: how many the bucket or table has; --first: where new ones, or those to delete, begin */
    str *hashes;        /* of objects.c: of bodies, by their length */
    char problem[256];
};
struct workload *workload_named(const char *name);
bool workload_bucket(struct workload *w); /* makes the bucket */
/* Before the measurement; any of two statuses will do. False: says so. */
bool workload_ask(struct workload *w, struct signing s, int other_status, struct answer *answer);
/* NULL: the connection is at the end of what it had to do. */
const struct request *workload_next(struct workload *w, struct step *s, struct request *made);
void workload_answered(struct workload *w, struct step *s, const struct answer *answer);

/* ---- objects.c ---- */
bool objects_prepare(struct workload *w);
#define OBJECTS_MAKE(name) const struct request *objects_##name(struct workload *w, struct step *s, struct request *made)
OBJECTS_MAKE(put);
OBJECTS_MAKE(get);
OBJECTS_MAKE(delete);
OBJECTS_MAKE(mixed);
OBJECTS_MAKE(list_first);
OBJECTS_MAKE(list_middle);
OBJECTS_MAKE(list_groups);

/* ---- items.c ---- */
bool items_prepare(struct workload *w);
#define ITEMS_MAKE(name) const struct request *items_##name(struct workload *w, struct step *s, struct request *made)
ITEMS_MAKE(fill);
ITEMS_MAKE(put);
ITEMS_MAKE(a);
ITEMS_MAKE(b);
ITEMS_MAKE(c);
ITEMS_MAKE(d);
ITEMS_MAKE(e);
ITEMS_MAKE(f);

/* ---- runs ---- */
struct run {
    const struct target *target;
    struct workload *workload;
    int connections;
    double seconds;
    u64 count; /* instead of seconds: so many requests in all */
};
int run_load(const struct run *run);

struct usage {
    double cpu_s;
    u64 rss_kib, anon_kib;
};
struct usage usage_of(int pid); /* of the process and its children */

/* Starts `command`, asks until the first signed answer, `rounds` times; prints the median. */
int run_start(struct target *t, const char *probe, int rounds, double idle_s, bool kill_hard, char **command);
/* Holds idle connections until standard input ends; says "held N". */
int run_idle(const struct target *t, int connections);

#endif
