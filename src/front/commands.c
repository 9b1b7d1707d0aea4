/* The commands. A new one is a row here and its function. */
#include "front/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct command commands[] = {
    {"serve", "", "run the cloud (what brume does without a command)",
     "Opens the data directory and serves every linked service on one port, until\n"
     "SIGTERM or SIGINT. When it answers, one line stands on standard output:\n"
     "\"brume ready URL\". The first signal stops accepting and lets running requests\n"
     "end, up to 10 seconds; a second one ends the process at once. Nothing that was\n"
     "acknowledged is lost either way.\n",
     run_serve},
    {"env", "", "print what a shell must export to use this cloud",
     "  eval \"$(brume env)\"\n"
     "  aws s3 mb s3://first\n"
     "\n"
     "Sets AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and\n"
     "AWS_DEFAULT_REGION, with --tls also AWS_CA_BUNDLE. No server needs to run.\n",
     run_env},
    {"run", "[--] COMMAND [ARGUMENT...]", "run a command with the cloud's address and keys set",
     "The command sees the variables that 'brume env' prints. Its exit status is that of\n"
     "brume. Without --ephemeral a server must be running. With --ephemeral brume starts\n"
     "an empty cloud of its own on a free port, and ends it with the command:\n"
     "\n"
     "  brume run --ephemeral -- pytest\n",
     run_run},
    {"status", "", "show what the running server does", "Version, uptime, requests, and the figures of the store.\n", run_status},
    {"snapshot", "save FILE | load FILE | list", "keep the whole cloud in one file, and bring it back",
     "save writes the state of the running server into FILE, consistent while it goes on\n"
     "serving. load fills an empty data directory from FILE; it is refused while a server\n"
     "runs there or when the directory holds anything. A FILE without a slash is kept in,\n"
     "and taken from, DATA/snapshots, which list shows. The file holds the keys that\n"
     "open it: guard it like the data directory.\n",
     run_snapshot},
    {"reset", "[--account ID]", "delete everything, or everything of one account",
     "On a running server the resources of all accounts (or of one) are deleted in small\n"
     "transactions while it goes on serving; one that was cut short goes on by itself.\n"
     "Without a server the data directory itself is emptied. Credentials,\n"
     "the CA and DATA/snapshots stay.\n",
     run_reset},
    {"clock", "[show | advance DURATION [--coalesce]]", "show the cloud's clock, or move it forward",
     "Whatever falls due on the way happens, in order, each at its own time: message\n"
     "timeouts, expiry, schedules. DURATION is a number and a unit, or several: 90d, 3h,\n"
     "15m, 10s, 250ms, 1d12h. The clock never goes back.\n",
     run_clock},
    {"fault", "zone N down|up | link REGION REGION down|up | engine ...", "break a part of the cloud on purpose",
     "Availability zones, network links and engines are what can be broken. A zone that\n"
     "is down is neither read nor written, also after a restart; objects with a copy in\n"
     "another zone stay readable. Back up, it gets the copies that it missed. Over a link\n"
     "that is down nothing is replicated; it catches up when the link is back. Without\n"
     "arguments: what this brume can break, and what not.\n",
     run_fault},
    {"scrub", "", "read and verify every copy of every object now",
     "A damaged or missing copy is written anew from another zone that has it whole. The\n"
     "same goes on by itself, slowly, once a week; findings are in the log.\n",
     run_scrub},
    {"lab", "[NAME [ARGUMENT]]", "run a prepared exercise on the running cloud",
     "Without NAME: the list of labs that this brume carries. A lab uses the running cloud\n"
     "as any client does, prints what it measured, and removes what it made.\n", run_lab},
    {"usage", "", "sum up what has been used, by AWS's usage types",
     "One line for each account, service and usage type, from the metrics journal.\n", run_usage},
    {"outbox", "[stop NUMBER ACCOUNT REGION]", "show mail, text messages and pushes that services sent",
     "The newest first, a line of JSON each. Mail leaves this machine where --smtp names a\n"
     "server; nothing else does. With stop, the telephone answers STOP, and takes no more\n"
     "texts from that account in that region.\n", run_outbox},
    {"webhook", "ACCOUNT REGION SOURCE [SECRET]", "show where a partner's webhook posts, and by which secret it signs",
     "SOURCE is a partner event source that the account has made. A secret is made the\n"
     "first time; with SECRET, that one is taken. Signatures as GitHub's or Stripe's are\n"
     "understood.\n", run_webhook},
    {"coverage", "[SERVICE]", "list the operations that this brume has, and those it has not",
     "Read from the program itself; no server is needed. With SERVICE, each operation.\n", run_coverage},
    {"version", "", "print the version", "", run_version},
    {"help", "[COMMAND | --man]", "explain brume, or one command", "With --man: the manual page in troff.\n", run_help},
};
const size_t command_count = LENGTH(commands);

static const char *command_names(size_t i) { return i < command_count ? commands[i].name : NULL; }

const struct command *command_find(const char *name) {
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

const char *command_nearest(const char *name) { return nearest_name(str_of(name), command_names); }

int complain(int status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("brume: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

int wrong_usage(const struct front *f) {
    const struct command *c = command_find(f->arguments.command);
    ASSERT(c); /* it is running */
    return complain(EXIT_USAGE, "write it as 'brume %s %s'; 'brume help %s' explains it.", c->name, c->arguments, c->name);
}
