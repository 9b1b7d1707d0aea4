/* Which events a trail wants: basic selectors, or advanced ones; without any all management events. */
#include "cloudtrail.h"

/* ---- matching ---- */

static bool one_of(const struct ct_words *words, str value) {
    for (u32 i = 0; i < words->n; i++)
        if (str_eq(words->v[i].text, value)) return true;
    return false;
}
static bool one_starts(const struct ct_words *words, str value) {
    for (u32 i = 0; i < words->n; i++)
        if (str_starts(value, words->v[i].text)) return true;
    return false;
}
static bool one_ends(const struct ct_words *words, str value) {
    for (u32 i = 0; i < words->n; i++)
        if (str_ends(value, words->v[i].text)) return true;
    return false;
}

static bool rights_way(str read_write, const struct ct_event *e) {
    if (str_eq(read_write, S("ReadOnly"))) return e->read_only;
    return !str_eq(read_write, S("WriteOnly")) || !e->read_only;
}

/* A value selects what begins with it: "arn:aws:s3:::bucket/", or "arn:aws:s3" for all. */
static bool resource_fits(const struct ct_selector *s, const struct ct_event *e) {
    for (u32 i = 0; i < s->resources.n; i++)
        for (u32 j = 0; j < e->resource_count; j++)
            if (str_eq(s->resources.v[i].type, e->resources[j].type) && one_starts(&s->resources.v[i].values, e->resources[j].arn)) return true;
    return false;
}

static bool basic_fits(const struct ct_selector *s, const struct ct_event *e) {
    if (!rights_way(s->read_write, e)) return false;
    if (!e->management) return resource_fits(s, e);
    return !s->without_management && !one_of(&s->excluded, e->source);
}

static str value_of(const struct ct_event *e, str field) {
    if (str_eq(field, S("eventCategory"))) return e->management ? S("Management") : S("Data");
    if (str_eq(field, S("readOnly"))) return e->read_only ? S("true") : S("false");
    if (str_eq(field, S("eventSource"))) return e->source;
    if (str_eq(field, S("eventName"))) return e->name;
    if (str_eq(field, S("eventType"))) return S("AwsApiCall");
    if (str_eq(field, S("errorCode"))) return e->error;
    if (str_eq(field, S("userIdentity.arn"))) return e->identity_arn;
    if (str_eq(field, S("resources.type"))) return e->resource_count ? e->resources[0].type : S("");
    if (str_eq(field, S("resources.ARN"))) return e->resource_count ? e->resources[0].arn : S("");
    return S("");
}

static bool field_fits(const struct ct_field *f, str value) {
    bool asks = f->equals.n || f->starts.n || f->ends.n;
    if (asks && !one_of(&f->equals, value) && !one_starts(&f->starts, value) && !one_ends(&f->ends, value)) return false;
    return !one_of(&f->not_equals, value) && !one_starts(&f->not_starts, value) && !one_ends(&f->not_ends, value);
}

static bool advanced_fits(const struct ct_advanced *s, const struct ct_event *e) {
    for (u32 i = 0; i < s->fields.n; i++)
        if (!field_fits(&s->fields.v[i], value_of(e, s->fields.v[i].field))) return false;
    return true;
}

bool ct_selected(const struct ct_trail *trail, const struct ct_event *event) {
    if (!trail->selectors.n && !trail->advanced.n) return event->management;
    for (u32 i = 0; i < trail->selectors.n; i++)
        if (basic_fits(&trail->selectors.v[i], event)) return true;
    for (u32 i = 0; i < trail->advanced.n; i++)
        if (advanced_fits(&trail->advanced.v[i], event)) return true;
    return false;
}

bool ct_selects_data(const struct ct_trail *trail) {
    for (u32 i = 0; i < trail->selectors.n; i++)
        if (trail->selectors.v[i].resources.n) return true;
    for (u32 i = 0; i < trail->advanced.n; i++)
        for (u32 j = 0; j < trail->advanced.v[i].fields.n; j++) {
            const struct ct_field *f = &trail->advanced.v[i].fields.v[j];
            if (str_eq(f->field, S("eventCategory")) && one_of(&f->equals, S("Data"))) return true;
        }
    return false;
}

/* ---- as the API has them, and as they are stored: the same, but for optional flags ---- */

static struct ct_words take_words(struct call *c, const str *v, u32 n) {
    struct ct_words words = {.v = NEW_ARRAY(c->arena, struct ct_word, n + 1), .n = n, .set = n > 0};
    for (u32 i = 0; i < n; i++) words.v[i].text = v[i];
    return words;
}
static str *give_words(struct call *c, const struct ct_words *words) {
    str *v = NEW_ARRAY(c->arena, str, words->n + 1);
    for (u32 i = 0; i < words->n; i++) v[i] = words->v[i].text;
    return v;
}

static err invalid(struct call *c, const char *what) {
    return fail(c, &cloudtrail_invalid_event_selectors_exception, "Invalid event selectors: %s", what);
}

err ct_take_basic(struct call *c, const struct cloudtrail_event_selectors *in, struct ct_trail *trail) {
    static const char *const types[] = {"AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"};
    if (in->n > 5) return invalid(c, "a trail has at most 5.");
    trail->selectors = (struct ct_selectors){.v = NEW_ARRAY(c->arena, struct ct_selector, in->n + 1), .n = in->n, .set = true};
    for (u32 i = 0; i < in->n; i++) {
        const struct cloudtrail_event_selector *s = &in->v[i];
        struct ct_selector *to = &trail->selectors.v[i];
        to->read_write = s->read_write_type.p ? s->read_write_type : S("All");
        to->without_management = s->include_management_events.set && !s->include_management_events.v;
        to->excluded = take_words(c, s->exclude_management_event_sources.v, s->exclude_management_event_sources.n);
        to->resources.v = NEW_ARRAY(c->arena, struct ct_resource, s->data_resources.n + 1);
        to->resources.set = true;
        for (u32 j = 0; j < s->data_resources.n; j++) {
            bool known = false;
            for (size_t k = 0; k < LENGTH(types); k++) known |= str_eq(s->data_resources.v[j].type, str_of(types[k]));
            if (!known) return invalid(c, "DataResources can be of AWS::S3::Object, AWS::Lambda::Function and AWS::DynamoDB::Table; others need advanced event selectors.");
            to->resources.v[to->resources.n++] = (struct ct_resource){s->data_resources.v[j].type, take_words(c, s->data_resources.v[j].values.v, s->data_resources.v[j].values.n)};
        }
    }
    return NULL;
}

err ct_take_advanced(struct call *c, const struct cloudtrail_advanced_event_selectors *in, struct ct_trail *trail) {
    trail->advanced = (struct ct_advanced_list){.v = NEW_ARRAY(c->arena, struct ct_advanced, in->n + 1), .n = in->n, .set = true};
    for (u32 i = 0; i < in->n; i++) {
        struct ct_advanced *to = &trail->advanced.v[i];
        bool category = false;
        to->name = in->v[i].name;
        to->fields.v = NEW_ARRAY(c->arena, struct ct_field, in->v[i].field_selectors.n + 1);
        to->fields.set = true;
        for (u32 j = 0; j < in->v[i].field_selectors.n; j++) {
            const struct cloudtrail_advanced_field_selector *f = &in->v[i].field_selectors.v[j];
            category |= str_eq(f->field, S("eventCategory")) && f->equals.n == 1;
            to->fields.v[to->fields.n++] = (struct ct_field){
                .field = f->field, .equals = take_words(c, f->equals.v, f->equals.n), .starts = take_words(c, f->starts_with.v, f->starts_with.n),
                .ends = take_words(c, f->ends_with.v, f->ends_with.n), .not_equals = take_words(c, f->not_equals.v, f->not_equals.n),
                .not_starts = take_words(c, f->not_starts_with.v, f->not_starts_with.n), .not_ends = take_words(c, f->not_ends_with.v, f->not_ends_with.n)};
        }
        if (!category) return invalid(c, "an advanced event selector needs eventCategory with one value of Equals.");
    }
    return NULL;
}

struct cloudtrail_event_selectors ct_give_basic(struct call *c, const struct ct_trail *trail) {
    struct cloudtrail_event_selectors out = {.v = NEW_ARRAY(c->arena, struct cloudtrail_event_selector, trail->selectors.n + 1), .set = true};
    struct ct_selector all = {.read_write = S("All")};
    const struct ct_selector *v = trail->selectors.n ? trail->selectors.v : &all; /* a new trail shows what it does */
    for (u32 i = 0; i < MAX(trail->selectors.n, 1u); i++) {
        struct cloudtrail_event_selector *s = &out.v[out.n++];
        *s = (struct cloudtrail_event_selector){.read_write_type = v[i].read_write, .include_management_events = SOME_BOOL(!v[i].without_management)};
        s->exclude_management_event_sources.v = give_words(c, &v[i].excluded);
        s->exclude_management_event_sources.n = v[i].excluded.n;
        s->exclude_management_event_sources.set = s->data_resources.set = true;
        s->data_resources.v = NEW_ARRAY(c->arena, struct cloudtrail_data_resource, v[i].resources.n + 1);
        for (u32 j = 0; j < v[i].resources.n; j++) {
            struct cloudtrail_data_resource *d = &s->data_resources.v[s->data_resources.n++];
            d->type = v[i].resources.v[j].type;
            d->values.v = give_words(c, &v[i].resources.v[j].values);
            d->values.n = v[i].resources.v[j].values.n;
            d->values.set = true;
        }
    }
    return out;
}

#define GIVE(member, words)                 \
    to->member.v = give_words(c, &(words)); \
    to->member.n = (words).n;               \
    to->member.set = (words).n > 0;

struct cloudtrail_advanced_event_selectors ct_give_advanced(struct call *c, const struct ct_trail *trail) {
    struct cloudtrail_advanced_event_selectors out = {.v = NEW_ARRAY(c->arena, struct cloudtrail_advanced_event_selector, trail->advanced.n + 1), .set = true};
    for (u32 i = 0; i < trail->advanced.n; i++) {
        const struct ct_advanced *from = &trail->advanced.v[i];
        struct cloudtrail_advanced_event_selector *s = &out.v[out.n++];
        s->name = from->name;
        s->field_selectors.v = NEW_ARRAY(c->arena, struct cloudtrail_advanced_field_selector, from->fields.n + 1);
        s->field_selectors.set = true;
        for (u32 j = 0; j < from->fields.n; j++) {
            const struct ct_field *f = &from->fields.v[j];
            struct cloudtrail_advanced_field_selector *to = &s->field_selectors.v[s->field_selectors.n++];
            to->field = f->field;
            GIVE(equals, f->equals)
            GIVE(starts_with, f->starts)
            GIVE(ends_with, f->ends)
            GIVE(not_equals, f->not_equals)
            GIVE(not_starts_with, f->not_starts)
            GIVE(not_ends_with, f->not_ends)
        }
    }
    return out;
}
