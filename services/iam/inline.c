/* Policies embedded in a user, group or role: rows under the owner's id, gone with their owner's last word. */
#include "iam.h"

/* All inline policies of one owner together, without white space. */
static const i64 sizes[ENTITY_KINDS] = {[ENTITY_USER] = 2048, [ENTITY_GROUP] = 5120, [ENTITY_ROLE] = 10240};

static i64 size_of_others(const struct realm *r, const struct entity *e, str name) {
    str from = realm_key(r, "inline", e->id, (str){0}), key, value, same = realm_key(r, "inline", e->id, name);
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    i64 n = 0;
    while (range_next(&rows, &key, &value))
        if (!str_eq(key, same)) n += document_size(value);
    return n;
}

static err put(struct call *c, const struct entity *e, str name, str document) {
    struct realm r = realm_of(c);
    TRY(document_check(c, document, POLICY_IDENTITY));
    if (size_of_others(&r, e, name) + document_size(document) > sizes[e->kind])
        return fail(c, &iam_limit_exceeded_exception, "Maximum policy size of %lld bytes exceeded for %s %.*s", (long long)sizes[e->kind],
                    kinds[e->kind].row, STR_ARGS(e->name));
    txn_put(c->txn, realm_key(&r, "inline", e->id, name), document);
    txn_raise_epoch(c->txn);
    return NULL;
}

static err absent(struct call *c, const struct entity *e, str name) {
    return fail(c, &iam_no_such_entity_exception, "The %s policy with name %.*s cannot be found.", kinds[e->kind].row, STR_ARGS(name));
}

static err get(struct call *c, const struct entity *e, str name, str *document) {
    struct realm r = realm_of(c);
    if (!txn_get(c->txn, realm_key(&r, "inline", e->id, name), document)) return absent(c, e, name);
    *document = document_shown(c, *document);
    return NULL;
}

static err delete(struct call *c, const struct entity *e, str name) {
    struct realm r = realm_of(c);
    str key = realm_key(&r, "inline", e->id, name);
    if (!txn_get(c->txn, key, NULL)) return absent(c, e, name);
    txn_delete(c->txn, key);
    txn_raise_epoch(c->txn);
    return NULL;
}

static err list(struct call *c, const struct entity *e, str marker, struct opt_i32 max_items, struct iam_policy_name_list_type *names,
                struct opt_bool *is_truncated, str *next) {
    struct realm r = realm_of(c);
    struct page p;
    str name, value;
    TRY(page_open(c, &p, realm_key(&r, "inline", e->id, (str){0}), marker, max_items));
    *names = (struct iam_policy_name_list_type){.v = NEW_ARRAY(c->arena, str, p.max), .set = true};
    while (page_next(&p, &name, &value)) names->v[names->n++] = name;
    page_close(&p, is_truncated, next);
    return NULL;
}

err iam_put_user_policy(struct call *c, const struct iam_put_user_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return put(c, &e, in->policy_name, in->policy_document);
}

err iam_put_group_policy(struct call *c, const struct iam_put_group_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    return put(c, &e, in->policy_name, in->policy_document);
}

err iam_put_role_policy(struct call *c, const struct iam_put_role_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    return put(c, &e, in->policy_name, in->policy_document);
}

err iam_get_user_policy(struct call *c, const struct iam_get_user_policy_request *in, struct iam_get_user_policy_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    out->user_name = e.name;
    out->policy_name = in->policy_name;
    return get(c, &e, in->policy_name, &out->policy_document);
}

err iam_get_group_policy(struct call *c, const struct iam_get_group_policy_request *in, struct iam_get_group_policy_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    out->group_name = e.name;
    out->policy_name = in->policy_name;
    return get(c, &e, in->policy_name, &out->policy_document);
}

err iam_get_role_policy(struct call *c, const struct iam_get_role_policy_request *in, struct iam_get_role_policy_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    out->role_name = e.name;
    out->policy_name = in->policy_name;
    return get(c, &e, in->policy_name, &out->policy_document);
}

err iam_delete_user_policy(struct call *c, const struct iam_delete_user_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return delete(c, &e, in->policy_name);
}

err iam_delete_group_policy(struct call *c, const struct iam_delete_group_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    return delete(c, &e, in->policy_name);
}

err iam_delete_role_policy(struct call *c, const struct iam_delete_role_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct entity e;
    TRY(role_open_to_change(c, in->role_name, &e));
    return delete(c, &e, in->policy_name);
}

err iam_list_user_policies(struct call *c, const struct iam_list_user_policies_request *in, struct iam_list_user_policies_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_USER, in->user_name, &e));
    return list(c, &e, in->marker, in->max_items, &out->policy_names, &out->is_truncated, &out->marker);
}

err iam_list_group_policies(struct call *c, const struct iam_list_group_policies_request *in, struct iam_list_group_policies_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_GROUP, in->group_name, &e));
    return list(c, &e, in->marker, in->max_items, &out->policy_names, &out->is_truncated, &out->marker);
}

err iam_list_role_policies(struct call *c, const struct iam_list_role_policies_request *in, struct iam_list_role_policies_response *out) {
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    return list(c, &e, in->marker, in->max_items, &out->policy_names, &out->is_truncated, &out->marker);
}
