/*   grants             -> struct grants_instance
 *   grants-location id -> struct grants_location
 *   grants-grant    id -> struct access_grant, all behind the account and the region */
#include "services/s3/access_grant.h"

static const struct record_field instance_fields[] = {RECORD_I64(1, struct grants_instance, created_ms)};
static const struct record_type instance_record = RECORD_TYPE(struct grants_instance, instance_fields);
static const struct record_field location_fields[] = {RECORD_STR(1, struct grants_location, id), RECORD_STR(2, struct grants_location, scope),
                                                      RECORD_STR(3, struct grants_location, role), RECORD_I64(4, struct grants_location, created_ms)};
static const struct record_type location_record = RECORD_TYPE(struct grants_location, location_fields);
static const struct record_field grant_fields[] = {
    RECORD_STR(1, struct access_grant, id), RECORD_STR(2, struct access_grant, location), RECORD_STR(3, struct access_grant, sub_prefix),
    RECORD_STR(4, struct access_grant, scope), RECORD_STR(5, struct access_grant, permission), RECORD_STR(6, struct access_grant, grantee),
    RECORD_STR(7, struct access_grant, application), RECORD_BOOL(8, struct access_grant, of_object), RECORD_I64(9, struct access_grant, created_ms),
};
static const struct record_type grant_record = RECORD_TYPE(struct access_grant, grant_fields);

enum { ID_MAX = 64 };

static str key_of(struct call *c, const char *type, str id) {
    struct key k = key_new(c->arena, S("s3"));
    key_str(&k, c->account);
    key_str(&k, c->region);
    key_str(&k, str_of(type));
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

static bool get(struct call *c, str key, const struct record_type *type, void *row) {
    str value;
    memset(row, 0, type->size);
    if (!txn_get(c->txn, key, &value)) return false;
    ASSERT(record_decode(c->arena, type, arena_str(c->arena, value), row));
    return true;
}

static bool next(struct call *c, struct range *rows, str *key, const struct record_type *type, void *row) {
    str value;
    if (!range_next(rows, key, &value)) return false;
    memset(row, 0, type->size);
    ASSERT(record_decode(c->arena, type, arena_str(c->arena, value), row));
    return true;
}

static struct range all(struct call *c, const char *type) {
    str prefix = key_of(c, type, (str){0});
    return txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
}

bool grants_instance_get(struct call *c, struct grants_instance *row) { return get(c, key_of(c, "grants", (str){0}), &instance_record, row); }
void grants_instance_put(struct call *c, const struct grants_instance *row) {
    txn_put(c->txn, key_of(c, "grants", (str){0}), record_encode(c->arena, &instance_record, row));
}
void grants_instance_delete(struct call *c) { txn_delete(c->txn, key_of(c, "grants", (str){0})); }

bool grants_location_get(struct call *c, str id, struct grants_location *row) {
    return id.n && id.n <= ID_MAX && get(c, key_of(c, "grants-location", id), &location_record, row);
}
void grants_location_put(struct call *c, const struct grants_location *row) {
    txn_put(c->txn, key_of(c, "grants-location", row->id), record_encode(c->arena, &location_record, row));
}
void grants_location_delete(struct call *c, str id) { txn_delete(c->txn, key_of(c, "grants-location", id)); }

bool access_grant_get(struct call *c, str id, struct access_grant *row) {
    return id.n && id.n <= ID_MAX && get(c, key_of(c, "grants-grant", id), &grant_record, row);
}
void access_grant_put(struct call *c, const struct access_grant *row) {
    txn_put(c->txn, key_of(c, "grants-grant", row->id), record_encode(c->arena, &grant_record, row));
}
void access_grant_delete(struct call *c, str id) { txn_delete(c->txn, key_of(c, "grants-grant", id)); }

struct range grants_locations(struct call *c) { return all(c, "grants-location"); }
bool grants_location_next(struct call *c, struct range *rows, str *key, struct grants_location *row) { return next(c, rows, key, &location_record, row); }
struct range access_grants(struct call *c) { return all(c, "grants-grant"); }
bool access_grant_next(struct call *c, struct range *rows, str *key, struct access_grant *row) { return next(c, rows, key, &grant_record, row); }

/* ---- what the operations share ---- */

str grants_arn(struct call *c, const char *what, str id) {
    return arn_of(c, S("s3"), arena_format(c->arena, "access-grants/default%s%.*s", what, STR_ARGS(id)));
}

err grants_fail(struct call *c, const char *code, u16 status, const char *message) {
    struct error *e = NEW(c->arena, struct error);
    *e = (struct error){code, NULL, status, WIRE_NONE, true};
    return fail(c, e, "%s", message);
}

err grants_open(struct call *c, str account, struct grants_instance *row) {
    TRY(s3_control_account_check(c, account));
    return grants_instance_get(c, row) ? NULL : grants_fail(c, "AccessGrantsInstanceNotExistsError", 404, "Access Grants Instance does not exist");
}

struct s3control_grantee *grants_grantee(struct call *c, const struct access_grant *row) {
    struct s3control_grantee *g = NEW(c->arena, struct s3control_grantee);
    *g = (struct s3control_grantee){S("IAM"), row->grantee};
    return g;
}
