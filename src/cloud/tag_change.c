/*   ("registry", "tag-change", arn)  -> its tags before the change that is not told yet
 *   ("registry", "tag-version", arn) -> how many were told */
#include "cloud/tag_change.h"

#include "cloud/flight.h"
#include "cloud/record.h"
#include "text/json.h"

struct tags_before {
    struct record_pairs tags;
};
static const struct record_field before_fields[] = {RECORD_LIST(1, struct tags_before, tags, record_pair_type)};
static const struct record_type before_record = RECORD_TYPE(struct tags_before, before_fields);

static str row_key(struct arena *a, const char *kind, str arn) {
    struct key k = key_new(a, S("registry"));
    key_str(&k, str_of(kind));
    key_str(&k, arn);
    return key_bytes(&k);
}

void tag_change_note(struct call *c, const struct resource *r) {
    str row = row_key(c->arena, "tag-change", r->arn);
    struct call there = *c; /* where the resource is */
    there.account = r->account;
    there.region = r->region;
    if (!events_wanted(&there) || txn_get(c->txn, row, NULL)) return;
    struct tags_before before = {tags_of(c, r->arn)};
    txn_put(c->txn, row, record_encode(c->arena, &before_record, &before));
    txn_task_set(c->txn, &(struct task){.kind = S("tag-change"), .key = row, .payload = r->arn, .due_ms = c->now_ms});
}

void tag_change_forget(struct call *c, str arn) {
    txn_delete(c->txn, row_key(c->arena, "tag-change", arn));
    txn_delete(c->txn, row_key(c->arena, "tag-version", arn));
}

/* ---- told ---- */

static bool has(const struct record_pairs *tags, const struct record_pair *tag) {
    for (u32 i = 0; i < tags->n; i++)
        if (str_eq(tags->v[i].key, tag->key) && str_eq(tags->v[i].value, tag->value)) return true;
    return false;
}

static bool has_key(const struct record_pairs *tags, str key) {
    for (u32 i = 0; i < tags->n; i++)
        if (str_eq(tags->v[i].key, key)) return true;
    return false;
}

static u32 changed_keys(const struct record_pairs *before, const struct record_pairs *now, str *keys) {
    u32 n = 0;
    for (u32 i = 0; i < now->n; i++)
        if (!has(before, &now->v[i])) keys[n++] = now->v[i].key;
    for (u32 i = 0; i < before->n; i++)
        if (!has_key(now, before->v[i].key)) keys[n++] = before->v[i].key;
    return n;
}

str resource_kind(const struct resource *r) {
    struct arn arn;
    size_t end = 0;
    if (!arn_parse(r->arn, &arn)) return (str){0};
    while (end < arn.resource.n && arn.resource.p[end] != '/' && arn.resource.p[end] != ':') end++;
    if (end < arn.resource.n) return str_take(arn.resource, end);
    return str_skip(r->type, str_rfind_char(r->type, ':') + 1);
}

/* DIFFERS: AWS has no list of what it calls types here. */
static str lower(struct arena *a, str text) {
    char *to = arena_alloc(a, text.n + 1, 1);
    for (size_t i = 0; i < text.n; i++) to[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] | 32) : text.p[i];
    return (str){to, text.n};
}

/* DIFFERS: AWS counts changes, heard or not. */
static i64 next_version(struct call *c, str arn) {
    str row = row_key(c->arena, "tag-version", arn), value;
    u64 version = 0;
    if (txn_get(c->txn, row, &value)) ASSERT(str_to_u64(value, &version));
    txn_put(c->txn, row, arena_format(c->arena, "%llu", (unsigned long long)++version));
    return (i64)version;
}

static str detail_of(struct call *c, const struct resource *r, const struct record_pairs *now, const str *keys, u32 n) {
    struct arn arn;
    struct buf b = buf_new(c->arena, 1 << 18);
    ASSERT(arn_parse(r->arn, &arn));
    json_write_object(&b);
    json_write_key(&b, S("changed-tag-keys"));
    json_write_array(&b);
    for (u32 i = 0; i < n; i++) json_write_string(&b, keys[i]);
    json_write_array_end(&b);
    json_write_member(&b, S("service"), arn.service);
    json_write_member(&b, S("resource-type"), lower(c->arena, resource_kind(r)));
    json_write_key(&b, S("version"));
    json_write_i64(&b, next_version(c, r->arn));
    json_write_key(&b, S("tags"));
    json_write_object(&b);
    for (u32 i = 0; i < now->n; i++) {
        json_write_member(&b, now->v[i].key, now->v[i].value);
    }
    json_write_object_end(&b);
    json_write_object_end(&b);
    ASSERT(!b.over);
    return buf_str(&b);
}

err tag_change_tell(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct cloud *cloud = txn_owner(t);
    struct tags_before before;
    struct resource r;
    str row, arn = arena_str(a, task->payload);
    if (!txn_get(t, task->key, &row)) return NULL; /* the resource is gone */
    ASSERT(record_decode(a, &before_record, arena_str(a, row), &before));
    txn_delete(t, task->key);
    struct call *c = call_for_task(t, cloud->config.services[0] /* any */, S(""), S(""), now_ms);
    if (!registry_get(c, arn, &r)) return NULL;
    c->account = r.account;
    c->region = r.region;
    struct record_pairs now = tags_of(c, arn);
    str *keys = NEW_ARRAY(a, str, before.tags.n + now.n + 1);
    u32 n = changed_keys(&before.tags, &now, keys);
    if (n) emit_event_of(c, S("aws.tag"), S("Tag Change on Resource"), arn, detail_of(c, &r, &now, keys, n));
    return NULL;
}
