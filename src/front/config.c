#include "front/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 10, DISTANCE_MAX = 3, NAME_LONGEST = 40 };

#define FIELD(field) offsetof(struct config, field)
const struct option options[] = {
    {"data", "DIR", NULL, OPTION_TEXT, FIELD(data), 0, 0,
     "the data directory; default $XDG_DATA_HOME/brume or ~/.local/share/brume"},
    {"ephemeral", NULL, NULL, OPTION_SWITCH, FIELD(ephemeral), 0, 0,
     "keep nothing: a temporary directory (in DIR of --data, else in $TMPDIR), removed at the end"},
    {"listen", "ADDRESS", NULL, OPTION_TEXT, FIELD(listen), 0, 0,
     "the address to listen on; default 127.0.0.1. Beyond loopback, test/test is refused: see CREDENTIALS"},
    {"port", "PORT", NULL, OPTION_NUMBER, FIELD(port), 0, 65535, "the port; default 4566; 0 takes any free one"},
    {"tls", NULL, NULL, OPTION_SWITCH, FIELD(tls), 0, 0, "serve HTTPS too, under a CA of brume's own in DATA/tls/ca.pem"},
    {"region", "REGION", NULL, OPTION_TEXT, FIELD(region), 0, 0, "the region that env and run set; default us-east-1"},
    {"zones", "N", NULL, OPTION_NUMBER, FIELD(zones), 1, 8, "availability zones, each with its own directory of object bytes; two copies of each object where there are two; default 1"},
    {"duckdb", "FILE", NULL, OPTION_TEXT, FIELD(duckdb), 0, 0, "DuckDB's library, for services that are asked in SQL; default libduckdb.so where the loader finds it"},
    {"smtp", "HOST:PORT", NULL, OPTION_TEXT, FIELD(smtp), 0, 0, "a mail server for what SNS sends by email; without it mails stay in the outbox"},
    {"smtp-user", "NAME", NULL, OPTION_TEXT, FIELD(smtp_user), 0, 0, "the name by which that server knows brume; its password is BRUME_SMTP_PASSWORD"},
    {"smtp-from", "ADDRESS", NULL, OPTION_TEXT, FIELD(smtp_from), 0, 0, "the sender's address of such mails; default no-reply@sns.amazonaws.com"},
    {"loops", "N", NULL, OPTION_NUMBER, FIELD(loops), 0, 256, "network threads; default 0: one for each processor"},
    {"log", "LEVEL", NULL, OPTION_LEVEL, FIELD(log), 0, 0, "error, warn, info (the default) or debug, on standard error"},
    {"config", "FILE", NULL, OPTION_TEXT, FIELD(file), 0, 0,
     "the configuration file; default $XDG_CONFIG_HOME/brume/brume.conf or ~/.config/brume/brume.conf"},
    {"account", "ID", "reset", OPTION_TEXT, FIELD(account), 0, 0, "only this account's resources"},
    {"coalesce", NULL, "clock", OPTION_SWITCH, FIELD(coalesce), 0, 0,
     "repeating timers that fall due several times fire once, at the end"},
    {"man", NULL, "help", OPTION_SWITCH, FIELD(man), 0, 0, "print the manual page in troff"},
};
const size_t option_count = LENGTH(options);
_Static_assert(LENGTH(options) <= 64, "config.set is a bit set");

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* ---- names and near misses ---- */

static const char *option_names(size_t i) { return i < option_count ? options[i].name : NULL; }

/* Edits between two names; DISTANCE_MAX + 1 when either is longer than any name of ours. */
static size_t distance(str a, str b) {
    size_t row[NAME_LONGEST + 1];
    if (a.n > NAME_LONGEST || b.n > NAME_LONGEST) return DISTANCE_MAX + 1;
    for (size_t j = 0; j <= b.n; j++) row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];
            row[j] = MIN(MIN(above, row[j - 1]) + 1, corner + (a.p[i - 1] != b.p[j - 1]));
            corner = above;
        }
    }
    return row[b.n];
}

const char *nearest_name(str wrong, const char *(*names)(size_t i)) {
    const char *best = NULL, *name;
    size_t least = MIN((size_t)DISTANCE_MAX, wrong.n / 2) + 1;
    for (size_t i = 0; (name = names(i)); i++) {
        size_t d = distance(wrong, str_of(name));
        if (wrong.n >= 2 && str_starts(str_of(name), wrong)) d = MIN(d, 1u);
        if (d >= least) continue;
        least = d;
        best = name;
    }
    return best;
}

static const struct option *option_find(str name) {
    for (size_t i = 0; i < option_count; i++)
        if (str_eq(str_of(options[i].name), name)) return &options[i];
    return NULL;
}

static u64 option_bit(const struct option *o) { return (u64)1 << (o - options); }

bool config_was_set(const struct config *config, const char *name) {
    return config->set & option_bit(option_find(str_of(name)));
}

/* ---- one value ---- */

static bool level_of(str value, i64 *level) {
    for (size_t i = 0; i < LENGTH(level_names); i++)
        if (str_eq(value, str_of(level_names[i]))) return *level = (i64)i, true;
    return false;
}

static bool switch_of(str value, bool *on) {
    *on = str_eq(value, S("true")) || str_eq(value, S("1")) || str_eq(value, S("yes")) || str_eq(value, S("on"));
    return *on || str_eq(value, S("false")) || str_eq(value, S("0")) || str_eq(value, S("no")) || str_eq(value, S("off"));
}

/* `where` names the source for the message. What a heavier source has set stays. */
static bool option_set(struct arena *a, struct config *config, const struct option *o, str value, const char *where, str *problem) {
    i64 number;
    bool on, heavier = config->set & option_bit(o);
    void *field = (char *)config + o->offset;
    switch ((enum option_kind)o->kind) {
    case OPTION_TEXT:
        if (!value.n) {
            *problem = arena_format(a, "%s is empty: give %s a %s or leave it out.", where, o->name, o->argument);
            return false;
        }
        if (!heavier) *(const char **)field = arena_c_string(a, value);
        break;
    case OPTION_SWITCH:
        if (!switch_of(value, &on)) {
            *problem = arena_format(a, "%s is \"%.*s\": say true or false.", where, STR_ARGS(value));
            return false;
        }
        if (!heavier) *(bool *)field = on;
        break;
    case OPTION_NUMBER:
        if (!str_to_i64(value, &number) || number < o->least || number > o->most) {
            *problem = arena_format(a, "%s is \"%.*s\": it must be a number from %lld to %lld.", where, STR_ARGS(value),
                                    (long long)o->least, (long long)o->most);
            return false;
        }
        if (!heavier) *(i64 *)field = number;
        break;
    case OPTION_LEVEL:
        if (!level_of(value, &number)) {
            *problem = arena_format(a, "%s is \"%.*s\": say error, warn, info or debug.", where, STR_ARGS(value));
            return false;
        }
        if (!heavier) *(i64 *)field = number;
        break;
    }
    config->set |= option_bit(o);
    return true;
}

static bool unknown(struct arena *a, const char *where, const char *prefix, str name, str *problem) {
    const char *near = nearest_name(name, option_names);
    *problem = near ? arena_format(a, "%s. Did you mean %s%s? 'brume help' lists all options.", where, prefix, near)
                    : arena_format(a, "%s. 'brume help' lists all options.", where);
    return false;
}

/* ---- flags ---- */

/* "--port 80", "--port=80", "--tls"; *i moves over what was used. */
static bool read_flag(struct arena *a, int argc, char **argv, int *i, struct config *config, u64 *given, str *problem) {
    str value = str_skip(str_of(argv[*i]), 2);
    str name = str_cut(&value, '=');
    const struct option *o = option_find(name);
    const char *flag = arena_c_string(a, arena_format(a, "--%.*s", STR_ARGS(name)));
    if (!o) return unknown(a, arena_c_string(a, arena_format(a, "There is no option %s", flag)), "--", name, problem);
    if (!o->argument && !value.p) value = S("true");
    if (!value.p) {
        if (*i + 1 == argc) {
            *problem = arena_format(a, "%s needs a value: %s %s.", flag, flag, o->argument);
            return false;
        }
        value = str_of(argv[++*i]);
    }
    config->set &= ~option_bit(o); /* given twice: the last one counts */
    *given |= option_bit(o);
    return option_set(a, config, o, value, flag, problem);
}

static bool flags_fit(struct arena *a, u64 given, const char *command, str *problem) {
    for (size_t i = 0; i < option_count; i++) {
        if (!(given >> i & 1) || !options[i].command || (command && strcmp(command, options[i].command) == 0)) continue;
        *problem = arena_format(a, "--%s is an option of 'brume %s' alone.", options[i].name, options[i].command);
        return false;
    }
    return true;
}

/* Options may stand before and behind the command; those behind `run`'s "--" are the program's. */
bool config_read_flags(struct arena *a, int argc, char **argv, struct config *config, struct arguments *arguments, str *problem) {
    const char **rest = NEW_ARRAY(a, const char *, (size_t)argc + 1);
    u64 given = 0;
    *arguments = (struct arguments){.v = rest};
    for (int i = 1; i < argc; i++) {
        str arg = str_of(argv[i]);
        bool running = arguments->command && strcmp(arguments->command, "run") == 0;
        if (str_eq(arg, S("--")) || (running && arg.n && arg.p[0] != '-')) {
            for (i += str_eq(arg, S("--")); i < argc; i++) rest[arguments->n++] = argv[i];
        } else if (str_eq(arg, S("--help")) || str_eq(arg, S("-h"))) {
            if (arguments->command) rest[0] = arguments->command, arguments->n = 1;
            arguments->command = "help";
            return true;
        } else if (str_eq(arg, S("--version")) || str_eq(arg, S("-V"))) {
            arguments->command = "version";
            return true;
        } else if (str_starts(arg, S("--"))) {
            if (!read_flag(a, argc, argv, &i, config, &given, problem)) return false;
        } else if (arg.n > 1 && arg.p[0] == '-') {
            *problem = arena_format(a, "There is no option %s: options have long names, as in --port 4566.", argv[i]);
            return false;
        } else if (!arguments->command) {
            arguments->command = argv[i];
        } else {
            rest[arguments->n++] = argv[i];
        }
    }
    return flags_fit(a, given, arguments->command, problem);
}

/* ---- environment ---- */

static str lower(struct arena *a, str s) {
    char *out = arena_alloc(a, s.n + 1, 1);
    for (size_t i = 0; i < s.n; i++) out[i] = s.p[i] == '_' ? '-' : s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
    return (str){out, s.n};
}

/* Variables that are not ours may begin with BRUME_ too; only what looks like a slip is refused. */
bool config_read_environment(struct arena *a, char **environment, struct config *config, str *problem) {
    for (; *environment; environment++) {
        str value = str_of(*environment), variable = str_cut(&value, '=');
        if (!str_starts(variable, S("BRUME_"))) continue;
        if (str_eq(variable, S("BRUME_ROOT_PASSPHRASE")) && value.n) config->root_passphrase = value.p;
        if (str_eq(variable, S("BRUME_SMTP_PASSWORD"))) config->smtp_password = value.p;
        if (str_eq(variable, S("BRUME_ROOT_ACCESS_KEY_ID"))) config->root_access_key = value.p;
        if (str_eq(variable, S("BRUME_ROOT_SECRET_ACCESS_KEY"))) config->root_secret = value.p;
        str name = lower(a, str_skip(variable, 6));
        const struct option *o = option_find(name);
        const char *where = arena_c_string(a, variable);
        if (o && !o->command) {
            if (value.n && !option_set(a, config, o, value, where, problem)) return false;
        } else if (!str_starts(variable, S("BRUME_ROOT_"))) {
            const char *near = nearest_name(name, option_names);
            const struct option *meant = near ? option_find(str_of(near)) : NULL;
            if (!meant || meant->command || distance(name, str_of(near)) > 2) continue;
            char *upper = arena_c_string(a, str_of(near));
            for (char *c = upper; *c; c++) *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
            *problem = arena_format(a, "The variable %s means nothing to brume. Did you mean BRUME_%s?", where, upper);
            return false;
        }
    }
    if (!config->root_access_key != !config->root_secret) {
        *problem = S("BRUME_ROOT_ACCESS_KEY_ID and BRUME_ROOT_SECRET_ACCESS_KEY go together: set both or none.");
        return false;
    }
    if (config->root_access_key && (!*config->root_access_key || !*config->root_secret || strlen(config->root_secret) > 128)) {
        *problem = S("BRUME_ROOT_ACCESS_KEY_ID and BRUME_ROOT_SECRET_ACCESS_KEY must not be empty, the secret not longer than 128 bytes.");
        return false;
    }
    return true;
}

/* ---- file ---- */

bool config_read_text(struct arena *a, str text, const char *path, struct config *config, str *problem) {
    u64 heavier = config->set, seen = 0;
    for (int number = 1; text.p; number++) {
        str value = str_cut(&text, '\n');
        str line = value = str_trim(str_take(value, MIN(str_find_char(value, '#'), value.n)));
        if (line.n && line.p[line.n - 1] == '\r') line.n--, value = line = str_trim(line);
        if (!line.n) continue;
        str key = str_trim(str_cut(&value, '='));
        const char *where = arena_c_string(a, arena_format(a, "%s, line %d: %.*s", path, number, STR_ARGS(key)));
        const struct option *o = option_find(key);
        if (!value.p) {
            *problem = arena_format(a, "%s: write it as 'key = value'.", where);
            return false;
        }
        if (!o || o->command || o->offset == FIELD(file))
            return unknown(a, arena_c_string(a, arena_format(a, "%s is not an option", where)), "", key, problem);
        if (seen & option_bit(o)) {
            *problem = arena_format(a, "%s stands there twice: keep one of them.", where);
            return false;
        }
        seen |= option_bit(o);
        config->set = heavier;
        if (!option_set(a, config, o, str_trim(value), where, problem)) return false;
    }
    config->set = heavier | seen;
    return true;
}

static bool read_file(struct arena *a, struct config *config, bool asked, str *problem) {
    int fd, error = file_open(config->file, O_RDONLY, 0, &fd);
    if (error == ENOENT && !asked) return true;
    size_t n = 0;
    char *text = arena_alloc(a, FILE_MAX + 1, 1);
    if (!error) {
        error = file_read_at(fd, text, FILE_MAX + 1, 0, &n);
        close(fd);
    }
    if (!error && n > FILE_MAX) error = EFBIG;
    if (!error) return config_read_text(a, (str){text, n}, config->file, config, problem);
    *problem = arena_format(a, "Cannot read the configuration file %s: %s. Name another with --config FILE.", config->file, strerror(error));
    return false;
}

/* ---- the whole ---- */

/* $XDG_x/brume/..., or below the home directory. */
static const char *user_path(struct arena *a, const char *variable, const char *below_home, const char *name) {
    const char *base = getenv(variable), *home = getenv("HOME");
    if (base && base[0] == '/') return arena_c_string(a, arena_format(a, "%s/%s", base, name));
    if (!home || !*home) return NULL;
    return arena_c_string(a, arena_format(a, "%s/%s/%s", home, below_home, name));
}

bool config_read(struct arena *a, int argc, char **argv, struct config *config, struct arguments *arguments, str *problem) {
    *config = (struct config){.listen = "127.0.0.1", .port = 4566, .log = LOG_INFO, .zones = 1, .region = "us-east-1"};
    if (!config_read_flags(a, argc, argv, config, arguments, problem)) return false;
    if (!config_read_environment(a, environ, config, problem)) return false;
    bool asked = config->file != NULL;
    if (!asked) config->file = user_path(a, "XDG_CONFIG_HOME", ".config", "brume/brume.conf");
    if (config->file && !read_file(a, config, asked, problem)) return false;
    if (!config->data) config->data = user_path(a, "XDG_DATA_HOME", ".local/share", "brume");
    if (config->data) return true;
    *problem = S("There is no home directory to keep data in: name a directory with --data DIR.");
    return false;
}
