/* AssumeRoot: the management account, or a delegated administrator of iam.amazonaws.com, does one task as the
 * root of a member. */
#include "sts.h"

#include "cloud/identity.h"
#include "gen/iam.h"

static const char *const tasks[] = {"IAMAuditRootUserCredentials", "IAMCreateRootUserPassword", "IAMDeleteRootUserCredentials",
                                    "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"};
#define TASK_PREFIX S("arn:aws:iam::aws:policy/root-task/")

static bool is_task(str arn) {
    for (size_t i = 0; i < LENGTH(tasks); i++)
        if (str_starts(arn, TASK_PREFIX) && str_eq(str_skip(arn, TASK_PREFIX.n), str_of(tasks[i]))) return true;
    return false;
}

/* Twelve digits, or the ARN of an account's root. */
static str target_account(str target) {
    struct arn arn;
    if (arn_parse(target, &arn) && str_eq(arn.service, S("iam")) && str_eq(arn.resource, S("root"))) target = arn.account;
    return account_valid(target) ? target : (str){0};
}

/* Of the caller's organization, and not its management account. */
static bool is_member(struct call *c, str account) {
    const struct identity_door *door = identity_door_of(c);
    struct identity_organization mine, theirs;
    door->organization(c->txn, c->arena, c->account, &mine);
    door->organization(c->txn, c->arena, account, &theirs);
    return mine.id.p && str_eq(mine.id, theirs.id) && !theirs.management && !str_eq(account, c->account);
}

/* As IAM tells it, to the management account and to delegated administrators alone. */
static bool root_sessions(struct call *c) {
    const struct call_other other = {.service = &iam_service, .op = IAM_OP_LIST_ORGANIZATIONS_FEATURES, .as = CALL_AS_SERVICE};
    struct iam_list_organizations_features_request in = {0};
    struct iam_list_organizations_features_response out = {0};
    if (call_service(c, &other, &in, &out)) return false;
    for (u32 i = 0; i < out.enabled_features.n; i++)
        if (str_eq(out.enabled_features.v[i], S("RootSessions"))) return true;
    return false;
}

err sts_assume_root(struct call *c, const struct sts_assume_root_request *in, struct sts_assume_root_response *out) {
    enum { SECONDS_MAX = 900 };
    static const char all[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}";
    str account = target_account(in->target_principal), task = in->task_policy_arn->arn;
    if (!account.p) return fail(c, &cloud_validation, "%.*s is invalid", STR_ARGS(in->target_principal));
    if (!is_task(task)) return fail(c, &cloud_validation, "The task policy %.*s is not one that AssumeRoot accepts.", STR_ARGS(task));
    if (c->principal->kind == PRINCIPAL_ROOT) return deny(c, S("sts:AssumeRoot"), in->target_principal);
    if (!is_member(c, account) || !root_sessions(c)) return deny(c, S("sts:AssumeRoot"), in->target_principal);
    struct principal p = principal_root(c->arena, account, (str){0});
    p.session_policy = str_of(all); /* the policies of tasks only deny */
    p.session_policy_arns = task;
    p.session_issuer = p.arn;
    p.source_identity = c->principal->source_identity;
    out->credentials = credentials_issue(c, &p, in->duration_seconds.set ? in->duration_seconds.v : SECONDS_MAX);
    out->source_identity = p.source_identity;
    return NULL;
}
