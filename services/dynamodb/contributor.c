/* Contributor insights: which keys of a table or index are used, and throttled, most. What happened is counted by the cloud
 * (cloud/contributors.h), a few hundred keys a minute; CloudWatch shows it as rules that are managed here. A table
 * without it pays a look at a pointer. */
#include "services/dynamodb/dynamodb.h"

#include "cloud/contributors.h"
#include "text/json.h"

enum { RULES_OF_ONE = 4, LIST_PAGE = 100, NAME_CUT = 80 };

struct contributor_rules ddb_contributor_rules(struct call *c);

/* ---- counting ---- */

enum kind { PKC, SKC, PKT, SKT }; /* partition or sort key, used or throttled */
static const char *const kind_names[] = {"PKC", "SKC", "PKT", "SKT"};

static str subject_of(struct arena *a, const struct ddb_insights *i, u64 space, enum kind kind) {
    return arena_format(a, "dynamodb %s %llu %lld", kind_names[kind], (unsigned long long)space, (long long)i->since_ms);
}

static void write_key(struct call *c, struct buf *b, const struct value *v) {
    str text = {v->text, v->n};
    json_write_string(b, v->type == VALUE_B ? base64_of(c->arena, text) : text);
}

static void note(struct call *c, const struct ddb_insights *i, u64 space, const struct ddb_key *k, double units, bool throttled) {
    struct buf b = buf_new(c->arena, 1 << 14);
    if (!i || !i->since_ms || (!throttled && i->throttles_only)) return;
    json_write_array(&b);
    write_key(c, &b, &k->hash);
    str hash = arena_concat(c->arena, buf_str(&b), S("]"));
    contributor_add(c, subject_of(c->arena, i, space, throttled ? PKT : PKC), hash, throttled ? 1 : units);
    if (!k->range.type) return;
    write_key(c, &b, &k->range);
    json_write_array_end(&b);
    contributor_add(c, subject_of(c->arena, i, space, throttled ? SKT : SKC), buf_str(&b), throttled ? 1 : units);
}

void ddb_contributor_note(struct call *c, const struct ddb_usage *u, double units, bool throttled) {
    if (!u->key) return;
    if (u->by_index) note(c, u->by_index->insights, u->by_index->space, u->key, units, throttled);
    else note(c, u->table->insights, u->table->space, u->key, units, throttled);
}

/* ---- the rules of a table or index ---- */

struct of { /* whose insights */
    const struct ddb_table *table;
    const struct ddb_index *index; /* NULL: the table's own */
};

static const struct ddb_insights *insights_of(const struct of *of) { return of->index ? of->index->insights : of->table->insights; }
static bool is_on(const struct ddb_insights *i) { return i && i->since_ms; }

static bool has_rule(const struct of *of, enum kind kind) {
    const struct ddb_schema *keys = of->index ? &of->index->keys : &of->table->keys;
    const struct ddb_insights *i = insights_of(of);
    if (!is_on(i) || (i->throttles_only && kind <= SKC)) return false;
    return keys->range.p || kind == PKC || kind == PKT;
}

static str rule_name(struct arena *a, const struct of *of, enum kind kind) {
    str name = str_take(of->table->name, NAME_CUT), index = of->index ? str_take(of->index->name, NAME_CUT / 4) : (str){0};
    return arena_format(a, "DynamoDBContributorInsights-%s-%.*s%s%.*s-%lld", kind_names[kind], STR_ARGS(name), of->index ? "-" : "", STR_ARGS(index), (long long)insights_of(of)->since_ms);
}

/* In the form of a rule over logs, of which there are none: it names the keys. DIFFERS: AWS's own text is not published. */
static str definition(struct arena *a, const struct of *of, enum kind kind) {
    const struct ddb_schema *keys = of->index ? &of->index->keys : &of->table->keys;
    bool sorted = kind == SKC || kind == SKT, used = kind <= SKC;
    struct buf b = buf_new(a, 8192);
    buf_add(&b, S("{\"Schema\":{\"Name\":\"CloudWatchLogRule\",\"Version\":1},\"LogGroupNames\":[\"dynamodb\"],\"LogFormat\":\"JSON\",\"Contribution\":{\"Keys\":["));
    json_write_string(&b, arena_concat(a, S("$."), keys->hash));
    if (sorted) buf_add(&b, S(","));
    if (sorted) json_write_string(&b, arena_concat(a, S("$."), keys->range));
    buf_add(&b, used ? S("],\"ValueOf\":\"$.ConsumedThroughputUnits\",\"Filters\":[]},\"AggregateOn\":\"Sum\"}") : S("],\"Filters\":[]},\"AggregateOn\":\"Count\"}"));
    return arena_str(a, buf_str(&b));
}

/* Visits the tables and indexes of the account that have, or had, insights. */
static void each(struct call *c, void (*visit)(struct call *c, const struct of *of, void *context), void *context) {
    struct key k = call_key(c, S("table"));
    str all = arena_str(c->arena, key_bytes(&k)), key, name;
    struct range rows = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    while (range_next(&rows, &key, NULL)) {
        struct ddb_table *t = NEW(c->arena, struct ddb_table);
        str rest = str_skip(arena_str(c->arena, key), all.n);
        if (!key_read_str(&rest, c->arena, &name) || !ddb_table_load(c->txn, c->arena, c->account, c->region, name, t)) continue;
        if (t->insights) visit(c, &(struct of){t, NULL}, context);
        for (u32 i = 0; i < t->indexes.n; i++)
            if (t->indexes.v[i].insights) visit(c, &(struct of){t, &t->indexes.v[i]}, context);
    }
}

struct rules {
    struct contributor_rules of;
    u32 max;
};

static void add_rules(struct call *c, const struct of *of, void *context) {
    struct rules *r = context;
    for (int kind = PKC; kind <= SKT; kind++) {
        if (!has_rule(of, (enum kind)kind)) continue;
        if (r->of.n == r->max) {
            struct contributor_rule *more = NEW_ARRAY(c->arena, struct contributor_rule, r->max = r->max ? 2 * r->max : 16);
            if (r->of.n) memcpy(more, r->of.v, r->of.n * sizeof *more);
            r->of.v = more;
        }
        r->of.v[r->of.n++] = (struct contributor_rule){.name = rule_name(c->arena, of, (enum kind)kind), .definition = definition(c->arena, of, (enum kind)kind), .since_ms = insights_of(of)->since_ms,
                                                       .subject = subject_of(c->arena, insights_of(of), of->index ? of->index->space : of->table->space, (enum kind)kind)};
    }
}

struct contributor_rules ddb_contributor_rules(struct call *c) {
    struct rules r = {0};
    each(call_for_task(c->txn, &dynamodb_service, c->account, c->region, c->now_ms), add_rules, &r);
    return r.of;
}

/* ---- the operations ---- */

static err open(struct call *c, str table, str index, struct ddb_table *t, struct of *of) {
    if (index.p && (index.n < DDB_NAME_MIN || index.n > DDB_NAME_MAX))
        return fail(c, &cloud_validation, "IndexName must be at least %d characters long and at most %d characters long", DDB_NAME_MIN, DDB_NAME_MAX);
    TRY(ddb_table_open(c, table, t));
    *of = (struct of){.table = t};
    if (!index.p) return NULL;
    of->index = ddb_index_find(t, index);
    if (of->index && of->index->kind == DDB_GLOBAL) return NULL;
    return fail(c, &dynamodb_resource_not_found_exception, "Requested resource not found: Index: %.*s not found for table: %.*s", STR_ARGS(index),
                STR_ARGS(t->name));
}

static str mode_of(const struct ddb_insights *i) { return i->throttles_only ? S("THROTTLED_KEYS") : S("ACCESSED_AND_THROTTLED_KEYS"); }

static err check_active(struct call *c, const struct of *of) {
    bool table = of->table->state == DDB_CREATING || of->table->state == DDB_DELETING, index = of->index && of->index->state == DDB_CREATING;
    if (!table && !index) return NULL;
    return fail(c, &cloud_validation, "Table or Index is not in a valid state to update Key Access Insights: %sStatus must be ACTIVE to enable ContributorInsights.",
                table ? "Table" : "Index");
}

err dynamodb_update_contributor_insights(struct call *c, const struct dynamodb_update_contributor_insights_input *in, struct dynamodb_update_contributor_insights_output *out) {
    struct ddb_table t;
    struct of of;
    TRY(open(c, in->table_name, in->index_name, &t, &of));
    const struct ddb_insights *old = insights_of(&of);
    struct ddb_insights *now = NEW(c->arena, struct ddb_insights);
    bool on = str_eq(in->contributor_insights_action, S("ENABLE"));
    str mode = in->contributor_insights_mode.p ? in->contributor_insights_mode : S("ACCESSED_AND_THROTTLED_KEYS");
    *out = (struct dynamodb_update_contributor_insights_output){.table_name = t.name, .index_name = in->index_name};
    if (on == is_on(old) && (!on || str_eq(mode, mode_of(old)))) { /* it is so: told as it is, and nothing is changed */
        out->contributor_insights_status = on ? S("ENABLED") : S("DISABLED");
        if (old) out->contributor_insights_mode = mode_of(old);
        return NULL;
    }
    if (on) TRY(check_active(c, &of));
    *now = (struct ddb_insights){.changed_ms = c->now_ms, .throttles_only = on ? str_eq(mode, S("THROTTLED_KEYS")) : old->throttles_only};
    if (on) now->since_ms = is_on(old) ? old->since_ms : c->now_ms;
    if (of.index) ddb_index_find(&t, in->index_name)->insights = now;
    else t.insights = now;
    ddb_table_save(c->txn, c->arena, &t);
    out->contributor_insights_status = on ? S("ENABLING") : S("DISABLING");
    out->contributor_insights_mode = mode_of(now);
    return NULL;
}

err dynamodb_describe_contributor_insights(struct call *c, const struct dynamodb_describe_contributor_insights_input *in, struct dynamodb_describe_contributor_insights_output *out) {
    struct ddb_table t;
    struct of of;
    TRY(open(c, in->table_name, in->index_name, &t, &of));
    const struct ddb_insights *i = insights_of(&of);
    *out = (struct dynamodb_describe_contributor_insights_output){.table_name = t.name, .index_name = in->index_name, .contributor_insights_status = is_on(i) ? S("ENABLED") : S("DISABLED")};
    if (!i) return NULL;
    out->last_update_date_time = SOME_TIME(i->changed_ms);
    out->contributor_insights_mode = mode_of(i); /* of one that is off, too, as it was */
    if (!is_on(i)) return NULL;
    out->contributor_insights_rule_list = (struct dynamodb_contributor_insights_rule_list){.v = NEW_ARRAY(c->arena, str, RULES_OF_ONE), .set = true};
    for (int kind = PKC; kind <= SKT; kind++)
        if (has_rule(&of, (enum kind)kind)) out->contributor_insights_rule_list.v[out->contributor_insights_rule_list.n++] = rule_name(c->arena, &of, (enum kind)kind);
    return NULL;
}

struct listing {
    str only; /* table; absent: all */
    u64 from, at;
    u32 max;
    struct dynamodb_list_contributor_insights_output *out;
};

static void list_one(struct call *c, const struct of *of, void *context) {
    struct listing *l = context;
    struct dynamodb_contributor_insights_summaries *s = &l->out->contributor_insights_summaries;
    const struct ddb_insights *i = insights_of(of);
    if (!is_on(i)) return; /* as AWS: what is off is not listed */
    if ((l->only.p && !str_eq(l->only, of->table->name)) || l->at++ < l->from || l->out->next_token.p) return;
    if (s->n == l->max) {
        l->out->next_token = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)(l->at - 1)));
        return;
    }
    s->v[s->n++] = (struct dynamodb_contributor_insights_summary){.table_name = of->table->name, .index_name = of->index ? of->index->name : (str){0},
                                                                  .contributor_insights_status = S("ENABLED"), .contributor_insights_mode = mode_of(i)};
}

err dynamodb_list_contributor_insights(struct call *c, const struct dynamodb_list_contributor_insights_input *in, struct dynamodb_list_contributor_insights_output *out) {
    struct listing l = {.max = in->max_results.set && in->max_results.v > 0 ? (u32)in->max_results.v : LIST_PAGE, .out = out};
    struct ddb_table t;
    str position;
    if (in->table_name.p) {
        TRY(ddb_table_open(c, in->table_name, &t));
        l.only = t.name;
    }
    if (in->next_token.p && (!page_position(c, in->next_token, &position) || !str_to_u64(position, &l.from))) return fail(c, &cloud_validation, "Invalid NextToken");
    out->contributor_insights_summaries = (struct dynamodb_contributor_insights_summaries){.v = NEW_ARRAY(c->arena, struct dynamodb_contributor_insights_summary, l.max), .set = true};
    each(c, list_one, &l);
    return NULL;
}
