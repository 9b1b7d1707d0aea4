/* What the user may set. Weight: flag, then environment (BRUME_*), then file, then default. One table
 * (config.c) names every option; flags, variables, file, --help and the manual page come from it. */
#ifndef BRUME_CONFIG_H
#define BRUME_CONFIG_H

#include "base/arena.h"
#include "sys/sys.h"

struct config {
    const char *data;   /* directory; NULL before config_finish when nobody named one */
    bool ephemeral;
    const char *listen; /* address */
    i64 port;
    bool tls;
    i64 log;            /* enum log_level */
    i64 loops;          /* 0: one per core */
    i64 zones;
    const char *region; /* of `env`, `run` */
    const char *file;   /* the configuration file */
    const char *smtp, *smtp_user, *smtp_from; /* server, who we are there, sender of mails; NULL: mails stay here, nobody, their own */
    const char *duckdb; /* its library; NULL: where the machine's loader finds it */
    /* of single commands */
    const char *account;
    bool coalesce, man;
    const char *smtp_password; /* BRUME_SMTP_PASSWORD */
    const char *root_passphrase; /* BRUME_ROOT_PASSPHRASE: seals DATA/root.key */
    const char *root_access_key, *root_secret; /* BRUME_ROOT_ACCESS_KEY_ID, BRUME_ROOT_SECRET_ACCESS_KEY */
    /* Where each value came from, by place in the table: later, lighter sources leave it alone. */
    u64 set;
};

enum option_kind { OPTION_TEXT, OPTION_SWITCH, OPTION_NUMBER, OPTION_LEVEL };
struct option {
    const char *name;     /* "port": --port, BRUME_PORT, port = ... */
    const char *argument; /* how help calls its value; NULL: a switch */
    const char *command;  /* the only command that has it, NULL: all. Such are flags only. */
    u8 kind;              /* enum option_kind */
    u16 offset;           /* in struct config */
    i64 least, most;      /* of a number */
    const char *help;
};
extern const struct option options[];
extern const size_t option_count;

/* What remains of the command line when the options are taken out. */
struct arguments {
    const char *command; /* NULL: none given */
    const char *const *v;
    int n;
};

/* Reads argv, then the environment, then the file, then fills in defaults. False: *problem is a line
 * for the user that ends with what to do. Strings live in `a` or in argv and the environment. */
bool config_read(struct arena *a, int argc, char **argv, struct config *config, struct arguments *arguments, str *problem);

/* The parts, each testable alone. */
bool config_read_flags(struct arena *a, int argc, char **argv, struct config *config, struct arguments *arguments, str *problem);
bool config_read_environment(struct arena *a, char **environment, struct config *config, str *problem);
/* `key = value` lines; '#' begins a comment; blank lines. */
bool config_read_text(struct arena *a, str text, const char *path, struct config *config, str *problem);

/* Is this option set by flag, environment or file (not by default)? */
bool config_was_set(const struct config *config, const char *name);
/* The name nearest to a misspelt one; NULL if none is near. `names`: returns the i-th name, NULL at the end. */
const char *nearest_name(str wrong, const char *(*names)(size_t i));

#endif
