/* What has a name, a path and an id: users, groups, roles, managed policies, instance profiles, server
 * certificates. Rows stand under the folded name, and a second row leads from the id to the name: what
 * else is known of an entity stands under its id, so a new name touches two rows. */
#include "iam.h"

const struct kind kinds[ENTITY_KINDS] = {
    [ENTITY_USER] = {"user", "AIDA", "AWS::IAM::User", "The user with name $ cannot be found.", "User with name $ already exists.",
                     "UsersPerAccount", 5000},
    [ENTITY_GROUP] = {"group", "AGPA", "AWS::IAM::Group", "The group with name $ cannot be found.",
                      "Group with name $ already exists.", "GroupsPerAccount", 300},
    [ENTITY_ROLE] = {"role", "AROA", "AWS::IAM::Role", "The role with name $ cannot be found.", "Role with name $ already exists.",
                     "RolesPerAccount", 1000},
    [ENTITY_POLICY] = {"policy", "ANPA", "AWS::IAM::ManagedPolicy", "Policy $ was not found.",
                       "A policy called $ already exists. Duplicate names are not allowed.", "PoliciesPerAccount", 1500},
    [ENTITY_PROFILE] = {"instance-profile", "AIPA", "AWS::IAM::InstanceProfile", "Instance Profile $ cannot be found.",
                        "Instance Profile $ already exists.", "InstanceProfilesPerAccount", 1000},
    [ENTITY_CERTIFICATE] = {"server-certificate", "ASCA", "AWS::IAM::ServerCertificate",
                            "The Server Certificate with name $ cannot be found.",
                            "The Server Certificate with name $ already exists.", "ServerCertificatesPerAccount", 20},
};

struct realm realm_of(struct call *c) { return (struct realm){c->txn, c->arena, c->account}; }

str realm_key(const struct realm *r, const char *type, str first, str second) {
    struct key k = key_new(r->arena, S("iam"));
    key_str(&k, r->account);
    key_str(&k, S(""));
    key_str(&k, str_of(type));
    if (first.p) key_str(&k, first);
    if (second.p) key_str(&k, second);
    return key_bytes(&k);
}

str name_folded(struct arena *a, str name) {
    char *folded = arena_alloc(a, name.n + 1, 1);
    for (size_t i = 0; i < name.n; i++)
        folded[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 'a' - 'A') : name.p[i];
    return (str){folded, name.n};
}

static str row_of(const struct realm *r, enum entity_kind kind, str name) {
    return realm_key(r, kinds[kind].row, name_folded(r->arena, name), (str){0});
}

bool entity_load(const struct realm *r, enum entity_kind kind, str name, struct entity *e) {
    str value;
    if (!name.n || !txn_get(r->txn, row_of(r, kind, name), &value)) return false;
    *e = (struct entity){0};
    ASSERT(record_decode(r->arena, &entity_record, arena_str(r->arena, value), e));
    e->kind = (u8)kind;
    e->account = r->account;
    return true;
}

static bool kind_of_id(str id, enum entity_kind *kind) {
    for (u32 i = 0; i < ENTITY_KINDS; i++) {
        if (!str_starts(id, str_of(kinds[i].prefix))) continue;
        *kind = i;
        return true;
    }
    return false;
}

bool entity_load_by_id(const struct realm *r, str id, struct entity *e) {
    enum entity_kind kind;
    str name;
    if (!kind_of_id(id, &kind) || !txn_get(r->txn, realm_key(r, "id", id, (str){0}), &name)) return false;
    return entity_load(r, kind, arena_str(r->arena, name), e);
}

void entity_save(const struct realm *r, const struct entity *e) {
    txn_put(r->txn, row_of(r, e->kind, e->name), record_encode(r->arena, &entity_record, e));
}

str entity_arn(struct arena *a, const struct entity *e) {
    return arena_format(a, "arn:aws:iam::%.*s:%s%.*s%.*s", STR_ARGS(e->account), kinds[e->kind].row, STR_ARGS(e->path), STR_ARGS(e->name));
}

static err say(struct call *c, err e, const char *form, str name) {
    str after = str_of(form), before = str_cut(&after, '$');
    return fail(c, e, "%.*s%.*s%.*s", STR_ARGS(before), STR_ARGS(name), STR_ARGS(after));
}

err entity_open(struct call *c, enum entity_kind kind, str name, struct entity *e) {
    struct realm r = realm_of(c);
    return entity_load(&r, kind, name, e) ? NULL : say(c, &iam_no_such_entity_exception, kinds[kind].absent, name);
}

err role_open_to_change(struct call *c, str name, struct entity *e) {
    TRY(entity_open(c, ENTITY_ROLE, name, e));
    if (!e->service.p || c->principal->kind == PRINCIPAL_SERVICE) return NULL;
    return fail(c, &iam_unmodifiable_entity_exception,
                "Cannot perform the operation on the protected role '%.*s' - this role is only modifiable by AWS", STR_ARGS(e->name));
}

err entity_by_arn(struct call *c, str arn, struct entity *e) {
    static const enum entity_kind found[] = {ENTITY_USER, ENTITY_GROUP, ENTITY_ROLE};
    struct realm r = realm_of(c);
    struct arn parts;
    if (!arn_parse(arn, &parts) || !str_eq(parts.service, S("iam")))
        return fail(c, &iam_invalid_input_exception, "Invalid Entity Arn: %.*s does not clearly define entity type and name.", STR_ARGS(arn));
    str name = str_skip(parts.resource, str_rfind_char(parts.resource, '/') + 1);
    for (size_t i = 0; i < LENGTH(found); i++)
        if (entity_load(&r, found[i], name, e) && str_eq(entity_arn(c->arena, e), arn)) return NULL;
    return fail(c, &iam_no_such_entity_exception, "Policy Source %.*s does not exist.", STR_ARGS(arn));
}

static err entity_exists(struct call *c, enum entity_kind kind, str name) {
    return say(c, &iam_entity_already_exists_exception, kinds[kind].present, name);
}

/* ---- numbers ---- */

i64 count_of(const struct realm *r, const char *what) {
    str value;
    i64 n = 0;
    if (txn_get(r->txn, realm_key(r, "count", str_of(what), (str){0}), &value)) ASSERT(str_to_i64(value, &n));
    return n;
}

void count_add(const struct realm *r, const char *what, i64 n) {
    str text = arena_format(r->arena, "%lld", (long long)(count_of(r, what) + n));
    txn_put(r->txn, realm_key(r, "count", str_of(what), (str){0}), text);
}

err quota_check(struct call *c, const char *name, i64 limit, i64 wanted) {
    i64 allowed = quota(c, str_of(name), limit);
    if (wanted <= allowed) return NULL;
    return fail(c, &iam_limit_exceeded_exception, "Cannot exceed quota for %s: %lld", name, (long long)allowed);
}

bool any_below(const struct realm *r, const char *type, str first) {
    str from = realm_key(r, type, first, (str){0}), key;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    return range_next(&rows, &key, NULL);
}

i64 rows_below(const struct realm *r, const char *type, str first) {
    str from = realm_key(r, type, first, (str){0}), key;
    struct range rows = txn_range(r->txn, from, key_after_prefix(r->arena, from));
    i64 n = 0;
    while (range_next(&rows, &key, NULL)) n++;
    return n;
}

/* ---- birth, change, death ---- */

/* 85 random bits: no id comes twice, also not after its owner is gone. */
static str new_id(struct call *c, const char *prefix) {
    return arena_format(c->arena, "%s%.*s", prefix, STR_ARGS(id_from(c->arena, S("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 17)));
}

static const char *tags_quota(const struct entity *e) {
    static const char *const names[ENTITY_KINDS] = {
        [ENTITY_USER] = "TagsPerUser",     [ENTITY_GROUP] = "TagsPerGroup",
        [ENTITY_ROLE] = "TagsPerRole",     [ENTITY_POLICY] = "TagsPerPolicy",
        [ENTITY_PROFILE] = "TagsPerInstanceProfile", [ENTITY_CERTIFICATE] = "TagsPerServerCertificate"};
    return names[e->kind];
}

err entity_create(struct call *c, struct entity *e, str path, const struct iam_tag_list_type *tags) {
    struct realm r = realm_of(c);
    struct entity other;
    const struct kind *kind = &kinds[e->kind];
    if (entity_load(&r, e->kind, e->name, &other)) return entity_exists(c, e->kind, e->name);
    TRY(quota_check(c, kind->quota, kind->limit, count_of(&r, kind->row) + 1));
    e->account = c->account;
    e->path = path.n ? path : S("/");
    e->id = new_id(c, kind->prefix);
    e->created_ms = c->now_ms;
    str arn = entity_arn(c->arena, e);
    registry_add(c, arn, str_of(kind->resource));
    if (tags && tags->n) TRY(tags_add(c, arn, tags_quota(e), tags));
    count_add(&r, kind->row, 1);
    entity_save(&r, e);
    txn_put(c->txn, realm_key(&r, "id", e->id, (str){0}), e->name);
    txn_raise_epoch(c->txn);
    return NULL;
}

void entity_delete(struct call *c, struct entity *e) {
    struct realm r = realm_of(c);
    txn_delete(c->txn, row_of(&r, e->kind, e->name));
    txn_delete(c->txn, realm_key(&r, "id", e->id, (str){0}));
    str used = realm_key(&r, "used", e->id, (str){0}), key;
    struct range rows = txn_range(c->txn, used, key_after_prefix(c->arena, used));
    while (range_next(&rows, &key, NULL)) txn_delete(c->txn, arena_str(c->arena, key));
    registry_remove(c, entity_arn(c->arena, e));
    count_add(&r, kinds[e->kind].row, -1);
    txn_raise_epoch(c->txn);
}

err entity_rename(struct call *c, struct entity *e, str name, str path) {
    struct realm r = realm_of(c);
    struct entity other;
    str old_arn = entity_arn(c->arena, e);
    if (name.n && !str_eq_nocase(name, e->name) && entity_load(&r, e->kind, name, &other)) return entity_exists(c, e->kind, name);
    txn_delete(c->txn, row_of(&r, e->kind, e->name));
    if (name.n) e->name = name;
    if (path.n) e->path = path;
    str arn = entity_arn(c->arena, e);
    entity_save(&r, e);
    txn_put(c->txn, realm_key(&r, "id", e->id, (str){0}), e->name);
    if (!str_eq(arn, old_arn)) {
        registry_add(c, arn, str_of(kinds[e->kind].resource));
        tags_move(c, old_arn, arn);
        registry_remove(c, old_arn);
    }
    txn_raise_epoch(c->txn);
    return NULL;
}
