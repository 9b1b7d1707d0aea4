/* What a resource's policy says as a whole, for services that refuse some before they take them. */
#include "policy_form.h"

/* The keys of the S3 user guide, "The meaning of public": pinned to fixed values, they keep strangers out. */
static bool key_narrows(str key) {
    static const char *const keys[] = {
        "aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceorgid",
        "aws:sourceorgpaths", "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:userid",
        "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn", "s3:dataaccesspointaccount"};
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (str_eq(key, str_of(keys[i]))) return true;
    return false;
}

static bool for_everybody(const struct statement *s) {
    if (s->not_principal) return true;
    for (u32 i = 0; i < s->principals.n; i++)
        if (s->principals.v[i].type == PRINCIPAL_TYPE_ANY) return true;
    return false;
}

static bool is_public(const struct statement *s) {
    if (!s->allows || !for_everybody(s)) return false;
    for (u32 i = 0; i < s->conditions.n; i++)
        if (key_narrows(s->conditions.v[i].key) && condition_fixed(&s->conditions.v[i])) return false;
    return true;
}

bool policy_is_public(const struct policy *p) {
    for (u32 i = 0; i < p->n; i++)
        if (is_public(&p->statements[i])) return true;
    return false;
}

/* What every text that a pattern matches begins with. */
static str lead_of(const struct pattern *p, bool *open) {
    str text = p->shape == PATTERN_VARIABLE ? (p->piece_count ? p->pieces[0].glob : (str){0}) : p->text;
    size_t n = 0;
    while (n < text.n && (u8)text.p[n] < 0xf8) n++; /* the wildcards of a compiled glob are no UTF-8 */
    *open = p->shape != PATTERN_LITERAL;
    return str_take(text, n);
}

bool policy_actions_of(const struct policy *p, str service) {
    for (u32 i = 0; i < p->n; i++) {
        const struct patterns *actions = &p->statements[i].actions;
        for (u32 k = 0; k < actions->n; k++) {
            bool open;
            str lead = lead_of(&actions->v[k], &open), name = str_cut(&lead, ':');
            if (!str_eq(name, service) && !(open && !lead.p && !name.n)) return false;
        }
    }
    return true;
}

bool policy_resources_of(const struct policy *p, str arn) {
    for (u32 i = 0; i < p->n; i++) {
        const struct patterns *resources = &p->statements[i].resources;
        for (u32 k = 0; k < resources->n; k++) {
            bool open;
            str lead = lead_of(&resources->v[k], &open);
            bool within = str_starts(lead, arn) && (lead.n == arn.n || lead.p[arn.n] == '/');
            if (!within && !(open && str_starts(arn, lead))) return false;
        }
    }
    return true;
}
