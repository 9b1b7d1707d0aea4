/* Contributor Insights: rules put, switched, listed, deleted. Rules that a service keeps (cloud/contributors.h) are shown beside
 * them, and cannot be changed here. */
#include "insight.h"

enum { RULES_MAX = 100, LIST_PAGE = 500, SPANS_MAX = 100 };

static str rule_row(struct call *c, str name) {
    struct key k = call_key(c, S("insight-rule"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

static str rule_arn(struct call *c, str name) { return arn_of(c, S("cloudwatch"), arena_concat(c->arena, S("insight-rule/"), name)); }

static bool load(struct call *c, str name, struct insight *i) {
    str row;
    if (!txn_get(c->txn, rule_row(c, name), &row)) return false;
    *i = (struct insight){0};
    ASSERT(record_decode(c->arena, &cloudwatch_insight_record, arena_str(c->arena, row), i));
    i->name = name;
    return true;
}

static bool load_managed(struct call *c, str name, struct insight *found) {
    if (!contributor_rule_managed(c, name)) return false;
    struct contributor_rules rules = contributor_rules(c);
    for (u32 i = 0; i < rules.n; i++)
        if (str_eq(rules.v[i].name, name)) {
            *found = (struct insight){.name = name, .definition = rules.v[i].definition, .subject = rules.v[i].subject};
            return true;
        }
    return false;
}

bool insight_load(struct call *c, str name, struct insight *i) { return load(c, name, i) || load_managed(c, name, i); }

static bool enabled(const struct insight *i) { return i->subject.p || (i->spans.n && !i->spans.v[i->spans.n - 1].to_ms); }

/* A rule looks at what comes while it is enabled: when that was. */
static void enable(struct call *c, struct insight *i, bool on) {
    if (on == enabled(i)) return;
    if (!on) {
        i->spans.v[i->spans.n - 1].to_ms = c->now_ms;
        return;
    }
    struct insight_span *grown = NEW_ARRAY(c->arena, struct insight_span, SPANS_MAX + 1);
    u32 skip = i->spans.n == SPANS_MAX;
    for (u32 j = skip; j < i->spans.n; j++) grown[j - skip] = i->spans.v[j];
    i->spans.v = grown;
    i->spans.n -= skip;
    i->spans.v[i->spans.n++] = (struct insight_span){.from_ms = c->now_ms};
    i->spans.set = true;
}

static void save(struct call *c, const struct insight *i) { txn_put(c->txn, rule_row(c, i->name), record_encode(c->arena, &cloudwatch_insight_record, i)); }

static u32 count(struct call *c) {
    str all = rule_row(c, (str){0}), key, row;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    u32 n = 0;
    while (n < RULES_MAX && range_next(&r, &key, &row)) n++;
    return n;
}

static err check_state(struct call *c, str state) {
    if (!state.p || str_eq(state, S("ENABLED")) || str_eq(state, S("DISABLED"))) return NULL;
    return fail(c, &cloudwatch_invalid_parameter_value_exception, "The value %.*s for parameter RuleState is invalid. Valid values are ENABLED and DISABLED.", STR_ARGS(state));
}

err cloudwatch_put_insight_rule(struct call *c, const struct cloudwatch_put_insight_rule_input *in, struct cloudwatch_put_insight_rule_output *out) {
    (void)out;
    struct insight_rule rule;
    struct insight i;
    str problem;
    TRY(check_state(c, in->rule_state));
    if (!insight_rule_read(c->arena, in->rule_definition, &rule, &problem))
        return fail(c, &cloudwatch_invalid_parameter_value_exception, "The value for parameter RuleDefinition is invalid: %.*s", STR_ARGS(problem));
    if (in->apply_on_transformed_logs.v) return fail(c, &cloud_not_implemented, "brume does not have transformed logs (yet).");
    if (contributor_rule_managed(c, in->rule_name)) return fail(c, &cloudwatch_invalid_parameter_value_exception, "Rule %.*s is managed by a service", STR_ARGS(in->rule_name));
    bool known = load(c, in->rule_name, &i);
    if (!known && count(c) >= quota(c, S("L-ECBF8A29"), RULES_MAX)) return fail(c, &cloudwatch_limit_exceeded_exception, "The maximum number of rules has been reached");
    if (!known) i = (struct insight){.name = in->rule_name};
    i.definition = in->rule_definition;
    enable(c, &i, !str_eq(in->rule_state, S("DISABLED")));
    save(c, &i);
    if (known) return NULL;
    registry_add(c, rule_arn(c, i.name), S("AWS::CloudWatch::InsightRule"));
    return tag(c, rule_arn(c, i.name), &in->tags);
}

/* ---- several at once: what cannot be done of them is told ---- */

enum deed { DEED_ENABLE, DEED_DISABLE, DEED_DELETE };

static void failure(struct cloudwatch_batch_failures *f, str name, const char *type, const char *why) {
    f->v[f->n++] = (struct cloudwatch_partial_failure){.failure_resource = name, .exception_type = str_of(type), .failure_code = S("400"), .failure_description = str_of(why)};
}

static struct cloudwatch_batch_failures do_all(struct call *c, const struct cloudwatch_insight_rule_names *names, enum deed deed) {
    struct cloudwatch_batch_failures failures = {.v = NEW_ARRAY(c->arena, struct cloudwatch_partial_failure, names->n + 1), .set = true};
    struct insight i;
    for (u32 n = 0; n < names->n; n++) {
        str name = names->v[n];
        if (!load(c, name, &i)) {
            if (load_managed(c, name, &i)) failure(&failures, name, "InvalidParameterValueException", "The rule is managed by a service.");
            else if (deed != DEED_DELETE) failure(&failures, name, "ResourceNotFoundException", "The rule does not exist.");
            continue;
        }
        if (deed != DEED_DELETE) {
            enable(c, &i, deed == DEED_ENABLE);
            save(c, &i);
            continue;
        }
        txn_delete(c->txn, rule_row(c, name));
        registry_remove(c, rule_arn(c, name));
    }
    return failures;
}

err cloudwatch_enable_insight_rules(struct call *c, const struct cloudwatch_enable_insight_rules_input *in, struct cloudwatch_enable_insight_rules_output *out) {
    out->failures = do_all(c, &in->rule_names, DEED_ENABLE);
    return NULL;
}

err cloudwatch_disable_insight_rules(struct call *c, const struct cloudwatch_disable_insight_rules_input *in, struct cloudwatch_disable_insight_rules_output *out) {
    out->failures = do_all(c, &in->rule_names, DEED_DISABLE);
    return NULL;
}

err cloudwatch_delete_insight_rules(struct call *c, const struct cloudwatch_delete_insight_rules_input *in, struct cloudwatch_delete_insight_rules_output *out) {
    out->failures = do_all(c, &in->rule_names, DEED_DELETE);
    return NULL;
}

/* ---- listed: own ones by name, then those of services ---- */

static struct cloudwatch_insight_rule shown(const struct insight *i) {
    return (struct cloudwatch_insight_rule){.name = i->name, .state = enabled(i) ? S("ENABLED") : S("DISABLED"), .schema = S("{\"Name\": \"CloudWatchLogRule\", \"Version\": 1}"),
                                            .definition = i->definition, .managed_rule = SOME_BOOL(i->subject.p)};
}

err cloudwatch_describe_insight_rules(struct call *c, const struct cloudwatch_describe_insight_rules_input *in, struct cloudwatch_describe_insight_rules_output *out) {
    str all = rule_row(c, (str){0}), position = {0}, key, row;
    u32 max = in->max_results.set ? (u32)in->max_results.v : LIST_PAGE, at = 0, from = 0;
    u64 number;
    if (in->next_token.p && (!page_position(c, in->next_token, &position) || !str_to_u64(position, &number))) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    if (position.p) from = (u32)number;
    struct contributor_rules managed = contributor_rules(c);
    out->insight_rules = (struct cloudwatch_insight_rules){.v = NEW_ARRAY(c->arena, struct cloudwatch_insight_rule, max), .set = true};
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    for (;; at++) {
        struct insight i = {0};
        bool own = range_next(&r, &key, &row);
        if (own) {
            str rest = str_skip(arena_str(c->arena, key), all.n);
            ASSERT(record_decode(c->arena, &cloudwatch_insight_record, arena_str(c->arena, row), &i) && key_read_str(&rest, c->arena, &i.name));
        } else if (managed.n) {
            i = (struct insight){.name = managed.v->name, .definition = managed.v->definition, .subject = managed.v->subject};
            managed.v++;
            managed.n--;
        } else return NULL;
        if (at < from) continue;
        if (out->insight_rules.n == max) {
            out->next_token = page_token(c, arena_format(c->arena, "%u", at));
            return NULL;
        }
        out->insight_rules.v[out->insight_rules.n++] = shown(&i);
    }
}
