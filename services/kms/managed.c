/* AWS managed keys: alias/aws/s3 and its like. A service's first use makes one, or a DescribeKey by the alias; its
 * policy lets the principals of the account use it by way of that service, and look at it; nobody may change it. */
#include "kms.h"

static const struct {
    const char *service, *sid, *description;
    bool grants; /* the service works by grants, later, without the caller */
} services[] = {
    {"s3", "Allow access through S3 for all principals in the account that are authorized to use S3",
     "Default key that protects my S3 objects when no other key is defined", false},
    {"sqs", "Allow access through Simple Queue Service (SQS) for all principals in the account that are authorized to use SQS",
     "Default key that protects my SQS messages when no other key is defined", false},
    {"sns", "Allow access through SNS for all principals in the account that are authorized to use SNS",
     "Default key that protects my SNS data when no other key is defined", false},
    {"dynamodb", "Allow access through Amazon DynamoDB for all principals in the account that are authorized to use Amazon DynamoDB",
     "Default key that protects my DynamoDB data when no other key is defined", true},
    {"kinesis", "Allow access through Kinesis for all principals in the account that are authorized to use Kinesis",
     "Default key that protects my Kinesis data when no other key is defined", false},
    {"lambda", "Allow access through AWS Lambda for all principals in the account that are authorized to use AWS Lambda",
     "Default key that protects my Lambda functions when no other key is defined", true},
    {"secretsmanager", "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
     "Default key that protects my Secrets Manager data when no other key is defined", false},
    {"ssm", "Allow access through SSM for all principals in the account that are authorized to use SSM",
     "Default key that protects my SSM parameters when no other key is defined", false},
    {"ebs", "Allow access through EBS for all principals in the account that are authorized to use EBS",
     "Default key that protects my EBS volumes when no other key is defined", true},
    {"rds", "Allow access through RDS for all principals in the account that are authorized to use RDS",
     "Default key that protects my RDS database volumes when no other key is defined", true},
};

static str policy_of(struct call *c, str name, const char *sid, bool grants) {
    /* EBS is EC2's by name. */
    str endpoint = str_eq(name, S("ebs")) ? S("ec2") : name;
    return arena_format(c->arena,
                        "{\"Version\":\"2012-10-17\",\"Id\":\"auto-%.*s-2\",\"Statement\":[{\"Sid\":\"%s\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},"
                        "\"Action\":[\"kms:Encrypt\",\"kms:Decrypt\",\"kms:ReEncrypt*\",\"kms:GenerateDataKey*\",%s\"kms:DescribeKey\"],\"Resource\":\"*\","
                        "\"Condition\":{\"StringEquals\":{\"kms:CallerAccount\":\"%.*s\",\"kms:ViaService\":\"%.*s.%.*s.amazonaws.com\"}}},"
                        "{\"Sid\":\"Allow direct access to key metadata to the account\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::%.*s:root\"},"
                        "\"Action\":[\"kms:Describe*\",\"kms:Get*\",\"kms:List*\",\"kms:RevokeGrant\"],\"Resource\":\"*\"}]}",
                        STR_ARGS(name), sid, grants ? "\"kms:CreateGrant\"," : "", STR_ARGS(c->account), STR_ARGS(endpoint), STR_ARGS(c->region),
                        STR_ARGS(c->account));
}

bool kms_managed_foresee(struct call *c, str alias, struct kms_key *k) {
    str prefix = S("alias/aws/"), name = str_skip(alias, prefix.n);
    if (!str_starts(alias, prefix)) return false;
    for (size_t i = 0; i < LENGTH(services); i++) {
        if (!str_eq(name, str_of(services[i].service))) continue;
        *k = (struct kms_key){
            .spec = S("SYMMETRIC_DEFAULT"), .usage = S("ENCRYPT_DECRYPT"), .origin = S("AWS_KMS"), .account = c->account, .region = c->region,
            .description = str_of(services[i].description), .managed_for = name, .id = id_uuid(c->arena), .rotates = true, .rotation_days = 365,
            .next_rotation_ms = c->now_ms + 365ll * DAY_MS,
        };
        k->arn = kms_key_arn(c->arena, k->account, k->region, k->id);
        k->policy = policy_of(c, name, services[i].sid, services[i].grants);
        return true;
    }
    return false;
}

bool kms_managed_open(struct call *c, str alias, struct kms_key *k) {
    str public;
    if (!txn_writable(c->txn) || !kms_managed_foresee(c, alias, k)) return false;
    struct kms_material m = kms_material_new(c, k, &public);
    kms_key_add(c, k, &m);
    kms_rotation_set_timer(c, k);
    kms_alias_put(c, c->account, alias, &(struct kms_alias){.key_id = k->id, .created_ms = c->now_ms, .updated_ms = c->now_ms});
    return true;
}

str kms_managed_alias(struct call *c, u32 i) {
    return i < LENGTH(services) ? arena_format(c->arena, "alias/aws/%s", services[i].service) : (str){0};
}
