/* brume lab: exercises that use the running cloud and print what they measured. */
#include "front/lab.h"

#include <stdio.h>

/* Exercises come with the rooms; a row each. */
static const struct lab {
    const char *name, *summary;
    int (*run)(struct front *f);
} exercises[] = {
    {"sqs-sns-eventbridge", "100 orders by queue, by topic and by bus, while the consumers are away", lab_messaging},
    {"s3-storage-classes", "the same object in seven classes; moves the cloud's clock by up to two days", lab_storage_classes},
};

int run_lab(struct front *f) {
    str name = argument(f, 0);
    for (size_t i = 0; i < LENGTH(exercises); i++) {
        if (!name.p) printf("%-22s %s\n", exercises[i].name, exercises[i].summary);
        else if (str_eq(str_of(exercises[i].name), name)) return exercises[i].run(f);
    }
    if (name.p) return complain(EXIT_USAGE, "there is no lab '%.*s'; 'brume lab' lists those there are.", STR_ARGS(name));
    return EXIT_DONE;
}
