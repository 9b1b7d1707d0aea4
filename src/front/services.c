#include "front/services.h"

#include "cloud/identity.h"
#include "cloud/page.h"
#include "gen/account.h"
#include "gen/applicationautoscaling.h"
#include "gen/cloudtrail.h"
#include "gen/cloudtrail_data.h"
#include "gen/cloudwatch.h"
#include "gen/dynamodb.h"
#include "gen/dynamodbstreams.h"
#include "gen/events.h"
#include "gen/iam.h"
#include "gen/kms.h"
#include "gen/logs.h"
#include "gen/organizations.h"
#include "gen/pipes.h"
#include "gen/resourcegroupstaggingapi.h"
#include "gen/s3.h"
#include "gen/s3control.h"
#include "gen/scheduler.h"
#include "gen/schemas.h"
#include "gen/sns.h"
#include "gen/sqs.h"
#include "gen/sts.h"

/* Each table in the order of the alphabet, a line for each room. */
const struct service *const services[] = {
    &account_service,
    &applicationautoscaling_service,
    &cloudtrail_service,
    &cloudtrail_data_service,
    &cloudwatch_service,
    &dynamodb_service,
    &dynamodbstreams_service,
    &events_service,
    &iam_service,
    &kms_service,
    &logs_service,
    &organizations_service,
    &pipes_service,
    &resourcegroupstaggingapi_service,
    &s3_service,
    &s3control_service,
    &scheduler_service,
    &schemas_service,
    &sns_service,
    &sqs_service,
    &sts_service,
};
const size_t service_count = LENGTH(services);

/* Rooms that do things later name them in their own tables. */
extern const struct task_kind scaling_task_kinds[];
extern const struct task_kind cloudtrail_task_kinds[];
extern const struct task_kind cloudwatch_task_kinds[];
extern const struct task_kind ddb_task_kinds[];
extern const struct task_kind kms_task_kinds[];
extern const struct task_kind logs_task_kinds[];
extern const struct task_kind account_tasks[];
extern const struct task_kind organizations_tasks[];
extern const struct task_kind iam_task_kinds[];
extern const struct task_kind pipes_task_kinds[];
extern const struct task_kind tagging_task_kinds[];
extern const struct task_kind s3_tasks[];
extern const struct task_kind scheduler_task_kinds[];
extern const struct task_kind schemas_task_kinds[];
extern const struct task_kind events_task_kinds[];
extern const struct task_kind sns_task_kinds[];
extern const struct task_kind sqs_task_kinds[];

const struct task_kind *const room_tasks[] = {
    cloud_task_kinds,
    scaling_task_kinds,
    cloudtrail_task_kinds,
    cloudwatch_task_kinds,
    ddb_task_kinds,
    kms_task_kinds,
    logs_task_kinds,
    account_tasks,
    organizations_tasks,
    iam_task_kinds,
    pipes_task_kinds,
    tagging_task_kinds,
    s3_tasks,
    scheduler_task_kinds,
    schemas_task_kinds,
    events_task_kinds,
    sns_task_kinds,
    sqs_task_kinds,
};
const size_t room_tasks_count = LENGTH(room_tasks);

/* Rooms whose rows own bytes. */
extern bool cloudtrail_release(struct txn *t, str account, int *budget);
extern bool dynamodb_release(struct txn *t, str account, int *budget);
extern bool logs_release(struct txn *t, str account, int *budget);
extern bool s3_release(struct txn *t, str account, int *budget);

const struct room_release releases[] = {
    {"cloudtrail", cloudtrail_release},
    {"dynamodb", dynamodb_release},
    {"logs", logs_release},
    {"s3", s3_release},
};
const size_t release_count = LENGTH(releases);

/* The room that has rules for the requests of browsers. */
extern int s3_cors(struct call *c, const struct cors_question *q);
int (*const cors)(struct call *c, const struct cors_question *q) = s3_cors;
/* The room that takes state changes. */
extern void events_take(struct call *c, str source, str detail_type, str resource_arn, str detail_json);
void (*const events)(struct call *c, str source, str detail_type, str resource_arn, str detail_json) = events_take;

/* The room that keeps metrics, those that have gauges, and those that count what fails. */
extern void cloudwatch_take(struct call *c, const struct metric_sum *sum);
void (*const metrics)(struct call *c, const struct metric_sum *sum) = cloudwatch_take;
extern void ddb_gauge(struct call *c, str of);
extern void sqs_gauge(struct call *c, str of);

const struct gauge gauges[] = {
    {&dynamodb_service, ddb_gauge},
    {&sqs_service, sqs_gauge},
};
const size_t gauge_count = LENGTH(gauges);

extern void ddb_failed(struct call *c, err e);

const struct failed_call failed_calls[] = {
    {&dynamodb_service, ddb_failed},
    {&dynamodbstreams_service, ddb_failed},
};
const size_t failed_call_count = LENGTH(failed_calls);

/* Rooms whose ARNs can be the action of an alarm. */
extern err scaling_alarm(struct call *c, str action_arn, const struct alarm_notice *notice);

const struct alarm_action alarm_actions[] = {
    {&applicationautoscaling_service, "autoscaling", "scalingPolicy:", .repeats = true, .run = scaling_alarm},
};
const size_t alarm_action_count = LENGTH(alarm_actions);

/* The room that keeps rules over contributors, and the one that has lines of logs. */
extern struct contributor_rules ddb_contributor_rules(struct call *c);
extern err logs_lines(struct call *c, str group, i64 from_ms, i64 to_ms, void (*visit)(void *context, i64 time_ms, str line), void *context);

const struct contributor_sources contributors = {"DynamoDBContributorInsights-", ddb_contributor_rules, logs_lines};

/* Rooms that show pages. */
extern const struct page iam_page;
extern const struct page sns_page;

const struct page *const pages[] = {
    &iam_page,
    &sns_page,
};
const size_t page_count = LENGTH(pages);

/* The room whose buckets are websites. */
extern void s3_site(struct call *c, const struct site_request *r, struct site_answer *answer);
const struct site site = {"s3", "GetObject", s3_site};

/* The room that takes webhooks. */
extern const struct webhook_door events_webhooks;
const struct webhook_door *const webhooks = &events_webhooks;

/* Rooms that know who may what. */
extern bool iam_key(struct txn *t, struct arena *a, str access_key, struct identity_key *key);
extern void iam_identity(struct txn *t, struct arena *a, const struct principal *p, struct identity *identity);
extern bool iam_managed_policy(struct txn *t, struct arena *a, str arn, struct identity_policy *policy);
extern bool iam_role(struct txn *t, struct arena *a, str arn, struct identity_role *role);
extern bool iam_named(struct txn *t, struct arena *a, str account, str arn_or_id, struct identity_named *named);
extern bool iam_inhabited(struct txn *t, struct arena *a, str account);
extern bool iam_oidc_provider(struct txn *t, struct arena *a, str arn, struct identity_oidc_provider *provider);
extern bool iam_saml_provider(struct txn *t, struct arena *a, str arn, struct identity_saml_provider *provider);
extern bool iam_token_issuer(struct txn *t, struct arena *a, str account, str algorithm, struct identity_token_issuer *issuer);
extern bool iam_mfa_check(struct txn *t, struct arena *a, const struct principal *p, str serial, str code);
extern void iam_key_used(struct txn *t, struct arena *a, const struct principal *p, str region, str service, str action, i64 at_ms);
extern void organizations_door(struct txn *t, struct arena *a, str account, struct identity_organization *out);
extern bool organizations_trusts(struct txn *t, struct arena *a, str account, str service);
extern bool organizations_administers(struct txn *t, struct arena *a, str account, str service);
extern u32 organizations_accounts(struct txn *t, struct arena *a, str account, str **accounts);

const struct identity_door identity_door = {
    .key = iam_key,
    .identity = iam_identity,
    .managed_policy = iam_managed_policy,
    .role = iam_role,
    .named = iam_named,
    .inhabited = iam_inhabited,
    .oidc_provider = iam_oidc_provider,
    .saml_provider = iam_saml_provider,
    .token_issuer = iam_token_issuer,
    .mfa_check = iam_mfa_check,
    .key_used = iam_key_used,
    .organization = organizations_door,
    .organization_trusts = organizations_trusts,
    .organization_administers = organizations_administers,
    .organization_accounts = organizations_accounts,
};
