#include "front/command.h"

#include <stdio.h>

static struct arena memory; /* the command's, until the process ends */

int main(int argc, char **argv) {
    struct front f = {.arena = &memory};
    str problem = {0};
    if (!config_read(&memory, argc, argv, &f.config, &f.arguments, &problem))
        return complain(EXIT_USAGE, "%.*s", STR_ARGS(problem));
    if (!f.arguments.command) f.arguments.command = "serve";
    const struct command *command = command_find(f.arguments.command);
    if (!command) {
        const char *near = command_nearest(f.arguments.command);
        return near ? complain(EXIT_USAGE, "there is no command '%s'. Did you mean '%s'? 'brume help' lists all.", f.arguments.command, near)
                    : complain(EXIT_USAGE, "there is no command '%s'. 'brume help' lists all.", f.arguments.command);
    }
    if (!*command->arguments && f.arguments.n) return wrong_usage(&f);
    log_set_level((enum log_level)f.config.log);
    int status = command->run(&f);
    if (fflush(stdout) != 0 || ferror(stdout)) return complain(EXIT_REFUSED, "standard output could not be written.");
    return status;
}
