/* Scaling: an alarm rings, and the capacity follows. */
#include "scaling.h"

#include <math.h>

err scaling_alarm(struct call *c, str action_arn, const struct alarm_notice *notice);

static void retune(struct call *c, const struct target *t, i64 capacity) {
    str key, row;
    struct policy p;
    struct range r = target_policies(c, &t->of);
    while (range_next(&r, &key, &row)) {
        policy_decode(c, key, row, &p);
        err kept = alarms_put(c, &p, capacity); /* an alarm that cannot be set keeps its threshold until the next time */
        (void)kept;
    }
}

bool capacity_set(struct call *c, const struct dimension *d, const struct target *t, i64 capacity, str cause) {
    struct activity a = {.description = arena_format(c->arena, "Setting %s to %lld.", d->words, (long long)capacity), .cause = cause, .status = S("Successful"), .end_ms = c->now_ms};
    err e = d->set(c, d, &t->of, capacity);
    if (e) {
        a.status = S("Failed");
        a.message = arena_format(c->arena, "Failed to set %s to %lld. Reason: %.*s", d->words, (long long)capacity, STR_ARGS(c->error_message));
    } else {
        a.message = arena_format(c->arena, "Successfully set %s to %lld. Change successfully fulfilled by %s.", d->words, (long long)capacity, d->space);
        retune(c, t, capacity);
    }
    activity_add(c, &t->of, &a);
    return !e;
}

void capacity_bound(struct call *c, const struct dimension *d, const struct target *t) {
    i64 now;
    if (d->read(c, d, &t->of, &now) || !now) return; /* 0: nothing is provisioned */
    if (now < t->min) capacity_set(c, d, t, t->min, arena_format(c->arena, "minimum capacity was set to %lld", (long long)t->min));
    if (now > t->max) capacity_set(c, d, t, t->max, arena_format(c->arena, "maximum capacity was set to %lld", (long long)t->max));
}

/* ---- by an alarm ---- */

static double highest(const struct alarm_notice *n) {
    double high = n->values[0];
    for (u32 i = 1; i < n->n; i++) high = MAX(high, n->values[i]);
    return high;
}

/* The capacity at which what was consumed would be the policy's share of it.
 * DIFFERS: of the alarm's datapoints the highest counts; AWS does not say which it takes. */
static i64 wanted(const struct policy *p, const struct alarm_notice *n, i64 now) {
    double value = highest(n);
    double units = p->predefined.p ? value / 60 / (p->value / 100) : (double)now * value / p->value;
    return units > 1e9 ? (i64)1e9 : MAX(1, (i64)ceil(units - 1e-9));
}

/* Where several policies track a value, all of them must be ready to scale in. */
static bool all_low(struct call *c, const struct policy *first) {
    str key, row;
    struct policy p;
    struct range r = target_policies(c, &first->of);
    while (range_next(&r, &key, &row)) {
        policy_decode(c, key, row, &p);
        if (!str_eq(p.id, first->id) && !p.in_disabled && !alarm_rings(c, &p, "AlarmLow")) return false;
    }
    return true;
}

struct change {
    const struct dimension *d;
    struct target *t;
    const struct policy *p;
    str cause;
    i64 now, to;
};

static i64 cooldown_ms(bool has, i64 seconds, int otherwise_s) { return (has ? seconds : otherwise_s) * 1000; }

/* A cooldown after scaling out lets only more through: what it began from counts. */
static void scale_out(struct call *c, struct change *x) {
    struct target *t = x->t;
    i64 to = MIN(x->to, t->max);
    if (t->out_suspended) return;
    if (to <= x->now) {
        if (x->now >= t->max) activity_not_scaled(c, t, x->cause, "AlreadyAtMaxCapacity", x->now);
        return;
    }
    if (!capacity_set(c, x->d, t, to, x->cause)) return;
    t->out_until_ms = c->now_ms + cooldown_ms(x->p->has_out_cooldown, x->p->out_cooldown_s, x->d->out_cooldown_s);
    t->in_until_ms = 0; /* scaling out ends the other cooldown */
    target_save(c, t);
}

static void scale_in(struct call *c, struct change *x) {
    struct target *t = x->t;
    i64 to = MAX(x->to, t->min);
    if (t->in_suspended || x->p->in_disabled || c->now_ms < MAX(t->in_until_ms, t->out_until_ms)) return;
    if (to >= x->now) {
        if (x->now <= t->min) activity_not_scaled(c, t, x->cause, "AlreadyAtMinCapacity", x->now);
        return;
    }
    if (!all_low(c, x->p) || !capacity_set(c, x->d, t, to, x->cause)) return;
    t->in_until_ms = c->now_ms + cooldown_ms(x->p->has_in_cooldown, x->p->in_cooldown_s, x->d->in_cooldown_s);
    target_save(c, t);
}

/* arn:aws:autoscaling:REGION:ACCOUNT:scalingPolicy:ID:resource/SPACE/RESOURCE:policyName/NAME */
static bool find(struct call *c, str arn_text, struct policy *p) {
    struct arn arn;
    str key, row;
    if (!arn_parse(arn_text, &arn) || !str_eq(arn.account, c->account) || !str_eq(arn.region, c->region)) return false;
    str rest = str_skip(arn.resource, sizeof "scalingPolicy:" - 1), id = str_cut(&rest, ':');
    if (!str_starts(rest, S("resource/")) || str_find(rest, S(":policyName/")) == STR_NONE) return false;
    rest = str_skip(str_take(rest, str_find(rest, S(":policyName/"))), sizeof "resource/" - 1);
    struct scaled of = scaled_of(c, str_cut(&rest, '/'), rest, (str){0});
    struct range r = target_policies(c, &of);
    while (range_next(&r, &key, &row)) {
        policy_decode(c, key, row, p);
        if (str_eq(p->id, id)) return true;
    }
    return false;
}

err scaling_alarm(struct call *c, str action_arn, const struct alarm_notice *n) {
    struct policy p;
    struct target t;
    struct change x = {.t = &t, .p = &p};
    if (!find(c, action_arn, &p)) return fail(c, &applicationautoscaling_object_not_found_exception, "No scaling policy found for %.*s", STR_ARGS(action_arn));
    TRY(dimension_of(c, p.of.space, p.of.resource, p.of.dimension, &x.d));
    TRY(target_open(c, &p.of, &t));
    TRY(x.d->read(c, x.d, &p.of, &x.now));
    bool high = str_eq(n->alarm, alarm_name(c->arena, &p, "AlarmHigh")), low = str_eq(n->alarm, alarm_name(c->arena, &p, "AlarmLow"));
    if (!x.now) return NULL; /* on demand: there is nothing to set */
    if (!high && !low) { /* somebody else changed what is provisioned */
        retune(c, &t, x.now);
        return NULL;
    }
    if (!n->n || !str_eq(n->state, S("ALARM"))) return NULL; /* set by hand: there is nothing to go by */
    x.to = wanted(&p, n, x.now);
    x.cause = arena_format(c->arena, "monitor alarm %.*s in state %.*s triggered policy %.*s", STR_ARGS(n->alarm), STR_ARGS(n->state), STR_ARGS(p.name));
    if (high) scale_out(c, &x);
    else scale_in(c, &x);
    return NULL;
}
