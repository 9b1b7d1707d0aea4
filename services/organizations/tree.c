/* The tree: one root, units below it, and accounts. Units never move, so a unit's path is written once. */
#include "organizations.h"

enum { DEPTH_MAX = 5, UNITS_MAX = 2000 };

static str unit_key(struct arena *a, const struct organization *o, str id) {
    struct key k = organization_key(a, o, "unit");
    key_str(&k, id);
    return key_bytes(&k);
}

static str name_key(struct arena *a, const struct organization *o, str parent, str name) {
    struct key k = organization_key(a, o, "unit-name");
    key_str(&k, parent);
    key_str(&k, name);
    return key_bytes(&k);
}

bool unit_load(struct txn *t, struct arena *a, const struct organization *o, str id, struct unit *u) {
    str row;
    if (!txn_get(t, unit_key(a, o, id), &row)) return false;
    *u = (struct unit){0};
    ASSERT(record_decode(a, &unit_record, arena_str(a, row), u));
    u->id = id;
    return true;
}

bool parent_load(struct txn *t, struct arena *a, const struct organization *o, str id, struct unit *u) {
    if (!str_eq(id, o->root)) return unit_load(t, a, o, id, u);
    *u = (struct unit){.id = id, .name = S("Root"), .path = arena_format(a, "%.*s/%.*s/", STR_ARGS(o->id), STR_ARGS(id))};
    return true;
}

struct key children_key(struct arena *a, const struct organization *o, str parent, enum child kind) {
    struct key k = organization_key(a, o, "child");
    key_str(&k, parent);
    key_str(&k, kind == CHILD_UNIT ? S("unit") : S("account"));
    return k;
}

str child_key(struct arena *a, const struct organization *o, str parent, enum child kind, str id) {
    struct key k = children_key(a, o, parent, kind);
    key_str(&k, id);
    return key_bytes(&k);
}

static bool has_children(struct call *c, const struct organization *o, str parent, enum child kind) {
    struct key k = children_key(c->arena, o, parent, kind);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    return range_next(&rows, &key, &value);
}

static struct organizations_organizational_unit shown(struct call *c, const struct organization *o, const struct unit *u) {
    return (struct organizations_organizational_unit){
        .id = u->id, .arn = organization_arn(c->arena, o, "ou", u->id), .name = u->name, .path = u->path};
}

static err refuse_name(struct call *c) {
    return fail(c, &organizations_duplicate_organizational_unit_exception, "An OU with the same name already exists.");
}

static err refuse_unit(struct call *c) {
    return fail(c, &organizations_organizational_unit_not_found_exception, "You specified an organizational unit that doesn't exist.");
}

err organizations_create_organizational_unit(struct call *c, const struct organizations_create_organizational_unit_request *in,
                                             struct organizations_create_organizational_unit_response *out) {
    struct organization o;
    struct unit parent;
    str row;
    TRY(organization_open(c, REACH_POLICY, &o));
    if (!parent_load(c->txn, c->arena, &o, in->parent_id, &parent))
        return fail(c, &organizations_parent_not_found_exception, "You specified parent that doesn't exist.");
    if (parent.depth >= DEPTH_MAX)
        return refuse_constraint(c, "OU_DEPTH_LIMIT_EXCEEDED", "You have exceeded the maximum organizational unit depth.");
    if (o.unit_count >= quota(c, S("L-44F38B6C"), UNITS_MAX))
        return refuse_constraint(c, "OU_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of organizational units.");
    if (txn_get(c->txn, name_key(c->arena, &o, in->parent_id, in->name), &row)) return refuse_name(c);
    struct unit u = {.name = in->name, .parent = in->parent_id, .depth = parent.depth + 1};
    u.id = arena_format(c->arena, "ou-%.*s-%.*s", STR_ARGS(str_skip(o.root, 2)),
                        STR_ARGS(id_from(c->arena, S("abcdefghijklmnopqrstuvwxyz0123456789"), 8)));
    u.path = arena_format(c->arena, "%.*s%.*s/", STR_ARGS(parent.path), STR_ARGS(u.id));
    txn_put(c->txn, unit_key(c->arena, &o, u.id), record_encode(c->arena, &unit_record, &u));
    txn_put(c->txn, name_key(c->arena, &o, u.parent, u.name), u.id);
    txn_put(c->txn, child_key(c->arena, &o, u.parent, CHILD_UNIT, u.id), S(""));
    o.unit_count++;
    organization_save(c->txn, c->arena, &o);
    out->organizational_unit = NEW(c->arena, struct organizations_organizational_unit);
    *out->organizational_unit = shown(c, &o, &u);
    registry_add(c, out->organizational_unit->arn, S("AWS::Organizations::OrganizationalUnit"));
    struct record_pairs tags = tags_given(c, &in->tags);
    TRY(tags_put(c, &o, out->organizational_unit->arn, &tags));
    txn_raise_epoch(c->txn);
    return NULL;
}

err organizations_update_organizational_unit(struct call *c, const struct organizations_update_organizational_unit_request *in,
                                             struct organizations_update_organizational_unit_response *out) {
    struct organization o;
    struct unit u;
    str taken;
    TRY(organization_open(c, REACH_POLICY, &o));
    if (!unit_load(c->txn, c->arena, &o, in->organizational_unit_id, &u)) return refuse_unit(c);
    if (in->name.p && !str_eq(in->name, u.name)) {
        if (txn_get(c->txn, name_key(c->arena, &o, u.parent, in->name), &taken)) return refuse_name(c);
        txn_delete(c->txn, name_key(c->arena, &o, u.parent, u.name));
        u.name = in->name;
        txn_put(c->txn, name_key(c->arena, &o, u.parent, u.name), u.id);
        txn_put(c->txn, unit_key(c->arena, &o, u.id), record_encode(c->arena, &unit_record, &u));
    }
    out->organizational_unit = NEW(c->arena, struct organizations_organizational_unit);
    *out->organizational_unit = shown(c, &o, &u);
    return NULL;
}

err organizations_delete_organizational_unit(struct call *c, const struct organizations_delete_organizational_unit_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    struct unit u;
    TRY(organization_open(c, REACH_POLICY, &o));
    if (!unit_load(c->txn, c->arena, &o, in->organizational_unit_id, &u)) return refuse_unit(c);
    if (has_children(c, &o, u.id, CHILD_UNIT) || has_children(c, &o, u.id, CHILD_ACCOUNT))
        return fail(c, &organizations_organizational_unit_not_empty_exception, "The organizational unit is not empty.");
    attachments_drop(c->txn, c->arena, &o, u.id);
    txn_delete(c->txn, unit_key(c->arena, &o, u.id));
    txn_delete(c->txn, name_key(c->arena, &o, u.parent, u.name));
    txn_delete(c->txn, child_key(c->arena, &o, u.parent, CHILD_UNIT, u.id));
    registry_remove(c, organization_arn(c->arena, &o, "ou", u.id));
    o.unit_count--;
    organization_save(c->txn, c->arena, &o);
    txn_raise_epoch(c->txn);
    return NULL;
}

err organizations_describe_organizational_unit(struct call *c, const struct organizations_describe_organizational_unit_request *in,
                                               struct organizations_describe_organizational_unit_response *out) {
    struct organization o;
    struct unit u;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    if (!unit_load(c->txn, c->arena, &o, in->organizational_unit_id, &u)) return refuse_unit(c);
    out->organizational_unit = NEW(c->arena, struct organizations_organizational_unit);
    *out->organizational_unit = shown(c, &o, &u);
    return NULL;
}

/* ---- up and down ---- */

static err open_children(struct call *c, str parent, enum child kind, str token, struct opt_i32 max, str *next, struct organization *o,
                         struct org_page *p) {
    struct unit u;
    TRY(organization_open(c, REACH_DELEGATED, o));
    if (!parent_load(c->txn, c->arena, o, parent, &u))
        return fail(c, &organizations_parent_not_found_exception, "You specified parent that doesn't exist.");
    struct key k = children_key(c->arena, o, parent, kind);
    return org_page_open(p, c, &k, token, max, next);
}

err organizations_list_children(struct call *c, const struct organizations_list_children_request *in,
                                struct organizations_list_children_response *out) {
    struct organization o;
    struct org_page p;
    bool units = str_eq(in->child_type, S("ORGANIZATIONAL_UNIT"));
    TRY(open_children(c, in->parent_id, units ? CHILD_UNIT : CHILD_ACCOUNT, in->next_token, in->max_results, &out->next_token, &o, &p));
    out->children = (struct organizations_children){NEW_ARRAY(c->arena, struct organizations_child, PAGE_MAX), 0, true};
    for (str rest, id; org_page_next(&p, &rest, NULL);) {
        ASSERT(key_read_str(&rest, c->arena, &id));
        out->children.v[out->children.n++] = (struct organizations_child){id, in->child_type};
    }
    return NULL;
}

err organizations_list_organizational_units_for_parent(struct call *c, const struct organizations_list_organizational_units_for_parent_request *in,
                                                       struct organizations_list_organizational_units_for_parent_response *out) {
    struct organization o;
    struct org_page p;
    TRY(open_children(c, in->parent_id, CHILD_UNIT, in->next_token, in->max_results, &out->next_token, &o, &p));
    out->organizational_units =
        (struct organizations_organizational_units){NEW_ARRAY(c->arena, struct organizations_organizational_unit, PAGE_MAX), 0, true};
    for (str rest, id; org_page_next(&p, &rest, NULL);) {
        struct unit u;
        ASSERT(key_read_str(&rest, c->arena, &id) && unit_load(c->txn, c->arena, &o, id, &u));
        out->organizational_units.v[out->organizational_units.n++] = shown(c, &o, &u);
    }
    return NULL;
}

err organizations_list_accounts_for_parent(struct call *c, const struct organizations_list_accounts_for_parent_request *in,
                                           struct organizations_list_accounts_for_parent_response *out) {
    struct organization o;
    struct org_page p;
    TRY(open_children(c, in->parent_id, CHILD_ACCOUNT, in->next_token, in->max_results, &out->next_token, &o, &p));
    out->accounts = (struct organizations_accounts){NEW_ARRAY(c->arena, struct organizations_account, PAGE_MAX), 0, true};
    for (str rest, id; org_page_next(&p, &rest, NULL);) {
        struct member m;
        ASSERT(key_read_str(&rest, c->arena, &id));
        if (member_load(c->txn, c->arena, id, &m)) out->accounts.v[out->accounts.n++] = account_shown(c, &o, &m);
    }
    return NULL;
}

err organizations_list_parents(struct call *c, const struct organizations_list_parents_request *in,
                               struct organizations_list_parents_response *out) {
    struct organization o;
    struct unit u;
    struct member m;
    str parent;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    if (unit_load(c->txn, c->arena, &o, in->child_id, &u)) parent = u.parent;
    else if (member_load(c->txn, c->arena, in->child_id, &m) && str_eq(m.organization, o.id)) parent = m.parent;
    else return fail(c, &organizations_child_not_found_exception, "You specified a child that doesn't exist.");
    out->parents = (struct organizations_parents){NEW(c->arena, struct organizations_parent), 1, true};
    out->parents.v[0] = (struct organizations_parent){parent, str_eq(parent, o.root) ? S("ROOT") : S("ORGANIZATIONAL_UNIT")};
    return NULL;
}
