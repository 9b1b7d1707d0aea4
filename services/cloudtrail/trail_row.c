/* Rows of trails, and who may open them: ("cloudtrail", account, home region, "trail", name). */
#include "cloudtrail.h"

str ct_trail_row(struct arena *a, const struct ct_trail *trail) {
    struct key k = key_new(a, S("cloudtrail"));
    key_str(&k, trail->account);
    key_str(&k, trail->region);
    key_str(&k, S("trail"));
    if (trail->name.p) key_str(&k, trail->name);
    return key_bytes(&k);
}

static void read_row(struct arena *a, str key, str row, struct ct_trail *trail) {
    str part, rest = key;
    *trail = (struct ct_trail){0};
    ASSERT(record_decode(a, &ct_trail_record, row, trail));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &trail->account) && key_read_str(&rest, a, &trail->region)
           && key_read_str(&rest, a, &part) && key_read_str(&rest, a, &trail->name));
    trail->arn = arn_format(a, S("cloudtrail"), trail->region, trail->account, arena_concat(a, S("trail/"), trail->name));
}

bool ct_trail_load(struct txn *t, struct arena *a, str row_key, struct ct_trail *trail) {
    str row;
    if (!txn_get(t, row_key, &row)) return false;
    read_row(a, row_key, arena_str(a, row), trail);
    return true;
}

void ct_trail_save(struct txn *t, struct arena *a, const struct ct_trail *trail) {
    txn_put(t, ct_trail_row(a, trail), record_encode(a, &ct_trail_record, trail));
}

struct range ct_trails_of(struct call *c, str account, str region) {
    str from = ct_trail_row(c->arena, &(struct ct_trail){.account = account, .region = region});
    return txn_range(c->txn, from, key_after_prefix(c->arena, from));
}

static void visit_account(struct call *c, str account, bool organization_alone, void (*visit)(void *context, const struct ct_trail *trail), void *context) {
    struct key all = key_new(c->arena, S("cloudtrail"));
    key_str(&all, account);
    str from = key_bytes(&all), key, row, region, type;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, &row)) {
        struct ct_trail trail;
        str rest = str_skip(arena_str(c->arena, key), from.n);
        if (!key_read_str(&rest, c->arena, &region) || !key_read_str(&rest, c->arena, &type) || !str_eq(type, S("trail"))) continue;
        read_row(c->arena, arena_str(c->arena, key), arena_str(c->arena, row), &trail);
        if (trail.organization.p || !organization_alone) visit(context, &trail);
    }
}

void ct_trails_visit(struct call *c, void (*visit)(void *context, const struct ct_trail *trail), void *context) {
    str management = ct_management_of(c);
    visit_account(c, c->account, false, visit, context);
    if (management.p) visit_account(c, management, true, visit, context);
}

/* ---- names ---- */

bool ct_name_formed(str name) {
    if (name.n < 3 || name.n > 128) return false;
    bool gap = true; /* a letter or digit begins and ends it; no two of the others meet */
    for (size_t i = 0; i < name.n; i++) {
        char ch = name.p[i];
        bool plain = ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '0' && ch <= '9');
        if (!plain && (gap || !memchr("._-", ch, 3))) return false;
        gap = !plain;
    }
    return !gap;
}

static err not_found(struct call *c, str name) {
    str account = c->account;
    return fail(c, &cloudtrail_trail_not_found_exception, "Unknown trail: %.*s for the user: %.*s", STR_ARGS(name), STR_ARGS(account));
}

err ct_trail_open(struct call *c, str name, struct ct_trail *trail) {
    struct ct_trail place = {.account = c->account, .region = c->region, .name = name};
    if (str_starts(name, S("arn:"))) {
        struct arn arn;
        if (!arn_parse(name, &arn) || !str_eq(arn.service, S("cloudtrail")) || !str_starts(arn.resource, S("trail/")))
            return fail(c, &cloudtrail_cloud_trail_arn_invalid_exception, "The trail ARN that was given is not valid: %.*s", STR_ARGS(name));
        place = (struct ct_trail){.account = arn.account, .region = arn.region, .name = str_skip(arn.resource, 6)};
        if (!str_eq(arn.account, c->account) && !str_eq(arn.account, ct_management_of(c))) return not_found(c, name);
    } else if (!ct_name_formed(name)) {
        return fail(c, &cloudtrail_invalid_trail_name_exception, "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).");
    }
    if (ct_trail_load(c->txn, c->arena, ct_trail_row(c->arena, &place), trail) && (trail->organization.p || str_eq(trail->account, c->account))) return NULL;
    return not_found(c, name);
}

err ct_trail_open_to_change(struct call *c, str name, struct ct_trail *trail) {
    str organization, account;
    TRY(ct_trail_open(c, name, trail));
    if (trail->organization.p) TRY(ct_organization_check(c, &organization, &account));
    if (str_eq(trail->region, c->region)) return NULL;
    return fail(c, &cloudtrail_invalid_home_region_exception, "The trail's home region is %.*s, and this operation works there alone.", STR_ARGS(trail->region));
}
