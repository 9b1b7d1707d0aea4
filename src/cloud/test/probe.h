/* A cloud over a real store with a service of the test's own: SQS's description with other handlers. */
#ifndef BRUME_CLOUD_TEST_PROBE_H
#define BRUME_CLOUD_TEST_PROBE_H

#include "cloud/boot.h"
#include "cloud/flight.h"
#include "gen/sqs.h"
#include "store/test/place.h"

#include <fcntl.h>
#include <sys/wait.h>

#define MINE "000000000000"

struct probe {
    struct place place;
    struct cloud *cloud;
};

static inline void probe_open(struct probe *p) {
    static bool registered;
    if (!registered) store_register_tasks(cloud_task_kinds);
    registered = true;
    place_make(&p->place);
    place_open(&p->place);
    p->cloud = cloud_open(&p->place.boot, &(struct cloud_config){.store = p->place.store, .version = "test", .builtin_keys = true});
}

static inline void probe_close(struct probe *p) {
    cloud_close(p->cloud);
    place_drop(&p->place);
}

/* A call of the root user of `account`, as the stages would have begun it. */
static inline struct call *probe_call(struct probe *p, struct txn *t, const struct service *service, u16 op, str account, str region) {
    struct arena *a = txn_arena(t);
    struct call *c = NEW(a, struct call);
    struct principal *root = NEW(a, struct principal);
    *root = principal_root(a, account, S("test"));
    *c = (struct call){.arena = a, .txn = t, .service = service, .op = &service->wire->ops[op], .account = account, .region = region,
                       .principal = root, .request_id = id_uuid(a), .now_ms = store_now_ms(p->place.store), .cloud = p->cloud};
    return c;
}

/* Runs a function of the test as one write. */
static inline err probe_write(struct probe *p, err (*run)(void *context, struct txn *t)) {
    struct arena a = {0};
    err e = store_write(p->place.store, &a, run, p);
    arena_free(&a);
    return e;
}

/* Does this end the process? Asserts must: a child tries. */
static inline bool ends_the_process(void (*run)(void *context), void *context) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int fd = open("/dev/null", O_WRONLY);
        dup2(fd, 2);
        run(context);
        _exit(0);
    }
    int status = 0;
    ASSERT(waitpid(child, &status, 0) == child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

#endif
