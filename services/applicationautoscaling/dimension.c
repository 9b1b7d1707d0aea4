/* What can be scaled, and by which role. */
#include "scaling.h"

static const struct dimension *const spaces[] = {dynamodb_dimensions};

err dimension_of(struct call *c, str space, str resource, str name, const struct dimension **d) {
    for (size_t i = 0; i < LENGTH(spaces); i++)
        for (*d = spaces[i]; (*d)->name; (*d)++) {
            bool index;
            if (!str_eq(space, str_of((*d)->space)) || !str_eq(name, str_of((*d)->name))) continue;
            if ((*d)->resource_valid(resource, &index) && index == (str_find(name, S(":index:")) != STR_NONE)) return NULL;
        }
    if (!str_eq(space, S("dynamodb"))) return fail(c, &cloud_not_implemented, "brume does not scale resources of %.*s (yet).", STR_ARGS(space));
    return fail(c, &applicationautoscaling_validation_exception, "Unsupported service namespace, resource type or scalable dimension");
}

str linked_role_arn(struct call *c, const struct dimension *d) {
    return arena_format(c->arena, "arn:aws:iam::%.*s:role/aws-service-role/%s/%s", STR_ARGS(c->account), d->linked_service, d->linked_role);
}

struct call_other as_linked_role(struct call *c, const struct dimension *d, const struct service *service, u16 op) {
    return (struct call_other){.service = service, .op = op, .as = CALL_AS_ROLE, .role_arn = linked_role_arn(c, d), .role_part = d->space};
}
