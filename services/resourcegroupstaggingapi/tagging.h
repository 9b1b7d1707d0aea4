/* What the files of the room share. */
#ifndef BRUME_TAGGING_H
#define BRUME_TAGGING_H

#include "cloud/identity.h"
#include "gen/resourcegroupstaggingapi.h"
#include "records.h"

MUST_USE err tagging_invalid(struct call *c, const char *why); /* InvalidParameterException */

/* ---- pages (page.c): a token serves 15 minutes, and the question that it was made for ---- */
str tagging_token(struct call *c, str question, str position); /* position absent, there is no more: "" */
MUST_USE err tagging_position(struct call *c, str token, str question, str *position); /* no token: absent, the beginning */
void tagging_question_add(struct buf *question, str part);

/* ---- resources (resource.c) ---- */
bool tagging_is_shown(const struct resource *r); /* those that AWS's operations speak of */
bool tagging_is_of_type(const struct resource *r, str type); /* "sqs", "sqs:queue", "sqs:ALL_SUPPORTED" */
bool tagging_type_asked(const struct resource *r, const struct resourcegroupstaggingapi_resource_type_filter_list *types);

/* ---- the services whose resources can be tagged (owner.c) ---- */
struct tagged {
    str text; /* as it was given */
    struct arn arn;
};
/* By the owning service's own operations, with the caller's rights there. */
MUST_USE err tagged_tag(struct call *c, const struct tagged *resource, const struct record_pairs *tags);
MUST_USE err tagged_untag(struct call *c, const struct tagged *resource, str *keys, u32 n);

/* ---- tag policies (compliance.c) ---- */
struct compliance; /* what the effective tag policy of an account asks */
/* Of the caller's account, or another one that he may ask about. Empty: there is none. */
MUST_USE err compliance_read(struct call *c, str account, enum call_as as, const struct compliance **policy);
bool compliance_asked(const struct compliance *policy); /* it is not empty */
struct resourcegroupstaggingapi_compliance_details *compliance_of(struct arena *a, const struct compliance *policy, const struct resource *r,
                                                                  const struct record_pairs *tags);
/* A type of resources, as the policy writes it, and the keys that it must have. */
struct compliance_required {
    str type, *keys;
    u32 n;
};
u32 compliance_required(struct arena *a, const struct compliance *policy, struct compliance_required **all);

/* ---- an organization's resources (organization.c) ---- */
#define TAG_POLICIES "tagpolicies.tag.amazonaws.com" /* who looks at them, by trust and by name in policies of buckets */
/* Only its management account may ask, in us-east-1, and where the organization trusts tag policies. */
MUST_USE err tagging_organization(struct call *c, struct identity_organization *o);
MUST_USE err tagging_policy_needed(struct call *c); /* or ConstraintViolationException: no account has a tag policy */
/* A tagged resource, and what its account's policy says of it. It lives as long as the visit. */
struct judged {
    struct resource resource;
    struct record_pairs tags;
    const struct resourcegroupstaggingapi_compliance_details *details;
};
/* All of its accounts and regions, in this order; `as`: with whose rights the policies are read. */
MUST_USE err tagging_visit(struct call *c, enum call_as as, void (*visit)(void *context, const struct judged *judged), void *context);

#endif
