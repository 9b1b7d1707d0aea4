/* Grants: rights on one key, beside all policies. A row under its key, one under who may use it there, and one
 * under who may retire it. */
#include "kms.h"

#include "cloud/policy_principal.h"

enum { GRANT_ID = 64 };

static str index_row(struct arena *a, const struct kms_key *k, const char *type, str first, str second, str third) {
    struct key row = key_new(a, S("kms"));
    key_str(&row, k->account);
    key_str(&row, k->region);
    key_str(&row, str_of(type));
    key_str(&row, first);
    if (second.p) key_str(&row, second);
    if (third.p) key_str(&row, third);
    return key_bytes(&row);
}

bool kms_grant_load(struct call *c, const struct kms_key *k, str id, struct kms_grant *g) {
    str row;
    *g = (struct kms_grant){0};
    if (id.n > 128 || !txn_get(c->txn, index_row(c->arena, k, "grant", k->id, id, (str){0}), &row)) return false;
    ASSERT(record_decode(c->arena, &kms_grant_record, arena_str(c->arena, row), g));
    g->id = id;
    g->key_id = k->id;
    return true;
}

static str grantee_of(const struct kms_grant *g) { return g->grantee.p ? g->grantee : g->grantee_service; }
static str retiring_of(const struct kms_grant *g) { return g->retiring.p ? g->retiring : g->retiring_service; }

static void grant_put(struct call *c, const struct kms_key *k, const struct kms_grant *g) {
    txn_put(c->txn, index_row(c->arena, k, "grant", k->id, g->id, (str){0}), record_encode(c->arena, &kms_grant_record, g));
    txn_put(c->txn, index_row(c->arena, k, "grantee", k->id, grantee_of(g), g->id), S(""));
    if (retiring_of(g).n) txn_put(c->txn, index_row(c->arena, k, "retirable", retiring_of(g), k->id, g->id), S(""));
    txn_raise_epoch(c->txn);
}

static void grant_remove(struct call *c, const struct kms_key *k, const struct kms_grant *g) {
    txn_delete(c->txn, index_row(c->arena, k, "grant", k->id, g->id, (str){0}));
    txn_delete(c->txn, index_row(c->arena, k, "grantee", k->id, grantee_of(g), g->id));
    if (retiring_of(g).n) txn_delete(c->txn, index_row(c->arena, k, "retirable", retiring_of(g), k->id, g->id));
    txn_raise_epoch(c->txn);
}

u32 kms_grants_forget(struct call *c, const struct kms_key *k, u32 limit) {
    str from = index_row(c->arena, k, "grant", k->id, (str){0}, (str){0}), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    struct kms_grant g;
    u32 n = 0;
    for (; n < limit && range_next(&r, &key, NULL); n++) {
        str rest = str_skip(arena_str(c->arena, key), from.n), id;
        ASSERT(key_read_str(&rest, c->arena, &id) && kms_grant_load(c, k, id, &g));
        grant_remove(c, k, &g);
    }
    return n;
}

/* ---- tokens: of no account, since another's principal may bring them ---- */

static const str nobody = {"000000000000", 12};

struct grant_name {
    str account, region, key_id, grant_id;
};
static const struct record_field grant_name_fields[] = {
    RECORD_STR(1, struct grant_name, account),
    RECORD_STR(2, struct grant_name, region),
    RECORD_STR(3, struct grant_name, key_id),
    RECORD_STR(4, struct grant_name, grant_id),
};
static const struct record_type grant_name_record = RECORD_TYPE(struct grant_name, grant_name_fields);

static str token_of(struct call *c, const struct kms_key *k, str grant_id) {
    struct grant_name name = {k->account, k->region, k->id, grant_id};
    return base64_of(c->arena, secret_seal(c->txn, c->arena, nobody, S("kms grant token"), record_encode(c->arena, &grant_name_record, &name)));
}

static bool read_token(struct call *c, str token, struct grant_name *name) {
    str sealed, plain;
    return base64_decode(c->arena, token, &sealed) && secret_open(c->txn, c->arena, nobody, S("kms grant token"), sealed, &plain) && record_decode(c->arena, &grant_name_record, plain, name);
}

bool kms_grant_by_token(struct call *c, str token, struct kms_key *k, struct kms_grant *g) {
    struct grant_name name = {0};
    return read_token(c, token, &name) && str_eq(name.region, c->region) && kms_key_load(c->txn, c->arena, name.account, name.region, name.key_id, k)
           && kms_grant_load(c, k, name.grant_id, g);
}

/* A grant counts from its commit: tokens are only checked. */
err kms_grant_tokens_check(struct call *c, const struct kms_grant_token_list *tokens) {
    struct grant_name name;
    for (u32 i = 0; tokens && i < tokens->n; i++)
        if (!read_token(c, tokens->v[i], &name)) return &kms_invalid_grant_token_exception;
    return NULL;
}

/* ---- what a grant allows ---- */

static bool has_word(str words, str word) {
    while (words.p)
        if (str_eq(str_cut(&words, ' '), word)) return true;
    return false;
}

static bool has_pairs(const struct kms_encryption_context_type *context, const struct record_pairs *pairs) {
    for (u32 i = 0; i < pairs->n; i++) {
        bool found = false;
        for (u32 j = 0; context && j < context->n && !found; j++)
            found = str_eq(context->v[j].key, pairs->v[i].key) && str_eq(context->v[j].value, pairs->v[i].value);
        if (!found) return false;
    }
    return true;
}

/* Constraints speak about operations that have an encryption context, and about grants made on. */
static bool constraints_hold(const struct call *c, const struct kms_grant *g, const struct kms_encryption_context_type *context) {
    if (g->source_arn.p && !str_eq(g->source_arn, c->source_arn)) return false;
    if (!context) return true;
    if (g->equals.set && (g->equals.n != context->n || !has_pairs(context, &g->equals))) return false;
    return has_pairs(context, &g->subset);
}

static bool grantee_allows(struct call *c, const struct kms_key *k, str grantee, str operation, const struct kms_encryption_context_type *context) {
    if (!grantee.n || grantee.n > 512) return false;
    str from = index_row(c->arena, k, "grantee", k->id, grantee, (str){0}), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, NULL)) {
        struct kms_grant g;
        str rest = str_skip(arena_str(c->arena, key), from.n), id;
        ASSERT(key_read_str(&rest, c->arena, &id) && kms_grant_load(c, k, id, &g));
        if (has_word(g.operations, operation) && constraints_hold(c, &g, context)) return true;
    }
    return false;
}

/* "dynamodb.us-west-1.amazonaws.com": of one region alone; absent: the caller is no service. */
static str regional_name(struct call *c, const struct kms_key *k) {
    const struct principal *p = c->principal;
    if (p->kind != PRINCIPAL_SERVICE) return (str){0};
    return arena_format(c->arena, "%.*s.%.*s.amazonaws.com", STR_ARGS(str_take(p->arn, str_find_char(p->arn, '.'))), STR_ARGS(k->region));
}

bool kms_grant_allows(struct call *c, const struct kms_key *k, str operation, const struct kms_encryption_context_type *context) {
    str names[PRINCIPAL_NAMES_MAX];
    u32 n = policy_principal_names(c, names);
    for (u32 i = 0; i < n; i++)
        if (grantee_allows(c, k, names[i], operation, context)) return true;
    return grantee_allows(c, k, regional_name(c, k), operation, context);
}

bool kms_grant_retired_by(const struct call *c, const struct kms_grant *g) {
    str names[PRINCIPAL_NAMES_MAX];
    u32 n = policy_principal_names(c, names);
    for (u32 i = 0; i < n; i++)
        if (str_eq(names[i], retiring_of(g))) return true;
    return false;
}

/* ---- CreateGrant ---- */

static struct record_pairs pairs_of(struct call *c, const struct kms_encryption_context_type *context) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, context->n + 1), .n = context->n, .set = context->set && context->n};
    for (u32 i = 0; i < context->n; i++) pairs.v[i] = (struct record_pair){context->v[i].key, context->v[i].value};
    return pairs;
}

static err check_principal(struct call *c, str principal) {
    struct arn arn;
    bool service = str_ends(principal, S(".amazonaws.com")) && str_find_char(principal, ':') == STR_NONE;
    if (!principal.p || service || (arn_parse(principal, &arn) && (str_eq(arn.service, S("iam")) || str_eq(arn.service, S("sts"))))) return NULL;
    return fail(c, &kms_invalid_arn_exception, "Invalid arn %.*s", STR_ARGS(principal));
}

/* As the row keeps it: a user or role by its id, so that no namesake has the grant. */
static err take_principal(struct call *c, str principal, str *bound) {
    TRY(check_principal(c, principal));
    *bound = principal;
    bool person = str_starts(principal, S("arn:")); /* or a service */
    if (!person || policy_principal_bind(c, principal, bound)) return NULL;
    return fail(c, &kms_invalid_arn_exception, "ARN does not refer to a valid principal: %.*s", STR_ARGS(principal));
}

/* As one text, with spaces between. */
static err read_operations(struct call *c, const struct kms_grant_operation_list *in, const struct kms_key *k, str *operations) {
    const struct key_spec *spec = kms_spec_find(k->spec);
    struct buf words = buf_new(c->arena, 2048);
    bool only_create = true;
    if (!in->n) return fail(c, &cloud_validation, "Operations must not be empty.");
    for (u32 i = 0; i < in->n; i++) {
        if (!kms_operation_fits(spec, k->usage, in->v[i]))
            return fail(c, &cloud_validation, "Operation %.*s is not valid for a key with key spec %.*s and key usage %.*s.", STR_ARGS(in->v[i]), STR_ARGS(k->spec), STR_ARGS(k->usage));
        only_create = only_create && str_eq(in->v[i], S("CreateGrant"));
        if (i) buf_char(&words, ' ');
        buf_add(&words, in->v[i]);
    }
    *operations = buf_str(&words);
    if (only_create) return fail(c, &cloud_validation, "Grants must not contain only the CreateGrant operation.");
    return words.over ? fail(c, &cloud_validation, "Too many Operations.") : NULL;
}

static err read_request(struct call *c, const struct kms_create_grant_request *in, const struct kms_key *k, struct kms_grant *g) {
    str grantee, retiring, operations;
    TRY(take_principal(c, in->grantee_principal, &grantee));
    TRY(take_principal(c, in->retiring_principal, &retiring));
    if (!in->grantee_principal.p == !in->grantee_service_principal.p)
        return fail(c, &cloud_validation, "Exactly one of GranteePrincipal and GranteeServicePrincipal must be given.");
    TRY(read_operations(c, &in->operations, k, &operations));
    *g = (struct kms_grant){.name = in->name, .grantee = grantee, .retiring = retiring,
                            .issuer = arena_format(c->arena, "arn:aws:iam::%.*s:root", STR_ARGS(c->account)), .operations = operations,
                            .grantee_service = in->grantee_service_principal, .retiring_service = in->retiring_service_principal, .created_ms = c->now_ms};
    if (!in->constraints) return NULL;
    TRY(kms_context_check(c, &in->constraints->encryption_context_equals));
    TRY(kms_context_check(c, &in->constraints->encryption_context_subset));
    g->equals = pairs_of(c, &in->constraints->encryption_context_equals);
    g->subset = pairs_of(c, &in->constraints->encryption_context_subset);
    g->source_arn = in->constraints->source_arn;
    if ((g->equals.n || g->subset.n) && !str_eq(k->spec, S("SYMMETRIC_DEFAULT")))
        return fail(c, &cloud_validation, "Encryption context constraints are valid for grants on symmetric encryption keys only.");
    return NULL;
}

static bool same_pairs(const struct record_pairs *x, const struct record_pairs *y) {
    bool same = x->n == y->n;
    for (u32 i = 0; same && i < x->n; i++) same = str_eq(x->v[i].key, y->v[i].key) && str_eq(x->v[i].value, y->v[i].value);
    return same;
}

/* A named grant that is made again is the one that there is. */
static bool find_same(struct call *c, const struct kms_key *k, const struct kms_grant *asked, str *id) {
    if (!asked->name.p) return false;
    str from = index_row(c->arena, k, "grantee", k->id, grantee_of(asked), (str){0}), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&r, &key, NULL)) {
        struct kms_grant g;
        str rest = str_skip(arena_str(c->arena, key), from.n);
        ASSERT(key_read_str(&rest, c->arena, id) && kms_grant_load(c, k, *id, &g));
        if (str_eq(g.name, asked->name) && str_eq(g.operations, asked->operations) && str_eq(retiring_of(&g), retiring_of(asked))
            && str_eq(g.source_arn, asked->source_arn) && same_pairs(&g.equals, &asked->equals) && same_pairs(&g.subset, &asked->subset))
            return true;
    }
    return false;
}

err kms_create_grant(struct call *c, const struct kms_create_grant_request *in, struct kms_create_grant_response *out) {
    struct kms_key k;
    struct kms_grant g;
    TRY(kms_key_open(c, in->key_id, OPEN_FOREIGN, &k));
    TRY(kms_key_check_state(c, &k));
    TRY(read_request(c, in, &k, &g));
    TRY(kms_dry_run(c, in->dry_run));
    if (!find_same(c, &k, &g, &g.id)) {
        g.id = id_hex(c->arena, GRANT_ID);
        grant_put(c, &k, &g);
    }
    out->grant_id = g.id;
    out->grant_token = token_of(c, &k, g.id);
    return NULL;
}

/* ---- gone: also of a key that waits for its deletion ---- */

err kms_revoke_grant(struct call *c, const struct kms_revoke_grant_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    struct kms_grant g;
    TRY(kms_key_open(c, in->key_id, OPEN_FOREIGN, &k));
    if (!kms_grant_load(c, &k, in->grant_id, &g)) return fail(c, &kms_not_found_exception, "Grant ID %.*s not found", STR_ARGS(in->grant_id));
    TRY(kms_dry_run(c, in->dry_run));
    grant_remove(c, &k, &g);
    return NULL;
}

err kms_retire_grant(struct call *c, const struct kms_retire_grant_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    struct kms_grant g;
    bool by_name = in->key_id.p && in->grant_id.p;
    if (!in->grant_token.p == !by_name) return fail(c, &cloud_validation, "Either GrantToken or both KeyId and GrantId must be given.");
    if (by_name) {
        TRY(kms_key_open(c, in->key_id, OPEN_FOREIGN, &k));
        if (!kms_grant_load(c, &k, in->grant_id, &g)) return fail(c, &kms_not_found_exception, "Grant ID %.*s not found", STR_ARGS(in->grant_id));
    } else if (!kms_grant_by_token(c, in->grant_token, &k, &g)) {
        return &kms_invalid_grant_token_exception;
    }
    TRY(kms_dry_run(c, in->dry_run));
    grant_remove(c, &k, &g);
    return NULL;
}

/* ---- lists ---- */

static struct kms_encryption_context_type context_of(struct call *c, const struct record_pairs *pairs) {
    struct kms_encryption_context_type context = {.n = pairs->n, .set = pairs->n > 0};
    context.v = NEW_ARRAY(c->arena, struct kms_encryption_context_type_entry, pairs->n + 1);
    for (u32 i = 0; i < pairs->n; i++) context.v[i] = (struct kms_encryption_context_type_entry){pairs->v[i].key, pairs->v[i].value};
    return context;
}

static struct kms_grant_list_entry entry_of(struct call *c, const struct kms_key *k, const struct kms_grant *g) {
    struct kms_grant_list_entry entry = {.key_id = k->arn, .grant_id = g->id, .name = g->name, .creation_date = SOME_TIME(g->created_ms), .grantee_principal = policy_principal_shown(c, g->grantee),
                                         .retiring_principal = policy_principal_shown(c, g->retiring), .issuing_account = g->issuer, .grantee_service_principal = g->grantee_service,
                                         .retiring_service_principal = g->retiring_service};
    size_t words = 1;
    for (size_t i = 0; i < g->operations.n; i++) words += g->operations.p[i] == ' ';
    entry.operations.v = NEW_ARRAY(c->arena, str, words);
    entry.operations.set = true;
    for (str rest = g->operations; rest.p;) entry.operations.v[entry.operations.n++] = str_cut(&rest, ' ');
    if (!g->equals.n && !g->subset.n && !g->source_arn.p) return entry;
    entry.constraints = NEW(c->arena, struct kms_grant_constraints);
    entry.constraints->encryption_context_equals = context_of(c, &g->equals);
    entry.constraints->encryption_context_subset = context_of(c, &g->subset);
    entry.constraints->source_arn = g->source_arn;
    return entry;
}

err kms_list_grants(struct call *c, const struct kms_list_grants_request *in, struct kms_list_grants_response *out) {
    struct kms_key k;
    struct kms_grant g;
    struct kms_page p;
    str key, row;
    TRY(kms_key_open(c, in->key_id, OPEN_FOREIGN, &k));
    if (in->grant_id.p && !kms_grant_load(c, &k, in->grant_id, &g)) return fail(c, &kms_invalid_grant_id_exception, "Grant ID %.*s not found", STR_ARGS(in->grant_id));
    str prefix = index_row(c->arena, &k, "grant", k.id, (str){0}, (str){0});
    TRY(kms_page_open(c, prefix, in->limit, 50, in->marker, &p));
    out->grants.v = NEW_ARRAY(c->arena, struct kms_grant_list_entry, p.limit);
    out->grants.set = true;
    while (kms_page_next(&p, &key, &row)) {
        str rest = str_skip(key, prefix.n), id;
        ASSERT(key_read_str(&rest, c->arena, &id) && kms_grant_load(c, &k, id, &g));
        bool shown = (!in->grant_id.p || str_eq(in->grant_id, id)) && (!in->grantee_principal.p || str_eq(in->grantee_principal, policy_principal_shown(c, g.grantee)))
                     && (!in->grantee_service_principal.p || str_eq(in->grantee_service_principal, g.grantee_service));
        if (shown) out->grants.v[out->grants.n++] = entry_of(c, &k, &g);
        else kms_page_skip(&p);
    }
    kms_page_close(&p, &out->next_marker, &out->truncated);
    return NULL;
}

err kms_list_retirable_grants(struct call *c, const struct kms_list_retirable_grants_request *in, struct kms_list_grants_response *out) {
    struct kms_key place = {.account = c->account, .region = c->region}, k;
    struct kms_grant g;
    struct kms_page p;
    str key, row, who = in->retiring_service_principal;
    if (!in->retiring_principal.p && !who.p) return fail(c, &cloud_validation, "RetiringPrincipal or RetiringServicePrincipal must be given.");
    TRY(check_principal(c, in->retiring_principal));
    if (in->retiring_principal.p && !policy_principal_bind(c, in->retiring_principal, &who)) who = in->retiring_principal; /* a service, or nobody */
    str prefix = index_row(c->arena, &place, "retirable", who, (str){0}, (str){0});
    TRY(kms_page_open(c, prefix, in->limit, 50, in->marker, &p));
    out->grants.v = NEW_ARRAY(c->arena, struct kms_grant_list_entry, p.limit);
    out->grants.set = true;
    while (kms_page_next(&p, &key, &row)) {
        str rest = str_skip(key, prefix.n), key_id, id;
        ASSERT(key_read_str(&rest, c->arena, &key_id) && key_read_str(&rest, c->arena, &id));
        ASSERT(kms_key_load(c->txn, c->arena, c->account, c->region, key_id, &k) && kms_grant_load(c, &k, id, &g)); /* grants go with their key */
        out->grants.v[out->grants.n++] = entry_of(c, &k, &g);
    }
    kms_page_close(&p, &out->next_marker, &out->truncated);
    return NULL;
}
