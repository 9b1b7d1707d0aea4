/* AWS's own managed policies, arn:aws:iam::aws:policy/..., as published (api/aws-policies.packed). An account
 * has a row only for one that it uses: how often.
 *
 * DIFFERS: of each policy there is the newest version alone, no description, and an id made from its name. */
#include "iam.h"

#include "cloud/packed.h"
#include "crypto/crypto.h"

extern const struct packed aws_policies;

enum { FIELDS = 6 }; /* name, path, version, created, updated, document */

/* 85 bits of the name's digest: always the same, and of the form of an id. */
static str id_of(struct arena *a, str name) {
    enum { LETTERS = 17 };
    u8 digest[32];
    char *text = arena_alloc(a, LETTERS, 1);
    sha256(name, digest);
    for (size_t i = 0; i < LETTERS; i++) text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[digest[i] & 31];
    return arena_concat(a, S("ANPA"), (str){text, LETTERS});
}

static void read_line(struct arena *a, str line, struct entity *e, struct policy_version *v) {
    str field[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) field[i] = str_cut(&line, '\t');
    *e = (struct entity){.kind = ENTITY_POLICY, .account = S("aws"), .name = field[0], .path = field[1], .id = id_of(a, field[0])};
    ASSERT(str_to_i64(str_skip(field[2], 1), &e->default_version));
    ASSERT(iso8601_parse(field[3], &e->created_ms) && iso8601_parse(field[4], &e->updated_ms));
    e->last_version = e->default_version;
    *v = (struct policy_version){field[5], e->updated_ms};
}

static str use_key(const struct realm *r, str name) {
    return realm_key(r, "aws-policy", name_folded(r->arena, name), (str){0});
}

static void add_use(const struct realm *r, struct entity *e) {
    struct entity use = {0};
    str value;
    if (!txn_get(r->txn, use_key(r, e->name), &value)) return;
    ASSERT(record_decode(r->arena, &entity_record, value, &use));
    e->attachments = use.attachments;
    e->boundaries = use.boundaries;
}

static bool load(const struct realm *r, str arn, struct entity *e, struct policy_version *v) {
    str prefix = S("arn:aws:iam::aws:policy/"), line;
    if (!str_starts(arn, prefix)) return false;
    str name = str_skip(arn, str_rfind_char(arn, '/') + 1);
    if (!packed_find(&aws_policies, r->arena, name, &line)) return false;
    read_line(r->arena, line, e, v);
    return str_eq(entity_arn(r->arena, e), arn);
}

bool aws_policy_load(const struct realm *r, str arn, struct entity *e) {
    struct policy_version v;
    if (!load(r, arn, e, &v)) return false;
    add_use(r, e);
    return true;
}

bool aws_policy_next(const struct realm *r, struct packed_walk *w, struct entity *e) {
    struct policy_version v;
    str line;
    if (!packed_next(&aws_policies, r->arena, w, &line)) return false;
    read_line(r->arena, line, e, &v);
    add_use(r, e);
    return true;
}

bool aws_policy_document(const struct realm *r, const struct entity *e, i64 version, struct policy_version *v) {
    struct entity found;
    return version == e->default_version && load(r, entity_arn(r->arena, e), &found, v);
}

void aws_policy_save(const struct realm *r, const struct entity *e) {
    struct entity use = {.description = entity_arn(r->arena, e), .attachments = e->attachments, .boundaries = e->boundaries};
    str key = use_key(r, e->name);
    if (use.attachments || use.boundaries) txn_put(r->txn, key, record_encode(r->arena, &entity_record, &use));
    else txn_delete(r->txn, key);
}
