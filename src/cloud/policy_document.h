/* A resource's policy as text that AddPermission and RemovePermission rewrite statement by statement; all
 * that they do not touch stays as its author wrote it. What it allows is the evaluator's (auth/policy.h). */
#ifndef BRUME_POLICY_DOCUMENT_H
#define BRUME_POLICY_DOCUMENT_H

#include "base/arena.h"

enum { POLICY_STATEMENTS_MAX = 100 };
struct policy_document {
    str version, id;
    struct {
        str json, sid;
    } statements[POLICY_STATEMENTS_MAX];
    u32 n;
};
/* false: no JSON object with statements, or more than POLICY_STATEMENTS_MAX. */
MUST_USE bool policy_document_read(struct arena *a, str text, struct policy_document *d);
str policy_document_write(struct arena *a, const struct policy_document *d);
/* Index of the statement of that Sid, or STR_NONE. */
size_t policy_document_find(const struct policy_document *d, str sid);
void policy_document_remove(struct policy_document *d, size_t index);

/* The statement that AddPermission makes: principals and actions of one stand without brackets. */
struct policy_permission {
    str sid, resource;
    const str *principals, *actions;
    u32 principal_count, action_count;
};
/* false: no room for a further one. */
MUST_USE bool policy_document_permit(struct arena *a, struct policy_document *d, const struct policy_permission *p);

#endif
