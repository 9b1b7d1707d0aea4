/* Help and the manual page, both from the tables of commands and options. */
#include "front/command.h"

#include <stdio.h>

static const char *const exit_lines[] = {
    "0  done; a server that was asked to stop",
    "1  refused or failed: the message says why and what to do next",
    "2  the command line, a variable or the configuration file is wrong",
    "3  no server answers",
};

static const char credentials_text[] =
    "Over loopback, access key 'test' with secret 'test' is root of account 000000000000,\n"
    "and any twelve digits with secret 'test' are root of that account. When brume\n"
    "listens beyond loopback, its first start makes a random root key in\n"
    "DATA/credentials, in the format of AWS's credentials file; it is honoured everywhere,\n"
    "test/test over loopback only. BRUME_ROOT_ACCESS_KEY_ID and\n"
    "BRUME_ROOT_SECRET_ACCESS_KEY replace that key. Commands sign with it by themselves.\n"
    "With BRUME_ROOT_PASSPHRASE set, DATA/root.key is sealed under that passphrase, which is\n"
    "needed from then on.\n";

static const char configuration_text[] =
    "An option can be given as a flag (--port 4566), as a variable (BRUME_PORT=4566) or\n"
    "as a line of the configuration file (port = 4566); they weigh in this order.\n"
    "Switches take true or false in variables and file. '#' begins a comment.\n";

static const struct {
    const char *path, *what;
} files[] = {
    {"DATA/rows", "the database; with zones/ (object bytes) and journal/ the state of the cloud"},
    {"DATA/root.key", "opens what is sealed in the data directory"},
    {"DATA/credentials", "the root key, if there is one"},
    {"DATA/endpoint", "the address of the server that runs there"},
    {"DATA/snapshots/", "saved clouds"},
    {"DATA/tls/ca.pem", "the authority that clients of --tls must trust"},
};

static void option_title(const struct option *o, char *out, size_t n) {
    snprintf(out, n, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
}

static void print_options(const char *command) {
    for (size_t i = 0; i < option_count; i++) {
        char title[64];
        const struct option *o = &options[i];
        if (command ? !o->command || strcmp(o->command, command) != 0 : o->command != NULL) continue;
        option_title(o, title, sizeof title);
        printf("  %-18s %s\n", title, o->help);
    }
}

static void print_usage_line(const struct command *c) {
    printf("  brume %s%s%s\n", c->name, *c->arguments ? " " : "", c->arguments);
}

static int help_command(const struct command *c) {
    printf("brume %s: %s\n\n", c->name, c->summary);
    print_usage_line(c);
    if (*c->text) printf("\n%s", c->text);
    bool own = false;
    for (size_t i = 0; i < option_count; i++) own |= options[i].command && strcmp(options[i].command, c->name) == 0;
    if (own) {
        printf("\nOptions\n");
        print_options(c->name);
    }
    printf("\n'brume help' shows the options of all commands.\n");
    return EXIT_DONE;
}

static int help_all(void) {
    printf("brume: the AWS cloud on this machine, for unmodified AWS clients\n\n"
           "  brume [OPTIONS] [COMMAND] [ARGUMENTS]\n\n"
           "  brume                     # serve on http://localhost:4566\n"
           "  eval \"$(brume env)\"       # point this shell's AWS clients there\n"
           "  aws s3 mb s3://first\n\nCommands\n");
    for (size_t i = 0; i < command_count; i++) printf("  %-18s %s\n", commands[i].name, commands[i].summary);
    printf("\nOptions\n");
    print_options(NULL);
    printf("\n%s\nCredentials\n%s\nExit status\n", configuration_text, credentials_text);
    for (size_t i = 0; i < LENGTH(exit_lines); i++) printf("  %s\n", exit_lines[i]);
    printf("\n'brume help COMMAND' explains one command.\n");
    return EXIT_DONE;
}

/* ---- troff ---- */

static void troff(const char *text) {
    bool line_start = true;
    for (const char *c = text; *c; c++) {
        if (line_start && (*c == '.' || *c == '\'')) fputs("\\&", stdout);
        if (*c == '-') fputs("\\-", stdout);
        else if (*c == '\\') fputs("\\e", stdout);
        else if (*c == '\'') fputs("\\(aq", stdout);
        else putchar(*c);
        line_start = *c == '\n';
    }
}

/* Indented lines are examples, blank ones part paragraphs. */
static void troff_paragraphs(const char *text) {
    bool example = false;
    for (str rest = str_of(text); rest.n;) {
        str line = str_cut(&rest, '\n');
        bool indented = str_starts(line, S("  "));
        if (indented != example) puts(indented ? ".PP\n.nf\n.RS 4" : ".RE\n.fi");
        example = indented;
        if (!line.n) {
            if (rest.n && !str_starts(rest, S("  "))) puts(".PP");
            continue;
        }
        char copy[256];
        snprintf(copy, sizeof copy, "%.*s\n", STR_ARGS(indented ? str_skip(line, 2) : line));
        troff(copy);
    }
    if (example) puts(".RE\n.fi");
}

static void troff_option(const struct option *o) {
    char title[64];
    option_title(o, title, sizeof title);
    printf(".TP\n.B ");
    troff(title);
    putchar('\n');
    troff(o->help);
    puts(".");
}

static int manual_page(void) {
    printf(".\\\" Made by 'brume help --man'.\n.TH BRUME 1 \"\" \"brume " BRUME_VERSION "\" \"User Commands\"\n.SH NAME\n"
           "brume \\- the AWS cloud on this machine, for unmodified AWS clients\n.SH SYNOPSIS\n.B brume\n"
           "[OPTIONS] [COMMAND] [ARGUMENTS]\n.SH DESCRIPTION\n");
    troff_paragraphs("One program that answers the wire protocols of AWS on one port, checks signatures,\n"
                     "keeps what it acknowledged on disk, and needs nothing beside itself.\n\n"
                     "  brume\n  eval \"$(brume env)\"\n  aws s3 mb s3://first\n");
    puts(".SH COMMANDS");
    for (size_t i = 0; i < command_count; i++) {
        printf(".SS \"");
        troff(commands[i].name);
        if (*commands[i].arguments) putchar(' ');
        troff(commands[i].arguments);
        puts("\"");
        troff(commands[i].summary);
        puts(".");
        if (*commands[i].text) {
            puts(".PP");
            troff_paragraphs(commands[i].text);
        }
        for (size_t o = 0; o < option_count; o++)
            if (options[o].command && strcmp(options[o].command, commands[i].name) == 0) troff_option(&options[o]);
    }
    puts(".SH OPTIONS");
    for (size_t i = 0; i < option_count; i++)
        if (!options[i].command) troff_option(&options[i]);
    puts(".SH CONFIGURATION");
    troff_paragraphs(configuration_text);
    puts(".SH CREDENTIALS");
    troff_paragraphs(credentials_text);
    puts(".SH FILES\nDATA is the directory of \\-\\-data.");
    for (size_t i = 0; i < LENGTH(files); i++) {
        printf(".TP\n.I ");
        troff(files[i].path);
        printf("\n");
        troff(files[i].what);
        puts(".");
    }
    puts(".SH \"EXIT STATUS\"");
    for (size_t i = 0; i < LENGTH(exit_lines); i++) {
        printf(".TP\n.B %c\n", exit_lines[i][0]);
        troff(exit_lines[i] + 3);
        puts(".");
    }
    puts(".PP\n.B brume run\nends with the status of its command.");
    return EXIT_DONE;
}

int run_help(struct front *f) {
    if (f->config.man) return f->arguments.n ? wrong_usage(f) : manual_page();
    if (!f->arguments.n) return help_all();
    if (f->arguments.n > 1) return wrong_usage(f);
    const struct command *c = command_find(f->arguments.v[0]);
    if (c) return help_command(c);
    const char *near = command_nearest(f->arguments.v[0]);
    return near ? complain(EXIT_USAGE, "there is no command '%s'. Did you mean '%s'?", f->arguments.v[0], near)
                : complain(EXIT_USAGE, "there is no command '%s'. 'brume help' lists all.", f->arguments.v[0]);
}

int run_version(struct front *f) {
    printf("brume " BRUME_VERSION "\n");
    return EXIT_DONE;
}
