/* AWS's own managed policies: arn:aws:iam::aws:policy/... */
#include "iam.h"

bool aws_policy_load(const struct realm *r, str arn, struct entity *e) {
    (void)r, (void)arn, (void)e;
    return false;
}

bool aws_policy_at(const struct realm *r, u32 at, struct entity *e) {
    (void)r, (void)at, (void)e;
    return false;
}

bool aws_policy_document(const struct realm *r, const struct entity *e, i64 version, struct policy_version *v) {
    (void)r, (void)e, (void)version, (void)v;
    return false;
}

void aws_policy_save(const struct realm *r, const struct entity *e) { (void)r, (void)e; }
