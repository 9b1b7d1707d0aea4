/* What this program can do, read from its own tables. */
#include "front/command.h"
#include "front/services.h"

#include <stdio.h>

static bool present(const struct service *s, u16 op) { return s->ops[op].handle != NULL; }

static u16 count_present(const struct service *s) {
    u16 n = 0;
    for (u16 op = 0; op < s->wire->op_count; op++) n += present(s, op);
    return n;
}

static const char *service_names(size_t i) {
    if (i >= service_count) return NULL;
    return services[i]->wire->text + services[i]->wire->name;
}

static void print_operations(const struct service *s) {
    for (u16 op = 0; op < s->wire->op_count; op++)
        printf("%-8s %s\n", present(s, op) ? "done" : "absent", s->wire->text + s->wire->ops[op].name);
}

int run_coverage(struct front *f) {
    if (f->arguments.n > 1) return wrong_usage(f);
    if (!f->arguments.n) printf("%-24s %6s %8s\n", "SERVICE", "DONE", "ABSENT");
    for (size_t i = 0; i < service_count; i++) {
        u16 done = count_present(services[i]);
        if (!f->arguments.n) printf("%-24s %6u %8u\n", service_names(i), done, services[i]->wire->op_count - done);
        else if (strcmp(f->arguments.v[0], service_names(i)) == 0) return print_operations(services[i]), EXIT_DONE;
    }
    if (!f->arguments.n) return EXIT_DONE;
    const char *near = nearest_name(str_of(f->arguments.v[0]), service_names);
    return near ? complain(EXIT_USAGE, "no service '%s' is linked in. Did you mean '%s'?", f->arguments.v[0], near)
                : complain(EXIT_USAGE, "no service '%s' is linked in; 'brume coverage' lists those that are.", f->arguments.v[0]);
}
