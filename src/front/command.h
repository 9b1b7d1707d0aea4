/* One frame for the commands of the program: a row of the table in commands.c is a command, its help
 * and its section of the manual page. */
#ifndef BRUME_COMMAND_H
#define BRUME_COMMAND_H

#include "front/config.h"

/* Exit statuses; the manual page lists them (help.c). */
enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_SERVER = 3 };

struct front {
    struct arena *arena;
    struct config config;
    struct arguments arguments;
};

struct command {
    const char *name;
    const char *arguments; /* as the usage line shows them */
    const char *summary;   /* one line, no full stop */
    const char *text;      /* help and manual page: paragraphs, 78 columns */
    int (*run)(struct front *f); /* the process's exit status */
};
extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(const char *name); /* NULL: none */
const char *command_nearest(const char *name);        /* NULL: none is near */

/* The i-th word behind the command; absent: there is none. */
static inline str argument(const struct front *f, int i) { return i < f->arguments.n ? str_of(f->arguments.v[i]) : (str){0}; }

/* One line on standard error; returns `status`. Errors say what to do next. */
PRINTF(2, 3) int complain(int status, const char *format, ...);
/* The command was called in a way that it does not know: its usage line. EXIT_USAGE. */
int wrong_usage(const struct front *f);

/* Runs, a file each. */
int run_serve(struct front *f);
int run_env(struct front *f);
int run_run(struct front *f);
int run_status(struct front *f);
int run_clock(struct front *f);
int run_fault(struct front *f);
int run_scrub(struct front *f);
int run_lab(struct front *f);
int run_usage(struct front *f);
int run_outbox(struct front *f);
int run_webhook(struct front *f);
int run_snapshot(struct front *f);
int run_reset(struct front *f);
int run_coverage(struct front *f);
int run_version(struct front *f);
int run_help(struct front *f);

#endif
