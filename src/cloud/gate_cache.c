/* What the gate knows, compiled. Entries live each in an arena of their own, in a table with a least recently
 * used list; nothing that the running decision has touched is thrown out under it. */
#include "cloud/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SLOTS = 16, MARKS = 256, BUCKETS = 128, ENTRIES_MAX = 256, BYTES_MAX = 4 << 20 };

enum entry_kind { ENTRY_KEY, ENTRY_CALLER, ENTRY_ACCOUNT, ENTRY_MANAGED, ENTRY_DOCUMENT /* and an enum policy_kind added */ };
struct entry {
    struct entry *next;            /* of the bucket */
    struct entry *newer, *older;   /* by use */
    struct arena arena;
    u8 kind; /* enum entry_kind */
    str key;
    u64 hash, epoch, turn;
    union {
        struct identity_key access_key;
        struct gate_caller caller;
        struct gate_account account;
        const struct policy *policy;
    };
};

struct gate_slot {
    pthread_mutex_t lock;
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    u32 count;
    size_t bytes;
    u64 turn;
};
struct gate_slots {
    struct gate_slot *_Atomic v[SLOTS];
    _Atomic u64 marks[MARKS]; /* of used keys: a piece of the key's hash, and the minute */
};

/* ---- the table ---- */

static void unlink_use(struct gate_slot *s, struct entry *e) {
    *(e->newer ? &e->newer->older : &s->newest) = e->older;
    *(e->older ? &e->older->newer : &s->oldest) = e->newer;
}
static void link_newest(struct gate_slot *s, struct entry *e) {
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void drop(struct gate_slot *s, struct entry *e) {
    struct entry **at = &s->buckets[e->hash % BUCKETS];
    while (*at != e) at = &(*at)->next;
    *at = e->next;
    unlink_use(s, e);
    s->count--;
    s->bytes -= e->arena.allocated;
    struct arena arena = e->arena;
    arena_free(&arena);
}

static void make_room(struct gate_slot *s) {
    for (struct entry *e = s->oldest; e && (s->count > ENTRIES_MAX || s->bytes > BYTES_MAX);) {
        struct entry *newer = e->newer;
        if (e->turn != s->turn) drop(s, e);
        e = newer;
    }
}

/* Of a long document some bytes: to compare it whole is cheap, to hash it whole is not. */
static u64 hash_of(u8 kind, str key) {
    u64 h = key.n * 31 + kind;
    size_t step = key.n / 64 + 1;
    for (size_t i = 0; i < key.n; i += step) h = (h ^ (u8)key.p[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static struct entry *find(struct gate_view *v, u8 kind, str key) {
    struct gate_slot *s = v->slot;
    u64 hash = hash_of(kind, key);
    for (struct entry *e = s->buckets[hash % BUCKETS]; e; e = e->next) {
        if (e->hash != hash || e->kind != kind || !str_eq(e->key, key)) continue;
        if (kind < ENTRY_DOCUMENT && e->turn != s->turn && (e->epoch != v->epoch || v->apart)) {
            drop(s, e);
            return NULL;
        }
        e->turn = s->turn;
        unlink_use(s, e);
        link_newest(s, e);
        return e;
    }
    return NULL;
}

/* A new entry, filled by the caller, who then calls keep(). */
static struct entry *start(struct gate_view *v, u8 kind, str key) {
    struct arena arena = {0};
    struct entry *e = NEW(&arena, struct entry);
    e->arena = arena;
    e->kind = kind;
    e->key = arena_str(&e->arena, key);
    e->hash = hash_of(kind, key);
    e->epoch = v->apart ? 0 : v->epoch; /* no epoch is 0: found by this decision alone */
    e->turn = v->slot->turn;
    return e;
}
static struct entry *keep(struct gate_view *v, struct entry *e) {
    struct gate_slot *s = v->slot;
    e->next = s->buckets[e->hash % BUCKETS];
    s->buckets[e->hash % BUCKETS] = e;
    link_newest(s, e);
    s->count++;
    s->bytes += e->arena.allocated;
    make_room(s);
    return e;
}

static void free_slots(void *object) {
    struct gate_slots *slots = object;
    for (int i = 0; i < SLOTS; i++) {
        struct gate_slot *s = atomic_load(&slots->v[i]);
        if (!s) continue;
        while (s->oldest) drop(s, s->oldest);
        pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

struct gate_slots *gate_slots_new(struct arena *boot) {
    struct gate_slots *slots = NEW(boot, struct gate_slots);
    arena_on_free(boot, free_slots, slots);
    return slots;
}

/* ---- a decision's view ---- */

static struct gate_slot *slot_of(struct gate_slots *slots) {
    static _Atomic unsigned threads; /* each thread keeps to a slot of its own as long as there are enough */
    static _Thread_local unsigned mine;
    if (!mine) mine = 1 + atomic_fetch_add(&threads, 1) % SLOTS;
    struct gate_slot *s = atomic_load(&slots->v[mine - 1]), *none = NULL;
    if (s) return s;
    s = calloc(1, sizeof *s); /* lives with the cloud, and most slots never come to be */
    ASSERT(s && pthread_mutex_init(&s->lock, NULL) == 0);
    if (atomic_compare_exchange_strong(&slots->v[mine - 1], &none, s)) return s;
    pthread_mutex_destroy(&s->lock);
    free(s);
    return none;
}

struct gate_view gate_view_open(struct call *c) {
    struct gate_view v = {.c = c, .slot = slot_of(c->cloud->gate), .epoch = store_epoch(c->cloud->store)};
    v.apart = c->txn && txn_writable(c->txn) && txn_raised_epoch(c->txn);
    pthread_mutex_lock(&v.slot->lock);
    v.slot->turn++;
    return v;
}
void gate_view_close(struct gate_view *v) { pthread_mutex_unlock(&v->slot->lock); }

const struct identity_door *identity_door_of(const struct call *c) {
    static const struct identity_door closed;
    const struct identity_door *door = c->cloud->config.identity;
    return door ? door : &closed;
}
static const struct identity_door *door_of(const struct gate_view *v) { return identity_door_of(v->c); }

/* ---- compiling ---- */

static const struct policy *compile(str json, enum policy_kind kind, struct arena *a) {
    static const char nothing[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}";
    str problem;
    const struct policy *p = policy_compile(json, kind, a, &problem);
    if (!p) p = policy_compile(str_of(nothing), POLICY_IDENTITY, a, &problem);
    ASSERT(p);
    return p;
}

static struct policy_list compile_list(const struct identity_policies *policies, enum policy_kind kind, struct arena *a) {
    const struct policy **v = NEW_ARRAY(a, const struct policy *, policies->n);
    for (u32 i = 0; i < policies->n; i++) v[i] = compile(policies->v[i].json, kind, a);
    return (struct policy_list){v, policies->n};
}

static struct record_pairs copy_pairs(const struct record_pairs *pairs, struct arena *a) {
    struct record_pairs copy = {.v = NEW_ARRAY(a, struct record_pair, pairs->n), .n = pairs->n, .set = true};
    for (u32 i = 0; i < pairs->n; i++) copy.v[i] = (struct record_pair){arena_str(a, pairs->v[i].key), arena_str(a, pairs->v[i].value)};
    return copy;
}

const struct policy *gate_document(struct gate_view *v, str json, enum policy_kind kind) {
    u8 entry_kind = (u8)(ENTRY_DOCUMENT + kind);
    struct entry *e = find(v, entry_kind, json);
    if (e) return e->policy;
    e = start(v, entry_kind, json);
    e->policy = compile(json, kind, &e->arena);
    return keep(v, e)->policy;
}

const struct policy *gate_managed(struct gate_view *v, str arn) {
    struct entry *e = find(v, ENTRY_MANAGED, arn);
    if (e) return e->policy;
    struct identity_policy found;
    if (!door_of(v)->managed_policy || !door_of(v)->managed_policy(gate_txn(v->c), v->c->arena, arn, &found)) return NULL;
    e = start(v, ENTRY_MANAGED, arn);
    e->policy = compile(found.json, POLICY_IDENTITY, &e->arena);
    return keep(v, e)->policy;
}

/* ---- keys ---- */

static struct principal copy_principal(const struct principal *p, struct arena *a) {
    struct principal copy = *p; /* of a lasting key: no session members */
    copy.account = arena_str(a, p->account);
    copy.arn = arena_str(a, p->arn);
    copy.user_id = arena_str(a, p->user_id);
    copy.access_key = arena_str(a, p->access_key);
    return copy;
}

const struct identity_key *gate_key_of(struct gate_view *v, str access_key) {
    if (!door_of(v)->key) return NULL;
    struct entry *e = find(v, ENTRY_KEY, access_key);
    if (e) return &e->access_key;
    struct identity_key found = {0};
    if (!door_of(v)->key(gate_txn(v->c), v->c->arena, access_key, &found)) return NULL;
    e = start(v, ENTRY_KEY, access_key);
    e->access_key = (struct identity_key){
        .secret = arena_str(&e->arena, found.secret), .active = found.active, .principal = copy_principal(&found.principal, &e->arena)};
    return &keep(v, e)->access_key;
}

bool gate_key_mark(struct gate_slots *s, str what, i64 now_ms) {
    u64 hash = str_hash(what), mark = hash >> 32 << 32 | (u32)(now_ms / 60000);
    return atomic_exchange(&s->marks[hash % MARKS], mark) != mark;
}

/* ---- callers ---- */

/* Of a session what counts is the role or user behind it, and that it still is the same one: its id. Federated
 * sessions do not say the user's: there it is the time, that the user is older than the session. */
static str caller_key(struct arena *a, const struct principal *p) {
    bool issued = p->kind == PRINCIPAL_ROLE_SESSION || p->kind == PRINCIPAL_FEDERATED;
    str id = p->user_id, arn = issued ? p->session_issuer : p->arn;
    if (issued) id = str_cut(&id, ':');
    i64 made_ms = p->kind == PRINCIPAL_FEDERATED ? p->session_made_ms : 0;
    return arena_format(a, "%d %lld %.*s %.*s", p->kind, (long long)made_ms, STR_ARGS(arn), STR_ARGS(id));
}

const struct gate_caller *gate_caller_of(struct gate_view *v, const struct principal *p) {
    str key = caller_key(v->c->arena, p);
    struct entry *e = find(v, ENTRY_CALLER, key);
    if (e) return &e->caller;
    struct identity found = {0};
    if (door_of(v)->identity) door_of(v)->identity(gate_txn(v->c), v->c->arena, p, &found);
    e = start(v, ENTRY_CALLER, key);
    struct arena *a = &e->arena;
    e->caller = (struct gate_caller){
        .exists = found.exists,
        .service_linked = found.service_linked,
        .policies = compile_list(&found.policies, POLICY_IDENTITY, a),
        .boundary = found.boundary.json.p ? compile(found.boundary.json, POLICY_IDENTITY, a) : NULL,
        .tags = copy_pairs(&found.tags, a),
        .name = arena_str(a, found.name),
    };
    return &keep(v, e)->caller;
}

/* ---- accounts ---- */

static const struct policy_level *compile_levels(const struct identity_policies *levels, u32 n, enum policy_kind kind, struct arena *a) {
    if (!levels) return NULL;
    struct policy_level *v = NEW_ARRAY(a, struct policy_level, n);
    for (u32 i = 0; i < n; i++) v[i].policies = compile_list(&levels[i], kind, a);
    return v;
}

const struct gate_account *gate_account_of(struct gate_view *v, str account) {
    struct entry *e = find(v, ENTRY_ACCOUNT, account);
    if (e) return &e->account;
    struct identity_organization found = {0};
    if (door_of(v)->organization && account.n) door_of(v)->organization(gate_txn(v->c), v->c->arena, account, &found);
    e = start(v, ENTRY_ACCOUNT, account);
    struct arena *a = &e->arena;
    e->account = (struct gate_account){
        .organization = arena_str(a, found.id),
        .path = arena_str(a, found.path),
        .levels = found.levels,
        .service_control = found.management ? NULL : compile_levels(found.service_control, found.levels, POLICY_SERVICE_CONTROL, a),
        .resource_control = found.management ? NULL : compile_levels(found.resource_control, found.levels, POLICY_RESOURCE_CONTROL, a),
    };
    return &keep(v, e)->account;
}
