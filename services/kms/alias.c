/* The operations on aliases. */
#include "kms.h"

static str alias_arn(struct call *c, str account, str name) { return arn_format(c->arena, S("kms"), c->region, account, name); }

static err check_name(struct call *c, str name) {
    if (!str_starts(name, S("alias/")))
        return fail(c, &cloud_validation, "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
    if (name.n == 6) return fail(c, &cloud_validation, "Alias must have a name behind the prefix \"alias/\".");
    if (str_find_char(name, ':') != STR_NONE) return fail(c, &cloud_validation, "%.*s contains invalid characters for an alias", STR_ARGS(name));
    if (str_starts(name, S("alias/aws/"))) return &kms_not_authorized_exception;
    return NULL;
}

/* The right is asked twice: for the key by the gate, for the alias here. */
static err check_right(struct call *c, str name) {
    str action = arena_format(c->arena, "kms:%s", c->service->wire->text + c->op->name), arn = alias_arn(c, c->account, name);
    return may(c, action, arn) ? NULL : deny(c, action, arn);
}

static err absent(struct call *c, str name) {
    return fail(c, &kms_not_found_exception, "Alias %.*s is not found.", STR_ARGS(alias_arn(c, c->account, name)));
}

err kms_create_alias(struct call *c, const struct kms_create_alias_request *in, struct wire_unit *out) {
    (void)out;
    enum { ALIASES_MAX = 50 };
    struct kms_key k;
    struct kms_alias alias;
    str names[ALIASES_MAX];
    TRY(check_name(c, in->alias_name));
    TRY(check_right(c, in->alias_name));
    TRY(kms_key_open_own(c, in->target_key_id, &k));
    TRY(kms_key_check_not_pending(c, &k));
    if (kms_alias_load(c, c->account, in->alias_name, &alias))
        return fail(c, &kms_already_exists_exception, "An alias with the name %.*s already exists", STR_ARGS(alias_arn(c, c->account, in->alias_name)));
    if (kms_aliases_of(c, &k, names, ALIASES_MAX) >= quota(c, S("aliases-per-key"), ALIASES_MAX))
        return fail(c, &kms_limit_exceeded_exception, "The key has as many aliases as it may have.");
    kms_alias_put(c, c->account, in->alias_name, &(struct kms_alias){.key_id = k.id, .created_ms = c->now_ms, .updated_ms = c->now_ms});
    registry_add(c, alias_arn(c, c->account, in->alias_name), S("AWS::KMS::Alias"));
    return NULL;
}

err kms_update_alias(struct call *c, const struct kms_update_alias_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k, before;
    struct kms_alias alias;
    TRY(check_name(c, in->alias_name));
    TRY(check_right(c, in->alias_name));
    TRY(kms_key_open_own(c, in->target_key_id, &k));
    TRY(kms_key_check_not_pending(c, &k));
    if (!kms_alias_load(c, c->account, in->alias_name, &alias)) return absent(c, in->alias_name);
    if (kms_key_load(c->txn, c->arena, c->account, c->region, alias.key_id, &before)) {
        bool same_kind = kms_spec_find(before.spec)->family == kms_spec_find(k.spec)->family && str_eq(before.usage, k.usage);
        if (!same_kind) return fail(c, &cloud_validation, "The old and the new key of an alias must be of one type and one key usage.");
        kms_alias_forget(c, &before, in->alias_name);
    }
    alias.key_id = k.id;
    alias.updated_ms = c->now_ms;
    kms_alias_put(c, c->account, in->alias_name, &alias);
    return NULL;
}

err kms_delete_alias(struct call *c, const struct kms_delete_alias_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    struct kms_alias alias;
    TRY(check_name(c, in->alias_name));
    TRY(check_right(c, in->alias_name));
    if (!kms_alias_load(c, c->account, in->alias_name, &alias)) return absent(c, in->alias_name);
    ASSERT(kms_key_load(c->txn, c->arena, c->account, c->region, alias.key_id, &k)); /* an alias goes with its key */
    kms_alias_forget(c, &k, in->alias_name);
    registry_remove(c, alias_arn(c, c->account, in->alias_name));
    return NULL;
}

static struct kms_alias_list_entry entry_of(struct call *c, const struct kms_alias *alias) {
    return (struct kms_alias_list_entry){
        .alias_name = alias->name,
        .alias_arn = alias_arn(c, c->account, alias->name),
        .target_key_id = alias->key_id,
        .creation_date = SOME_TIME(alias->created_ms),
        .last_updated_date = SOME_TIME(alias->updated_ms),
    };
}

static void list_of_key(struct call *c, const struct kms_key *k, struct kms_page *p, struct kms_alias_list *out) {
    struct kms_alias alias;
    str prefix = kms_key_row(c->arena, k->account, k->region, "alias-of", k->id), key, row;
    while (kms_page_next(p, &key, &row)) {
        str rest = str_skip(key, prefix.n), name;
        ASSERT(key_read_str(&rest, c->arena, &name) && kms_alias_load(c, c->account, name, &alias));
        out->v[out->n++] = entry_of(c, &alias);
    }
}

/* Predefined aliases without a key yet, from the one with that index on. Returns where the next page of them begins. */
static u32 list_predefined(struct call *c, u32 from, u32 limit, struct kms_alias_list *out) {
    struct kms_alias alias;
    str name;
    for (; out->n < limit && (name = kms_managed_alias(c, from)).p; from++) {
        if (kms_alias_load(c, c->account, name, &alias)) continue;
        out->v[out->n++] = (struct kms_alias_list_entry){.alias_name = name, .alias_arn = alias_arn(c, c->account, name)};
    }
    return from;
}

/* Rows first, in order of their names; behind them what AWS has predefined, whose markers are "predefined" and an index. */
static err list_of_account(struct call *c, const struct kms_list_aliases_request *in, u32 limit, struct kms_list_aliases_response *out) {
    struct kms_page p = {0};
    struct kms_alias alias;
    str key, row, position = {0}, mark = S("predefined");
    u64 from = 0;
    if (in->marker.p && page_position(c, in->marker, &position) && str_starts(position, mark)) {
        ASSERT(str_to_u64(str_skip(position, mark.n), &from));
    } else {
        TRY(kms_page_open(c, kms_key_row(c->arena, c->account, c->region, "alias", (str){0}), in->limit, limit, in->marker, &p));
        while (kms_page_next(&p, &key, &row)) {
            kms_alias_read_row(c->arena, key, row, &alias);
            out->aliases.v[out->aliases.n++] = entry_of(c, &alias);
        }
        kms_page_close(&p, &out->next_marker, &out->truncated);
        if (p.more) return NULL;
    }
    u32 next = list_predefined(c, (u32)from, limit, &out->aliases);
    out->truncated = SOME_BOOL(kms_managed_alias(c, next).p);
    if (out->truncated.v) out->next_marker = page_token(c, arena_format(c->arena, "%.*s%u", STR_ARGS(mark), next));
    return NULL;
}

err kms_list_aliases(struct call *c, const struct kms_list_aliases_request *in, struct kms_list_aliases_response *out) {
    enum { LIMIT = 50 };
    struct kms_page p;
    struct kms_key k = {0};
    u32 limit = in->limit.set ? (u32)in->limit.v : LIMIT;
    out->aliases.v = NEW_ARRAY(c->arena, struct kms_alias_list_entry, limit);
    out->aliases.set = true;
    if (!in->key_id.p) return list_of_account(c, in, limit, out);
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    TRY(kms_page_open(c, kms_key_row(c->arena, k.account, k.region, "alias-of", k.id), in->limit, LIMIT, in->marker, &p));
    list_of_key(c, &k, &p, &out->aliases);
    kms_page_close(&p, &out->next_marker, &out->truncated);
    return NULL;
}

u32 kms_aliases_forget(struct call *c, const struct kms_key *k, u32 limit) {
    str *names = NEW_ARRAY(c->arena, str, limit);
    u32 n = kms_aliases_of(c, k, names, limit);
    for (u32 i = 0; i < n; i++) kms_alias_forget(c, k, names[i]);
    return n;
}
