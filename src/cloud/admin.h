/* The frame for administrative calls: rows of a table, run on a worker, signed as root. */
#ifndef BRUME_ADMIN_H
#define BRUME_ADMIN_H

#include "cloud/boot.h"

struct admin_command;
struct principal;
struct admin_call {
    const struct admin_command *command;
    struct cloud *cloud;
    struct arena *arena;
    const struct principal *principal;
    str query, body; /* raw */
    str rest; /* of the path, behind the name of an unsigned call */
    const struct http_request *request;
    struct buf answer; /* JSON */
    int status;
    str problem; /* set: the call failed; says what to do next */
};
struct admin_command {
    const char *method, *name; /* POST /_brume/<name> */
    void (*run)(struct admin_call *c); /* may block */
    bool open; /* for anybody: it checks by itself who calls; a path may stand behind its name */
};
/* commands.c */
extern const struct admin_command admin_commands[];
extern const size_t admin_command_count;

#endif
