/* The tags that the account's tag policy requires, by types of resources. */
#include "tagging.h"

enum { PAGE = 200 }; /* DIFFERS: AWS does not say */

/* As a tag policy calls what brume has, and CloudFormation does. */
static const struct {
    const char *type, *cloud_formation;
} types[] = {
    {"cloudtrail:trail", "AWS::CloudTrail::Trail"},      {"cloudwatch:alarm", "AWS::CloudWatch::Alarm"},
    {"dynamodb:table", "AWS::DynamoDB::Table"},          {"events:event-bus", "AWS::Events::EventBus"},
    {"events:rule", "AWS::Events::Rule"},                {"iam:role", "AWS::IAM::Role"},
    {"iam:user", "AWS::IAM::User"},                      {"kms:key", "AWS::KMS::Key"},
    {"logs:log-group", "AWS::Logs::LogGroup"},           {"pipes:pipe", "AWS::Pipes::Pipe"},
    {"s3:bucket", "AWS::S3::Bucket"},                    {"scheduler:schedule-group", "AWS::Scheduler::ScheduleGroup"},
    {"sns:topic", "AWS::SNS::Topic"},                    {"sqs:queue", "AWS::SQS::Queue"},
};

/* DIFFERS: of a type that brume does not have, no name of CloudFormation's. "s3:ALL_SUPPORTED" has those of its service. */
static bool covers(str type, const char *one) {
    if (!str_ends(type, S(":ALL_SUPPORTED"))) return str_eq_nocase(type, str_of(one));
    return str_starts(str_of(one), str_take(type, str_find_char(type, ':') + 1));
}

static struct resourcegroupstaggingapi_required_tag shown(struct call *c, const struct compliance_required *r) {
    struct resourcegroupstaggingapi_required_tag tag = {.resource_type = r->type, .reporting_tag_keys = {.v = r->keys, .n = r->n, .set = true}};
    struct resourcegroupstaggingapi_cloud_formation_resource_types *names = &tag.cloud_formation_resource_types;
    names->v = NEW_ARRAY(c->arena, str, LENGTH(types));
    names->set = true;
    for (size_t i = 0; i < LENGTH(types); i++)
        if (covers(r->type, types[i].type)) names->v[names->n++] = str_of(types[i].cloud_formation);
    return tag;
}

err resourcegroupstaggingapi_list_required_tags(struct call *c, const struct resourcegroupstaggingapi_list_required_tags_input *in,
                                                struct resourcegroupstaggingapi_list_required_tags_output *out) {
    const struct compliance *policy;
    struct compliance_required *all;
    u64 from = 0;
    str position;
    TRY(tagging_position(c, in->next_token, S(""), &position));
    if (position.p && !str_to_u64(position, &from)) return tagging_invalid(c, "The NextToken is not valid.");
    TRY(compliance_read(c, c->account, CALL_AS_SERVICE, &policy));
    u64 n = compliance_required(c->arena, policy, &all), page = in->max_results.set ? (u64)in->max_results.v : PAGE, end = MIN(n, from + page);
    out->required_tags.v = NEW_ARRAY(c->arena, struct resourcegroupstaggingapi_required_tag, page);
    out->required_tags.set = true;
    for (u64 i = from; i < end; i++) out->required_tags.v[out->required_tags.n++] = shown(c, &all[i]);
    if (end < n) out->next_token = tagging_token(c, S(""), arena_format(c->arena, "%llu", (unsigned long long)end));
    return NULL;
}
