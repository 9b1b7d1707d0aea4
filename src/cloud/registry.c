/* The registry: every resource of the cloud with its type, owner and birth, and its tags.
 *
 *   ("registry", "arn", arn)                    -> resource record
 *   ("registry", "tag", arn, key)               -> value
 *   ("registry", "by-tag", account, region, key, value, arn) -> empty: found by tag, under who owns the resource.
 *       Under the empty key, which no tag has: all that carry a tag or ever did. */
#include "cloud/cloud.h"

#include "cloud/tag_change.h"
#include "cloud/upkeep.h"
#include "crypto/crypto.h"

static const struct record_field resource_fields[] = {
    RECORD_STR(1, struct resource, type),
    RECORD_STR(2, struct resource, account),
    RECORD_STR(3, struct resource, region),
    RECORD_I64(4, struct resource, created_ms),
};
static const struct record_type resource_record = RECORD_TYPE(struct resource, resource_fields);

static str resource_key(struct call *c, str arn) {
    struct key k = key_new(c->arena, S("registry"));
    key_str(&k, S("arn"));
    key_str(&k, arn);
    return key_bytes(&k);
}

static struct key tags_key(struct call *c, str arn) {
    struct key k = key_new(c->arena, S("registry"));
    key_str(&k, S("tag"));
    key_str(&k, arn);
    return k;
}

static str tag_key(struct call *c, str arn, str name) {
    struct key k = tags_key(c, arn);
    key_str(&k, name);
    return key_bytes(&k);
}

/* A key has 1,900 bytes, and a value up to 1,024 beside a name of 512 and an ARN: long values stand in
 * the index by their digest. No value begins with 0xff: values are UTF-8. */
static str indexed_value(struct call *c, str value) {
    enum { PLAIN_MAX = 128, DIGEST = 32 };
    if (value.n <= PLAIN_MAX) return value;
    char *digest = arena_alloc(c->arena, 1 + DIGEST, 1);
    digest[0] = (char)0xff;
    sha256(value, (u8 *)digest + 1);
    return (str){digest, 1 + DIGEST};
}

static struct key by_tag_prefix(struct call *c, str account, str region) {
    struct key k = key_new(c->arena, S("registry"));
    key_str(&k, S("by-tag"));
    key_str(&k, account);
    key_str(&k, region);
    return k;
}

/* Whose resource it is, and where: not always the caller's, and a bucket is not where the call came in. */
static struct resource owner_of(struct call *c, str arn) {
    struct resource r;
    return registry_get(c, arn, &r) ? r : (struct resource){.arn = arn, .account = c->account, .region = c->region};
}

static str by_tag_key(struct call *c, const struct resource *r, const struct record_pair *tag) {
    struct key k = by_tag_prefix(c, r->account, r->region);
    key_str(&k, tag->key);
    key_str(&k, indexed_value(c, tag->value));
    key_str(&k, r->arn);
    return key_bytes(&k);
}

static const struct record_pair ever_tagged = {{"", 0}, {"", 0}};

void registry_add(struct call *c, str arn, str type) {
    struct resource r = {.type = type, .account = c->account, .region = c->region, .created_ms = c->now_ms};
    txn_put(c->txn, resource_key(c, arn), record_encode(c->arena, &resource_record, &r));
}

void registry_remove(struct call *c, str arn) {
    struct resource r = owner_of(c, arn);
    tags_clear(c, arn);
    tag_change_forget(c, arn);
    txn_delete(c->txn, by_tag_key(c, &r, &ever_tagged));
    txn_delete(c->txn, resource_key(c, arn));
}

bool registry_get(struct call *c, str arn, struct resource *r) {
    str value;
    if (!txn_get(c->txn, resource_key(c, arn), &value)) return false;
    ASSERT(record_decode(c->arena, &resource_record, arena_str(c->arena, value), r)); /* it outlives the transaction */
    r->arn = arn;
    return true;
}

u32 registry_find_by_tag(struct call *c, str name, str value, str *position, struct resource *found, u32 max) {
    struct key k = by_tag_prefix(c, c->account, c->region);
    key_str(&k, name);
    if (value.p) key_str(&k, indexed_value(c, value));
    str from = key_bytes(&k), key, ignored;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    if (position->p && str_starts(*position, from)) range_seek(&rows, arena_concat(c->arena, *position, (str){"", 1}));
    str last = {0};
    u32 n = 0;
    for (*position = (str){0}; range_next(&rows, &key, NULL); last = arena_str(c->arena, key)) {
        if (n == max) {
            *position = last;
            break;
        }
        str rest = str_skip(key, from.n), arn;
        ASSERT((value.p || key_read_str(&rest, c->arena, &ignored)) && key_read_str(&rest, c->arena, &arn));
        n += registry_get(c, arena_str(c->arena, arn), &found[n]);
    }
    return n;
}

bool registry_ever_tagged(struct call *c, str arn) {
    struct resource r = owner_of(c, arn);
    return txn_get(c->txn, by_tag_key(c, &r, &ever_tagged), NULL);
}

/* One row for each different part behind `prefix`: the first that has it. A seek a part, however many rows it has. */
static u32 first_rows(struct call *c, str prefix, str *position, str *parts, str *rows, u32 max) {
    str end = key_after_prefix(c->arena, prefix), from = prefix, key;
    if (position->p && str_starts(*position, prefix)) from = *position;
    *position = (str){0};
    for (u32 n = 0;; n++) {
        struct range r = txn_range(c->txn, from, end);
        if (!range_next(&r, &key, NULL)) return n;
        if (n == max) {
            *position = arena_str(c->arena, key);
            return n;
        }
        rows[n] = arena_str(c->arena, key);
        str rest = str_skip(rows[n], prefix.n);
        ASSERT(key_read_str(&rest, c->arena, &parts[n]));
        from = key_after_prefix(c->arena, str_take(rows[n], rows[n].n - rest.n));
    }
}

u32 registry_tag_names(struct call *c, str *position, str *names, u32 max) {
    struct key k = by_tag_prefix(c, c->account, c->region);
    str all = key_bytes(&k);
    key_str(&k, ever_tagged.key);
    if (!position->p) *position = key_after_prefix(c->arena, key_bytes(&k)); /* behind the empty name */
    return first_rows(c, all, position, names, NEW_ARRAY(c->arena, str, max + 1), max);
}

u32 registry_tag_values(struct call *c, str name, str *position, str *values, u32 max) {
    str *rows = NEW_ARRAY(c->arena, str, max + 1), arn;
    struct key k = by_tag_prefix(c, c->account, c->region);
    key_str(&k, name);
    str all = key_bytes(&k);
    u32 n = first_rows(c, all, position, values, rows, max);
    for (u32 i = 0; i < n; i++) { /* a long value stands there by its digest: the resource has it whole */
        str rest = str_skip(rows[i], all.n), value;
        ASSERT(key_read_str(&rest, c->arena, &value) && key_read_str(&rest, c->arena, &arn));
        ASSERT(txn_get(c->txn, tag_key(c, arn, name), &value));
        values[i] = arena_str(c->arena, value);
    }
    return n;
}

/* ---- tags ---- */

struct record_pairs tags_of(struct call *c, str arn) {
    enum { TAGS_MAX = 50 };
    struct record_pairs tags = {.v = NEW_ARRAY(c->arena, struct record_pair, TAGS_MAX), .set = true};
    struct key k = tags_key(c, arn);
    str from = key_bytes(&k), key, value;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (tags.n < TAGS_MAX && range_next(&r, &key, &value)) {
        str rest = str_skip(key, from.n), name;
        ASSERT(key_read_str(&rest, c->arena, &name));
        tags.v[tags.n++] = (struct record_pair){arena_str(c->arena, name), arena_str(c->arena, value)}; /* they outlive the transaction */
    }
    return tags;
}

/* Letters, digits, white space and _.:/=+-@ : AWS's characters of tags; letters of any script. */
static bool tag_text(str s) {
    if (!utf8_valid(s)) return false;
    for (size_t i = 0; i < s.n; i++) {
        u8 ch = (u8)s.p[i];
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        if (ch >= 0x80 || letter || (ch >= '0' && ch <= '9') || ch == ' ' || ch == '\t') continue;
        if (!memchr("_.:/=+-@", ch, 8)) return false;
    }
    return true;
}

static bool tag_valid(const struct record_pair *tag) {
    if (tag->key.n == 0 || utf8_length(tag->key) > 128 || utf8_length(tag->value) > 256) return false;
    if (!tag_text(tag->key) || !tag_text(tag->value)) return false;
    return !(tag->key.n >= 4 && str_eq_nocase(str_take(tag->key, 4), S("aws:")));
}

static void put_tag(struct call *c, const struct resource *r, const struct record_pair *tag) {
    str key = tag_key(c, r->arn, tag->key), old;
    bool there = txn_get(c->txn, key, &old);
    if (there && str_eq(old, tag->value)) return;
    if (there)
        txn_delete(c->txn, by_tag_key(c, r, &(struct record_pair){tag->key, old}));
    txn_put(c->txn, key, tag->value);
    txn_put(c->txn, by_tag_key(c, r, tag), S(""));
}

err tags_set(struct call *c, str arn, const struct record_pairs *tags, const struct tag_errors *errors) {
    struct record_pairs have = tags_of(c, arn);
    u32 count = have.n;
    for (u32 i = 0; i < tags->n; i++) {
        if (!tag_valid(&tags->v[i])) return errors->invalid;
        bool known = false;
        for (u32 j = 0; j < have.n && !known; j++) known = str_eq(have.v[j].key, tags->v[i].key);
        for (u32 j = 0; j < i && !known; j++) known = str_eq(tags->v[j].key, tags->v[i].key);
        count += !known;
    }
    if (count > 50) return errors->too_many;
    struct resource r = owner_of(c, arn);
    if (!tags->n) return NULL;
    tag_change_note(c, &r);
    txn_put(c->txn, by_tag_key(c, &r, &ever_tagged), S(""));
    for (u32 i = 0; i < tags->n; i++) put_tag(c, &r, &tags->v[i]);
    txn_raise_epoch(c->txn);
    return NULL;
}

void tags_remove(struct call *c, str arn, const str *keys, size_t n) {
    struct resource r = owner_of(c, arn);
    tag_change_note(c, &r);
    for (size_t i = 0; i < n; i++) {
        str key = tag_key(c, arn, keys[i]), value;
        if (!txn_get(c->txn, key, &value)) continue;
        txn_delete(c->txn, by_tag_key(c, &r, &(struct record_pair){keys[i], value}));
        txn_delete(c->txn, key);
    }
    txn_raise_epoch(c->txn);
}

void tags_clear(struct call *c, str arn) {
    struct record_pairs tags = tags_of(c, arn);
    for (u32 i = 0; i < tags.n; i++) tags_remove(c, arn, &tags.v[i].key, 1);
}

/* ---- reset ---- */

static str registry_prefix(struct arena *a, const char *kind) {
    struct key k = key_new(a, S("registry"));
    key_str(&k, str_of(kind));
    return key_bytes(&k);
}

/* Whose row it is: by-tag rows say it, those of a resource and its tags by the resource. */
static bool row_of_account(struct txn *t, const char *kind, str key, str account) {
    struct arena *a = txn_arena(t);
    str rest = str_skip(key, registry_prefix(a, kind).n), first, value;
    struct resource r = {0};
    if (!account.p) return true;
    if (!key_read_str(&rest, a, &first)) return false;
    if (strcmp(kind, "by-tag") == 0) return str_eq(first, account);
    struct key k = key_new(a, S("registry"));
    key_str(&k, S("arn"));
    key_str(&k, first);
    return txn_get(t, key_bytes(&k), &value) && record_decode(a, &resource_record, value, &r) && str_eq(r.account, account);
}

/* Resources last: their tags are told apart by them. */
bool registry_release(struct txn *t, str account, int *budget) {
    static const char *const kinds[] = {"by-tag", "tag", "tag-change", "tag-version", "arn"};
    struct arena *a = txn_arena(t);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        str prefix = registry_prefix(a, kinds[i]), key, value;
        struct range rows = txn_range(t, prefix, key_after_prefix(a, prefix));
        while (range_next(&rows, &key, &value)) {
            if (!row_of_account(t, kinds[i], key, account)) continue;
            if (!*budget) return false;
            --*budget;
            txn_delete(t, arena_str(a, key));
        }
    }
    return true;
}
