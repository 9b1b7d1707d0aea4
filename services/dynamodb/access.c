/* The condition keys of fine-grained access control. Each is computed when a policy names it. */
#include "services/dynamodb/access.h"

#include "auth/policy.h"

static struct policy_values one(struct call *c, str text) {
    if (!text.p) return (struct policy_values){0};
    str *v = NEW(c->arena, str);
    *v = text;
    return (struct policy_values){v, 1};
}

/* ---- what was asked; what cannot be read is refused by the operation, whatever the policies say ---- */

static const struct expressions *asked_of(struct ddb_access *x) {
    if (x->asked || !x->parameters) return x->asked;
    struct expressions *e = NEW(x->call->arena, struct expressions);
    if (!expressions_parse(x->call, x->parameters, e)) x->asked = e;
    x->call->error_message = (str){0};
    return x->asked;
}

static void decode(struct ddb_access *x) {
    struct value *item = NEW(x->call->arena, struct value);
    if (!x->wire || x->items) return;
    if (item_of_wire(x->call, x->wire, x->wire_n, sizeof *x->wire, item)) *item = (struct value){0};
    x->call->error_message = (str){0};
    x->items = item;
    x->n = 1;
}

/* ---- dynamodb:LeadingKeys: the partition keys, as text ---- */

static str key_text(struct call *c, const struct value *v) {
    if (v->type != VALUE_B) return value_text(v);
    struct buf b = buf_new(c->arena, DDB_HASH_MAX * 2);
    buf_base64(&b, value_text(v));
    return buf_str(&b);
}

static struct policy_values leading_keys(struct ddb_access *x) {
    struct call *c = x->call;
    struct ddb_table t;
    struct value hash;
    err e = ddb_table_open(c, x->table, &t);
    c->error_message = (str){0};
    if (e) return (struct policy_values){0};
    const struct ddb_index *index = x->index.p ? ddb_index_find(&t, x->index) : NULL;
    str name = index ? index->keys.hash : t.keys.hash, *v = NEW_ARRAY(c->arena, str, x->n + 1);
    u32 n = 0;
    const struct expressions *asked = asked_of(x);
    if (asked && asked->key_condition && key_condition_equals(asked->key_condition, name, &hash)) v[n++] = key_text(c, &hash);
    for (u32 i = 0; i < x->n; i++) {
        const struct value *key = value_member(c->arena, &x->items[i], name);
        if (key) v[n++] = key_text(c, key);
    }
    return n ? (struct policy_values){v, n} : (struct policy_values){0};
}

/* ---- dynamodb:Attributes: every top-level name in the request ---- */

static struct policy_values attributes(struct ddb_access *x) {
    enum { NAMES_MAX = 1 << 20 };
    struct call *c = x->call;
    const str *names = NULL;
    const struct expressions *asked = asked_of(x);
    u32 of_expressions = asked ? expressions_names(c->arena, asked, &names) : 0, most = of_expressions;
    for (u32 i = 0; i < x->n; i++) most += x->items[i].n;
    str *v = NEW_ARRAY(c->arena, str, most + 1);
    u32 n = of_expressions;
    for (u32 i = 0; i < n; i++) v[i] = names[i];
    for (u32 i = 0; i < x->n; i++) {
        struct value item = value_open(c->arena, &x->items[i]);
        for (u32 j = 0; j < item.n; j++) v[n++] = member_name(&item.members[j]);
    }
    return n ? (struct policy_values){v, n} : (struct policy_values){0};
}

/* ---- dynamodb:Select: GetItem has no such parameter, but the key all the same ---- */

static str selected(struct ddb_access *x) {
    const struct expressions *asked = asked_of(x);
    if (!x->reads) return (str){0};
    if (asked && asked->projection) return S("SPECIFIC_ATTRIBUTES");
    if (x->select.p) return x->select;
    return x->index.p ? S("ALL_PROJECTED_ATTRIBUTES") : S("ALL_ATTRIBUTES");
}

static struct policy_values values(void *context, str key) {
    struct ddb_access *x = context;
    decode(x);
    if (str_eq(key, S("dynamodb:leadingkeys"))) return leading_keys(x);
    if (str_eq(key, S("dynamodb:attributes"))) return attributes(x);
    if (str_eq(key, S("dynamodb:select"))) return one(x->call, selected(x));
    if (str_eq(key, S("dynamodb:enclosingoperation"))) return one(x->call, x->enclosing);
    if (str_eq(key, S("dynamodb:fulltablescan"))) return one(x->call, x->full_scan);
    return (struct policy_values){0}; /* ReturnValues, ReturnConsumedCapacity: the input's own members */
}

void ddb_access_facts(struct call *c, struct ddb_access *access, struct auth_facts *facts) {
    access->call = c;
    ddb_policy_facts(c, access->table, access->index, facts);
    facts->values = values;
    facts->context = access;
}

err ddb_allow(struct call *c, struct ddb_access *access) {
    struct auth_facts facts = {0};
    ddb_access_facts(c, access, &facts);
    if (!facts.resource_arn.p || may_with(c, access->action, facts.resource_arn, &facts)) return NULL;
    return deny(c, access->action, facts.resource_arn);
}
