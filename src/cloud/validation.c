/* Violations of the API description in the words of the service: AWS has no one form for them. */
#include "cloud/flight.h"

#include "wire/validate.h"

static const struct error missing_parameter = {"MissingRequiredParameterException", "MissingParameter", 400, WIRE_NONE, true};

/* The last member of a path, as the API names it: "QueueUrl". */
static str member_of(const struct flight *f, str path) {
    size_t dot = str_rfind_char(path, '.');
    str name = dot == STR_NONE ? path : str_skip(path, dot + 1);
    char *title = arena_c_string(f->arena, name);
    if (title[0] >= 'a' && title[0] <= 'z') title[0] = (char)(title[0] - 'a' + 'A');
    return str_of(title);
}

enum step validation_refuse(struct flight *f, const struct wire_violation *violations, size_t n) {
    const struct wire_service *w = f->service->wire;
    str room = wire_text(w, w->name);
    if (f->s3) return STEP_NEXT; /* S3 does not check against its description: its handlers know */
    if (str_eq(room, S("sqs"))) { /* SQS only asks that required members are there */
        for (size_t i = 0; i < n; i++)
            if (violations[i].kind == WIRE_MISSING)
                return flight_refuse(f, &missing_parameter,
                                     arena_format(f->arena, "The request must contain the parameter %.*s.",
                                                  STR_ARGS(member_of(f, violations[i].path))));
        return STEP_NEXT;
    }
    return flight_refuse(f, &cloud_validation, wire_validation_message(f->arena, w, violations, n));
}
