/* What the files of the room share. */
#ifndef BRUME_TAGGING_H
#define BRUME_TAGGING_H

#include "cloud/cloud.h"
#include "gen/resourcegroupstaggingapi.h"

MUST_USE err tagging_invalid(struct call *c, const char *why); /* InvalidParameterException */

/* ---- pages (page.c): a token serves 15 minutes, and the question that it was made for ---- */
str tagging_token(struct call *c, str question, str position); /* position absent, there is no more: "" */
MUST_USE err tagging_position(struct call *c, str token, str question, str *position); /* no token: absent, the beginning */

/* ---- the services whose resources can be tagged (owner.c) ---- */
struct tagged {
    str text; /* as it was given */
    struct arn arn;
};
/* By the owning service's own operations, with the caller's rights there. */
MUST_USE err tagged_tag(struct call *c, const struct tagged *resource, const struct record_pairs *tags);
MUST_USE err tagged_untag(struct call *c, const struct tagged *resource, str *keys, u32 n);

/* ---- tag policies (compliance.c) ---- */
struct compliance; /* what the account's effective tag policy asks */
MUST_USE err compliance_read(struct call *c, const struct compliance **policy); /* empty: there is none */
struct resourcegroupstaggingapi_compliance_details *compliance_of(struct call *c, const struct compliance *policy, const struct record_pairs *tags);

#endif
