/* The tagged resources of all accounts of an organization, each against its own account's effective tag policy. */
#include "tagging.h"

enum { FOUND_MAX = 100 };

static err refuse(struct call *c, const char *why) { return fail(c, &resourcegroupstaggingapi_constraint_violation_exception, "%s", why); }

/* DIFFERS: the words are of AWS's documentation; those of its refusals are not recorded. */
err tagging_organization(struct call *c, struct identity_organization *o) {
    const struct identity_door *door = identity_door_of(c);
    door->organization(c->txn, c->arena, c->account, o);
    if (!o->management || !str_eq(c->region, S("us-east-1")))
        return refuse(c, "You can call this operation only from the organization's management account and from the us-east-1 Region.");
    if (!door->organization_trusts(c->txn, c->arena, c->account, S(TAG_POLICIES)))
        return refuse(c, "You must enable the tag policies service principal (" TAG_POLICIES ") to integrate with AWS Organizations.");
    return NULL;
}

err tagging_policy_needed(struct call *c) {
    str *accounts;
    u32 n = identity_door_of(c)->organization_accounts(c->txn, c->arena, c->account, &accounts);
    for (u32 i = 0; i < n; i++) {
        const struct compliance *policy;
        TRY(compliance_read(c, accounts[i], CALL_FORWARDED, &policy));
        if (compliance_asked(policy)) return NULL;
    }
    return refuse(c, "You must have a tag policy attached to the organization root, an OU, or an account.");
}

/* ---- the visit ---- */

struct visitor {
    void (*visit)(void *context, const struct judged *judged);
    void *context;
};

static void judge(struct call *place, const struct resource *r, const struct compliance *policy, const struct visitor *visitor) {
    struct judged judged = {.resource = *r, .tags = tags_of(place, r->arn)};
    if (!judged.tags.n || !tagging_is_shown(r)) return;
    judged.details = compliance_of(place->arena, policy, r, &judged.tags);
    visitor->visit(visitor->context, &judged);
}

/* The pages stand in two arenas by turns: the position of the next one is in that of the page before. */
static void visit_place(struct call *c, str account, str region, const struct compliance *policy, const struct visitor *visitor) {
    struct arena pages[2] = {0};
    struct call place = *c; /* it only asks the registry */
    str position = {0};
    place.account = account;
    place.region = region;
    for (u32 page = 0; page == 0 || position.p; page++) {
        struct resource found[FOUND_MAX];
        place.arena = &pages[page % 2];
        arena_reset(place.arena);
        u32 n = registry_find_by_tag(&place, S(""), (str){0}, &position, found, FOUND_MAX);
        for (u32 i = 0; i < n; i++) judge(&place, &found[i], policy, visitor);
    }
    arena_free(&pages[0]);
    arena_free(&pages[1]);
}

err tagging_visit(struct call *c, enum call_as as, void (*visit)(void *context, const struct judged *judged), void *context) {
    const struct visitor visitor = {visit, context};
    str *accounts, region;
    bool opt_in;
    u32 n = identity_door_of(c)->organization_accounts(c->txn, c->arena, c->account, &accounts);
    for (u32 i = 0; i < n; i++) {
        const struct compliance *policy;
        TRY(compliance_read(c, accounts[i], as, &policy));
        for (size_t at = 0; (region = region_at(at, &opt_in)).p; at++) visit_place(c, accounts[i], region, policy, &visitor);
    }
    return NULL;
}
